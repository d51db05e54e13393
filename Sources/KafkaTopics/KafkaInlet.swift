import CRdKafka
import Glibc
import Logging
import Synchronization
public import Topics

/// The reading end of a Kafka topic, as a member of a consumer group.
///
/// Assignments are eager: at every change the loop gives all partitions back, having committed, and takes up its new
/// ones. Calls block their thread for a moment, so make them from a runner's loop.
public final class KafkaInlet<Element: Sendable>: Inlet {
    private let client: KafkaClient
    private let topic: String
    private let group: String
    private let decode: @Sendable (Record) throws -> Element
    private let startingOffsets: (@Sendable ([Partition]) async throws -> [Partition: Int64])?
    private let stopping = Atomic<Bool>(false)
    private let state = Mutex(State())

    private struct State {
        /// Whether the library still waits for the last revocation to be carried out.
        var owesRelease = false
        var isClosed = false
        /// The next offset of each partition held.
        var positions: [Partition: Int64] = [:]
        /// A message taken from the library when the batch was full or an event came first.
        var missingSince: ContinuousClock.Instant?
    }

    init(
        _ cluster: KafkaCluster, topic: String, group: String, decode: @escaping @Sendable (Record) throws -> Element,
        startingOffsets: (@Sendable ([Partition]) async throws -> [Partition: Int64])?
    ) throws(KafkaError) {
        client = try KafkaClient(.reader(group: group), cluster)
        self.topic = topic
        self.group = group
        self.decode = decode
        self.startingOffsets = startingOffsets
        let list = rd_kafka_topic_partition_list_new(1)!
        defer { rd_kafka_topic_partition_list_destroy(list) }
        rd_kafka_topic_partition_list_add(list, topic, -1)
        if let failure = KafkaFailure(rd_kafka_subscribe(client.handle, list)) {
            throw .readFailed(topic: topic, detail: failure.description)
        }
    }

    deinit { leave() }

    public func next(limit: Int) async throws -> InletEvent<Element> {
        if state.withLock({ $0.owesRelease }) {
            rd_kafka_assign(client.handle, nil)
            state.withLock { $0.owesRelease = false }
        }
        if stopping.load(ordering: .relaxed) { return .end }
        if let rebalance = client.events.nextRebalance(), let event = try await carryOut(rebalance) { return event }

        var batch: [Delivery<Element>] = []
        var bytes = 0
        while batch.count < limit, bytes < 32_000_000, !client.events.hasRebalance {
            guard let message = rd_kafka_consumer_poll(client.handle, batch.isEmpty ? 100 : 0) else { break }
            defer { rd_kafka_message_destroy(message) }
            if let failure = KafkaFailure(message.pointee.err) {
                try judge(failure)
                continue
            }
            state.withLock { $0.missingSince = nil }
            bytes += message.pointee.len
            batch.append(delivery(message))
        }
        if !batch.isEmpty {
            if client.events.isDown { client.events.reached() }
            return .batch(batch)
        }
        if client.events.isDown, !client.answers(within: .milliseconds(200)) {
            if let error = client.events.outage(client.cluster) { throw error }
        }
        if let error = client.events.outage(client.cluster) { throw error }
        return .idle
    }

    public func commit(_ positions: [Assignment]) async throws {
        guard !positions.isEmpty else { return }
        let list = rd_kafka_topic_partition_list_new(Int32(positions.count))!
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for position in positions {
            guard let next = position.start else { continue }
            let entry = rd_kafka_topic_partition_list_add(list, position.partition.topic, position.partition.number)!
            entry.pointee.offset = next
            if !position.note.isEmpty {
                // The list frees it.
                entry.pointee.metadata = UnsafeMutableRawPointer(strdup(position.note))
                entry.pointee.metadata_size = position.note.utf8.count
            }
        }
        let handle = client.handle
        try await client.patiently { () throws(KafkaFailure) in
            guard let failure = KafkaFailure(rd_kafka_commit(handle, list, 0)) else { return }
            guard failure.isEviction else { throw failure }
            client.cluster.logger.notice(
                "a commit came too late; its work will be done again", metadata: ["group": "\(group)"])
        } giveUp: {
            .notCommitted(group: group, detail: $0)
        }
    }

    public var lag: Int? {
        let positions = state.withLock { $0.isClosed ? [:] : $0.positions }
        var lag: Int64 = 0
        for (partition, next) in positions {
            var low: Int64 = 0
            var high: Int64 = 0
            guard
                rd_kafka_get_watermark_offsets(client.handle, partition.topic, partition.number, &low, &high)
                    == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0
            else { continue }
            lag += max(0, high - max(next, low))
        }
        return Int(lag)
    }

    public func stop() { stopping.store(true, ordering: .relaxed) }

    public func close() async { leave() }

    /// Ends without leaving the group, as a killed process does.
    func abandon() {
        state.withLock { $0.isClosed = true }
        client.abandon()
    }

    private func leave() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        client.events.closing()
        rd_kafka_assign(client.handle, nil)
        rd_kafka_consumer_close(client.handle)
    }

    private func delivery(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> Delivery<Element> {
        let record = Record(message)
        let partition = Partition(topic: topic, number: message.pointee.partition)
        state.withLock { $0.positions[partition] = message.pointee.offset + 1 }
        let content: Delivery<Element>.Content
        do { content = .value(try decode(record)) } catch {
            let coded = error as? any CodedError
            content = .undecodable(code: coded?.code ?? "KAF118", reason: coded?.reason ?? "\(error)")
        }
        return Delivery(
            content: content, position: Position(partition: partition, offset: message.pointee.offset), record: record)
    }

    /// Throws for what won't pass.
    private func judge(_ failure: KafkaFailure) throws {
        if let error = client.events.outage(client.cluster) { throw error }
        switch failure.code {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: return
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
            // A topic may be made a moment after its readers start.
            let since = state.withLock { state in
                state.missingSince = state.missingSince ?? .now
                return state.missingSince!
            }
            if since.duration(to: .now) > client.cluster.options.patience { throw KafkaError.noSuchTopic(topic) }
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            throw KafkaError.readFailed(topic: topic, detail: failure.description)
        default: client.cluster.logger.debug("reading: \(failure)", metadata: ["topic": "\(topic)"])
        }
    }

    private func carryOut(_ rebalance: KafkaEvents.Rebalance) async throws -> InletEvent<Element>? {
        switch rebalance.kind {
        case .assign:
            let assignments = try await assignments(rebalance.partitions)
            let list = rd_kafka_topic_partition_list_new(Int32(assignments.count))!
            defer { rd_kafka_topic_partition_list_destroy(list) }
            for assignment in assignments {
                let entry = rd_kafka_topic_partition_list_add(
                    list, assignment.partition.topic, assignment.partition.number)!
                entry.pointee.offset = assignment.start ?? Int64(RD_KAFKA_OFFSET_BEGINNING)
            }
            rd_kafka_assign(client.handle, list)
            state.withLock { state in
                state.positions = [:]
                for assignment in assignments { state.positions[assignment.partition] = assignment.start ?? 0 }
            }
            return assignments.isEmpty ? nil : .assigned(assignments)
        case .revoke, .lost:
            state.withLock { state in
                state.owesRelease = true
                state.positions = [:]
            }
            if rebalance.partitions.isEmpty { return nil }
            return rebalance.kind == .lost ? .lost(rebalance.partitions) : .revoked(rebalance.partitions)
        case .failed:
            rd_kafka_assign(client.handle, nil)
            return nil
        }
    }

    /// Where each partition goes on: the sink's own offsets, else the group's commits with their notes.
    private func assignments(_ partitions: [Partition]) async throws -> [Assignment] {
        let own = try await startingOffsets?(partitions) ?? [:]
        let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))!
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in partitions { rd_kafka_topic_partition_list_add(list, partition.topic, partition.number) }
        let handle = client.handle
        try await client.patiently { () throws(KafkaFailure) in
            try KafkaFailure.check(rd_kafka_committed(handle, list, 2000))
        } giveUp: {
            .readFailed(topic: topic, detail: "the committed offsets can't be had: \($0)")
        }
        return (0..<Int(list.pointee.cnt)).map { index in
            let entry = list.pointee.elems[index]
            let partition = Partition(topic: String(cString: entry.topic), number: entry.partition)
            let note = entry.metadata.map {
                String(decoding: UnsafeRawBufferPointer(start: $0, count: entry.metadata_size), as: UTF8.self)
            }
            return Assignment(
                partition: partition, start: own[partition] ?? (entry.offset >= 0 ? entry.offset : nil),
                note: note ?? "")
        }
    }
}

extension Record {
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        let body = message.pointee
        let key = body.key.map {
            String(decoding: UnsafeRawBufferPointer(start: $0, count: body.key_len), as: UTF8.self)
        }
        var headers: [Header] = []
        var list: OpaquePointer?
        if rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR {
            var index = 0
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR,
                let found = name
            {
                headers.append(
                    Header(String(cString: found), Array(UnsafeRawBufferPointer(start: value, count: size))))
                index += 1
            }
        }
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(message, &kind)
        self.init(
            key: key, value: Array(UnsafeRawBufferPointer(start: body.payload, count: body.len)), headers: headers,
            timestamp: max(0, milliseconds) * 1_000_000)
    }
}
