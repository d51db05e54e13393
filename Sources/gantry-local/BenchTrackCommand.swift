import ArgumentParser
import Foundation
import Stages
import Traffic

/// `gantry bench track`: what linking boxes into tracks costs.
struct BenchTrackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "track",
        abstract: "The track stage on one core: boxes a second, beside the bare overlaps of neighbouring frames.",
        discussion: """
            Makes a seeded scene (vehicles that cross the picture, boxes that jitter, miss, double and lie), runs the \
            stage over it, and on the same frames only computes how much each box overlaps each box of the frame \
            before: less than that no tracker by overlap can do. The best of several rounds counts, in processor time \
            of one thread; no snapshots are taken.

            Examples:
                gantry bench track
                gantry bench track --boxes 30 --settings boxes
            """)

    @Option(help: "Vehicles in the picture, 1 to 100.")
    var boxes = 20
    @Option(help: "Frames of the scene, 100 to 100000.")
    var frames = 5000
    @Option(help: "Rounds, 1 to 100.")
    var rounds = 5
    @Option(help: "city (what `gantry run` uses) or boxes (what `gantry track` uses).")
    var settings: Kind = .city
    @Option(help: "Seed of the scene.")
    var seed: UInt64 = 1
    @Option(help: "text or json.")
    var format: BenchPlatesCommand.Format = .text

    enum Kind: String, ExpressibleByArgument, Encodable { case city, boxes }

    func validate() throws {
        guard (1...100).contains(boxes) else { throw ValidationError("--boxes is \(boxes); give 1 to 100") }
        guard (100...100_000).contains(frames) else {
            throw ValidationError("--frames is \(frames); give 100 to 100000")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds); give 1 to 100") }
    }

    func run() async throws {
        let records = BenchScene(vehicles: boxes, frames: frames, seed: seed).records
        let count = records.reduce(0) { $0 + ($1.content?.vehicles.count ?? 0) }
        var stage = Double.infinity
        var bare = Double.infinity
        var passages = 0
        for _ in 0..<rounds {
            stage = min(
                stage,
                await Spent.on {
                    var stage = Associate(settings: settings == .city ? .init() : .boxesAlone)
                    passages = records.reduce(0) { $0 + stage.process($1).count }
                }.processor)
            bare = min(bare, await Spent.on { blackHole(Self.overlaps(records)) }.processor)
        }
        let report = TrackBenchReport(
            settings: settings, frames: frames, boxes: count, passages: passages,
            boxesPerSecond: Double(count) / stage, overlapsOnlyPerSecond: Double(count) / bare)
        print(format == .json ? try report.json() : report.text)
    }

    /// The sum of all overlaps between neighbouring frames, so that none can be left out.
    private static func overlaps(_ records: [StreamRecord<FrameReads>]) -> Double {
        var sum = 0.0
        var before: [Box] = []
        for record in records {
            let now = record.content?.vehicles.map(\.box) ?? []
            for box in now { for other in before { sum += box.overlap(other) } }
            before = now
        }
        return sum
    }

    @inline(never) private func blackHole(_ value: Double) {}
}

struct TrackBenchReport: Encodable {
    var settings: BenchTrackCommand.Kind
    var frames, boxes, passages: Int
    var boxesPerSecond, overlapsOnlyPerSecond: Double

    enum CodingKeys: String, CodingKey {
        case settings, frames, boxes, passages
        case boxesPerSecond = "boxes_per_second", overlapsOnlyPerSecond = "overlaps_only_per_second"
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        String(
            format: """
                %d boxes in %d frames (%.1f a frame), %d passages
                track stage      %12.0f boxes/s
                overlaps alone   %12.0f boxes/s
                stage / overlaps %12.1f
                """,
            boxes, frames, Double(boxes) / Double(frames), passages, boxesPerSecond, overlapsOnlyPerSecond,
            overlapsOnlyPerSecond / boxesPerSecond)
    }
}

/// A made-up road, 1920x1080 at 10 frames a second: as many vehicles as asked for are in the picture at any time.
struct BenchScene {
    private(set) var records: [StreamRecord<FrameReads>] = []
    private var random: UInt64

    init(vehicles: Int, frames: Int, seed: UInt64) {
        random = seed
        var ways = (0..<vehicles).map { _ in way(entering: false) }
        for frame in 0..<frames {
            var found: [Vehicle] = []
            for index in ways.indices {
                ways[index].box.x += ways[index].speed
                if ways[index].box.x > 1920 || ways[index].box.maxX < 0 { ways[index] = way(entering: true) }
                let box = jittered(ways[index].box)
                if share() < 0.9 { found.append(vehicle(box, 0.3 + 0.65 * share())) }
                if share() < 0.05 { found.append(vehicle(jittered(box), 0.1 + 0.5 * share())) }
            }
            if share() < 0.3 {
                found.append(vehicle(Box(x: 1800 * share(), y: 900 * share(), width: 120, height: 80), 0.5 * share()))
            }
            records.append(record(frame, .frame(FrameReads(width: 1920, height: 1080, vehicles: found, plates: []))))
        }
        records.append(record(frames, .endOfStream))
    }

    private func record(_ frame: Int, _ body: StreamRecord<FrameReads>.Body) -> StreamRecord<FrameReads> {
        StreamRecord(
            id: FrameID(camera: "bench", epoch: Epoch(1), frame: frame),
            time: EventTime(nanoseconds: Int64(frame) * 100_000_000), body: body)
    }

    private func vehicle(_ box: Box, _ score: Double) -> Vehicle {
        Vehicle(box: box, kind: .car, score: score, crop: nil)
    }

    private mutating func way(entering: Bool) -> (box: Box, speed: Double) {
        let width = 80 + 160 * share()
        let speed = (share() < 0.5 ? -1 : 1) * width * (0.05 + 0.35 * share())
        let x = entering ? (speed > 0 ? -width : 1920) : 1920 * share()
        return (Box(x: x, y: 900 * share(), width: width, height: 0.7 * width), speed)
    }

    private mutating func jittered(_ box: Box) -> Box {
        let by = 0.03 * box.width
        return Box(
            x: box.x + by * (share() - 0.5), y: box.y + by * (share() - 0.5), width: box.width + by * (share() - 0.5),
            height: box.height + by * (share() - 0.5))
    }

    /// 0..<1, by SplitMix64.
    private mutating func share() -> Double {
        random &+= 0x9e37_79b9_7f4a_7c15
        var mixed = random
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ mixed >> 31) >> 11) / 9_007_199_254_740_992
    }
}
