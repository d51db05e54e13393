import CRdKafka
import Logging
import Synchronization
import Topics

/// What librdkafka reports on its own: outages, new assignments, acknowledgements, log lines.
///
/// Callbacks come from the library's threads and from whoever polls, so all state is behind one lock.
final class KafkaEvents: Sendable {
    struct Rebalance {
        enum Kind { case assign, revoke, lost, failed }
        let kind: Kind
        let partitions: [Partition]
    }

    private struct State {
        var downSince: ContinuousClock.Instant?
        var fatal: String?
        var misread = false
        var rebalances: [Rebalance] = []
        var closing = false
        var deliveries: [Int: Delivering] = [:]
        var lastToken = 0
    }

    private struct Delivering {
        let batch: DeliveryBatch
        let index: Int
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let isReader: Bool

    init(logger: Logger, isReader: Bool) {
        self.logger = logger
        self.isReader = isReader
    }

    /// The handle made from the configuration must not outlive this object.
    func register(with configuration: OpaquePointer) {
        rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
        rd_kafka_conf_set_error_cb(configuration) { _, code, reason, opaque in
            KafkaEvents.from(opaque)?.failed(
                rd_kafka_resp_err_t(rawValue: code), reason.map { String(cString: $0) } ?? "")
        }
        rd_kafka_conf_set_log_cb(configuration) { handle, level, facility, text in
            guard let handle, let facility, let text else { return }
            KafkaEvents.from(rd_kafka_opaque(handle))?.log(
                level, String(cString: facility), String(cString: text))
        }
        if isReader {
            rd_kafka_conf_set_rebalance_cb(configuration) { handle, code, list, opaque in
                guard let handle else { return }
                KafkaEvents.from(opaque)?.rebalanced(handle, code, Partition.list(list))
            }
        } else {
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message = message?.pointee else { return }
                KafkaEvents.from(opaque)?.delivered(
                    Int(bitPattern: message._private), message.err, offset: message.offset)
            }
        }
    }

    private static func from(_ opaque: UnsafeMutableRawPointer?) -> KafkaEvents? {
        opaque.map { Unmanaged<KafkaEvents>.fromOpaque($0).takeUnretainedValue() }
    }

    // Outages

    private func failed(_ code: rd_kafka_resp_err_t, _ reason: String) {
        if code == RD_KAFKA_RESP_ERR__FATAL {
            state.withLock { $0.fatal = reason }
        } else if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN {
            let isNew = state.withLock { state in
                defer { state.downSince = state.downSince ?? .now }
                return state.downSince == nil
            }
            if isNew { logger.warning("no broker can be reached; trying again: \(reason)") }
        }
    }

    /// A broker has answered.
    func reached() {
        let was = state.withLock { state in
            defer { state.downSince = nil }
            return state.downSince
        }
        if let was { logger.notice("a broker answers again after \(was.duration(to: .now))") }
    }

    var isDown: Bool { state.withLock { $0.downSince != nil } }

    /// Why to give up now; nil while there is hope.
    func outage(_ cluster: KafkaCluster) -> KafkaError? {
        if let error = tooOld(cluster) { return error }
        let (fatal, since) = state.withLock { ($0.fatal, $0.downSince) }
        if let fatal { return .fatal(fatal) }
        guard let since, since.duration(to: .now) > cluster.options.patience else { return nil }
        return .unreachable(
            brokers: cluster.brokers, seconds: Int(cluster.options.patience.components.seconds),
            detail: "all connections failed")
    }

    /// Whether it is this library that can't read the broker's answers.
    func tooOld(_ cluster: KafkaCluster) -> KafkaError? {
        guard rd_kafka_version() < 0x0202_0000, state.withLock({ $0.misread }) else { return nil }
        return .libraryTooOld(version: KafkaCluster.libraryVersion, brokers: cluster.brokers)
    }

    private func log(_ level: Int32, _ facility: String, _ text: String) {
        if text.contains("Read underflow") || text.contains("Protocol read buffer underflow") {
            state.withLock { $0.misread = true }
        }
        // Lines about single connections repeat with every attempt; outages as a whole are logged above.
        let quiet = level > 4 || ["FAIL", "ERROR", "CONNECT"].contains(facility)
        logger.log(level: quiet ? .debug : .warning, "librdkafka: \(text)", metadata: ["facility": "\(facility)"])
    }

    // Assignments

    private func rebalanced(_ handle: OpaquePointer, _ code: rd_kafka_resp_err_t, _ partitions: [Partition]) {
        let isClosing = state.withLock { $0.closing }
        if isClosing {
            rd_kafka_assign(handle, nil)
            return
        }
        // The answer to the library is given later, by the loop: it first finishes what it has in hand.
        let kind: Rebalance.Kind =
            switch code {
            case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS: .assign
            case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS: rd_kafka_assignment_lost(handle) != 0 ? .lost : .revoke
            default: .failed
            }
        state.withLock { $0.rebalances.append(Rebalance(kind: kind, partitions: partitions)) }
    }

    var hasRebalance: Bool { state.withLock { !$0.rebalances.isEmpty } }
    func nextRebalance() -> Rebalance? {
        state.withLock { $0.rebalances.isEmpty ? nil : $0.rebalances.removeFirst() }
    }
    func closing() { state.withLock { $0.closing = true } }

    // Acknowledgements

    /// - Returns: What to give the library along with the record.
    func expect(_ index: Int, of batch: DeliveryBatch) -> Int {
        state.withLock { state in
            state.lastToken += 1
            state.deliveries[state.lastToken] = Delivering(batch: batch, index: index)
            return state.lastToken
        }
    }

    /// The library did not take the record.
    func forget(_ token: Int) { state.withLock { _ = $0.deliveries.removeValue(forKey: token) } }

    func delivered(_ token: Int, _ code: rd_kafka_resp_err_t, offset: Int64) {
        guard let delivering = state.withLock({ $0.deliveries.removeValue(forKey: token) }) else { return }
        delivering.batch.finished(delivering.index, code, offset: offset)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR && isDown { reached() }
    }
}

/// The acknowledgements of one call.
final class DeliveryBatch: Sendable {
    struct Outcome {
        let code: rd_kafka_resp_err_t
        let offset: Int64
    }
    private let state: Mutex<(waiting: Int, outcomes: [Outcome?])>

    init(count: Int) { state = Mutex((count, Array(repeating: nil, count: count))) }

    func finished(_ index: Int, _ code: rd_kafka_resp_err_t, offset: Int64) {
        state.withLock { state in
            guard state.outcomes[index] == nil else { return }
            state.outcomes[index] = Outcome(code: code, offset: offset)
            state.waiting -= 1
        }
    }

    var waiting: Int { state.withLock { $0.waiting } }
    var outcomes: [Outcome?] { state.withLock { $0.outcomes } }
}

extension Partition {
    static func list(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [Partition] {
        guard let list = list?.pointee else { return [] }
        return (0..<Int(list.cnt)).map {
            Partition(topic: String(cString: list.elems[$0].topic), number: list.elems[$0].partition)
        }
    }
}
