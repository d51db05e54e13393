import Foundation
import GantryTesting
import Testing
import Traffic

@testable import Stages

/// Goal: points measured on the road give the road; points that can't are refused, each for its reason.
@Suite struct HomographyTests {
    /// A camera 6 m up that looks 12 degrees down along the road, 1000 pixels focal length.
    static func seen(across: Double, along: Double) -> Point {
        let sine = 0.207_911_690_817_759_3
        let cosine = 0.978_147_600_733_805_6
        let depth = along * cosine + 6 * sine
        let below = 6 * cosine - along * sine
        return Point(x: 960 + 1000 * across / depth, y: 540 + 1000 * below / depth)
    }

    static func pair(_ across: Double, _ along: Double) -> Homography.Pair {
        Homography.Pair(picture: seen(across: across, along: along), road: Point(x: across, y: along))
    }

    static let corners = [pair(-4, 12), pair(4, 12), pair(4, 40), pair(-4, 40)]

    private static func problem(_ pairs: [Homography.Pair]) -> Homography.Problem? {
        do throws(Homography.Problem) {
            _ = try Homography(pairs)
            return nil
        } catch { return error }
    }

    @Test func `four corners give every other point of the road`() throws {
        let road = try Homography(Self.corners)
        for (across, along) in [(0.0, 15.0), (-3, 20), (7, 30), (2, 60)] {
            let found = try #require(road.road(at: Self.seen(across: across, along: along)))
            #expect(abs(found.x - across) < 1e-6 && abs(found.y - along) < 1e-6)
        }
        #expect(road.road(at: Point(x: 960, y: 200)) == nil, "above the horizon")
    }

    @Test(arguments: [61, 62, 63] as [UInt64])
    func `many points picked by hand average their errors`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pairs = (0..<24).map { index in
            var pair = Self.pair(Double(index % 4) * 3 - 4.5, 12 + Double(index / 4) * 5)
            pair.picture.x += random.spread(2)
            pair.picture.y += random.spread(2)
            return pair
        }
        let road = try Homography(pairs)
        let found = try #require(road.road(at: Self.seen(across: 1, along: 20)))
        #expect(abs(found.x - 1) < 0.1 && abs(found.y - 20) < 0.4, "seed \(seed): \(found)")
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var pairs: [Homography.Pair]
        var problem: Homography.Problem
    }

    static let bad: [Bad] = [
        Bad(testDescription: "three points", pairs: Array(corners.prefix(3)), problem: .tooFew(3)),
        Bad(
            testDescription: "all in a line", pairs: [pair(0, 10), pair(0, 20), pair(0, 30), pair(0, 40)],
            problem: .degenerate),
        Bad(
            testDescription: "three of four in a line", pairs: [pair(-4, 12), pair(4, 12), pair(0, 12), pair(0, 30)],
            problem: .degenerate),
        Bad(
            testDescription: "two in one place", pairs: [corners[0], corners[0], corners[1], corners[2]],
            problem: .degenerate),
        Bad(
            testDescription: "one place four times", pairs: Array(repeating: corners[0], count: 4), problem: .degenerate
        ),
        Bad(
            testDescription: "one place on the road for all",
            pairs: corners.map { .init(picture: $0.picture, road: Point(x: 1, y: 1)) }, problem: .degenerate),
        Bad(
            testDescription: "two corners exchanged",
            pairs: zip(corners, [0, 2, 1, 3]).map { .init(picture: $0.picture, road: corners[$1].road) },
            problem: .degenerate),
        Bad(
            testDescription: "three corners exchanged",
            pairs: zip(corners, [1, 2, 0, 3]).map { .init(picture: $0.picture, road: corners[$1].road) },
            problem: .beyondHorizon),
        Bad(
            testDescription: "across to the left",
            pairs: corners.map { .init(picture: $0.picture, road: Point(x: -$0.road.x, y: $0.road.y)) },
            problem: .mirrored),
    ]

    @Test(arguments: bad)
    func `points that give no road are refused for their reason`(example: Bad) {
        #expect(Self.problem(example.pairs) == example.problem)
    }

    @Test func `a point that was measured wrong among many is named`() {
        var pairs = (0..<12).map { Self.pair(Double($0 % 3) * 4 - 4, 12 + Double($0 / 3) * 8) }
        pairs[7].road.y += 15
        guard case .misfit(7, let metres)? = Self.problem(pairs) else {
            Issue.record("found \(String(describing: Self.problem(pairs)))")
            return
        }
        #expect(abs(metres - 15) < 1)
        // Among five any four fit.
        var fifth = Self.pair(0, 20)
        fifth.road.y += 8
        guard case .misfit(nil, _)? = Self.problem(Self.corners + [fifth]) else {
            Issue.record("found \(String(describing: Self.problem(Self.corners + [fifth])))")
            return
        }
    }

    @Test func `bearings agree with the C library's`() {
        for step in -360...360 {
            let angle = Double(step) * 0.5 * Double.pi / 180
            let found = Bearing.degrees(right: 3 * sin(angle), ahead: 3 * cos(angle))
            let expected = atan2(3 * sin(angle), 3 * cos(angle)) * 180 / Double.pi
            #expect(abs(found - expected) < 1e-9 || abs(abs(found - expected) - 360) < 1e-9, "\(step)")
        }
        #expect(Bearing.degrees(right: 0, ahead: 0) == 0)
    }
}
