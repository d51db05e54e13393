import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: the views of schema `city` say what the functions of schema `movement` say, to a role that may read nothing else.
/// Method: ``RoadTown`` as in ``RoadAnswerTests``; each view beside its function, and every statement as `gantry_reader`.
@Suite struct ViewTests {
    let database: TestDatabase
    let sink: Sink
    let legs: LegKeeper

    init() throws {
        database = try TestDatabase()
        sink = try database.sink()
        legs = LegKeeper(database: database.address)
        try AuditLog(database: database.address).setMinimumVehicles(2)
        try sink.register(RoadTown.cameras)
        let roads = RoadKeeper(database: database.address)
        _ = try roads.replace(geoJSON: RoadTown.network, file: "town.geojson")
        // An hour in which a camera was watched and nobody passed.
        _ = try database.query("SELECT ensure_days('{2026-03-02}')")
        _ = try database.query(
            """
            INSERT INTO coverage (camera_id, hour, epoch, watched, frames)
            SELECT id, '2026-03-02 12:00', 1, '{[2026-03-02 12:00, 2026-03-02 12:30]}', array_fill(600, ARRAY[60]) FROM camera
            WHERE name = 'field'
            """)
        try write([
            ("AAA111", [("south", "02T07:00"), ("east", "02T07:02"), ("north", "02T07:40")]),
            ("BBB222", [("south", "02T07:01"), ("east", "02T07:03")]),
            ("CCC333", [("south", "02T08:02"), ("east", "02T08:04"), ("north", "02T08:20")]),
            ("DDD444", [("south", "02T23:59"), ("north", "03T00:01")]),
            ("EEE555", [("south", "03T00:00"), ("north", "03T00:02"), ("lonely", "03T00:20")]),
        ])
        while try roads.advance(budget: .seconds(60)) > 0 {}
        // Estimates need hundreds of vehicles; these are invented, on both sides of k.
        _ = try database.query(
            """
            INSERT INTO capture (day, camera_id, passages, read_share, captured, standard_error, witnesses)
            SELECT '2026-03-02', id, id, 0.75, 0.5, 0.125, id - 1 FROM camera
            """)
    }

    private func write(_ seen: [(plate: String, sights: [(CameraID, String)])]) throws {
        _ = try sink.write(
            seen.flatMap { vehicle in
                vehicle.sights.map {
                    City.passage($0.0, at: City.moment("2026-03-\($0.1):00Z"), plate: vehicle.plate)
                }
            })
        try legs.finish()
    }

    private static let period = "'2026-03-02', '2026-03-04'"
    /// Columns, view, and what the same columns are by the functions; days are those of two functions of one day each.
    static let pairs: [(columns: String, view: String, function: String)] = [
        ("camera, ST_X(geom), ST_Y(geom), heading", "cameras", "SELECT * FROM movement.cameras()"),
        (
            "bucket, camera, passages, vehicles, read, covered, suppressed", "flows",
            """
            SELECT bucket, camera, passages, vehicles, read, covered, suppressed
            FROM movement.flows(NULL, \(period), '1 hour')
            """
        ),
        (
            "bucket, journeys, vehicles, single, median_seconds, median_passages, suppressed", "journeys",
            "SELECT * FROM movement.journeys(\(period), '1 hour')"
        ),
        (
            "bucket, from_camera, to_camera, trips, vehicles, median_seconds, p85_seconds", "travel_times",
            """
            SELECT day, t.* FROM generate_series(timestamptz '2026-03-02', '2026-03-03', '1 day') AS day,
                movement.all_travel_times(day, day + '1 day', 1) AS t
            """
        ),
        (
            "from_camera, to_camera, metres, free_seconds, geom", "travel_times WHERE NOT straight",
            """
            SELECT from_camera, to_camera, metres, free_seconds, path
            FROM generate_series(timestamptz '2026-03-02', '2026-03-03', '1 day') AS day, movement.leg_paths(day, day + '1 day', 1)
            WHERE path IS NOT NULL
            """
        ),
        (
            "bucket, camera, passages, read_share, captured, standard_error, witnesses, suppressed", "capture_rates",
            """
            SELECT day::timestamptz, camera, passages, read_share, captured, standard_error, witnesses, suppressed
            FROM movement.capture_rates(NULL, \(period))
            """
        ),
        (
            "edge, road, bucket, legs, vehicles_at_least, geom", "road_flows",
            "SELECT * FROM movement.road_flows(\(period), '1 day')"
        ),
    ]

    @Test(arguments: pairs.indices)
    func `a view says what its function says`(index: Int) throws {
        let (columns, view, function) = Self.pairs[index]
        let shown = try database.query("SELECT \(columns) FROM city.\(view) ORDER BY 1, 2, 3")
        let said = try database.query("SELECT * FROM (\(function)) AS said ORDER BY 1, 2, 3")
        #expect(shown == said && !shown.isEmpty)
    }

    @Test func `both sides of k are among what is compared`() throws {
        for view in ["flows", "journeys", "capture_rates"] {
            let kinds = try database.query("SELECT DISTINCT suppressed FROM city.\(view) ORDER BY 1")
            #expect(kinds == [["f"], ["t"]], "\(view)")
        }
        #expect(
            try database.query("SELECT count(*) FROM report_flow WHERE suppressed AND passages IS NOT NULL") == [["0"]])
        let empty = try database.query("SELECT passages, covered, suppressed FROM city.flows WHERE camera = 'field'")
        #expect(empty == [["0", "0.5", "f"]])
        #expect(try database.query("SELECT DISTINCT straight FROM city.travel_times") == [["f"]])
    }

    @Test func `a day is counted again when its legs change, and no other one`() throws {
        func made() throws -> [[String?]] { try database.query("SELECT day, made_at FROM report_day ORDER BY day") }
        let before = try made()
        #expect(before.map { $0[0] } == ["2026-03-02", "2026-03-03"])
        #expect(try legs.makeReport(after: .zero) == nil)
        try write([("FFF666", [("lonely", "03T00:25")])])
        let after = try made()
        #expect(after[0] == before[0] && after[1] != before[1])
        #expect(try database.query("SELECT vehicles FROM city.flows WHERE camera = 'lonely'") == [["2"]])
        try write([("GGG777", [("lonely", "03T00:26")])])
        _ = try database.query("UPDATE report_day SET legs_at = NULL")
        #expect(try legs.makeReport(after: .seconds(3600)) == nil, "an hour has not passed")
    }

    @Test func `a day that goes on is counted once an hour, and once after its end`() throws {
        func due(_ made: String) throws -> String? {
            _ = try database.query("UPDATE report_day SET made_at = \(made)")
            return try legs.makeReport(after: .seconds(86_400))
        }
        #expect(try due("'2026-03-04 02:00'") == nil, "both are over")
        #expect(try due("'2026-03-03 23:00'") == "2026-03-03")
        #expect(try due("now() - interval '1 minute'") == nil)
    }

    @Test func `a camera that was moved keeps its old place in old rows`() throws {
        _ = try database.query(
            """
            INSERT INTO camera_place (camera_id, valid_from, position)
            SELECT id, '2026-03-02 07:30', ST_Translate(position, 0, 1) FROM camera WHERE name IN ('south', 'east')
            """)
        func latitudes(_ view: String) throws -> [[String?]] {
            try database.query("SELECT round(ST_Y(geom)) FROM \(view)")
        }
        #expect(try latitudes("city.flows WHERE camera = 'east' ORDER BY bucket") == [["51"], ["52"]])
        #expect(try latitudes("city.cameras WHERE camera = 'east'") == [["52"]])
        let line = try database.query(
            """
            SELECT straight, metres, round(ST_YMin(geom)), round(ST_YMax(geom)) FROM city.travel_times
            WHERE bucket = '2026-03-02' AND to_camera = 'east'
            """)
        #expect(line == [["t", nil, "51", "51"]])
        for day in ["2026-03-02", "2026-03-03"] {
            let shown = try database.query(
                "SELECT edge, road, bucket, legs, vehicles_at_least, geom FROM city.road_flows WHERE bucket = '\(day)' ORDER BY 1"
            )
            let said = try database.query(
                "SELECT * FROM movement.road_flows('\(day)', timestamptz '\(day)' + '1 day', '1 day') ORDER BY 1")
            #expect(shown == said)
        }
    }

    @Test func `what k withholds is gone from the views at once, and comes back with it`() throws {
        let log = try AuditLog(database: database.address)
        let views = ["flows", "journeys", "travel_times", "road_flows"]
        func rows() throws -> [Int] { try views.map { try database.count("city.\($0)") } }
        let before = try rows()
        try log.setMinimumVehicles(4)
        #expect(try rows() == [0, 0, 0, 0] && !before.contains(0))
        try legs.finish()
        #expect(try rows()[2...] == [0, 0])
        #expect(try database.query("SELECT count(*) FROM city.flows WHERE passages > 0") == [["0"]])
        try log.setMinimumVehicles(2)
        try legs.finish()
        #expect(try rows() == before)
    }

    @Test func `every view and column says what it is, and maps find their key and geometry`() throws {
        let silent = try database.query(
            """
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relnamespace = 'city'::regnamespace AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)
            """)
        #expect(silent.isEmpty, "\(silent)")
        let layers = try database.query(
            "SELECT f_table_name, type, srid FROM geometry_columns WHERE f_table_schema = 'city' ORDER BY 1")
        #expect(
            layers == [
                ["cameras", "POINT", "4326"], ["capture_rates", "POINT", "4326"], ["flows", "POINT", "4326"],
                ["road_flows", "LINESTRING", "4326"], ["roads", "LINESTRING", "4326"],
                ["travel_times", "LINESTRING", "4326"],
            ])
        for view in layers.map({ $0[0]! }) + ["journeys"] {
            let ids = try database.query(
                "SELECT count(*) > 0 AND count(DISTINCT id) = count(*) AND pg_typeof(min(id)) IN ('integer', 'bigint') FROM city.\(view)"
            )
            #expect(ids == [["t"]], "\(view)")
        }
    }

    @Test(arguments: [("flows", "f"), ("journeys", "j"), ("travel_times", "r"), ("road_flows", "r")])
    func `a condition on the bucket is asked of the stored rows`(view: String, table: String) throws {
        let plan = try database.query(
            "EXPLAIN VERBOSE SELECT * FROM city.\(view) WHERE bucket BETWEEN '2026-03-02' AND '2026-03-02 12:00'")
        let text = plan.map { $0[0] ?? "" }.joined(separator: "\n")
        #expect(text.contains("(\(table).bucket >= "), "\(text)")
    }

    /// The statements that a reader must not get through, with the SQLSTATE that refuses them.
    static let refused: [(sql: String, state: String)] =
        [
            "sighting", "crop", "leg", "journey", "audit", "camera", "settings", "report_flow", "report_pair",
            "camera_path",
        ]
        .map { ("SELECT * FROM public.\($0)", "42501") } + [
            ("SELECT * FROM movement.trace('{}', '{}', 'theft', '2026/117', '2026-03-02', '2026-03-03')", "42501"),
            ("SELECT * FROM movement.flows(NULL, '2026-03-02', '2026-03-03', '1 hour')", "42501"),
            ("SELECT make_report('0')", "42501"),
            ("SELECT set_min_vehicles(1)", "42501"),
            ("SELECT audit_append('a', 'b', 'c', 'done', NULL, NULL, NULL, '{}')", "42501"),
            ("CREATE TABLE city.mine (a integer)", "42501"),
            ("CREATE TABLE public.mine (a integer)", "42501"),
            ("CREATE VIEW city.mine AS SELECT 1", "42501"),
            ("DROP VIEW city.flows", "42501"),
            ("DELETE FROM city.roads", "42501"),
            ("UPDATE city.roads SET kmh = 200", "42501"),
            ("INSERT INTO city.journeys (bucket) VALUES (now())", "42501"),
        ]

    @Test func `a reader sees every view and gets through nothing else`() throws {
        let connection = try Connection(database.address, application: "test")
        try connection.execute("SET ROLE gantry_reader")
        for view in ["cameras", "roads", "flows", "travel_times", "journeys", "capture_rates", "road_flows"] {
            #expect(try !connection.query("SELECT * FROM city.\(view)").values.isEmpty, "\(view)")
        }
        for (sql, state) in Self.refused {
            #expect("\(sql)") {
                try connection.query(sql)
            } throws: {
                ($0 as? DatabaseError)?.sqlState == state
            }
        }
        let callable = try database.query(
            """
            SELECT p.oid::regprocedure FROM pg_proc p
            WHERE (p.pronamespace = 'movement'::regnamespace OR p.pronamespace = 'public'::regnamespace AND p.prosecdef)
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
                AND has_function_privilege('gantry_reader', p.oid, 'EXECUTE')
            """)
        #expect(callable.isEmpty, "\(callable)")
        let readable = try database.query(
            """
            SELECT c.oid::regclass FROM pg_class c
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relnamespace::regnamespace::text IN ('public', 'movement', 'city')
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
                AND has_table_privilege('gantry_reader', c.oid, 'SELECT, INSERT, UPDATE, DELETE') ORDER BY c.relname
            """)
        #expect(
            readable.map { $0[0] } == [
                "city.cameras", "city.capture_rates", "city.flows", "city.journeys", "city.road_flows", "city.roads",
                "city.travel_times",
            ])
    }
}

/// Goal: the role is made once a cluster, whoever migrates first, and its lack stops nobody.
/// Method: a server of its own, from which the role is taken away.
@Suite(.serialized) struct ReaderRoleTests {
    private func server() throws -> Postgres { try .toBreak("reader-role") }
    private let migrator: Migrator

    init() throws { migrator = try Migrator(folder: "\(Postgres.root)/schemas/sql") }

    private func drop(_ server: Postgres, _ databases: [String]) throws {
        for database in databases {
            try Connection(database, application: "test").execute("DROP OWNED BY gantry_reader")
        }
        let any = try Connection(server.makeDatabase(), application: "test")
        try any.execute("DROP ROLE gantry_reader")
    }

    @Test func `databases that are migrated at once in one cluster share the role`() async throws {
        let server = try server()
        let databases = try (0..<4).map { _ in try server.makeDatabase() }
        let migrator = migrator
        let ready = try await withThrowingTaskGroup(of: Bool.self) { group in
            for database in databases { group.addTask { try migrator.migrate(database).readerReady } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ready == [true, true, true, true])
        try drop(server, databases)
    }

    @Test func `a role that may not create roles migrates all the same, and is told`() throws {
        let server = try server()
        let address = try server.makeDatabase()
        let admin = try Connection(address, application: "test")
        try admin.execute("CREATE EXTENSION postgis; CREATE EXTENSION dblink; CREATE EXTENSION pgrouting")
        try admin.execute("DROP ROLE IF EXISTS gantry_plain; CREATE ROLE gantry_plain LOGIN")
        try admin.execute("GRANT CREATE ON SCHEMA public TO gantry_plain")
        let name = try admin.query("SELECT current_database()").values[0][0]!
        try admin.execute("GRANT CREATE ON DATABASE \(name) TO gantry_plain")
        let plain = address + (address.contains("?") ? "&" : "?") + "user=gantry_plain"
        // Anyone could speak over the audit log's connection while dblink is everybody's, and only its owner can change that.
        #expect {
            try migrator.migrate(plain)
        } throws: { error in
            guard case .failed(_, let cause) = error as? MigrationError else { return false }
            return cause.sqlState == "GN407"
        }
        try admin.execute(
            """
            DO $$ DECLARE f regprocedure; BEGIN
              FOR f IN SELECT objid::regprocedure FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_proc'::regclass
                       AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'dblink') LOOP
                EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f); EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO gantry_plain', f);
              END LOOP; END $$
            """)
        let report = try migrator.migrate(plain)
        #expect(report.after == Migrator.version && !report.readerReady)
        #expect(report.toGrant.contains { $0.contains("REVOKE TEMPORARY ON DATABASE \(name) FROM PUBLIC;") })
        // What the messages say to do. Roles come first, then who is a member of which.
        for _ in 0..<2 { for statement in try migrator.migrate(plain).toGrant { try admin.execute(statement) } }
        #expect(try migrator.migrate(plain).toGrant == [])
        try admin.execute("CREATE ROLE gantry_reader NOLOGIN; GRANT USAGE ON SCHEMA city TO gantry_reader")
        try admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA city TO gantry_reader")
        #expect(try migrator.migrate(plain).readerReady)
        try admin.execute("SET ROLE gantry_reader")
        #expect(try admin.query("SELECT count(*) FROM city.flows").values == [["0"]])
        try admin.execute("RESET ROLE")
        try drop(server, [address])
    }
}
