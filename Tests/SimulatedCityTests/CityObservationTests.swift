import SimulatedCity
import Testing
import Topics
import Traffic
import Wire

@Suite struct CityObservationTests {
    private struct PassKey: Hashable {
        var trip, pass: Int
    }

    @Test func `every passage belongs to one true pass, or is a second of one`() throws {
        let city = try CityUnderTest.morning.get()
        let trips = city.trips, skews = city.city.sites.map(\.skew)
        var first: [PassKey: Passage] = [:]
        for sighting in city.sightings where sighting.copy == .first {
            let pass = trips[sighting.trip].passes[sighting.pass]
            #expect(
                first.updateValue(sighting.passage, forKey: PassKey(trip: sighting.trip, pass: sighting.pass)) == nil)
            #expect(sighting.passage.camera == city.city.sites[pass.site].camera.id)
            #expect(sighting.passage.kind == trips[sighting.trip].kind)
            // By the camera's clock, up to a frame later.
            let seen = sighting.passage.firstSeen.nanoseconds / 1_000_000 - Int64(skews[pass.site])
            #expect((pass.at..<pass.at + 100).contains(seen))
        }
        for sighting in city.sightings where sighting.copy != .first {
            let before = try #require(first[PassKey(trip: sighting.trip, pass: sighting.pass)])
            switch sighting.copy {
            case .first: break
            case .repeated: #expect(sighting.passage == before)
            case .torn:
                #expect(sighting.passage.id != before.id && sighting.passage.plate?.text == before.plate?.text)
                #expect(sighting.passage.firstFrame > before.lastFrame)
            }
        }
        let own = city.sightings.filter { $0.copy != .repeated }
        #expect(Set(own.map(\.passage.id)).count == own.count)
    }

    @Test func `faults are as frequent as asked`() throws {
        let city = try CityUnderTest.morning.get()
        let first = city.sightings.filter { $0.copy == .first }
        let possible = city.trips.reduce(0) { sum, trip in sum + trip.passes.count { !isOut($0, city.city) } }
        #expect(possible > 10_000)
        #expect(isPlausible(possible - first.count, of: possible, share: 0.05))
        let unread = first.count { $0.fault == .unread }
        #expect(isPlausible(unread, of: first.count, share: 0.05))
        #expect(isPlausible(first.count { $0.fault == .misread }, of: first.count - unread, share: 0.03))
        let twice = city.sightings.count - first.count
        #expect(isPlausible(twice, of: first.count, share: 0.01))
        let late = first.count { $0.delivered - trueEnd($0, city.city) >= 30_000 }
        #expect(isPlausible(late, of: first.count, share: 0.01))
    }

    @Test func `a text is the plate, or differs from it in one character`() throws {
        let city = try CityUnderTest.morning.get()
        let trips = city.trips
        for sighting in city.sightings {
            let plate = Array(trips[sighting.trip].plate)
            let text = sighting.passage.plate.map { Array($0.text.text) }
            switch sighting.fault {
            case .none: #expect(text == plate)
            case .misread:
                let read = try #require(text)
                #expect(read.count == plate.count && zip(read, plate).count { $0 != $1 } == 1)
            case .unread: #expect(text == nil && sighting.passage.notRead != nil)
            }
            if let voted = sighting.passage.plate {
                #expect(voted.accepted == (voted.confidence >= 0.8))
                #expect((voted.accepted ? nil : .lowConfidence) == sighting.passage.notRead)
                #expect(1...voted.reads ~= voted.votes && voted.reads <= sighting.passage.frames)
            }
        }
    }

    @Test func `without faults every pass is one passage with its plate, at its time`() throws {
        let city = try CityUnderTest.faultless.get()
        let trips = city.trips
        #expect(city.sightings.count == trips.reduce(0) { $0 + $1.passes.count })
        for sighting in city.sightings {
            let trip = trips[sighting.trip]
            #expect(sighting.passage.plate?.text.text == trip.plate && sighting.copy == .first)
            let seen = sighting.passage.firstSeen.nanoseconds / 1_000_000
            #expect((0..<100).contains(seen - trip.passes[sighting.pass].at))
        }
    }

    @Test func `outages have no passages, and end with a new epoch`() throws {
        let city = try CityUnderTest.morning.get()
        #expect(city.city.outages.count == 12)
        let bySite = Dictionary(grouping: city.sightings) { $0.passage.camera }
        var lost = 0
        for outage in city.city.outages {
            let site = city.city.sites[outage.site]
            lost += city.trips.reduce(0) { sum, trip in
                sum + trip.passes.count { $0.site == outage.site && (outage.from..<outage.to).contains($0.at) }
            }
            for sighting in bySite[site.camera.id] ?? [] {
                let begin = sighting.passage.firstSeen.nanoseconds / 1_000_000 - Int64(site.skew)
                let end = trueEnd(sighting, city.city)
                #expect(end < outage.from || begin >= outage.to)
            }
            let before = (bySite[site.camera.id] ?? []).filter { trueEnd($0, city.city) < outage.from }
            let after = (bySite[site.camera.id] ?? []).filter { trueEnd($0, city.city) >= outage.to }
            #expect(Set(before.map(\.passage.epoch)).isDisjoint(with: after.map(\.passage.epoch)))
        }
        #expect(lost > 50)
    }

    @Test func `passages come in the order of delivery, after they end, and survive the wire`() throws {
        let city = try CityUnderTest.morning.get()
        let sightings = city.sightings
        #expect(zip(sightings, sightings.dropFirst()).allSatisfy { $0.delivered <= $1.delivered })
        #expect(sightings.allSatisfy { $0.delivered - trueEnd($0, city.city) >= 1200 })
        // Out of the order of their times: that is what late ones are for.
        let times = sightings.filter { $0.passage.camera == sightings[0].passage.camera }.map(\.passage.lastSeen)
        #expect(times != times.sorted())
        for sighting in sightings.prefix(500) {
            #expect(try Passage(record: Record(passage: sighting.passage)) == sighting.passage)
            #expect(sighting.passage.best.crop == nil)
            let best = sighting.passage.best.frame
            #expect(sighting.passage.firstFrame...sighting.passage.lastFrame ~= best)
            #expect(1...(sighting.passage.lastFrame - sighting.passage.firstFrame + 1) ~= sighting.passage.frames)
        }
    }

    /// Whether the camera saw nothing when the vehicle passed, or stopped seeing while it was in view.
    private func isOut(_ pass: TripTruth.Pass, _ city: SimulatedCity) -> Bool {
        city.outages.contains { $0.site == pass.site && $0.from <= pass.at + Int64(pass.stay) && pass.at < $0.to }
    }

    /// When the last frame was taken, by the true clock.
    private func trueEnd(_ sighting: CitySighting, _ city: SimulatedCity) -> Int64 {
        let site = city.sites.first { $0.camera.id == sighting.passage.camera }!
        return sighting.passage.lastSeen.nanoseconds / 1_000_000 - Int64(site.skew)
    }
}
