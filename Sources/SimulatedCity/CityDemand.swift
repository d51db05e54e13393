/// The trips of a day after another, each driven along its route with the delays of the hour.
///
/// A vehicle's trips don't overlap: the next begins after the one before has arrived. Memory: one day's trips.
struct CityDemand: CityTripSource {
    let city: SimulatedCity
    let clock: CityClock
    var routes: CityRoutes
    var batch = CityBatch()
    private var day = 0
    /// Of each vehicle, seconds since midnight of day 0 from which it is free.
    private var freeFrom: [Float]

    init(_ city: SimulatedCity) {
        self.city = city
        clock = CityClock(city.settings)
        routes = CityRoutes(city.network, places: city.places.nodes.count, seed: city.settings.seed)
        freeFrom = Array(repeating: 0, count: city.settings.vehicles)
    }

    mutating func next() -> CityBatch? {
        let settings = city.settings
        guard settings.midnight + Int64(day) * 86_400_000 < settings.end else { return nil }
        for number in 0..<settings.vehicles {
            let vehicle = CityVehicle(number, settings, city.places)
            var random = CityRandom(settings.seed, .tours, number, day)
            plan(vehicle, &random)
        }
        day += 1
        let complete = settings.midnight + Int64(day) * 86_400_000
        let order = batch.trips.indices.sorted {
            (batch.trips[$0].departed, batch.trips[$0].vehicle) < (batch.trips[$1].departed, batch.trips[$1].vehicle)
        }
        let last = order.partitioningIndex { batch.trips[$0].departed >= complete }
        var done = CityBatch(), rest = CityBatch()
        done.completeUntil = complete
        done.trips.reserveCapacity(last)
        done.passes.reserveCapacity(batch.passes.count)
        for index in order[..<last] where batch.trips[index].departed >= settings.begin { done.take(index, of: batch) }
        for index in order[last...] { rest.take(index, of: batch) }
        batch = rest
        return done
    }

    /// One vehicle's day.
    private mutating func plan(_ vehicle: CityVehicle, _ random: inout CityRandom) {
        let weekend = clock.isWeekend(day: day)
        switch vehicle.use {
        case .worker, .errands:
            // Two cars in five are not moved on a day.
            guard random.chance(0.6) else { return }
            let works = vehicle.use == .worker && !weekend && random.chance(0.85)
            if works { work(vehicle, &random) }
            let tours = works ? (random.chance(0.25) ? 1 : 0) : random.chance(0.4) ? 2 : 1
            for _ in 0..<tours { errands(vehicle, weekend: weekend, evening: vehicle.use == .worker, &random) }
        case .deliveries:
            guard random.chance(weekend ? 0.25 : 0.8) else { return }
            var time = random.double(5.5...9) * 3600
            var here = vehicle.home
            for _ in 0..<4 + random.index(6) {
                let next = city.places.choose(city.places.shops, from: here, &random)
                time = drive(vehicle, from: here, to: next, at: time, &random) + random.double(300...2400)
                here = next
            }
            if here != vehicle.home { _ = drive(vehicle, from: here, to: vehicle.home, at: time, &random) }
        case .line:
            var time = random.double(5...7) * 3600
            var ends = (vehicle.home, vehicle.work)
            while time < 22 * 3600 {
                time = drive(vehicle, from: ends.0, to: ends.1, at: time, &random) + random.double(300...900)
                ends = (ends.1, ends.0)
            }
        case .through:
            guard random.chance(0.35) else { return }
            let time = popularTime(weekend: weekend, &random)
            let arrived = drive(vehicle, from: vehicle.home, to: vehicle.work, at: time, &random)
            guard random.chance(0.4) else { return }
            let back = arrived + random.double(0.5...8) * 3600
            if back < 24 * 3600 { _ = drive(vehicle, from: vehicle.work, to: vehicle.home, at: back, &random) }
        }
    }

    /// To work and home again, with a shop on the way back for some.
    private mutating func work(_ vehicle: CityVehicle, _ random: inout CityRandom) {
        let leave = (7.6 + 0.75 * random.normal()) * 3600
        var time = drive(vehicle, from: vehicle.home, to: vehicle.work, at: leave, &random)
        if random.chance(0.08) {
            let lunch = city.places.choose(city.places.shops, from: vehicle.work, &random)
            let noon = max(time + 1800, (12.2 + 0.4 * random.normal()) * 3600)
            time = drive(vehicle, from: vehicle.work, to: lunch, at: noon, &random) + random.double(1200...3000)
            time = drive(vehicle, from: lunch, to: vehicle.work, at: time, &random)
        }
        time = max(time + 3600, leave + (8.9 + 0.8 * random.normal()) * 3600)
        var here = vehicle.work
        if random.chance(0.25) {
            let shop = city.places.choose(city.places.shops, from: here, &random)
            time = drive(vehicle, from: here, to: shop, at: time, &random) + random.double(600...3600)
            here = shop
        }
        if here != vehicle.home { _ = drive(vehicle, from: here, to: vehicle.home, at: time, &random) }
    }

    /// From home to one or two places and back.
    private mutating func errands(
        _ vehicle: CityVehicle, weekend: Bool, evening: Bool, _ random: inout CityRandom
    ) {
        var time =
            evening && !weekend
            ? (19 + 0.8 * random.normal()) * 3600 : popularTime(weekend: weekend, &random)
        var here = vehicle.home
        for _ in 0..<(random.chance(0.3) ? 2 : 1) {
            let next = city.places.choose(city.places.shops, from: here, &random)
            time = drive(vehicle, from: here, to: next, at: time, &random) + random.double(300...7200)
            here = next
        }
        if here != vehicle.home { _ = drive(vehicle, from: here, to: vehicle.home, at: time, &random) }
    }

    /// Seconds of the day at which people who may choose set out: nine in ten between 7 and 21.
    private func popularTime(weekend: Bool, _ random: inout CityRandom) -> Double {
        if random.chance(0.1) { return random.double(0...24) * 3600 }
        let early = weekend ? 11.5 : 10.0, late = weekend ? 16.0 : 17.0
        return ((random.chance(0.45) ? early : late) + 1.4 * random.normal()) * 3600
    }

    /// - Parameter at: Seconds of the day; later if the vehicle is still under way.
    /// - Returns: Seconds of the day of the arrival.
    private mutating func drive(
        _ vehicle: CityVehicle, from: Int, to: Int, at time: Double, _ random: inout CityRandom
    ) -> Double {
        let midnight = Double(day) * 86_400
        // Whole seconds, a minute after the last arrival.
        let start = max(midnight + max(0, time), Double(freeFrom[vehicle.number]) + 60).rounded(.up)
        let end = travel(vehicle, from: from, to: to, at: start, &random)
        // A Float is exact to a quarter of a second in a month; rounded up.
        freeFrom[vehicle.number] = Float(end).nextUp
        return end - midnight
    }
}

extension CityBatch {
    /// Adds a trip of another batch with its passes.
    mutating func take(_ index: Int, of other: CityBatch) {
        var trip = other.trips[index]
        let first = passes.count
        passes += other.passes[trip.passes]
        trip.passes = first..<passes.count
        trips.append(trip)
    }
}

extension Array {
    /// The first index whose element satisfies the condition, where all after it do too.
    func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var low = 0, high = count
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
