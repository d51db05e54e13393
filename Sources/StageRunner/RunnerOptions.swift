public import CoreMetrics
public import Logging
public import Topics

/// How a stage's loop behaves; the defaults suit small records.
public struct RunnerOptions: Sendable {
    /// Most records taken in one go. Keep it low (4) where records are whole frames.
    public var batch: Int
    /// A stateful stage commits after this many records at the latest.
    public var checkpointRecords: Int
    /// A stateful stage commits after this long at the latest, counted from its last commit.
    public var checkpointInterval: Duration
    /// How often a sink's write is tried.
    public var backoff: Backoff
    public var logger: Logger
    public var metrics: any MetricsFactory

    public init(
        batch: Int = 64, checkpointRecords: Int = 256, checkpointInterval: Duration = .seconds(2),
        backoff: Backoff = Backoff(), logger: Logger = Logger(label: "gantry"),
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        precondition(batch > 0 && checkpointRecords > 0, "a batch and a checkpoint have at least one record")
        self.batch = batch
        self.checkpointRecords = checkpointRecords
        self.checkpointInterval = checkpointInterval
        self.backoff = backoff
        self.logger = logger
        self.metrics = metrics
    }
}
