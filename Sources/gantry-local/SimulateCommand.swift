import ArgumentParser
import Foundation
import Vision

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Makes input for the pipeline out of nothing.",
        subcommands: [SimulateClipsCommand.self, SimulateCityCommand.self])
}

struct SimulateClipsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clips",
        abstract: "Renders a small city's camera clips, with the truth beside them.",
        discussion: """
            Writes cameras.json, one clip a camera and truth.jsonl (one visit a line) for \
            `gantry run --media DIR`. The same options give the same city. A folder that already holds it is left \
            as it is. About a minute of one core by default.
            """)

    @Option(help: "Folder to write to; made when absent.")
    var out: String
    @Option(help: "Another number gives another city.")
    var seed: UInt64 = Scenario.Settings().seed
    @Option(help: "1 to 6, along one route.")
    var cameras = Scenario.Settings().cameras
    @Option(help: "1 to 200. Those that don't fit into a clip are left out there.")
    var vehicles = Scenario.Settings().vehicles
    @Option(help: "Length of each clip, 10 to 600.")
    var seconds = Scenario.Settings().seconds
    @Option(help: "Pixels, 640x360 to 3840x2160.")
    var size = PictureSize(width: Scenario.Settings().width, height: Scenario.Settings().height)
    @Option(help: "Frames a second, 5 to 30.")
    var fps = Scenario.Settings().framesPerSecond
    @Flag(help: "Render even if the folder already holds this city.")
    var force = false

    func run() async throws {
        var settings = Scenario.Settings()
        settings.seed = seed
        settings.cameras = cameras
        settings.vehicles = vehicles
        settings.seconds = seconds
        settings.width = size.width
        settings.height = size.height
        settings.framesPerSecond = fps
        let clips = SimulatedClips(try Scenario(settings), folder: out)
        let line = CountLine("simulate", of: clips.totalFrames, "frames")
        let outcome = try clips.write(force: force) { line.show($0) }
        let visits = clips.scenario.truth().count
        let what = "\(cameras) clips, \(vehicles) vehicles, \(visits) visits"
        switch outcome {
        case .rendered: line.end("rendered \(what) in \(line.seconds) s")
        case .reused: line.end("\(out) already holds them: \(what) (--force renders them again)")
        }
        print(out)
    }
}

/// A width and a height, written `1280x720`.
struct PictureSize: ExpressibleByArgument {
    var width, height: Int

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    init?(argument: String) {
        let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let width = parts[0], let height = parts[1] else { return nil }
        self.init(width: width, height: height)
    }

    var defaultValueDescription: String { "\(width)x\(height)" }
}
