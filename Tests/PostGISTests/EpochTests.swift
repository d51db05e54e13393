import Custody
import Fixtures
import Foundation
import GantryTesting
import Testing
import Traffic

@testable import PostGIS

/// Goal: tokens that change at midnight cut no trip, and tie no day to the one after the next.
/// Method: epochs of a day against epochs of a month, in which nothing ends; and a dump as a thief reads it.
@Suite struct EpochTests {
    let database: TestDatabase
    init() throws {
        database = try TestDatabase()
        _ = try KeyStore(folder: database.keys, create: true, epochDays: 1)
    }

    private func see(_ camera: CameraID, _ time: String, _ plate: String = "AAA111", accepted: Bool = true) -> Passage {
        City.passage(camera, at: City.moment("2026-03-\(time)Z"), plate: plate, accepted: accepted)
    }

    private func keeper(_ database: TestDatabase) -> LegKeeper { LegKeeper(database: database.address) }

    /// Whether all follows from the sightings.
    private func isSame(_ database: TestDatabase) throws -> Bool {
        try keeper(database).check().allSatisfy { $0.missing == 0 && $0.surplus == 0 }
    }

    /// Journeys and legs without their vehicles' names.
    private func movement(_ database: TestDatabase) throws -> [[String?]] {
        try database.query(
            """
            SELECT audit_moment(j.started), audit_moment(j.ended), j.passages, j.legs, a.name, b.name,
                   (SELECT string_agg(audit_moment(l.departed) || audit_moment(l.arrived), ' ' ORDER BY l.nth)
                    FROM leg l WHERE l.vehicle = j.vehicle AND l.journey_at = j.started)
            FROM journey j JOIN camera a ON a.id = j.from_camera JOIN camera b ON b.id = j.to_camera ORDER BY 1, 2, 3, 4, 5, 6, 7
            """)
    }

    private let trip = [
        ("ring-north", "02T23:40:00"), ("canal-bridge", "02T23:55:00"), ("station-south", "03T00:10:00"),
        ("ring-north", "03T00:25:00"),
    ]

    @Test(arguments: [false, true])
    func `a trip over the end of an epoch is one journey with all its legs, whatever comes first`(backwards: Bool)
        throws
    {
        let passages = trip.map { see(CameraID(stringLiteral: $0), $1) } + [see("ring-north", "03T09:00:00")]
        let sink = try database.sink()
        for passage in backwards ? passages.reversed() : passages {
            _ = try sink.write([passage])
            try keeper(database).finish()
        }
        let journeys = try movement(database)
        #expect(journeys.map { $0[2] } == ["4", "1"] && journeys.map { $0[3] } == ["3", "0"])
        #expect(try database.query("SELECT count(DISTINCT vehicle) FROM journey")[0] == ["2"])
        #expect(
            try database.query("SELECT count(*) FILTER (WHERE carried), count(*) FROM epoch_bridge")[0] == ["2", "2"])
        #expect(try isSame(database))
        // Settled it stays so, and nothing is left that says which two tokens are one vehicle.
        #expect(try keeper(database).settleEpochs(after: .zero) == 2)
        #expect(try movement(database) == journeys && isSame(database))
        try keeper(database).rebuild()
        try keeper(database).finish()
        #expect(try movement(database) == journeys)
        #expect(
            try database.query(
                "SELECT count(DISTINCT token), count(DISTINCT (token, look_alike)), count(DISTINCT (token, token_epoch)) FROM sighting"
            ) == [["2", "2", "2"]])
    }

    @Test func `who is not on a journey at the epoch's end is another vehicle after it`() throws {
        _ = try database.sink().write([
            see("ring-north", "02T23:20:00"), see("canal-bridge", "03T00:10:00"),
            // Not sure enough to begin a journey with.
            see("ring-north", "02T23:50:00", "BBB222", accepted: false), see("canal-bridge", "03T01:10:00", "BBB222"),
        ])
        try keeper(database).finish()
        #expect(try movement(database).map { $0[2] } == ["1", "1", "1"])
        #expect(try database.query("SELECT count(*) FROM epoch_bridge WHERE carried")[0] == ["0"])
        #expect(try isSame(database))
    }

    /// Repeats, and corrections of a camera's hour, with passages that count only beside others.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `nights in any order, with repeats and corrections, are what epochs without an end make of them`(seed: UInt64)
        throws
    {
        let whole = try TestDatabase()
        _ = try KeyStore(folder: whole.keys, create: true, epochDays: 300)
        var random = SeededGenerator(seed: seed)
        let cameras: [CameraID] = ["ring-north", "canal-bridge", "station-south"]
        var passages: [Passage] = []
        for vehicle in 0..<30 {
            var time = City.moment("2026-03-02T21:30:00Z") + .seconds(random.index(5400))
            for ordinal in 0..<10 {
                time = time + .seconds(60 + random.index(2200))
                // Beyond the overlap both differ on purpose.
                guard time < City.moment("2026-03-03T03:30:00Z") else { break }
                passages.append(
                    City.passage(
                        cameras[random.index(3)], at: time, plate: "V\(100 + vehicle)", ordinal: ordinal,
                        accepted: random.chance(0.6)))
            }
        }
        var waiting = passages + passages.filter { _ in random.chance(0.2) }
        waiting.shuffle(using: &random)
        let sinks = [try database.sink(), try whole.sink()]
        while !waiting.isEmpty {
            let count = min(waiting.count, 1 + random.index(60))
            for sink in sinks { _ = try sink.write(Array(waiting.prefix(count))) }
            waiting.removeFirst(count)
            if random.chance(0.6) { try keeper(database).finish() }
        }
        for _ in 0..<3 {
            let camera = cameras[random.index(3)]
            let start = City.moment("2026-03-02T23:00:00Z") + .seconds(random.index(5400))
            let hour = Sink.Replacement(camera: camera, start: start, end: start + .seconds(3600), source: "corrected")
            let better = passages.filter { $0.camera == camera && $0.firstSeen >= start && $0.firstSeen < hour.end }
                .filter { _ in random.chance(0.7) }
                .map { passage in
                    var passage = passage
                    if random.chance(0.3) { passage.plate?.accepted.toggle() }
                    return passage
                }
            for sink in sinks { _ = try sink.replace(hour, with: better, coverage: []) }
            if random.chance(0.5) { try keeper(database).finish() }
        }
        for database in [database, whole] { try keeper(database).finish() }
        let journeys = try movement(database)
        #expect(try journeys == movement(whole), "seed \(seed)")
        #expect(try database.query("SELECT count(*) >= 10 FROM epoch_bridge WHERE carried")[0] == ["t"])
        #expect(try isSame(database), "seed \(seed)")
        _ = try keeper(database).settleEpochs(after: .zero)
        #expect(try database.count("epoch_bridge") == 0 && isSame(database), "seed \(seed)")
        try keeper(database).rebuild()
        try keeper(database).finish()
        #expect(try movement(database) == journeys, "seed \(seed)")
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `settled in between, and dropped by the day, it stays what a rebuild makes`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sink = try database.sink()
        for _ in 0..<12 {
            let passages = (0..<40).map { ordinal in
                City.passage(
                    (["ring-north", "canal-bridge", "station-south"] as [CameraID])[random.index(3)],
                    at: City.moment("2026-03-02T20:00:00Z") + .seconds(random.index(40 * 3600)),
                    plate: "V\(100 + random.index(3))", ordinal: ordinal, accepted: random.chance(0.7))
            }
            _ = try sink.write(passages)
            if random.chance(0.6) { try keeper(database).finish() }
            if random.chance(0.4) { _ = try keeper(database).settleEpochs(after: .zero) }
        }
        try keeper(database).finish()
        #expect(try isSame(database), "seed \(seed)")
        _ = try Retention(database: database.address).drop(
            day: "2026-03-\(random.chance(0.5) ? "02" : "03")", reason: "test")
        try keeper(database).finish()
        #expect(try isSame(database), "seed \(seed)")
    }

    @Test func `what comes after an epoch is settled joins no journey over its end`() throws {
        let sink = try database.sink()
        _ = try sink.write([see("canal-bridge", "03T00:10:00")])
        // Not while it may still be judged.
        #expect(try keeper(database).settleEpochs(after: .zero) == 0)
        try keeper(database).finish()
        #expect(try keeper(database).settleEpochs(after: .seconds(3600)) == 0)
        #expect(try keeper(database).settleEpochs(after: .zero) == 1)
        _ = try sink.write([see("ring-north", "02T23:55:00")])
        try keeper(database).finish()
        #expect(try movement(database).map { $0[2] } == ["1", "1"] && isSame(database))
    }

    @Test func `a trace over the end of an epoch has each sighting once, before and after it is settled`() throws {
        _ = try database.sink().write(
            trip.map { see(CameraID(stringLiteral: $0), $1) } + [see("ring-north", "03T00:12:00", "BBB222")])
        try keeper(database).finish()
        let vault = try database.vault()
        try database.permit("theft")
        let questions = try Questions(database: database.login())
        func seen(from: String) throws -> [CameraID] {
            let period = Questions.Period(start: City.moment(from), end: City.moment("2026-03-04T00:00:00Z"))
            let searches = try vault.search(for: PlateText("AAA111")!, from: period.start, to: period.end)
            return try questions.trace(
                tokens: searches.map(\.token), lookAlikes: searches.map(\.lookAlikeToken), purpose: "theft",
                caseNumber: "1", in: period
            ).map(\.camera.id)
        }
        let all = trip.map { CameraID(stringLiteral: $0.0) }
        for _ in 0..<2 {
            #expect(try seen(from: "2026-03-02T00:00:00Z") == all)
            #expect(try seen(from: "2026-03-03T00:00:00Z") == Array(all.suffix(2)))
            _ = try keeper(database).settleEpochs(after: .zero)
        }
    }

    /// Goal: who has a dump and no key can't follow a vehicle for longer than an epoch and its overlap.
    /// Method: whatever shares a row is one vehicle. One that is seen every 20 minutes for three days falls apart by day.
    @Test func `a dump ties no day to the one after the next, however often a vehicle is seen`() throws {
        let sink = try database.sink()
        for plate in ["AAA111", "BBB222"] {
            _ = try sink.write(
                (0..<216).map { step in
                    City.passage(
                        (["ring-north", "canal-bridge", "station-south"] as [CameraID])[step % 3],
                        at: City.moment("2026-03-02T00:00:00Z") + .seconds(1200 * step), plate: plate, ordinal: step)
                })
        }
        try keeper(database).finish()
        let epochs = try database.vault().keys.inventory().epochs
        for epoch in epochs { try database.vault().keys.destroy(epoch: epoch) }
        // So the method sees ties where there are any: those of both nights, until they are settled.
        let before = longest(in: try database.server.dump(database.address))
        #expect(before > 70 * 3600)
        _ = try keeper(database).settleEpochs(after: .zero)
        let dump = try database.server.dump(database.address)
        let longest = longest(in: dump)
        #expect(longest <= 28 * 3600 && longest > 23 * 3600, "\(longest)")
        // Each night's journey is whole to the overlap's end.
        #expect(try movement(database).map { $0[0] ?? "" }.contains("2026-03-03T04:00:00.000000Z"))
        #expect(try isSame(database))
    }

    /// Seconds from the first to the last sighting that pseudonyms in common rows tie together, the most of all.
    private func longest(in dump: String) -> Double {
        var parents: [String: String] = [:]
        var times: [String: (Double, Double)] = [:]
        func root(_ name: String) -> String {
            var at = name
            while let next = parents[at], next != at { at = next }
            return at
        }
        let dates = Date.ISO8601FormatStyle(dateTimeSeparator: .space).year().month().day().time(
            includingFractionalSeconds: false)
        for line in dump.split(separator: "\n") where line.contains("\t") {
            var names: [String] = [], seen: [Double] = []
            for field in line.split(separator: "\t") {
                if field.utf8.count == 35, field.hasPrefix("\\\\x") {
                    names.append(String(field.dropFirst(3).prefix(16)))
                } else if field.utf8.count > 12, let number = Int64(field) {
                    let digits = String(UInt64(bitPattern: number), radix: 16)
                    names.append(String(repeating: "0", count: 16 - digits.count) + digits)
                } else if field.hasPrefix("2026-03-"), let time = try? Date(String(field.prefix(19)), strategy: dates) {
                    seen.append(time.timeIntervalSince1970)
                }
            }
            guard let first = names.first else { continue }
            for name in names { parents[root(name)] = root(first) }
            guard let low = seen.min(), let high = seen.max() else { continue }
            let known = times[first] ?? (low, high)
            times[first] = (min(known.0, low), max(known.1, high))
        }
        var spans: [String: (Double, Double)] = [:]
        for (name, span) in times {
            let known = spans[root(name)] ?? span
            spans[root(name)] = (min(known.0, span.0), max(known.1, span.1))
        }
        return spans.values.map { $0.1 - $0.0 }.max() ?? 0
    }
}
