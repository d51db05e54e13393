import ArgumentParser
import Foundation
import Logging
import StageRunner
import Stages
import Traffic
import Vision
import VisionAssembly

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures Gantry: how well it reads, and what it costs beside bare calls.",
        discussion: """
            How many plates are found and read, on images of your own: `gantry bench plates DIR`. What the pipeline \
            adds to decode and bare model calls, over whole recordings: `gantry bench pipeline`; frame by frame and \
            call by call: `gantry bench vision`. What recordings of topics cost beside plain zstd: `gantry bench recording`; \
            how many boxes a second are linked into tracks: `gantry bench track`; both together: `gantry bench replay`; \
            how many passages a second reach the database, beside a plain COPY: `gantry bench ingest`; how long \
            questions about movement take, beside plain SQL over the sightings: `gantry bench queries`.
            """,
        subcommands: [
            BenchPlatesCommand.self, BenchVisionCommand.self, BenchPipelineCommand.self, BenchRecordingCommand.self,
            BenchTrackCommand.self, BenchReplayCommand.self, BenchIngestCommand.self, BenchQueriesCommand.self,
        ])
}

struct BenchPipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "The in-process run against bare decode and bare model calls on the same frames.",
        discussion: """
            Runs the pipeline over recordings, without a database, counting every call of a network and of the \
            reader. Then, in the same process, decodes the same recordings and makes exactly those calls, and nothing \
            else. The ratio of processor times is the overhead; elapsed time also shows what the second core brings.
            """)

    @Option(help: ArgumentHelp("Recordings with cameras.json; by default the demo's.", valueName: "dir"))
    var media: String?
    @Option(help: "Pipeline file.")
    var pipeline = "pipelines/city.yaml"
    @Flag(help: "One JSON object.")
    var json = false

    func run() async throws {
        let home = try GantryHome.find()
        let media = media ?? home.directory.appending(path: "demo/clips").path
        let file = try Pipeline(contentsOf: pipeline, cameras: .media(media))
        StageProcess.bootstrap(level: .warning)
        let logger = Logger(label: "gantry-bench")
        let stages = try VisionStages(file, home: home, logger: logger)

        let counts = RunCounts()
        let local = LocalRun(file, stages: stages, logger: logger, counts: counts) { batch in
            counts.saw(batch.elements.compactMap(\.passage))
            return []
        }
        let line = Task { await ProgressLine(counts).run() }
        let run = try await Spent.on { try await StageProcess.run(local.services().services, logger: logger) }
        line.cancel()
        await line.value
        let calls = stages.calls

        FileHandle.standardError.write(Data("the same frames and calls, bare\n".utf8))
        let decode = try await Spent.on {
            for camera in file.cameras {
                let source = CameraSource(try CameraSourceSettings(camera, decode: file.decode), logger: logger)
                while try source.next() != nil {}
            }
        }
        let networks = try await Spent.on { try stages.makeFinder().runBare(calls) }
        let plate = try PlateRenderer().plate(text: "1ABC234", style: .belgian)
        let reader = try await Spent.on {
            var reader = try stages.makeReader()
            try reader.runBare(on: plate, times: calls[.reader] ?? 0)
        }
        let report = OverheadReport(
            frames: counts.values.frames, calls: calls, run: run, decode: decode, networks: networks, reader: reader)
        print(json ? try report.json() : report.text)
    }
}

/// Time that something took: elapsed, and of all processors together. Seconds.
struct Spent: Codable {
    var elapsed, processor: Double

    static func on(_ body: () async throws -> Void) async rethrows -> Spent {
        let start = ContinuousClock.now
        let before = processorSeconds
        try await body()
        return Spent(elapsed: start.duration(to: .now).inSeconds, processor: processorSeconds - before)
    }

    private static var processorSeconds: Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

struct OverheadReport: Encodable {
    var frames: Int
    var calls: [String: Int]
    var run, decode, networks, reader: Spent
    /// Processor time of the run over that of decode and calls; and elapsed time of the run over theirs, one by one.
    var processorRatio, elapsedRatio: Double

    enum CodingKeys: String, CodingKey {
        case frames, calls, run, decode, networks, reader
        case processorRatio = "processor_ratio", elapsedRatio = "elapsed_ratio"
    }

    init(frames: Int, calls: [ModelTask: Int], run: Spent, decode: Spent, networks: Spent, reader: Spent) {
        self.frames = frames
        self.calls = Dictionary(uniqueKeysWithValues: calls.map { ($0.key.rawValue, $0.value) })
        (self.run, self.decode, self.networks, self.reader) = (run, decode, networks, reader)
        let bare = [decode, networks, reader]
        processorRatio = run.processor / bare.map(\.processor).reduce(0, +)
        elapsedRatio = run.elapsed / bare.map(\.elapsed).reduce(0, +)
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        func row(_ name: String, _ spent: Spent) -> String {
            let padded = name.padding(toLength: 28, withPad: " ", startingAt: 0)
            return padded + String(format: "%10.1f s %10.1f s", spent.processor, spent.elapsed)
        }
        let made = calls.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return """
            \(frames) frames; calls: \(made)
                                            processor      elapsed
            \(row("whole run", run))
            \(row("bare decode", decode))
            \(row("bare networks", networks))
            \(row("bare reader", reader))
            run / bare                  \(String(format: "%12.2f %12.2f", processorRatio, elapsedRatio))
            """
    }
}
