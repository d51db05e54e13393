import SimulatedCity
import Testing
import Traffic

@Suite struct CityTrafficTests {
    @Test func `trips are told once, in order of departure, within the period`() throws {
        let city = try CityUnderTest.twoDays.get()
        let trips = city.trips
        #expect(trips.map(\.number) == Array(trips.indices) && trips.count > 2000)
        #expect(zip(trips, trips.dropFirst()).allSatisfy { $0.departed <= $1.departed })
        let begin = city.city.settings.start.nanoseconds / 1_000_000
        #expect(trips.allSatisfy { $0.departed >= begin && $0.departed < begin + 2 * 86_400_000 })
        let morning = trips.count { ($0.departed / 3_600_000) % 24 == 7 }
        let night = trips.count { ($0.departed / 3_600_000) % 24 == 3 }
        #expect(morning > 10 * night)
    }

    @Test(arguments: [CityUnderTest.twoDays, CityUnderTest.morning])
    func `a vehicle is in one place at a time`(made: Result<CityUnderTest, any Error>) throws {
        let trips = try made.get().trips
        for (_, own) in Dictionary(grouping: trips, by: \.vehicle) {
            #expect(zip(own, own.dropFirst()).allSatisfy { $0.arrived < $1.departed })
        }
        for trip in trips {
            let times = [trip.departed] + trip.passes.map(\.at) + [trip.arrived]
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
            #expect(trip.departed < trip.arrived)
        }
    }

    /// Goal: no vehicle is faster than roads and drivers allow.
    /// Method: the quickest way between two cameras on a free road, by an algorithm of this test's own.
    @Test func `travel times are physically possible, and not absurdly slow`() throws {
        let city = try CityUnderTest.faultless.get()
        let network = city.city.network
        func seconds(_ edge: Int) -> Double {
            network.edges[edge].length / network.edges[edge].road.speed / CityNetwork.fastest
        }
        var quickest: [Int: [Double]] = [:]
        /// From a node to all others: Bellman and Ford's, which needs no heap.
        func times(from node: Int) -> [Double] {
            if let known = quickest[node] { return known }
            var times = Array(repeating: Double.infinity, count: network.nodes.count)
            times[node] = 0
            var changed = true
            while changed {
                changed = false
                for (index, edge) in network.edges.enumerated() where times[edge.from] + seconds(index) < times[edge.to]
                {
                    times[edge.to] = times[edge.from] + seconds(index)
                    changed = true
                }
            }
            quickest[node] = times
            return times
        }
        var checked = 0, slow = 0
        for trip in city.trips {
            for (first, second) in zip(trip.passes, trip.passes.dropFirst()) where first.site != second.site {
                let (a, b) = (city.city.sites[first.site], city.city.sites[second.site])
                let least =
                    seconds(a.edge) * (1 - a.along) + times(from: network.edges[a.edge].to)[network.edges[b.edge].from]
                    + seconds(b.edge) * b.along
                let took = Double(second.at - first.at) / 1000
                // Times are rounded to milliseconds.
                #expect(took >= least - 0.002)
                if first.afterStop == second.afterStop, took > 5 * least + 120 { slow += 1 }
                checked += 1
            }
        }
        #expect(checked > 2000)
        #expect(Double(slow) < 0.01 * Double(checked))
    }

    @Test func `stops make travel times longer, and only for those who stop`() throws {
        let trips = try CityUnderTest.morning.get().trips
        #expect(
            trips.contains { $0.stopped } && trips.allSatisfy { $0.stopped || !$0.passes.contains(where: \.afterStop) })
        for trip in trips where trip.stopped {
            // At least two minutes, between the pass before and the pass after.
            for (first, second) in zip(trip.passes, trip.passes.dropFirst()) where first.afterStop != second.afterStop {
                #expect(second.afterStop && second.at - first.at >= 120_000)
            }
        }
    }

    @Test func `what is held in memory does not grow with the length of the period`() throws {
        func most(days: Int) throws -> Int {
            var traffic = CityTraffic(
                try SimulatedCity(CitySettings(cameras: 40, vehicles: 1500, seconds: days * 86_400)))
            var most = 0
            while traffic.next() != nil { most = max(most, traffic.held) }
            return most
        }
        let (one, four) = (try most(days: 1), try most(days: 4))
        #expect(one > 1000)
        #expect(Double(four) < 1.2 * Double(one))
    }

    @Test func `a city of ordinary size has the traffic that its README promises`() throws {
        let city = try CityUnderTest.twoDays.get()
        let perVehicleAndDay = Double(city.trips.count) / 1500 / 2
        #expect((1.5...3).contains(perVehicleAndDay))
        // Two cars in five stay where they are on a day.
        let firstDay = Set(city.trips.filter { $0.departed < city.trips[0].departed + 86_400_000 }.map(\.vehicle))
        #expect((0.5...0.75).contains(Double(firstDay.count) / 1500))
    }
}
