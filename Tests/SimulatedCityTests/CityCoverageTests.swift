import Custody
import Fixtures
import Foundation
import PostGIS
import SimulatedCity
import Testing
import Traffic

/// Goal: what the database says of coverage is the truth about outages.
@Suite(.serialized, .timeLimit(.minutes(4))) struct CityCoverageTests {
    private let settings: CitySettings
    private let made: CityUnderTest

    init() throws {
        var settings = CitySettings(cameras: 12, vehicles: 3000, seconds: 3 * 3600)
        settings.faults.outages = 12
        self.settings = settings
        made = try CityUnderTest(settings)
    }

    private var begin: Int64 { settings.start.nanoseconds / 1_000_000 }

    @Test func `stretches leave out the outages alone, and every frame of a passage lies in one`() throws {
        let stretches = Dictionary(grouping: made.windows.flatMap(\.stretches).map(\.coverage), by: \.camera)
        #expect(made.city.outages.count == 12)
        for (index, site) in made.city.sites.enumerated() {
            let told = try #require(stretches[site.camera.id])
            #expect(told.allSatisfy { $0.isInOneMinute && $0.frames >= 1 })
            let holes = zip(told, told.dropFirst()).filter { $0.end != $1.start }
            let outages = made.city.outages.filter { $0.site == index }
            #expect(holes.count == outages.count, "\(site.camera.id)")
            for (hole, outage) in zip(holes, outages) {
                let skew = Int64(site.skew)
                let (from, to) = (
                    hole.0.end.nanoseconds / 1_000_000 - skew, hole.1.start.nanoseconds / 1_000_000 - skew
                )
                // The last frame before it, at ten a second, and the first one after it.
                #expect((outage.from - 100..<outage.from).contains(from) && to == outage.to, "\(site.camera.id)")
                #expect(hole.0.epoch != hole.1.epoch)
            }
            let seconds = Double(told.reduce(0) { $0 + $1.frames }) / 10
            let length = told.reduce(0.0) { $0 + ($1.end - $1.start).inSeconds }
            #expect(abs(seconds - length) < 0.2 * Double(1 + outages.count), "\(site.camera.id)")
        }
        for passage in made.sightings.map(\.passage) {
            let held = stretches[passage.camera]?.contains {
                $0.epoch == passage.epoch && $0.start <= passage.firstSeen && passage.firstSeen <= $0.end
            }
            #expect(held == true, "\(passage.camera) at \(passage.firstSeen.rfc3339)")
        }
        let reports = made.windows.flatMap(\.reports)
        #expect(reports.compactMap(\.passage) == made.sightings.map(\.passage))
        #expect(reports.compactMap(\.coverage) == made.windows.flatMap(\.stretches).map(\.coverage))
    }

    /// Method: the city as its cameras told it, faults and clocks included, into a real PostGIS; each minute of each
    /// camera compared with the outages.
    @Test func `coverage is the truth to the minute`() throws {
        let city = made.city
        let address = try Postgres.shared().makeDatabase()
        _ = try Migrator(folder: "\(Postgres.root)/schemas/sql").migrate(address)
        try AuditLog(database: address).setMinimumVehicles(1)
        let keys = "/tmp/gantry-city-keys-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: keys) }
        let vault = Vault(keys: try KeyStore(folder: keys, create: true))
        let sink = try Sink(database: address, protection: vault, options: Sink.Options())
        try sink.register(city.sites.map(\.camera))
        for window in made.windows { #expect(try sink.write(reports: window.reports).rejected.isEmpty) }

        let questions = try Questions(database: address)
        // Cameras whose clocks are late are watched from a little later on.
        let (from, minutes) = (begin + 60_000, 175)
        let period = Questions.Period(
            start: EventTime(nanoseconds: from * 1_000_000),
            end: EventTime(nanoseconds: (from + Int64(minutes) * 60_000) * 1_000_000))
        let parts = try questions.coverage(camera: nil, in: period, every: .seconds(60))
        #expect(parts.count == city.sites.count * minutes && parts.allSatisfy(\.isRecorded))
        var dark = 0
        for part in parts {
            let index = try #require(city.sites.firstIndex { $0.camera.id == part.camera.id })
            let start = part.bucket.time.nanoseconds / 1_000_000
            let missing = city.outages.filter { $0.site == index }.reduce(Int64(0)) { missing, outage in
                let skew = Int64(city.sites[index].skew)
                return missing + max(0, min(start + 60_000, outage.to + skew) - max(start, outage.from + skew))
            }
            // A frame is a tenth of a second.
            #expect(
                abs(part.covered - (1 - Double(missing) / 60_000)) <= 0.1001 / 60,
                "\(part.camera.id) at \(part.bucket.local): \(part.covered), \(missing) ms are missing")
            #expect((part.gaps == 0) == (part.covered == 1), "\(part.camera.id) at \(part.bucket.local)")
            if missing == 60_000 { dark += 1 }
        }
        #expect(dark > 60)
        let flows = try questions.flows(camera: nil, in: period, every: .seconds(60))
        let lit = parts.filter { $0.covered > 0 }
        #expect(flows.map(\.camera.id) == lit.map(\.camera.id) && flows.map(\.bucket) == lit.map(\.bucket))
        #expect(flows.map(\.covered) == lit.map { Optional($0.covered) })
        #expect(flows.contains { $0.passages == 0 } && flows.contains { ($0.passages ?? 0) > 0 })
    }
}
