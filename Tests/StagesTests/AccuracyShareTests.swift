import Testing

@testable import Stages

@Suite struct AccuracyShareTests {
    /// Ends found by bisection: the shares p at which the observed one lies 1.96 sqrt(p (1 - p) / n) away.
    @Test(arguments: [
        (10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (50, 100, 0.4038, 0.5962), (106, 111, 0.8989, 0.9806),
        (1, 1, 0.2065, 1.0), (132, 165, 0.7325, 0.8539),
    ])
    func `the interval is Wilson's`(count: Int, total: Int, low: Double, high: Double) throws {
        let interval = try #require(Share(count, of: total).interval)
        #expect(abs(interval.lowerBound - low) < 0.0001 && abs(interval.upperBound - high) < 0.0001, "\(interval)")
    }

    @Test func `nothing has no share`() {
        #expect(Share(0, of: 0).value == nil && Share(0, of: 0).interval == nil)
    }

    @Test(arguments: [
        ("", "", 0), ("ABC", "", 3), ("", "ABC", 3), ("1ABC234", "1ABC234", 0), ("1ABC234", "1A8C234", 1),
        ("1ABC234", "ABC234", 1), ("1ABC234", "11ABC234", 1), ("KITTEN", "SITTING", 3), ("AB", "BA", 2),
    ])
    func `the edit distance counts changes`(a: String, b: String, distance: Int) {
        #expect(editDistance(a, b) == distance)
        #expect(editDistance(b, a) == distance)
    }

    @Test func `median and 95 percent of measurements`() {
        #expect(Spread([]) == Spread([0]))
        #expect(Spread([3, 1, 2]).median == 2)
        #expect(Spread([4, 1, 2, 3]).median == 2.5)
        #expect(Spread((1...100).map(Double.init)).p95 == 95)
        #expect(Spread([7]).p95 == 7)
    }
}
