import GantryTesting
import Testing
import Traffic

@testable import Stages

/// Goal: between the stretches that are told, and only there, nobody watched.
@Suite struct WatchTests {
    private static let minute: Int64 = 60_000_000_000
    /// Half past seven and 40 seconds.
    private static let start = EventTime(nanoseconds: 1_772_436_640_000_000_000)

    private func at(_ seconds: Double) -> EventTime {
        EventTime(nanoseconds: Self.start.nanoseconds + Int64((seconds * 1e9).rounded()))
    }

    private func frame(_ number: Int, at seconds: Double, epoch: UInt64 = 7) -> StreamRecord<FrameReads> {
        StreamRecord(
            id: FrameID(camera: Scene.camera, epoch: Epoch(epoch), frame: number), time: at(seconds),
            body: .frame(FrameReads(width: 1920, height: 1080, vehicles: [], plates: [])))
    }

    private func gap(_ number: Int, at seconds: Double, epoch: UInt64 = 7) -> StreamRecord<FrameReads> {
        StreamRecord(
            id: FrameID(camera: Scene.camera, epoch: Epoch(epoch), frame: number), time: at(seconds),
            body: .gap(reason: "the camera was unplugged"))
    }

    private func end(_ number: Int, at seconds: Double, epoch: UInt64 = 7) -> StreamRecord<FrameReads> {
        StreamRecord(
            id: FrameID(camera: Scene.camera, epoch: Epoch(epoch), frame: number), time: at(seconds),
            body: .endOfStream)
    }

    /// Seconds from ``start``, and frames.
    private func told(_ records: [StreamRecord<FrameReads>]) -> [[Double]] {
        var stage = Watch()
        return records.flatMap { stage.process($0) }.compactMap(\.coverage).map {
            [$0.start.seconds(since: Self.start), $0.end.seconds(since: Self.start), Double($0.frames)]
        }
    }

    @Test func `watching on and on is told by the minute, without a hole`() {
        // Ten a second from 40.0 s on; the one at the full minute is the next minute's.
        let frames = (0...1500).map { frame($0, at: Double($0) / 10) }
        #expect(told(frames) == [[0, 20, 200], [20, 80, 600], [80, 140, 600]])
        #expect(told(frames + [end(1501, at: 150.1)]).last == [140, 150, 101])
    }

    @Test(arguments: ["gap", "epoch", "silence", "clock"])
    func `what ends the watching ends the stretch with its last frame`(how: String) {
        let before = (0..<5).map { frame($0, at: Double($0)) }
        let broken: [StreamRecord<FrameReads>] =
            switch how {
            case "gap": [gap(5, at: 9), frame(5, at: 9), frame(6, at: 10), end(7, at: 11)]
            case "epoch": [frame(0, at: 9, epoch: 8), frame(1, at: 10, epoch: 8), end(2, at: 11, epoch: 8)]
            case "silence": [frame(5, at: 64.5), frame(6, at: 65.5), end(7, at: 66)]
            default: [frame(5, at: -100), frame(6, at: -99), end(7, at: -98)]
            }
        let again: [String: Double] = ["gap": 9, "epoch": 9, "silence": 64.5, "clock": -100]
        let next = again[how]!
        #expect(told(before + broken) == [[0, 4, 5], [next, next + 1, 2]])
    }

    @Test func `a silence of less than a minute breaks nothing, and a repeated or late frame counts once`() {
        let frames = [frame(0, at: 0), frame(1, at: 59), frame(1, at: 59), frame(0, at: 0), frame(2, at: 60)]
        #expect(told(frames + [end(3, at: 61), end(3, at: 61)]) == [[0, 20, 1], [20, 60, 2]])
    }

    @Test func `a camera that is shed is told of`() {
        var settings = Associate.Settings()
        settings.maximumCameras = 1
        var stage = Watch(settings: settings)
        #expect(stage.process(frame(0, at: 0)).isEmpty)
        var other = frame(0, at: 1)
        other.id.camera = "south-2"
        #expect(stage.process(other).map(\.camera) == [Scene.camera])
    }

    /// Traffic of some minutes with everything that breaks a stream.
    private func stream(seed: UInt64) -> [StreamRecord<FrameReads>] {
        var random = SeededGenerator(seed: seed)
        var records: [StreamRecord<FrameReads>] = []
        var (seconds, number, epoch) = (0.0, 0, 1 as UInt64)
        for _ in 0..<300 {
            seconds += random.chance(0.02) ? 90 * random.share() : 0.2 + 2 * random.share()
            switch random.index(60) {
            case 0: records.append(gap(number, at: seconds, epoch: epoch))
            case 1:
                records.append(end(number, at: seconds, epoch: epoch))
                (epoch, number) = (epoch + 1, 0)
            case 2: (epoch, number) = (epoch + 1, 0)
            default: break
            }
            var record = frame(number, at: seconds, epoch: epoch)
            if number % 40 < 12 {
                let box = Box(x: 60 * Double(number % 40), y: 300, width: 200, height: 140)
                record.body = .frame(
                    FrameReads(
                        width: 1920, height: 1080, vehicles: [Vehicle(box: box, kind: .car, score: 0.9, crop: nil)],
                        plates: []))
            }
            records.append(record)
            number += 1
        }
        return records + [end(number, at: seconds, epoch: epoch)]
    }

    @Test(arguments: [51, 52, 53, 54] as [UInt64])
    func `stretches lie inside their minutes in order, and hold every frame once`(seed: UInt64) {
        var stage = Watch()
        let records = stream(seed: seed)
        var stretches: [Coverage] = []
        for record in records {
            let reports = stage.process(record)
            // Coverage comes after the passages of the same record.
            #expect(reports.drop { $0.passage != nil }.allSatisfy { $0.coverage != nil }, "seed \(seed)")
            stretches += reports.compactMap(\.coverage)
        }
        let frames = records.count { $0.content != nil }
        #expect(stretches.map(\.frames).reduce(0, +) == frames && stretches.count > 10, "seed \(seed)")
        #expect(stretches.allSatisfy { $0.isInOneMinute }, "seed \(seed)")
        #expect(zip(stretches, stretches.dropFirst()).allSatisfy { $0.end <= $1.start }, "seed \(seed)")
    }

    @Test(arguments: [61, 62] as [UInt64])
    func `a successor that restores at any record tells the same`(seed: UInt64) throws {
        let records = stream(seed: seed)
        var stage = Watch()
        var outputs: [[CameraReport]] = []
        var snapshots: [[UInt8]?] = []
        for record in records {
            snapshots.append(stage.snapshot(of: Scene.camera))
            outputs.append(stage.process(record))
        }
        #expect(outputs.joined().contains { $0.passage != nil } && outputs.joined().contains { $0.coverage != nil })
        for cut in stride(from: 0, to: records.count, by: 7) {
            var successor = Watch()
            if let snapshot = snapshots[cut] { try successor.restore(Scene.camera, from: snapshot) }
            let rest = records[cut...].map { successor.process($0) }
            #expect(rest == Array(outputs[cut...]), "seed \(seed), restored at record \(cut)")
        }
    }

    @Test func `a snapshot from before coverage is read, and coverage begins with the next frame`() throws {
        var camera = TrackCamera(camera: Scene.camera)
        camera.epoch = Epoch(7)
        camera.lastFrame = 4
        camera.lastTime = at(4)
        // Without a stretch under way the last byte before the checksum is a zero, which version 2 did not write.
        var old = Array(camera.snapshot().dropLast(9))
        old[3] = 2
        old += TrackBytes.checksum(old[...])
        var stage = Watch()
        try stage.restore(Scene.camera, from: old)
        let reports = [frame(4, at: 4), frame(5, at: 5), frame(6, at: 6), end(7, at: 7)].flatMap { stage.process($0) }
        #expect(reports.compactMap(\.coverage).map(\.frames) == [2])
        #expect(reports.compactMap(\.coverage).map(\.start) == [at(5)])
    }
}
