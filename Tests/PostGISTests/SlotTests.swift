import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: partitions and keys may be shorter than a day, each row is sealed for the partition that it is in, and what was
/// dropped stays away. Method: passages of invented minutes through the sink.
@Suite struct SlotTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private func see(
        _ time: String, _ plate: String, day: String = "2026-03-02", crop: [UInt8]? = nil
    ) -> Passage {
        City.passage(at: City.moment("\(day)T\(time)Z"), plate: plate, crop: crop)
    }

    private func slots() throws -> [String] {
        try database.query(
            "SELECT slot_suffix(starts, ends) || '+' || extract(epoch FROM ends - starts)::bigint / 60 FROM slot WHERE dropped_at IS NULL ORDER BY starts"
        ).map { $0[0]! }
    }

    private func opened(_ passage: Passage) throws -> String {
        let row = try database.query(
            "SELECT sealed_text FROM sighting WHERE passage_id = $1", [Literal.bytea(passage.id.bytes)])
        let place = Vault.Place(passage: passage.id, camera: passage.camera, firstSeen: passage.firstSeen)
        return try database.vault().open(text: Literal.bytes(row[0][0]!), at: place).text
    }

    /// Closes and drops, as a run does.
    private func drop(at now: String, sightings: Duration = .seconds(180), crops: Duration? = nil) throws {
        let retention = try Retention(database: database.address)
        let until = try retention.close(at: City.moment(now), sightings: sightings, crops: crops)
        try database.vault().keys.destroy(until: #require(until))
        for slot in try retention.closedSlots() {
            try retention.count(slot)
            #expect(try retention.drop(slot, reason: "test"))
        }
    }

    @Test func `slots of different lengths stand beside each other and never overlap`() throws {
        let sink = try database.sink()
        _ = try sink.write([see("07:30:00", "AAA001")])
        _ = try database.query("SELECT set_slot(1)")
        _ = try sink.write([see("07:31:00", "AAA002"), see("00:07:59", "AAA003", day: "2026-03-03")])
        _ = try database.query("SELECT set_slot(1440)")
        _ = try sink.write(
            ["00:08:00", "05:00:00", "00:06:59"].enumerated().map { see($1, "AAB00\($0)", day: "2026-03-03") })
        #expect(
            try slots() == [
                "20260302+1440", "0006_20260303+1", "0007_20260303+1", "0008_20260303+4", "0400_20260303+240",
            ])
        #expect(
            try database.query("SELECT action, parameters ->> 'after' FROM audit ORDER BY id") == [
                ["set-slot", "1"], ["set-slot", "1440"],
            ])
        #expect(try database.count("sighting_0007_20260303") == 1 && database.count("sighting") == 6)
        #expect(throws: DatabaseError.self) { try database.query("SELECT set_slot(7)") }
    }

    @Test func `a row is sealed under the key of its slot, and that of a day as ever`() throws {
        let sink = try database.sink()
        let ofDay = see("07:30:00", "DAY001", crop: [1, 2, 3])
        _ = try sink.write([ofDay])
        _ = try database.query("SELECT set_slot(5)")
        let ofSlot = see("07:32:00", "SLOT01", day: "2026-03-03", crop: [1, 2, 3])
        _ = try sink.write([ofSlot])
        let keys = try database.vault().keys
        #expect(keys.inventory().days == [Day("2026-03-02")!])
        #expect(keys.inventory().slots.map(\.description) == ["2026-03-03T0730Z-5m"])
        #expect(try opened(ofDay) == "DAY001" && opened(ofSlot) == "SLOT01")
        try keys.destroy(KeyPeriod("2026-03-03T0730Z-5m")!)
        #expect(throws: CustodyError.destroyed(name: "slot-2026-03-03T0730Z-5m")) { _ = try opened(ofSlot) }
        #expect(try opened(ofDay) == "DAY001")
    }

    @Test func `a sink whose slot was made anew with another length seals for the new one`() throws {
        let sink = try database.sink(impatient())
        _ = try sink.write([see("07:30:00", "AAA001")])
        _ = try Retention(database: database.address).drop(day: "2026-03-02", reason: "test")
        _ = try database.query("DELETE FROM closed_day")
        _ = try database.query("SELECT set_slot(10)")
        _ = try database.query("SELECT ensure_slots('{2026-03-02 07:30Z}')")
        let again = see("07:31:00", "AAA002")
        #expect(try sink.write([again]).stored == 1)
        #expect(try slots() == ["0730_20260302+10"])
        try database.vault().keys.destroy(day: Day("2026-03-02")!)
        #expect(try opened(again) == "AAA002")
    }

    @Test func `a late passage for a dropped slot is rejected, and no partition or key comes back`() throws {
        _ = try database.query("SELECT set_slot(1)")
        let sink = try database.sink(impatient())
        let first = see("07:30:10", "AAA001", crop: [1, 2, 3])
        #expect(try sink.write([first, see("07:33:00", "AAA002")]).stored == 2)
        try drop(at: "2026-03-02T07:33:30Z")
        #expect(try slots() == ["0733_20260302+1"])
        for sink in [sink, try database.sink()] {
            let outcome = try sink.write([
                see("07:30:20", "LATE01"), see("07:29:00", "LATE02"), see("07:33:20", "INTIME", crop: [4]),
            ])
            #expect(outcome.rejected.map(\.index) == [0, 1])
            #expect(outcome.rejected.map(\.code) == ["SNK308", "SNK308"])
            #expect(outcome.rejected[0].reason.contains("2026-03-02T07:31Z was closed by retention"))
        }
        #expect(try slots() == ["0733_20260302+1"])
        #expect(try database.vault().keys.inventory().slots.map(\.description) == ["2026-03-02T0733Z-1m"])
        #expect(try database.query("SELECT to_regclass('sighting_0730_20260302')")[0][0] == nil)
    }

    @Test func `journeys over the edges of a dropped slot are what a rebuild makes of the rest`() throws {
        _ = try database.query("SELECT set_slot(1)")
        let cameras = City.cameras.map(\.id)
        let way = (0..<40).map { step in
            City.passage(
                cameras[step % 3], at: City.moment("2026-03-02T07:30:00Z") + .seconds(20 * step),
                plate: "TAXI0\(step % 2)", ordinal: step)
        }
        _ = try database.sink().write(way)
        let keeper = LegKeeper(database: database.address)
        try keeper.finish()
        #expect(try database.count("journey") == 2 && database.count("leg") == 38)
        try drop(at: "2026-03-02T07:39:00Z")
        try keeper.finish()
        #expect(try keeper.check().allSatisfy { $0.missing == 0 && $0.surplus == 0 })
        // 07:37:00 and on is left: two journeys of ten passages in all.
        #expect(try database.count("sighting") == 19 && database.count("leg") == 17)
    }

    @Test func `coverage of slots of minutes lies in hours, and goes with the last of them`() throws {
        _ = try database.query("SELECT set_slot(1)")
        let stretches = ["07:30", "07:59", "08:01"].map { minute in
            CameraReport.coverage(
                Coverage(
                    camera: "ring-north", epoch: Epoch(1), start: City.moment("2026-03-02T\(minute):00Z"),
                    end: City.moment("2026-03-02T\(minute):30Z"), frames: 10))
        }
        #expect(try database.sink().write(reports: stretches).stretches == 3)
        #expect(try database.count("coverage_0700_20260302") == 1 && database.count("coverage_0800_20260302") == 1)
        let retention = try Retention(database: database.address)
        for (now, left) in [("07:45:00", 2), ("08:05:00", 1), ("09:30:00", 0)] {
            try drop(at: "2026-03-02T\(now)Z")
            #expect(try retention.dropRest(at: City.moment("2026-03-02T\(now)Z"), reports: nil))
            #expect(try database.count("coverage") == left, "\(now)")
        }
    }

    @Test func `pictures may go before their passages, and late ones are left out`() throws {
        _ = try database.query("SELECT set_slot(1)")
        let sink = try database.sink(impatient())
        _ = try sink.write([see("07:30:10", "AAA001", crop: [1]), see("07:40:00", "AAA002", crop: [2])])
        let retention = try Retention(database: database.address)
        _ = try retention.close(
            at: City.moment("2026-03-02T07:40:30Z"), sightings: .seconds(3600), crops: .seconds(180))
        #expect(try retention.closedCrops().map(\.description) == ["2026-03-02T0730Z-1m"])
        for slot in try retention.closedCrops() { #expect(try retention.dropCrops(slot, reason: "test")) }
        #expect(try retention.closedCrops().isEmpty)
        let outcome = try sink.write([
            see("07:30:20", "LATE01", crop: [3]), see("07:31:00", "LATE02", crop: [4]),
            see("07:40:10", "AAA003", crop: [5]),
        ])
        #expect(outcome.stored == 3)
        #expect(try database.count("sighting") == 5 && database.count("crop") == 2)
        #expect(try database.query("SELECT to_regclass('crop_0731_20260302')")[0][0] == nil)
    }

    @Test func `a slot that a question holds is left for the next time, and nobody waits for long`() throws {
        _ = try database.query("SELECT set_slot(1)")
        let sink = try database.sink()
        _ = try sink.write([see("07:30:10", "AAA001")])
        let reader = try Connection(database.address, application: "reader")
        try reader.execute("BEGIN; SELECT count(*) FROM sighting")
        let retention = try Retention(database: database.address)
        _ = try retention.close(at: City.moment("2026-03-02T07:40:00Z"), sightings: .seconds(180), crops: nil)
        let slot = try #require(retention.closedSlots().first)
        let clock = ContinuousClock()
        let began = clock.now
        #expect(try !retention.drop(slot, reason: "test"))
        let took = began.duration(to: clock.now)
        #expect(took < .seconds(2))
        #expect(try sink.write([see("07:39:10", "AAA001")]).stored == 1)
        try reader.execute("ROLLBACK")
        #expect(try retention.drop(slot, reason: "test"))
        #expect(try retention.drop(slot, reason: "test") && retention.droppedSlots().count == 1)
    }

    @Test func `no sample of what is sealed gets into the planner's statistics`() throws {
        _ = try database.query("SELECT set_slot(1)")
        _ = try database.sink().write([see("07:30:10", "AAA001", crop: [1]), see("07:30:11", "AAA002", crop: [2])])
        _ = try database.query("ANALYZE sighting, crop")
        let sampled = try database.query(
            "SELECT DISTINCT attname::text FROM pg_stats WHERE tablename ~ '^(sighting|crop)' ORDER BY 1"
        ).map { $0[0]! }
        #expect(sampled.contains("seen_at") && !sampled.contains { $0.hasPrefix("sealed") })
    }

    @Test func `a slot that is not closed is not dropped`() throws {
        _ = try database.sink().write([see("07:30:10", "AAA001")])
        let retention = try Retention(database: database.address)
        #expect(throws: QueryError.self) {
            _ = try retention.drop(.day(City.moment("2026-03-02T07:30:00Z")), reason: "test")
        }
        #expect(try database.count("sighting") == 1)
    }
}
