import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// A camera's stretch of time is replaced as a whole.
@Suite struct RevisionTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private let start = City.moment("2026-03-02T07:30:10Z")
    private let end = City.moment("2026-03-02T07:30:20Z")
    private var what: Sink.Replacement {
        Sink.Replacement(camera: "ring-north", start: start, end: end, source: "better.mcap")
    }

    /// What a better tracker makes of the same ten seconds: three passages with ids of their own.
    private func better() -> [Passage] {
        (0..<3).map { City.passage(at: start + .seconds(3 * $0), plate: "NEW10\($0)", ordinal: 90 + $0, crop: [1, 2]) }
    }

    @Test func `a replacement takes the place of what was there, and of nothing else`() throws {
        let sink = try database.sink()
        let other = (0..<30).map {
            City.passage(
                "canal-bridge", at: City.moment("2026-03-02T07:30:00Z") + .seconds($0), plate: "OTH\(100 + $0)")
        }
        _ = try sink.write(City.passages(0..<30) + other)
        let outcome = try sink.replace(what, with: better())
        #expect(outcome.stored == 3 && outcome.removed == 10 && outcome.revision == 1 && outcome.rejected.isEmpty)
        let rows = try database.query(
            """
            SELECT c.name, s.revision, count(*) FROM sighting s JOIN camera c ON c.id = s.camera_id
            GROUP BY 1, 2 ORDER BY 1, 2 NULLS FIRST
            """)
        #expect(rows == [["canal-bridge", nil, "30"], ["ring-north", nil, "20"], ["ring-north", "1", "3"]])
        #expect(try database.count("crop") == 3)
        #expect(
            try database.query("SELECT lower(period), upper(period), source, removed, stored FROM revision")
                == [["2026-03-02 07:30:10+00", "2026-03-02 07:30:20+00", "better.mcap", "10", "3"]])
        let keeper = LegKeeper(database: database.address)
        try keeper.finish()
        #expect(try keeper.check().allSatisfy { $0.missing == 0 && $0.surplus == 0 })
    }

    @Test func `what was replaced does not come back, and says why`() throws {
        let sink = try database.sink()
        _ = try sink.write(City.passages(0..<30))
        _ = try sink.replace(what, with: better())
        let again = try sink.write(City.passages(0..<30) + better())
        #expect(again.repeated == 23 && again.stored == 0)
        #expect(again.rejected.map(\.index) == Array(10..<20) && Set(again.rejected.map(\.code)) == ["SNK307"])
        // A batch beside that time goes the quick way again.
        let later = City.passages(40..<60)
        #expect(try sink.write(later).stored == 20 && sink.write(City.passages(60..<70)).stored == 10)
        #expect(try database.count("sighting") == 53)
    }

    @Test func `a replacement can be replaced`() throws {
        let sink = try database.sink()
        _ = try sink.write(City.passages(0..<30))
        _ = try sink.replace(what, with: better())
        let second = try sink.replace(what, with: Array(better().prefix(1)))
        #expect(second.revision == 2 && second.removed == 3 && second.stored == 1)
        #expect(try database.count("sighting") == 21)
        let keeper = LegKeeper(database: database.address)
        try keeper.finish()
        #expect(try keeper.check().allSatisfy { $0.missing == 0 && $0.surplus == 0 })
    }

    @Test func `a connection that ends on the way leaves the old or the new, never both or neither`() throws {
        for step in Sink.Step.allCases {
            let database = try TestDatabase()
            let sink = try database.sink(impatient())
            _ = try sink.write(City.passages(0..<30))
            var isDone = false
            sink.onStep = { reached in
                guard reached == step, !isDone else { return }
                isDone = true
                _ = try? Connection(database.address, application: "test").query(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'gantry-sink' AND datname = current_database()"
                )
            }
            let outcome = try sink.replace(what, with: better())
            #expect(isDone && outcome.stored == 3, "\(step)")
            #expect(try database.count("sighting") == 23, "\(step)")
        }
    }

    @Test func `an unknown camera is not replaced`() throws {
        let sink = try database.sink()
        #expect(throws: SinkError.self) {
            try sink.replace(
                Sink.Replacement(camera: "cellar", start: start, end: end, source: "x"), with: [])
        }
    }
}
