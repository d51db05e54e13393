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
        let guess = motion.predicted(at: Scene.time(13))
        #expect(guess.overlap(box(13, growth: 4)) > 0.9)
    }

    @Test func `predictions change nothing and grow less certain`() {
        let motion = KalmanBox(box(0), at: Scene.time(0), noise: .vehicle)
        let copy = motion
        let near = motion.deviation(at: Scene.time(1), noise: .vehicle)
        let far = motion.deviation(at: Scene.time(8), noise: .vehicle)
        _ = motion.predicted(at: Scene.time(8))
        #expect(motion == copy)
        #expect(far > near)
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
        let guess = motion.predicted(at: EventTime(nanoseconds: .min))
        #expect(guess.x.isFinite && guess.width > 0)
    }

    @Test func `a vehicle that shrinks fast is carried at the size it was last seen`() {
        // It drives away from right below the camera: its width is in inverse proportion to its distance.
        func away(_ frame: Int) -> Box {
            let size = 900 / (2 + 0.8 * Double(frame))
            return Box(x: 600 - size / 2, y: 700 - size, width: size, height: size)
        }
        var motion = KalmanBox(away(0), at: Scene.time(0), noise: .vehicle)
        for frame in 1...8 {
            motion.update(away(frame), at: Scene.time(frame), score: 1, noise: .vehicle, step: 0.1)
            #expect(motion.carried(to: Scene.time(frame + 1)).overlap(away(frame + 1)) > 0.6, "frame \(frame)")
        }
    }

    @Test func `a jolt of the picture moves place and last box alike, and no speed`() {
        var motion = KalmanBox(box(0), at: Scene.time(0), noise: .vehicle)
        for frame in 1...5 { motion.update(box(frame), at: Scene.time(frame), score: 1, noise: .vehicle, step: 0.1) }
        let before = motion
        motion.shift(by: Point(x: 30, y: -12))
        #expect(motion.x.speed == before.x.speed && motion.seen.x == before.seen.x + 30)
        let moved = motion.predicted(at: Scene.time(6)).center
        let still = before.predicted(at: Scene.time(6)).center
        #expect(abs(moved.x - still.x - 30) < 1e-9 && abs(moved.y - still.y + 12) < 1e-9)
    }
}
