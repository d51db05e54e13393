public import KafkaTopics
public import Logging
public import StageRunner
public import Topics
public import Traffic
import Wire

/// The Kafka topics of a pipeline as typed links.
public struct KafkaLinks: Sendable {
    public let topics: PipelineTopics
    private let cluster: KafkaCluster
    private let kafka: PipelineKafka
    private let retention: Duration?

    /// - Throws: ``AssemblyError/noKafka(pipeline:)`` for a pipeline file without a `kafka` section.
    public init(_ pipeline: Pipeline, logger: Logger) throws(AssemblyError) {
        guard let kafka = pipeline.kafka else { throw .noKafka(pipeline: pipeline.name) }
        cluster = KafkaCluster(kafka, logger: logger)
        topics = pipeline.topics
        self.kafka = kafka
        retention = pipeline.retention.topics
    }

    /// Waits for a broker and creates the topics that don't exist yet.
    ///
    /// - Returns: The names of those created.
    @discardableResult
    public func prepare() async throws -> [String] {
        try await cluster.connect()
        return try await cluster.create(
            TopicPlan.pipeline(
                topics.name, partitions: kafka.partitions, replicas: kafka.replicas,
                frameRetention: kafka.frameRetention, retention: retention))
    }

    /// Records that a stage has not committed yet, of all partitions of its input.
    public func lag(of stage: PipelineStage) async throws -> Int64 {
        guard let input = topics.input(of: stage) else { return 0 }
        return try await cluster.lag(of: topics.group(stage), on: input).values.reduce(0, +)
    }

    // MARK: - Reading. The group is that of the first stage that reads.

    /// - Parameter picture: Makes of a frame's JPEG what the detect stage looks at.
    public func frames<Image: Sendable>(
        picture: @escaping @Sendable (EncodedFrame) -> Image
    ) throws -> any Inlet<StreamRecord<Image>> {
        try cluster.inlet(topic: topics.frames, group: topics.group(.detect)) {
            try StreamRecord<EncodedFrame>(record: $0).map(picture)
        }
    }

    public func vehicles() throws -> any Inlet<StreamRecord<Detections>> {
        try cluster.inlet(topic: topics.vehicles, group: topics.group(.read)) {
            try StreamRecord<Detections>(record: $0)
        }
    }

    public func reads() throws -> any Inlet<StreamRecord<FrameReads>> {
        try cluster.inlet(topic: topics.reads, group: topics.group(.track)) {
            try StreamRecord<FrameReads>(record: $0)
        }
    }

    /// - Parameter store: Says where each partition is to be read from: its offsets are in the rows' transactions.
    public func passages(for store: PassageStore) throws -> any Inlet<CameraReport> {
        try cluster.inlet(
            topic: topics.passages, group: topics.group(.sink), decode: { try CameraReport(record: $0) },
            startingOffsets: { partitions in
                guard let topic = partitions.first?.topic else { return [:] }
                let stored = try store.storedOffsets(topic: topic)
                return Dictionary(
                    uniqueKeysWithValues: partitions.compactMap { partition in
                        stored[partition.number].map { (partition, $0) }
                    })
            })
    }

    // MARK: - Writing

    public func toFrames() throws -> any Outlet<StreamRecord<EncodedFrame>> {
        try cluster.outlet(topic: topics.frames) { try Record(frame: $0) }
    }

    public func toVehicles() throws -> any Outlet<StreamRecord<Detections>> {
        try cluster.outlet(topic: topics.vehicles) { try Record(detections: $0) }
    }

    public func toReads() throws -> any Outlet<StreamRecord<FrameReads>> {
        try cluster.outlet(topic: topics.reads) { try Record(reads: $0) }
    }

    public func toPassages() throws -> any Outlet<CameraReport> {
        try cluster.outlet(topic: topics.passages) { try Record(report: $0) }
    }

    /// Where records of a topic go that can't be processed.
    public func rejected(_ topic: String) throws -> any Outlet<Rejection> {
        try cluster.outlet(topic: topics.rejected(topic)) { try Record(rejection: $0) }
    }

    /// Where the tracker's state outlives its process.
    public func snapshots() throws -> any SnapshotStore {
        try cluster.snapshots(
            topic: topics.trackState, encode: { try Record(snapshot: $0) }, decode: { try Snapshot(record: $0) })
    }
}

/// What stops a process before its stages start. Codes `ASM1xx`.
public enum AssemblyError: Error, Equatable, Sendable, CustomStringConvertible {
    case noKafka(pipeline: String)

    public var description: String {
        switch self {
        case .noKafka(let pipeline):
            "ASM101 pipeline \(pipeline) has no `kafka` section, and these stages need Kafka on at least one side. "
                + "Add `kafka: {brokers: host:port}`, or run all stages in one process: gantry run."
        }
    }
}

extension KafkaCluster {
    /// As a pipeline file says.
    public init(_ kafka: PipelineKafka, logger: Logger) {
        var options = KafkaOptions()
        options.patience = kafka.patience
        options.sessionTimeout = kafka.sessionTimeout
        options.maximumRecordBytes = kafka.maximumMessage
        options.settings = kafka.properties
        self.init(kafka.brokers.joined(separator: ","), options: options, logger: logger)
    }
}
