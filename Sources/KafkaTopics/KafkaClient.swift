import CRdKafka
import Logging
import Synchronization
import Topics

/// One librdkafka handle with what its callbacks have reported.
final class KafkaClient: Sendable {
    enum Role {
        case reader(group: String)
        case writer
    }

    /// The library locks its own handle.
    nonisolated(unsafe) let handle: OpaquePointer
    let events: KafkaEvents
    let cluster: KafkaCluster

    init(_ role: Role, _ cluster: KafkaCluster, settings: [String: String] = [:]) throws(KafkaError) {
        let options = cluster.options
        var all = [
            "bootstrap.servers": cluster.brokers, "client.id": "gantry", "log.connection.close": "false",
            "reconnect.backoff.ms": "100", "reconnect.backoff.max.ms": "2000", "socket.keepalive.enable": "true",
            "message.max.bytes": "\(options.maximumRecordBytes)",
        ]
        switch role {
        case .reader(let group):
            all["group.id"] = group
            all["enable.auto.commit"] = "false"
            all["auto.offset.reset"] = "earliest"
            all["partition.assignment.strategy"] = "range"
            all["session.timeout.ms"] = "\(options.sessionTimeout.wholeMilliseconds)"
            all["heartbeat.interval.ms"] = "\(max(100, options.sessionTimeout.wholeMilliseconds / 4))"
            all["fetch.wait.max.ms"] = "\(options.fetchWait.wholeMilliseconds)"
            all["max.partition.fetch.bytes"] = "\(options.maximumRecordBytes)"
            all["queued.min.messages"] = "1000"
            all["queued.max.messages.kbytes"] = "65536"
            all["isolation.level"] = "read_uncommitted"
        case .writer:
            // Never times out by itself: a record given up while later ones get through would leave a gap that
            // the next stage takes for progress. The sender counts the patience and ends the process instead.
            all["message.timeout.ms"] = "0"
            all["enable.idempotence"] = "true"
            all["acks"] = "all"
            all["linger.ms"] = "\(options.linger.wholeMilliseconds)"
            all["partitioner"] = "murmur2_random"
            all["queue.buffering.max.kbytes"] = "131072"
        }
        all.merge(settings) { $1 }
        all.merge(options.settings) { $1 }

        let configuration = rd_kafka_conf_new()!
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in all
        where rd_kafka_conf_set(configuration, name, value, &text, text.count) != RD_KAFKA_CONF_OK {
            rd_kafka_conf_destroy(configuration)
            throw .badSetting(name: name, detail: String(nullTerminated: text))
        }
        let isReader = if case .reader = role { true } else { false }
        let events = KafkaEvents(logger: cluster.logger, isReader: isReader)
        events.register(with: configuration)
        let type = isReader ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
        guard let made = rd_kafka_new(type, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            throw .badSetting(name: "bootstrap.servers", detail: String(nullTerminated: text))
        }
        if isReader { rd_kafka_poll_set_consumer(made) }
        self.events = events
        self.cluster = cluster
        handle = made
    }

    private let isGone = Atomic<Bool>(false)

    /// Goes without a word to the group, which finds out by its timeout: what a crash looks like from outside.
    /// The handle must not be used afterwards.
    func abandon() {
        guard !isGone.exchange(true, ordering: .relaxed) else { return }
        rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    deinit {
        if !isGone.load(ordering: .relaxed) { rd_kafka_destroy(handle) }
    }

    /// Whether a broker answers a question right now. Blocks for at most the given time.
    func answers(within wait: Duration) -> Bool {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(handle, 0, nil, &metadata, Int32(wait.wholeMilliseconds))
        if let metadata { rd_kafka_metadata_destroy(metadata) }
        if error == RD_KAFKA_RESP_ERR_NO_ERROR { events.reached() }
        return error == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    func waitUntilReachable() throws {
        let start = ContinuousClock.now
        while !answers(within: .milliseconds(500)) {
            if let error = events.outage(cluster) { throw error }
            guard start.duration(to: .now) < cluster.options.patience else { throw unreachable("no answer") }
            try Task.checkCancellation()
        }
    }

    func unreachable(_ detail: String) -> KafkaError {
        events.tooOld(cluster)
            ?? .unreachable(
                brokers: cluster.brokers, seconds: Int(cluster.options.patience.components.seconds), detail: detail)
    }

    /// Calls again while brokers are out of reach or busy, with growing pauses, up to the patience.
    func patiently<Result>(
        _ body: () throws(KafkaFailure) -> Result, giveUp: (String) -> KafkaError
    ) async throws -> Result {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(50)
        while true {
            do { return try body() } catch {
                guard error.isPassing, start.duration(to: .now) < cluster.options.patience else {
                    throw giveUp(error.description)
                }
                cluster.logger.debug("a call to Kafka failed and is repeated: \(error)")
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }
}

/// One of librdkafka's error codes.
struct KafkaFailure: Error, CustomStringConvertible {
    let code: rd_kafka_resp_err_t
    var description: String { String(cString: rd_kafka_err2str(code)) }

    init?(_ code: rd_kafka_resp_err_t) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        self.code = code
    }

    static func check(_ code: rd_kafka_resp_err_t) throws(KafkaFailure) {
        if let failure = KafkaFailure(code) { throw failure }
    }

    /// Whether it comes from brokers that are away, busy or changing places.
    var isPassing: Bool {
        switch code {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
            true
        default: false
        }
    }

    /// Whether it says that this member no longer owns what it speaks of.
    var isEviction: Bool {
        switch code {
        case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
            true
        default: false
        }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}

extension String {
    init(nullTerminated bytes: [CChar]) {
        self.init(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
