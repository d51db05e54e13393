import ArgumentParser
import Foundation
import Logging
import StageRunner
import Stages
import Traffic
import Vision
import VisionAssembly

/// Finds and reads the plates of still images. No broker, no database.
struct PlatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plates", abstract: "Finds and reads the plates in still images.",
        discussion: """
            With --json each image gives one JSON object a line on standard output, and nothing else goes there. \
            A folder gives its images in the order of their names; other files are skipped. An image that can't be \
            read gives a line with `error`, and exit status 1 at the end.
            """)

    @Flag(help: "One JSON object a line, for programs.")
    var json = false
    @Flag(help: "Each image is one plate already cut out: no detection.")
    var crops = false
    @Argument(help: ArgumentHelp("Images, or folders of images.", valueName: "image|dir"))
    var paths: [String]

    func validate() throws {
        if paths.isEmpty { throw ValidationError("name at least one image or folder") }
    }

    func run() async throws {
        let logger = Logger(label: "gantry") { label in
            LineLogHandler(label: label, format: .text, level: .warning)
        }
        let home = try GantryHome.find()
        let stages = try VisionStages(Pipeline(name: "plates"), home: home, logger: logger)
        var eye = StillImages(detect: crops ? nil : try stages.makeDetect(), read: try stages.makeRead())
        var failed = false
        for path in try paths.flatMap(ImageList.expand) {
            let result = eye.look(at: path)
            failed = failed || result.error != nil
            print(json ? try result.line() : result.text)
        }
        if failed { throw ExitCode.failure }
    }
}

/// Which files a path of the command line stands for.
enum ImageList {
    private static let extensions: Set<String> = ["jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp"]

    static func expand(_ path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return [path]
        }
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            .filter { extensions.contains(URL(filePath: $0).pathExtension.lowercased()) }
            .map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }
}

/// One line of `gantry plates --json`; docs/architecture.md lists it among the outside contracts.
struct StillResult: Encodable {
    struct Milliseconds: Encodable { var decode = 0.0, detect = 0.0, read = 0.0 }
    struct FoundVehicle: Encodable {
        var box: [Double]
        var kind: String
        var score: Double
        enum CodingKeys: String, CodingKey { case box, kind = "class", score }
    }
    struct Reading: Encodable {
        var text: String
        var confidence: Double
    }
    struct FoundPlate: Encodable {
        var text: String?
        var accepted: Bool
        var reason: String?
        var confidence: Double
        var region: String?
        var box: [Double]
        var corners: [[Double]]
        var candidates: [Reading]

        enum CodingKeys: String, CodingKey {
            case text, accepted, reason, confidence, region, box, corners, candidates
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(text, forKey: .text)
            try container.encode(accepted, forKey: .accepted)
            try container.encode(reason, forKey: .reason)
            try container.encode(confidence, forKey: .confidence)
            try container.encode(region, forKey: .region)
            try container.encode(box, forKey: .box)
            try container.encode(corners, forKey: .corners)
            try container.encode(candidates, forKey: .candidates)
        }
    }

    var file: String
    var width = 0, height = 0
    var ms = Milliseconds()
    var vehicles: [FoundVehicle] = []
    var plates: [FoundPlate] = []
    var redactions = 0
    var error: String?

    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        if let error { return "\(file): \(error)" }
        let found = plates.map { plate in
            let sure = "\(Int((plate.confidence * 100).rounded()))%"
            return "\(plate.text ?? "-") \(sure)\(plate.accepted ? "" : " (\(plate.reason ?? "not accepted"))")"
        }
        return "\(file): \(found.isEmpty ? "no plate" : found.joined(separator: ", "))"
    }
}

/// The detect and read stages over one image after another.
struct StillImages: ~Copyable {
    private var detect: Detect<ObjectFinder>?
    private var read: Read<TesseractReader>

    init(detect: consuming Detect<ObjectFinder>?, read: consuming Read<TesseractReader>) {
        self.detect = detect
        self.read = read
    }

    mutating func look(at path: String) -> StillResult {
        var result = StillResult(file: path)
        do {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw VisionError.unreadable("\(path): no such file, or no permission")
            }
            let bytes = [UInt8](data)
            let start = ContinuousClock.now
            let picture = try Picture.decoding(bytes)
            result.ms.decode = Self.milliseconds(since: start)
            (result.width, result.height) = (picture.width, picture.height)
            let id = FrameID(camera: "still", epoch: Epoch(0), frame: 0)
            let found = ContinuousClock.now
            let detections = try detections(in: picture, bytes, id)
            result.ms.detect = Self.milliseconds(since: found)
            let reading = ContinuousClock.now
            let record = StreamRecord<Detections>(id: id, time: EventTime(nanoseconds: 0), body: .frame(detections))
            let reads = read.process(record).first?.content
            result.ms.read = Self.milliseconds(since: reading)
            result.redactions = detections.redactions
            result.vehicles = detections.vehicles.map {
                .init(box: Self.numbers($0.box), kind: $0.kind.rawValue, score: Self.rounded($0.score))
            }
            result.plates = (reads?.plates ?? []).map(Self.plate)
        } catch {
            result.error = "\(error)"
        }
        return result
    }

    private mutating func detections(in picture: Picture, _ bytes: [UInt8], _ id: FrameID) throws -> Detections {
        let record = StreamRecord<FrameImage>(
            id: id, time: EventTime(nanoseconds: 0), body: .frame(.pixels(picture)))
        if let found = try detect?.process(record).first?.content { return found }
        let whole = Box(x: 0, y: 0, width: Double(picture.width), height: Double(picture.height))
        return Detections(
            width: picture.width, height: picture.height, vehicles: [],
            plates: [
                Plate(
                    box: whole, corners: Quadrilateral(whole), score: 1, vehicle: nil,
                    crop: Crop(jpeg: bytes, box: whole))
            ], redactions: 0)
    }

    private static func plate(_ found: ReadPlate) -> StillResult.FoundPlate {
        StillResult.FoundPlate(
            text: found.read.text?.text, accepted: found.read.accepted, reason: found.read.reason?.rawValue,
            confidence: rounded(found.read.confidence), region: found.read.region, box: numbers(found.plate.box),
            corners: found.plate.corners.points.map { [hundredths($0.x), hundredths($0.y)] },
            candidates: found.read.candidates.map { .init(text: $0.text.text, confidence: rounded($0.confidence)) })
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> Double {
        (start.duration(to: .now).inSeconds * 100_000).rounded() / 100
    }
    private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
    private static func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
    private static func numbers(_ box: Box) -> [Double] { [box.x, box.y, box.width, box.height].map(hundredths) }
}
