import Custody
import Fixtures
import Foundation
import GantryTesting
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
        let passages = made.sightings.map { sighting in
            var passage = sighting.passage
            passage.plate?.accepted = true
            return passage
        }
        let address = try stored(passages, of: city)

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
        // They rest on the trips that truly drove through, and on no other: who stopped took too long, or was unseen for so
        // long that the journey ended.
        var stopped = 0
        for row in rows {
            let start = EventTime(nanoseconds: row.bucket * 1_000_000)
            let (from, to) = (city.sites[row.from].camera.id, city.sites[row.to].camera.id)
            let quarter = Questions.Period(start: start, end: start + .seconds(900))
            let times = try questions.travelTimes(from: from, to: to, in: quarter, every: .seconds(900))
            #expect(times.map(\.trips) == [row.trips])
            // Times are those of frames, a tenth of a second apart.
            #expect(abs(try #require(times.first?.medianSeconds) - row.median) < 0.11)
            let speeds = try questions.speeds(from: from, to: to, in: quarter, every: .seconds(900))
            #expect(speeds.map(\.trips) == [row.trips] && speeds.map(\.stopped) == times.map(\.stopped))
            stopped += times.first?.stopped ?? 0
        }
        #expect(stopped > 10)
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
    }

    /// Goal: what cameras missed and misread is found out from the passages alone, and taken back.
    /// Method: a morning in which a twentieth of the passes is missed, a thirtieth of the reads is wrong, and two cameras
    /// are worse; shares and numbers against the truth, which the database has never seen.
    @Test func `what a camera captures is estimated, and origins and destinations are corrected by it`() throws {
        var settings = CitySettings(cameras: 150, vehicles: 60_000, seconds: 8 * 3600)
        (settings.faults.miss, settings.faults.misread, settings.faults.unread) = (0.05, 0.03, 0)
        let made = try CityUnderTest(settings)
        let city = made.city
        var passes: [Int: Int] = [:]
        for pass in made.trips.flatMap(\.passes) { passes[pass.site, default: 0] += 1 }
        let busiest = passes.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.map(\.key)
        let dirty = Set(busiest[4...5].map { city.sites[$0].camera.id })
        var random = SeededGenerator(seed: 4)
        let passages = made.sightings.map(\.passage).filter { !dirty.contains($0.camera) || random.chance(0.7) }
        let address = try stored(passages, of: city)

        let questions = try Questions(database: address)
        let day = Questions.Period(start: settings.start, end: settings.start + .seconds(86_400))
        let rates = Dictionary(
            uniqueKeysWithValues: try questions.captureRates(in: day).map { ($0.camera.id, $0) })
        let connection = try Connection(address, application: "test")
        var entered: [String: Double] = [:]
        let counted = try connection.query(
            """
            SELECT c.name, count(*) FROM camera c
                JOIN (SELECT to_camera AS id FROM leg UNION ALL SELECT from_camera FROM journey) AS seen USING (id) GROUP BY 1
            """)
        for row in counted.values { entered[row[0] ?? ""] = Double(row[1] ?? "") }
        var worst = 0.0
        for site in busiest.prefix(20) {
            let id = city.sites[site].camera.id
            let rate = try #require(rates[id])
            let truth = try #require(entered[id.text]) / Double(passes[site]!)
            worst = max(worst, abs(try #require(rate.captured) - truth))
            #expect((truth < 0.75) == dirty.contains(id))
        }
        // A camera is drawn towards the others as if 100 vehicles had said so.
        #expect(worst < 0.08)

        var told: [String: Int] = [:]
        for row in made.matrix {
            told["\(city.zones.names[row.from]) \(city.zones.names[row.to])", default: 0] += row.cell.journeys
        }
        let zones = try zonesGeoJSON(city)
        let cells = try questions.odMatrix(zones: zones, in: day, every: .seconds(86_400), corrected: true)
        var before: [Double] = [], after: [Double] = []
        for cell in cells {
            guard let truth = told["\(cell.origin) \(cell.destination)"], truth > 100 else { continue }
            before.append(abs(Double(try #require(cell.journeys) - truth) / Double(truth)))
            after.append(abs(Double(try #require(cell.estimated) - truth) / Double(truth)))
        }
        (before, after) = (before.sorted(), after.sorted())
        #expect(after.count > 10 && before[before.count / 2] > 0.05 && after[after.count / 2] < 0.04)
        let uncorrected = try questions.odMatrix(zones: zones, in: day, every: .seconds(86_400))
        #expect(uncorrected.map(\.journeys) == cells.map(\.journeys) && uncorrected.allSatisfy { $0.estimated == nil })
    }

    /// - Returns: The address of a database of its own with these passages, their journeys and legs, and k = 1.
    private func stored(_ passages: [Passage], of city: SimulatedCity) throws -> String {
        let address = try Postgres.shared().makeDatabase()
        _ = try Migrator(folder: "\(Postgres.root)/schemas/sql").migrate(address)
        try AuditLog(database: address).setMinimumVehicles(1)
        let keys = "/tmp/gantry-city-keys-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: keys) }
        let vault = Vault(keys: try KeyStore(folder: keys, create: true))
        let sink = try Sink(database: address, protection: vault, options: Sink.Options())
        try sink.register(city.sites.map(\.camera))
        for first in stride(from: 0, to: passages.count, by: 2000) {
            let part = Array(passages[first..<min(first + 2000, passages.count)])
            #expect(try sink.write(part, reaching: []).rejected.isEmpty)
        }
        try LegKeeper(database: address).finish()
        return address
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
