import Testing
import Traffic

@testable import Stages

/// A finder that answers from a script, and writes down what was asked of it.
private struct ScriptedFinder: ObjectFinding, ~Copyable {
    struct Refused: Error {}
    struct Script: Sendable {
        var width = 1000, height = 800
        var vehicles: [FoundVehicle] = []
        var plates: [FoundPlate] = []
        var faces: [Box] = []
        var refuses: Set<String> = []
    }
    /// A class, so that the test sees what happened after the stage took the finder over.
    final class Log {
        var facePasses: [[Box]] = []
        var hidden: [[Box]] = []
        var hiddenPlates: [[Box]] = []
        var qualities: [Int] = []
    }
    let log: Log

    mutating func open(_ image: Script) throws -> Script {
        if image.refuses.contains("open") { throw Refused() }
        return image
    }
    func size(of frame: Script) -> (width: Int, height: Int) { (frame.width, frame.height) }
    mutating func vehicles(in frame: Script) throws -> [FoundVehicle] {
        if frame.refuses.contains("vehicles") { throw Refused() }
        return frame.vehicles
    }
    mutating func plates(in frame: Script) throws -> [FoundPlate] {
        if frame.refuses.contains("plates") { throw Refused() }
        return frame.plates
    }
    mutating func faces(in frame: Script, within parts: [Box]) throws -> [Box] {
        log.facePasses.append(parts)
        if frame.refuses.contains("faces") { throw Refused() }
        return frame.faces
    }
    mutating func crop(
        _ part: Box, of frame: Script, after pass: FacePass, hiding plates: [Box], quality: Int
    ) throws -> Crop {
        if frame.refuses.contains("crop") { throw Refused() }
        log.hiddenPlates.append(plates)
        log.hidden.append(pass.faces)
        log.qualities.append(quality)
        return Crop(jpeg: [UInt8(quality)], box: part)
    }
}

private func record(_ script: ScriptedFinder.Script) -> StreamRecord<ScriptedFinder.Script> {
    StreamRecord(
        id: FrameID(camera: "north", epoch: Epoch(7), frame: 3), time: EventTime(nanoseconds: 5), body: .frame(script))
}

private func vehicle(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> FoundVehicle {
    FoundVehicle(box: Box(x: x, y: y, width: width, height: height), kind: .car, score: 0.9)
}

private func plate(_ x: Double, _ y: Double, _ width: Double = 100, _ height: Double = 20) -> FoundPlate {
    let box = Box(x: x, y: y, width: width, height: height)
    return FoundPlate(box: box, corners: Quadrilateral(box), score: 0.5)
}

@Suite struct DetectTests {
    private let log = ScriptedFinder.Log()
    private func stage(_ settings: DetectSettings = DetectSettings()) -> Detect<ScriptedFinder> {
        Detect(finder: ScriptedFinder(log: log), settings: settings)
    }

    @Test func `a frame gives one record with its identity and time`() throws {
        var stage = stage()
        let out = try stage.process(record(.init(vehicles: [vehicle(100, 100, 400, 300)], plates: [plate(250, 330)])))
        #expect(out.count == 1)
        #expect(out[0].id == FrameID(camera: "north", epoch: Epoch(7), frame: 3))
        #expect(out[0].time == EventTime(nanoseconds: 5))
        let made = try #require(out[0].content)
        #expect(made.width == 1000 && made.height == 800)
        #expect(made.vehicles.map(\.kind) == [.car])
        #expect(made.plates.map(\.vehicle) == [0])
    }

    @Test func `an empty road gives an empty record, and no face pass is paid for`() throws {
        var stage = stage()
        let made = try #require(
            try stage.process(record(.init(faces: [Box(x: 0, y: 0, width: 9, height: 9)])))[0].content)
        #expect(made == Detections(width: 1000, height: 800, vehicles: [], plates: [], redactions: 0))
        #expect(log.facePasses.isEmpty)
    }

    @Test func `gaps and ends pass through`() throws {
        var stage = stage()
        let id = FrameID(camera: "north", epoch: Epoch(7), frame: 3), time = EventTime(nanoseconds: 5)
        let gap = try stage.process(.init(id: id, time: time, body: .gap(reason: "link down")))
        #expect(gap == [.init(id: id, time: time, body: .gap(reason: "link down"))])
        let end = try stage.process(.init(id: id, time: time, body: .endOfStream))
        #expect(end == [.init(id: id, time: time, body: .endOfStream)])
    }

    @Test func `a plate without a vehicle still counts and is cut`() throws {
        var stage = stage()
        let made = try #require(try stage.process(record(.init(plates: [plate(500, 500)])))[0].content)
        #expect(made.plates.map(\.vehicle) == [nil])
        #expect(made.plates[0].crop?.box == Box(x: 475, y: 495, width: 150, height: 30))
        #expect(log.qualities == [95])
    }

    @Test func `when the face pass fails no crop leaves, and it is counted`() throws {
        var stage = stage()
        let script = ScriptedFinder.Script(
            vehicles: [vehicle(100, 100, 400, 300)], plates: [plate(250, 330), plate(700, 700)], refuses: ["faces"])
        let made = try #require(try stage.process(record(script))[0].content)
        #expect(made.vehicles.count == 1 && made.plates.count == 2)
        #expect(made.vehicles.allSatisfy { $0.crop == nil } && made.plates.allSatisfy { $0.crop == nil })
        #expect(made.redactions == 0)
        #expect(log.qualities.isEmpty, "the finder was asked for a crop")
        #expect(stage.takeTallies() == ["redaction-failed": 1])
        #expect(stage.takeTallies() == [:])
    }

    @Test func `faces are looked for in everything that leaves`() throws {
        var stage = stage()
        let made = try #require(
            try stage.process(record(.init(vehicles: [vehicle(100.5, 90, 300, 200)], plates: [plate(600.3, 400)])))[0]
                .content)
        let parts = try #require(log.facePasses.first)
        for box in [made.vehicles[0].crop?.box, made.plates[0].crop?.box] {
            let box = try #require(box)
            #expect(parts.contains { $0.cover(of: box) == 1 })
        }
    }

    @Test func `faces are widened before they are hidden, and only their number leaves`() throws {
        var stage = stage()
        let inside = Box(x: 200, y: 150, width: 40, height: 40), outside = Box(x: 900, y: 700, width: 40, height: 40)
        let made = try #require(
            try stage.process(record(.init(vehicles: [vehicle(100, 100, 400, 300)], faces: [inside, outside])))[0]
                .content)
        #expect(made.redactions == 1)
        #expect(log.hidden[0][0] == Box(x: 190, y: 140, width: 60, height: 60))
    }

    @Test func `a crop that can't be cut is left out and counted`() throws {
        var stage = stage()
        let made = try #require(
            try stage.process(record(.init(vehicles: [vehicle(1, 1, 90, 90)], refuses: ["crop"])))[0].content)
        #expect(made.vehicles[0].crop == nil)
        #expect(stage.takeTallies() == ["crop-failed": 1])
    }

    @Test func `a tiny vehicle is reported without a crop`() throws {
        var stage = stage()
        let made = try #require(try stage.process(record(.init(vehicles: [vehicle(10, 10, 31, 90)])))[0].content)
        #expect(made.vehicles.count == 1 && made.vehicles[0].crop == nil)
        #expect(stage.takeTallies() == [:])
    }

    @Test func `what exceeds the bound is shed, worst first, and counted`() throws {
        var settings = DetectSettings()
        settings.mostVehicles = 2
        settings.mostPlates = 1
        var stage = stage(settings)
        let made = try #require(
            try stage.process(
                record(
                    .init(
                        vehicles: [vehicle(0, 0, 50, 50), vehicle(100, 0, 50, 50), vehicle(200, 0, 50, 50)],
                        plates: [plate(1, 101), plate(2, 200), plate(3, 400)])))[0].content)
        #expect(made.vehicles.map(\.box.x) == [0, 100])
        #expect(made.plates.map(\.box.x) == [1])
        #expect(stage.takeTallies() == ["vehicles-shed": 1, "plates-shed": 2])
    }

    @Test(arguments: [("open", "DET201"), ("vehicles", "DET202"), ("plates", "DET202")])
    func `a frame that can't be looked at is rejected, and the next one is not`(part: String, code: String) throws {
        var stage = stage()
        let error = #expect(throws: BadRecord.self) { try stage.process(record(.init(refuses: [part]))) }
        #expect(error?.code == code)
        #expect(try stage.process(record(.init(plates: [plate(5, 5)])))[0].content?.plates.count == 1)
    }

    @Test func `a vehicle's crop shows its own plate and hides every other, a plate's crop likewise`() throws {
        // A car, the next one half in its box, and a third that nobody found.
        var stage = stage()
        let script = ScriptedFinder.Script(
            vehicles: [vehicle(100, 100, 400, 300), vehicle(420, 100, 400, 300)],
            plates: [plate(250, 325), plate(400, 325, 99), plate(900, 700)])
        let made = try #require(try stage.process(record(script))[0].content)
        #expect(made.plates.map(\.vehicle) == [0, 0, nil])
        let stranger = Box(x: 385.15, y: 322, width: 128.7, height: 26)
        #expect(log.hiddenPlates.map { $0.map(\.rounded) } == [[stranger.rounded], [stranger.rounded], [], [], []])
        #expect(made.redactions == 0, "only faces are counted there")
        #expect(stage.takeTallies() == ["plates-hidden": 1])
    }

    @Test func `a second plate within the margin of a plate's crop is hidden in it`() throws {
        var stage = stage()
        _ = try stage.process(record(.init(plates: [plate(300, 300), plate(300, 322)])))
        #expect(log.hiddenPlates.map(\.count) == [1, 1])
        #expect(log.hiddenPlates[0][0].y > 315 && log.hiddenPlates[1][0].y < 300)
    }

    @Test func `what is too faint to be read, or was shed, is hidden and goes nowhere else`() throws {
        var settings = DetectSettings()
        settings.mostPlates = 1
        var stage = stage(settings)
        var faint = plate(400, 150, 60, 15)
        faint.isFaint = true
        let script = ScriptedFinder.Script(
            vehicles: [vehicle(100, 100, 400, 300)], plates: [plate(250, 325), plate(120, 130), faint])
        let made = try #require(try stage.process(record(script))[0].content)
        #expect(made.plates.map(\.box.x) == [250])
        #expect(log.hiddenPlates.map(\.count) == [2, 0])
        #expect(stage.takeTallies() == ["plates-shed": 1, "plates-hidden": 2])
    }

    @Test func `a weaker find on a vehicle's own plate does not hide it`() throws {
        var stage = stage()
        var piece = plate(300, 328, 40, 14), frame = plate(240, 310, 130, 60), beside = plate(349, 325, 80, 20)
        piece.isFaint = true
        frame.isDoubtful = true
        beside.isFaint = true
        _ = try stage.process(
            record(.init(vehicles: [vehicle(100, 100, 400, 300)], plates: [plate(250, 325), frame, piece, beside])))
        #expect(log.hiddenPlates[0] == [])
        // Were it surely a plate, it would be another one.
        beside.isFaint = false
        _ = try stage.process(
            record(.init(vehicles: [vehicle(100, 100, 400, 300)], plates: [plate(250, 325), beside])))
        #expect(log.hiddenPlates[3].count == 1)
    }

    @Test func `a vehicle shows the surest plate it carries, and of these the one that sits best`() {
        let car = Box(x: 0, y: 0, width: 400, height: 300)
        let central = plate(150, 215), aside = plate(20, 100)
        var doubtful = central, faint = central
        doubtful.isDoubtful = true
        faint.isFaint = true
        #expect(ownPlates([aside, central], of: [car]) == [central.box])
        #expect(ownPlates([central, aside], of: [car]) == [central.box])
        #expect(ownPlates([doubtful, aside], of: [car]) == [aside.box])
        #expect(ownPlates([faint, aside], of: [car]) == [aside.box])
        #expect(ownPlates([faint], of: [car]) == [faint.box])
        #expect(ownPlates([plate(900, 20)], of: [car]) == [nil])
    }

    @Test(arguments: [Double.nan, .infinity])
    func `faces that are nowhere are no face pass: no crop leaves`(number: Double) throws {
        for box in [Box(x: number, y: 1, width: 9, height: 9), Box(x: 1, y: 1, width: 9, height: number)] {
            var stage = stage()
            let made = try #require(
                try stage.process(record(.init(plates: [plate(5, 5)], faces: [box])))[0].content)
            #expect(made.plates.map(\.crop) == [nil])
            #expect(stage.takeTallies() == ["redaction-failed": 1])
        }
        var stage = stage()
        let error = #expect(throws: BadRecord.self) {
            try stage.process(record(.init(plates: [plate(number, 5)])))
        }
        #expect(error?.code == "DET202")
    }

    @Test func `a plate goes to the vehicle in which it sits best`() {
        // A car in front of a lorry: both boxes hold the plate.
        let lorry = Box(x: 0, y: 0, width: 600, height: 600), car = Box(x: 300, y: 300, width: 260, height: 220)
        let carPlate = Box(x: 390, y: 460, width: 80, height: 20),
            lorryPlate = Box(x: 260, y: 440, width: 90, height: 22)
        #expect(carrier(of: carPlate, among: [lorry, car]) == 1)
        #expect(carrier(of: lorryPlate, among: [lorry, car]) == 0)
        #expect(carrier(of: Box(x: 800, y: 100, width: 80, height: 20), among: [lorry, car]) == nil)
        #expect(carrier(of: Box(x: 560, y: 100, width: 100, height: 20), among: [lorry]) == nil)
        #expect(carrier(of: carPlate, among: []) == nil)
    }
}

extension Box {
    /// To a thousandth of a pixel, for comparing what was computed in another order.
    fileprivate var rounded: [Int] { [x, y, width, height].map { Int(($0 * 1000).rounded()) } }
}
