import Fixtures
import Foundation
import GantryTesting
import Testing
import Traffic

@testable import PostGIS

/// Goal: clocks that differ are found where traffic flows both ways, and nothing is claimed elsewhere.
/// Method: legs whose true times are the same there and back, with the clocks' errors added.
@Suite struct ClockTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private func questions(k: Int) throws -> Questions {
        try AuditLog(database: database.address).setMinimumVehicles(k)
        return try Questions(database: database.address)
    }

    private func offsets(k: Int = 1) throws -> [ClockOffset] {
        let questions = try questions(k: k)
        return try questions.clockOffsets(in: questions.period(day: "2026-03-02"))
    }

    /// - Parameter pairs: Cameras by number, seconds of the way, vehicles there, and back.
    private func drive(_ pairs: [(Int, Int, Double, Int, Int)], clocks: [Double]) throws {
        _ = try database.query("SELECT * FROM ensure_days('{2026-03-02}')")
        _ = try database.query(
            """
            INSERT INTO camera (name, position) SELECT 'c' || to_char(i, 'FM000'), ST_SetSRID(ST_MakePoint(4.3, 50.8), 4326)
            FROM generate_series(0, $1::integer - 1) i
            """, ["\(clocks.count)"])
        var rows: [String] = []
        var vehicle = 0
        for (a, b, seconds, there, back) in pairs {
            for (from, to, vehicles) in [(a, b, there), (b, a, back)] {
                for turn in 0..<vehicles {
                    vehicle += 1
                    let departed = 1000 + Double(turn) * 60
                    rows.append(
                        "('c\(number(from))', 'c\(number(to))', \(vehicle), \(departed + clocks[from]), \(departed + seconds + Double(turn) / 2 + clocks[to]))"
                    )
                }
            }
        }
        _ = try database.query(
            """
            INSERT INTO leg (vehicle, journey_at, nth, from_camera, to_camera, departed, arrived)
            SELECT v.vehicle, d.at, 1, a.id, b.id, d.at, '2026-03-02T00:00:00Z'::timestamptz + v.arrived * interval '1 second'
            FROM (VALUES \(rows.joined(separator: ","))) AS v(a, b, vehicle, departed, arrived)
            JOIN camera a ON a.name = v.a JOIN camera b ON b.name = v.b,
            LATERAL (SELECT '2026-03-02T00:00:00Z'::timestamptz + v.departed * interval '1 second') AS d(at)
            """)
    }

    private func number(_ camera: Int) -> String { String("00\(camera)".suffix(3)) }

    private func isNear(_ found: [Double?], _ told: [Double?]) -> Bool {
        zip(found, told).allSatisfy { found, told in
            switch (found, told) {
            case (nil, nil): true
            case (let found?, let told?): abs(found - told) < 1e-4
            default: false
            }
        }
    }

    @Test func `a clock is told by the ways there and back, against the median of its part`() throws {
        // 3 and 4 are a part of their own; to 5 and from 6 hardly anyone drives, so their clocks are not told.
        try drive(
            [
                (0, 1, 300, 12, 12), (1, 2, 400, 12, 12), (0, 2, 650, 12, 12), (3, 4, 200, 12, 12), (0, 5, 100, 9, 20),
                (0, 6, 100, 20, 9),
            ], clocks: [3, 0, -2, 10, 4, 7, 7])
        let found = try offsets()
        #expect(isNear(found.map(\.seconds), [3, 0, -2, 3, -3, nil, nil]))
        #expect(found.map(\.part) == [1, 1, 1, 2, 2, nil, nil])
        #expect(found.map(\.neighbours) == [2, 2, 2, 1, 1, 0, 0] && found.map(\.legs) == [48, 48, 48, 24, 24, 0, 0])
        // 12 legs each way, the quickest fifth within 1.1 seconds: a pair has a standard error of 0.34 s.
        #expect(found[3].standardErrorSeconds.map { (0.33...0.35).contains($0) } == true)
        #expect(found[0].standardErrorSeconds.map { (0.23...0.25).contains($0) } == true)
        #expect(found[5].standardErrorSeconds == nil)
        let table = Answer(found, minimumVehicles: 1, zone: "UTC").rendered(.csv)
        #expect(table.contains("c005,,,0,0,\n"))
        #expect(try offsets(k: 13).allSatisfy { $0.seconds == nil && $0.legs == 0 })
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `the clocks of a whole city are solved together`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let clocks = (0..<80).map { _ in Double(random.index(6000)) / 1000 - 3 }
        var pairs = (1..<80).map { ($0 - 1, $0, 60 + Double(random.index(500)), 12, 12) }
        for _ in 0..<60 {
            let (a, b) = (random.index(80), random.index(80))
            if abs(a - b) > 1, !pairs.contains(where: { ($0.0, $0.1) == (a, b) || ($0.0, $0.1) == (b, a) }) {
                pairs.append((a, b, 60 + Double(random.index(900)), 12, 12))
            }
        }
        try drive(pairs, clocks: clocks)
        let sorted = clocks.sorted()
        let median = (sorted[39] + sorted[40]) / 2
        #expect(isNear(try offsets().map(\.seconds), clocks.map { $0 - median }), "seed \(seed)")
    }
}
