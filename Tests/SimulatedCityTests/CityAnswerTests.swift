import Custody
import Fixtures
import Foundation
import PostGIS
import SimulatedCity
import Testing
import Traffic

/// The database's answers about a city that was seen without a fault are the city's truth.
@Suite(.serialized, .timeLimit(.minutes(4))) struct CityAnswerTests {
    /// Goal: the words of the truth are those of the database.
    /// Method: a faultless morning into a real PostGIS; origins, destinations, legs, journeys and travel times compared
    /// cell by cell. Every read is accepted here: what the threshold costs is another question.
    @Test func `a faultless city's answers are its truth`() throws {
        var settings = CitySettings(cameras: 30, vehicles: 12_000, seconds: 3 * 3600)
        (settings.faults.miss, settings.faults.misread, settings.faults.unread) = (0, 0, 0)
        (settings.faults.duplicate, settings.faults.clockSkew) = (0, 0)
        settings.leastTrips = 5
        let made = try CityUnderTest(settings)
        let city = made.city
        let address = try Postgres.shared().makeDatabase()
        _ = try Migrator(folder: "\(Postgres.root)/schemas/sql").migrate(address)
        try AuditLog(database: address).setMinimumVehicles(1)
        let keys = "/tmp/gantry-city-keys-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: keys) }
        let vault = Vault(keys: try KeyStore(folder: keys, create: true))
        let sink = try Sink(database: address, protection: vault, options: Sink.Options())
        try sink.register(city.sites.map(\.camera))
        let passages = made.sightings.map { sighting in
            var passage = sighting.passage
            passage.plate?.accepted = true
            return passage
        }
        for first in stride(from: 0, to: passages.count, by: 2000) {
            let part = Array(passages[first..<min(first + 2000, passages.count)])
            #expect(try sink.write(part, reaching: []).rejected.isEmpty)
        }
        try LegKeeper(database: address).finish()

        let questions = try Questions(database: address)
        let day = Questions.Period(start: settings.start, end: settings.start + .seconds(6 * 3600))
        let zones = try zonesGeoJSON(city)
        var told: [String: Int] = [:], found: [String: Int] = [:]
        for row in made.matrix where row.cell.journeys > 0 {
            let hour = EventTime(nanoseconds: row.hour * 1_000_000).rfc3339
            told["\(city.zones.names[row.from]) \(city.zones.names[row.to]) \(hour)"] = row.cell.journeys
        }
        for cell in try questions.odMatrix(zones: zones, in: day, every: .seconds(3600)) {
            found["\(cell.origin) \(cell.destination) \(cell.bucket.time.rfc3339)"] = cell.journeys
        }
        #expect(told.count > 20 && found == told)

        let rows = made.windows.flatMap(\.travelTimes)
        #expect(rows.count > 20)
        let byVehicle = Dictionary(grouping: made.trips, by: \.vehicle).mapValues { $0.flatMap(\.passes) }
        for row in rows.prefix(40) {
            let start = EventTime(nanoseconds: row.bucket * 1_000_000)
            let answer = try questions.travelTimes(
                from: city.sites[row.from].camera.id, to: city.sites[row.to].camera.id,
                in: Questions.Period(start: start, end: start + .seconds(900)), every: .seconds(900))
            // The question knows no trips: whoever comes within two hours on one journey counts, by way of the shop too.
            var took: [Double] = []
            for passes in byVehicle.values {
                for (place, pass) in passes.enumerated()
                where pass.site == row.from && pass.at / 900_000 * 900_000 == row.bucket {
                    var before = pass
                    for next in passes[(place + 1)...] where next.at - before.at <= 1_800_000 {
                        before = next
                        guard next.site == row.from || next.site == row.to else { continue }
                        if next.site == row.to, next.at - pass.at <= 7_200_000 {
                            took.append(Double(next.at - pass.at) / 1000)
                        }
                        break
                    }
                }
            }
            took.sort()
            #expect(answer.map(\.trips) == [took.count] && took.count >= row.trips)
            let median = (took[(took.count - 1) / 2] + took[took.count / 2]) / 2
            // Times are those of frames, a tenth of a second apart.
            #expect(abs(try #require(answer.first?.medianSeconds) - median) < 0.11)
        }
        let connection = try Connection(address, application: "test")
        func number(_ sql: String) throws -> Int { Int(try connection.query(sql).values[0][0] ?? "") ?? -1 }
        #expect(try number("SELECT count(*) FROM leg") == made.legs.count)
        #expect(try number("SELECT count(*) FROM journey") == made.journeys.count)

        let sites = city.sites.map(\.camera.id.text)
        var pairs: [String: Int] = [:]
        for pair in try questions.allTravelTimes(in: day, least: 1) {
            pairs["\(pair.from.id) \(pair.to.id)"] = pair.trips
        }
        let legs = Dictionary(grouping: made.legs) { "\(sites[$0.from]) \(sites[$0.to])" }.mapValues(\.count)
        #expect(legs.count > 20 && pairs == legs)
        let journeys = try questions.journeys(in: day, every: .seconds(86_400))
        #expect(journeys.map(\.journeys) == [made.journeys.count])
        #expect(journeys.map(\.single) == [made.journeys.count { $0.passes == 1 }])
        #expect(try questions.anomalies(in: day).isEmpty)

        // Speeds rest on the trips that truly drove through, and on no other: who stopped took too long, or was unseen for so
        // long that the journey ended.
        var stopped = 0
        for row in rows {
            let start = EventTime(nanoseconds: row.bucket * 1_000_000)
            let speeds = try questions.speeds(
                from: city.sites[row.from].camera.id, to: city.sites[row.to].camera.id,
                in: Questions.Period(start: start, end: start + .seconds(900)), every: .seconds(900))
            #expect(speeds.map(\.trips) == [row.trips])
            stopped += speeds.first?.stopped ?? 0
        }
        #expect(stopped > 10)
    }

    private func zonesGeoJSON(_ city: SimulatedCity) throws -> String {
        let folder = "/tmp/gantry-city-zones-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder + ".unfinished") }
        var options = CityFolder.Options()
        options.records = false
        var files = try CityFolder(city, path: folder, options: options)
        try files.write(CityWindow(), records: [])
        return try String(contentsOfFile: folder + ".unfinished/zones.geojson", encoding: .utf8)
    }
}
