import Foundation
import Stages
import Traffic
import Vision
import VisionAssembly

/// Reads whole still images through the stages of the pipeline.
struct PlateImageReader: ~Copyable {
    /// What is seen in one image.
    struct Seen {
        var picture: Picture
        var vehicles: [Vehicle]
        var plates: [ReadPlate]
        var redactions: Int
    }

    private var detect: Detect<ObjectFinder>
    private var read: Read<TesseractReader>

    /// Loads networks and reader: up to a second.
    init(_ stages: VisionStages) throws {
        let detect = try stages.makeDetect()
        let read = try stages.makeRead()
        self.detect = detect
        self.read = read
    }

    /// - Parameter milliseconds: Filled in as far as it gets.
    /// - Throws: When the file is no image or a network fails on it.
    mutating func look(at file: String, timing milliseconds: inout PlatesLine.Milliseconds) throws -> Seen {
        let picture = try timed(&milliseconds.decode) { try Picture.decoding(file: file) }
        let id = FrameID(camera: "plates", epoch: Epoch(0), frame: 0)
        let record = StreamRecord(id: id, time: EventTime(nanoseconds: 0), body: .frame(FrameImage.pixels(picture)))
        let found = try timed(&milliseconds.detect) { try detect.process(record) }
        let reads = timed(&milliseconds.read) { found.flatMap { read.process($0) } }
        return Seen(
            picture: picture, vehicles: reads.flatMap { $0.content?.vehicles ?? [] },
            plates: reads.flatMap { $0.content?.plates ?? [] },
            redactions: found.compactMap(\.content?.redactions).reduce(0, +))
    }
}

extension Picture {
    /// - Throws: ``VisionError`` for a file that can't be read or is no image.
    static func decoding(file: String) throws -> Picture {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw VisionError.unreadable("\(file): no such file, or no permission")
        }
        return try Picture.decoding(Array(bytes))
    }
}

/// Runs and adds how long it took, in milliseconds to a hundredth.
func timed<Result>(_ milliseconds: inout Double, _ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    defer { milliseconds = PlatesLine.rounded((ContinuousClock.now - start) / .milliseconds(1), 100) }
    return try body()
}
