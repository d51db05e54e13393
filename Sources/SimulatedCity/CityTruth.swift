/// Keeps what is needed to tell legs, journeys, the origin-destination matrix and travel times from true trips.
struct CityTruth {
    private struct Open {
        var number = -1
        var first: Int64 = 0, last: Int64 = 0
        /// -1 before the vehicle's first pass.
        var from: Int32 = -1, to: Int32 = -1
        var passes: Int32 = 0
    }
    struct ODKey: Hashable {
        var from, to: UInt16
        /// Since the hour in which the first trip may begin.
        var hour: UInt32
    }
    private struct Sample {
        var pair: UInt32
        /// Negative for trips that stopped between the two.
        var seconds: Float
    }

    let city: SimulatedCity
    /// Of each vehicle.
    private var open: [Open]
    private var journeys = 0
    private(set) var matrix: [ODKey: ODCell] = [:]
    private var samples: [Int64: [Sample]] = [:]
    private let firstHour: Int64

    init(_ city: SimulatedCity) {
        self.city = city
        open = Array(repeating: Open(), count: city.settings.vehicles)
        firstHour = city.settings.begin / 3_600_000
    }

    /// - Parameter trip: Trips of one vehicle come in their order.
    mutating func add(_ trip: TripTruth, to window: inout CityWindow) {
        matrix[key(trip.fromZone, trip.toZone, trip.departed), default: ODCell()].trips += 1
        for pass in trip.passes { add(pass, of: trip, to: &window) }
        sample(trip.passes)
    }

    private mutating func add(_ pass: TripTruth.Pass, of trip: TripTruth, to window: inout CityWindow) {
        var state = open[trip.vehicle]
        if state.to >= 0, pass.at - state.last <= Int64(city.settings.journeyGap) * 1000 {
            if Int(state.to) != pass.site {
                window.legs.append(
                    LegTruth(
                        vehicle: trip.vehicle, plate: trip.plate, from: Int(state.to), to: pass.site,
                        departed: state.last, arrived: pass.at, journey: state.number))
            }
            (state.last, state.to) = (pass.at, Int32(pass.site))
            state.passes += 1
        } else {
            close(state, trip.vehicle, trip.plate, &window)
            let site = Int32(pass.site)
            state = Open(number: journeys, first: pass.at, last: pass.at, from: site, to: site, passes: 1)
            journeys += 1
        }
        open[trip.vehicle] = state
    }

    private mutating func close(_ state: Open, _ vehicle: Int, _ plate: String, _ window: inout CityWindow) {
        guard state.passes > 0 else { return }
        let (from, to) = (Int(state.from), Int(state.to))
        window.journeys.append(
            JourneyTruth(
                number: state.number, vehicle: vehicle, plate: plate, from: from, to: to, departed: state.first,
                arrived: state.last, passes: Int(state.passes)))
        guard state.passes > 1 else { return }
        matrix[key(city.sites[from].zone, city.sites[to].zone, state.first), default: ODCell()].journeys += 1
    }

    /// Closes the journeys that are still open; call it once, after the last trip.
    mutating func finish(_ window: inout CityWindow) {
        for vehicle in open.indices {
            close(open[vehicle], vehicle, CityPlate.text(vehicle, seed: city.settings.seed), &window)
        }
        open = []
    }

    private func key(_ from: Int, _ to: Int, _ at: Int64) -> ODKey {
        ODKey(from: UInt16(from), to: UInt16(to), hour: UInt32(at / 3_600_000 - firstHour))
    }

    /// Every pair of cameras of one trip. Of several passes at the first the last before the second counts, as in
    /// `movement.travel_times`.
    private mutating func sample(_ passes: [TripTruth.Pass]) {
        for (index, first) in passes.enumerated() {
            let bucket = first.at - first.at % (Int64(city.settings.bucket) * 1000)
            for second in passes[(index + 1)...].indices {
                let pass = passes[second]
                if pass.site == first.site { break }
                if passes[(index + 1)..<second].contains(where: { $0.site == pass.site }) { continue }
                let seconds = Float(pass.at - first.at) / 1000
                samples[bucket, default: []].append(
                    Sample(
                        pair: UInt32(first.site) << 16 | UInt32(pass.site),
                        seconds: pass.afterStop == first.afterStop ? seconds : -seconds))
            }
        }
    }

    /// Tells the travel times of the buckets that nothing more can come to.
    ///
    /// - Parameter complete: Milliseconds since 1970 before which all trips are known.
    mutating func tellTravelTimes(before complete: Int64, to window: inout CityWindow) {
        let length = Int64(city.settings.bucket) * 1000
        for bucket in samples.keys.sorted() where bucket + length <= complete {
            let all = samples.removeValue(forKey: bucket)!.sorted { ($0.pair, $0.seconds) < ($1.pair, $1.seconds) }
            var first = 0
            while first < all.count {
                let pair = all[first].pair
                var last = first, stopped = 0
                while last < all.count, all[last].pair == pair {
                    if all[last].seconds < 0 { stopped += 1 }
                    last += 1
                }
                let kept = all[(first + stopped)..<last]
                if kept.count >= city.settings.leastTrips {
                    let low = kept[kept.startIndex + (kept.count - 1) / 2].seconds
                    let high = kept[kept.startIndex + kept.count / 2].seconds
                    window.travelTimes.append(
                        TravelTimeTruth(
                            from: Int(pair >> 16), to: Int(pair & 0xffff), bucket: bucket, trips: kept.count,
                            median: Double(low + high) / 2, stopped: stopped))
                }
                first = last
            }
        }
    }
}
