import ArgumentParser
import Foundation
import PostGIS
import StageRunner
import Traffic

/// `gantry bench queries`: how long questions about movement take.
struct BenchQueriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries",
        abstract: "Warm medians of the movement questions on a database as it is, beside plain SQL over the sightings.",
        discussion: """
            Asks about the middle day of what there is (trace and travel times: about all days), a pair of neighbouring \
            cameras that is busier than nine in ten, a vehicle that was seen often, the middle of the city, and a grid of 50 zones. Each \
            question is asked once to warm up and then several times; the plain query answers the same from table \
            sighting alone, once. trace goes on the audit record, as any look does: for purpose "benchmark", by the login \
            gantry_bench, which are both made where they are missing and kept. Its line of overhead compares it with the select inside \
            it alone; a commit is the least that a look's entry costs on this disk.

            Fill a database first: `gantry simulate city`, then `gantry backfill`.

            Examples:
              gantry bench queries
              gantry bench queries --no-plain --rounds 9 --format json
            """)

    @Option(help: "libpq address of the database (default: GANTRY_DATABASE, or the cluster in .gantry).")
    var database: String?
    @Option(help: "Rounds, 1 to 100.")
    var rounds = 5
    @Flag(inversion: .prefixedNo, help: "Also the plain queries, some of which take long.")
    var plain = true
    @Option(help: "text or json.")
    var format: BenchPlatesCommand.Format = .text

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds); give 1 to 100") }
    }

    func run() async throws {
        let address =
            try database ?? ProcessInfo.processInfo.environment["GANTRY_DATABASE"]
            ?? LocalCluster.address(folder: GantryHome.find().postgres.path)
        let connection = try Connection(address, application: "gantry-bench")
        guard let subject = try QueryBenchSubject(connection) else {
            throw ValidationError(
                "the database has no legs to ask about. Fill it first: gantry simulate city, gantry backfill")
        }
        var report = QueryBenchReport(rows: subject.rows, cameras: subject.cameras, day: subject.day, rounds: rounds)
        try QueryBenchSubject.permit(connection)
        let looker = try Connection(
            address + (address.contains("://") ? address.contains("?") ? "&" : "?" : " ") + "user=gantry_bench",
            application: "gantry-bench")
        for question in subject.questions {
            let warm = try Self.once(question.sql, looker)
            let times = try (0..<rounds).map { _ in try Self.once(question.sql, looker).seconds }.sorted()
            report.questions.append(
                .init(
                    name: question.name, answers: warm.rows, medianMilliseconds: 1000 * times[times.count / 2],
                    aimMilliseconds: question.aim,
                    plainMilliseconds: plain ? 1000 * (try Self.once(question.plain, connection).seconds) : nil))
            if format == .text { print(report.line(report.questions.count - 1)) }
        }
        report.look = try look(subject, connection, looker)
        if format == .json {
            print(try report.json())
        } else {
            print(report.look.map { "\n\($0.line)\n" } ?? "", terminator: "")
            print(report.ending)
        }
    }

    private static func once(_ sql: String, _ connection: borrowing Connection) throws -> (seconds: Double, rows: Int) {
        let clock = ContinuousClock()
        let start = clock.now
        let count = try connection.query(sql).values.count
        return ((clock.now - start).inSeconds, count)
    }

    /// What authority and record add to a trace, asked by turns with the select inside it.
    private func look(
        _ subject: QueryBenchSubject, _ connection: borrowing Connection, _ looker: borrowing Connection
    ) throws -> QueryBenchReport.Look {
        try connection.execute("PREPARE bare (bytea[], timestamptz, timestamptz) AS \(QueryBenchSubject.bareTrace)")
        var times: [[Double]] = [[], [], []]
        // Prepared statements, here and in the function, settle on a plan after five rounds.
        for round in -6..<max(rounds, 20) {
            for (nth, sql) in ["EXECUTE bare(\(subject.traced))", subject.questions[0].sql].enumerated() {
                let seconds = nth == 0 ? try Self.once(sql, connection).seconds : try Self.once(sql, looker).seconds
                if round >= 0 { times[nth].append(seconds) }
            }
            let commit = try Self.once("SELECT pg_logical_emit_message(true, 'gantry', 'bench')", connection).seconds
            if round >= 0 { times[2].append(commit) }
        }
        // Lower quartiles: each is a few milliseconds, of which others' use of the machine takes more than its share.
        let quartiles = times.map { 1000 * $0.sorted()[$0.count / 4] }
        return .init(
            bareMilliseconds: quartiles[0], traceMilliseconds: quartiles[1], commitMilliseconds: quartiles[2],
            overheadShare: (quartiles[1] - quartiles[0]) / quartiles[1])
    }
}

/// What a database is asked about, from what it holds.
struct QueryBenchSubject {
    struct Question {
        var name, sql, plain: String
        /// Milliseconds that it should stay below with 20 million sightings.
        var aim: Double
    }

    let rows, cameras: Int
    let day: String
    let questions: [Question]
    /// The arguments of ``bareTrace``.
    let traced: String

    /// The select of `movement.trace` alone: tokens, from, to.
    static let bareTrace = """
        SELECT s.seen_at, s.last_seen, s.name, ST_X(s.position), ST_Y(s.position), s.vehicle, s.direction, s.confidence, s.accepted,
            coalesce(s.token = ANY ($1), false), s.passage_id, p.metres, p.path
        FROM (SELECT s.*, c.name, p.position, p.last, lag(s.camera_id) OVER one AS camera_before, lag(s.seen_at) OVER one AS seen_before,
                lag(p.last) OVER one AS last_before
              FROM sighting s JOIN camera c ON c.id = s.camera_id, LATERAL (
                SELECT p.position, NOT EXISTS (SELECT FROM camera_place n WHERE n.camera_id = p.camera_id AND n.valid_from > p.valid_from) AS last
                FROM camera_place p WHERE p.camera_id = s.camera_id AND p.valid_from <= s.seen_at ORDER BY p.valid_from DESC LIMIT 1) AS p
              WHERE (s.token = ANY ($1) OR s.look_alike = ANY ('{}'::bytea[])) AND s.seen_at >= $2 AND s.seen_at < $3
              WINDOW one AS (ORDER BY s.seen_at, c.name) ORDER BY s.seen_at, c.name LIMIT 10000) AS s
        LEFT JOIN camera_path p ON p.from_camera = s.camera_before AND p.to_camera = s.camera_id AND s.last AND s.last_before
            AND s.seen_at - s.seen_before <= (SELECT journey_gap FROM settings)
        ORDER BY s.seen_at, s.name
        """

    /// Makes the login and the purpose that the trace is asked with.
    static func permit(_ connection: borrowing Connection) throws {
        try connection.execute(
            """
            DO $$ BEGIN
                IF to_regrole('gantry_bench') IS NULL THEN CREATE ROLE gantry_bench LOGIN IN ROLE gantry_investigator; END IF;
                IF NOT EXISTS (SELECT FROM purpose WHERE name = 'benchmark') THEN
                    PERFORM import_purposes((SELECT coalesce(jsonb_agg(to_jsonb(p)), '[]') FROM purpose p) || jsonb_build_object(
                        'name', 'benchmark', 'legal_basis', 'measurement of this database', 'alone', '100 years', 'approved', '100 years',
                        'audience', 'gantry_bench', 'user_looks', 10000, 'case_looks', 10000, 'user_tokens', 10000, 'case_tokens', 10000));
                END IF;
            END $$
            """)
    }

    /// Nil for a database without legs.
    init?(_ connection: borrowing Connection) throws {
        func ask(_ sql: String) throws -> [String?] { try connection.query(sql).values.first ?? [] }
        let extent = try ask(
            """
            SELECT period_start, period_end, period_start + (period_end - period_start) / 2 - interval '12 hours',
                (SELECT sum(greatest(c.reltuples, 0))::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'sighting'::regclass), (SELECT count(*) FROM camera)
            FROM movement.extent()
            """)
        guard extent.count == 5, let start = extent[0], let end = extent[1] else { return nil }
        let dayText = try ask("SELECT (date_trunc('day', '\(extent[2]!)'::timestamptz AT TIME ZONE 'UTC'))::date")[0]!
        let (from, to) = (
            "'\(dayText)T00:00:00Z'::timestamptz", "'\(dayText)T00:00:00Z'::timestamptz + interval '1 day'"
        )
        let all = "'\(start)'::timestamptz, '\(end)'::timestamptz"
        let pair = try ask(
            """
            WITH pair AS (SELECT from_camera, to_camera, count(*) AS n FROM leg WHERE departed >= \(from) AND departed < \(to) GROUP BY 1, 2),
            typical AS (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY n) AS n FROM pair)
            SELECT a.name, b.name, a.id, b.id FROM (SELECT * FROM pair WHERE n >= (SELECT n FROM typical) ORDER BY n, 1, 2 LIMIT 1) AS l
            JOIN camera a ON a.id = l.from_camera JOIN camera b ON b.id = l.to_camera
            """)
        guard pair.count == 4, let first = pair[0], let second = pair[1], let a = pair[2], let b = pair[3] else {
            return nil
        }
        let token =
            try ask(
                """
                SELECT token FROM sighting WHERE accepted AND seen_at >= \(from) + interval '8 hours'
                    AND seen_at < \(from) + interval '9 hours' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
                """
            ).first.flatMap { $0 } ?? "\\x00"
        let shapes = try ask(
            """
            WITH city AS (SELECT ST_Extent(position) AS box FROM camera),
            side AS (SELECT ST_XMin(box) AS x, ST_YMin(box) AS y, ST_XMax(box) - ST_XMin(box) AS w, ST_YMax(box) - ST_YMin(box) AS h FROM city)
            SELECT ST_AsGeoJSON(ST_MakeEnvelope(x + 0.4 * w, y + 0.4 * h, x + 0.6 * w, y + 0.6 * h, 4326)),
                (SELECT jsonb_build_object('type', 'FeatureCollection', 'features', jsonb_agg(jsonb_build_object('type', 'Feature',
                    'properties', jsonb_build_object('name', i || '/' || j), 'geometry', ST_AsGeoJSON(ST_MakeEnvelope(
                    x + i * w / 10, y + j * h / 5, x + (i + 1) * w / 10, y + (j + 1) * h / 5, 4326))::jsonb)))
                 FROM generate_series(0, 9) AS i, generate_series(0, 4) AS j)
            FROM side
            """)
        guard shapes.count == 2, let area = shapes[0], let zones = shapes[1] else { return nil }
        func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
        let (one, two) = (quoted(first), quoted(second))
        let quarter = "\(from) + interval '8 hours', \(from) + interval '8 hours 15 minutes'"
        let inQuarter = "seen_at >= \(from) + interval '8 hours' AND seen_at < \(from) + interval '8 hours 15 minutes'"
        let inDay = "s.seen_at >= \(from) AND s.seen_at < \(to)"
        rows = Int(extent[3] ?? "") ?? 0
        cameras = Int(extent[4] ?? "") ?? 0
        day = dayText
        traced = "ARRAY['\(token)'::bytea], \(all)"
        questions = [
            Question(
                name: "trace, all days",
                sql: "SELECT * FROM movement.trace(ARRAY['\(token)'::bytea], '{}', 'benchmark', 'benchmark', \(all))",
                plain:
                    "SELECT s.*, c.name FROM sighting s JOIN camera c ON c.id = s.camera_id WHERE encode(s.token, 'hex') = '\(token.dropFirst(2))' ORDER BY s.seen_at",
                aim: 15),
            Question(
                name: "passing, 15 minutes",
                sql: "SELECT * FROM movement.passing(movement.area(\(quoted(area))), \(quarter))",
                plain: """
                    SELECT c.name, count(*), count(DISTINCT s.token) FROM sighting s JOIN camera c ON c.id = s.camera_id
                    WHERE s.\(inQuarter) AND ST_Contains(ST_SetSRID(ST_GeomFromGeoJSON(\(quoted(area))), 4326), c.position) GROUP BY 1
                    """, aim: 40),
            Question(
                name: "A then B, one day",
                sql: "SELECT * FROM movement.both(\(one), \(two), \(from), \(to), '30 minutes')",
                plain: """
                    SELECT count(*), count(DISTINCT a.token) FROM sighting a JOIN sighting b ON b.token = a.token
                    WHERE a.camera_id = \(a) AND b.camera_id = \(b) AND a.seen_at >= \(from) AND a.seen_at < \(to)
                        AND b.seen_at > a.seen_at AND b.seen_at <= a.seen_at + interval '30 minutes'
                    """, aim: 10),
            Question(
                name: "travel times, all days",
                sql: "SELECT * FROM movement.travel_times(\(one), \(two), \(all), '1 hour')",
                plain: """
                    SELECT date_trunc('hour', departed), percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FROM (
                        SELECT a.seen_at AS departed, min(b.seen_at) - a.seen_at AS took FROM sighting a JOIN sighting b ON b.token = a.token
                        WHERE a.camera_id = \(a) AND b.camera_id = \(b) AND b.seen_at > a.seen_at AND b.seen_at <= a.seen_at + interval '2 hours'
                        GROUP BY a.token, a.seen_at) AS trip GROUP BY 1
                    """, aim: 100),
            Question(
                name: "OD of 50 zones by hour",
                sql: "SELECT * FROM movement.od_matrix(\(quoted(zones)), \(from), \(to), '1 hour')",
                plain: """
                    WITH seen AS (SELECT s.token, s.seen_at, s.camera_id, lag(s.seen_at) OVER (PARTITION BY s.token ORDER BY s.seen_at) AS before
                        FROM sighting s WHERE s.accepted AND \(inDay)),
                    numbered AS (SELECT *, count(*) FILTER (WHERE before IS NULL OR seen_at - before > interval '30 minutes')
                        OVER (PARTITION BY token ORDER BY seen_at) AS journey FROM seen),
                    ends AS (SELECT token, min(seen_at) AS started, (array_agg(camera_id ORDER BY seen_at))[1] AS a,
                        (array_agg(camera_id ORDER BY seen_at DESC))[1] AS b FROM numbered GROUP BY token, journey HAVING count(*) > 1)
                    SELECT x.name, y.name, date_trunc('hour', started), count(*), count(DISTINCT token) FROM ends
                    JOIN camera p ON p.id = a JOIN camera q ON q.id = b JOIN movement.zones(\(quoted(zones))) x ON ST_Covers(x.area, p.position)
                    JOIN movement.zones(\(quoted(zones))) y ON ST_Covers(y.area, q.position) GROUP BY 1, 2, 3
                    """, aim: 500),
            Question(
                name: "all pairs, one day", sql: "SELECT * FROM movement.all_travel_times(\(from), \(to))",
                plain: """
                    WITH step AS (SELECT s.token, s.camera_id AS a, s.seen_at AS departed, lead(s.camera_id) OVER one AS b, lead(s.seen_at) OVER one AS arrived
                        FROM sighting s WHERE s.accepted AND \(inDay) WINDOW one AS (PARTITION BY s.token ORDER BY s.seen_at))
                    SELECT a, b, count(*), count(DISTINCT token), percentile_cont(0.5) WITHIN GROUP (ORDER BY arrived - departed) FROM step
                    WHERE a <> b AND arrived - departed < interval '30 minutes' GROUP BY 1, 2 HAVING count(DISTINCT token) >= 50
                    """, aim: 3000),
            Question(
                name: "dwell, top 100, one hour",
                sql: "SELECT * FROM movement.dwell(\(from) + interval '8 hours', \(from) + interval '9 hours', 100)",
                plain: """
                    SELECT s.camera_id, count(*), count(DISTINCT s.token), percentile_cont(0.5) WITHIN GROUP (ORDER BY s.last_seen - s.seen_at) FROM sighting s
                    WHERE s.seen_at >= \(from) + interval '8 hours' AND s.seen_at < \(from) + interval '9 hours' GROUP BY 1 ORDER BY 4 DESC LIMIT 100
                    """, aim: 300),
            Question(
                name: "dwell, top 100, one day", sql: "SELECT * FROM movement.dwell(\(from), \(to), 100)",
                plain: """
                    SELECT s.camera_id, count(*), count(DISTINCT s.token), percentile_cont(0.5) WITHIN GROUP (ORDER BY s.last_seen - s.seen_at) FROM sighting s
                    WHERE \(inDay) GROUP BY 1 ORDER BY 4 DESC LIMIT 100
                    """, aim: 300),
        ]
    }
}

struct QueryBenchReport: Encodable {
    struct Question: Encodable {
        var name: String
        var answers: Int
        var medianMilliseconds, aimMilliseconds: Double
        var plainMilliseconds: Double?
    }

    var rows, cameras: Int
    var day: String
    var rounds: Int
    var questions: [Question] = []
    var look: Look?

    /// One trace, lower quartiles.
    struct Look: Encodable {
        /// The select alone; with authority and record; a commit of one row alone.
        var bareMilliseconds, traceMilliseconds, commitMilliseconds: Double
        /// Of the trace's time, what is not the select: 0...1.
        var overheadShare: Double

        var line: String {
            String(
                format:
                    "trace: the select alone %.2f ms, with authority and record %.2f ms: overhead %.0f %%; a commit of one row alone %.2f ms",
                bareMilliseconds, traceMilliseconds, 100 * overheadShare, commitMilliseconds)
        }
    }

    init(rows: Int, cameras: Int, day: String, rounds: Int) {
        (self.rows, self.cameras, self.day, self.rounds) = (rows, cameras, day, rounds)
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// The head before the first line.
    func line(_ index: Int) -> String {
        let question = questions[index]
        func cell(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        func number(_ value: Double) -> String { String(format: value < 100 ? "%.1f" : "%.0f", value) }
        let head =
            "about \(rows) sightings of \(cameras) cameras; day \(day); warm medians of \(rounds), milliseconds\n"
            + "question".padding(toLength: 26, withPad: " ", startingAt: 0) + cell("median", 9) + cell("aim", 7)
            + cell("plain SQL", 11) + cell("plain / ours", 14) + cell("rows", 8) + "\n"
        return (index == 0 ? head : "") + question.name.padding(toLength: 26, withPad: " ", startingAt: 0)
            + cell(number(question.medianMilliseconds), 9) + cell(number(question.aimMilliseconds), 7)
            + cell(question.plainMilliseconds.map(number) ?? "-", 11)
            + cell(question.plainMilliseconds.map { number($0 / question.medianMilliseconds) } ?? "-", 14)
            + cell("\(question.answers)", 8)
    }

    var ending: String {
        let late = questions.filter { $0.medianMilliseconds > $0.aimMilliseconds }.map(\.name)
        return late.isEmpty ? "All are within their aims." : "Beyond their aims: " + late.joined(separator: "; ")
    }
}
