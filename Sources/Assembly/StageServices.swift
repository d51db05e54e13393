public import Logging
public import ServiceLifecycle
public import StageRunner
import Stages
import Topics
import Traffic

/// The loops of a process, with what they have done so far.
public struct StageServices: Sendable {
    public var services: [any Service]
    public var progress: [StageProgress]

    public init(services: [any Service] = [], progress: [StageProgress] = []) {
        self.services = services
        self.progress = progress
    }

    /// Reads become passages. Two copies share the partitions; open tracks survive either of them.
    public static func track(_ pipeline: Pipeline, _ kafka: KafkaLinks, logger: Logger) throws -> StageServices {
        let runner = StageRunner(
            "track", from: try kafka.reads(), to: try kafka.toPassages(),
            rejected: try kafka.rejected(kafka.topics.reads), snapshots: try kafka.snapshots(),
            options: RunnerOptions(logger: logger)
        ) { Watch(settings: pipeline.trackSettings) }
        return StageServices(services: [runner], progress: [runner.progress])
    }

    /// Reads become rows, in one process; their input offsets stay with Kafka, and rows are recognised by their id.
    public static func trackAndSink(
        _ pipeline: Pipeline, _ kafka: KafkaLinks, _ store: PassageStore, logger: Logger
    ) throws -> StageServices {
        let runner = StageRunner(
            "track-sink", from: try kafka.reads(), to: StoreOutlet(store),
            rejected: try kafka.rejected(kafka.topics.reads), snapshots: try kafka.snapshots(),
            options: RunnerOptions(logger: logger)
        ) { Watch(settings: pipeline.trackSettings) }
        return StageServices(services: [runner, store.legs], progress: [runner.progress])
    }

    /// Passages become rows; offsets are stored in the rows' transactions.
    public static func sink(
        _ pipeline: Pipeline, _ kafka: KafkaLinks, _ store: PassageStore, logger: Logger
    ) throws -> StageServices {
        let runner = SinkRunner(
            "sink", from: try kafka.passages(for: store), rejected: try kafka.rejected(kafka.topics.passages),
            options: RunnerOptions(batch: pipeline.sink.batch, logger: logger)
        ) { try store.write($0) }
        return StageServices(services: [runner, store.legs], progress: [runner.progress])
    }
}
