import CRdKafka
import Glibc
import Topics

/// Writes records and waits for their acknowledgement.
final class KafkaProducer: Sendable {
    let client: KafkaClient

    init(_ cluster: KafkaCluster, settings: [String: String] = [:]) throws(KafkaError) {
        client = try KafkaClient(.writer, cluster, settings: settings)
    }

    /// Returns once every record is acknowledged by all in-sync replicas, with each one's offset or refusal.
    /// Blocks its thread meanwhile.
    ///
    /// - Parameter partition: Nil to choose by key.
    func write(
        _ records: [Record], to topic: String, partition: Int32? = nil
    ) throws -> [Result<Int64, KafkaTooLarge>] {
        let batch = DeliveryBatch(count: records.count)
        var lastProgress = ContinuousClock.now
        var lastWaiting = records.count
        func wait(_ milliseconds: Int32) throws {
            // A flush sends at once, without lingering, and serves the acknowledgements.
            rd_kafka_flush(client.handle, milliseconds)
            if batch.waiting < lastWaiting {
                lastWaiting = batch.waiting
                lastProgress = .now
            }
            let patience = client.cluster.options.patience
            if client.events.isDown { _ = client.answers(within: .milliseconds(200)) }
            if let error = client.events.outage(client.cluster) { throw error }
            if lastProgress.duration(to: .now) > patience {
                throw KafkaError.notDelivered(
                    topic: topic, records: batch.waiting, seconds: Int(patience.components.seconds))
            }
            try Task.checkCancellation()
        }
        do {
            for (index, record) in records.enumerated() {
                while true {
                    let code = produce(record, to: topic, partition: partition, index: index, of: batch)
                    if code == RD_KAFKA_RESP_ERR__QUEUE_FULL {
                        try wait(100)
                    } else if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                        batch.finished(index, code, offset: -1)
                        break
                    } else {
                        break
                    }
                }
            }
            while batch.waiting > 0 { try wait(100) }
        } catch {
            rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            rd_kafka_flush(client.handle, 0)
            throw error
        }
        return try batch.outcomes.enumerated().map { index, outcome in
            let outcome = outcome!  // nothing is waiting
            switch outcome.code {
            case RD_KAFKA_RESP_ERR_NO_ERROR: return .success(outcome.offset)
            case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
                return .failure(KafkaTooLarge(bytes: records[index].value.count, topic: topic))
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
                RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
                throw KafkaError.noSuchTopic(topic)
            case let code: throw KafkaError.refusedByBroker(topic: topic, detail: KafkaFailure(code)!.description)
            }
        }
    }

    private func produce(
        _ record: Record, to topic: String, partition: Int32?, index: Int, of batch: DeliveryBatch
    ) -> rd_kafka_resp_err_t {
        var headers = rd_kafka_headers_new(record.headers.count)
        for header in record.headers {
            _ = header.value.withUnsafeBytes { value in
                rd_kafka_header_add(headers, header.name, -1, value.baseAddress, value.count)
            }
        }
        let token = client.events.expect(index, of: batch)
        let code = topic.withCString { topic in
            record.value.withUnsafeBytes { value in
                withKey(record.key) { key in
                    func argument(
                        _ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_s.__Unnamed_union_u) -> Void
                    ) -> rd_kafka_vu_t {
                        var argument = rd_kafka_vu_t()
                        argument.vtype = type
                        set(&argument.u)
                        return argument
                    }
                    var arguments = [
                        argument(RD_KAFKA_VTYPE_TOPIC) { $0.cstr = topic },
                        argument(RD_KAFKA_VTYPE_PARTITION) { $0.i32 = partition ?? -1 },
                        argument(RD_KAFKA_VTYPE_MSGFLAGS) { $0.i = RD_KAFKA_MSG_F_COPY },
                        argument(RD_KAFKA_VTYPE_TIMESTAMP) { $0.i64 = record.timestamp / 1_000_000 },
                        argument(RD_KAFKA_VTYPE_VALUE) {
                            $0.mem.ptr = UnsafeMutableRawPointer(mutating: value.baseAddress)
                            $0.mem.size = value.count
                        },
                        argument(RD_KAFKA_VTYPE_OPAQUE) { $0.ptr = UnsafeMutableRawPointer(bitPattern: token) },
                        argument(RD_KAFKA_VTYPE_HEADERS) { $0.headers = headers },
                    ]
                    if let key {
                        arguments.append(
                            argument(RD_KAFKA_VTYPE_KEY) {
                                $0.mem.ptr = UnsafeMutableRawPointer(mutating: key.baseAddress)
                                $0.mem.size = key.count
                            })
                    }
                    guard let error = rd_kafka_produceva(client.handle, &arguments, arguments.count) else {
                        headers = nil  // the library owns them now
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    }
                    defer { rd_kafka_error_destroy(error) }
                    return rd_kafka_error_code(error)
                }
            }
        }
        if let headers { rd_kafka_headers_destroy(headers) }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { client.events.forget(token) }
        return code
    }

    private func withKey<Result>(_ key: String?, _ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        guard let key else { return body(nil) }
        return Array(key.utf8).withUnsafeBytes { body($0) }
    }
}

/// A record that the topic doesn't take for its size.
struct KafkaTooLarge: CodedError {
    let bytes: Int
    let topic: String
    var code: String { "KAF116" }
    var reason: String {
        "a record of \(bytes) bytes is too large for \(topic). Raise the topic's max.message.bytes to 5 MB, or lower the picture quality."
    }
}
