import ArgumentParser
import Foundation
import Logging
import StageRunner
import Stages
import Traffic
import Vision
import VisionAssembly

/// `gantry bench vision`: stages against the bare calls inside them, one frame and one plate at a time.
struct BenchVisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vision",
        abstract: "The detect and read stages against bare calls of their networks and of Tesseract, on one thread.",
        discussion: """
            For each frame, brought to 1280x720, the whole detect stage runs once, and so does, bare, each network \
            call that it made: forward passes and nothing else. The two take turns in going first, so that whatever \
            else the machine does hits both alike. Plates found on the way are read in the same manner: the whole \
            reading against as many bare recognitions of a line as it made.

            A ratio is the median over frames (or plates) of whole time over bare time: 1.10 means that everything \
            around the models costs a tenth. Milliseconds depend on the machine and on what else it does; ratios \
            hardly do.

            Frames come from the demo's clips where they are (`make demo` renders them), else they are rendered.

            Examples:
                gantry bench vision
                gantry bench vision --media recordings --frames 100 --format json
                gantry bench vision --image street.jpg
            """)

    @Option(help: ArgumentHelp("One image as every frame.", valueName: "file"))
    var image: String?
    @Option(help: ArgumentHelp("Recordings with cameras.json, or a folder of images.", valueName: "dir"))
    var media: String?
    @Option(help: "How many frames, 1 to 400.")
    var frames = 40
    @Option(help: ArgumentHelp("Pipeline file with the models and settings to measure.", valueName: "file"))
    var pipeline: String?
    @Option(help: "text or json.")
    var format: BenchPlatesCommand.Format = .text

    func validate() throws {
        if image != nil && media != nil { throw ValidationError("give --image or --media, not both.") }
        guard (1...400).contains(frames) else {
            throw ValidationError("--frames is \(frames); give 1 to 400, for they are all held in memory.")
        }
    }

    func run() async throws {
        let home = try GantryHome.find()
        var settings =
            try pipeline.map { try Pipeline(contentsOf: $0, cameras: .elsewhere) } ?? Pipeline(name: "bench")
        settings.detect.threads = 1
        let logger = Logger(label: "gantry") { LineLogHandler(label: $0, format: .text, level: .warning) }
        let stages = try VisionStages(settings, home: home, logger: logger)
        let input = try BenchFrames.load(image: image, media: media, home: home, count: frames, logger: logger)

        let line = CountLine("bench vision", of: input.pictures.count, "frames")
        var detect = try DetectBench(stages)
        try detect.measure(input.pictures) { line.show($0) }
        var read = try ReadBench(stages)
        try read.measure(detect.plates)
        line.end("took \(line.seconds) s")
        let report = VisionBenchReport(input, stages, detect: detect.times, read: read.times)
        print(format == .json ? try report.json() : report.text)
    }
}

/// The frames of a benchmark, all of one size.
struct BenchFrames {
    static let width = 1280, height = 720
    /// Frames of a clip that are passed over between two that are taken: neighbours show the same.
    private static let stride = 10

    var pictures: [Picture]
    /// For people.
    var source: String

    /// - Throws: `ValidationError` when nothing in what was named is an image.
    static func load(
        image: String?, media: String?, home: GantryHome, count: Int, logger: Logger
    ) throws -> BenchFrames {
        if let image {
            let picture = try sized(Picture.decoding(file: image))
            return BenchFrames(pictures: Array(repeating: picture, count: count), source: image)
        }
        let demo = home.directory.appending(path: "demo/clips").path
        if let folder = media ?? (isMedia(demo) ? demo : nil) {
            let pictures = try isMedia(folder) ? clips(folder, count, logger) : images(folder, count)
            guard !pictures.isEmpty else {
                throw ValidationError("\(folder) holds neither recordings with a cameras.json nor images.")
            }
            return BenchFrames(pictures: pictures, source: folder)
        }
        return BenchFrames(pictures: try rendered(count), source: "rendered frames")
    }

    private static func isMedia(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/cameras.json")
    }

    /// Some of each camera's.
    private static func clips(_ folder: String, _ count: Int, _ logger: Logger) throws -> [Picture] {
        let cameras = try Pipeline.cameras(fromMedia: folder)
        let each = (count + cameras.count - 1) / max(1, cameras.count)
        return Array(
            try cameras.flatMap { camera -> [Picture] in
                let source = CameraSource(
                    try CameraSourceSettings(camera, decode: PipelineDecode()), logger: logger)
                defer { source.stop() }
                var taken: [Picture] = [], seen = 0
                while taken.count < each, let event = try source.next() {
                    guard case .record(let record) = event, let picture = record.content else { continue }
                    if seen % stride == 0 { taken.append(try sized(picture)) }
                    seen += 1
                }
                return taken
            }.prefix(count))
    }

    private static func images(_ folder: String, _ count: Int) throws -> [Picture] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw ValidationError("there is no folder \(folder).")
        }
        return try PlatesImages.list([folder]).prefix(count).map { try sized(Picture.decoding(file: $0)) }
    }

    private static func rendered(_ count: Int) throws -> [Picture] {
        let scenario = try Scenario(Scenario.Settings())
        let renderer = try ClipRenderer(scenario, site: 0)
        let last = scenario.framesPerClip - 1
        return try (0..<count).map { try renderer.frame(count == 1 ? last / 2 : $0 * last / (count - 1)) }
    }

    private static func sized(_ picture: Picture) throws -> Picture {
        picture.width == width && picture.height == height
            ? picture : try picture.resized(width: width, height: height)
    }
}
