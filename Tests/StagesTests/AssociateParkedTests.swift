import Stages
import Testing
import Traffic

/// Vehicles that stand, among others that move: who is reported, how often, and when.
@Suite struct AssociateParkedTests {
    static let seeds: [UInt64] = [51, 52, 53]

    private static func box(_ x: Double, _ y: Double, _ width: Double) -> Box {
        Box(x: x, y: y, width: width, height: width * 0.75)
    }

    /// A vehicle that comes in 3 seconds, stands for some, and goes in 3 seconds.
    private static func visitor(
        _ text: String, first: Int = 0, from: Box = box(0, 500, 300), at place: Box, stand seconds: Int,
        to: Box = box(1600, 500, 300)
    ) -> Scene.Visitor {
        let arrival = Scene.Visitor.line(from: from, to: place, frames: 30, text: text)
        let departure = Scene.Visitor.line(from: place, to: to, frames: 30, text: text)
        let stand = [Box?](repeating: place, count: 10 * seconds)
        return Scene.Visitor(first: first, boxes: arrival.boxes + stand + departure.boxes, text: text)
    }

    /// One vehicle after another, three seconds each, in the lane nearer to the camera.
    private static func traffic(_ count: Int, every frames: Int, y: Double = 760) -> [Scene.Visitor] {
        (0..<count).map { index in
            .line(
                from: box(0, y, 330), to: box(1580, y, 330), frames: 30, first: 40 + index * frames,
                text: "TR\(100 + index)X")
        }
    }

    /// Lorries that pass in front, each hiding the place for two seconds; and the vehicle that stands there.
    private static func behind(_ lorries: Int, every frames: Int, _ visitor: Scene.Visitor) -> [Scene.Visitor] {
        var visitor = visitor
        let passing = (0..<lorries).map { index in
            Scene.Visitor.line(
                from: box(0, 330, 520), to: box(1400, 330, 520), frames: 60, first: 60 + index * frames,
                text: "LR\(100 + index)Y")
        }
        for frame in visitor.boxes.indices {
            guard let box = visitor.boxes[frame] else { continue }
            let isHidden = passing.contains { lorry in
                let index = visitor.first + frame - lorry.first
                return lorry.boxes.indices.contains(index) && (lorry.boxes[index]?.cover(of: box) ?? 0) > 0.6
            }
            if isHidden { visitor.boxes[frame] = nil }
        }
        return [visitor] + passing
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var visitors: [Scene.Visitor]
        var noise = Scene.Noise()
        /// By text, how many passages each vehicle makes, and how many of them are marked as parked.
        var passages: [String: Int]
        var parked: [String: Int] = [:]
    }

    private static let place = box(700, 420, 300)

    static let cases: [Case] = [
        Case(
            testDescription: "a red light of 60 seconds",
            visitors: [visitor("KLM482", at: place, stand: 60)], passages: ["KLM482": 1]),
        Case(
            testDescription: "parked for 10 minutes beside moving traffic",
            visitors: [visitor("KLM482", at: place, stand: 600)] + traffic(20, every: 300),
            passages: Dictionary(uniqueKeysWithValues: [("KLM482", 2)] + (0..<20).map { ("TR\(100 + $0)X", 1) }),
            parked: ["KLM482": 1]),
        Case(
            testDescription: "a red light behind crossing lorries",
            visitors: behind(4, every: 120, visitor("KLM482", at: place, stand: 60)),
            passages: ["KLM482": 1, "LR100Y": 1, "LR101Y": 1, "LR102Y": 1, "LR103Y": 1]),
        Case(
            testDescription: "parked behind a lane in which a lorry passes every 12 seconds",
            visitors: behind(30, every: 120, visitor("KLM482", at: place, stand: 400)),
            passages: Dictionary(uniqueKeysWithValues: [("KLM482", 2)] + (0..<30).map { ("LR\(100 + $0)Y", 1) }),
            parked: ["KLM482": 1]),
        Case(
            testDescription: "parked, and hidden for 20 seconds again and again",
            visitors: [
                visitor("KLM482", at: place, stand: 400).hidden(1600..<1800).hidden(2000..<2200).hidden(3000..<3200)
            ], passages: ["KLM482": 2], parked: ["KLM482": 1]),
        Case(
            testDescription: "two parked side by side, of which one leaves",
            visitors: [
                visitor("KLM482", from: box(0, 300, 300), at: box(500, 420, 300), stand: 500),
                visitor("XRT917", first: 100, from: box(1600, 300, 300), at: box(800, 420, 300), stand: 250),
            ], passages: ["KLM482": 2, "XRT917": 2], parked: ["KLM482": 1, "XRT917": 1]),
        Case(
            testDescription: "a car that stops in front of a parked one, and hides it",
            visitors: [
                visitor("KLM482", at: place, stand: 400).hidden(2030..<2330),
                visitor(
                    // Two thirds of both boxes are the same.
                    "XRT917", first: 2000, from: box(0, 520, 310), at: box(730, 440, 310), stand: 30,
                    to: box(1580, 520, 330)),
            ], passages: ["KLM482": 2, "XRT917": 1], parked: ["KLM482": 1]),
        Case(
            testDescription: "one after the other in the same place",
            visitors: [
                visitor("KLM482", at: place, stand: 150),
                visitor("XRT917", first: 1900, at: place, stand: 150),
            ], passages: ["KLM482": 2, "XRT917": 2], parked: ["KLM482": 1, "XRT917": 1]),
        Case(
            testDescription: "its plate and its body are seldom found together",
            visitors: [visitor("KLM482", at: place, stand: 300)], noise: .init(vehicleMiss: 0.5, plateMiss: 0.6),
            passages: ["KLM482": 2], parked: ["KLM482": 1]),
        Case(
            testDescription: "a van of which only the plate is found",
            visitors: [
                {
                    var van = visitor("KLM482", at: place, stand: 300)
                    van.plateOnly = true
                    return van
                }()
            ], noise: .init(plateMiss: 0.2), passages: ["KLM482": 2], parked: ["KLM482": 1]),
        Case(
            testDescription: "every box doubled half the time",
            visitors: [visitor("KLM482", at: place, stand: 300)], noise: .init(double: 0.5), passages: ["KLM482": 2],
            parked: ["KLM482": 1]),
    ]

    @Test(arguments: cases, seeds)
    func `a parked vehicle is reported once, is silent while it stands, and departs as another`(
        example: Case, seed: UInt64
    ) {
        let passages = Scene(visitors: example.visitors, noise: example.noise).passages(seed: seed)
        #expect(count(passages) == example.passages, "seed \(seed)")
        #expect(count(passages.filter { $0.parked != nil }) == example.parked, "seed \(seed)")
        #expect(Set(passages.map(\.id)).count == passages.count)
        for visitor in example.visitors {
            let own = passages.filter { $0.plate?.text.text == visitor.text }
            if let parked = own.first(where: { $0.parked != nil }) {
                let stood = parked.parked?.inSeconds ?? 0
                #expect((120...120.5).contains(stood) && parked.stopped == parked.parked, "seed \(seed): \(stood)")
                #expect(parked.left == nil)
                // The departure's own frames begin when it leaves its place, and it is not said to have stood.
                let last = visitor.first + visitor.boxes.count - 1
                #expect(own.allSatisfy { $0.parked != nil || $0.firstFrame > last - 31 }, "seed \(seed)")
                #expect(own.allSatisfy { $0.parked != nil || $0.stopped == .zero && $0.frames <= 30 }, "seed \(seed)")
            }
        }
    }

    private func count(_ passages: [Passage]) -> [String: Int] {
        passages.reduce(into: [:]) { $0[$1.plate?.text.text ?? "?", default: 0] += 1 }
    }

    @Test(arguments: seeds)
    func `a stop at the light is told in seconds, jitter or not`(seed: UInt64) throws {
        for seconds in [0, 10, 60] {
            let scene = Scene(visitors: [Self.visitor("KLM482", at: Self.place, stand: seconds)])
            let passage = try #require(scene.passages(seed: seed).first)
            let stopped = passage.stopped.inSeconds
            #expect(
                seconds == 0 ? stopped == 0 : abs(stopped - Double(seconds)) < 1.5, "seed \(seed): \(stopped) s")
        }
        var twice = Self.visitor("KLM482", at: Self.place, stand: 8, to: Self.box(1000, 420, 300))
        twice.boxes += Self.visitor("", from: Self.box(1000, 420, 300), at: Self.box(1300, 420, 300), stand: 12).boxes
        let passage = try #require(Scene(visitors: [twice]).passages(seed: seed).first)
        #expect(abs(passage.stopped.inSeconds - 20) < 2.5, "seed \(seed): \(passage.stopped)")
    }

    @Test(arguments: seeds)
    func `a change of the frame rate changes nothing for a parked vehicle`(seed: UInt64) {
        let scene = Scene(visitors: [Self.visitor("KLM482", at: Self.place, stand: 400)])
        var stage = Associate()
        let passages = scene.records(seed: seed).filter { record in
            // From 10 frames a second to 2 while it is parked.
            record.content == nil || record.id.frame < 2000 || record.id.frame > 3900 || record.id.frame % 5 == 0
        }.flatMap { stage.process($0) }
        #expect(count(passages) == ["KLM482": 2], "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `a camera that reconnects says nothing new of a vehicle that is still parked`(seed: UInt64) {
        let records = Scene(visitors: [Self.visitor("KLM482", at: Self.place, stand: 400)]).records(seed: seed)
        var stage = Associate()
        let passages = records.flatMap { record in
            var record = record
            if record.id.frame >= 2000 { record.id.epoch = Epoch(8) }
            return stage.process(record)
        }
        #expect(count(passages) == ["KLM482": 2], "seed \(seed)")
        #expect(passages.map(\.epoch) == [Epoch(7), Epoch(8)])
    }

    /// A place of its own for each, seen or not, a second at a time.
    private func feed(
        _ stage: inout Associate, _ seconds: Range<Int>, boxes: [Box], plates: [Box] = []
    ) -> [Passage] {
        seconds.flatMap { second in
            // Two frames a second.
            [0, 5].flatMap { tenths in
                stage.process(
                    Scene.record(
                        second * 10 + tenths,
                        FrameReads(
                            width: 1920, height: 1080,
                            vehicles: boxes.map { Vehicle(box: $0, kind: .car, score: 0.9, crop: nil) },
                            plates: plates.map {
                                ReadPlate(
                                    plate: Plate(
                                        box: $0, corners: Quadrilateral($0), score: 0.9, vehicle: nil, crop: nil),
                                    read: Scene.read("KLM482", 0.9), sharpness: 100)
                            })))
            }
        }
    }

    @Test func `a place that was seen empty for half a minute is forgotten, one that is hidden is not`() {
        let place = Self.box(700, 400, 200)
        let lorry = Self.box(600, 300, 500)
        for (between, gone, reported) in [([Box](), 20, 1), ([], 40, 2), ([lorry], 100, 1)] {
            var stage = Associate()
            var passages = feed(&stage, 0..<130, boxes: [place])
            passages += feed(&stage, 130..<(130 + gone), boxes: between)
            passages += feed(&stage, (130 + gone)..<(260 + gone), boxes: [place])
            #expect(passages.filter { $0.parked != nil && $0.best.vehicle == place }.count == reported, "\(gone) s")
        }
    }

    @Test func `a vehicle of which nothing is seen for ten minutes is forgotten, however well it is hidden`() {
        let place = Self.box(700, 400, 200)
        var stage = Associate()
        var passages = feed(&stage, 0..<130, boxes: [place])
        passages += feed(&stage, 130..<740, boxes: [Self.box(600, 300, 500)])
        passages += feed(&stage, 740..<870, boxes: [place])
        #expect(passages.filter { $0.best.vehicle == place }.count == 2)
    }

    @Test func `the part of a parked vehicle that something leaves visible is no vehicle of its own`() {
        let place = Self.box(700, 400, 200)
        let rightHalf = Box(x: 805, y: 400, width: 95, height: 150)
        // As small, but in its middle: a motorcycle in front of it.
        let motorcycle = Box(x: 770, y: 440, width: 60, height: 90)
        for (seen, others) in [(rightHalf, 0), (motorcycle, 1)] {
            var stage = Associate()
            var passages = feed(&stage, 0..<130, boxes: [place])
            passages += feed(&stage, 130..<140, boxes: [seen])
            passages += feed(&stage, 140..<150, boxes: [place])
            passages += stage.process(Scene.end(1500))
            #expect(passages.count { $0.parked != nil } == 1 && passages.count == 1 + others)
        }
    }

    @Test func `a second box around a parked vehicle and its plate is no vehicle of its own`() {
        let place = Self.box(700, 400, 200)
        let plate = Box(x: 778, y: 490, width: 44, height: 12)
        let around = Box(x: 650, y: 350, width: 300, height: 240)
        var stage = Associate()
        var passages = feed(&stage, 0..<130, boxes: [place], plates: [plate])
        passages += feed(&stage, 130..<140, boxes: [place, around], plates: [plate])
        passages += stage.process(Scene.end(1400))
        #expect(passages.map { $0.parked != nil } == [true])
    }

    @Test func `parked vehicles are bounded, and what is shed is counted`() {
        let boxes = (0..<70).map { Self.box(Double($0 % 10) * 190, Double($0 / 10) * 150, 120) }
        var stage = Associate()
        #expect(feed(&stage, 0..<130, boxes: boxes).filter { $0.parked != nil }.count == 70)
        #expect(stage.takeTallies()["shed-parked"] == 6)
    }

    /// Goal: a successor goes on byte for byte, wherever the first one stopped, parked vehicles included.
    /// Method: each frame of a scene with a short dwell; outputs of the rest and the last snapshot are compared.
    @Test func `a snapshot at every frame of a parking scene gives the same output`() throws {
        var settings = Associate.Settings()
        settings.dwell = .seconds(5)
        let calibration = try RoadCalibration([
            .init(picture: Point(x: 0, y: 1000), road: Point(x: 0, y: 0)),
            .init(picture: Point(x: 1920, y: 1000), road: Point(x: 20, y: 0)),
            .init(picture: Point(x: 1920, y: 200), road: Point(x: 20, y: 10)),
            .init(picture: Point(x: 0, y: 200), road: Point(x: 0, y: 10)),
        ])
        settings.views = [Scene.camera: CameraView(heading: 90, calibration: calibration)]
        let visitors =
            [Self.visitor("KLM482", at: Self.place, stand: 15).hidden(100..<125)] + Self.traffic(2, every: 70)
        let records = Scene(visitors: visitors).records(seed: 71)
        var stage = Associate(settings: settings)
        var outputs: [[Passage]] = []
        var snapshots: [[UInt8]?] = []
        for record in records {
            snapshots.append(stage.snapshot(of: Scene.camera))
            outputs.append(stage.process(record))
        }
        #expect(outputs.joined().contains { $0.parked != nil } && outputs.joined().contains { $0.speed != nil })
        for cut in records.indices {
            var successor = Associate(settings: settings)
            if let snapshot = snapshots[cut] { try successor.restore(Scene.camera, from: snapshot) }
            let rest = records[cut...].map { successor.process($0) }
            #expect(rest == Array(outputs[cut...]), "restored at record \(cut)")
            #expect(successor.snapshot(of: Scene.camera) == stage.snapshot(of: Scene.camera))
        }
    }
}
