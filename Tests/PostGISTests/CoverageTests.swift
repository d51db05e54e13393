import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

extension City {
    /// A stretch of coverage; a second has ten frames.
    static func watched(
        _ camera: CameraID = "ring-north", from: String, seconds: Int = 60, epoch: UInt64 = 1
    ) -> Coverage {
        Coverage(
            camera: camera, epoch: Epoch(epoch), start: moment(from), end: moment(from) + .seconds(seconds),
            frames: max(1, seconds * 10))
    }

    /// Minute by minute, without a hole.
    static func watched(
        _ camera: CameraID = "ring-north", from: String, minutes: Range<Int>, epoch: UInt64 = 1
    ) -> [Coverage] {
        minutes.map { minute in
            let start = moment(from) + .seconds(60 * minute)
            return Coverage(
                camera: camera, epoch: Epoch(epoch), start: start, end: start + .seconds(60), frames: 600)
        }
    }
}

extension Sink {
    func write(coverage: [Coverage]) throws(SinkError) -> Outcome {
        try write(reports: coverage.map { .coverage($0) })
    }
}

/// What is told of coverage is stored once, as one row for an hour of a camera's epoch.
@Suite struct CoverageTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private func rows() throws -> [[String?]] {
        try database.query(
            """
            SELECT c.name, to_char(v.hour, 'HH24:MI'), v.watched, (SELECT sum(f) FROM unnest(v.frames) AS f)
            FROM coverage v JOIN camera c ON c.id = v.camera_id WHERE NOT isempty(v.watched) ORDER BY 1, v.hour, v.epoch
            """)
    }

    @Test func `minutes that follow each other are one range, and a gap divides it`() throws {
        let sink = try database.sink()
        let hours = City.watched(from: "2026-03-02T07:00:00Z", minutes: 0..<90)
        #expect(try sink.write(coverage: Array(hours[..<40])).stretches == 40)
        #expect(try sink.write(coverage: Array(hours[42...])).stretches == 48)
        #expect(
            try rows() == [
                [
                    "ring-north", "07:00",
                    "{[\"2026-03-02 07:00:00+00\",\"2026-03-02 07:40:00+00\"],[\"2026-03-02 07:42:00+00\",\"2026-03-02 08:00:00+00\"]}",
                    "34800",
                ],
                ["ring-north", "08:00", "{[\"2026-03-02 08:00:00+00\",\"2026-03-02 08:30:00+00\"]}", "18000"],
            ])
        #expect(
            try database.query("SELECT frames[1], frames[40], frames[41], frames[60] FROM coverage ORDER BY hour")[0]
                == ["600", "600", "0", "600"])
    }

    @Test func `a repeated stretch changes nothing, alone, among new ones or twice in a batch`() throws {
        let sink = try database.sink()
        let all = City.watched(from: "2026-03-02T07:00:00Z", minutes: 0..<10)
        #expect(try sink.write(coverage: Array(all[..<5])).stretches == 5)
        #expect(try sink.write(coverage: Array(all[..<5])).stretches == 0)
        #expect(try sink.write(coverage: Array(all[3..<8]) + [all[7], all[2]]).stretches == 3)
        #expect(try rows().map { $0[3] } == ["4800"])
        // A reconnect in the middle of a minute: another epoch, and its frames are its own.
        let again = City.watched(from: "2026-03-02T07:08:30Z", seconds: 30, epoch: 2)
        #expect(try sink.write(coverage: [again]).stretches == 1)
        #expect(try rows().map { $0[3] } == ["4800", "300"])
    }

    /// Goal: a backfill beside the live sink adds nothing twice.
    /// Method: one transaction has stored a stretch and is still open when another brings the same; it commits only when
    /// the server says that the other one waits.
    @Test func `two that bring the same stretch at once add it once`() async throws {
        _ = try database.sink().write(coverage: City.watched(from: "2026-03-02T07:00:00Z", minutes: 0..<1))
        let call = """
            SELECT count(*) FROM store_coverage(ARRAY[(SELECT id FROM camera WHERE name = 'ring-north')], '{1}',
                '{2026-03-02T07:01:00Z}', '{2026-03-02T07:02:00Z}', '{600}', false)
            """
        let address = database.address
        let first = try Connection(address, application: "first")
        try first.execute("BEGIN")
        #expect(try first.query(call).values == [["0"]])
        let second = Task.detached { try Connection(address, application: "second").query(call).values }
        let watch = try Connection(address, application: "watch")
        let deadline = ContinuousClock.now + .seconds(60)
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'second' AND wait_event_type = 'Lock' AND datname = current_database()"
        while try watch.query(waiting).values != [["1"]], ContinuousClock.now < deadline { await Task.yield() }
        try first.execute("COMMIT")
        #expect(try await second.value == [["1"]], "it was there already")
        #expect(try rows().map { $0[3] } == ["1200"])
    }

    @Test func `what can't be stored is named by its place in the batch, and the rest is stored`() throws {
        let sink = try database.sink()
        var wild = City.watched(from: "2026-03-02T07:01:00Z")
        wild.start = City.moment("1999-03-02T07:01:00Z")
        wild.end = wild.start
        var long = City.watched(from: "2026-03-02T07:01:00Z")
        long.end = long.end + .seconds(1)
        let coverage = [
            City.watched("cellar", from: "2026-03-02T07:00:00Z"), City.watched(from: "2026-03-02T07:00:00Z"), wild,
            long,
        ]
        let outcome = try sink.write(
            reports: [.passage(City.passages(0..<1)[0])] + coverage.map { .coverage($0) })
        #expect(outcome.stored == 1 && outcome.stretches == 1)
        #expect(outcome.rejected.map(\.index) == [1, 3, 4])
        #expect(outcome.rejected.map(\.code) == ["SNK302", "SNK301", "SNK303"])
    }

    @Test func `coverage and offsets commit together, whenever the connection ends`() throws {
        for step in Sink.Step.allCases {
            let database = try TestDatabase()
            let sink = try database.sink(impatient())
            var isDone = false
            sink.onStep = { reached in
                guard reached == step, !isDone else { return }
                isDone = true
                _ = try? Connection(database.address, application: "test").query(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'gantry-sink' AND datname = current_database()"
                )
            }
            let reports = City.watched(from: "2026-03-02T07:00:00Z", minutes: 0..<3).map { CameraReport.coverage($0) }
            _ = try sink.write(
                reports: City.passages(0..<10).map { .passage($0) } + reports,
                reaching: [.init(topic: "t", partition: 0, next: 13)])
            #expect(isDone, "\(step)")
            #expect(
                try database.query(
                    "SELECT (SELECT sum(f) FROM unnest(frames) AS f), next_offset FROM coverage, sink_offset")
                    == [["1800", "13"]], "\(step)")
        }
    }

    @Test func `a replacement takes the place of coverage to its minutes, and what it replaced does not come back`()
        throws
    {
        let sink = try database.sink()
        let old = City.watched(from: "2026-03-02T07:00:00Z", minutes: 0..<10)
        _ = try sink.write(coverage: old + City.watched("canal-bridge", from: "2026-03-02T07:00:00Z", minutes: 0..<10))
        let what = Sink.Replacement(
            camera: "ring-north", start: City.moment("2026-03-02T07:02:30Z"), end: City.moment("2026-03-02T07:05:00Z"),
            source: "better.mcap")
        let new = [
            City.watched(from: "2026-03-02T07:02:10Z", seconds: 50),
            City.watched(from: "2026-03-02T07:03:00Z", seconds: 30),
        ]
        #expect(try sink.replace(what, with: [], coverage: new).stretches == 2)
        #expect(
            try rows() == [
                ["canal-bridge", "07:00", "{[\"2026-03-02 07:00:00+00\",\"2026-03-02 07:10:00+00\"]}", "6000"],
                [
                    "ring-north", "07:00",
                    "{[\"2026-03-02 07:00:00+00\",\"2026-03-02 07:02:00+00\"],[\"2026-03-02 07:02:10+00\",\"2026-03-02 07:03:30+00\"],[\"2026-03-02 07:05:00+00\",\"2026-03-02 07:10:00+00\"]}",
                    "5000",
                ],
            ])
        let again = try sink.write(coverage: old)
        #expect(again.stretches == 0 && again.rejected.map(\.index) == [2, 3, 4])
        #expect(Set(again.rejected.map(\.code)) == ["SNK307"])
        // A replacement that knows of no coverage does not say that nobody watched.
        _ = try sink.replace(what, with: [City.passage(at: City.moment("2026-03-02T07:04:00Z"), plate: "NEW100")])
        #expect(try rows().map { $0[3] } == ["6000", "5000"])
    }

    @Test func `times are cut to microseconds, as those of sightings are`() throws {
        let sink = try database.sink()
        var stretch = City.watched(from: "2026-03-02T07:00:00.000001900Z", seconds: 10)
        stretch.end = City.moment("2026-03-02T07:00:10.000001900Z")
        _ = try sink.write(reports: [.coverage(stretch), .passage(City.passage(at: stretch.start))])
        #expect(
            try database.query(
                "SELECT v.watched @> s.seen_at, lower(v.watched) = s.seen_at FROM coverage v, sighting s")
                == [["t", "t"]])
    }

    @Test func `a camera is covered since its first stretch`() throws {
        let sink = try database.sink()
        _ = try sink.write(coverage: [City.watched(from: "2026-03-02T07:05:00Z")])
        _ = try sink.write(coverage: [City.watched(from: "2026-03-02T07:03:10Z", seconds: 20)])
        _ = try sink.write(coverage: [City.watched(from: "2026-03-02T07:09:00Z")])
        #expect(
            try database.query("SELECT covered_since FROM camera WHERE name = 'ring-north'")
                == [["2026-03-02 07:03:10+00"]])
        #expect(
            try database.query("SELECT count(*) FROM camera WHERE covered_since > now() - interval '1 hour'") == [["2"]]
        )
    }
}
