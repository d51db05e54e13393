import Stages
import Testing
import Traffic

@Suite struct SampleTests {
    private func kept(_ rate: SamplingRate, _ times: [Int64]) -> [Int] {
        var sample = SampleFrames(rate)
        return times.indices.filter { sample.keeps(EventTime(nanoseconds: times[$0])) }
    }

    /// Times of a source at `fps`, rounded to the container's grid of so many nanoseconds.
    private func times(fps: Double, count: Int, grid: Double) -> [Int64] {
        (0..<count).map { Int64((Double($0) / fps * 1e9 / grid).rounded() * grid) + 1_772_436_600_000_000_000 }
    }

    @Test func `all keeps all`() {
        #expect(kept(.all, [0, 0, 5, 5, 6]) == [0, 1, 2, 3, 4])
    }

    @Test(arguments: [(5.0, 25.0), (5, 10), (10, 30), (1, 12.5), (7, 25), (2.5, 25), (29, 30)])
    func `a lower rate is held on average, first frame included`(rate: Double, fps: Double) {
        let kept = kept(.perSecond(rate), times(fps: fps, count: Int(fps * 100), grid: 1e6))
        #expect(kept.first == 0)
        #expect(abs(Double(kept.count) - rate * 100) <= 1, "\(kept.count)")
    }

    @Test(arguments: [10, 12.5, 25, 29.97, 30, 50], [1.0, 11_111.111, 1e6])
    func `a source no faster than the rate keeps every frame, however its times are rounded`(fps: Double, grid: Double)
    {
        let all = times(fps: fps, count: 3000, grid: grid)
        #expect(kept(.perSecond(fps.rounded(.up)), all).count == 3000)
    }

    @Test func `after a pause the grid goes on from the pause`() {
        let second: Int64 = 1_000_000_000
        #expect(
            kept(.perSecond(1), [0, second / 2, second, 60 * second, 60 * second + 100, 61 * second]) == [0, 2, 3, 5])
    }
}
