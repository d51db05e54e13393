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
            var reader = try PlateImageReader(stages)
            for image in images { try show(reader.line(image, stages.interpreter)) }
        }
        if failed { throw ExitCode(1) }
    }
}

extension PlateImageReader {
    /// A line of `gantry plates`; what goes wrong becomes its error.
    fileprivate mutating func line(_ file: String, _ interpreter: ReadInterpreter) -> PlatesLine {
        var line = PlatesLine(file: file)
        do {
            let seen = try look(at: file, timing: &line.ms)
            line.width = seen.picture.width
            line.height = seen.picture.height
            line.redactions = seen.redactions
            line.vehicles = seen.vehicles.map { .init($0) }
            line.plates = seen.plates.map { .init($0, interpreter) }
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
            let picture = try timed(&line.ms.decode) { try Picture.decoding(file: file) }
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
