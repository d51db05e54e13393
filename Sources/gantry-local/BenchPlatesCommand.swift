import ArgumentParser
import Foundation
import Logging
import StageRunner
import Stages
import Traffic
import Vision
import VisionAssembly

/// `gantry bench plates`: how many plates of labelled images are found and read.
struct BenchPlatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plates",
        abstract: "How many plates of labelled images are found, read exactly, and accepted rightly.",
        discussion: """
            DIR holds images and truth.tsv, one plate a row, columns separated by tabs, no heading needed:

                file  x  y  width  height  text
                street-7.jpg  312  240  96  24  1ABC234

            x, y, width and height are the plate's box in pixels from the top left; an image may have several rows. \
            Of a text only A-Z and 0-9 count. Every plate visible in an image should be labelled, or finding it \
            counts as a false box. Measured with labels on 100 plates, a rate is known to 5 to 10 points: the \
            interval after each figure (95%, Wilson) says how well.

            Which number to look at: captured, when vehicles go by unseen; exact, when reads are wrong or missing; \
            precision, when the database holds wrong plates; the thresholds, before setting read.abstain in the \
            pipeline file. With --crops the plates are cut out where the labels say and only read: what \
            is still wrong then is the reader's fault, and the rest the detector's.

            --html writes the failures as one page to skim. It shows real plates: treat it as personal data.

            Examples:
                gantry bench plates photographs
                gantry bench plates photographs --crops --details
                gantry bench plates photographs --html failures.html --format json > figures.json
            """)

    @Argument(help: ArgumentHelp("Folder of images with truth.tsv.", valueName: "dir"))
    var folder: String
    @Flag(help: "Cut the plates out by their labels and only read them; rows of just file and text are whole plates.")
    var crops = false
    @Option(help: "text or json.")
    var format: Format = .text
    @Flag(help: "List every plate: truth, read, confidence, reason.")
    var details = false
    @Option(help: ArgumentHelp("Write the failures as one HTML page.", valueName: "file"))
    var html: String?
    @Option(help: ArgumentHelp("Pipeline file with the models and settings to measure.", valueName: "file"))
    var pipeline: String?

    enum Format: String, ExpressibleByArgument { case text, json }

    func run() async throws {
        let truth = try labels()
        let home = try GantryHome.find()
        let settings = try pipeline.map { try Pipeline(contentsOf: $0, cameras: .elsewhere) } ?? Pipeline(name: "bench")
        // Opened before the work, so that a folder that is not there is found now.
        let page = try html.map { try OutputFile($0) }
        let logger = Logger(label: "gantry") { LineLogHandler(label: $0, format: .text, level: .warning) }
        let run: PlateBenchRun
        if crops {
            var probe = try LabelProbe(settings, home: home)
            run = try measure(&probe, truth, faces: try? FaceCover(settings, home: home, logger: logger))
        } else {
            let stages = try VisionStages(settings, home: home, logger: logger)
            var probe = ImageProbe(reader: try PlateImageReader(stages))
            run = try measure(&probe, truth, faces: try FaceCover(stages))
        }
        let report = PlateBenchReport(
            folder: folder, crops: crops, accuracy: PlateAccuracy(run.trials), details: details ? run.rows : nil)
        print(format == .json ? try report.json() : report.text)
        if let page, let html {
            try page.write(run.sheet.page(title: report.title))
            FileHandle.standardError.write(Data("bench plates: \(run.sheet.count) failures in \(html)\n".utf8))
        }
    }

    private var truthPath: String { folder.hasSuffix("/") ? "\(folder)truth.tsv" : "\(folder)/truth.tsv" }

    private func labels() throws -> PlateTruth {
        func refuse(_ why: String) -> PlateTruthError { .noTruth(path: truthPath, why: why) }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw refuse("there is no folder '\(folder)'")
        }
        guard let data = FileManager.default.contents(atPath: truthPath) else { throw refuse("it is not there") }
        guard let text = String(data: data, encoding: .utf8) else { throw refuse("it is no UTF-8 text") }
        return try PlateTruth(tsv: text, path: truthPath, allowsWholeImages: crops) { file in
            FileManager.default.fileExists(atPath: "\(folder)/\(file)")
        }
    }

    private func measure<Probe: PlateProbing & ~Copyable>(
        _ probe: inout Probe, _ truth: PlateTruth, faces: consuming FaceCover?
    ) throws -> PlateBenchRun {
        var faces = faces
        var run = PlateBenchRun(sheet: FailureSheet())
        let images = truth.images
        let line = CountLine("bench plates", of: images.count, "images")
        for (number, image) in images.enumerated() {
            let path = "\(folder)/\(image.file)"
            var milliseconds = PlatesLine.Milliseconds()
            let seen: ProbedImage
            do { seen = try probe.look(at: path, image.labels, timing: &milliseconds) } catch {
                let first = image.labels[0].line
                throw PlateTruthError.image(path: truthPath, line: first, what: "\(image.file) can't be used: \(error)")
            }
            let plates = try image.labels.map { try seen.plate($0, truthPath: truthPath) }
            let trial = PlateTrial(
                outcome: ImageOutcome(labels: plates, finds: seen.finds), decode: milliseconds.decode,
                detect: milliseconds.detect, read: milliseconds.read)
            run.trials.append(trial)
            run.rows += PlateBenchRow.rows(image.file, trial.outcome)
            if html != nil {
                try run.sheet.add(image.file, seen.picture, trial.outcome, isWhole: !crops) { picture in
                    try faces?.covered(picture)
                }
            }
            line.show(number + 1)
        }
        line.end("\(truth.labels.count) plates in \(images.count) images took \(line.seconds) s")
        return run
    }
}

/// What a measurement gathers.
struct PlateBenchRun {
    var trials: [PlateTrial] = []
    var rows: [PlateBenchRow] = []
    var sheet: FailureSheet
}

/// A file that is made before long work whose result goes into it.
struct OutputFile {
    private let handle: FileHandle

    /// Readable by its owner alone: what goes in shows real plates.
    init(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else {
            throw ValidationError("can't write \(path): \(String(cString: strerror(errno)))")
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func write(_ text: String) throws { try handle.write(contentsOf: Data(text.utf8)) }
}
