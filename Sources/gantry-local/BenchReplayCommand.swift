import ArgumentParser
import Foundation
import Replay
import StageRunner
import Stages
import Topics
import Traffic
import Wire

/// `gantry bench replay`: what a replay through track costs.
struct BenchReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract:
            "A recording through the track stage on one core, beside its reading, its decoding and the bare stage.",
        discussion: """
            Makes a seeded scene, records it as reads, and plays the file through track as `gantry replay` does. The \
            best of several rounds counts, in processor time; the file stays in the system's cache.

            Example:
              gantry bench replay --boxes 20 --frames 20000
            """)

    @Option(help: "Vehicles in the picture, 1 to 100.")
    var boxes = 20
    @Option(help: "Frames of the recording, 100 to 1000000.")
    var frames = 20_000
    @Option(help: "Rounds, 1 to 100.")
    var rounds = 3
    @Option(help: "Seed of the scene.")
    var seed: UInt64 = 1
    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard (1...100).contains(boxes) else { throw ValidationError("--boxes is \(boxes); give 1 to 100") }
        guard (100...1_000_000).contains(frames) else {
            throw ValidationError("--frames is \(frames); give 100 to 1000000")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds); give 1 to 100") }
    }

    func run() async throws {
        let records = BenchScene(vehicles: boxes, frames: frames, seed: seed).records
        let path = FileManager.default.temporaryDirectory.appending(path: "gantry-bench-replay-\(getpid()).mcap").path
        defer { unlink(path) }
        var writer = try RecordingWriter(to: path, schemas: Schema.recordings)
        for record in records { try writer.append(try Record(reads: record), to: "bench.reads") }
        let bytes = try writer.finish().uncompressedBytes

        var report = ReplayBenchReport(
            frames: frames, detections: records.reduce(0) { $0 + ($1.content?.vehicles.count ?? 0) }, bytes: bytes)
        for _ in 0..<rounds {
            report.replay.append(try await Spent.on { report.passages = try Self.replay(path) }.processor)
            report.reading.append(
                try await Spent.on {
                    var reader = try RecordingReader(path: path)
                    while try reader.next() != nil {}
                }.processor)
            report.decoding.append(
                try await Spent.on {
                    var reader = try RecordingReader(path: path)
                    while let record = try reader.next()?.record { _ = try StreamRecord<FrameReads>(record: record) }
                }.processor)
            report.stage.append(
                await Spent.on {
                    var stage = Associate()
                    for record in records { _ = stage.process(record) }
                }.processor)
        }
        print(json ? try report.json() : report.text)
    }

    private static func replay(_ path: String) throws -> Int {
        let replay = Replay(through: [.track], topics: PipelineTopics(name: "bench"), encodes: false)
        var reader = try RecordingReader(path: path)
        return try replay.run(make: { ReplaySteps(track: ReplaySteps.step(Watch())) }) {
            try reader.next()?.record
        } write: { _, _ in
        }.passages
    }
}

struct ReplayBenchReport: Encodable {
    var frames, detections, bytes: Int
    var passages = 0
    /// Seconds of processor time, a round each.
    var replay: [Double] = [], reading: [Double] = [], decoding: [Double] = [], stage: [Double] = []

    init(frames: Int, detections: Int, bytes: Int) {
        (self.frames, self.detections, self.bytes) = (frames, detections, bytes)
    }

    private func rate(_ seconds: [Double]) -> Double { Double(detections) / (seconds.min() ?? .infinity) }

    private enum Keys: String, CodingKey {
        case frames, detections, bytes, passages
        case replay = "replayed_per_second", reading = "read_per_second", decoding = "decoded_per_second"
        case stage = "tracked_per_second"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(frames, forKey: .frames)
        try container.encode(detections, forKey: .detections)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(passages, forKey: .passages)
        try container.encode(rate(replay), forKey: .replay)
        try container.encode(rate(reading), forKey: .reading)
        try container.encode(rate(decoding), forKey: .decoding)
        try container.encode(rate(stage), forKey: .stage)
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        String(
            format: """
                %d detections in %d frames, %d passages
                replay through track   %12.0f detections/s
                reading the file       %12.0f detections/s
                reading and decoding   %12.0f detections/s
                the stage alone        %12.0f detections/s
                """,
            detections, frames, passages, rate(replay), rate(reading), rate(decoding), rate(stage))
    }
}
