import Synchronization
public import Topics

/// What the broker knows of one consumer.
struct MemoryMember {
    enum Phase: Equatable {
        /// It reads what it has.
        case owning
        /// It was told to give everything back, and does so with its next call.
        case revoking
        /// It has nothing and waits for its share.
        case waiting
    }
    var number: Int
    var phase = Phase.waiting
    /// The generation its partitions are of.
    var generation = 0
    var owned: [Int32] = []
    /// The next offset to deliver of each owned partition.
    var next: [Int32: Int] = [:]
    var stopped = false
}

/// The reading end of a topic in a ``MemoryBroker``: one member of a consumer group.
public final class MemoryBrokerInlet<Element: Sendable>: Inlet {
    private let broker: MemoryBroker
    private let topic: String
    private let group: String
    private let number: Int
    private let endsWhenRead: Bool
    private let decode: @Sendable (Record) throws -> Element

    init(
        _ broker: MemoryBroker, topic: String, group: String, endsWhenRead: Bool,
        decode: @escaping @Sendable (Record) throws -> Element
    ) {
        self.broker = broker
        self.topic = topic
        self.group = "\(group) \(topic)"
        self.endsWhenRead = endsWhenRead
        self.decode = decode
        let name = self.group
        number = broker.change { state in
            var group = state.groups[name] ?? MemoryBroker.Group()
            let number = (group.members.map(\.number).max() ?? 0) + 1
            group.members.append(MemoryMember(number: number))
            group.generation += 1
            state.groups[name] = group
            return number
        }
    }

    public func next(limit: Int) async -> InletEvent<Element> {
        let found = await broker.wait { state in self.look(&state, limit: limit) }
        switch found {
        case .records(let records): return .batch(records.map(delivery))
        case .assigned(let assignments): return .assigned(assignments)
        case .revoked(let partitions): return .revoked(partitions)
        case .end: return .end
        }
    }

    private enum Found: Sendable {
        case records([(Position, Record)])
        case assigned([Assignment])
        case revoked([Partition])
        case end
    }

    /// What to say next, if there is something, and whether the look changed what others wait for.
    private func look(_ state: inout MemoryBroker.State, limit: Int) -> (Found?, changed: Bool) {
        guard var group = state.groups[self.group],
            let index = group.members.firstIndex(where: { $0.number == number })
        else { return (.end, false) }
        defer { state.groups[self.group] = group }
        let gaveBack = group.members[index].phase == .revoking
        if gaveBack {
            group.members[index].phase = .waiting
            group.members[index].owned = []
        }
        if group.members[index].stopped { return (.end, gaveBack) }
        if group.members[index].phase == .owning, group.members[index].generation != group.generation {
            group.members[index].phase = .revoking
            return (.revoked(group.members[index].owned.map { Partition(topic: topic, number: $0) }), true)
        }
        if group.members[index].phase == .waiting {
            let assigned = assign(to: index, of: &group)
            return (assigned, gaveBack || assigned != nil)
        }
        return (read(for: index, of: &group, topics: state.topics, limit: limit), false)
    }

    /// A share of the partitions, once nobody holds any of an older generation.
    private func assign(to index: Int, of group: inout MemoryBroker.Group) -> Found? {
        let generation = group.generation
        guard group.members.allSatisfy({ $0.phase == .waiting || $0.generation == generation }) else { return nil }
        let count = group.members.count
        let share = (0..<Int32(broker.partitions)).filter { Int($0) % count == index }
        group.members[index].phase = .owning
        group.members[index].generation = generation
        group.members[index].owned = share
        group.members[index].next = [:]
        let assignments = share.map { number in
            group.committed[number]
                ?? Assignment(partition: Partition(topic: topic, number: number), start: nil)
        }
        for assignment in assignments {
            group.members[index].next[assignment.partition.number] = Int(assignment.start ?? 0)
        }
        return .assigned(assignments)
    }

    /// Records of the first owned partition that has some, so that a batch is in order.
    private func read(
        for index: Int, of group: inout MemoryBroker.Group, topics: [String: [[Record]]], limit: Int
    ) -> Found? {
        let all = topics[topic] ?? []
        var records: [(Position, Record)] = []
        for number in group.members[index].owned where records.count < limit && Int(number) < all.count {
            let partition = all[Int(number)]
            let from = group.members[index].next[number] ?? 0
            let until = min(partition.count, from + limit - records.count)
            guard from < until else { continue }
            for offset in from..<until {
                let position = Position(
                    partition: Partition(topic: topic, number: number), offset: Int64(offset))
                records.append((position, partition[offset]))
            }
            group.members[index].next[number] = until
        }
        if !records.isEmpty { return .records(records) }
        return endsWhenRead ? .end : nil
    }

    private func delivery(_ position: Position, _ record: Record) -> Delivery<Element> {
        let content: Delivery<Element>.Content
        do { content = .value(try decode(record)) } catch {
            let coded = error as? any CodedError
            content = .undecodable(code: coded?.code ?? "TST102", reason: coded?.reason ?? "\(error)")
        }
        return Delivery(content: content, position: position, record: record)
    }

    public func commit(_ positions: [Assignment]) {
        broker.change { state in
            guard var group = state.groups[self.group],
                let member = group.members.first(where: { $0.number == number })
            else { return }
            for position in positions where member.owned.contains(position.partition.number) {
                group.committed[position.partition.number] = position
            }
            state.groups[self.group] = group
        }
    }

    public var lag: Int? {
        broker.state.withLock { state in
            guard let member = state.groups[group]?.members.first(where: { $0.number == number }),
                let all = state.topics[topic]
            else { return 0 }
            return member.owned.reduce(0) { $0 + all[Int($1)].count - (member.next[$1] ?? 0) }
        }
    }

    public func stop() {
        broker.change { state in
            guard let index = state.groups[group]?.members.firstIndex(where: { $0.number == number }) else { return }
            state.groups[group]?.members[index].stopped = true
        }
    }

    /// Leaves the group; what is not committed goes to another member. A killed process leaves as well, later.
    public func close() {
        broker.change { state in
            state.groups[group]?.members.removeAll { $0.number == number }
            state.groups[group]?.generation += 1
        }
    }
}
