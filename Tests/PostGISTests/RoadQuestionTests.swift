import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: speeds, courses and dwell are those that can be counted by hand.
/// Method: a few passages, written through the sink.
@Suite struct RoadQuestionTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private func see(
        _ camera: CameraID, _ clock: String, _ plate: String?, ordinal: Int = 0,
        _ change: (inout Passage) -> Void = { _ in }
    ) -> Passage {
        var passage = City.passage(
            camera, at: City.moment("2026-03-02T\(clock)Z"), plate: plate, ordinal: ordinal)
        change(&passage)
        return passage
    }

    private func questions(k: Int = 1, _ passages: [Passage]) throws -> Questions {
        _ = try database.sink().write(passages)
        try LegKeeper(database: database.address).finish()
        return try questions(k: k)
    }

    private func questions(k: Int) throws -> Questions {
        try AuditLog(database: database.address).setMinimumVehicles(k)
        return try Questions(database: database.address)
    }

    private func near(_ found: Double?, _ told: Double) -> Bool { found.map { abs($0 - told) < 1e-4 * told } ?? false }

    /// Five trips depart at seven: 300, 360, 400 s directly, 600 and 2,000 s by way of canal-bridge. A quarter takes 360 s
    /// at most, so what is over 1,080 s stopped. One at eight, which was at ring-north twice.
    var trips: [Passage] {
        [
            see("ring-north", "07:00:00", "AAA111"), see("station-south", "07:05:00", "AAA111"),
            see("ring-north", "07:01:00", "BBB222"), see("station-south", "07:07:00", "BBB222"),
            see("ring-north", "07:02:00", "CCC333"), see("station-south", "07:08:40", "CCC333"),
            see("ring-north", "07:03:00", "DDD444"), see("canal-bridge", "07:05:00", "DDD444"),
            see("station-south", "07:13:00", "DDD444"),
            see("ring-north", "07:04:00", "EEE555"), see("canal-bridge", "07:20:40", "EEE555"),
            see("station-south", "07:37:20", "EEE555"),
            see("ring-north", "08:00:00", "FFF666"), see("canal-bridge", "08:05:00", "FFF666"),
            see("ring-north", "08:10:00", "FFF666"), see("station-south", "08:20:00", "FFF666"),
            // Seen at one end alone, or the other way round.
            see("ring-north", "07:10:00", "GGG777"), see("station-south", "07:10:00", "HHH888"),
            see("ring-north", "07:20:00", "HHH888"),
        ]
    }

    @Test func `speed is the way of all trips over their time, and trips that stopped are left out`() throws {
        let questions = try questions(trips)
        let day = try questions.period(day: "2026-03-02")
        let speeds = try questions.speeds(
            from: "ring-north", to: "station-south", in: day, every: .seconds(3600), metres: 6000)
        #expect(speeds.map(\.bucket.local) == ["2026-03-02 07:00:00", "2026-03-02 08:00:00"])
        #expect(speeds.map(\.trips) == [4, 1] && speeds.map(\.vehicles) == [4, 1] && speeds.map(\.stopped) == [1, 0])
        #expect(speeds.map(\.metres) == [6000, 6000] && speeds.map(\.straight) == [false, false])
        // 4 * 6,000 m in 300 + 360 + 400 + 600 s; single trips have 72, 60, 54 and 36 km/h.
        #expect(near(speeds[0].meanKmh, 24_000 / 1660 * 3.6) && near(speeds[1].meanKmh, 36))
        #expect(near(speeds[0].p15Kmh, 36 + 0.45 * 18) && near(speeds[0].p85Kmh, 60 + 0.55 * 12))
        let quick = try questions.speeds(
            from: "ring-north", to: "station-south", in: day, every: .seconds(86_400), metres: 6000,
            longest: .seconds(390))
        #expect(quick.map(\.trips) == [2] && near(quick[0].meanKmh, 12_000 / 660 * 3.6))
    }

    @Test func `without metres the way is the straight line, and says so`() throws {
        let questions = try questions(trips)
        let day = try questions.period(day: "2026-03-02")
        let speeds = try questions.speeds(from: "ring-north", to: "station-south", in: day, every: .seconds(3600))
        #expect(speeds.map(\.straight) == [true, true])
        // 0.0434 degrees of latitude are 4,829 m there, 0.0136 of longitude 957 m.
        #expect(abs(speeds[0].metres - (4829 * 4829 + 957 * 957).squareRoot()) < 5)
        #expect(near(speeds[0].meanKmh, speeds[0].metres * 4 / 1660 * 3.6))
    }

    @Test func `speeds of fewer than k vehicles are withheld`() throws {
        let questions = try questions(k: 2, trips)
        let day = try questions.period(day: "2026-03-02")
        let speeds = try questions.speeds(
            from: "ring-north", to: "station-south", in: day, every: .seconds(3600), metres: 6000)
        #expect(speeds.map(\.suppressed) == [false, true])
        #expect(
            speeds[1].trips == nil && speeds[1].meanKmh == nil && speeds[1].p85Kmh == nil && speeds[1].stopped == nil)
        let answer = Answer(speeds, minimumVehicles: 2, zone: "UTC")
        #expect(answer.rendered(.csv).contains(",<2,<2,6000.0,false,<2,<2,<2,<2\n"))
        #expect(answer.rendered(.geojson).contains("\"LineString\""))
    }

    /// 36, 54 and 108 km/h, and one that was not measured and stood for 12 s.
    var measured: [Passage] {
        let speeds: [Double?] = [10, 15, 30, nil]
        return speeds.enumerated().map { index, speed in
            see("ring-north", "07:0\(index):00", nil, ordinal: index) { passage in
                passage.speed = speed.map { .init(metresPerSecond: $0, metres: 40) }
                if speed == nil { passage.stopped = .seconds(12) }
            }
        } + [see("canal-bridge", "07:00:00", nil)]
    }

    @Test func `a spot speed is the harmonic mean of what was measured`() throws {
        let questions = try questions(measured)
        let day = try questions.period(day: "2026-03-02")
        let all = try questions.spotSpeeds(camera: nil, in: day, every: .seconds(3600))
        #expect(all.map(\.camera.id) == ["canal-bridge", "ring-north"])
        #expect(all.map(\.passages) == [1, 4] && all.map(\.measured) == [0, 3] && all.map(\.unmeasured) == [1, 1])
        // 3 / (1/36 + 1/54 + 1/108)
        #expect(near(all[1].meanKmh, 54) && near(all[1].medianKmh, 54) && near(all[1].p85Kmh, 54 + 0.7 * 54))
        #expect(all[1].stoppedShare == 0.25 && all[1].meanStoppedSeconds == 3)
        #expect(all[0].meanKmh == nil && !all[0].suppressed && all[0].stoppedShare == 0)
        let text = Answer(all, minimumVehicles: 1, zone: "UTC").rendered(.csv)
        #expect(text.contains("canal-bridge,2026-03-02T07:00:00.000Z,1,1,0,1,,,,0.0,0.0\n"))
    }

    @Test func `a spot speed over fewer than k measured vehicles is withheld, whatever else passed`() throws {
        let questions = try questions(k: 4, measured)
        let day = try questions.period(day: "2026-03-02")
        let found = try #require(
            try questions.spotSpeeds(camera: "ring-north", in: day, every: .seconds(3600)).first)
        #expect(found.passages == 4 && found.meanKmh == nil && found.medianKmh == nil && found.p85Kmh == nil)
        #expect(found.suppressed && found.stoppedShare == 0.25)
        let none = try self.questions(k: 5).spotSpeeds(camera: "ring-north", in: day, every: .seconds(3600))
        #expect(none.map(\.passages) == [nil] && none.map(\.measured) == [nil] && none.map(\.stoppedShare) == [nil])
    }

    private func driven(_ camera: CameraID, _ courses: [Double?]) -> [Passage] {
        courses.enumerated().map { index, course in
            see(camera, "07:\(10 + index):00", nil) { $0.course = course }
        }
    }

    @Test func `courses fall into eighths around the compass's points`() throws {
        let questions = try questions(driven("ring-north", [350, 10, 337.5, 22.5, 337.25, 180, nil, 359.999_999_9]))
        let day = try questions.period(day: "2026-03-02")
        let courses = try questions.courses(camera: "ring-north", in: day)
        #expect(courses.map(\.sector) == ["N", "NE", "S", "NW", "unknown"])
        #expect(courses.map(\.passages) == [4, 1, 1, 1, 1] && courses.map(\.vehicles) == [4, 1, 1, 1, 1])
        #expect(try questions.courses(camera: "canal-bridge", in: day) == [])
    }

    @Test func `a single withheld sector can't be had by subtraction from the flow`() throws {
        let questions = try questions(k: 2, driven("ring-north", [0, 180, 180, 270, 270, 270]))
        let courses = try questions.courses(camera: nil, in: questions.period(day: "2026-03-02"))
        #expect(courses.map(\.sector) == ["N", "S", "W"] && courses.map(\.passages) == [nil, nil, 3])
    }

    @Test func `who drives there and back is one vehicle among those withheld`() throws {
        let west = ["BBB222", "CCC333", "DDD444"].enumerated().map { index, plate in
            see("ring-north", "07:1\(index):00", plate) { $0.course = 270 }
        }
        let both = [0.0, 180].map { course in
            see("ring-north", course == 0 ? "07:00:00" : "07:20:00", "AAA111") { $0.course = course }
        }
        let questions = try questions(k: 2, west + both)
        // Flow less west would be what AAA111 did.
        let courses = try questions.courses(camera: nil, in: questions.period(day: "2026-03-02"))
        #expect(courses.map(\.sector) == ["N", "S", "W"] && courses.map(\.passages) == [nil, nil, nil])
    }

    /// Canal-bridge: 10, 20 and 60 s, of which 0, 6 and 45 stood. Ring-north: three of 5 s.
    var stays: [Passage] {
        let canal: [(seconds: Int, stopped: Int, parked: Bool)] = [(10, 0, false), (20, 6, false), (60, 45, true)]
        return canal.enumerated().map { index, stay in
            see("canal-bridge", "07:0\(index):00", nil) { passage in
                passage.lastSeen = passage.firstSeen + .seconds(stay.seconds)
                passage.stopped = .seconds(stay.stopped)
                passage.parked = stay.parked ? .seconds(stay.stopped) : nil
            }
        } + (0..<4).map { see("ring-north", "07:0\($0):00", nil) }
    }

    @Test func `dwell names the cameras where vehicles stay longest`() throws {
        let questions = try questions(stays)
        let day = try questions.period(day: "2026-03-02")
        let dwell = try questions.dwell(in: day)
        #expect(dwell.map(\.camera.id) == ["canal-bridge", "ring-north"])
        #expect(dwell.map(\.passages) == [3, 4] && dwell.map(\.vehicles) == [3, 4] && dwell.map(\.parked) == [1, 0])
        #expect(dwell.map(\.medianSeconds) == [20, 5] && near(dwell[0].p95Seconds, 56))
        #expect(dwell.map(\.meanStoppedSeconds) == [17, 0])
        #expect(try questions.dwell(in: day, most: 1).map(\.camera.id) == ["canal-bridge"])
        #expect(try self.questions(k: 4).dwell(in: day).map(\.camera.id) == ["ring-north"])
    }

    @Test func `passages of before standing was stored have no part in its figures`() throws {
        let questions = try questions(k: 2, stays)
        let day = try questions.period(day: "2026-03-02")
        _ = try database.query("UPDATE sighting SET stopped = NULL WHERE last_seen - seen_at < '30 s' OR camera_id = 1")
        let dwell = try questions.dwell(in: day)
        // Of canal-bridge's three one is left, fewer than k; of ring-north's none, so there is nothing to withhold.
        #expect(dwell.map(\.meanStoppedSeconds) == [nil, nil] && dwell.map(\.suppressed) == [true, false])
        let spots = try questions.spotSpeeds(camera: nil, in: day, every: .seconds(3600))
        #expect(spots.map(\.stoppedShare) == [nil, nil] && spots.map(\.suppressed) == [true, false])
    }

    @Test func `bad questions about roads are refused`() throws {
        let questions = try questions([])
        let day = try questions.period(day: "2026-03-02")
        let turned = Questions.Period(start: day.end, end: day.start)
        let hour = Duration.seconds(3600)
        let mistakes: [() throws -> Void] = [
            { _ = try questions.speeds(from: "ring-north", to: "ring-north", in: day, every: hour) },
            { _ = try questions.speeds(from: "ring-north", to: "station-south", in: day, every: hour, metres: 0) },
            { _ = try questions.speeds(from: "ring-north", to: "station-south", in: day, every: hour, metres: .nan) },
            { _ = try questions.speeds(from: "ring-north", to: "station-south", in: day, every: hour, longest: .zero) },
            { _ = try questions.speeds(from: "ring-north", to: "station-south", in: turned, every: hour) },
            { _ = try questions.spotSpeeds(camera: nil, in: day, every: .zero) },
            { _ = try questions.courses(camera: nil, in: turned) },
            { _ = try questions.dwell(in: day, most: 0) },
            { _ = try questions.dwell(in: turned) },
        ]
        for (index, mistake) in mistakes.enumerated() {
            #expect("\(index)") {
                try mistake()
            } throws: { error in
                if case .badQuestion = error as? QueryError { true } else { false }
            }
        }
        #expect(throws: QueryError.self) { try questions.courses(camera: "cellar", in: day) }
        #expect(throws: QueryError.self) { try questions.spotSpeeds(camera: "cellar", in: day, every: hour) }
        #expect(throws: QueryError.self) {
            try questions.speeds(from: "cellar", to: "ring-north", in: day, every: hour)
        }
    }
}
