public import Topics

/// What went wrong between this process and the brokers.
///
/// Codes are stable: `KAF10x` reaching them, `KAF11x` reading and writing, `KAF12x` topics and settings.
public enum KafkaError: CodedError, RetriableError, Equatable {
    case unreachable(brokers: String, seconds: Int, detail: String)
    /// The library is older than 2.2 and misreads this broker's first answer.
    case libraryTooOld(version: String, brokers: String)
    case notDelivered(topic: String, records: Int, seconds: Int)
    case refusedByBroker(topic: String, detail: String)
    /// The library gave up this connection for good, for example because another producer took its identity.
    case fatal(String)
    case notCommitted(group: String, detail: String)
    case readFailed(topic: String, detail: String)
    case stateUnread(topic: String, partition: Int32, seconds: Int)
    case noSuchTopic(String)
    case partitionsDiffer(topic: String, found: Int, needed: Int)
    case badSetting(name: String, detail: String)
    case adminFailed(String, detail: String)

    public var code: String {
        switch self {
        case .unreachable: "KAF101"
        case .libraryTooOld: "KAF102"
        case .fatal: "KAF103"
        case .notDelivered: "KAF111"
        case .refusedByBroker: "KAF112"
        case .notCommitted: "KAF113"
        case .readFailed: "KAF114"
        case .stateUnread: "KAF115"
        // KAF116 is a record too large for the topic: a refusal, not an error.
        case .noSuchTopic: "KAF121"
        case .partitionsDiffer: "KAF122"
        case .badSetting: "KAF123"
        case .adminFailed: "KAF124"
        }
    }

    public var reason: String {
        switch self {
        case .unreachable(let brokers, let seconds, let detail):
            "no broker at \(brokers) has answered for \(seconds) s (\(detail)). Check the address and that it runs; `scripts/broker start` starts one for trying things out."
        case .libraryTooOld(let version, let brokers):
            "librdkafka \(version) can't read the first answer of the broker at \(brokers) (mended in 2.2). Run `make setup`, which puts a newer one into .gantry/lib/kafka, and start again."
        case .fatal(let detail): "librdkafka gave up for good: \(detail). Start the process again."
        case .notDelivered(let topic, let records, let seconds):
            "\(records) records for \(topic) were not acknowledged within \(seconds) s. Check the brokers' health and disk space, then start again: nothing is lost."
        case .refusedByBroker(let topic, let detail):
            "the broker refuses records for \(topic): \(detail). Check the topic's settings and rights."
        case .notCommitted(let group, let detail):
            "offsets of group \(group) can't be committed: \(detail). Start again: work since the last commit is repeated."
        case .readFailed(let topic, let detail):
            "\(topic) can't be read: \(detail). Check the topic's rights and health."
        case .stateUnread(let topic, let partition, let seconds):
            "snapshots of \(topic)[\(partition)] could not be read to their end within \(seconds) s. Check the brokers' health, then start again."
        case .noSuchTopic(let topic): "there is no topic \(topic). Create it with `gantry topics create`."
        case .partitionsDiffer(let topic, let found, let needed):
            "\(topic) has \(found) partitions and needs \(needed). All topics of a pipeline have the same number: create it anew."
        case .badSetting(let name, let detail): "the Kafka setting \(name) is refused: \(detail)."
        case .adminFailed(let what, let detail): "\(what) failed: \(detail)."
        }
    }

    /// Whether the same call may work later. Inlets and outlets have already waited out their patience.
    public var isRetriable: Bool {
        switch self {
        case .unreachable, .notDelivered, .notCommitted, .stateUnread: true
        case .libraryTooOld, .refusedByBroker, .fatal, .readFailed, .noSuchTopic, .partitionsDiffer, .badSetting,
            .adminFailed:
            false
        }
    }
}
