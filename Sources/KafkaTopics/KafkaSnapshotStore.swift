import CRdKafka
import Synchronization
public import Topics

/// Snapshots of a stateful stage, in a topic of their own.
///
/// A snapshot goes to the partition with the number of its camera's input partition, so that whoever takes over an
/// input partition knows where to look. Give the topic `cleanup.policy=compact`: only the newest record of each
/// camera is needed. On brokers without compaction reading back is bounded all the same, because every commit notes
/// the oldest record that is still needed.
public final class KafkaSnapshotStore: SnapshotStore {
    private let cluster: KafkaCluster
    private let topic: String
    private let producer: KafkaProducer
    private let encode: @Sendable (Snapshot) throws -> Record
    private let decode: @Sendable (Record) throws -> Snapshot
    private let newest = Mutex<[Int32: [String: Place]]>([:])

    private struct Place {
        var offset: Int64
        var hasState: Bool
    }

    /// A camera without state this many records back is forgotten: its marks only served to recognise repeats.
    private static let forgetAfter: Int64 = 10_000

    init(
        _ cluster: KafkaCluster, topic: String, encode: @escaping @Sendable (Snapshot) throws -> Record,
        decode: @escaping @Sendable (Record) throws -> Snapshot
    ) throws(KafkaError) {
        self.cluster = cluster
        self.topic = topic
        self.encode = encode
        self.decode = decode
        // A batch of its own for each: some brokers report the end of a partition only to the last batch's start.
        producer = try KafkaProducer(cluster, settings: ["batch.num.messages": "1"])
    }

    public func save(_ snapshots: [Snapshot], partition: Int32) async throws -> String {
        let written = try producer.write(try snapshots.map(encode), to: topic, partition: partition)
        let places = try written.map { try $0.get() }
        return newest.withLock { all in
            var known = all[partition] ?? [:]
            for (snapshot, offset) in zip(snapshots, places) {
                known[snapshot.key] = Place(offset: offset, hasState: snapshot.state != nil)
            }
            let last = known.values.map(\.offset).max() ?? 0
            known = known.filter { $0.value.hasState || last - $0.value.offset <= Self.forgetAfter }
            all[partition] = known
            return known.values.map(\.offset).min().map { "from=\($0)" } ?? ""
        }
    }

    public func newest(partition: Int32, note: String) async throws -> [Snapshot] {
        let client = try KafkaClient(
            .reader(group: "\(topic).restore"), cluster, settings: ["enable.partition.eof": "true"])
        let count = try client.partitionCount(of: topic)
        guard partition < count else {
            throw KafkaError.partitionsDiffer(topic: topic, found: count, needed: Int(partition) + 1)
        }
        var low: Int64 = 0
        var high: Int64 = 0
        try await client.patiently { () throws(KafkaFailure) in
            try KafkaFailure.check(
                rd_kafka_query_watermark_offsets(client.handle, topic, partition, &low, &high, 2000))
        } giveUp: {
            .readFailed(topic: topic, detail: $0)
        }
        let from = max(low, Int64(note.dropFirst("from=".count)) ?? low)
        let found = try read(client, partition, from: from, to: high)
        newest.withLock { all in
            all[partition] = found.mapValues { Place(offset: $0.offset, hasState: $0.snapshot.state != nil) }
        }
        return found.values.map(\.snapshot).sorted { $0.key < $1.key }
    }

    /// Reads to the end, at least up to `high`; keeps the highest input offset of each key.
    private func read(
        _ client: KafkaClient, _ partition: Int32, from: Int64, to high: Int64
    ) throws -> [String: (snapshot: Snapshot, offset: Int64)] {
        let list = rd_kafka_topic_partition_list_new(1)!
        defer { rd_kafka_topic_partition_list_destroy(list) }
        rd_kafka_topic_partition_list_add(list, topic, partition)!.pointee.offset = from
        rd_kafka_assign(client.handle, list)
        defer { rd_kafka_assign(client.handle, nil) }

        var found: [String: (snapshot: Snapshot, offset: Int64)] = [:]
        var next = from
        var lastProgress = ContinuousClock.now
        while true {
            let message = rd_kafka_consumer_poll(client.handle, 100)
            defer { message.map(rd_kafka_message_destroy) }
            if let message, message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                next = message.pointee.offset + 1
                lastProgress = .now
                let snapshot = try decode(Record(message))
                if found[snapshot.key].map({ $0.snapshot.inputOffset <= snapshot.inputOffset }) ?? true {
                    found[snapshot.key] = (snapshot, message.pointee.offset)
                }
            } else if let message, message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF, next >= high {
                return found
            }
            if let error = client.events.outage(cluster) { throw error }
            guard lastProgress.duration(to: .now) < cluster.options.patience else {
                throw KafkaError.stateUnread(
                    topic: topic, partition: partition, seconds: Int(cluster.options.patience.components.seconds))
            }
            try Task.checkCancellation()
        }
    }
}
