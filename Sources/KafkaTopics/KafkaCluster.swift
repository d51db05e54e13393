import CRdKafka
public import Logging
public import Topics

/// How this process talks to Kafka; the defaults suit one data centre.
public struct KafkaOptions: Sendable {
    /// How long brokers may stay silent before the process gives up.
    public var patience: Duration = .seconds(60)
    /// A process that is not heard of for this long loses its partitions. A broker that waits for joiners waits for
    /// a part of it, so tests use 2 s.
    public var sessionTimeout: Duration = .seconds(10)
    /// How long a broker may hold an empty answer back. Short: not every broker answers as soon as data comes.
    public var fetchWait: Duration = .milliseconds(10)
    /// How long a record may wait for company. Only pipelined sends wait; the end of a batch never does.
    public var linger: Duration = .milliseconds(20)
    /// Most bytes of one record, its key and headers included; also what the topics must allow.
    public var maximumRecordBytes = 5_000_000
    /// Further librdkafka settings, for example `security.protocol`; they win over all others.
    public var settings: [String: String] = [:]

    public init() {}
}

/// A Kafka cluster, as the stages of one pipeline use it.
public struct KafkaCluster: Sendable {
    /// `host:port`, comma-separated.
    public let brokers: String
    public let options: KafkaOptions
    let logger: Logger

    public init(_ brokers: String, options: KafkaOptions = KafkaOptions(), logger: Logger = Logger(label: "kafka")) {
        self.brokers = brokers
        self.options = options
        self.logger = logger
    }

    /// The librdkafka that this process runs with, which may be newer than the one it was built with.
    public static var libraryVersion: String { String(cString: rd_kafka_version_str()) }

    /// Waits until a broker answers, and logs the library's version.
    ///
    /// - Throws: ``KafkaError/unreachable(brokers:seconds:detail:)`` after the options' patience, or
    ///   ``KafkaError/libraryTooOld(version:brokers:)``.
    public func connect() async throws {
        logger.info("librdkafka \(Self.libraryVersion)", metadata: ["brokers": "\(brokers)"])
        let cluster = self
        try await ThreadExecutor.run(name: "kafka") {
            try KafkaClient(.reader(group: "gantry.connect"), cluster).waitUntilReachable()
        }
    }

    /// The reading end of a topic, as one member of a consumer group.
    ///
    /// - Parameters:
    ///   - group: `<name>.<stage>`; its members share the partitions.
    ///   - decode: What throws becomes an undecodable delivery; a ``CodedError`` keeps its code.
    ///   - startingOffsets: Where to begin in newly assigned partitions, for a sink that keeps its own offsets;
    ///     partitions left out begin at the group's commit.
    public func inlet<Element: Sendable>(
        topic: String, group: String, decode: @escaping @Sendable (Record) throws -> Element,
        startingOffsets: (@Sendable ([Partition]) async throws -> [Partition: Int64])? = nil
    ) throws(KafkaError) -> KafkaInlet<Element> {
        try KafkaInlet(self, topic: topic, group: group, decode: decode, startingOffsets: startingOffsets)
    }

    /// The writing end of a topic; safe to share between tasks.
    ///
    /// - Parameter encode: What throws becomes a refusal; a ``CodedError`` keeps its code.
    public func outlet<Element: Sendable>(
        topic: String, encode: @escaping @Sendable (Element) throws -> Record
    ) throws(KafkaError) -> KafkaOutlet<Element> {
        KafkaOutlet(topic: topic, producer: try KafkaProducer(self), encode: encode)
    }

    /// The snapshots of a stateful stage.
    ///
    /// - Parameter topic: `<name>.track-state`, with as many partitions as the stage's input.
    public func snapshots(
        topic: String, encode: @escaping @Sendable (Snapshot) throws -> Record,
        decode: @escaping @Sendable (Record) throws -> Snapshot
    ) throws(KafkaError) -> KafkaSnapshotStore {
        try KafkaSnapshotStore(self, topic: topic, encode: encode, decode: decode)
    }
}
