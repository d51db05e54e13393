import Testing
import Traffic

@testable import Stages

@Suite struct KalmanTests {
    private func box(_ frame: Int, speed: Double = 20, growth: Double = 0) -> Box {
        Box(x: 100 + speed * Double(frame), y: 300, width: 200 + growth * Double(frame), height: 150)
    }

    @Test func `a steady vehicle is predicted where it goes`() {
        var motion = KalmanBox(box(0, growth: 4), at: Scene.time(0), noise: .vehicle)
        for frame in 1...10 {
            motion.update(box(frame, growth: 4), at: Scene.time(frame), score: 1, noise: .vehicle, step: 0.1)
        }
        let guess = motion.predicted(at: Scene.time(13), noise: .vehicle).box
        #expect(guess.overlap(box(13, growth: 4)) > 0.9)
    }

    @Test func `predictions change nothing and grow less certain`() {
        let motion = KalmanBox(box(0), at: Scene.time(0), noise: .vehicle)
        let copy = motion
        let near = motion.predicted(at: Scene.time(1), noise: .vehicle)
        let far = motion.predicted(at: Scene.time(8), noise: .vehicle)
        #expect(motion == copy)
        #expect(far.deviation > near.deviation)
    }

    @Test func `the speed after a gap is that between the observations`() {
        var motion = KalmanBox(box(0), at: Scene.time(0), noise: .vehicle)
        for frame in 1...10 { motion.update(box(frame), at: Scene.time(frame), score: 1, noise: .vehicle, step: 0.1) }
        // Stops while hidden, and is found again where it was lost.
        motion.update(box(10), at: Scene.time(18), score: 1, noise: .vehicle, step: 0.1)
        #expect(abs(motion.x.speed) < 20, "200 pixels a second before the gap, \(motion.x.speed) after it")
    }

    @Test func `a weak detection moves the filter less`() {
        var strong = KalmanBox(box(0), at: Scene.time(0), noise: .vehicle)
        var weak = strong
        strong.update(box(3), at: Scene.time(1), score: 1, noise: .vehicle, step: 0.1)
        weak.update(box(3), at: Scene.time(1), score: 0.1, noise: .vehicle, step: 0.1)
        #expect(weak.x.value < strong.x.value)
    }

    @Test func `wild clocks give finite boxes`() {
        var motion = KalmanBox(box(0), at: EventTime(nanoseconds: .min), noise: .vehicle)
        motion.update(box(1), at: EventTime(nanoseconds: .max), score: 1, noise: .vehicle, step: 0.1)
        let guess = motion.predicted(at: EventTime(nanoseconds: .min), noise: .vehicle).box
        #expect(guess.x.isFinite && guess.width > 0)
    }
}
