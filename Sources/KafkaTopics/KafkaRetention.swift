import CRdKafka
import Glibc
import Topics

extension KafkaCluster {
    /// How long a topic keeps records: `retention.ms`, in milliseconds; -1 for ever.
    ///
    /// - Throws: ``KafkaError/adminFailed(_:detail:)`` when the broker does not say.
    public func retention(of topic: String) async throws -> Int64 {
        let cluster = self
        return try await ThreadExecutor.run(name: "kafka-topics") {
            let client = try KafkaClient(.reader(group: "gantry.topics"), cluster)
            guard let text = try client.settings(of: topic)["retention.ms"]?.value, let found = Int64(text) else {
                throw KafkaError.adminFailed("reading the settings of \(topic)", detail: "there is no retention.ms")
            }
            return found
        }
    }

    /// Sets how long a topic keeps records. Its other settings stay as they are.
    ///
    /// A broker deletes whole segments that it no longer writes, so a segment lasts for a quarter of that time, and for a
    /// minute at least: the oldest record is gone after five quarters and the broker's own check (five minutes).
    ///
    /// - Returns: False when it was so already.
    public func setRetention(of topic: String, to limit: Duration) async throws -> Bool {
        let cluster = self
        let wanted = TopicPlan.retention(limit)
        return try await ThreadExecutor.run(name: "kafka-topics") {
            let client = try KafkaClient(.reader(group: "gantry.topics"), cluster)
            let found = try client.settings(of: topic)
            if wanted.allSatisfy({ found[$0.key]?.value == $0.value }) { return false }
            if let incremental = IncrementalAlterConfigs.here {
                try client.alter(topic, settings: wanted, incremental)
            } else {
                // This request replaces all settings that a topic has of its own.
                let own = found.filter { $0.value.isOwn }.mapValues(\.value)
                try client.alter(topic, settings: own.merging(wanted) { $1 })
            }
            return true
        }
    }
}

extension TopicPlan {
    /// Settings that keep records for so long.
    static func retention(_ limit: Duration) -> [String: String] {
        [
            "retention.ms": "\(limit.wholeMilliseconds)",
            "segment.ms": "\(max(60_000, limit.wholeMilliseconds / 4))",
        ]
    }
}

extension KafkaClient {
    /// - Returns: By name; `isOwn` for what was set on the topic itself.
    func settings(of topic: String) throws(KafkaError) -> [String: (value: String, isOwn: Bool)] {
        let what = "reading the settings of \(topic)"
        let event = try request(topic, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, [:], what) { resource, options, queue in
            var resources: [OpaquePointer?] = [resource]
            rd_kafka_DescribeConfigs(handle, &resources, 1, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
        guard count == 1, let resource = resources?[0] else {
            throw .adminFailed(what, detail: "the broker answered nothing")
        }
        try check(resource, what)
        var size = 0
        let entries = rd_kafka_ConfigResource_configs(resource, &size)
        var settings: [String: (value: String, isOwn: Bool)] = [:]
        for index in 0..<size {
            guard let entry = entries?[index], let name = rd_kafka_ConfigEntry_name(entry),
                let value = rd_kafka_ConfigEntry_value(entry)
            else { continue }
            let isOwn = rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
            settings[String(cString: name)] = (String(cString: value), isOwn)
        }
        return settings
    }

    func alter(_ topic: String, settings: [String: String]) throws(KafkaError) {
        let what = "changing the settings of \(topic)"
        let event = try request(topic, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, settings, what) { resource, options, queue in
            var resources: [OpaquePointer?] = [resource]
            rd_kafka_AlterConfigs(handle, &resources, 1, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let resources = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
        guard count == 1, let resource = resources?[0] else {
            throw .adminFailed(what, detail: "the broker answered nothing")
        }
        try check(resource, what)
    }

    func alter(
        _ topic: String, settings: [String: String], _ incremental: IncrementalAlterConfigs
    ) throws(KafkaError) {
        let what = "changing the settings of \(topic)"
        let event = try request(topic, nil, [:], what) { resource, options, queue in
            for (name, value) in settings {
                if let error = incremental.add(resource, name, IncrementalAlterConfigs.set, value) {
                    rd_kafka_error_destroy(error)
                }
            }
            var resources: [OpaquePointer?] = [resource]
            incremental.send(handle, &resources, 1, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let resources = incremental.resources(event, &count)
        guard count == 1, let resource = resources?[0] else {
            throw .adminFailed(what, detail: "the broker answered nothing")
        }
        try check(resource, what)
    }

    private func check(_ resource: OpaquePointer, _ what: String) throws(KafkaError) {
        guard let failure = KafkaFailure(rd_kafka_ConfigResource_error(resource)) else { return }
        let said = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
        throw .adminFailed(what, detail: said ?? failure.description)
    }

    /// - Returns: The answer, for the caller to destroy.
    private func request(
        _ topic: String, _ kind: rd_kafka_admin_op_t?, _ settings: [String: String], _ what: String,
        _ send: (OpaquePointer, OpaquePointer?, OpaquePointer) -> Void
    ) throws(KafkaError) -> OpaquePointer {
        guard let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic) else {
            throw .badSetting(name: "topic", detail: topic)
        }
        defer { rd_kafka_ConfigResource_destroy(resource) }
        for (name, value) in settings { rd_kafka_ConfigResource_set_config(resource, name, value) }
        let patience = Int32(clamping: cluster.options.patience.wholeMilliseconds)
        let options = kind.flatMap { rd_kafka_AdminOptions_new(handle, $0) }
        defer { if let options { rd_kafka_AdminOptions_destroy(options) } }
        var text = [CChar](repeating: 0, count: 512)
        if let options { rd_kafka_AdminOptions_set_request_timeout(options, patience, &text, text.count) }
        let queue = rd_kafka_queue_new(handle)!
        defer { rd_kafka_queue_destroy(queue) }
        send(resource, options, queue)
        guard let event = rd_kafka_queue_poll(queue, patience) else { throw unreachable("no answer to \(what)") }
        if let failure = KafkaFailure(rd_kafka_event_error(event)) {
            defer { rd_kafka_event_destroy(event) }
            throw .adminFailed(what, detail: failure.description)
        }
        return event
    }
}

/// KIP-339, which changes single settings: in librdkafka from 2.3 on, newer than the headers that this is built with.
/// Brokers that know no other way exist, and none that keeps settings which the older request leaves out.
struct IncrementalAlterConfigs {
    typealias Add =
        @convention(c) (OpaquePointer, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>) -> OpaquePointer?
    typealias Send =
        @convention(c) (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>, Int, OpaquePointer?, OpaquePointer) -> Void
    typealias Result = @convention(c) (OpaquePointer) -> OpaquePointer?
    typealias Resources =
        @convention(c) (OpaquePointer, UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?

    /// `RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET`.
    static let set: Int32 = 0
    let add: Add
    let send: Send
    private let result: Result
    private let ofResult: Resources

    /// Nil with an older library.
    static var here: IncrementalAlterConfigs? {
        func symbol<Function>(_ name: String, _ type: Function.Type) -> Function? {
            dlsym(nil, name).map { unsafeBitCast($0, to: type) }
        }
        guard let add = symbol("rd_kafka_ConfigResource_add_incremental_config", Add.self),
            let send = symbol("rd_kafka_IncrementalAlterConfigs", Send.self),
            let result = symbol("rd_kafka_event_IncrementalAlterConfigs_result", Result.self),
            let ofResult = symbol("rd_kafka_IncrementalAlterConfigs_result_resources", Resources.self)
        else { return nil }
        return IncrementalAlterConfigs(add: add, send: send, result: result, ofResult: ofResult)
    }

    func resources(_ event: OpaquePointer, _ count: inout Int) -> UnsafeMutablePointer<OpaquePointer?>? {
        result(event).flatMap { ofResult($0, &count) }
    }
}
