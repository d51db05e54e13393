import ArgumentParser
import Assembly
import Foundation
import KafkaTopics
import Logging
import Replay
import StageRunner
import Stages
import Topics
import Traffic
import Vision
import VisionAssembly
import Wire

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Plays a recording through stages, or into Kafka topics.",
        discussion: """
            Through stages, the same recording gives the same passages, byte for byte through track, so a change of \
            any stage can be judged on yesterday's traffic. Tracks that are open where the recording ends are closed. \
            Without --through the records go to Kafka topics of their names, with their keys.

            Examples:
              gantry replay monday.mcap --through track --passages passages.jsonl
              gantry replay monday.mcap --through read,track --record before.mcap
              gantry replay monday.mcap --through read,track --compare before.mcap --report changes.html
              gantry replay monday.mcap --brokers 127.0.0.1:9092 --topic city.vehicles --speed 10

            Exit status with --compare: 0 same, 3 different, 4 worse than --tolerance; 1 for failures.
            """)

    @Argument(help: "A recording (MCAP).")
    var file: String
    @Option(help: "Neighbours among detect, read, track to go through. Detect needs recorded frames.")
    var through: String?
    @Option(help: ArgumentHelp("Pipeline file with the stages' settings and Kafka's address.", valueName: "file"))
    var pipeline: String?
    @Option(
        help: ArgumentHelp(
            "Folder with cameras.json, for headings and calibrations that the pipeline file lacks.", valueName: "dir"))
    var media: String?
    @Option(help: ArgumentHelp("Only this camera; repeat for several.", valueName: "id"))
    var camera: [String] = []
    @Option(help: ArgumentHelp("Only records from this event time on, as in 2026-03-02T07:30:00Z.", valueName: "time"))
    var from: EventTime?
    @Option(help: ArgumentHelp("Only records before this event time.", valueName: "time"))
    var to: EventTime?
    @Option(help: "Times the recorded pace, for example 1 or 10; by default as fast as it goes.")
    var speed: Double?
    @Option(help: "Records in one round; changes no output.")
    var batch = 256
    @Option(
        help: "Workers that share the cameras, 1 by default; changes no output. Into Kafka: partitions of new topics.")
    var partitions: Int?

    @Option(help: ArgumentHelp("Write what the stages give there, as a recording.", valueName: "file"))
    var record: String?
    @Option(help: ArgumentHelp("Write passages there, one JSON object a line.", valueName: "file"))
    var passages: String?
    @Option(help: ArgumentHelp("Compare passages with those of this recording.", valueName: "file"))
    var compare: String?
    @Option(help: ArgumentHelp("Write the comparison there as an HTML page, with crops.", valueName: "file"))
    var report: String?
    @Option(
        help: "Share of the baseline's passages that may be lost, torn apart or read worse: 0.02 or 2% (default: 0).",
        transform: Self.share)
    var tolerance: Double?
    @Option(help: "Format of the comparison: text or json.")
    var format: Format?

    @Option(help: ArgumentHelp("Kafka's address in place of the pipeline file's.", valueName: "host:port"))
    var brokers: String?
    @Option(help: ArgumentHelp("Into Kafka: only this topic; repeat for several.", valueName: "topic"))
    var topic: [String] = []
    @Option(help: ArgumentHelp("Into Kafka: this name in place of the recorded pipeline's.", valueName: "name"))
    var name: String?
    @Flag(help: "No progress and no summary.")
    var quiet = false

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    func validate() throws {
        if let speed, !(speed > 0 && speed.isFinite) { throw ValidationError("--speed is \(speed), not positive") }
        if !(1...100_000).contains(batch) { throw ValidationError("--batch is \(batch), not in 1...100000") }
        if let partitions, !(1...256).contains(partitions) {
            throw ValidationError("--partitions is \(partitions), not in 1...256")
        }
        if let from, let to, from >= to { throw ValidationError("--from is not before --to") }
        if through == nil {
            if compare != nil || record != nil || passages != nil {
                throw ValidationError("--record, --passages and --compare need --through, for example --through track")
            }
            if brokers == nil && pipeline == nil {
                throw ValidationError(
                    "say where to: --through read,track, or Kafka by --brokers HOST:PORT or --pipeline FILE")
            }
        } else {
            if brokers != nil || !topic.isEmpty || name != nil {
                throw ValidationError("--brokers, --topic and --name are for Kafka: leave out --through")
            }
            if media != nil && pipeline == nil { throw ValidationError("--media needs --pipeline FILE") }
            if compare == nil, report != nil || tolerance != nil || format != nil {
                throw ValidationError("--report, --tolerance and --format are about --compare BASELINE")
            }
        }
    }

    func run() async throws {
        StageProcess.bootstrap(level: quiet ? .error : .warning)
        let logger = Logger(label: "gantry")
        let settings =
            try pipeline.map { try Pipeline(contentsOf: $0, cameras: media.map { .media($0) } ?? .elsewhere) }
            ?? Pipeline(name: "replay")
        let contents = try RecordingContents(file)
        try contents.check(cameras: camera)
        if let through {
            let stages = try PipelineStage.neighbours(through, option: "--through", among: [.detect, .read, .track])
            try replay(contents, through: stages, settings: settings, logger: logger)
        } else {
            try await replayIntoKafka(contents, settings: settings, logger: logger)
        }
    }

    private func replayIntoKafka(_ contents: RecordingContents, settings: Pipeline, logger: Logger) async throws {
        for topic in topic where !contents.topics.contains(topic) {
            throw ReplayError.notRecorded(file: file, topic: topic, found: contents.topics)
        }
        var kafka = settings.kafka ?? PipelineKafka()
        if let brokers { kafka.brokers = brokers.split(separator: ",").map(String.init) }
        let topics = topic.isEmpty ? contents.topics : topic
        let cluster = KafkaCluster(kafka, logger: logger)
        // Before signals are caught: what waits for a broker has nothing to finish.
        try await cluster.connect()
        let replay = ReplayIntoKafka(
            file: file, filter: filter(topics: Set(topics)),
            names: Dictionary(topics.map { ($0, renamed($0)) }) { first, _ in first }, speed: speed,
            partitions: partitions ?? kafka.partitions, cluster: cluster, quiet: quiet)
        try await StageProcess.run([replay], logger: logger)
    }

    /// A topic under `--name`.
    private func renamed(_ topic: String) -> String {
        guard let name, let dot = topic.firstIndex(of: ".") else { return topic }
        return name + topic[dot...]
    }

    private func replay(
        _ contents: RecordingContents, through stages: [PipelineStage], settings: Pipeline, logger: Logger
    ) throws {
        if stages.last != .track, passages != nil || compare != nil {
            throw ValidationError("--passages and --compare need track in --through")
        }
        for output in [record, passages, report].compactMap({ $0 }) {
            for input in [file, compare].compactMap({ $0 }) where WholeFile.areSame(input, output) {
                throw ReplayError.overwritesInput(output)
            }
        }
        let replay = Replay(
            through: stages, topics: try contents.names(for: stages[0]), batch: batch, partitions: partitions ?? 1,
            encodes: record != nil)
        // Everything that can be wrong is found before the long part.
        let baseline = try compare.map { try Baseline($0, topic: replay.topics.passages) }
        let make = try steps(stages, settings, logger)
        let recorder = try record.map { try Recorder(to: $0, schemas: Schema.recordings) }
        let lines = try passages.map { try PassageFile($0) }
        var found: [Passage] = []
        do {
            found = try play(replay, of: contents.count(of: replay.input), make, recorder, lines)
        } catch {
            // Half an output must not pass for a whole one. The recording is ours: it was not there before.
            lines?.discard()
            if let recorder { unlink(recorder.path) }
            throw error
        }
        if let baseline { try finish(baseline, found) }
    }

    /// - Returns: The passages, when they are to be compared.
    private func play(
        _ replay: Replay, of total: Int, _ make: () throws -> ReplaySteps, _ recorder: Recorder?,
        _ lines: PassageFile?
    ) throws -> [Passage] {
        var reader = try RecordingReader(path: file, filter: filter(topics: [replay.input]))
        var pace = ReplayPace(speed: speed)
        var progress = ReplayProgress(total: total, quiet: quiet)
        var found: [Passage] = []
        let counts = try replay.run(make: make) {
            guard let record = try reader.next()?.record else { return nil }
            pace.wait(for: record.timestamp)
            return record
        } write: { outputs, counts in
            for output in outputs.records { try recorder?.append([output.record], to: output.topic) }
            try lines?.append(outputs.passages)
            if compare != nil { found += outputs.passages }
            progress.show(counts)
        }
        progress.finish(counts)
        // "Same" would be true of nothing at all, and a mistyped time would pass for ever.
        guard counts.records > 0 else { throw ReplayError.nothingPlayed(file: file, topic: replay.input) }
        if counts.plates > 0, counts.platesWithoutImage == counts.plates { throw ReplayError.noImages(file) }
        _ = try recorder?.finish()
        try lines?.finish()
        return found
    }

    /// Makes the stages of one worker.
    private func steps(
        _ stages: [PipelineStage], _ settings: Pipeline, _ logger: Logger
    ) throws -> () throws -> ReplaySteps {
        let vision =
            stages[0] < .track
            ? try VisionStages(settings, home: GantryHome.find(), logger: logger) : nil
        return {
            var steps = ReplaySteps()
            if let vision, stages.contains(.detect) {
                steps.detect = ReplaySteps.step(try vision.makeDetect()) { (frame: StreamRecord<EncodedFrame>) in
                    frame.map { FrameImage.jpeg($0.jpeg) }
                }
            }
            if let vision, stages.contains(.read) { steps.read = ReplaySteps.step(try vision.makeRead()) }
            if stages.contains(.track) { steps.track = ReplaySteps.step(Watch(settings: settings.trackSettings)) }
            return steps
        }
    }

    private func finish(_ baseline: Baseline, _ found: [Passage]) throws {
        let window = ReplayWindow(cameras: Set(camera.map { CameraID($0) }), from: from, to: to)
        let before = baseline.passages.filter(window.keeps)
        let now = found.filter(window.keeps)
        let apart = baseline.passages.filter { window.cameras.isEmpty || window.cameras.contains($0.camera) }.count
        if from != nil || to != nil, !quiet {
            let text =
                "of \(apart) and \(found.count) passages, \(before.count) and \(now.count) lie inside --from and --to "
                + "by \(ReplayWindow.margin) s or more and are compared\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
        let comparison = Comparison(baseline: before, candidate: now)
        let summary = ComparisonReport(comparison, tolerance: tolerance ?? 0)
        if let report {
            let title = "\(URL(filePath: baseline.path).lastPathComponent) and \(URL(filePath: file).lastPathComponent)"
            let page = ComparisonPage(comparison, report: summary, title: title).html()
            // Plates in clear: for its owner's eyes.
            try WholeFile.write(Data(page.utf8), to: report, permissions: 0o600)
        }
        switch format ?? .text {
        case .text: print(summary.text())
        case .json: print(String(decoding: try summary.json(), as: UTF8.self))
        }
        if summary.verdict != .same { throw ExitCode(summary.verdict.exitStatus) }
    }

    private func filter(topics: Set<String>?) -> RecordingFilter {
        RecordingFilter(
            topics: topics, keys: camera.isEmpty ? nil : Set(camera), from: from?.nanoseconds, to: to?.nanoseconds)
    }

    private static func share(_ text: String) throws -> Double {
        let value = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
        guard let value, (0...1).contains(value) else { throw ValidationError("'\(text)' is no share, as in 2%") }
        return value
    }
}
