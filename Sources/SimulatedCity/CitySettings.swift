public import Traffic

/// What a simulated city is made from. The same settings give the same city.
public struct CitySettings: Sendable, Hashable {
    /// The pipeline's name: the prefix of the topic.
    public var name = "city"
    public var seed: UInt64 = 1
    /// 2...5,000: a pipeline file of more is larger than Gantry reads.
    public var cameras: Int
    /// 1...5,000,000, parked ones and visitors included.
    public var vehicles: Int
    /// 1...1,000, and at most one for each place of the city.
    public var zones: Int
    /// The first moment at which a trip may begin.
    public var start: EventTime
    /// Trips begin within so many seconds after ``start``; 60...2,678,400 (31 days).
    public var seconds: Int
    /// A journey ends where no camera sees the vehicle for longer, in seconds.
    public var journeyGap = 1800
    /// The length of a bucket of travel times, in seconds; divides a day.
    public var bucket = 900
    /// Travel times are told for pairs and buckets with at least so many trips.
    public var leastTrips = 10
    public var faults = CityFaults()

    /// - Parameter zones: Nil for what suits the number of cameras: 4 to 50.
    public init(cameras: Int = 6, vehicles: Int = 10_000, zones: Int? = nil, seconds: Int = 3600) {
        self.cameras = cameras
        self.vehicles = vehicles
        self.zones = zones ?? min(50, max(4, cameras / 10))
        self.seconds = seconds
        // A Monday; a short run begins with the morning's traffic.
        start = EventTime(nanoseconds: (1_772_409_600 + (seconds < 86_400 ? 7 * 3600 : 0)) * 1_000_000_000)
    }

    /// - Throws: ``CityError/outOfRange(_:)``.
    public func validate() throws(CityError) {
        func require(_ holds: Bool, _ message: String) throws(CityError) {
            if !holds { throw .outOfRange(message) }
        }
        try require((2...5_000).contains(cameras), "\(cameras) cameras; give 2 to 5000")
        try require((1...5_000_000).contains(vehicles), "\(vehicles) vehicles; give 1 to 5000000")
        try require((60...2_678_400).contains(seconds), "a length of \(seconds) s; give 1m to 31d")
        try require((1...86_400).contains(journeyGap), "a journey gap of \(journeyGap) s; give 1s to 24h")
        try require(
            bucket >= 60 && bucket <= 86_400 && 86_400 % bucket == 0,
            "a bucket of \(bucket) s; give a length that divides a day, such as 15m")
        try require((1...1_000_000).contains(leastTrips), "at least \(leastTrips) trips; give 1 to 1000000")
        try require(
            start.nanoseconds >= 0 && start.nanoseconds % 1_000_000_000 == 0,
            "a start of \(start.rfc3339); give a whole second after 1970")
        let places = CityNetwork.side(cameras: cameras) * CityNetwork.side(cameras: cameras)
        try require((1...min(1000, places)).contains(zones), "\(zones) zones; give 1 to \(min(1000, places))")
        try faults.validate(require)
    }

    /// Midnight before the start, in milliseconds since 1970: where the days of the demand begin.
    var midnight: Int64 { begin - begin % 86_400_000 }
    /// Milliseconds since 1970.
    var begin: Int64 { start.nanoseconds / 1_000_000 }
    /// Milliseconds since 1970; no trip begins then or later.
    var end: Int64 { begin + Int64(seconds) * 1000 }
}

/// What goes wrong between the road and the database. Shares are 0...1.
public struct CityFaults: Sendable, Hashable {
    /// Of the passes outside outages: no passage at all.
    public var miss = 0.05
    /// Of the passages that have a text: one character is another.
    public var misread = 0.03
    /// Of the passages: no text.
    public var unread = 0.05
    /// Of the passages: told twice, see ``CitySighting/Fault``.
    public var duplicate = 0.01
    /// Of the passages: delivered up to two hours late.
    public var late = 0.01
    /// Deviation of the cameras' clocks from the truth, in seconds; a camera keeps its own.
    public var clockSkew = 2.0
    /// In all, each of one camera.
    public var outages = 0

    public init() {}

    func validate(_ require: (Bool, String) throws(CityError) -> Void) throws(CityError) {
        let shares = [
            ("miss", miss), ("misread", misread), ("unread", unread), ("duplicate", duplicate), ("late", late),
        ]
        for (name, share) in shares {
            try require((0...1).contains(share), "\(name) \(share); give a share from 0 to 1")
        }
        try require((0...60).contains(clockSkew), "a clock skew of \(clockSkew) s; give 0s to 60s")
        try require((0...100_000).contains(outages), "\(outages) outages; give 0 to 100000")
    }
}
