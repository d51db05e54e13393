import SimulatedCity
import Testing
import Traffic

@Suite struct CityTruthTests {
    /// Goal: legs and journeys follow from the trips by the words of the README.
    /// Method: made again from all passes of a vehicle at once, not pass by pass.
    @Test(arguments: [CityUnderTest.twoDays, CityUnderTest.morning])
    func `legs and journeys are those of the true passes`(made: Result<CityUnderTest, any Error>) throws {
        let city = try made.get()
        struct Leg: Hashable {
            var vehicle, from, to: Int
            var departed, arrived: Int64
        }
        struct Journey: Hashable {
            var vehicle, from, to, passes: Int
            var departed, arrived: Int64
        }
        var legs: Set<Leg> = [], journeys: Set<Journey> = []
        for (vehicle, trips) in Dictionary(grouping: city.trips, by: \.vehicle) {
            let passes = trips.flatMap(\.passes)
            guard !passes.isEmpty else { continue }
            let cuts = passes.indices.filter { $0 > 0 && passes[$0].at - passes[$0 - 1].at > 1_800_000 }
            for (first, last) in zip([0] + cuts, cuts + [passes.count]) {
                let own = passes[first..<last]
                journeys.insert(
                    Journey(
                        vehicle: vehicle, from: own.first!.site, to: own.last!.site, passes: own.count,
                        departed: own.first!.at, arrived: own.last!.at))
                for (a, b) in zip(own, own.dropFirst()) where a.site != b.site {
                    legs.insert(Leg(vehicle: vehicle, from: a.site, to: b.site, departed: a.at, arrived: b.at))
                }
            }
        }
        #expect(legs.count > 500)
        let told = city.legs.map {
            Leg(vehicle: $0.vehicle, from: $0.from, to: $0.to, departed: $0.departed, arrived: $0.arrived)
        }
        #expect(told.count == legs.count && Set(told) == legs)
        let toldJourneys = city.journeys.map {
            Journey(
                vehicle: $0.vehicle, from: $0.from, to: $0.to, passes: $0.passes, departed: $0.departed,
                arrived: $0.arrived)
        }
        #expect(toldJourneys.count == journeys.count && Set(toldJourneys) == journeys)
        let byNumber = Dictionary(uniqueKeysWithValues: city.journeys.map { ($0.number, $0) })
        #expect(
            city.legs.allSatisfy { leg in
                guard let journey = byNumber[leg.journey] else { return false }
                return journey.vehicle == leg.vehicle && journey.departed <= leg.departed
                    && leg.arrived <= journey.arrived
            })
    }

    @Test(arguments: [CityUnderTest.twoDays, CityUnderTest.morning])
    func `the matrix sums to the trips and to the journeys`(made: Result<CityUnderTest, any Error>) throws {
        let city = try made.get()
        #expect(city.matrix.reduce(0) { $0 + $1.cell.trips } == city.trips.count)
        #expect(city.matrix.reduce(0) { $0 + $1.cell.journeys } == city.journeys.count { $0.passes > 1 })
        for row in city.matrix.prefix(200) {
            let trips = city.trips.count {
                $0.fromZone == row.from && $0.toZone == row.to && $0.departed / 3_600_000 * 3_600_000 == row.hour
            }
            let journeys = city.journeys.count {
                city.city.sites[$0.from].zone == row.from && city.city.sites[$0.to].zone == row.to && $0.passes > 1
                    && $0.departed / 3_600_000 * 3_600_000 == row.hour
            }
            #expect(row.cell.trips == trips && row.cell.journeys == journeys)
        }
    }

    @Test func `travel times are medians of the trips that did not stop`() throws {
        let city = try CityUnderTest.morning.get()
        let rows = city.windows.flatMap(\.travelTimes)
        #expect(rows.count > 100)
        #expect(rows.contains { $0.stopped > 0 })
        for row in rows.prefix(150) {
            var went: [Double] = [], stopped = 0
            for trip in city.trips {
                for (place, pass) in trip.passes.enumerated() where pass.site == row.from {
                    guard pass.at / 900_000 * 900_000 == row.bucket else { continue }
                    let rest = trip.passes[(place + 1)...]
                    guard let next = rest.first(where: { $0.site == row.from || $0.site == row.to }),
                        next.site == row.to
                    else { continue }
                    if next.afterStop == pass.afterStop {
                        went.append(Double(next.at - pass.at) / 1000)
                    } else {
                        stopped += 1
                    }
                }
            }
            went.sort()
            #expect(row.trips == went.count && row.trips >= 5 && row.stopped == stopped)
            let median = (went[(went.count - 1) / 2] + went[went.count / 2]) / 2
            #expect(abs(row.median - median) < 0.001)
        }
    }

    @Test func `mornings are slower than nights`() throws {
        let city = try CityUnderTest.twoDays.get()
        func pace(_ hours: Range<Int64>) -> Double {
            let trips = city.trips.filter { hours.contains(($0.departed / 3_600_000) % 24) && !$0.stopped }
            return trips.reduce(0) { $0 + Double($1.arrived - $1.departed) } / Double(trips.count)
        }
        #expect(pace(7..<9) > 1.15 * pace(20..<24))
    }
}
