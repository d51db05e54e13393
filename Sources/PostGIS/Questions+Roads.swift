public import Traffic

/// Speeds of trips between two cameras that began in one bucket; nil where withheld.
public struct RoadSpeed: Hashable, Sendable {
    /// As they stood when the bucket ended.
    public var from, to: Camera
    public var bucket: Moment
    public var trips, vehicles: Int?
    /// Between the cameras, along the road or straight; the mean over trips where one of both moved in the bucket.
    public var metres: Double
    /// Whether the way is the straight line, so that speeds are lower bounds.
    public var straight: Bool
    public var meanKmh, p15Kmh, p85Kmh: Double?
    /// Trips left out because they stopped on the way.
    public var stopped: Int?
    public var suppressed: Bool
}

/// Speeds at one camera in one bucket; nil where withheld, or where nothing was measured.
public struct SpotSpeed: Hashable, Sendable {
    public var camera: Camera
    public var bucket: Moment
    public var passages, vehicles: Int?
    /// Passages with a speed, and those without.
    public var measured, unmeasured: Int?
    public var meanKmh, medianKmh, p85Kmh: Double?
    /// Of the passages, those that stood still; 0...1.
    public var stoppedShare: Double?
    /// Over all passages, those that never stood still included.
    public var meanStoppedSeconds: Double?
    public var suppressed: Bool
}

/// Passages of one camera towards one eighth of the compass; nil where withheld.
public struct Course: Hashable, Sendable {
    public var camera: Camera
    /// `N`, `NE` and so on, or `unknown`.
    public var sector: String
    public var passages, vehicles: Int?
}

/// Time in view of one camera.
public struct Dwell: Hashable, Sendable {
    public var camera: Camera
    public var passages, vehicles: Int
    public var medianSeconds, p95Seconds: Double
    /// Over all passages; nil where withheld, or for those of before it was stored.
    public var meanStoppedSeconds: Double?
    /// Passages that ended as parked.
    public var parked: Int
    public var suppressed: Bool
}

extension Questions {
    /// Speeds over the way between two cameras, without trips that stopped.
    ///
    /// - Parameters:
    ///   - metres: Along the road; nil takes the straight line.
    ///   - longest: A later arrival is not counted as a trip.
    public func speeds(
        from: CameraID, to: CameraID, in period: Period, every: Duration, metres: Double? = nil,
        longest: Duration = .seconds(7200)
    ) throws(QueryError) -> [RoadSpeed] {
        let rows = try ask(
            """
            SELECT audit_moment(bucket), to_char(bucket AT TIME ZONE $6::text, 'YYYY-MM-DD HH24:MI:SS'), trips, vehicles,
                metres, straight, mean_kmh, p15_kmh, p85_kmh, stopped, suppressed
            FROM movement.speeds($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                from.text, to.text, period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone,
                metres.map { "\($0)" }, Self.interval(longest),
            ])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            let bucket = rows.moment(row, 0, local: 1)
            let last = period.last(bucket, every)
            return RoadSpeed(
                from: try places.camera(from.text, at: last), to: try places.camera(to.text, at: last),
                bucket: bucket, trips: rows.integer(row, 2), vehicles: rows.integer(row, 3),
                metres: rows.number(row, 4) ?? 0, straight: rows.truth(row, 5), meanKmh: rows.number(row, 6),
                p15Kmh: rows.number(row, 7), p85Kmh: rows.number(row, 8), stopped: rows.integer(row, 9),
                suppressed: rows.truth(row, 10))
        }
    }

    /// Speeds as a calibrated camera measured them.
    ///
    /// - Parameter camera: Nil for all.
    public func spotSpeeds(
        camera: CameraID?, in period: Period, every: Duration
    ) throws(QueryError) -> [SpotSpeed] {
        let rows = try ask(
            """
            SELECT camera, audit_moment(bucket), to_char(bucket AT TIME ZONE $5::text, 'YYYY-MM-DD HH24:MI:SS'), passages, vehicles,
                measured, unmeasured, mean_kmh, median_kmh, p85_kmh, stopped_share, mean_stopped_seconds, suppressed
            FROM movement.spot_speeds($1, $2, $3, $4, $5)
            """, [camera?.text, period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            let bucket = rows.moment(row, 1, local: 2)
            return SpotSpeed(
                camera: try places.camera(rows.values[row][0]!, at: period.last(bucket, every)), bucket: bucket,
                passages: rows.integer(row, 3), vehicles: rows.integer(row, 4), measured: rows.integer(row, 5),
                unmeasured: rows.integer(row, 6), meanKmh: rows.number(row, 7), medianKmh: rows.number(row, 8),
                p85Kmh: rows.number(row, 9), stoppedShare: rows.number(row, 10),
                meanStoppedSeconds: rows.number(row, 11), suppressed: rows.truth(row, 12))
        }
    }

    /// Which way vehicles drove.
    ///
    /// - Parameter camera: Nil for all.
    public func courses(camera: CameraID?, in period: Period) throws(QueryError) -> [Course] {
        let rows = try ask(
            "SELECT camera, sector, passages, vehicles FROM movement.courses($1, $2, $3)",
            [camera?.text, period.start.rfc3339, period.end.rfc3339])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            Course(
                camera: try places.camera(rows.values[row][0]!, at: period.last), sector: rows.values[row][1]!,
                passages: rows.integer(row, 2), vehicles: rows.integer(row, 3))
        }
    }

    /// Where vehicles stay in view longest.
    ///
    /// - Parameter most: Rows; 1...10,000.
    public func dwell(in period: Period, most: Int = 100) throws(QueryError) -> [Dwell] {
        let rows = try ask(
            """
            SELECT camera, passages, vehicles, median_seconds, p95_seconds, mean_stopped_seconds, parked, suppressed
            FROM movement.dwell($1, $2, $3)
            """, [period.start.rfc3339, period.end.rfc3339, "\(most)"])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            Dwell(
                camera: try places.camera(rows.values[row][0]!, at: period.last), passages: rows.integer(row, 1) ?? 0,
                vehicles: rows.integer(row, 2) ?? 0, medianSeconds: rows.number(row, 3) ?? 0,
                p95Seconds: rows.number(row, 4) ?? 0, meanStoppedSeconds: rows.number(row, 5),
                parked: rows.integer(row, 6) ?? 0, suppressed: rows.truth(row, 7))
        }
    }
}
