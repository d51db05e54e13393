import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: a day that was dropped stays away, and what is left is whole.
/// Method: passages on both sides of midnight through the sink; then the day between is dropped.
@Suite struct RetentionTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private func see(_ camera: CameraID, _ time: String, _ plate: String, crop: [UInt8]? = nil) -> Passage {
        City.passage(camera, at: City.moment("2025-03-\(time)Z"), plate: plate, crop: crop)
    }

    private func keeper() -> LegKeeper { LegKeeper(database: database.address) }

    private func drop(_ day: String) throws -> Int {
        try Retention(database: database.address).drop(day: day, reason: "retention of 90 days")
    }

    private func isSame() throws -> Bool { try keeper().check().allSatisfy { $0.missing == 0 && $0.surplus == 0 } }

    /// One vehicle drives into the day, one out of it, one through all of it, and two on the days beside it.
    private var overMidnight: [Passage] {
        let through = (0...59).map { step in
            let time = City.moment("2025-03-11T23:40:00Z") + .seconds(1500 * step)
            return City.passage(step % 2 == 0 ? "ring-north" : "canal-bridge", at: time, plate: "TAXI01", ordinal: step)
        }
        return through + [
            see("ring-north", "11T23:30:00", "INTO01"), see("canal-bridge", "11T23:45:00", "INTO01"),
            see("station-south", "12T00:05:00", "INTO01"), see("ring-north", "12T00:20:00", "INTO01"),
            see("ring-north", "12T23:50:00", "OUTOF1", crop: [1, 2, 3]), see("canal-bridge", "13T00:10:00", "OUTOF1"),
            see("station-south", "13T00:30:00", "OUTOF1"), see("ring-north", "13T00:45:00", "OUTOF1"),
            see("ring-north", "11T12:00:00", "BESIDE"), see("station-south", "11T12:20:00", "BESIDE"),
            see("ring-north", "13T12:00:00", "BESIDE"), see("station-south", "13T12:20:00", "BESIDE"),
        ]
    }

    @Test func `a dropped day is gone, and journeys over its midnights are what a rebuild makes of the rest`() throws {
        _ = try database.sink().write(overMidnight)
        try keeper().finish()
        let before = try database.count("journey")
        #expect(try drop("2025-03-12") == 58 + 3)
        try keeper().finish()
        #expect(try isSame())
        for table in ["sighting", "crop", "journey", "leg"] {
            #expect(try database.query("SELECT to_regclass('\(table)_20250312')")[0][0] == nil)
        }
        let left = try database.query(
            """
            SELECT audit_moment(started), audit_moment(ended), passages FROM journey
            WHERE vehicle IN (SELECT vehicle_key(token) FROM sighting WHERE seen_at >= '2025-03-13' AND seen_at < '2025-03-13 12:00')
               OR started BETWEEN '2025-03-11 23:00' AND '2025-03-12' ORDER BY started, passages
            """)
        #expect(
            left == [
                ["2025-03-11T23:30:00.000000Z", "2025-03-11T23:45:00.000000Z", "2"],
                ["2025-03-11T23:40:00.000000Z", "2025-03-11T23:40:00.000000Z", "1"],
                ["2025-03-13T00:10:00.000000Z", "2025-03-13T00:45:00.000000Z", "3"],
                ["2025-03-13T00:15:00.000000Z", "2025-03-13T00:15:00.000000Z", "1"],
            ])
        // The one that lasts all day is two: it goes on for longer than token epochs overlap.
        #expect(before == 6)
        let extent = try Questions(database: database.address).extent()
        #expect(extent?.start.rfc3339.hasPrefix("2025-03-11") == true)
        #expect(extent?.end.rfc3339.hasPrefix("2025-03-14") == true)
    }

    @Test func `a dropped day takes no passage again, from a sink that knew it or a new one`() throws {
        let sink = try database.sink(impatient())
        #expect(try sink.write(overMidnight).rejected.isEmpty)
        #expect(try drop("2025-03-12") == 61)
        for sink in [sink, try database.sink()] {
            let outcome = try sink.write(
                [see("ring-north", "11T12:30:00", "AAA111"), see("ring-north", "12T12:30:00", "AAA111")],
                reaching: [])
            #expect(outcome.rejected.map(\.index) == [1] && outcome.rejected.map(\.code) == ["SNK308"])
            #expect(outcome.rejected[0].reason.contains("2025-03-12: the day was closed on "))
            #expect(outcome.rejected[0].reason.hasSuffix("(retention of 90 days)"))
        }
        #expect(try database.query("SELECT to_regclass('sighting_20250312')")[0][0] == nil)
        #expect(try drop("2025-03-12") == 0)
        #expect(try database.query("SELECT day, reason FROM closed_day") == [["2025-03-12", "retention of 90 days"]])
        _ = try database.query("DELETE FROM closed_day")
        #expect(try sink.write([see("ring-north", "12T12:30:00", "AAA111")]).stored == 1)
    }

    @Test func `a day that a question holds is not dropped, and the next question need not wait long`() throws {
        _ = try database.sink().write(overMidnight)
        let reader = try Connection(database.address, application: "reader")
        try reader.execute("BEGIN; SELECT count(*) FROM sighting")
        _ = try database.query("ALTER FUNCTION drop_day(date, text) SET lock_timeout = '50ms'")
        #expect {
            _ = try drop("2025-03-12")
        } throws: { error in
            guard case .database(let cause) = error as? QueryError else { return false }
            return cause.sqlState == "55P03" && "\(cause)".hasSuffix("Try again; pg_stat_activity says who is at work.")
        }
        #expect(try database.count("closed_day") == 0)
        try reader.execute("ROLLBACK")
        #expect(try drop("2025-03-12") == 61)
    }

    @Test func `a day that is not over, or none at all, is not dropped`() throws {
        let tomorrow = try database.query("SELECT ((now() AT TIME ZONE 'UTC')::date + 1)::text")[0][0]!
        for day in [tomorrow, "2026-13-01", "yesteryear"] {
            #expect(throws: QueryError.self, "\(day)") { _ = try drop(day) }
        }
        #expect(try database.count("closed_day") == 0)
    }
}
