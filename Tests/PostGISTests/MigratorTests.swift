import Fixtures
import Foundation
import Testing

@testable import PostGIS

@Suite struct MigratorTests {
    let schemas = "\(Postgres.root)/schemas/sql"

    /// A copy of the migrations that a test may spoil.
    func copy() throws -> String {
        let folder = "/tmp/gantry-test-schemas-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: schemas, toPath: folder)
        return folder
    }

    @Test func `a database is migrated once, and a second run changes nothing`() throws {
        let address = try Postgres.shared().makeDatabase()
        let migrator = try Migrator(folder: schemas)
        let first = try migrator.migrate(address)
        #expect(first.before == 0 && first.after == migrator.newest && first.applied.count == migrator.newest)
        #expect(try migrator.migrate(address) == .init(before: migrator.newest, after: migrator.newest, applied: []))
    }

    @Test func `cameras that are there already stand where they stood, from the beginning`() throws {
        let address = try Postgres.shared().makeDatabase()
        let folder = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let places = try #require(files.first { $0.hasSuffix("_cameras.sql") })
        for file in files where file >= places { try FileManager.default.removeItem(atPath: "\(folder)/\(file)") }
        try Migrator(folder: folder).migrate(address)
        let connection = try Connection(address, application: "test")
        try connection.execute(
            "INSERT INTO camera (name, position, heading) VALUES ('old', ST_SetSRID(ST_MakePoint(4.35, 50.88), 4326), 90)"
        )
        try FileManager.default.copyItem(atPath: "\(schemas)/\(places)", toPath: "\(folder)/\(places)")
        try Migrator(folder: folder).migrate(address)
        let rows = try connection.query(
            "SELECT camera, valid_from, valid_until, longitude, latitude, heading FROM movement.camera_places()")
        #expect(rows.values == [["old", nil, nil, "4.35", "50.88", "90"]])
    }

    @Test func `days that are there already become slots, and take passages as before`() throws {
        let address = try Postgres.shared().makeDatabase()
        let folder = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let slots = try #require(files.first { $0.hasSuffix("_retention.sql") })
        for file in files where file >= slots { try FileManager.default.removeItem(atPath: "\(folder)/\(file)") }
        try Migrator(folder: folder).migrate(address)
        let connection = try Connection(address, application: "test")
        try connection.query("SELECT count(*) FROM ensure_days('{2026-03-02,2026-03-04}')")
        try FileManager.default.copyItem(atPath: "\(schemas)/\(slots)", toPath: "\(folder)/\(slots)")
        try Migrator(folder: folder).migrate(address)
        let known = "SELECT audit_moment(starts), ends - starts FROM slot ORDER BY 1"
        let days = [["2026-03-02T00:00:00.000000Z", "1 day"], ["2026-03-04T00:00:00.000000Z", "1 day"]]
        #expect(try connection.query(known).values == days)
        try connection.query("SELECT set_slot(60)")
        try connection.query("SELECT ensure_slots('{2026-03-02 07:30Z,2026-03-04 23:59Z}')")
        #expect(try connection.query(known).values == days)
    }

    @Test func `this build needs the newest migration`() throws {
        #expect(try Migrator(folder: schemas).newest == Migrator.version)
    }

    @Test func `a migration edited after it was applied is refused`() throws {
        let address = try TestDatabase().address
        let folder = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = "\(folder)/0002_audit.sql"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "\n-- an afterthought\n").write(toFile: file, atomically: true, encoding: .utf8)
        #expect(throws: MigrationError.edited(file: "0002_audit.sql")) {
            try Migrator(folder: folder).migrate(address)
        }
    }

    @Test func `a migration that fails leaves nothing of itself`() throws {
        let database = try TestDatabase()
        let folder = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let number = Migrator.version + 1
        let name = String(format: "%04d_broken.sql", number)
        try
            "BEGIN; CREATE TABLE half (a integer); SELECT 1 / 0; INSERT INTO schema_version (version) VALUES (\(number)); COMMIT;"
            .write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        #expect {
            try Migrator(folder: folder).migrate(database.address)
        } throws: { error in
            guard case .failed(name, let cause) = error as? MigrationError else { return false }
            return cause.sqlState == "22012"
        }
        #expect(try database.query("SELECT to_regclass('half')")[0][0] == nil)
        #expect(try Migrator(folder: schemas).migrate(database.address).applied == [])
    }

    @Test func `a database of a newer build is refused`() throws {
        let database = try TestDatabase()
        _ = try database.query("INSERT INTO schema_version (version) VALUES (99)")
        #expect(throws: MigrationError.ahead(found: 99, newest: Migrator.version)) {
            try Migrator(folder: schemas).migrate(database.address)
        }
        #expect(throws: SinkError.schemaAhead(found: 99, known: Migrator.version)) { _ = try database.sink() }
    }

    @Test func `a sink refuses a database that is not migrated`() throws {
        let address = try Postgres.shared().makeDatabase()
        let vault = try TestDatabase().vault()
        #expect(throws: SinkError.schemaBehind(found: 0, needed: Migrator.version)) {
            _ = try Sink(database: address, protection: vault)
        }
    }

    @Test func `every table, column-bearing type and function says what it is`() throws {
        let silent = try TestDatabase().query(
            """
            SELECT 'function ' || p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE (n.nspname = 'movement' OR n.nspname = 'public' AND NOT EXISTS (
                SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'))
              AND (obj_description(p.oid, 'pg_proc') IS NULL
                   OR n.nspname = 'movement' AND obj_description(p.oid, 'pg_proc') !~ '^(Aggregate|Per-vehicle|Subject-request, granted to nobody by itself): ')
            """)
        #expect(silent.isEmpty, "\(silent)")
    }
}
