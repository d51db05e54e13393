import CRdKafka
import Synchronization
public import Topics

/// Reads whole topics from their oldest records, outside every consumer group: nobody else notices, and nothing is
/// committed. Used by one task at a time; its calls block their thread for a moment.
public final class KafkaTopicReader: Sendable {
    private let client: KafkaClient
    /// The partitions that are read.
    public let partitions: [Partition]

    private let state: Mutex<State>

    private struct State {
        /// What each partition held when reading began and was not given yet ends here. Some brokers name the start
        /// of the last batch instead of its end.
        var ends: [Partition: Int64]
        /// Partitions whose end the broker has reported.
        var unfinished: Set<Partition>
    }

    /// - Throws: ``KafkaError/unreachable(brokers:seconds:detail:)`` or ``KafkaError/noSuchTopic(_:)``.
    public init(_ cluster: KafkaCluster, topics: [String]) async throws {
        client = try KafkaClient(
            .reader(group: "gantry.record"), cluster, settings: ["enable.partition.eof": "true"])
        try client.waitUntilReachable()
        var partitions: [Partition] = []
        for topic in topics {
            for number in 0..<(try client.partitionCount(of: topic)) {
                partitions.append(Partition(topic: topic, number: Int32(number)))
            }
        }
        var ends: [Partition: Int64] = [:]
        for partition in partitions {
            var low: Int64 = 0
            var high: Int64 = 0
            let handle = client.handle
            try await client.patiently { () throws(KafkaFailure) in
                try KafkaFailure.check(
                    rd_kafka_query_watermark_offsets(handle, partition.topic, partition.number, &low, &high, 2000))
            } giveUp: {
                .readFailed(topic: partition.topic, detail: $0)
            }
            // What retention has taken is not waited for.
            ends[partition] = high > low ? high : 0
        }
        self.partitions = partitions
        state = Mutex(State(ends: ends.filter { $0.value > 0 }, unfinished: Set(partitions)))
        let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))!
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in partitions {
            let entry = rd_kafka_topic_partition_list_add(list, partition.topic, partition.number)!
            entry.pointee.offset = Int64(RD_KAFKA_OFFSET_BEGINNING)
        }
        if let failure = KafkaFailure(rd_kafka_assign(client.handle, list)) {
            throw KafkaError.readFailed(topic: topics.joined(separator: ", "), detail: failure.description)
        }
    }

    deinit {
        rd_kafka_assign(client.handle, nil)
        client.events.closing()
        rd_kafka_consumer_close(client.handle)
    }

    /// Whether everything was given that the topics held when reading began, and the brokers say so.
    public var isAtEnd: Bool { state.withLock { $0.unfinished.isEmpty } }

    /// Whether everything was given as far as the offsets tell; a broker that names the start of its last batch for the
    /// end may have the rest of that batch to give. Wait for a moment of silence.
    public var isNearEnd: Bool { state.withLock { $0.ends.isEmpty } }

    /// The next record, or nil when none came for 100 ms.
    ///
    /// - Throws: When the brokers stayed silent for longer than the cluster's patience, or refuse the topic.
    public func next() throws -> (topic: String, record: Record)? {
        guard let message = rd_kafka_consumer_poll(client.handle, 100) else {
            if client.events.isDown, !client.answers(within: .milliseconds(200)) {
                if let error = client.events.outage(client.cluster) { throw error }
            }
            return nil
        }
        defer { rd_kafka_message_destroy(message) }
        let body = message.pointee
        let topic = body.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
        let partition = Partition(topic: topic, number: body.partition)
        switch body.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            if client.events.isDown { client.events.reached() }
            state.withLock { state in
                if let end = state.ends[partition], body.offset + 1 >= end { state.ends[partition] = nil }
            }
            return (topic, Record(message))
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            state.withLock { state in
                if body.offset < state.ends[partition] ?? 0 { return }
                state.ends[partition] = nil
                state.unfinished.remove(partition)
            }
            return nil
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            throw KafkaError.readFailed(topic: topic, detail: KafkaFailure(body.err)?.description ?? "")
        default:
            if let error = client.events.outage(client.cluster) { throw error }
            return nil
        }
    }
}
