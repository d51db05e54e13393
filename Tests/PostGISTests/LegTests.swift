import Custody
import Fixtures
import Foundation
import GantryTesting
import Testing
import Traffic

@testable import PostGIS

/// Goal: journeys and legs follow from the sightings alone.
/// Method: passages through the sink, in any order and any batches, against a rebuild from scratch.
@Suite struct LegTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private func see(_ camera: CameraID, _ clock: String, _ plate: String, accepted: Bool = true) -> Passage {
        City.passage(camera, at: City.moment("2026-03-02T\(clock)Z"), plate: plate, accepted: accepted)
    }

    private func keeper() -> LegKeeper { LegKeeper(database: database.address) }

    private func isSame() throws -> Bool { try keeper().check().allSatisfy { $0.missing == 0 && $0.surplus == 0 } }

    @Test func `a journey ends with a long gap, and a second look at one camera is no leg`() throws {
        _ = try database.sink().write([
            see("ring-north", "07:00:00", "AAA111"), see("ring-north", "07:05:00", "AAA111"),
            see("canal-bridge", "07:10:00", "AAA111"), see("station-south", "07:40:00", "AAA111"),
            see("ring-north", "08:11:00", "AAA111"), see("station-south", "07:00:00", "BBB222"),
            see("canal-bridge", "07:12:00", "CCC333", accepted: false),
        ])
        try keeper().finish()
        let journeys = try database.query(
            "SELECT audit_moment(started), audit_moment(ended), passages FROM journey ORDER BY passages DESC, started")
        #expect(
            journeys == [
                ["2026-03-02T07:00:00.000000Z", "2026-03-02T07:40:00.000000Z", "4"],
                ["2026-03-02T07:00:00.000000Z", "2026-03-02T07:00:00.000000Z", "1"],
                ["2026-03-02T08:11:00.000000Z", "2026-03-02T08:11:00.000000Z", "1"],
            ])
        let legs = try database.query(
            """
            SELECT a.name, b.name, extract(epoch FROM arrived - departed)::integer, nth
            FROM leg JOIN camera a ON a.id = from_camera JOIN camera b ON b.id = to_camera ORDER BY departed
            """)
        #expect(legs == [["ring-north", "canal-bridge", "300", "2"], ["canal-bridge", "station-south", "1800", "3"]])
        #expect(try isSame())
    }

    /// A wrong read is hardly ever another plate that was accepted nearby within the half hour.
    @Test func `a read below the threshold counts beside an accepted one of the same plate, and alone it does not`()
        throws
    {
        let sink = try database.sink()
        _ = try sink.write([
            see("canal-bridge", "07:25:00", "AAA111", accepted: false),
            see("ring-north", "07:45:00", "AAA111", accepted: false),
            see("station-south", "08:20:00", "AAA111", accepted: false),
            see("station-south", "07:00:00", "BBB222", accepted: false),
        ])
        try keeper().finish()
        #expect(try database.count("journey") == 0)
        let journeys =
            "SELECT audit_moment(started), audit_moment(ended), passages, legs, second_camera, before_last FROM journey"
        _ = try sink.write([see("station-south", "07:50:00", "AAA111")])
        try keeper().finish()
        let ring = try database.query("SELECT id FROM camera WHERE name = 'ring-north'")[0][0]
        #expect(
            try database.query(journeys)
                == [["2026-03-02T07:25:00.000000Z", "2026-03-02T08:20:00.000000Z", "4", "2", ring, ring]])
        #expect(try isSame())
        _ = try database.query(
            """
            WITH gone AS (DELETE FROM sighting WHERE seen_at = '2026-03-02T07:50:00Z' RETURNING token, seen_at)
            INSERT INTO leg_queue (token, seen_at) SELECT token, seen_at FROM gone
            """)
        try keeper().finish()
        #expect(try database.count("journey") == 0 && database.count("leg") == 0)
    }

    /// A passage that arrives late joins two journeys, and one that is taken away parts them.
    @Test func `what comes late or goes again leaves what a rebuild makes`() throws {
        let sink = try database.sink()
        _ = try sink.write([see("ring-north", "07:00:00", "AAA111"), see("station-south", "07:50:00", "AAA111")])
        try keeper().finish()
        #expect(try database.count("journey") == 2 && database.count("leg") == 0)
        _ = try sink.write([see("canal-bridge", "07:25:00", "AAA111")])
        try keeper().finish()
        #expect(try database.count("journey") == 1 && database.count("leg") == 2)
        _ = try database.query(
            """
            WITH gone AS (DELETE FROM sighting WHERE seen_at = '2026-03-02T07:25:00Z' RETURNING token, seen_at)
            INSERT INTO leg_queue (token, seen_at) SELECT token, seen_at FROM gone
            """)
        try keeper().finish()
        #expect(try database.count("journey") == 2 && database.count("leg") == 0)
        #expect(try isSame())
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a day out of order, with repeats, in batches of any size, is what a rebuild makes`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let cameras: [CameraID] = ["ring-north", "canal-bridge", "station-south"]
        var passages: [Passage] = []
        for vehicle in 0..<40 {
            var time = City.moment("2026-03-02T22:00:00Z") + .seconds(random.index(3600))
            for ordinal in 0..<12 {
                // Gaps on both sides of the half hour that ends a journey; midnight lies in between.
                time = time + .seconds(60 + random.index(2400))
                passages.append(
                    City.passage(
                        cameras[random.index(3)], at: time, plate: "V\(100 + vehicle)", ordinal: ordinal,
                        accepted: random.chance(0.6)))
            }
        }
        passages += passages.filter { _ in random.chance(0.2) }
        passages.shuffle(using: &random)
        let sink = try database.sink()
        let keeper = keeper()
        while !passages.isEmpty {
            let count = min(passages.count, 1 + random.index(90))
            _ = try sink.write(Array(passages.prefix(count)))
            passages.removeFirst(count)
            if random.chance(0.7) { try keeper.finish() }
        }
        try keeper.finish()
        #expect(try database.count("leg") > 150, "seed \(seed)")
        #expect(try isSame(), "seed \(seed)")
        try keeper.rebuild()
        try keeper.finish()
        #expect(try isSame(), "seed \(seed)")
    }

    @Test func `journeys between zones and trips between cameras are counted`() throws {
        var passages: [Passage] = []
        for (index, plate) in ["AAA111", "BBB222", "CCC333"].enumerated() {
            passages += [
                see("ring-north", "07:0\(index):00", plate), see("canal-bridge", "07:1\(index):00", plate),
                see("station-south", "07:2\(index):30", plate),
            ]
        }
        passages.append(see("ring-north", "07:30:00", "DDD444"))
        _ = try database.sink().write(passages)
        try keeper().finish()
        try AuditLog(database: database.address).setMinimumVehicles(2)
        let questions = try Questions(database: database.address)
        let day = try questions.period(day: "2026-03-02")
        let zones = """
            {"type": "FeatureCollection", "features": [
             {"type": "Feature", "properties": {"name": "north"}, "geometry": {"type": "Polygon",
              "coordinates": [[[4.3,50.86],[4.4,50.86],[4.4,50.9],[4.3,50.9],[4.3,50.86]]]}},
             {"type": "Feature", "properties": {"name": "south"}, "geometry": {"type": "Polygon",
              "coordinates": [[[4.3,50.8],[4.4,50.8],[4.4,50.86],[4.3,50.86],[4.3,50.8]]]}}]}
            """
        let cells = try questions.odMatrix(zones: zones, in: day, every: .seconds(3600))
        #expect(cells.map(\.origin) == ["north"] && cells.map(\.destination) == ["south"])
        #expect(cells.map(\.journeys) == [3] && cells.map(\.vehicles) == [3] && cells.map(\.medianSeconds) == [1230])
        let both = try questions.both("ring-north", "station-south", in: day, within: .seconds(1800))
        #expect(both == Both(trips: 3, vehicles: 3, medianSeconds: 1230))
        #expect(try questions.both("ring-north", "station-south", in: day, within: .seconds(1200)).trips == nil)
        #expect(try questions.both("station-south", "ring-north", in: day, within: .seconds(1800)).trips == nil)
        try AuditLog(database: database.address).setMinimumVehicles(4)
        #expect(try questions.odMatrix(zones: zones, in: day, every: .seconds(3600)).map(\.journeys) == [nil])
        #expect(throws: QueryError.self) { try questions.odMatrix(zones: "[]", in: day, every: .seconds(3600)) }
        #expect(throws: QueryError.self) {
            try questions.both("ring-north", "ring-north", in: day, within: .seconds(9))
        }
    }
}
