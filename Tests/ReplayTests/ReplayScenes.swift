import Foundation
import GantryTesting
import Replay
import StageRunner
import Stages
import Topics
import Traffic
import Wire

let topics = PipelineTopics(name: "city")

/// Five cameras over two minutes: cars that pass, one that is hidden for half a second, misreads, an empty road.
func traffic(cameras: Int = 5, frames: Int = 400, crops: Bool = false) -> [StreamRecord<FrameReads>] {
    var streams = (0..<cameras).map { CameraStream(CameraID("camera-\($0)"), epoch: UInt64($0 + 1)) }
    for frame in 0..<frames {
        for index in streams.indices {
            let phase = (frame + 17 * index) % 100
            let number = (frame + 17 * index) / 100
            guard phase < 45, !(20..<25).contains(phase) || number % 2 == 0 else {
                streams[index].frame([])
                continue
            }
            let box = Box(x: 30.0 * Double(phase), y: 300, width: 220, height: 150)
            let text = plate(camera: index, number: number)
            let misread = phase % 7 == 3 ? text.replacing("1", with: "7") : text
            let crop = crops ? Crop(jpeg: [0xff, 0xd8, 1, 2, 3, 0xff, 0xd9], box: box) : nil
            streams[index].frame(.car(at: box, plate: misread, confidence: misread == text ? 0.95 : 0.6, crop: crop))
        }
    }
    for index in streams.indices { streams[index].end() }
    return (0...frames).flatMap { place in streams.map { $0.records[place] } }
}

/// The plate of a camera's n-th car, in Germany's way to write them.
func plate(camera: Int, number: Int) -> String { "B\(["K", "L", "M", "N", "P"][camera])1\(10 + number)" }

func records(_ reads: [StreamRecord<FrameReads>]) throws -> [Record] { try reads.map { try Record(reads: $0) } }

func trackSteps(_ settings: Associate.Settings = Associate.Settings()) -> ReplaySteps {
    ReplaySteps(track: ReplaySteps.step(Watch(settings: settings)))
}

/// Everything through track.
func replayed(
    _ records: [Record], batch: Int = 256, partitions: Int = 1, settings: Associate.Settings = Associate.Settings()
) throws -> (passages: [Passage], records: [RecordedRecord], counts: Replay.Counts) {
    let replay = Replay(through: [.track], topics: topics, batch: batch, partitions: partitions, encodes: true)
    var passages: [Passage] = []
    var outputs: [RecordedRecord] = []
    var input = records.makeIterator()
    let counts = try replay.run(make: { trackSteps(settings) }) {
        input.next()
    } write: { made, _ in
        passages += made.passages
        outputs += made.records
    }
    return (passages, outputs, counts)
}

/// A folder that goes when it is no longer held.
final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(path: "gantry-replay-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { url.appending(path: name).path }
}

func write(_ records: [RecordedRecord], to path: String) throws {
    var writer = try RecordingWriter(to: path, schemas: Schema.recordings)
    for record in records { try writer.append(record.record, to: record.topic) }
    _ = try writer.finish()
}

func read(_ path: String) throws -> [RecordedRecord] {
    var reader = try RecordingReader(path: path)
    var records: [RecordedRecord] = []
    while let record = try reader.next() { records.append(record) }
    return records
}
