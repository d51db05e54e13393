public import Traffic

/// Journeys that began in one bucket; nil where withheld.
public struct JourneyCount: Hashable, Sendable {
    public var bucket: Moment
    public var journeys, vehicles: Int?
    /// Journeys of one passage; the medians are of the others, and nil where there are none.
    public var single: Int?
    public var medianSeconds, medianPassages: Double?
    public var suppressed: Bool
}

/// One way from a camera to another; nil where withheld.
public struct Route: Hashable, Sendable {
    /// The cameras passed in between, none for the direct way; nil for all routes too rare to be shown.
    public var via: [Camera]?
    public var trips, vehicles: Int?
    /// Of all trips, 0...1.
    public var share: Double?
    public var medianSeconds: Double?
}

/// Time between two cameras that vehicles pass one after the other.
public struct NeighbourTime: Hashable, Sendable {
    public var from, to: Camera
    public var trips, vehicles: Int
    public var medianSeconds, p85Seconds: Double
}

extension Questions {
    /// - Parameter every: The length of a bucket of starts; positive.
    public func journeys(in period: Period, every: Duration) throws(QueryError) -> [JourneyCount] {
        let rows = try ask(
            """
            SELECT audit_moment(bucket), to_char(bucket AT TIME ZONE $4::text, 'YYYY-MM-DD HH24:MI:SS'), journeys, vehicles, single,
                median_seconds, median_passages, suppressed
            FROM movement.journeys($1, $2, $3, $4)
            """, [period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone])
        return rows.values.indices.map { row in
            JourneyCount(
                bucket: rows.moment(row, 0, local: 1), journeys: rows.integer(row, 2), vehicles: rows.integer(row, 3),
                single: rows.integer(row, 4), medianSeconds: rows.number(row, 5), medianPassages: rows.number(row, 6),
                suppressed: rows.truth(row, 7))
        }
    }

    /// The alternatives between two cameras, most trips first.
    ///
    /// - Parameter longest: A later arrival is not counted as a trip.
    public func routes(
        from: CameraID, to: CameraID, in period: Period, longest: Duration = .seconds(7200)
    ) throws(QueryError) -> [Route] {
        // Parted by the unit separator, so that the text form of arrays with its quotes need not be read.
        let rows = try ask(
            """
            SELECT array_to_string(route, E'\\x1F'), trips, vehicles, share, median_seconds
            FROM movement.routes($1, $2, $3, $4, $5)
            """, [from.text, to.text, period.start.rfc3339, period.end.rfc3339, Self.interval(longest)])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            let via = try rows.values[row][0].map { names throws(QueryError) in
                try names.split(separator: "\u{1F}").map { name throws(QueryError) in
                    try places.camera(String(name), at: period.last)
                }
            }
            return Route(
                via: via, trips: rows.integer(row, 1), vehicles: rows.integer(row, 2), share: rows.number(row, 3),
                medianSeconds: rows.number(row, 4))
        }
    }

    /// Travel times of all pairs of cameras that vehicles pass one after the other.
    ///
    /// - Parameter least: Pairs with fewer vehicles, or fewer than ``minimumVehicles``, have no row.
    public func allTravelTimes(in period: Period, least: Int = 50) throws(QueryError) -> [NeighbourTime] {
        let rows = try ask(
            """
            SELECT from_camera, to_camera, trips, vehicles, median_seconds, p85_seconds
            FROM movement.all_travel_times($1, $2, $3)
            """, [period.start.rfc3339, period.end.rfc3339, "\(least)"])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            NeighbourTime(
                from: try places.camera(rows.values[row][0]!, at: period.last),
                to: try places.camera(rows.values[row][1]!, at: period.last),
                trips: rows.integer(row, 2) ?? 0, vehicles: rows.integer(row, 3) ?? 0,
                medianSeconds: rows.number(row, 4) ?? 0, p85Seconds: rows.number(row, 5) ?? 0)
        }
    }
}
