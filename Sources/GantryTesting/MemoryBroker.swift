import Synchronization
public import Topics

/// A broker in memory: topics with partitions, consumer groups that share them, commits, snapshots. For tests.
///
/// It keeps the promises that Gantry needs of Kafka and no others: records of one key keep their order, a commit
/// outlives its consumer, a partition has one owner in a group, and at a rebalance every member gives back what it
/// holds before anyone gets something new. Time plays no part in it, so tests on it are as quick as their work.
/// Everything stays in memory until the broker goes.
public final class MemoryBroker: Sendable {
    struct Group {
        var members: [MemoryMember] = []
        var committed: [Int32: Assignment] = [:]
        /// Counts rebalances.
        var generation = 0
    }

    struct State {
        var topics: [String: [[Record]]] = [:]
        /// By group and topic.
        var groups: [String: Group] = [:]
        var snapshots: [String: [Int32: [Record]]] = [:]
        /// Counts changes, so that none is slept through.
        var changes = 0
        var waiting: [CheckedContinuation<Void, Never>] = []

        mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
            changes += 1
            defer { waiting = [] }
            return waiting
        }
    }

    public let partitions: Int
    let state = Mutex(State())

    /// - Parameter partitions: Of every topic; positive.
    public init(partitions: Int = 4) {
        precondition(partitions > 0, "a topic has at least one partition")
        self.partitions = partitions
    }

    /// Appends records to a topic, which comes into being with its first one.
    public func append(_ records: [Record], to topic: String) {
        change { state in
            var all = state.topics[topic] ?? Array(repeating: [], count: partitions)
            for record in records { all[partition(of: record.key)].append(record) }
            state.topics[topic] = all
        }
    }

    /// Everything on a topic, partition after partition, each in order.
    public func records(of topic: String) -> [Record] {
        state.withLock { $0.topics[topic]?.flatMap { $0 } ?? [] }
    }

    /// What a group has committed on a topic: the next offset to read of each partition.
    public func committed(group: String, topic: String) -> [Int32: Int64] {
        state.withLock { $0.groups["\(group) \(topic)"]?.committed.compactMapValues(\.start) ?? [:] }
    }

    /// The reading end of a topic as a member of a group.
    ///
    /// - Parameters:
    ///   - endsWhenRead: Report ``InletEvent/end`` once everything there was is read, in place of waiting for more.
    ///   - decode: What throws becomes an undecodable delivery; a ``CodedError`` keeps its code.
    public func inlet<Element: Sendable>(
        topic: String, group: String, endsWhenRead: Bool = true,
        decode: @escaping @Sendable (Record) throws -> Element
    ) -> MemoryBrokerInlet<Element> {
        MemoryBrokerInlet(self, topic: topic, group: group, endsWhenRead: endsWhenRead, decode: decode)
    }

    /// The writing end of a topic.
    public func outlet<Element: Sendable>(
        topic: String, encode: @escaping @Sendable (Element) throws -> Record
    ) -> MemoryBrokerOutlet<Element> {
        MemoryBrokerOutlet(broker: self, topic: topic, encode: encode)
    }

    /// The snapshots of a stateful stage.
    public func snapshots(
        topic: String, encode: @escaping @Sendable (Snapshot) throws -> Record,
        decode: @escaping @Sendable (Record) throws -> Snapshot
    ) -> MemorySnapshots {
        MemorySnapshots(broker: self, topic: topic, encode: encode, decode: decode)
    }

    /// By FNV-1a over the key's bytes; records without a key go to partition 0.
    private func partition(of key: String?) -> Int {
        guard let key else { return 0 }
        let hash = key.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Int(hash % UInt64(partitions))
    }

    /// Changes the state and wakes everyone who waits for a change.
    func change<Result>(_ body: (inout State) -> Result) -> Result {
        let (result, woken) = state.withLock { state in
            let result = body(&state)
            return (result, state.takeWaiting())
        }
        for continuation in woken { continuation.resume() }
        return result
    }

    /// Asks until there is an answer, each time something has changed.
    ///
    /// - Parameter answer: Says also whether it changed something. A look that changes nothing must wake nobody: two
    ///   waiters would keep waking each other.
    func wait<Answer: Sendable>(for answer: @Sendable (inout State) -> (Answer?, changed: Bool)) async -> Answer {
        while true {
            let (found, seen, woken) = state.withLock { state in
                let (found, changed) = answer(&state)
                let woken = changed ? state.takeWaiting() : []
                return (found, state.changes, woken)
            }
            for continuation in woken { continuation.resume() }
            if let found { return found }
            await withCheckedContinuation { continuation in
                let isPast = state.withLock { state in
                    if state.changes != seen { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isPast { continuation.resume() }
            }
        }
    }
}

/// The writing end of a topic in a ``MemoryBroker``.
public struct MemoryBrokerOutlet<Element: Sendable>: Outlet {
    let broker: MemoryBroker
    let topic: String
    let encode: @Sendable (Element) throws -> Record

    public func send(_ elements: [Element]) -> [Refusal] {
        var refusals: [Refusal] = []
        var records: [Record] = []
        for (index, element) in elements.enumerated() {
            do { records.append(try encode(element)) } catch {
                let coded = error as? any CodedError
                refusals.append(
                    Refusal(index: index, code: coded?.code ?? "TST101", reason: coded?.reason ?? "\(error)"))
            }
        }
        broker.append(records, to: topic)
        return refusals
    }
    public func finish() {}
}

/// Snapshots in a ``MemoryBroker``: encoded and decoded, as over a topic.
public struct MemorySnapshots: SnapshotStore {
    let broker: MemoryBroker
    let topic: String
    let encode: @Sendable (Snapshot) throws -> Record
    let decode: @Sendable (Record) throws -> Snapshot

    public func newest(partition: Int32, note: String) throws -> [Snapshot] {
        let records = broker.state.withLock { $0.snapshots[topic]?[partition] ?? [] }
        var newest: [String: Snapshot] = [:]
        for snapshot in try records.map(decode)
        where newest[snapshot.key].map({ snapshot.inputOffset >= $0.inputOffset }) ?? true {
            newest[snapshot.key] = snapshot
        }
        return newest.values.sorted { $0.key < $1.key }
    }

    public func save(_ snapshots: [Snapshot], partition: Int32) throws -> String {
        let records = try snapshots.map(encode)
        broker.change { $0.snapshots[topic, default: [:]][partition, default: []] += records }
        return ""
    }
}
