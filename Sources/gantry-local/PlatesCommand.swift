import ArgumentParser
import Foundation
import Logging
import StageRunner
import Stages
import Traffic
import Vision
import VisionAssembly

/// `gantry plates`: reads plates on still images, without broker or database.
struct PlatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plates", abstract: "Find and read the plates on still images.",
        discussion: """
            Folders are searched for images; other files are skipped. With --json each image gives one JSON object \
            on one line of standard output, and nothing else goes there. An image that can't be read gives a line \
            with its error, and exit status 1 at the end.
            """)

    @Argument(help: ArgumentHelp("Images, and folders of images.", valueName: "image-or-folder"))
    var paths: [String]
    @Flag(help: "One JSON object a line.")
    var json = false
    @Flag(help: "Each image is one plate: read it all, find nothing.")
    var crops = false
    @Option(help: "Confidence below which a read is not accepted, 0 to 1.")
    var abstain: Double?
    @Option(help: "Plate grammars in place of those that come with Gantry.")
    var grammars: String?
    @Flag(help: .hidden)
    var evidence = false

    func validate() throws {
        if let abstain, !(0...1).contains(abstain) {
            throw ValidationError("--abstain is \(abstain); a confidence lies from 0 to 1.")
        }
    }

    func run() async throws {
        let home = try GantryHome.find()
        var failed = false
        func show(_ line: PlatesLine) throws {
            if line.error != nil { failed = true }
            try FileHandle.standardOutput.write(
                contentsOf: Data(((json ? try line.json() : line.table) + "\n").utf8))
        }
        let images = PlatesImages.list(paths)
        if crops {
            // No networks: reading crops works where none is installed.
            OpenCV.setThreads(1)
            var settings = ReaderSettings()
            settings.abstain = abstain
            settings.grammars = grammars.map { URL(filePath: $0) }
            let recipe = try PlateReaderRecipe(settings, store: try ModelStore.standard(home: home.directory))
            var reader = PlateCropReader(
                reader: try recipe.makeReader(.exact), interpreter: recipe.interpreter, withEvidence: evidence)
            for image in images { try show(reader.line(image)) }
        } else {
            var pipeline = Pipeline(name: "plates")
            pipeline.read.abstain = abstain
            pipeline.read.grammars = grammars
            // Below warnings it would only repeat what `gantry doctor` says, before every answer.
            let logger = Logger(label: "gantry") { LineLogHandler(label: $0, format: .text, level: .warning) }
            let stages = try VisionStages(pipeline, home: home, logger: logger)
            var reader = PlateImageReader(
                detect: try stages.makeDetect(), read: try stages.makeRead(), interpreter: stages.interpreter)
            for image in images { try show(reader.line(image)) }
        }
        if failed { throw ExitCode(1) }
    }
}

/// Whole images, through the stages of the pipeline.
private struct PlateImageReader: ~Copyable {
    var detect: Detect<ObjectFinder>
    var read: Read<TesseractReader>
    let interpreter: ReadInterpreter

    mutating func line(_ file: String) -> PlatesLine {
        var line = PlatesLine(file: file)
        do {
            let picture = try timed(&line.ms.decode) { try decoded(file) }
            line.width = picture.width
            line.height = picture.height
            let id = FrameID(camera: "plates", epoch: Epoch(0), frame: 0)
            let record = StreamRecord(
                id: id, time: EventTime(nanoseconds: 0), body: .frame(FrameImage.pixels(picture)))
            let found = try timed(&line.ms.detect) { try detect.process(record) }
            let reads = timed(&line.ms.read) { found.flatMap { read.process($0) } }
            line.redactions = found.compactMap(\.content?.redactions).reduce(0, +)
            line.vehicles = reads.flatMap { $0.content?.vehicles ?? [] }.map { .init($0) }
            line.plates = reads.flatMap { $0.content?.plates ?? [] }.map { .init($0, interpreter) }
        } catch {
            line.error = "\(error)"
        }
        return line
    }
}

/// Images that are one plate each.
private struct PlateCropReader: ~Copyable {
    var reader: TesseractReader
    let interpreter: ReadInterpreter
    let withEvidence: Bool

    mutating func line(_ file: String) -> PlatesLine {
        var line = PlatesLine(file: file)
        do {
            let picture = try timed(&line.ms.decode) { try decoded(file) }
            line.width = picture.width
            line.height = picture.height
            let box = Box(x: 0, y: 0, width: Double(picture.width), height: Double(picture.height))
            let whole = Plate(box: box, corners: Quadrilateral(box), score: 1, vehicle: nil, crop: nil)
            var sharpness = 0.0
            var seen: ReadEvidence?
            let read = timed(&line.ms.read) { () -> PlateRead in
                do throws(PlateRefusal) {
                    let raw = try reader.read(picture, corners: whole.corners)
                    sharpness = raw.sharpness
                    if withEvidence { seen = interpreter.evidence(raw) }
                    return interpreter.interpret(raw)
                } catch {
                    return PlateRead(refused: error)
                }
            }
            line.plates = [
                .init(ReadPlate(plate: whole, read: read, sharpness: sharpness), interpreter, evidence: seen)
            ]
        } catch {
            line.error = "\(error)"
        }
        return line
    }
}

private func decoded(_ file: String) throws -> Picture {
    guard let bytes = FileManager.default.contents(atPath: file) else {
        throw VisionError.unreadable("\(file): no such file, or no permission")
    }
    return try Picture.decoding(Array(bytes))
}

/// Runs and adds how long it took, in milliseconds to a hundredth.
private func timed<Result>(_ milliseconds: inout Double, _ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    defer { milliseconds = PlatesLine.rounded((ContinuousClock.now - start) / .milliseconds(1), 100) }
    return try body()
}
