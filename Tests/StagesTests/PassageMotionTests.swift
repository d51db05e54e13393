import Stages
import Testing
import Traffic

/// What a passage says of a vehicle's way: direction, course, sides, speed.
@Suite struct PassageMotionTests {
    private static func box(_ x: Double, _ y: Double, _ width: Double) -> Box {
        Box(x: x, y: y, width: width, height: width * 0.75)
    }

    private func passage(
        _ visitor: Scene.Visitor, view: CameraView? = nil, seed: UInt64 = 81
    ) throws -> Passage {
        var settings = Associate.Settings()
        if let view { settings.views[Scene.camera] = view }
        let passages = Scene(visitors: [visitor]).passages(seed: seed, settings: settings)
        #expect(passages.count == 1)
        return try #require(passages.first)
    }

    struct Way: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var from, to: Box
        var entered, left: Edge?
        /// Of a camera that looks to 300 degrees.
        var course: Double?
    }

    static let ways: [Way] = [
        Way(
            testDescription: "from left to right", from: box(0, 400, 250), to: box(1670, 400, 250), entered: .left,
            left: .right, course: 30),
        Way(
            testDescription: "from right to left", from: box(1670, 400, 250), to: box(0, 400, 250), entered: .right,
            left: .left, course: 210),
        Way(
            testDescription: "from afar to below", from: box(900, 250, 120), to: box(700, 700, 500), entered: nil,
            left: .bottom, course: 120),
        Way(
            testDescription: "from below to afar", from: box(700, 700, 500), to: box(900, 250, 120), entered: .bottom,
            left: nil, course: 300),
        Way(
            testDescription: "from above down into the picture", from: box(800, 0, 200), to: box(800, 500, 200),
            entered: .top, left: nil, course: 120),
        Way(
            testDescription: "up and out", from: box(800, 500, 200), to: box(800, 0, 200), entered: nil, left: .top,
            course: 300),
        Way(
            testDescription: "all of it inside", from: box(500, 400, 250), to: box(1200, 400, 250), entered: nil,
            left: nil, course: 30),
        Way(
            testDescription: "standing at the edge", from: box(0, 400, 250), to: box(0, 400, 250), entered: nil,
            left: nil, course: nil),
    ]

    @Test(arguments: ways, [81, 82, 83] as [UInt64])
    func `the sides it came and went over, and its course`(way: Way, seed: UInt64) throws {
        let found = try passage(
            .line(from: way.from, to: way.to, frames: 30, text: "KLM482"), view: CameraView(heading: 300), seed: seed)
        #expect(found.entered == way.entered, "seed \(seed)")
        #expect(found.left == way.left, "seed \(seed)")
        #expect(found.course == way.course, "seed \(seed)")
    }

    @Test func `a fast vehicle that is first and last found well inside still has its sides`() throws {
        // 1,270 pixels a second, and nearest to the edges it is 120 to 150 pixels inside.
        let found = try passage(
            .line(from: Self.box(150, 400, 250), to: Self.box(1550, 400, 250), frames: 12, text: "KLM482"))
        #expect(found.entered == .left && found.left == .right)
    }

    @Test func `without a heading there is no course`() throws {
        let found = try passage(
            .line(from: Self.box(0, 400, 250), to: Self.box(1600, 400, 250), frames: 30, text: "KLM482"))
        #expect(found.course == nil && found.speed == nil && found.direction == .rightward)
    }

    /// A vehicle of 1.8 by 1.5 metres whose ground point goes along the road of ``HomographyTests/seen(across:along:)``.
    private static func driven(
        across: Double, from: Double, metresPerSecond: Double, frames: Int, stopAt: Int? = nil, stopFor: Int = 0
    ) -> Scene.Visitor {
        var boxes: [Box?] = []
        for frame in 0..<frames {
            let along = from + metresPerSecond * Double(frame) / 10
            let ground = HomographyTests.seen(across: across, along: along)
            let right = HomographyTests.seen(across: across + 1.8, along: along)
            let width = right.x - ground.x
            let box = Box(x: ground.x - width / 2, y: ground.y - 0.85 * width, width: width, height: 0.85 * width)
            boxes += [Box?](repeating: box, count: frame == stopAt ? 1 + stopFor : 1)
        }
        return Scene.Visitor(first: 0, boxes: boxes, text: "KLM482")
    }

    private static func view(heading: Double? = nil) throws -> CameraView {
        CameraView(heading: 0, calibration: try RoadCalibration(HomographyTests.corners, heading: heading))
    }

    @Test(arguments: [4.0, 8, 15], [91, 92, 93] as [UInt64])
    func `the speed is that on the road, within a tenth`(metresPerSecond: Double, seed: UInt64) throws {
        let frames = Int(24 / metresPerSecond * 10)
        let visitor = Self.driven(across: 1, from: 13, metresPerSecond: metresPerSecond, frames: frames)
        let speed = try #require(try passage(visitor, view: Self.view(), seed: seed).speed)
        #expect(abs(speed.metresPerSecond / metresPerSecond - 1) < 0.1, "seed \(seed): \(speed)")
        #expect((15...26).contains(speed.metres), "seed \(seed): \(speed)")
    }

    @Test(arguments: [91, 92, 93] as [UInt64])
    func `a stop on the way is left out of the speed`(seed: UInt64) throws {
        let visitor = Self.driven(across: 1, from: 13, metresPerSecond: 8, frames: 30, stopAt: 15, stopFor: 300)
        let found = try passage(visitor, view: Self.view(), seed: seed)
        let speed = try #require(found.speed)
        #expect(abs(speed.metresPerSecond / 8 - 1) < 0.15, "seed \(seed): \(speed)")
        #expect(abs(found.stopped.inSeconds - 30) < 1.5, "seed \(seed): \(found.stopped)")
    }

    @Test func `no speed rests on a few metres, nor on what lies outside the calibrated part`() throws {
        let short = Self.driven(across: 1, from: 13, metresPerSecond: 1, frames: 30)
        #expect(try passage(short, view: Self.view()).speed == nil)
        let standing = Self.driven(across: 1, from: 35, metresPerSecond: 0, frames: 300)
        #expect(try passage(standing, view: Self.view()).speed == nil)
        let beside = Self.driven(across: 11, from: 13, metresPerSecond: 8, frames: 8)
        #expect(try passage(beside, view: Self.view()).speed == nil)
    }

    @Test func `where the calibration says where north is, the course is that of the road`() throws {
        let away = Self.driven(across: 1, from: 13, metresPerSecond: 8, frames: 30)
        let course = try #require(try passage(away, view: Self.view(heading: 350)).course)
        #expect(min(course, 360 - course) < 15 && abs(course - 350) < 5)
        #expect(try passage(away, view: Self.view()).course == 0, "else by the camera's heading")
    }
}
