import Fixtures
import Foundation
import GantryTesting
import Testing
import Traffic

@testable import PostGIS

/// Goal: "nothing passed" and "not watched" are different answers.
/// Method: an hour in which ring-north is watched but for five minutes, station-south for the first half, and canal-bridge
/// has passages from before coverage was kept.
@Suite struct CoverageQuestionTests {
    let database: TestDatabase

    init() throws {
        database = try TestDatabase()
        let start = City.moment("2026-03-02T07:00:00Z")
        let sink = try database.sink()
        _ = try sink.write(
            [("ring-north", 300), ("ring-north", 310), ("canal-bridge", 600)].map { camera, second in
                City.passage(CameraID(camera), at: start + .seconds(second), plate: "GAN\(second)")
            })
        _ = try sink.write(
            coverage: City.watched(from: "2026-03-02T07:00:00Z", minutes: 0..<20)
                + City.watched(from: "2026-03-02T07:00:00Z", minutes: 25..<60)
                + City.watched("station-south", from: "2026-03-02T07:00:00Z", minutes: 0..<30))
    }

    private func questions(k: Int = 1, zone: String = "UTC") throws -> Questions {
        try AuditLog(database: database.address).setMinimumVehicles(k)
        return try Questions(database: database.address, zone: zone)
    }

    private let hour = Questions.Period(
        start: City.moment("2026-03-02T07:00:00Z"), end: City.moment("2026-03-02T08:00:00Z"))

    @Test func `coverage has a row for every camera and bucket, with its gaps`() throws {
        let parts = try questions().coverage(camera: nil, in: hour, every: .seconds(900))
        #expect(
            parts.map(\.camera.id)
                == ["canal-bridge", "ring-north", "station-south"].flatMap { Array(repeating: $0, count: 4) })
        #expect(parts.map(\.covered) == [0, 0, 0, 0, 1, 1 - 300.0 / 900, 1, 1, 1, 1, 0, 0])
        #expect(parts.map(\.frames) == [0, 0, 0, 0, 9000, 6000, 9000, 9000, 9000, 9000, 0, 0])
        #expect(parts.map(\.gaps) == [1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1])
        #expect(parts.map(\.longestGapSeconds) == [900, 900, 900, 900, 0, 300, 0, 0, 0, 0, 900, 900])
        #expect(parts.map(\.isRecorded) == (0..<12).map { $0 >= 4 })
        let one = try questions().coverage(camera: "station-south", in: hour, every: .seconds(3600))
        #expect(one.map(\.covered) == [0.5] && one.map(\.bucket.local) == ["2026-03-02 07:00:00"])
    }

    @Test func `flows tell an empty road from a dead camera, and neither from what is not known`() throws {
        let flows = try questions().flows(camera: nil, in: hour, every: .seconds(900))
        #expect(
            flows.map(\.camera.id) == [
                "canal-bridge", "ring-north", "ring-north", "ring-north", "ring-north", "station-south",
                "station-south",
            ])
        #expect(flows.map(\.passages) == [1, 2, 0, 0, 0, 0, 0] && flows.map(\.read) == [1, 2, 0, 0, 0, 0, 0])
        #expect(flows.map(\.covered) == [nil, 1, 1 - 300.0 / 900, 1, 1, 1, 1])
        let table = Answer(flows, minimumVehicles: 1, zone: "UTC").rendered(.table)
        #expect(table.contains("0    0.667") && table.contains("1        -"), "\(table)")
    }

    @Test func `a zero is shown where counts under k are withheld`() throws {
        let flows = try questions(k: 10).flows(camera: "ring-north", in: hour, every: .seconds(900))
        #expect(flows.map(\.passages) == [nil, 0, 0, 0] && flows.map(\.vehicles) == [nil, 0, 0, 0])
        let rows = try database.query(
            "SELECT suppressed FROM movement.flows('ring-north', '2026-03-02T07:00Z', '2026-03-02T08:00Z', '15 min')")
        #expect(rows == [["t"], ["f"], ["f"], ["f"]])
    }

    @Test func `the cameras that an answer rests on and nobody watched are named, least watched first`() throws {
        let questions = try questions()
        let all = try questions.unwatched(.all, in: hour)
        #expect(all.map(\.camera) == ["station-south", "ring-north"] && all.map(\.covered) == [0.5, 1 - 300.0 / 3600])
        #expect(
            try questions.unwatched(.these(["ring-north", "canal-bridge"]), in: hour).map(\.camera) == ["ring-north"])
        let south =
            "{\"type\": \"Polygon\", \"coordinates\": [[[4.3,50.8],[4.4,50.8],[4.4,50.85],[4.3,50.85],[4.3,50.8]]]}"
        #expect(try questions.unwatched(.inside(south), in: hour).map(\.camera) == ["station-south"])
        // A minute is a reconnect; and of the time before the first coverage nothing is known.
        let early = Questions.Period(
            start: City.moment("2026-03-02T03:00:00Z"), end: City.moment("2026-03-02T07:21:00Z"))
        #expect(try questions.unwatched(.all, in: early) == [])
        #expect(try questions.unwatched(.these(["no \"such\\ camera"]), in: hour) == [])
    }

    @Test func `what is still to be told is not missed`() throws {
        // A camera of the database's own now: watched until ten seconds before the last full minute.
        let now = try database.query("SELECT audit_moment(date_trunc('minute', now()))")[0][0]!
        let minute = City.moment(now) + .seconds(-120)
        _ = try database.sink().write(
            coverage: City.watched("canal-bridge", from: (minute + .seconds(-1200)).rfc3339, minutes: 0..<20))
        let period = Questions.Period(start: minute + .seconds(-600), end: minute + .seconds(86_400))
        #expect(try questions().unwatched(.these(["canal-bridge"]), in: period) == [])
        let longer = Questions.Period(start: minute + .seconds(-1200), end: minute + .seconds(-60))
        #expect(try questions().unwatched(.these(["station-south"]), in: longer).map(\.covered) == [0])
    }

    /// Goal: shares, frames and gaps are right wherever buckets and hours cut.
    /// Method: three hours of random outages by the second, told as track tells them, against a bitmap.
    @Test(arguments: [71, 72, 73] as [UInt64])
    func `random outages come out to the second`(seed: UInt64) throws {
        let database = try TestDatabase()
        let sink = try database.sink()
        var random = SeededGenerator(seed: seed)
        let start = City.moment("2026-03-28T22:00:00Z")
        var watched = [Bool](repeating: true, count: 3 * 3600)
        for _ in 0..<12 {
            let from = random.index(watched.count)
            for second in from..<min(watched.count, from + 1 + random.index(900)) { watched[second] = false }
        }
        var stretches: [Coverage] = []
        var second = 0
        var epoch: UInt64 = 0
        while second < watched.count {
            guard watched[second] else {
                (second, epoch) = (second + 1, epoch + (second > 0 && watched[second - 1] ? 1 : 0))
                continue
            }
            var end = second
            while end < watched.count, watched[end], end < (second / 60 + 1) * 60 { end += 1 }
            stretches.append(
                Coverage(
                    camera: "ring-north", epoch: Epoch(epoch), start: start + .seconds(second),
                    end: start + .seconds(end), frames: end - second))
            second = end
        }
        // In batches that overlap, and out of order.
        for part in stride(from: 0, to: stretches.count, by: 25).shuffled(using: &random) {
            _ = try sink.write(coverage: Array(stretches[part..<min(stretches.count, part + 40)]))
        }
        let questions = try Questions(database: database.address, zone: "Europe/Brussels")
        for (from, until, every) in [(0, 10_800, 3600), (450, 9030, 420), (60, 10_740, 60), (0, 10_800, 86_400)] {
            let found = try questions.coverage(
                camera: "ring-north", in: .init(start: start + .seconds(from), end: start + .seconds(until)),
                every: .seconds(every))
            // Of the local day: 22:00 UTC is 23:00 in Brussels.
            let midnight = -23 * 3600
            var at = from, index = 0
            while at < until {
                let days = every == 86_400 ? at >= 3600 ? 3600 : midnight : midnight + (at - midnight) / every * every
                let end = min(until, days + (every == 86_400 && days == 3600 ? 82_800 : every))
                let part = watched[at..<end]
                let expected = Double(part.count { $0 }) / Double(part.count)
                try #require(index < found.count, "seed \(seed)")
                #expect(abs(found[index].covered - expected) < 1e-9, "seed \(seed), \(every) s, second \(at)")
                let gaps = part.indices.count { !part[$0] && ($0 == part.startIndex || part[$0 - 1]) }
                #expect(found[index].gaps == gaps, "seed \(seed), \(every) s, second \(at)")
                let minutes = stride(from: (at + 59) / 60 * 60, to: end, by: 60)
                let frames = minutes.reduce(0) { $0 + watched[$1..<$1 + 60].count { $0 } }
                #expect(found[index].frames == frames, "seed \(seed), \(every) s, second \(at)")
                (at, index) = (end, index + 1)
            }
            #expect(index == found.count, "seed \(seed), \(every) s")
        }
    }
}
