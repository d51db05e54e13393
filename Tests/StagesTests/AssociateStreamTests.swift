import Stages
import Testing
import Traffic

@Suite struct AssociateStreamTests {
    private static let box = Box(x: 500, y: 400, width: 300, height: 200)

    private func record(
        _ frame: Int, at moment: Int? = nil, boxes: [Box] = [box], epoch: UInt64 = 7, camera: CameraID = Scene.camera
    ) -> StreamRecord<FrameReads> {
        let vehicles = boxes.map { Vehicle(box: $0, kind: .car, score: 0.9, crop: nil) }
        return StreamRecord(
            id: FrameID(camera: camera, epoch: Epoch(epoch), frame: frame), time: Scene.time(moment ?? frame),
            body: .frame(FrameReads(width: 1920, height: 1080, vehicles: vehicles, plates: [])))
    }

    private func gap(_ frame: Int, at moment: Int, epoch: UInt64 = 7) -> StreamRecord<FrameReads> {
        StreamRecord(
            id: FrameID(camera: Scene.camera, epoch: Epoch(epoch), frame: frame), time: Scene.time(moment),
            body: .gap(reason: "the camera was unplugged"))
    }

    private func run(_ records: [StreamRecord<FrameReads>], _ stage: inout Associate) -> [Passage] {
        records.flatMap { stage.process($0) }
    }

    @Test func `a track closes when the gap is over, with no gap in its times`() {
        var stage = Associate()
        #expect(run((0..<5).map { record($0) } + (5..<14).map { record($0, boxes: []) }, &stage).isEmpty)
        let closed = stage.process(record(14, boxes: []))
        #expect(closed.map(\.lastFrame) == [4])
        #expect(closed.map(\.lastSeen) == [Scene.time(4)])
        #expect(closed.map(\.frames) == [5])
    }

    @Test func `repeats and late frames are dropped and counted`() {
        var stage = Associate()
        var plain = Associate()
        let records = (0..<10).map { record($0) } + [Scene.end(10)]
        let expected = run(records, &plain)
        var noisy: [StreamRecord<FrameReads>] = []
        for (index, record) in records.enumerated() {
            noisy.append(record)
            if index < 10 { noisy += [record, records[max(0, index - 3)]] }
        }
        let found = run(noisy + records, &stage)
        #expect(found == expected && found.count == 1)
        let tallies = stage.takeTallies()
        #expect(tallies["repeated-frame"] == 11 && tallies["late-record"] == 9 && tallies["repeated-epoch"] == 11)
        #expect(stage.takeTallies().isEmpty)
    }

    @Test func `the end of a stream closes its tracks`() {
        var stage = Associate()
        #expect(run((0..<5).map { record($0) } + [Scene.end(5)], &stage).count == 1)
    }

    @Test func `a new epoch closes the tracks of the last and starts anew`() {
        var stage = Associate()
        let passages = run((0..<5).map { record($0) } + (0..<5).map { record($0, at: 6 + $0, epoch: 8) }, &stage)
        #expect(passages.map(\.epoch) == [Epoch(7)])
        #expect(stage.process(Scene.end(5, epoch: Epoch(8))).map(\.epoch) == [Epoch(8)])
        #expect(stage.process(record(9)).isEmpty)
        #expect(stage.takeTallies()["repeated-epoch"] == 1)
    }

    @Test func `a long gap closes tracks, a short one does not, and neither swallows the next frame`() {
        var short = Associate()
        #expect(run((0..<5).map { record($0) } + [gap(5, at: 8), record(5, at: 8), record(6, at: 9)], &short).isEmpty)
        #expect(short.process(Scene.end(10)).map(\.frames) == [7])
        var long = Associate()
        let passages = run((0..<5).map { record($0) } + [gap(5, at: 50), record(5, at: 50), gap(5, at: 50)], &long)
        #expect(passages.map(\.frames) == [5])
        #expect(long.takeTallies()["late-record"] == nil)
    }

    @Test func `a clock that steps back splits tracks, one that jitters does not`() {
        var stepped = Associate()
        let first = run((0..<5).map { record($0, at: 1000 + $0) } + (5..<9).map { record($0, at: $0) }, &stepped)
        #expect(first.map(\.frames) == [5])
        var jittering = Associate()
        let moments = [0, 1, 3, 2, 4, 5]
        #expect(run(moments.indices.map { record($0, at: moments[$0]) }, &jittering).isEmpty)
        let passages = jittering.process(Scene.end(6))
        #expect(passages.map(\.frames) == [6])
        #expect(jittering.takeTallies()["clock-step"] == 1)
    }

    /// A camera whose rate falls from ten frames a second to two, and rises again: time counts, not frames.
    @Test func `a change of the frame rate breaks no track`() {
        var stage = Associate(settings: .init(maximumGap: .seconds(2)))
        let moments = Array(0..<20) + stride(from: 20, to: 80, by: 5) + Array(80..<100)
        let passages = run(
            moments.indices.map { index in
                record(
                    index, at: moments[index],
                    boxes: [Box(x: 100 + 12 * Double(moments[index]), y: 400, width: 300, height: 200)])
            } + [Scene.end(moments.count)], &stage)
        // It ends when the record of the end comes, whose time counts as frames do.
        #expect(passages.map(\.frames) == [moments.count])
        #expect(passages.map(\.lastSeen) == [Scene.time(99)])
    }

    @Test func `events tell which track owns which box, and only when they are asked for`() {
        var silent = Associate()
        var stage = Associate(notesEvents: true)
        let other = Box(x: 1200, y: 400, width: 300, height: 200)
        var owners: [[TrackKey]] = []
        for frame in 0..<5 {
            // The two come in turns: first the one, then the other is the first of the frame.
            let boxes = frame.isMultiple(of: 2) ? [Self.box, other] : [other, Self.box]
            _ = silent.process(record(frame, boxes: boxes))
            _ = stage.process(record(frame, boxes: boxes))
            var saw: [Int: TrackKey] = [:]
            for event in stage.takeEvents() { if case .saw(let vehicle) = event.kind { saw[vehicle] = event.track } }
            owners.append(frame.isMultiple(of: 2) ? [0, 1].compactMap { saw[$0] } : [1, 0].compactMap { saw[$0] })
        }
        #expect(owners == Array(repeating: [0, 1].map { TrackKey(firstFrame: 0, ordinal: $0) }, count: 5))
        _ = stage.process(Scene.end(5))
        #expect(stage.takeEvents().map(\.kind) == [.closed(isPassage: true), .closed(isPassage: true)])
        #expect(silent.takeEvents().isEmpty)
    }

    @Test(arguments: [true, false])
    func `a moment's stay counts where the gap that closes it is no part of it`(countsGap: Bool) {
        // Three frames, then thirty empty ones at thirty frames a second.
        var settings = Associate.Settings()
        settings.countsClosingGap = countsGap
        var stage = Associate(settings: settings)
        var passages: [Passage] = []
        for frame in 0..<40 {
            var empty = record(frame, boxes: frame < 3 ? [Self.box] : [])
            empty.time = EventTime(nanoseconds: Scene.start.nanoseconds + Int64(frame) * 33_333_333)
            passages += stage.process(empty)
        }
        #expect(passages.map(\.frames) == (countsGap ? [] : [3]))
    }

    @Test func `times and frames at the ends of their ranges are survived`() {
        var stage = Associate()
        let content = record(0).content!
        for (frame, nanoseconds) in [(0, Int64.min), (1, .max), (Int.max, .min), (Int.min, .max)] {
            _ = stage.process(
                StreamRecord(
                    id: FrameID(camera: Scene.camera, epoch: Epoch(7), frame: frame),
                    time: EventTime(nanoseconds: nanoseconds), body: .frame(content)))
        }
        _ = stage.process(Scene.end(3))
        #expect(stage.snapshot(of: Scene.camera) != nil)
    }

    @Test func `two that begin in one frame have different ids, and come in order`() {
        var stage = Associate()
        let boxes = [Box(x: 1200, y: 400, width: 300, height: 200), Self.box]
        let passages = run((0..<5).map { record($0, boxes: boxes) } + [Scene.end(5)], &stage)
        #expect(passages.count == 2 && Set(passages.map(\.id)).count == 2)
        #expect(
            passages.map(\.id)
                == (0...1).map { PassageID(camera: Scene.camera, epoch: Epoch(7), firstFrame: 0, ordinal: $0) })
    }

    @Test func `cameras do not touch each other`() {
        var stage = Associate()
        var passages: [Passage] = []
        for frame in 0..<5 {
            for camera in ["a", "b", "c"] as [CameraID] { passages += stage.process(record(frame, camera: camera)) }
        }
        stage.forget("b")
        #expect(stage.snapshot(of: "b") == nil && stage.snapshot(of: "a") != nil)
        for camera in ["a", "b", "c"] as [CameraID] { passages += stage.process(record(30, boxes: [], camera: camera)) }
        #expect(passages.map(\.camera) == ["a", "c"])
    }

    @Test func `everything is bounded, and what is shed is counted`() {
        var settings = Associate.Settings()
        settings.maximumTracks = 5
        settings.maximumDetections = 8
        settings.maximumCameras = 2
        var stage = Associate(settings: settings)
        let crowd = (0..<12).map { Box(x: Double($0) * 150, y: 100, width: 100, height: 80) }
        for frame in 0..<6 { _ = stage.process(record(frame, boxes: crowd)) }
        let tallies = stage.takeTallies()
        #expect(tallies["shed-detection"] == 24 && tallies["shed-track"] ?? 0 >= 3)
        let open = stage.process(Scene.end(6))
        #expect(open.count == 5)
        let cameras = (0..<5).map { CameraID("camera-\($0)") }
        for frame in 0..<4 { for camera in cameras[0..<2] { _ = stage.process(record(frame, camera: camera)) } }
        let shed = stage.process(record(0, camera: cameras[2]))
        #expect(shed.map(\.camera) == [cameras[0]] && stage.snapshot(of: cameras[0]) == nil)
        #expect(stage.takeTallies()["shed-camera"] ?? 0 >= 1)
    }

    @Test func `boxes that are no boxes are dropped and counted`() {
        var stage = Associate()
        let bad = [
            Box(x: .nan, y: 0, width: 10, height: 10), Box(x: 0, y: 0, width: -10, height: 10),
            Box(x: 0, y: 0, width: .infinity, height: 10), Box(x: 0, y: 0, width: 0, height: 0),
        ]
        for frame in 0..<5 { _ = stage.process(record(frame, boxes: bad)) }
        #expect(stage.process(Scene.end(5)).isEmpty)
        #expect(stage.takeTallies()["bad-box"] == 20)
    }

    @Test func `unusable settings say which`() {
        func problem(_ change: (inout Associate.Settings) -> Void) -> String {
            var settings = Associate.Settings()
            change(&settings)
            return settings.problem ?? "none"
        }
        #expect(problem { _ in } == "none")
        #expect(problem { $0.maximumGap = .zero }.contains("maximumGap"))
        #expect(problem { $0.minimumShare = 1.5 }.contains("minimumShare"))
        #expect(problem { $0.highScore = .nan }.contains("highScore"))
        #expect(problem { $0.minimumFrames = 0 }.contains("minimumFrames"))
        #expect(problem { $0.lowScore = 0.9 }.contains("lowScore"))
    }
}
