import Foundation
import GantryTesting
import Testing
import Topics
import Traffic
import Wire

/// A folder that goes with its owner; in memory where the system has such a place, because these tests write thousands
/// of files, and each waits until a disk has it.
final class RecordingFolder {
    private static let memory = URL(filePath: "/dev/shm")
    let url =
        (FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory)
        .appending(path: "gantry-recording-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func put(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
        try Data(bytes).write(to: url.appending(path: name))
        return path(name)
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url.appending(path: name))) }
}

enum Recorded {
    /// Invented reads and passages of three cameras, as a stage would have written them; without trace headers, which
    /// recordings do not keep.
    static func city(_ count: Int, seed: UInt64 = 1) throws -> [RecordedRecord] {
        var random = SeededGenerator(seed: seed)
        return try (0..<count).map { index in
            let camera = CameraID("camera-\(Int.random(in: 1...3, using: &random))")
            let start: Int64 = 1_772_433_000_000_000_000
            let time = EventTime(nanoseconds: start + Int64(index) * 100_000_000 + 7)
            let id = FrameID(camera: camera, epoch: Epoch(42), frame: index)
            let box = Box(x: Double.random(in: 0...1000, using: &random), y: 20, width: 120, height: 80)
            let vehicle = Vehicle(box: box, kind: .car, score: 0.75, crop: nil)
            let isRead = Bool.random(using: &random)
            var record: Record
            if isRead {
                let text = PlateText("1ABC\(Int.random(in: 100...999, using: &random))")!
                let plate = Plate(
                    box: box,
                    corners: Quadrilateral(
                        topLeft: Point(x: 1, y: 1), topRight: Point(x: 9, y: 1), bottomRight: Point(x: 9, y: 4),
                        bottomLeft: Point(x: 1, y: 4)), score: 0.5, vehicle: 0, crop: nil)
                let candidate = Candidate(text: text, confidence: 0.9, characters: Array(repeating: 0.9, count: 7))
                let read = PlateRead(candidates: [candidate], accepted: true, reason: nil, region: "be")
                let reads = FrameReads(
                    width: 1280, height: 720, vehicles: [vehicle],
                    plates: [ReadPlate(plate: plate, read: read, sharpness: 30)])
                record = try Record(reads: StreamRecord(id: id, time: time, body: .frame(reads)))
            } else {
                let found = Detections(width: 1280, height: 720, vehicles: [vehicle], plates: [], redactions: 1)
                record = try Record(detections: StreamRecord(id: id, time: time, body: .frame(found)))
            }
            record.headers.removeAll { $0.name == "traceparent" }
            return RecordedRecord(topic: isRead ? "city.reads" : "city.vehicles", record: record)
        }
    }

    /// - Returns: The file's bytes.
    @discardableResult
    static func write(
        _ records: [RecordedRecord], to path: String, _ options: RecordingOptions = RecordingOptions()
    ) throws -> RecordingSummary {
        var writer = try RecordingWriter(to: path, schemas: Schema.recordings, options: options)
        for record in records { try writer.append(record.record, to: record.topic) }
        return try writer.finish()
    }

    /// Everything that a reader gives, and the errors on its way.
    static func read(
        _ path: String, _ filter: RecordingFilter = RecordingFilter()
    ) throws -> (records: [RecordedRecord], errors: [RecordingError]) {
        var reader = try RecordingReader(path: path, filter: filter)
        var records: [RecordedRecord] = []
        var errors: [RecordingError] = []
        while true {
            do {
                guard let record = try reader.next() else { return (records, errors) }
                records.append(record)
            } catch {
                errors.append(error)
                if error.isLast { return (records, errors) }
            }
        }
    }
}

extension RecordingOptions {
    static func chunks(_ bytes: Int, _ compression: Compression = .zstd(level: 1)) -> RecordingOptions {
        var options = RecordingOptions()
        options.chunkBytes = bytes
        options.compression = compression
        return options
    }
}
