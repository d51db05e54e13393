import Stages
import Testing
import Traffic

@Suite struct MotionGateTests {
    private let size = MotionGate.width * MotionGate.height

    /// A noisy road with, if asked, a bright square of `side` cells at `x`.
    private func scene(seed: UInt64, brightness: Int = 100, car x: Int? = nil, side: Int = 4) -> [UInt8] {
        var random = seed &* 6_364_136_223_846_793_005 &+ 1
        var cells = (0..<size).map { cell in
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(brightness + cell % 7 * 10 + Int(random >> 60) % 7 - 3)
        }
        guard let x else { return cells }
        for row in 20..<20 + side { for column in x..<x + side { cells[row * MotionGate.width + column] = 230 } }
        return cells
    }

    private func decisions(_ gate: inout MotionGate, _ frames: [(seconds: Double, cells: [UInt8])]) -> [MotionGate
        .Decision]
    {
        frames.map { gate.judge($0.cells, at: EventTime(seconds: 1000 + $0.seconds)) }
    }

    @Test func `a still road gives one frame a second, noise or not`() {
        var gate = MotionGate(MotionGate.Settings(hold: .zero))
        let seen = decisions(&gate, (0..<100).map { (Double($0) / 10, scene(seed: UInt64($0))) })
        #expect(seen.first == .moving)
        #expect(seen.dropFirst().filter(\.letsThrough).count == 9)
        #expect(!seen.dropFirst().contains(.moving))
    }

    @Test func `a car opens the gate at once, and the hold keeps it open behind the car`() {
        var gate = MotionGate(MotionGate.Settings(hold: .seconds(1)))
        let seen = decisions(
            &gate,
            (0..<100).map { (Double($0) / 10, scene(seed: UInt64($0), car: (50..<60).contains($0) ? $0 - 40 : nil)) })
        #expect(seen[50..<70].allSatisfy { $0 == .moving })
        #expect(!seen[12..<50].contains(.moving) && !seen[71...].contains(.moving))
    }

    @Test func `light that changes everywhere is not movement`() {
        var gate = MotionGate(MotionGate.Settings(hold: .zero))
        let seen = decisions(
            &gate, (0..<60).map { (Double($0) / 10, scene(seed: UInt64($0), brightness: $0 < 30 ? 60 : 140)) })
        #expect(!seen.dropFirst().contains(.moving))
    }

    @Test func `a change below the area is not movement`() {
        var gate = MotionGate(MotionGate.Settings(area: 0.01, hold: .zero))
        let seen = decisions(
            &gate, (0..<30).map { (Double($0) / 10, scene(seed: UInt64($0), car: $0 < 15 ? nil : 30)) })
        #expect(!seen.dropFirst().contains(.moving), "16 of 5184 cells are under 1%")
    }

    @Test func `what was parked becomes background, and its leaving is movement again`() {
        var gate = MotionGate(MotionGate.Settings(hold: .zero, adaptation: .seconds(5)))
        let seen = decisions(
            &gate, (0..<900).map { (Double($0) / 10, scene(seed: UInt64($0), car: (10..<600).contains($0) ? 30 : nil)) }
        )
        #expect(seen[10..<50].allSatisfy { $0 == .moving })
        #expect(!seen[400..<600].contains(.moving))
        #expect(seen[600] == .moving)
        #expect(!seen[850...].contains(.moving))
    }

    @Test func `the same frames give the same decisions`() {
        let frames = (0..<200).map { (Double($0) / 10, scene(seed: UInt64($0), car: $0 % 50 < 8 ? $0 % 50 + 10 : nil)) }
        var first = MotionGate(), second = MotionGate()
        #expect(decisions(&first, frames) == decisions(&second, frames))
    }
}
