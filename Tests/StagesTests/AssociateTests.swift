import Stages
import Testing
import Traffic

/// Traffic that is hard to follow, with seeded noise; every test says which seed failed.
@Suite struct AssociateTests {
    static let seeds: [UInt64] = [11, 12, 13, 14, 15, 16]

    private static func box(_ x: Double, _ y: Double, _ width: Double) -> Box {
        Box(x: x, y: y, width: width, height: width * 0.75)
    }

    /// Accepted texts by first frame, and how many passages there are.
    private func texts(_ passages: [Passage]) -> [String] {
        passages.map { $0.plate.flatMap { $0.accepted ? $0.text.text : nil } ?? "?" }.sorted()
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var visitors: [Scene.Visitor]
        var noise = Scene.Noise()
    }

    static let cases: [Case] = [
        Case(
            testDescription: "one vehicle coming nearer",
            visitors: [.line(from: box(400, 400, 300), to: box(300, 350, 600), frames: 30, text: "KLM482")]),
        Case(
            testDescription: "crossing in opposite directions",
            visitors: [
                .line(from: box(0, 400, 260), to: box(1600, 400, 260), frames: 40, text: "KLM482"),
                .line(from: box(1600, 520, 280), to: box(0, 520, 280), frames: 40, text: "XRT917"),
            ]),
        Case(
            testDescription: "side by side, touching",
            visitors: [
                .line(from: box(500, 300, 250), to: box(200, 400, 500), frames: 30, text: "KLM482"),
                .line(from: box(750, 300, 250), to: box(700, 400, 500), frames: 30, text: "XRT917"),
            ]),
        Case(
            testDescription: "bumper to bumper in one lane",
            visitors: [
                .line(from: box(900, 500, 300), to: box(700, 600, 620), frames: 30, text: "KLM482"),
                .line(from: box(980, 400, 180), to: box(850, 480, 380), frames: 30, text: "XRT917"),
            ]),
        Case(
            testDescription: "the next in the lane appears 1.1 seconds after the last",
            visitors: [
                .line(from: box(700, 400, 330), to: box(600, 400, 600), frames: 24, text: "KLM482"),
                .line(from: box(700, 400, 330), to: box(600, 400, 600), frames: 24, first: 34, text: "XRT917"),
            ]),
        Case(
            testDescription: "a stop at the light",
            visitors: [
                .line(
                    from: box(400, 350, 300), to: box(300, 400, 560), frames: 30, text: "KLM482", stopAt: 20,
                    stopFor: 80)
            ]),
        Case(
            testDescription: "half a second behind a pole",
            visitors: [
                Scene.Visitor.line(from: box(100, 400, 300), to: box(1500, 400, 300), frames: 40, text: "KLM482")
                    .hidden(18..<23)
            ]),
        Case(
            testDescription: "found in half of its frames",
            visitors: [.line(from: box(400, 350, 300), to: box(300, 400, 600), frames: 40, text: "KLM482")],
            noise: .init(vehicleMiss: 0.5, plateMiss: 0.5)),
        Case(
            testDescription: "a van that is never found, only its plate",
            visitors: [
                {
                    var van = Scene.Visitor.line(
                        from: box(400, 350, 400), to: box(300, 300, 700), frames: 30, text: "KLM482")
                    van.plateOnly = true
                    return van
                }()
            ], noise: .init(plateMiss: 0.2)),
        Case(
            testDescription: "every box doubled half the time",
            visitors: [
                .line(from: box(400, 350, 300), to: box(300, 300, 600), frames: 30, text: "KLM482"),
                .line(from: box(1200, 350, 300), to: box(1250, 300, 550), frames: 30, first: 5, text: "XRT917"),
            ], noise: .init(double: 0.5)),
        Case(
            testDescription: "two lanes with clutter",
            visitors: [
                .line(from: box(300, 350, 300), to: box(200, 400, 560), frames: 24, text: "KLM482"),
                .line(from: box(1300, 350, 300), to: box(1200, 400, 560), frames: 24, first: 8, text: "XRT917"),
                .line(from: box(300, 350, 300), to: box(200, 400, 560), frames: 24, first: 40, text: "HJV305"),
            ], noise: .init(clutter: 0.2)),
    ]

    @Test(arguments: cases, seeds)
    func `each vehicle becomes one passage with its own text`(example: Case, seed: UInt64) {
        let passages = Scene(visitors: example.visitors, noise: example.noise).passages(seed: seed)
        #expect(texts(passages) == example.visitors.map(\.text).sorted(), "seed \(seed)")
        for passage in passages {
            guard let plate = passage.plate, let visitor = example.visitors.first(where: { $0.text == plate.text.text })
            else { continue }
            let last = visitor.first + visitor.boxes.count - 1
            #expect((visitor.first...visitor.first + 8).contains(passage.firstFrame), "seed \(seed)")
            #expect((last - 8...last).contains(passage.lastFrame), "seed \(seed)")
            #expect(passage.frames <= visitor.boxes.count, "seed \(seed)")
            #expect(
                passage.firstSeen == Scene.time(passage.firstFrame) && passage.lastSeen == Scene.time(passage.lastFrame)
            )
            if let shown = visitor.plate(in: passage.best.frame), let seen = passage.best.plate {
                #expect(seen.overlap(shown) > 0.3, "the best frame shows the vehicle, seed \(seed)")
            }
        }
    }

    @Test(arguments: seeds) func `a plate that ends where its vehicle ends is half hidden and gets no text`(
        seed: UInt64
    ) {
        let boxes = (0..<24).map { Self.box(600 - Double($0) * 4, 400, 320 + Double($0) * 4) }
        func plate(_ box: Box, from share: Double) -> Box {
            Box(x: box.x + share * box.width, y: box.y + 150, width: 0.2 * box.width, height: 0.1 * box.width)
        }
        for (share, text) in [(0.01, "?"), (0.79, "?"), (0.2, "KLM482")] {
            let visitor = Scene.Visitor(
                first: 0, boxes: boxes, text: "KLM482", plates: boxes.map { plate($0, from: share) })
            let scene = Scene(
                visitors: [visitor],
                noise: .init(vehicleMiss: 0, plateMiss: 0.1, wrongRead: 0, double: 0, weak: 0, jitter: 0))
            let passages = scene.passages(seed: seed)
            #expect(texts(passages) == [text], "seed \(seed), plate from \(share)")
            #expect(passages.map(\.notRead) == [text == "?" ? .cutOff : nil], "seed \(seed), plate from \(share)")
        }
    }

    @Test(arguments: seeds) func `a plate that leaves the frame is read and shown while it is whole`(seed: UInt64)
        throws
    {
        // It stops when the edge of the frame cuts its plate: most frames show it so.
        let boxes = (0..<86).map { Self.box(700, 300 + Double(min($0, 25)) * 24, 320) }
        // What is seen of a plate beyond the lower edge ends there.
        let plates = boxes.map { box in
            Box(x: box.x + 110, y: box.y + 150, width: 100, height: 30).clamped(width: 1920, height: 1080) ?? box
        }
        let visitor = Scene.Visitor(first: 0, boxes: boxes, text: "KLM482", plates: plates)
        let passages = Scene(
            visitors: [visitor], noise: .init(vehicleMiss: 0, plateMiss: 0, wrongRead: 0, weak: 0, jitter: 0)
        ).passages(seed: seed)
        let shown = try #require(passages.first?.best.plate)
        #expect(texts(passages) == ["KLM482"] && shown.maxY < 1076, "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `a vehicle without any plate is counted, with the reason`(seed: UInt64) throws {
        var visitor = Scene.Visitor.line(
            from: Self.box(100, 400, 300), to: Self.box(1500, 400, 300), frames: 30, text: "KLM482")
        visitor.noPlate = true
        let passages = Scene(visitors: [visitor]).passages(seed: seed)
        let passage = try #require(passages.first)
        #expect(passages.count == 1 && passage.plate == nil && passage.notRead == .noPlateSeen)
        #expect(passage.kind == .car && passage.direction == .rightward && passage.best.plate == nil)
        let best = try #require(passage.best.vehicle)
        #expect(best.x > 5 && best.maxX < 1915, "a frame in which it is whole")
        #expect(passage.best.crop?.box == best)
    }

    struct Heading: Sendable {
        var to: Box
        var direction: Direction
    }

    @Test(arguments: [
        Heading(to: box(760, 560, 600), direction: .approaching), Heading(to: box(860, 380, 150), direction: .receding),
        Heading(to: box(1500, 400, 300), direction: .rightward), Heading(to: box(60, 400, 300), direction: .leftward),
        Heading(to: box(802, 400, 300), direction: .stationary),
        Heading(to: box(800, 700, 300), direction: .approaching),
    ])
    func `the direction is that of the motion in the picture`(heading: Heading) throws {
        let visitor = Scene.Visitor.line(from: Self.box(800, 400, 300), to: heading.to, frames: 30, text: "KLM482")
        let passages = Scene(visitors: [visitor]).passages(seed: 3)
        #expect(passages.map(\.direction) == [heading.direction])
    }

    @Test func `a false box that flickers in place becomes nothing`() {
        var stage = Associate()
        var passages: [Passage] = []
        for frame in 0..<300 {
            var vehicles: [Vehicle] = []
            if frame % 7 == 0 {
                vehicles = [Vehicle(box: Self.box(300, 300, 120), kind: .truck, score: 0.6, crop: nil)]
            }
            passages += stage.process(
                Scene.record(frame, FrameReads(width: 1920, height: 1080, vehicles: vehicles, plates: [])))
        }
        passages += stage.process(Scene.end(300))
        #expect(passages.isEmpty)
        #expect(stage.takeTallies()["flicker"] == 1)
    }

    @Test
    func `without a dwell time a parked vehicle is one passage for as long as it stays, and its state stays small`()
        throws
    {
        let parked = Scene.Visitor(
            first: 0, boxes: Array(repeating: Self.box(600, 400, 300), count: 5000), text: "KLM482")
        // As for a replay whose tracks must end where their vehicles do.
        var settings = Associate.Settings()
        settings.dwell = nil
        var stage = Associate(settings: settings)
        var passages: [Passage] = []
        var largest = 0
        for record in Scene(visitors: [parked]).records(seed: 9) {
            passages += stage.process(record)
            largest = max(largest, stage.snapshot(of: Scene.camera)?.count ?? 0)
        }
        let passage = try #require(passages.first)
        #expect(passages.count == 1 && passage.plate?.text.text == "KLM482" && passage.direction == .stationary)
        #expect(passage.frames > 4500)
        #expect(largest < 20_000, "\(largest) bytes")
    }

    @Test func `the best crop is kept, the vehicle's or the plate's`() throws {
        let plateBox = Box(x: 500, y: 500, width: 100, height: 25)
        let crop = Crop(jpeg: [1, 2, 3], box: plateBox)
        var stage = Associate()
        var passages: [Passage] = []
        for frame in 0..<4 {
            let plate = ReadPlate(
                plate: Plate(
                    box: plateBox, corners: Quadrilateral(plateBox), score: 0.9, vehicle: nil,
                    crop: frame == 2 ? crop : nil),
                read: Scene.read("KLM482", frame == 2 ? 0.99 : 0.8), sharpness: 0)
            passages += stage.process(
                Scene.record(frame, FrameReads(width: 1920, height: 1080, vehicles: [], plates: [plate])))
        }
        passages += stage.process(Scene.end(4))
        let best = try #require(passages.first).best
        #expect(best == Passage.Best(frame: 2, vehicle: nil, plate: plateBox, crop: crop))
        #expect(passages.first?.kind == nil)
    }
}
