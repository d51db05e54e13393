import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// The log against those who look, and against the world it is written in.
@Suite struct AuditTests {
    let database: TestDatabase
    static let look = "movement.trace('{}', '{}', 'theft', '1', '2026-03-01', '2026-03-31')"
    static let commit = "SELECT audit_commit('look', 'granted', NULL, 'theft', '1', '{}', 3)"

    init() throws {
        database = try TestDatabase()
        try database.permit("theft")
    }

    func connect() throws -> Connection { try Connection(database.address, application: "test") }
    func looker() throws -> Connection { try Connection(database.login(), application: "test") }

    /// The sessions that looks hold to write their entries.
    func writers() throws -> [String] {
        try database.query(
            """
            SELECT pid FROM pg_stat_activity WHERE application_name = 'gantry-audit' AND datname = current_database()
            """
        ).map { $0[0]! }
    }

    func verify() throws -> AuditChain.Break? {
        var chain = AuditChain()
        do {
            for entry in try AuditLog(database: database.address).entries(after: 0) {
                try chain.check(AuditEntry(fields: entry.fields, previous: entry.previous, digest: entry.digest))
            }
            return nil
        } catch let broken as AuditChain.Break {
            return broken
        }
    }

    @Test func `an entry holds the rows a look returned, and older entries stay verifiable`() throws {
        let folder = "/tmp/gantry-test-schemas-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: "\(Postgres.root)/schemas/sql", toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let log = try #require(files.first { $0.hasSuffix("_log.sql") })
        for file in files where file >= log { try FileManager.default.removeItem(atPath: "\(folder)/\(file)") }
        let address = try Postgres.shared().makeDatabase()
        try Migrator(folder: folder).migrate(address)
        let connection = try Connection(address, application: "test")
        for _ in 0..<2 { try connection.query("SELECT count(*) FROM \(Self.look)") }
        try Migrator(folder: "\(Postgres.root)/schemas/sql").migrate(address)
        try connection.query(Self.commit)
        try connection.query("SELECT audit_append('a', 'b', 'c', 'done', NULL, NULL, NULL, '{}')")
        func entries() throws -> [AuditLog.Entry] { try AuditLog(database: address).entries(after: 0) }
        func broken() throws -> AuditChain.Break? {
            var chain = AuditChain()
            do {
                for entry in try entries() {
                    try chain.check(AuditEntry(fields: entry.fields, previous: entry.previous, digest: entry.digest))
                }
                return nil
            } catch let broken as AuditChain.Break {
                return broken
            }
        }
        #expect(try entries().map { $0.fields[10...] } == [["1", nil], ["1", nil], ["2", "3"], ["2", nil]])
        #expect(try broken() == nil)
        try connection.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
        try connection.execute("UPDATE audit SET returned = 0 WHERE id = 3")
        #expect(try broken() == .changed(3))
        // Written as of format 1, which does not cover the rows, with digests to match.
        try connection.execute("UPDATE audit SET returned = NULL, format = 1 WHERE id = 4")
        try connection.execute("UPDATE audit SET returned = 3 WHERE id = 3")
        try connection.execute("UPDATE audit SET digest = audit_digest(audit) WHERE id = 4")
        #expect(try broken() == .downgraded(4))
    }

    @Test func `a session writes its entries over one connection`() throws {
        let connection = try connect()
        for _ in 0..<5 { try connection.query(Self.commit) }
        #expect(try writers().count == 1)
        #expect(try database.count("audit") == 5)
    }

    @Test(arguments: ["ended", "idle"]) func `a held connection that broke is opened again`(how: String) throws {
        if how == "idle" {
            let name = try database.query("SELECT current_database()")[0][0]!
            _ = try database.query("ALTER DATABASE \(name) SET idle_session_timeout = '10ms'")
        }
        let connection = try connect()
        try connection.execute("SET idle_session_timeout = 0")
        try connection.query(Self.commit)
        if how == "ended" {
            let ended = try connection.query(
                "SELECT pg_terminate_backend($1::integer, 60000)", [writers()[0]])
            #expect(ended.values == [["t"]])
        } else {
            let gone =
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gantry-audit' AND datname = current_database()"
            while try connection.query(gone).values != [["0"]] {}
        }
        #expect(try connection.query(Self.commit).values == [["2"]])
        #expect(try verify() == nil)
    }

    @Test func `another address holds from the next entry on`() throws {
        let connection = try connect()
        try connection.query(Self.commit)
        try connection.execute("UPDATE settings SET audit_conninfo = 'host=/nowhere'")
        #expect(throws: DatabaseError.self) { try connection.query(Self.commit) }
        #expect(try database.count("audit") == 1)
    }

    /// What a role that may look, and nothing else, could try with the connection that its own looks hold open.
    @Test func `who may look can't speak over the connection that looks are recorded on`() throws {
        let role = "looker_\(UUID().uuidString.prefix(8).lowercased())"
        _ = try database.query("CREATE ROLE \(role)")
        defer { _ = try? database.query("DROP OWNED BY \(role); DROP ROLE \(role)") }
        _ = try database.query("GRANT USAGE ON SCHEMA movement TO \(role)")
        _ = try database.query(
            "GRANT EXECUTE ON FUNCTION movement.trace(bytea[], bytea[], text, text, timestamptz, timestamptz) TO \(role)"
        )
        _ = try database.query("UPDATE purpose SET audience = '\(role)'")
        let connection = try connect()
        try connection.query(Self.commit)
        let held = try connection.query("SELECT unnest(dblink_get_connections())").values[0][0]!
        try connection.execute("SET SESSION AUTHORIZATION \(role)")
        try connection.query("SELECT count(*) FROM \(Self.look)")
        let attacks = [
            "SELECT dblink_exec('\(held)', 'DELETE FROM audit')",
            "SELECT * FROM dblink('\(held)', 'SELECT 1') AS t(a integer)", "SELECT dblink_get_connections()",
            "SELECT dblink_disconnect('\(held)')", "SELECT dblink_disconnect()",
            "SELECT dblink_send_query('\(held)', 'SELECT 1')", "SELECT dblink_open('\(held)', 'c', 'SELECT 1')",
            "SELECT dblink_connect('gantry.audit', 'host=/tmp')",
            "SELECT dblink_connect_u('gantry.audit', 'host=/tmp')",
            "SELECT dblink_cancel_query('\(held)')", "SELECT audit_commit('a', 'done', NULL, NULL, NULL, '{}')",
            "SELECT audit_append('a', 'b', 'c', 'done', NULL, NULL, NULL, '{}')", "SELECT * FROM audit",
        ]
        for attack in attacks {
            let refused = #expect(throws: DatabaseError.self, "\(attack)") { try connection.query(attack) }
            #expect(refused?.sqlState == "42501", "\(attack)")
        }
        let open = try database.query(
            """
            SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
            JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'dblink'
            WHERE has_function_privilege($1, p.oid, 'EXECUTE')
            """, [role])
        #expect(open.isEmpty, "\(open)")
        try connection.execute("RESET SESSION AUTHORIZATION")
        #expect(try database.query("SELECT actor FROM audit ORDER BY id")[1][0] == role)
    }

    static let worlds = [
        "UPDATE settings SET audit_conninfo = 'host=/nowhere'",
        // As a full disk: the row can't be written.
        "ALTER TABLE audit ADD CONSTRAINT full_disk CHECK (false) NOT VALID",
        // As a standby, or a server of which another took over.
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
    ]

    @Test(arguments: worlds)
    func `where the entry can't be written, nothing is returned`(world: String) throws {
        let connection = try looker()
        try connection.execute("SET default_transaction_read_only = off")
        _ = try database.query(world)
        #expect(throws: DatabaseError.self) { try connection.query("SELECT * FROM \(Self.look)") }
        #expect(try database.count("audit") == 0)
    }

    @Test func `a log that is locked stops the look, and the next one is on record`() throws {
        let name = try database.query("SELECT current_database()")[0][0]!
        let host = try database.query("SELECT current_setting('unix_socket_directories')")[0][0]!
        _ = try database.query(
            "UPDATE settings SET audit_conninfo = $1",
            ["host=\(host) dbname=\(name) user=gantry options='-c lock_timeout=50ms'"])
        let connection = try looker(), other = try connect()
        try other.query("SELECT pg_advisory_lock(hashtext('gantry.audit'))")
        let stopped = #expect(throws: DatabaseError.self) { try connection.query("SELECT * FROM \(Self.look)") }
        #expect(stopped?.sqlState == "55P03")
        try other.query("SELECT pg_advisory_unlock_all()")
        try connection.query("SELECT * FROM \(Self.look)")
        #expect(try database.count("audit") == 1)
    }

    @Test func `a statement that is cancelled or times out after the entry leaves it`() async throws {
        let connection = try looker()
        let waiting = "DO $$ BEGIN PERFORM * FROM \(Self.look); PERFORM pg_sleep(600); END $$"
        try connection.execute("SET statement_timeout = '2s'")
        let late = #expect(throws: DatabaseError.self) { try connection.execute(waiting) }
        #expect(late?.sqlState == "57014")
        #expect(try database.count("audit") == 1)
        let (address, process) = (database.address, connection.processID)
        let cancelling = Task.detached {
            let other = try Connection(address, application: "test")
            while try other.query("SELECT FROM audit").changed < 2 {}
            try other.query("SELECT pg_cancel_backend($1)", ["\(process)"])
        }
        try connection.execute("SET statement_timeout = 0")
        let cancelled = #expect(throws: DatabaseError.self) { try connection.execute(waiting) }
        try await cancelling.value
        #expect(cancelled?.sqlState == "57014")
        #expect(try database.count("audit") == 2)
    }

    /// The statement, whether it leaves an entry: none without rows, no row without an entry.
    static let statements: [(sql: String, entries: Int)] = [
        ("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM \(look)", 1),
        ("BEGIN; DECLARE c CURSOR FOR SELECT * FROM \(look); COMMIT", 0),
        ("BEGIN; DECLARE c CURSOR FOR SELECT * FROM \(look); FETCH 1 FROM c; ROLLBACK", 1),
        ("SELECT * FROM \(look) LIMIT 0", 0), ("SELECT * FROM \(look) LIMIT 1", 1),
        ("SELECT 1 FROM \(look) WHERE false", 0), ("WITH t AS (SELECT * FROM \(look)) SELECT 1", 0),
        ("WITH t AS (SELECT * FROM \(look)) SELECT 1 FROM t", 1), ("SELECT 1 WHERE EXISTS (SELECT FROM \(look))", 1),
        ("SELECT a FROM (SELECT 1 AS a, (SELECT count(*) FROM \(look)) AS b) AS t", 1),
        ("SELECT b FROM (SELECT 1 AS a, (SELECT count(*) FROM \(look)) AS b) AS t", 1),
        ("EXPLAIN SELECT * FROM \(look)", 0), ("EXPLAIN ANALYZE SELECT * FROM \(look)", 1),
        ("PREPARE p AS SELECT * FROM \(look)", 0), ("PREPARE p AS SELECT * FROM \(look); EXECUTE p", 1),
        ("CREATE TEMP TABLE t AS SELECT * FROM \(look)", 1),
    ]

    @Test(arguments: statements)
    func `no way of asking gets rows without an entry`(sql: String, entries: Int) throws {
        _ = try looker().execute(sql)
        #expect(try database.count("audit") == entries)
    }
}
