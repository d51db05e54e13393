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
            Each DIR holds images and truth.tsv, one plate a row, columns separated by tabs, no heading needed:

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

            Several folders are measured as one set.

            Examples:
                gantry bench plates photographs
                gantry bench plates photographs --crops --details
                gantry bench plates photographs --html failures.html --format json > figures.json
            """)

    @Argument(help: ArgumentHelp("Folders of images, each with truth.tsv.", valueName: "dir"))
    var folders: [String]
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
        let sets = try folders.map { try LabelledFolder($0, allowsWholeImages: crops) }
        let home = try GantryHome.find()
        let settings = try pipeline.map { try Pipeline(contentsOf: $0, cameras: .elsewhere) } ?? Pipeline(name: "bench")
        // Opened before the work, so that a folder that is not there is found now.
        let page = try html.map { try OutputFile($0) }
        let logger = Logger(label: "gantry") { LineLogHandler(label: $0, format: .text, level: .warning) }
        let run: PlateBenchRun
        var models: [String: String]
        if crops {
            var probe = try LabelProbe(settings, home: home)
            models = ["reader": probe.model]
            run = try measure(&probe, sets, faces: try? FaceCover(settings, home: home, logger: logger))
        } else {
            let stages = try VisionStages(settings, home: home, logger: logger)
            models = ["reader": stages.readerModel]
            for model in stages.models { models[model.descriptor.task.rawValue] = model.name }
            var probe = ImageProbe(reader: try PlateImageReader(stages))
            run = try measure(&probe, sets, faces: try FaceCover(stages))
        }
        let report = PlateBenchReport(
            folders: folders, crops: crops, models: models, accuracy: PlateAccuracy(run.trials),
            details: details ? run.rows : nil)
        print(format == .json ? try report.json() : report.text)
        if let page, let html {
            try page.write(run.sheet.page(title: report.title))
            FileHandle.standardError.write(Data("bench plates: \(run.sheet.count) failures in \(html)\n".utf8))
        }
    }

    private func measure<Probe: PlateProbing & ~Copyable>(
        _ probe: inout Probe, _ sets: [LabelledFolder], faces: consuming FaceCover?
    ) throws -> PlateBenchRun {
        var faces = faces
        var run = PlateBenchRun(sheet: FailureSheet())
        let images = sets.flatMap { set in set.truth.images.map { (set: set, file: $0.file, labels: $0.labels) } }
        let line = CountLine("bench plates", of: images.count, "images")
        for (number, image) in images.enumerated() {
            var milliseconds = PlatesLine.Milliseconds()
            let seen: ProbedImage
            do { seen = try probe.look(at: image.set.path(image.file), image.labels, timing: &milliseconds) } catch {
                throw PlateTruthError.image(
                    path: image.set.truthPath, line: image.labels[0].line,
                    what: "\(image.file) can't be used: \(error)")
            }
            let plates = try image.labels.map { try seen.plate($0, truthPath: image.set.truthPath) }
            let trial = PlateTrial(
                outcome: ImageOutcome(labels: plates, finds: seen.finds), decode: milliseconds.decode,
                detect: milliseconds.detect, read: milliseconds.read)
            let name = sets.count > 1 ? image.set.path(image.file) : image.file
            run.trials.append(trial)
            run.rows += PlateBenchRow.rows(name, trial.outcome)
            if html != nil {
                try run.sheet.add(name, seen.picture, trial.outcome, isWhole: !crops) { picture in
                    try faces?.covered(picture)
                }
            }
            line.show(number + 1)
        }
        line.end("\(run.trials.flatMap(\.outcome.labels).count) plates in \(images.count) images, \(line.seconds) s")
        return run
    }
}

/// A folder of images with their labels.
struct LabelledFolder {
    let folder: String
    let truth: PlateTruth

    /// - Throws: ``PlateTruthError`` with everything that is wrong, and where.
    init(_ folder: String, allowsWholeImages: Bool) throws(PlateTruthError) {
        self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let path = "\(self.folder)/truth.tsv", files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw .noTruth(path: path, why: "there is no folder '\(folder)'")
        }
        guard let data = files.contents(atPath: path) else { throw .noTruth(path: path, why: "it is not there") }
        guard let text = String(data: data, encoding: .utf8) else {
            throw .noTruth(path: path, why: "it is no UTF-8 text")
        }
        truth = try PlateTruth(tsv: text, path: path, allowsWholeImages: allowsWholeImages) { file in
            files.fileExists(atPath: "\(folder)/\(file)")
        }
    }

    var truthPath: String { path("truth.tsv") }
    func path(_ file: String) -> String { "\(folder)/\(file)" }
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
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        guard descriptor >= 0 else {
            throw ValidationError("can't write \(path): \(String(cString: strerror(errno)))")
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// In place of what the file held before: it is lost only when there is something newer.
    func write(_ text: String) throws {
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(text.utf8))
    }
}
