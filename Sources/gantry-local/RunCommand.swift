import ArgumentParser
import Assembly
import Foundation
import Logging
import StageRunner
import Synchronization
import Topics
import Traffic
import VisionAssembly

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the stages of a pipeline in one process: video in, passages out.",
        discussion: """
            With all stages, no broker is needed: cameras are decoded, vehicles found, plates read, passages stored \
            in PostGIS. A second run over the same recordings adds nothing. With --stages only those neighbours run, \
            and Kafka is on the open sides.

            Examples:
              gantry run pipelines/city.yaml --media recordings/
              gantry run pipelines/city.yaml --media recordings/ --no-database --passages passages.jsonl
              gantry run pipelines/city.yaml --media recordings/ --record monday.mcap
              gantry run pipelines/edge.yaml --stages decode,detect
            """)

    @Argument(help: "Pipeline file.")
    var pipeline: String
    @Option(help: ArgumentHelp("Folder with cameras.json, in place of the pipeline's cameras.", valueName: "dir"))
    var media: String?
    @Option(help: "Database address; by default the pipeline's, else the private cluster under .gantry.")
    var database: String?
    @Flag(help: "Store nothing in a database.")
    var noDatabase = false
    @Option(help: ArgumentHelp("Write passages there, one JSON object a line.", valueName: "file"))
    var passages: String?
    @Option(help: ArgumentHelp("Write counts, rates and rejections there, as JSON.", valueName: "file"))
    var summary: String?
    @Option(help: ArgumentHelp("Write best crops there; rendered media only.", valueName: "dir"))
    var crops: String?
    @Option(help: "Neighbouring stages to run, for example decode,detect; all by default.")
    var stages: String?
    @Option(help: ArgumentHelp("Record what every stage gives, frames left out, for gantry replay.", valueName: "file"))
    var record: String?
    @Flag(help: "Also record whole frames: faces and plates in clear.")
    var includeFrames = false
    @OptionGroup var sharing: SharingArguments
    @Flag(help: "No progress line.")
    var quiet = false

    func validate() throws {
        if record == nil, includeFrames || sharing.stripImages || sharing.pseudonymise {
            throw ValidationError("--include-frames, --strip-images and --pseudonymise are about --record FILE")
        }
        try sharing.check(includeFrames: includeFrames)
    }

    func run() async throws {
        let home = try GantryHome.find()
        let chosen = try stages.map { try PipelineStage.neighbours($0) } ?? PipelineStage.allCases
        let file = try Pipeline(
            contentsOf: pipeline,
            cameras: media.map { .media($0) } ?? (chosen.contains(.decode) ? .listed : .elsewhere))
        let registry = StageProcess.bootstrap(
            log: LogFormat(rawValue: file.log.format.rawValue) ?? .text,
            level: Logger.Level(rawValue: file.log.level.rawValue) ?? .info)
        let logger = Logger(label: "gantry")
        if chosen.count < PipelineStage.allCases.count {
            if record != nil { throw RunError.recordsTopics }
            try await StageServices.run(
                file, name: "gantry", httpPort: UInt16(file.http.port), metrics: registry
            ) { pipeline, kafka, home, logger in
                try FusedStages(pipeline, kafka: kafka, home: home, logger: logger, database: database)
                    .services(for: chosen)
            }
            return
        }

        let crops = try crops.map { folder in
            guard let media, Media.isRendered(media) else { throw RunError.notRendered(media ?? pipeline) }
            return try CropFolder(folder)
        }
        let lines = try passages.map { try PassageFile($0) }
        let store =
            noDatabase
            ? nil
            : try PassageStore(
                file, database: try database ?? file.database.address(home: home.path), migrate: true,
                home: home,
                logger: logger)
        let counts = RunCounts()
        let taken = try record.map { path in
            RunRecording(
                target: try RecordingTarget(path, sharing, home: home), topics: file.topics,
                includesFrames: includeFrames)
        }
        let local = LocalRun(
            file, stages: try VisionStages(file, home: home, logger: logger), logger: logger, counts: counts,
            recording: taken
        ) { batch in
            try taken?.append(reports: batch.elements)
            let refusals = try store?.write(batch) ?? []
            let refused = Set(refusals.map(\.index))
            let kept = batch.elements.enumerated().filter { !refused.contains($0.offset) }.compactMap(\.element.passage)
            try lines?.append(kept)
            try crops?.write(kept)
            counts.saw(kept)
            return refusals
        }

        let (services, progress) = local.services()
        let status =
            file.http.port == 0
            ? nil : StatusServer(port: UInt16(file.http.port), metrics: registry, stages: progress)
        let legs = store.map { store in Task { try await store.legs.run() } }
        let line = quiet ? nil : Task { await ProgressLine(counts).run() }
        let start = ContinuousClock.now
        defer {
            line?.cancel()
            legs?.cancel()
        }
        do {
            try await StageProcess.run(services, logger: logger, status: status)
        } catch {
            try lines?.finish()
            try taken?.target.finish()
            throw error
        }
        line?.cancel()
        await line?.value
        legs?.cancel()
        try? await legs?.value
        try store?.finishLegs()
        try lines?.finish()
        try taken?.target.finish()
        let report = RunSummary(
            pipeline: file.name, counts: counts, progress: progress, seconds: start.duration(to: .now).inSeconds,
            unreadable: local.unreadable)
        if let summary { try report.write(to: summary) }
        if !quiet { FileHandle.standardError.write(Data((report.text + "\n").utf8)) }
        guard local.unreadable.isEmpty else { throw ExitCode.failure }
    }
}

/// What `--summary` writes.
struct RunSummary: Encodable {
    var pipeline: String
    var seconds: Double
    var framesPerSecond: Double
    var decoded: Int
    var counts: RunCounts.Values
    /// Records that could not be processed, by code, and what stages shed or skipped, by reason.
    var rejected: [String: Int] = [:]
    var tallies: [String: Int] = [:]
    /// Cameras that could not be read at all, with the reason.
    var unreadable: [String]

    enum CodingKeys: String, CodingKey {
        case pipeline, seconds, framesPerSecond = "frames_per_second", decoded, counts, rejected, tallies, unreadable
    }

    init(pipeline: String, counts: RunCounts, progress: [StageProgress], seconds: Double, unreadable: [String]) {
        self.pipeline = pipeline
        self.seconds = (seconds * 1000).rounded() / 1000
        self.counts = counts.values
        self.unreadable = unreadable
        decoded = counts.decoded.done
        framesPerSecond = seconds > 0 ? (Double(counts.values.frames) / seconds * 10).rounded() / 10 : 0
        for stage in progress {
            rejected.merge(stage.rejected, uniquingKeysWith: +)
            tallies.merge(stage.tallies, uniquingKeysWith: +)
        }
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try WholeFile.write(try encoder.encode(self), to: path)
    }

    var text: String {
        var text = """
            \(counts.frames) frames in \(Int(seconds.rounded())) s (\(framesPerSecond) frames/s): \
            \(counts.vehicles) vehicles, \(counts.plates) plates, \(counts.reads) reads
            \(counts.passages) passages, \(counts.passagesWithPlate) with a plate, \
            \(counts.passagesAccepted) of them accepted
            """
        for (code, count) in rejected.sorted(by: { $0.key < $1.key }) { text += "\nrejected \(code): \(count)" }
        for reason in unreadable { text += "\nunreadable: \(reason)" }
        return text
    }
}

/// What a folder of recordings says of itself.
enum Media {
    private struct List: Decodable { var rendered: Bool? }

    /// Whether `cameras.json` says that its vehicles were drawn and are nobody's.
    static func isRendered(_ folder: String) -> Bool {
        guard let data = FileManager.default.contents(atPath: folder + "/cameras.json"),
            let list = try? JSONDecoder().decode(List.self, from: data)
        else { return false }
        return list.rendered ?? false
    }
}
