/// A drive from one place to another.
struct CityTrip: Sendable {
    var vehicle: Int
    /// Indices of places.
    var from, to: Int
    /// Milliseconds since 1970.
    var departed, arrived: Int64
    /// Into the passes of its batch.
    var passes: Range<Int>
    /// Whether it stopped on the way.
    var stopped: Bool
}

/// A vehicle coming into a camera's view, whether or not the camera notices.
struct CityPass: Sendable {
    /// Index into ``SimulatedCity/sites``.
    var site: Int32
    /// How long it stays in view, in milliseconds.
    var stay: Int32
    /// Milliseconds since 1970 by the true clock.
    var at: Int64
    /// Whether the trip's stop was before.
    var afterStop: Bool
}

/// Trips with their passes, in the order of departure.
struct CityBatch: Sendable {
    var trips: [CityTrip] = []
    var passes: [CityPass] = []
    /// No later batch has a trip that departs before; milliseconds since 1970. The
    /// largest number says that there is no later batch.
    var completeUntil: Int64 = 0
}

/// Where trips come from: a model of demand and travel, or another program.
protocol CityTripSource {
    /// The next trips, or nil after the last.
    mutating func next() -> CityBatch?
}
