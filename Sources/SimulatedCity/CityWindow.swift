public import Traffic

/// What happened in a quarter of an hour: truth as it comes to pass, and what the cameras told of it.
public struct CityWindow: Sendable {
    /// That departed, in the order of departure.
    public var trips: [TripTruth] = []
    /// Of the trips that departed; in their order.
    public var legs: [LegTruth] = []
    /// That are known to be over.
    public var journeys: [JourneyTruth] = []
    /// Of buckets that are over, by bucket, then pair.
    public var travelTimes: [TravelTimeTruth] = []
    /// In the order of delivery.
    public var sightings: [CitySighting] = []
    /// In the order of delivery.
    public var stretches: [CityStretch] = []

    public init() {}

    /// What the cameras told, in the order of delivery; of what comes at once, passages first.
    public var reports: [CameraReport] {
        var reports: [CameraReport] = []
        reports.reserveCapacity(sightings.count + stretches.count)
        var told = stretches[...]
        for sighting in sightings {
            while let stretch = told.first, stretch.delivered < sighting.delivered {
                reports.append(.coverage(told.removeFirst().coverage))
            }
            reports.append(.passage(sighting.passage))
        }
        return reports + told.map { .coverage($0.coverage) }
    }
}

/// A drive from one place to another. Times are milliseconds since 1970, by the true clock.
public struct TripTruth: Sendable, Hashable {
    /// A camera's view that the trip went through, whether or not the camera noticed.
    public struct Pass: Sendable, Hashable {
        /// Index into ``SimulatedCity/sites``.
        public var site: Int
        /// When the vehicle came into view.
        public var at: Int64
        /// How long it stays in view, in milliseconds.
        public var stay: Int
        public var afterStop: Bool
    }
    /// From 0, in the order of departure.
    public var number: Int
    public var vehicle: Int
    public var plate: String
    public var kind: VehicleClass
    /// Indices into ``CityZones/zones``.
    public var fromZone, toZone: Int
    public var departed, arrived: Int64
    /// Whether it stopped on the way, apart from traffic lights.
    public var stopped: Bool
    public var passes: [Pass]
}

/// Two successive true passes of one journey at two cameras.
public struct LegTruth: Sendable, Hashable {
    public var vehicle: Int
    public var plate: String
    /// Indices into ``SimulatedCity/sites``.
    public var from, to: Int
    public var departed, arrived: Int64
    /// ``JourneyTruth/number``
    public var journey: Int
}

/// Successive true passes of one vehicle with no gap longer than allowed; one alone is a journey too.
public struct JourneyTruth: Sendable, Hashable {
    public var number: Int
    public var vehicle: Int
    public var plate: String
    /// First and last camera: indices into ``SimulatedCity/sites``.
    public var from, to: Int
    /// The first pass and the last.
    public var departed, arrived: Int64
    public var passes: Int
}

/// How long trips took from one camera to another.
public struct TravelTimeTruth: Sendable, Hashable {
    public var from, to: Int
    /// The bucket of the pass at the first camera: its start, in milliseconds since 1970.
    public var bucket: Int64
    /// Trips without a stop between the two.
    public var trips: Int
    /// Seconds, of those trips.
    public var median: Double
    /// Trips that stopped between the two.
    public var stopped: Int
}

/// A cell of the origin-destination matrix. Journeys of one pass are not counted.
public struct ODCell: Sendable, Hashable {
    /// Trips by their places and departure, and journeys by their first and last camera and first pass.
    public var trips = 0, journeys = 0
}

/// A stretch in which a camera was watched, as the tracker would tell it.
public struct CityStretch: Sendable, Hashable {
    public var coverage: Coverage
    /// Milliseconds since 1970, by the true clock.
    public var delivered: Int64
}

/// A passage as the tracker would send it, with what only the simulation knows.
public struct CitySighting: Sendable {
    public enum Fault: String, Sendable, CaseIterable {
        case none, misread, unread
    }
    /// Whether it is told twice.
    public enum Copy: String, Sendable, CaseIterable {
        case first
        /// The tracker lost the vehicle and found it again: a second passage with an id of its own.
        case torn
        /// The same record once more, as at-least-once delivery may do.
        case repeated
    }
    public var passage: Passage
    /// Milliseconds since 1970, by the true clock.
    public var delivered: Int64
    /// ``TripTruth/number``, and the index of the pass in it.
    public var trip, pass: Int
    public var fault: Fault
    public var copy: Copy
}
