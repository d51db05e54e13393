internal import Traffic

/// A simulated city's traffic, a quarter of an hour at a time, from the first departure to the last delivery.
///
/// Memory: one day's trips, the routes that are in use, a state for each vehicle, and what is on its way.
public struct CityTraffic {
    public let city: SimulatedCity
    /// Milliseconds since 1970 up to which everything was told.
    public private(set) var time: Int64
    /// Trips so far.
    public private(set) var trips = 0
    /// True passes so far.
    public private(set) var passes = 0
    private var source: any CityTripSource
    private var batch = CityBatch()
    private var nextTrip = 0
    private var isOver = false
    private var isFinished = false
    private var truth: CityTruth
    private var observer: CityObserver
    private var watch: CityWatch
    /// Passes that are yet to happen.
    private var ahead: [CityDue] = []
    /// Passages that are yet to be delivered.
    private var undelivered: [CitySighting] = []

    /// Trips of the city's own model.
    public init(_ city: SimulatedCity) { self.init(city, trips: CityDemand(city)) }

    init(_ city: SimulatedCity, trips source: any CityTripSource) {
        self.city = city
        self.source = source
        truth = CityTruth(city)
        observer = CityObserver(city)
        watch = CityWatch(city)
        let bucket = Int64(city.settings.bucket) * 1000
        time = city.settings.begin - city.settings.begin % bucket
    }

    /// The next window; nil when everything has been told.
    public mutating func next() -> CityWindow? {
        if isFinished { return nil }
        var window = CityWindow()
        time += Int64(city.settings.bucket) * 1000
        depart(before: time, &window)
        truth.tellTravelTimes(before: time, to: &window)
        observe(before: time)
        window.sightings = deliveries(before: time)
        if isOver, nextTrip == batch.trips.count, ahead.isEmpty, undelivered.isEmpty {
            isFinished = true
            truth.finish(&window)
            truth.tellTravelTimes(before: .max, to: &window)
        }
        window.stretches = watch.tell(before: time, isLast: isFinished)
        return window
    }

    /// The origin-destination matrix, by zone, zone and hour; whole after the last window.
    ///
    /// - Returns: Zones as indices, the start of the hour in milliseconds since 1970, and the cell.
    public func matrix() -> [(from: Int, to: Int, hour: Int64, cell: ODCell)] {
        let first = city.settings.begin / 3_600_000
        return truth.matrix.sorted {
            ($0.key.hour, $0.key.from, $0.key.to) < ($1.key.hour, $1.key.from, $1.key.to)
        }.map { (Int($0.key.from), Int($0.key.to), (first + Int64($0.key.hour)) * 3_600_000, $0.value) }
    }

    /// Trips and passages that are in memory: the day's, and what is on its way.
    public var held: Int { batch.trips.count + batch.passes.count + ahead.count + undelivered.count }

    private mutating func depart(before end: Int64, _ window: inout CityWindow) {
        while true {
            while nextTrip < batch.trips.count, batch.trips[nextTrip].departed < end {
                if batch.trips[nextTrip].departed < city.settings.end { depart(batch.trips[nextTrip], &window) }
                nextTrip += 1
            }
            if nextTrip < batch.trips.count || isOver || batch.completeUntil >= end { return }
            // Freed before the next is made: two days in memory would be twice as much.
            batch = CityBatch()
            nextTrip = 0
            if let more = source.next() { batch = more } else { batch.completeUntil = .max }
            isOver = batch.completeUntil == .max
        }
    }

    private mutating func depart(_ trip: CityTrip, _ window: inout CityWindow) {
        let vehicle = CityVehicle(trip.vehicle, city.settings, city.places)
        let told = TripTruth(
            number: trips, vehicle: trip.vehicle, plate: vehicle.plate, kind: vehicle.kind,
            fromZone: city.placeZones[trip.from], toZone: city.placeZones[trip.to], departed: trip.departed,
            arrived: trip.arrived, stopped: trip.stopped,
            passes: batch.passes[trip.passes].map {
                TripTruth.Pass(site: Int($0.site), at: $0.at, stay: Int($0.stay), afterStop: $0.afterStop)
            })
        for (index, pass) in batch.passes[trip.passes].enumerated() {
            ahead.append(
                CityDue(
                    at: pass.at, trip: trips, vehicle: Int32(trip.vehicle), site: pass.site, stay: pass.stay,
                    pass: Int16(index), kind: vehicle.kind))
        }
        trips += 1
        passes += told.passes.count
        truth.add(told, to: &window)
        window.trips.append(told)
    }

    private mutating func observe(before end: Int64) {
        var due: [CityDue] = []
        ahead.removeAll { pass in
            guard pass.at < end else { return false }
            due.append(pass)
            return true
        }
        due.sort { ($0.at, $0.trip, $0.pass) < ($1.at, $1.trip, $1.pass) }
        for pass in due { observer.observe(pass, &undelivered) }
    }

    private mutating func deliveries(before end: Int64) -> [CitySighting] {
        var due: [CitySighting] = []
        undelivered.removeAll { sighting in
            guard sighting.delivered < end else { return false }
            due.append(sighting)
            return true
        }
        // The copy comes last because a record and its repetition share everything else.
        return due.sorted { a, b in
            (a.delivered, a.trip, a.pass, a.copy == .first ? 0 : 1)
                < (b.delivered, b.trip, b.pass, b.copy == .first ? 0 : 1)
        }
    }
}
