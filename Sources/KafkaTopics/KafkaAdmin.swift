import CRdKafka
public import Topics

/// A topic as it should be.
public struct TopicPlan: Hashable, Sendable {
    public var name: String
    public var partitions: Int
    public var replicas: Int
    /// For example `retention.ms` or `cleanup.policy`.
    public var settings: [String: String]

    public init(_ name: String, partitions: Int, replicas: Int = 1, settings: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replicas = replicas
        self.settings = settings
    }

    /// Every topic of a pipeline, with its rejected and state topics.
    ///
    /// - Parameters:
    ///   - partitions: The same for all, so that a camera has the same partition everywhere; as many as there may
    ///     ever be copies of a stage.
    ///   - frameRetention: How long whole frames, which show faces, are kept.
    ///   - retention: How long the other records are kept; nil for as long as the broker does.
    public static func pipeline(
        _ name: String, partitions: Int, replicas: Int = 1, frameRetention: Duration = .seconds(600),
        retention: Duration? = nil
    ) -> [TopicPlan] {
        let large = ["max.message.bytes": "5242880"]
        let frames = large.merging(
            ["retention.ms": "\(frameRetention.wholeMilliseconds)", "segment.ms": "60000"]) { $1 }
        let stream = large.merging(retention.map { Self.retention($0) } ?? [:]) { $1 }
        let streams = [("frames", frames), ("vehicles", stream), ("reads", stream), ("passages", stream)]
        var plans: [TopicPlan] = []
        for (topic, settings) in streams {
            plans.append(TopicPlan("\(name).\(topic)", partitions: partitions, replicas: replicas, settings: settings))
            // Rejected frames are frames: the same retention applies to them.
            plans.append(
                TopicPlan("\(name).\(topic).rejected", partitions: partitions, replicas: replicas, settings: settings))
        }
        let state = large.merging(["cleanup.policy": "compact"]) { $1 }
        plans.append(
            TopicPlan("\(name).track-state", partitions: partitions, replicas: replicas, settings: state))
        return plans
    }
}

extension KafkaCluster {
    /// Creates the topics that don't exist yet.
    ///
    /// - Returns: The names of those created.
    /// - Throws: ``KafkaError/partitionsDiffer(topic:found:needed:)`` for one that exists with another number of
    ///   partitions; none is changed or deleted.
    @discardableResult
    public func create(_ topics: [TopicPlan]) async throws -> [String] {
        let cluster = self
        return try await ThreadExecutor.run(name: "kafka-topics") {
            let client = try KafkaClient(.reader(group: "gantry.topics"), cluster)
            try client.waitUntilReachable()
            var created: [String] = []
            for plan in topics {
                if try client.create(plan) {
                    created.append(plan.name)
                    continue
                }
                let found = try client.partitionCount(of: plan.name)
                guard found == plan.partitions else {
                    throw KafkaError.partitionsDiffer(topic: plan.name, found: found, needed: plan.partitions)
                }
            }
            return created
        }
    }

    /// How many partitions a topic has.
    public func partitionCount(of topic: String) async throws -> Int {
        let cluster = self
        return try await ThreadExecutor.run(name: "kafka-topics") {
            try KafkaClient(.reader(group: "gantry.topics"), cluster).partitionCount(of: topic)
        }
    }

    /// Records of a topic that a group has not committed yet, by partition.
    public func lag(of group: String, on topic: String) async throws -> [Partition: Int64] {
        let cluster = self
        return try await ThreadExecutor.run(name: "kafka-lag") {
            let client = try KafkaClient(.reader(group: group), cluster)
            let count = try client.partitionCount(of: topic)
            let list = rd_kafka_topic_partition_list_new(Int32(count))!
            defer { rd_kafka_topic_partition_list_destroy(list) }
            for number in 0..<count { rd_kafka_topic_partition_list_add(list, topic, Int32(number)) }
            let timeout = Int32(clamping: cluster.options.patience.wholeMilliseconds)
            if let failure = KafkaFailure(rd_kafka_committed(client.handle, list, timeout)) {
                throw KafkaError.readFailed(topic: topic, detail: failure.description)
            }
            var lag: [Partition: Int64] = [:]
            for index in 0..<count {
                let entry = list.pointee.elems[index]
                var low: Int64 = 0
                var high: Int64 = 0
                let code = rd_kafka_query_watermark_offsets(
                    client.handle, topic, entry.partition, &low, &high, timeout)
                if let failure = KafkaFailure(code) {
                    throw KafkaError.readFailed(topic: topic, detail: failure.description)
                }
                lag[Partition(topic: topic, number: entry.partition)] = max(0, high - max(low, entry.offset))
            }
            return lag
        }
    }
}

extension KafkaClient {
    /// - Returns: False when the topic exists already.
    func create(_ plan: TopicPlan) throws(KafkaError) -> Bool {
        var text = [CChar](repeating: 0, count: 512)
        guard
            let topic = rd_kafka_NewTopic_new(
                plan.name, Int32(plan.partitions), Int32(plan.replicas), &text, text.count)
        else { throw .adminFailed("creating \(plan.name)", detail: String(nullTerminated: text)) }
        defer { rd_kafka_NewTopic_destroy(topic) }
        for (name, value) in plan.settings { rd_kafka_NewTopic_set_config(topic, name, value) }

        let queue = rd_kafka_queue_new(handle)
        defer { rd_kafka_queue_destroy(queue) }
        var topics: [OpaquePointer?] = [topic]
        rd_kafka_CreateTopics(handle, &topics, 1, nil, queue)
        guard let event = rd_kafka_queue_poll(queue, Int32(clamping: cluster.options.patience.wholeMilliseconds)) else {
            throw unreachable("no answer to the creation of \(plan.name)")
        }
        defer { rd_kafka_event_destroy(event) }
        if let failure = KafkaFailure(rd_kafka_event_error(event)) {
            throw .adminFailed("creating \(plan.name)", detail: failure.description)
        }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        guard count == 1, let result = results?[0] else {
            throw .adminFailed("creating \(plan.name)", detail: "the broker answered nothing")
        }
        let code = rd_kafka_topic_result_error(result)
        if code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { return false }
        if let failure = KafkaFailure(code) {
            let said = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
            throw .adminFailed("creating \(plan.name)", detail: said ?? failure.description)
        }
        return true
    }

    func partitionCount(of topic: String) throws(KafkaError) -> Int {
        guard let reference = rd_kafka_topic_new(handle, topic, nil) else {
            throw .badSetting(name: "topic", detail: topic)
        }
        defer { rd_kafka_topic_destroy(reference) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let timeout = Int32(clamping: cluster.options.patience.wholeMilliseconds)
        if let failure = KafkaFailure(rd_kafka_metadata(handle, 0, reference, &metadata, timeout)) {
            throw unreachable(failure.description)
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard let found = metadata?.pointee, found.topic_cnt == 1, found.topics[0].partition_cnt > 0 else {
            throw .noSuchTopic(topic)
        }
        return Int(found.topics[0].partition_cnt)
    }
}
