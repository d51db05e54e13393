import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: each role reaches what it needs and nothing else, and a login of any role gets no further by any trick.
/// Method: what a role can reach is asked of the catalog, all tables and all functions, so that a new one which nobody decided
/// about shows; then real logins try.
@Suite struct RoleTests {
    let database: TestDatabase
    static let roles = ["ingest", "analyst", "investigator", "supervisor", "auditor", "keeper"]

    init() throws {
        database = try TestDatabase()
        // Rights on the database itself are not copied with it.
        #expect(try database.query("SELECT grant_all()") == [])
        try database.permit("theft")
        _ = try database.sink().write(City.passages(0..<3))
        try LegKeeper(database: database.address).finish()
    }

    func login(_ role: String) throws -> Connection {
        try Connection(database.login(role, as: "gantry_\(role)"), application: "test")
    }

    /// By role, `table: privileges`, a column's privilege in brackets; partitions, views of city and functions of schema
    /// movement have tests of their own.
    static let tables: [String: [String]] = [
        "ingest": [
            "camera: INSERT(heading,name,position) SELECT(id,name)", "camera_stay: SELECT", "closed_day: SELECT",
            "crop: INSERT", "epoch_bridge: INSERT", "leg_queue: INSERT", "revision: SELECT UPDATE(stored)",
            "road_edge: SELECT",
            "schema_version: SELECT", "sighting: INSERT SELECT(camera_id,passage_id,seen_at)",
            "sink_offset: INSERT SELECT UPDATE",
        ],
        "analyst": ["schema_version: SELECT"],
        "investigator": ["purpose: SELECT", "schema_version: SELECT"],
        "supervisor": ["purpose: SELECT", "schema_version: SELECT"],
        "auditor": [
            "approval: SELECT", "audit: SELECT", "purpose: SELECT", "schema_version: SELECT",
            "settings: SELECT(approval_lasts,days_max,journey_gap,min_vehicles,refusals_max)",
        ],
        "keeper": ["closed_until: SELECT", "schema_version: SELECT", "slot: DELETE SELECT"],
    ]

    static let functions: [String: [String]] = [
        "ingest": [
            "advance_legs", "advance_paths", "begin_revision", "clear_coverage", "ensure_slots", "estimate_capture",
            "hold_slots", "make_report", "open_stage", "record_destruction", "settle_epochs", "snap_cameras",
            "store_coverage",
        ],
        "analyst": ["audit_moment"],
        "investigator": ["audit_moment"],
        "supervisor": ["approve_look", "audit_moment", "looks_to_approve"],
        "auditor": ["audit_digest", "audit_field", "audit_moment"],
        "keeper": [
            "advance_legs", "audit_moment", "check_legs", "close_slots", "count_slot", "days_with_text",
            "destroyed_keys",
            "drop_crops", "drop_day", "drop_rest", "drop_slot", "ensure_days", "estimate_capture", "make_report",
            "note_retention", "rebuild_legs", "record_destruction", "set_slot", "settle_epochs", "slot_suffix",
        ],
    ]

    static let ours = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')"

    @Test(arguments: roles)
    func `a role reaches its own tables and functions, and no others`(role: String) throws {
        let tables = try database.query(
            """
            WITH reached AS (
                SELECT o.oid, o.relname, p.privilege FROM pg_class o, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p(privilege)
                WHERE o.relnamespace IN ('public'::regnamespace, 'movement'::regnamespace) AND o.relkind IN ('r', 'p', 'v', 'm', 'f') AND \(Self.ours)
                    AND has_table_privilege('gantry_\(role)', o.oid, p.privilege)
            ), columns AS (
                SELECT o.relname, p.privilege || '(' || string_agg(a.attname, ',' ORDER BY a.attname) || ')' AS privilege
                FROM pg_class o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped,
                    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p(privilege)
                WHERE o.relnamespace = 'public'::regnamespace AND \(Self.ours) AND has_column_privilege('gantry_\(role)', o.oid, a.attnum, p.privilege)
                    AND NOT EXISTS (SELECT FROM reached r WHERE r.oid = o.oid AND r.privilege = p.privilege)
                GROUP BY o.relname, p.privilege
            )
            SELECT relname || ': ' || string_agg(privilege, ' ' ORDER BY privilege)
            FROM (SELECT relname, privilege FROM reached UNION ALL SELECT relname, privilege FROM columns) AS all_of GROUP BY relname ORDER BY 1
            """)
        #expect(tables.map { $0[0]! } == Self.tables[role]!)
        let functions = try database.query(
            """
            SELECT DISTINCT o.proname::text FROM pg_proc o WHERE o.pronamespace = 'public'::regnamespace AND \(Self.ours)
                AND has_function_privilege('gantry_\(role)', o.oid, 'EXECUTE') ORDER BY 1
            """)
        #expect(functions.map { $0[0]! } == Self.functions[role]!)
        let views = try database.query(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'city'::regnamespace AND has_table_privilege('gantry_\(role)', oid, 'SELECT')"
        )
        #expect((views[0][0] != "0") == ["analyst", "investigator"].contains(role))
    }

    @Test(arguments: roles)
    func `a role makes nothing: in no schema, not in the database, from no sequence`(role: String) throws {
        let made = try database.query(
            """
            SELECT 'schema ' || nspname FROM pg_namespace WHERE has_schema_privilege('gantry_\(role)', oid, 'CREATE')
            UNION ALL SELECT 'database ' || p FROM unnest(ARRAY['CREATE', 'TEMPORARY']) AS p
            WHERE has_database_privilege('gantry_\(role)', current_database(), p)
            UNION ALL SELECT 'sequence ' || seqrelid::regclass FROM pg_sequence WHERE has_sequence_privilege('gantry_\(role)', seqrelid, 'USAGE, SELECT, UPDATE')
            UNION ALL SELECT 'partition ' || relname FROM pg_class WHERE relispartition AND has_any_column_privilege('gantry_\(role)', oid, 'SELECT, INSERT, UPDATE')
            """)
        #expect(made.isEmpty, "\(made)")
    }

    @Test func `a function of schema movement is granted to the role that its kind says, and to no other`() throws {
        let granted = try database.query(
            """
            SELECT o.oid::regprocedure || ': ' || substring(obj_description(o.oid, 'pg_proc') FROM '^[A-Za-z-]+'), (
                SELECT string_agg(coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC'), ' ')
                FROM aclexplode(coalesce(o.proacl, acldefault('f', o.proowner))) AS a WHERE a.grantee <> o.proowner)
            FROM pg_proc o WHERE o.pronamespace = 'movement'::regnamespace
            """)
        #expect(granted.count > 30)
        for row in granted {
            // A person's own request is answered by whom the owner chooses.
            let role =
                row[0]!.hasSuffix(": Aggregate")
                ? "gantry_analyst" : row[0]!.hasSuffix(": Per-vehicle") ? "gantry_investigator" : nil
            #expect(row[1] == role, "\(row)")
        }
        let kinds = Set(granted.map { $0[0]!.split(separator: " ").last! })
        #expect(kinds == ["Aggregate", "Per-vehicle", "Subject-request"])
        let inner = try database.query(
            """
            SELECT o.proname FROM pg_proc o JOIN pg_roles r ON r.rolname ~ '^gantry_' AND NOT r.rolsuper
            WHERE o.pronamespace = 'exact'::regnamespace
                AND (has_function_privilege(r.oid, o.oid, 'EXECUTE') OR has_schema_privilege(r.oid, 'exact', 'USAGE'))
            """)
        #expect(inner.isEmpty, "counts that are not published: \(inner)")
    }

    @Test func `what is made anew gets its grants from the next migration`() throws {
        _ = try database.query("DROP FUNCTION movement.publication()")
        _ = try database.query(
            "CREATE FUNCTION movement.publication() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        _ = try database.query("COMMENT ON FUNCTION movement.publication() IS 'Per-vehicle: for this test.'")
        try Migrator(folder: "\(Postgres.root)/schemas/sql").migrate(database.address)
        let granted = try ["public", "gantry_analyst", "gantry_investigator"].map { role in
            try database.query("SELECT has_function_privilege('\(role)', 'movement.publication()', 'EXECUTE')")[0][
                0]
        }
        #expect(granted == ["f", "f", "t"])
    }

    /// Statements that no role's login gets through, with the SQLSTATE that refuses them.
    static let attacks: [(sql: String, state: String)] =
        ["sighting", "crop", "leg", "journey", "leg_queue", "coverage", "capture", "report_flow"].flatMap { table in
            [
                ("SELECT * FROM \(table)", "42501"), ("COPY \(table) TO STDOUT", "42501"),
                ("DELETE FROM \(table)", "42501"),
            ]
        } + [
            ("SELECT token FROM sighting", "42501"), ("SELECT sealed_text FROM sighting_20260302", "42501"),
            ("EXPLAIN SELECT * FROM sighting WHERE token = ''", "42501"),
            ("CREATE TABLE mine AS SELECT * FROM sighting", "42501"),
            ("SET ROLE gantry", "42501"), ("SET SESSION AUTHORIZATION gantry", "42501"),
            ("SET ROLE pg_read_all_data", "42501"), ("ALTER ROLE gantry_keeper LOGIN", "42501"),
            ("GRANT gantry_ingest TO gantry_reader", "42501"), ("SET session_replication_role = replica", "42501"),
            ("UPDATE purpose SET alone = '9 years'", "42501"),
            ("UPDATE settings SET audit_conninfo = 'host=/nowhere'", "42501"),
            ("SELECT audit_conninfo FROM settings", "42501"), ("INSERT INTO approval (request) VALUES (1)", "42501"),
            ("DELETE FROM audit", "42501"), ("TRUNCATE audit", "42501"),
            ("SELECT import_purposes('[]')", "42501"), ("SELECT set_min_vehicles(1)", "42501"),
            ("SELECT grant_all()", "42501"),
            ("SELECT vehicle_key('')", "42501"), ("SELECT trips_between(1, 2, now(), now(), '1 hour')", "42501"),
            ("SELECT impossible_legs(now(), now(), 1)", "42501"), ("SELECT chained_passages()", "42501"),
            ("SELECT authorise('trace', 'theft', '1', '{}', now(), now(), '{}')", "42501"),
            // What stands in for ours, where functions run with the owner's rights.
            ("CREATE TEMPORARY TABLE touched (token bytea)", "42501"),
            ("CREATE TABLE public.touched (token bytea)", "42501"),
            ("CREATE FUNCTION pg_temp.audit_commit() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "42501"),
            ("CREATE FUNCTION public.audit_commit() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "42501"),
            ("CREATE OPERATOR public.<@ (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text)", "42501"),
            ("CREATE CAST (bytea AS jsonb) WITH INOUT", "42501"), ("CREATE SCHEMA mine", "42501"),
            // The owner's connection that a session holds for its entries, and the way out of the server.
            ("SELECT * FROM dblink('dbname=x', 'SELECT 1') AS t(a integer)", "42501"),
            ("SELECT dblink_connect('x')", "42501"),
            ("SELECT dblink_get_connections()", "42501"), ("SELECT dblink_exec('x', 'DELETE FROM audit')", "42501"),
            ("SELECT lo_import('/etc/hostname')", "42501"), ("SELECT lo_export(1, '/tmp/x')", "42501"),
            ("COPY (SELECT 1) TO PROGRAM 'true'", "42501"), ("COPY (SELECT 1) TO '/tmp/x'", "42501"),
            ("SELECT pg_read_file('/etc/hostname')", "42501"), ("CREATE EXTENSION postgres_fdw", "42501"),
            // How many rows a question read.
            ("SELECT * FROM pg_stat_xact_user_tables", "42501"), ("SELECT * FROM pg_stat_user_tables", "42501"),
            ("SELECT pg_stat_get_live_tuples('sighting_20260302'::regclass)", "42501"),
            ("SELECT * FROM pg_statistic", "42501"),
        ]

    @Test(arguments: roles)
    func `a login gets through with no attack`(role: String) throws {
        let connection = try login(role)
        for (sql, state) in Self.attacks {
            #expect("\(sql)") {
                // With rights it would be undone.
                try connection.execute("BEGIN")
                defer { _ = try? connection.execute("ROLLBACK") }
                try connection.query(sql)
            } throws: {
                ($0 as? DatabaseError)?.sqlState == state
            }
        }
        let statistics = try connection.query("SELECT * FROM pg_stats WHERE tablename ~ '^(sighting|leg|journey|crop)'")
        // A sink may see how its keys are distributed.
        #expect(statistics.values.isEmpty || role == "ingest")
    }

    @Test func `per-vehicle functions are for investigators alone, and inner ones for nobody`() throws {
        let calls = [
            "movement.trace('{}', '{}', 'theft', '1', '2026-03-02', '2026-03-03')",
            "movement.anomalous('theft', '1', '2026-03-02', '2026-03-03')",
            "movement.reveal('', '2026-03-02', 'theft', '1')",
        ]
        for role in Self.roles where role != "investigator" {
            let connection = try login(role)
            for call in calls {
                #expect("\(role): \(call)") {
                    try connection.query("SELECT * FROM \(call)")
                } throws: {
                    ($0 as? DatabaseError)?.sqlState == "42501"
                }
            }
        }
        #expect(try login("investigator").query("SELECT * FROM \(calls[0])").values.isEmpty)
    }

    @Test func `a session's settings change neither who looked nor what is asked`() throws {
        let connection = try login("investigator")
        try connection.execute(
            """
            SET application_name = 'the chief'; SET gantry.actor = 'somebody else'; SET search_path = pg_temp, public;
            SET default_transaction_read_only = on; SET transform_null_equals = on; SET standard_conforming_strings = off;
            SET bytea_output = 'escape'; SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601';
            SET quote_all_identifiers = on; SET row_security = off; DO 'BEGIN END'; SET plpgsql.extra_errors = 'all'
            """)
        _ = try? connection.query("ALTER ROLE CURRENT_USER SET search_path = pg_temp")
        _ = try connection.query(
            "SELECT * FROM movement.trace(ARRAY[decode('00ff', 'hex')], '{}', 'theft', '1'';', '2026-03-02 09:00', '2026-03-03 09:00')"
        )
        let entry = try database.query(
            "SELECT actor ~ '^investigator_', outcome, case_number, parameters FROM audit ORDER BY id DESC LIMIT 1")[0]
        #expect(
            entry == [
                "t", "granted", "1';",
                "{\"to\": \"2026-03-03T00:00:00.000000Z\", \"from\": \"2026-03-02T00:00:00.000000Z\", \"tokens\": [\"00ff\"], \"look_alikes\": []}",
            ])
    }

    @Test func `a leaky function sees of the views what they show, and no more`() throws {
        // As careless as an administrator can be.
        _ = try database.query("CREATE SCHEMA toolbox")
        let admin = try Connection(database.address, application: "test")
        let analyst = try database.login("analyst", as: "gantry_analyst")
        let name = analyst.split(separator: "=").last!
        try admin.execute(
            "GRANT ALL ON SCHEMA toolbox TO \(name); ALTER VIEW city.capture_rates SET (security_barrier = false)")
        try admin.execute(
            """
            INSERT INTO capture (camera_id, day, passages, read_share, captured, standard_error, witnesses)
            SELECT id, '2026-03-02', 3, 0.123, 0.456, 0.1, 2 FROM camera ORDER BY id LIMIT 1
            """)
        let connection = try Connection(analyst, application: "test")
        try connection.execute(
            """
            CREATE TABLE toolbox.leaked (value text);
            CREATE FUNCTION toolbox.leak(value anyelement) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
                'BEGIN INSERT INTO toolbox.leaked VALUES (value::text); RETURN true; END'
            """)
        let rows = try connection.query(
            "SELECT camera FROM city.capture_rates WHERE toolbox.leak(passages) AND toolbox.leak(read_share) AND suppressed"
        )
        #expect(rows.values.count == 1)
        #expect(try connection.query("SELECT DISTINCT value FROM toolbox.leaked").values == [[nil]])
    }

    @Test func `a sink works with its role alone: new days, repeats, revisions, coverage, journeys, reports`() throws {
        let address = try database.login("sink", as: "gantry_ingest")
        let sink = try Sink(database: address, protection: database.vault())
        try sink.register(City.cameras + [Camera(id: "new", longitude: 4.3, latitude: 50.8, heading: nil)])
        let passages =
            City.passages(0..<20, from: "2026-03-05T07:30:00Z") + [
                City.passage(
                    "new", at: City.moment("2026-03-05T09:00:00Z"), plate: "NEW001", crop: Array("picture".utf8))
            ]
        #expect(try sink.write(passages).stored == 21)
        #expect(try sink.write(passages).repeated == 21)
        _ = try sink.write(coverage: City.watched(from: "2026-03-05T07:30:00Z", minutes: 0..<30))
        // Repeats beside new ones, over the stage: the new ones are queued, with their tokens.
        try LegKeeper(database: address).finish()
        #expect(try sink.write(City.passages(10..<30, from: "2026-03-05T07:30:00Z")).stored == 10)
        #expect(try database.query("SELECT count(*), count(token) FROM leg_queue") == [["10", "10"]])
        let keeper = LegKeeper(database: address)
        try keeper.finish()
        #expect(try database.query("SELECT count(*) FROM journey WHERE started >= '2026-03-05'") == [["31"]])
        _ = try keeper.estimateCapture(after: .seconds(0))
        _ = try keeper.makeReport(after: .seconds(0))
        _ = try RoadKeeper(database: address).advance(budget: .milliseconds(200))
        #expect(throws: (any Error).self) { try keeper.rebuild() }
    }

    @Test func `a keeper drops days and makes journeys anew, and reads no passage`() throws {
        let address = try database.login("kim", as: "gantry_keeper")
        try LegKeeper(database: address).rebuild()
        try LegKeeper(database: address).finish()
        #expect(try LegKeeper(database: address).check().allSatisfy { $0.1 + $0.2 == 0 })
        #expect(try Retention(database: address).drop(day: "2026-03-02", reason: "test") == 3)
    }

    @Test func `an auditor checks the log, and an investigator asks analysts' questions too`() throws {
        let auditor = try database.login("max", as: "gantry_auditor")
        let ada = try Questions(database: database.login())
        let day = try ada.period(day: "2026-03-02")
        _ = try ada.trace(tokens: [], lookAlikes: [], purpose: "theft", caseNumber: "1", in: day)
        #expect(try ada.flows(camera: nil, in: day, every: .seconds(86_400)).count == 1)
        #expect(try AuditLog(database: auditor).entries(after: 0).count == 1)
        #expect(try Authority(database: auditor).purposes().rows.count == 1)
    }
}
