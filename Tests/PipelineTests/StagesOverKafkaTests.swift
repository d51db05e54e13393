import Fixtures
import Foundation
import GantryTesting
import KafkaTopics
import PostGIS
import StageRunner
import Stages
import Testing
import Topics
import Traffic
import Wire

@Suite(.serialized, .timeLimit(.minutes(8))) struct StagesOverKafkaTests {
    /// Goal: killing copies of stages loses no passage, doubles none and changes no id.
    /// Method: five executables over a real broker into a real PostGIS, two copies of read and track; one copy of
    /// each is killed with SIGKILL when a third of the frames are read. What the database holds at the end must be
    /// what one undisturbed tracker makes of the topic `reads`.
    @Test func `one copy of read and track killed midway leaves exactly the undisturbed passages`() async throws {
        // Two lanes, overlapping visits, vehicles that stop: see the scenario's own documentation.
        let clips = ["--cameras", "4", "--vehicles", "8", "--seconds", "12", "--size", "960x540", "--fps", "5"]
        let city = try CityFixture(name: "storm", clips: clips)
        defer { city.remove() }
        let frames = city.cameras.count * 60

        var stages: [StageProcessHandle] = []
        defer { for stage in stages { stage.kill() } }
        for copy in 1...2 { stages += [try city.start("read", copy: copy), try city.start("track", copy: copy)] }
        let doomed = stages.prefix(2)
        stages += [try city.start("sink"), try city.start("detect"), try city.start("decode")]

        let oracle = Oracle(city)
        let reports = try await oracle.reports(cameras: city.cameras.count) { seen in
            if seen == frames / 3 { for stage in doomed { stage.kill() } }
        }
        let expected = reports.compactMap(\.passage)
        #expect(expected.count >= city.cameras.count, "too little traffic to prove anything")
        for stage in doomed { #expect(stage.wait() == -SIGKILL) }

        let stored = try await city.stored(atLeast: expected.count)
        #expect(stored == expected.map(Row.init).sorted())

        // A stop drains and commits; nothing further appears.
        for stage in stages.dropFirst(2) { stage.terminate() }
        for stage in stages.dropFirst(2) { #expect(stage.wait() == 0, "\(stage.lastLines)") }
        #expect(try await city.stored(atLeast: expected.count) == expected.map(Row.init).sorted())
        var watched: [String: Int] = [:]
        for coverage in reports.compactMap(\.coverage) { watched[coverage.camera.text, default: 0] += coverage.frames }
        #expect(watched.count == city.cameras.count && watched.values.allSatisfy { $0 > 0 })
        #expect(try await city.framesWatched() == watched)
    }

    /// Goal: a sink killed at random moments neither loses nor doubles a passage, and neither does a database that goes.
    /// Method: passages on a real topic, `gantry-sink` killed with SIGKILL again and again while it writes them; before
    /// every fifth blow the database is restarted under it, by turns orderly and as by a power cut. `GANTRY_KILLS` sets
    /// how often.
    @Test func `a sink killed at random moments, on a database that restarts, loses and doubles nothing`() async throws
    {
        let kills = ProcessInfo.processInfo.environment["GANTRY_KILLS"].flatMap(Int.init) ?? 5
        let server = try Postgres.toBreak("under a sink")
        let city = try CityFixture(name: "kills", clips: nil, on: server)
        defer { city.remove() }
        let cluster = KafkaCluster(city.broker.address)
        try await cluster.connect()
        try await cluster.create(TopicPlan.pipeline("kills", partitions: 4))
        let outlet = try cluster.outlet(topic: "kills.passages") { try Record(passage: $0) }

        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var sent = 0, restarts = 0
        for kill in 0..<kills {
            let sink = try city.start("sink", copy: kill)
            // Something new must be under way when the blow falls, wherever in joining, writing or committing that is.
            let before = try await city.count()
            let passages = (sent..<sent + 2000).map { Self.passage($0, camera: city.cameras[$0 % 4]) }
            #expect(try await outlet.send(passages).isEmpty)
            sent += passages.count
            try await city.wait(for: sink, beyond: before)
            usleep(UInt32(random.next() % 60_000))
            if kill % 5 == 4 {
                let before = try await city.count()
                if kill % 10 == 4 {
                    try server.crash()
                } else {
                    try server.stop()
                    try server.start()
                }
                restarts += 1
                let passages = (sent..<sent + 2000).map { Self.passage($0, camera: city.cameras[$0 % 4]) }
                #expect(try await outlet.send(passages).isEmpty)
                sent += passages.count
                try await city.wait(for: sink, beyond: before)
                usleep(UInt32(random.next() % 60_000))
            }
            sink.kill()
            #expect(sink.wait() == -SIGKILL, "seed \(seed): \(sink.lastLines)")
        }
        let last = try city.start("sink", copy: kills)
        defer { last.kill() }
        let stored = try await city.stored(atLeast: sent)
        let expected = (0..<sent).map { Row(Self.passage($0, camera: city.cameras[$0 % 4])) }.sorted()
        #expect(restarts == kills / 5)
        #expect(stored.count == expected.count, "seed \(seed)")
        #expect(stored == expected, "seed \(seed)")
    }

    private static func passage(_ number: Int, camera: String) -> Passage {
        let id = CameraID(camera)
        let seen = EventTime(rfc3339: "2026-03-02T07:00:00Z")! + .milliseconds(number)
        let epoch = Epoch(camera: id, started: EventTime(seconds: 1_772_436_600))
        return Passage(
            id: PassageID(camera: id, epoch: epoch, firstFrame: number, ordinal: 0), camera: id, epoch: epoch,
            firstFrame: number, lastFrame: number + 5, firstSeen: seen, lastSeen: seen + .milliseconds(500),
            kind: .car, frames: 6, direction: .approaching,
            best: .init(
                frame: number, vehicle: Box(x: 1, y: 2, width: 30, height: 20), plate: nil, crop: nil),
            plate: .init(
                text: PlateText("TEST\(number)")!, confidence: 0.9, accepted: true, votes: 3, reads: 3, region: nil),
            notRead: nil)
    }
}

/// What is compared of a stored passage.
struct Row: Hashable, Comparable {
    var id, camera: String
    var firstSeen: Int64
    var frames: Int

    init(_ passage: Passage) {
        id = passage.id.description
        camera = passage.camera.text
        // PostgreSQL keeps microseconds.
        firstSeen = passage.firstSeen.nanoseconds / 1000
        frames = passage.frames
    }

    init(_ row: [String?]) throws {
        guard row.count == 4, let id = row[0], let camera = row[1], let seen = row[2].flatMap({ Int64($0) }),
            let frames = row[3].flatMap({ Int($0) })
        else { throw FixtureFailure(what: "unexpected row \(row)") }
        (self.id, self.camera, self.firstSeen, self.frames) = (id, camera, seen, frames)
    }

    static func < (a: Row, b: Row) -> Bool { (a.id, a.camera, a.firstSeen) < (b.id, b.camera, b.firstSeen) }
}

extension CityFixture {
    func count() async throws -> Int {
        let database = database
        return try await ThreadExecutor.run(name: "count") {
            let rows = try Connection(database, application: "test").query("SELECT count(*) FROM sighting")
            return rows.values[0][0].flatMap { Int($0) } ?? 0
        }
    }

    /// Until more than so many passages are stored, the sink has ended, or a minute is over.
    func wait(for sink: StageProcessHandle, beyond count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await self.count() <= count, sink.isRunning, ContinuousClock.now < deadline { usleep(2000) }
    }

    /// Analysed frames by camera, as coverage has them.
    func framesWatched() async throws -> [String: Int] {
        let database = database
        return try await ThreadExecutor.run(name: "frames") {
            let rows = try Connection(database, application: "test").query(
                """
                SELECT c.name, sum((SELECT sum(f) FROM unnest(v.frames) AS f))
                FROM coverage AS v JOIN camera AS c ON c.id = v.camera_id GROUP BY 1
                """)
            return Dictionary(uniqueKeysWithValues: rows.values.map { ($0[0] ?? "", $0[1].flatMap { Int($0) } ?? -1) })
        }
    }

    /// Every stored passage, once there are so many, or after two minutes.
    func stored(atLeast wanted: Int) async throws -> [Row] {
        let deadline = ContinuousClock.now + .seconds(120)
        while try await count() < wanted, ContinuousClock.now < deadline { usleep(50_000) }
        let database = database
        return try await ThreadExecutor.run(name: "rows") {
            try Connection(database, application: "test").query(
                """
                SELECT encode(s.passage_id, 'hex'), c.name, (extract(epoch FROM s.seen_at) * 1000000)::bigint, s.frames
                FROM sighting AS s JOIN camera AS c ON c.id = s.camera_id
                """
            ).values.map(Row.init).sorted()
        }
    }
}

/// One undisturbed tracker over the topic `reads`.
struct Oracle {
    private let address: String
    private let topic: String

    init(_ city: CityFixture) {
        address = city.broker.address
        topic = "storm.reads"
    }

    /// Reads until every camera's stream has ended.
    ///
    /// - Parameter seen: Told after each new record how many there were.
    func reports(cameras: Int, seen: @escaping @Sendable (Int) -> Void) async throws -> [CameraReport] {
        let (address, topic) = (address, topic)
        return try await ThreadExecutor.run(name: "oracle") {
            var options = KafkaOptions()
            options.sessionTimeout = .seconds(2)
            let cluster = KafkaCluster(address, options: options)
            try await cluster.connect()
            try await cluster.create(TopicPlan.pipeline("storm", partitions: 4))
            let inlet = try cluster.inlet(topic: topic, group: "oracle") { try StreamRecord<FrameReads>(record: $0) }
            var tracker = Watch()
            var known: Set<String> = []
            var ended: Set<CameraID> = []
            var reports: [CameraReport] = []
            let deadline = ContinuousClock.now + .seconds(240)
            while ended.count < cameras {
                guard ContinuousClock.now < deadline else {
                    throw FixtureFailure(what: "only \(known.count) reads and \(ended.count) ends after 240 s")
                }
                guard case .batch(let deliveries) = try await inlet.next(limit: 16) else { continue }
                for record in deliveries.compactMap(\.value) {
                    var name = "\(record.id.camera) \(record.id.epoch) \(record.id.frame)"
                    if case .endOfStream = record.body { name += " end" }
                    guard known.insert(name).inserted else { continue }
                    if case .endOfStream = record.body { ended.insert(record.id.camera) }
                    reports += tracker.process(record)
                    seen(known.count)
                }
            }
            await inlet.close()
            return reports
        }
    }
}
