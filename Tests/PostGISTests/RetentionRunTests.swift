import Custody
import Fixtures
import Foundation
import StageRunner
import Testing
import Traffic

@testable import Assembly
@testable import PostGIS

/// Goal: after three minutes nothing is left, whatever happens on the way, and that can be shown.
/// Method: passages every ten seconds through the sink, and runs of retention by a clock that the test sets.
@Suite struct RetentionRunTests {
    let database: TestDatabase
    let folder = "/tmp/gantry-test-retention-\(UUID().uuidString)"
    var pipeline = Pipeline(name: "test")

    init() throws {
        database = try TestDatabase()
        pipeline.retention.sightings = .seconds(180)
        pipeline.retention.folder = folder
    }

    private func run(
        at now: String, patience: Int = 3, stop: RetentionRun.Step? = nil
    ) throws -> RetentionRun.Outcome {
        var run = RetentionRun(
            pipeline, database: database.address, keys: try database.vault().keys,
            signer: try SigningKey(folder: folder, create: true), folder: folder, patience: patience)
        run.onStep = { step in if step == stop { throw Killed() } }
        return try run.run(at: City.moment("2026-03-02T\(now)Z"))
    }

    private struct Killed: Error {}

    private func see(_ range: Range<Int>) -> [Passage] {
        let cameras = City.cameras.map(\.id)
        return range.map { step in
            City.passage(
                cameras[step % 3], at: City.moment("2026-03-02T07:30:00Z") + .seconds(10 * step),
                plate: "TAXI0\(step % 5)", ordinal: step, crop: [1, 2, 3])
        }
    }

    private func prepare() throws {
        _ = try database.query("SELECT set_slot(1)")
        let outcome = try database.sink().write(see(0..<60))
        #expect(outcome.stored == 60)
        try LegKeeper(database: database.address).finish()
    }

    private func partitions() throws -> [String] {
        try database.query(
            """
            SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(sighting|crop|journey|leg|coverage)_.*2026' ORDER BY 1
            """
        ).map { $0[0]! }
    }

    @Test func `after three minutes nothing of a passage is left`() throws {
        try prepare()
        #expect(try partitions().count == 4 * 10 + 1)
        let outcome = try run(at: "07:36:00")
        #expect(outcome.problems.isEmpty)
        // What was first seen at 07:33 is three minutes old at 07:36, and its slot goes with it.
        #expect(outcome.statement.slots.map(\.period) == (0...3).map { "2026-03-02T073\($0)Z-1m" })
        #expect(
            outcome.statement.slots.allSatisfy {
                $0.rows == ["sighting": 6, "crop": 6, "journey": $0.rows["journey"]!, "leg": $0.rows["leg"]!]
            })
        #expect(
            try database.query("SELECT min(seen_at) >= '2026-03-02 07:34Z', count(*) FROM sighting")[0] == ["t", "36"])
        try LegKeeper(database: database.address).finish()
        #expect(try LegKeeper(database: database.address).check().allSatisfy { $0.missing == 0 && $0.surplus == 0 })
        let last = try run(at: "08:45:00")
        #expect(last.problems.isEmpty && last.statement.slots.count == 6)
        #expect(try partitions().isEmpty)
        for table in ["sighting", "crop", "journey", "leg", "coverage", "leg_queue", "slot"] {
            #expect(try database.count(table) == 0, "\(table)")
        }
        #expect(try database.query("SELECT pg_relation_size('leg_queue')")[0][0] == "0")
        let inventory = try database.vault().keys.inventory()
        #expect(inventory.slots.isEmpty && inventory.days.isEmpty)
        #expect(try run(at: "08:45:00").certificate == nil)
        let entries = try database.query("SELECT action, count(*) FROM audit GROUP BY 1 ORDER BY 1")
        #expect(entries == [["drop-slot", "10"], ["set-slot", "1"]])
    }

    @Test(arguments: RetentionRun.Step.allCases)
    func `a run that is killed at any step is finished by the next one`(step: RetentionRun.Step) throws {
        try prepare()
        var kept = self
        kept.pipeline.retention.recordings = .seconds(60)
        kept.pipeline.retention.recordingsFolder = "\(folder)/recordings"
        _ = try SigningKey(folder: folder, create: true)
        try FileManager.default.createDirectory(atPath: "\(folder)/recordings", withIntermediateDirectories: true)
        let old = "\(folder)/recordings/old.mcap"
        _ = FileManager.default.createFile(
            atPath: old, contents: Data("cut off".utf8), attributes: [.modificationDate: Date(timeIntervalSince1970: 0)]
        )
        let reached = Result { try kept.run(at: "07:36:00", stop: step) }
        if case .success = reached { #expect(step == .cropsDropped || step == .epochsDestroyed) }
        let outcome = try kept.run(at: "07:36:00")
        #expect(outcome.problems.isEmpty)
        #expect(try database.count("sighting") == 36 && database.count("crop") == 36)
        #expect(!FileManager.default.fileExists(atPath: old))
        #expect(try database.count("slot") == 6)
        #expect(try database.vault().keys.inventory().slots.count == 6)
        let certified = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("deletion") }
        let key = hexadecimal(try SigningKey(folder: folder, create: false).publicKey)
        let periods = try certified.flatMap {
            try DeletionCertificate(file: "\(folder)/\($0)", signedBy: key).statement.slots.map(\.period)
        }
        #expect(Set(periods) == Set((0...3).map { "2026-03-02T073\($0)Z-1m" }))
    }

    @Test func `texts and pictures of a restored backup do not open`() throws {
        try prepare()
        let dump = try database.server.dump(database.address)
        _ = try run(at: "07:36:00")
        let restored = try database.server.makeDatabase()
        try database.server.restore(dump, into: restored)
        let rows = try Connection(restored, application: "test").query(
            "SELECT passage_id, sealed_text, sealed FROM sighting JOIN crop USING (camera_id, seen_at, passage_id)"
        ).values
        let passages = Dictionary(uniqueKeysWithValues: see(0..<60).map { ("\\x\($0.id)", $0) })
        let vault = try database.vault()
        #expect(rows.count == 60)
        for row in rows {
            let passage = try #require(passages[row[0]!])
            let place = Vault.Place(passage: passage.id, camera: passage.camera, firstSeen: passage.firstSeen)
            let isGone = passage.firstSeen < City.moment("2026-03-02T07:34:00Z")
            let text = Result { () throws in try vault.open(text: Literal.bytes(row[1]!), at: place) }
            let crop = Result { () throws in try vault.open(crop: Literal.bytes(row[2]!), at: place) }
            for result in [text.map { _ in }, crop.map { _ in }] {
                if case .failure(let error) = result {
                    guard case .destroyed? = error as? CustodyError else { throw error }
                    #expect(isGone)
                } else {
                    #expect(!isGone)
                }
            }
        }
    }

    @Test func `a slot that a question holds is named, its texts are gone, and the next run drops it`() throws {
        try prepare()
        let reader = try Connection(database.address, application: "reader")
        try reader.execute("BEGIN; SELECT count(*) FROM sighting")
        let outcome = try run(at: "07:31:30", patience: 2)
        #expect(outcome.problems.isEmpty && outcome.statement.slots.isEmpty)
        let held = try run(at: "07:33:00", patience: 2)
        #expect(held.problems == [.slotHeld("2026-03-02T0730Z-1m")])
        #expect(try !database.vault().keys.inventory().slots.contains(KeyPeriod("2026-03-02T0730Z-1m")!))
        try reader.execute("ROLLBACK")
        #expect(try run(at: "07:33:00").statement.slots.map(\.period) == ["2026-03-02T0730Z-1m"])
    }

    @Test func `two runs at once are refused`() throws {
        let first = try Retention(database: database.address)
        #expect(try first.begin())
        #expect(throws: RetentionError.alreadyRunning) { _ = try run(at: "07:36:00") }
    }

    @Test func `the keys of a token epoch go with its last slot`() throws {
        _ = try database.sink().write([
            City.passage(at: City.moment("2026-02-22T07:30:00Z"), plate: "OLD001"),
            City.passage(at: City.moment("2026-02-23T07:37:00Z"), plate: "NEW001"),
        ])
        var daily = self
        daily.pipeline.retention.sightings = .seconds(7 * 86_400 + 43_200)
        let epochs = try database.vault().keys.inventory().epochs.sorted()
        #expect(epochs.count == 2)
        #expect(try daily.run(at: "07:36:00").statement.tokenEpochs == ["\(epochs[0])"])
        #expect(try database.vault().keys.inventory().destroyedEpochs == [epochs[0]])
        #expect(try database.count("sighting") == 1)
    }

    @Test func `a day that was dropped by hand is certified, and its key destroyed, by the next run`() throws {
        var yearly = self
        yearly.pipeline.retention.sightings = .seconds(3650 * 86_400)
        _ = try database.sink().write(see(0..<6))
        _ = try Retention(database: database.address).drop(day: "2026-03-02", reason: "by hand")
        let status = try RetentionStatus(
            yearly.pipeline, database: database.address, keys: nil, at: City.moment("2026-03-03T07:36:00Z"))
        #expect(status.lines.filter(\.overdue).map(\.class) == ["certificates"])
        let outcome = try yearly.run(at: "23:59:00")
        #expect(outcome.statement.slots.map(\.period) == ["2026-03-02"] && outcome.problems.isEmpty)
        #expect(try database.vault().keys.inventory().destroyedDays == [Day("2026-03-02")!])
    }

    @Test func `a certificate that was changed proves nothing, and neither does another signer's`() throws {
        try prepare()
        let path = try #require(try run(at: "07:36:00").certificate)
        let key = hexadecimal(try SigningKey(folder: folder, create: false).publicKey)
        let statement = try DeletionCertificate(file: path, signedBy: key).statement
        #expect(statement.limits == ["sightings": "3m"] && statement.slots.allSatisfy { ($0.auditEntry ?? 0) > 0 })
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for (what, by) in [("\"sighting\" : 6", "\"sighting\" : 0"), ("\"statement\"", "\"extra\" : 1, \"statement\"")]
        {
            #expect(text.contains(what))
            let spoiled = "\(folder)/spoiled.json"
            try text.replacing(what, with: by).write(toFile: spoiled, atomically: true, encoding: .utf8)
            #expect(throws: RetentionError.self) { _ = try DeletionCertificate(file: spoiled, signedBy: key) }
        }
        let other = hexadecimal(try SigningKey(folder: "\(folder)/other", create: true).publicKey)
        #expect(throws: RetentionError.self) { _ = try DeletionCertificate(file: path, signedBy: other) }
    }

    @Test func `status says what is overdue, and nothing after a run`() throws {
        try prepare()
        func status(at now: String) throws -> RetentionStatus {
            try RetentionStatus(
                pipeline, database: database.address, keys: database.vault().keys,
                at: City.moment("2026-03-02T\(now)Z"))
        }
        #expect(try !status(at: "07:33:30").isOverdue)
        let late = try status(at: "07:36:00")
        #expect(late.lines.filter(\.overdue).map(\.class) == ["sightings", "crops", "keys"])
        #expect(late.lines[0].oldest == "2026-03-02T07:30:00.000Z" && late.lines[0].limit == "3m")
        _ = try run(at: "07:36:00")
        #expect(try !status(at: "07:36:00").isOverdue)
    }

    @Test func `reports of a day that lost a part keep their whole hours, and are not counted again`() throws {
        try prepare()
        _ = try database.query("SELECT set_min_vehicles(1)")
        try LegKeeper(database: database.address).finish()
        #expect(try database.query("SELECT sum(passages) FROM report_flow")[0][0] == "60")
        _ = try run(at: "07:36:00")
        try LegKeeper(database: database.address).finish()
        #expect(try database.query("SELECT coalesce(sum(passages), 0) FROM report_flow")[0][0] == "60")
        _ = try database.query("SELECT set_min_vehicles(2)")
        try LegKeeper(database: database.address).finish()
        #expect(try database.count("report_flow") == 0)
    }
}
