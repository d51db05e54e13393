import Fixtures
import Foundation
import GantryTesting
import Synchronization
import Testing
import Traffic

@testable import PostGIS

/// Goal: from all that an analyst may ask, nothing can be worked out about fewer than k vehicles.
/// Method: an invented day with k = 10, and the attacks: differences of periods, areas and limits, averages over many
/// answers, hunting for a threshold, drawing zones around a camera. Each attack is also made on the counts that are not
/// published, where it must succeed.
@Suite struct PublicationTests {
    static let seed: UInt64 = 20_260_302
    /// The day's database, made once; each test has a copy.
    private static let prepared = Mutex<(address: String, truth: [Int])?>(nil)
    let address: String
    /// Passages of canal-bridge by its stretches of five minutes, from midnight; every third one of few vehicles.
    let truth: [Int]

    init() throws {
        let day = try Self.prepared.withLock { prepared in
            if let prepared { return prepared }
            let made = try Self.prepare()
            prepared = made
            return made
        }
        truth = day.truth
        address = try Postgres.shared().makeDatabase(template: day.address)
    }

    /// station-south sees three vehicles in all, ring-north thirty an hour, of which twelve go on to canal-bridge.
    private static func prepare() throws -> (address: String, truth: [Int]) {
        let database = try TestDatabase()
        var generator = SeededGenerator(seed: Self.seed)
        var passages: [Passage] = []
        var counts: [Int] = []
        let midnight = City.moment("2026-03-02T00:00:00Z")
        for slot in 0..<288 {
            let count = Int.random(in: slot % 3 == 1 ? 1...8 : 10...20, using: &generator)
            counts.append(count)
            for n in 0..<count {
                passages.append(
                    City.passage(
                        "canal-bridge", at: midnight + .seconds(300 * slot + 7 * n), plate: "C\(slot)X\(n)",
                        ordinal: n))
            }
        }
        for hour in 0..<24 {
            for n in 0..<30 {
                let left = midnight + .seconds(3600 * hour + 100 * n)
                passages.append(City.passage("ring-north", at: left, plate: "R\(hour)X\(n)"))
                if n < 12 {
                    passages.append(
                        City.passage("canal-bridge", at: left + .seconds(47 + n), plate: "R\(hour)X\(n)", ordinal: 99))
                    counts[(3600 * hour + 100 * n + 47 + n) / 300] += 1
                }
            }
        }
        for n in 0..<3 {
            passages.append(
                City.passage("station-south", at: midnight + .seconds(30_000 + 60 * n), plate: "S\(n)X"))
        }
        _ = try database.sink().write(passages)
        try LegKeeper(database: database.address).finish()
        return (database.address, counts)
    }

    func rows(_ sql: String) throws -> [[String?]] {
        try Connection(address, application: "test").query(sql).values
    }
    func numbers(_ sql: String) throws -> [Int?] { try rows(sql).map { $0[0].flatMap { Int($0) } } }
    static let day = "'2026-03-02', '2026-03-03'"
    static let square =
        "movement.area('{\"type\": \"Polygon\", \"coordinates\": [[[4,50],[5,50],[5,51],[4,51],[4,50]]]}')"

    /// The codes that PostgreSQL gives to a call, nil where it answers.
    func state(_ call: String) -> String? {
        do {
            _ = try rows("SELECT count(*) FROM \(call)")
            return nil
        } catch { return (error as? DatabaseError)?.sqlState ?? "\(error)" }
    }

    @Test(arguments: [
        "flows(NULL, $P, '1 hour')", "travel_times('ring-north', 'canal-bridge', $P, '1 hour')", "passing($A, $P)",
        "\"both\"('ring-north', 'canal-bridge', $P, '1 hour')", "journeys($P, '1 hour')", "dwell($P)",
        "routes('ring-north', 'canal-bridge', $P)", "speeds('ring-north', 'canal-bridge', $P, '1 hour')",
        "spot_speeds(NULL, $P, '1 hour')", "courses(NULL, $P)", "all_travel_times($P, 10)", "anomalies($P)",
        "leg_paths($P, 10)", "road_flows($P, '1 hour')", "clock_offsets($P)",
    ])
    func `no period ends between two buckets`(question: String) throws {
        func asked(_ schema: String, _ period: String) -> String? {
            state(
                "\(schema).\(question)".replacingOccurrences(of: "$P", with: period)
                    .replacingOccurrences(of: "$A", with: Self.square))
        }
        #expect(asked("movement", Self.day) == nil)
        #expect(asked("movement", "'2026-03-02 07:00', '2026-03-02 08:00'") == nil)
        for period in [
            "'2026-03-02', '2026-03-02 23:59:59'", "'2026-03-02 00:00:01', '2026-03-03'",
            "'2026-03-02 07:00', '2026-03-02 08:00:01'", "'2026-03-02 07:00', '2026-03-02 07:07'",
            "'2026-03-02 07:03', '2026-03-02 08:03'",
        ] {
            #expect(asked("movement", period) == "GN400", "\(period)")
            #expect(asked("exact", period) == nil, "\(period)")
        }
        // Without vehicles to protect every second may be asked about.
        try AuditLog(database: address).setMinimumVehicles(9)
        #expect(asked("movement", "'2026-03-02 07:03', '2026-03-02 08:03:01'") == nil)
    }

    @Test func `buckets and limits lie on the grid`() throws {
        for (call, wanted) in [
            ("flows(NULL, \(Self.day), '7 minutes')", "GN400"), ("flows(NULL, \(Self.day), '1 minute')", "GN400"),
            ("flows(NULL, \(Self.day), '45 minutes')", "GN400"), ("flows(NULL, \(Self.day), '5 minutes')", nil),
            ("flows(NULL, \(Self.day), '1 day')", nil),
            ("\"both\"('ring-north', 'canal-bridge', \(Self.day), '61 seconds')", "GN400"),
            ("\"both\"('ring-north', 'canal-bridge', \(Self.day), '65 minutes')", nil),
            ("travel_times('ring-north', 'canal-bridge', \(Self.day), '1 hour', 'UTC', '48 seconds')", "GN400"),
            ("routes('ring-north', 'canal-bridge', \(Self.day), '48 seconds')", "GN400"),
            ("anomalies(\(Self.day), 201)", "GN400"), ("anomalies(\(Self.day), 250)", nil),
        ] {
            #expect(state("movement.\(call)") == wanted, "\(call)")
        }
        let questions = try Questions(database: address, zone: "Europe/Brussels")
        let answer = try questions.courses(camera: nil, in: questions.period(day: "2026-03-02"))
        #expect(!answer.isEmpty, "a day is the asker's, not the server's")
        #expect(
            throws: QueryError.badQuestion(
                "stretches of 00:07:30 would tell single vehicles apart: Ask for a day, an hour, 30 minutes, 15 minutes, 5 minutes"
            )
        ) {
            _ = try questions.flows(camera: nil, in: questions.period(day: "2026-03-02"), every: .seconds(450))
        }
    }

    @Test func `a withheld bucket is not what remains of the one around it`() throws {
        /// Counts by the bucket's place in the day.
        func counts(_ schema: String, _ minutes: Int) throws -> [Int: Int] {
            let found = try rows(
                """
                SELECT extract(epoch FROM bucket - '2026-03-02')::integer / 60, passages
                FROM \(schema).flows('canal-bridge', \(Self.day), '\(minutes) minutes') WHERE passages IS NOT NULL
                """)
            return Dictionary(uniqueKeysWithValues: found.map { (Int($0[0]!)! / minutes, Int($0[1]!)!) })
        }
        /// For each withheld five minutes beside two published ones: how far off the difference is.
        func errors(_ schema: String) throws -> [Int] {
            let five = try counts(schema, 5), quarter = try counts(schema, 15)
            // In an epoch's first four hours a bucket needs 20.
            return (48..<truth.count).compactMap { slot in
                let others = (0..<3).map { slot / 3 * 3 + $0 }.filter { $0 != slot }
                guard truth[slot] > 0, five[slot] == nil, let around = quarter[slot / 3],
                    let a = five[others[0]], let b = five[others[1]]
                else { return nil }
                return around - a - b - truth[slot]
            }
        }
        let counted = try errors("exact"), published = try errors("movement")
        #expect(counted.count > 40 && counted.allSatisfy { $0 == 0 }, "the attack works where nothing is rounded")
        #expect(published.count == counted.count)
        // Multiples of five are right by chance alone: for one truth in nine.
        let right = published.count { $0 == 0 }
        #expect(right * 5 < published.count, "\(right) of \(published.count)")
        let spread = published.map { Double($0 * $0) }.reduce(0, +) / Double(published.count)
        #expect(spread.squareRoot() > 2.5, "\(spread.squareRoot())")
    }

    @Test func `the same vehicles have the same number in whatever way they are asked for`() throws {
        // Nobody passes ring-north between 07:50 and 08:00, nor at night's other cameras; so these hold the same vehicles.
        let twelve = "'ring-north', 'canal-bridge'"
        let answers = Set(
            try (0..<5).flatMap { _ in
                try numbers("SELECT trips FROM movement.\"both\"(\(twelve), \(Self.day), '5 minutes')")
                    + numbers("SELECT trips FROM movement.\"both\"(\(twelve), \(Self.day), '30 minutes')")
                    + numbers("SELECT trips FROM movement.\"both\"(\(twelve), \(Self.day), '2 hours')")
                    + numbers("SELECT trips FROM movement.\"both\"(\(twelve), '2026-03-01', '2026-03-03', '1 hour')")
                    + numbers("SELECT trips FROM movement.\"both\"(\(twelve), '2026-03-02', '2026-03-09', '1 hour')")
            })
        #expect(answers.count == 1)
        #expect(try numbers("SELECT trips FROM exact.\"both\"(\(twelve), \(Self.day), '1 hour')") == [288])
        #expect(answers.first == 285 || answers.first == 290)
        // Every count is such a number.
        for call in [
            "passages FROM movement.flows(NULL, \(Self.day), '1 hour')",
            "vehicles FROM movement.flows(NULL, \(Self.day), '1 hour')",
            "read FROM movement.flows(NULL, \(Self.day), '1 hour')",
            "journeys FROM movement.journeys(\(Self.day), '1 hour')",
            "single FROM movement.journeys(\(Self.day), '1 hour')",
            "trips FROM movement.travel_times(\(twelve), \(Self.day), '1 hour')",
            "passages FROM movement.dwell(\(Self.day))", "passages FROM movement.courses(NULL, \(Self.day))",
            "passages FROM movement.passing(\(Self.square), \(Self.day))",
            "trips FROM movement.routes(\(twelve), \(Self.day))",
            "vehicles FROM movement.all_travel_times(\(Self.day), 10)",
            "legs FROM movement.leg_paths(\(Self.day), 10)",
        ] {
            let found = try numbers("SELECT \(call)").compactMap(\.self)
            #expect(!found.isEmpty && found.allSatisfy { $0 % 5 == 0 }, "\(call): \(found)")
        }
        let seconds = try rows(
            "SELECT median_seconds FROM movement.travel_times(\(twelve), \(Self.day), '1 hour')"
        ).compactMap { $0[0].flatMap(Double.init) }
        #expect(!seconds.isEmpty && seconds.allSatisfy { $0 == $0.rounded() })
    }

    @Test func `an area with a camera and without it tell nothing of what it saw`() throws {
        // station-south stands at 50.8358, south of the others: three vehicles passed it.
        func total(_ schema: String, south: Double) throws -> [String?] {
            let area =
                "movement.area('{\"type\": \"Polygon\", \"coordinates\": [[[4,\(south)],[5,\(south)],[5,51],[4,51],[4,\(south)]]]}')"
            return try rows(
                "SELECT passages, vehicles FROM \(schema).passing(\(area), \(Self.day)) WHERE camera IS NULL")[0]
        }
        #expect(try total("movement", south: 50.8) == total("movement", south: 50.85))
        // Nor where numbers are not rounded, so that no average over many areas does.
        #expect(try total("exact", south: 50.8) == total("exact", south: 50.85))
    }

    @Test func `a threshold does not tell the number that it cuts at`() throws {
        /// The highest limit that the pair still passes.
        func highest(_ schema: String) throws -> Int {
            var low = 10, high = 600
            while low < high {
                let middle = (low + high + 1) / 2
                let found = try rows(
                    "SELECT 1 FROM \(schema).all_travel_times(\(Self.day), \(middle)) WHERE from_camera = 'ring-north'")
                if found.isEmpty { high = middle - 1 } else { low = middle }
            }
            return low
        }
        #expect(try highest("exact") == 288)
        let published = try numbers(
            "SELECT vehicles FROM movement.all_travel_times(\(Self.day), 10) WHERE from_camera = 'ring-north'")
        #expect(try [highest("movement")] == published)
    }

    @Test func `zones of one's own are counted, and no rollback takes them back`() throws {
        func zones(_ n: Int) -> String {
            """
            {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "z\(n)"}, "geometry":
             {"type": "Polygon", "coordinates": [[[4,50],[5,50],[5,51],[4,51],[4,50]]]}}]}
            """
        }
        func ask(_ n: Int) throws {
            let connection = try Connection(address, application: "test")
            try connection.execute("BEGIN")
            try connection.query(
                "SELECT count(*) FROM movement.od_matrix($1, \(Self.day), '1 hour')", [zones(n)])
            try connection.execute("ROLLBACK")
        }
        for n in 0..<20 { try ask(n) }
        #expect {
            try ask(20)
        } throws: { ($0 as? DatabaseError)?.sqlState == "GN429" }
        try ask(3)
        let entries = try rows("SELECT outcome, count(*) FROM audit WHERE action = 'own-zones' GROUP BY 1 ORDER BY 1")
        #expect(entries == [["granted", "20"], ["refused", "1"]])
    }

    @Test func `noise has a budget for each day of data, which no rollback gives back`() throws {
        _ = try rows("SELECT set_publication('5 minutes', 1, 0.5, 6)")
        func flows(_ every: String, _ camera: String = "'canal-bridge'") throws -> [Int?] {
            let connection = try Connection(address, application: "test")
            try connection.execute("BEGIN")
            let found = try connection.query(
                "SELECT passages FROM movement.flows(\(camera), \(Self.day), '\(every)')")
            try connection.execute("ROLLBACK")
            return found.values.map { $0[0].flatMap { Int($0) } }
        }
        // Three counts a row: 1.5 of the budget each.
        let hours = try flows("1 hour")
        let counted = try numbers("SELECT passages FROM exact.flows('canal-bridge', \(Self.day), '1 hour')")
        #expect(hours.count == 24 && zip(hours, counted).count { $0 != $1 } > 6)
        #expect(zip(hours, counted).allSatisfy { abs(($0 ?? 0) - ($1 ?? 0)) < 40 })
        #expect(try flows("1 hour") == hours, "asked again it is the same noise, and costs nothing")
        _ = try flows("15 minutes")
        _ = try flows("30 minutes")
        _ = try flows("1 day")
        #expect {
            _ = try flows("1 hour", "'ring-north'")
        } throws: { ($0 as? DatabaseError)?.sqlState == "GN429" }
        #expect(try flows("1 hour") == hours)
        #expect(
            try rows("SELECT outcome, count(*) FROM audit WHERE action = 'noise' GROUP BY 1 ORDER BY 1") == [
                ["granted", "4"], ["refused", "1"],
            ])
        let other = try numbers("SELECT passages FROM movement.flows(NULL, '2026-03-03', '2026-03-04', '1 hour')")
        #expect(other.isEmpty, "another day has a budget of its own")
        #expect(throws: DatabaseError.self, "the reports of schema city would not find a budget") {
            _ = try rows("SELECT set_publication('5 minutes', 5, 1, 7)")
        }
    }

    @Test func `rounding is right on the average, and noise is geometric`() throws {
        let found = try rows(
            """
            SELECT avg(exact.rounded(52, 5, n)), min(exact.rounded(52, 5, n)), max(exact.rounded(52, 5, n)),
                avg(exact.rounded(50, 5, n)), avg(exact.noise(n, 0.5)), var_pop(exact.noise(n, 0.5)),
                avg((exact.noise(n, 0.5) = 0)::integer)
            FROM generate_series(1, 100000) AS n
            """)[0].map { Double($0!)! }
        // The standard error of the first is 0.008. P(0) = (1 - a) / (1 + a) and the variance 2 a / (1 - a)^2, a = exp(-1/2).
        let a = exp(-0.5)
        #expect(abs(found[0] - 52) < 0.05 && found[1] == 50 && found[2] == 55 && found[3] == 50)
        #expect(abs(found[4]) < 0.05)
        #expect(abs(found[5] / (2 * a / pow(1 - a, 2)) - 1) < 0.05)
        #expect(abs(found[6] - (1 - a) / (1 + a)) < 0.01)
    }

    /// Goal: ten tokens of two epochs are not ten vehicles.
    @Test(arguments: [(vehicles: 8, shown: false), (vehicles: 12, shown: true)])
    func `k is of vehicles, though each has another token every day`(vehicles: Int, shown: Bool) throws {
        let database = try TestDatabase()
        _ = try database.sink().write(
            ["2026-03-02T23:30:00Z", "2026-03-03T12:00:00Z"].flatMap { time in
                (0..<vehicles).map { n in
                    City.passage("station-south", at: City.moment(time) + .seconds(60 * n), plate: "S\(n)X", ordinal: n)
                }
            })
        try LegKeeper(database: database.address).finish()
        let questions = try Questions(database: database.address, zone: "Europe/Brussels")
        let day = try questions.period(day: "2026-03-03")
        let counted = try database.query(
            "SELECT vehicles FROM exact.flows(NULL, $1, $2, '1 day', 'Europe/Brussels')",
            [day.start.rfc3339, day.end.rfc3339])
        #expect(counted.map { Int($0[0]!)! } == [2 * vehicles], "every vehicle is counted twice")
        #expect(
            try questions.flows(camera: nil, in: day, every: .seconds(86_400)).map { $0.vehicles != nil } == [shown])
        #expect(try questions.dwell(in: day, most: 10).isEmpty != shown)
        // Within one epoch and away from its first hours a token is a vehicle.
        let noon = try questions.period(day: "2026-03-03", between: ("13:00", "14:00"))
        #expect(
            try questions.flows(camera: nil, in: noon, every: .seconds(3600)).map { $0.vehicles != nil }
                == [vehicles >= 10])
    }

    @Test func `the views of BI tools show what is published`() throws {
        while try rows("SELECT make_report('0 seconds')") != [[nil]] {}
        _ = try rows(
            """
            INSERT INTO capture (camera_id, day, passages, read_share, captured, standard_error, witnesses)
            SELECT id, '2026-03-02', 50 + id, 0.9012, 0.9123, 0.01, 20 + id FROM camera
            """)
        for (view, function) in [
            (
                "camera, bucket, passages, vehicles, read FROM city.flows",
                "camera, bucket, passages, vehicles, read FROM movement.flows(NULL, \(Self.day), '1 hour')"
            ),
            (
                "bucket, journeys, vehicles, single FROM city.journeys",
                "bucket, journeys, vehicles, single FROM movement.journeys(\(Self.day), '1 hour')"
            ),
            (
                "camera, passages, read_share, captured FROM city.capture_rates",
                "camera, passages, read_share, captured FROM movement.capture_rates(NULL, \(Self.day))"
            ),
        ] {
            let seen = try rows("SELECT \(view) ORDER BY 1, 2"), asked = try rows("SELECT \(function) ORDER BY 1, 2")
            #expect(!seen.isEmpty && seen == asked, "\(view)")
        }
        _ = try rows("SELECT set_publication('5 minutes', 10, NULL, 10)")
        #expect(try rows("SELECT 1 FROM city.flows").isEmpty, "reports are made anew")
    }

    @Test func `settings of publication change on the record`() throws {
        _ = try rows("SELECT set_publication('15 minutes', 10, NULL, 10)")
        _ = try rows("SELECT set_publication('15 minutes', 10, NULL, 10)")
        #expect(try numbers("SELECT count(*) FROM audit WHERE action = 'set-publication' AND outcome = 'done'") == [1])
        #expect(state("movement.flows(NULL, \(Self.day), '5 minutes')") == "GN400")
        let found = try numbers("SELECT passages FROM movement.flows(NULL, \(Self.day), '1 hour')").compactMap(\.self)
        #expect(!found.isEmpty && found.allSatisfy { $0 % 10 == 0 })
        #expect(try rows("SELECT min_vehicles, round_to FROM movement.publication()") == [["10", "10"]])
    }
}
