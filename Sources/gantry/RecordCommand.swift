import ArgumentParser
import Assembly
import Foundation
import KafkaTopics
import Logging
import StageRunner
import Topics
import Traffic

/// Writes Kafka topics to a recording.
struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Records Kafka topics to an MCAP file, from their oldest record on.",
        discussion: """
            Reads beside the stages: their consumer groups notice nothing. It goes on until Ctrl-C or SIGTERM, which end \
            the file whole, or until --to, --idle or --until-end say so. A file cut off by a power loss keeps all up to \
            its last flush; see `gantry recording repair`.

            --from and --to are event times, as RFC 3339. A record without one is kept whatever they say.

            Examples:
              gantry record city.reads city.passages --out monday.mcap --pipeline pipelines/city.yaml
              gantry record city.vehicles --out hour.mcap --from 2026-03-02T07:00:00Z --to 2026-03-02T08:00:00Z
              gantry record city.reads --out all.mcap --brokers 10.0.0.5:9092 --until-end
            """)

    @Argument(help: ArgumentHelp("Topics, for example city.reads.", valueName: "topic"))
    var topics: [String]
    @Option(help: ArgumentHelp("The recording; a file that is there is not replaced.", valueName: "file"))
    var out: String
    @Option(help: ArgumentHelp("Kafka, host:port, comma-separated (default: the pipeline's).", valueName: "brokers"))
    var brokers: String?
    @Option(help: "Pipeline file that names brokers and their settings.")
    var pipeline: String?
    @Option(help: ArgumentHelp("First event time to record.", valueName: "time"))
    var from: EventTime?
    @Option(
        help: ArgumentHelp(
            "Event time before which to stop: when every camera has passed it, or it is over and nothing comes.",
            valueName: "time"))
    var to: EventTime?
    @Option(help: ArgumentHelp("End when nothing has come for so long.", valueName: "seconds"))
    var idle: Double?
    @Flag(help: "End when all was read that the topics held at the start.")
    var untilEnd = false
    @Flag(help: "Allow topics with raw frames, which show faces and plates in clear.")
    var includeFrames = false
    @OptionGroup var sharing: SharingArguments

    func validate() throws {
        guard !topics.isEmpty else { throw ValidationError("name at least one topic, for example city.reads") }
        if brokers != nil, pipeline != nil { throw ValidationError("give either --brokers or --pipeline") }
        try sharing.check(includeFrames: includeFrames)
        if let idle, !(idle > 0 && idle < 1e6) { throw ValidationError("--idle takes a positive number of seconds") }
        if let from, let to, from >= to { throw ValidationError("--from lies after --to") }
        // Rejected frames hold the frames.
        let raw = topics.filter { $0.hasSuffix(".frames") || $0.hasSuffix(".frames.rejected") }
        if !raw.isEmpty, !includeFrames {
            throw ValidationError(
                """
                \(raw.joined(separator: ", ")) holds raw frames: faces and plates in clear, kept for minutes only. Record \
                .vehicles or .reads, or say --include-frames if you may keep them and will delete the file in time
                """)
        }
    }

    func run() async throws {
        StageProcess.bootstrap(level: .warning)
        let logger = Logger(label: "gantry-record")
        var plan = RecordingPlan(topics: Array(Set(topics)).sorted())
        plan.from = from?.nanoseconds
        plan.to = to?.nanoseconds
        plan.idle = idle.map { .seconds($0) }
        plan.untilEnd = untilEnd
        let cluster = try cluster(logger)
        do {
            // Before signals are caught, and before there is a file: what waits for a broker has nothing to finish.
            try await cluster.connect()
            let target = try RecordingTarget(out, sharing, home: GantryHome.find())
            try await StageProcess.run(
                [TopicRecorder(plan: plan, target: target, cluster: cluster)], logger: logger)
        } catch let error as any CodedError {
            complain("\(error)")
            throw ExitCode(error is RecordingError ? 74 : 69)
        }
    }

    private func cluster(_ logger: Logger) throws -> KafkaCluster {
        guard let pipeline else { return KafkaCluster(brokers ?? PipelineKafka().brokers[0], logger: logger) }
        let file = try Pipeline(contentsOf: pipeline, cameras: .elsewhere)
        guard let kafka = file.kafka else { throw AssemblyError.noKafka(pipeline: pipeline) }
        return KafkaCluster(kafka, logger: logger)
    }
}
