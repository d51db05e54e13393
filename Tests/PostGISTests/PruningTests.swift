import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: a question about some hours of a day looks at no other day.
/// Method: three days with the same traffic; a question about the middle one, then the server's own count of scans, table by
/// table. EXPLAIN would show the call alone, not what is inside of the function.
@Suite struct PruningTests {
    static let cases = [
        "flows(NULL, $1, $2, '1 hour')", "coverage(NULL, $1, $2, '1 hour')", "unwatched(NULL, $1, $2)",
        "travel_times('ring-north', 'station-south', $1, $2, '1 hour')",
        "passing(movement.area('{\"type\": \"Polygon\", \"coordinates\": [[[4,50],[5,50],[5,51],[4,51],[4,50]]]}'), $1, $2)",
        "both('ring-north', 'station-south', $1, $2, '1 hour')",
        "speeds('ring-north', 'station-south', $1, $2, '1 hour')", "spot_speeds(NULL, $1, $2, '1 hour')",
        "spot_speeds('ring-north', $1, $2, '1 hour')", "courses(NULL, $1, $2)", "dwell($1, $2)",
        "journeys($1, $2, '1 hour')", "routes('ring-north', 'station-south', $1, $2)", "all_travel_times($1, $2, 1)",
        "anomalies($1, $2, 1)", "anomalous('theft', 'test', $1, $2, 1)",
    ]

    @Test func `no function scans a day outside its period`() throws {
        let database = try TestDatabase()
        let sink = try database.sink()
        for day in 1...3 {
            let start = City.moment("2026-03-0\(day)T07:00:00Z")
            _ = try sink.write(
                (0..<40).flatMap { number in
                    ["ring-north", "canal-bridge", "station-south"].enumerated().map { nth, camera in
                        City.passage(
                            CameraID(camera), at: start + .seconds(20 * number + 300 * nth), plate: "GAN\(100 + number)"
                        )
                    }
                })
            _ = try sink.write(coverage: City.watched(from: "2026-03-0\(day)T07:00:00Z", minutes: 0..<30))
        }
        try LegKeeper(database: database.address).finish()
        _ = try database.query("SELECT set_min_vehicles(1)")
        _ = try database.query("ANALYZE")
        try database.permit("theft")
        let investigator = try database.login(as: "gantry_investigator, pg_monitor")
        let morning = Questions.Period(
            start: City.moment("2026-03-02T06:00:00Z"), end: City.moment("2026-03-02T09:00:00Z"))
        _ = try? Questions(database: investigator).anomalous(purpose: "theft", caseNumber: "test", in: morning)
        try database.approve()
        /// The rows of the answer, and the tables of days that were looked into for it.
        func scans(_ call: String, _ start: String, _ end: String) throws -> (rows: Int, tables: [String]) {
            // A connection of its own: the counts are those that it has not yet handed in.
            let connection = try Connection(investigator, application: "test")
            try connection.execute("BEGIN")
            let rows = try connection.query("SELECT count(*) FROM movement.\(call)", [start, end]).values[0][0]!
            let tables = try connection.query(
                """
                SELECT relname FROM pg_stat_xact_user_tables
                WHERE seq_scan + coalesce(idx_scan, 0) > 0 AND relname ~ '^(sighting|leg|journey|coverage)_' ORDER BY 1
                """
            ).values.map { $0[0]! }
            try connection.execute("ROLLBACK")
            return (Int(rows)!, tables)
        }
        for call in Self.cases {
            let found = try scans(call, "2026-03-02T06:00:00Z", "2026-03-02T09:00:00Z")
            #expect(found.rows > 0, "\(call)")
            #expect(
                !found.tables.isEmpty && found.tables.allSatisfy { $0.hasSuffix("_20260302") },
                "\(call): \(found.tables)")
        }
        // The count does show days, when they are asked about.
        let all = try scans("all_travel_times($1, $2, 1)", "2026-03-01T06:00:00Z", "2026-03-03T09:00:00Z")
        #expect(all.tables == ["leg_20260301", "leg_20260302", "leg_20260303"])
    }
}
