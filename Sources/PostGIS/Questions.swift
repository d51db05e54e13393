public import Traffic

/// A moment, and how the clocks of the pipeline's time zone showed it.
public struct Moment: Hashable, Sendable {
    public var time: EventTime
    /// `2026-03-02 07:30:00`.
    public var local: String

    public init(time: EventTime, local: String) {
        self.time = time
        self.local = local
    }
}

/// Passages of one camera in one bucket; nil where withheld.
public struct Flow: Hashable, Sendable {
    public var camera: Camera
    public var bucket: Moment
    public var passages, vehicles, read: Int?
    /// The share of the bucket in which the camera was watched, 0...1; nil where coverage was not kept.
    public var covered: Double?
}

/// Trips between two cameras that began in one bucket and drove through; nil where withheld.
public struct TravelTime: Hashable, Sendable {
    /// As they stood when the bucket ended.
    public var from, to: Camera
    public var bucket: Moment
    public var trips, vehicles: Int?
    public var medianSeconds, p85Seconds: Double?
    /// Trips left out because they stopped on the way.
    public var stopped: Int?
}

/// Passages of one camera inside an area, or of all of them together; nil where withheld.
public struct Passing: Hashable, Sendable {
    /// Where it stood then, twice for one that moved from place to place in the area; without its heading. Nil for the
    /// row of all cameras.
    public var camera: Camera?
    public var passages, vehicles: Int?
}

/// Journeys from one zone to another in one bucket. Nil where there were too few vehicles.
public struct ODCell: Hashable, Sendable {
    public var origin, destination: String
    public var bucket: Moment
    public var journeys, vehicles: Int?
    public var medianSeconds: Double?
    /// How many there truly were, by what the cameras captured. Nil unless asked for, and where nothing is known of that.
    public var estimated: Int?
}

/// Vehicles seen at one camera and then at another. Nil where there were too few vehicles.
public struct Both: Hashable, Sendable {
    public var trips, vehicles: Int?
    public var medianSeconds: Double?
}

/// One sighting of a vehicle that was asked for.
public struct TraceStep: Hashable, Sendable {
    public var auditID: Int64
    public var seen, last: Moment
    public var camera: Camera
    public var kind: VehicleClass?
    public var direction: Direction?
    public var confidence: Double
    public var accepted: Bool
    /// Whether the text is the one asked for, or only looks like it.
    public var exact: Bool
    public var passage: PassageID
    /// From the step before, along roads; nil where none is known, or that is too long ago.
    public var way: RoadWay?
}

/// What may be asked, each a call of the function of the same name in schema `movement`.
///
/// Calls block. Times go in as moments, and come out as moments with the local time of ``zone``.
public struct Questions: ~Copyable {
    public struct Period: Hashable, Sendable {
        /// The end is not part of it.
        public var start, end: EventTime
        public init(start: EventTime, end: EventTime) {
            self.start = start
            self.end = end
        }
    }

    /// IANA name.
    public let zone: String
    /// k: counts over fewer distinct vehicles are withheld.
    public let minimumVehicles: Int
    /// Counts are rounded up or down to multiples of this; 1 where they are not.
    public let countStep: Int
    private let connection: Connection

    /// - Parameter application: Who asks, as the audit log's `client` shows it.
    public init(database: String, zone: String = "UTC", application: String = "gantry-query") throws(QueryError) {
        let opened = try Self.translated { () throws(DatabaseError) in
            try Connection(database, application: application)
        }
        let found = try Self.translated { () throws(DatabaseError) in try Migrator.version(opened) }
        guard found == Migrator.version else { throw .schema(found: found, needed: Migrator.version) }
        // Functions without a time zone of their own count days in the session's.
        let rules = try Self.translated { () throws(DatabaseError) in
            try opened.query(
                """
                SELECT min_vehicles, round_to FROM movement.publication(), set_config('TimeZone', $1, false)
                """, [zone])
        }
        self.zone = zone
        minimumVehicles = rules.integer(0, 0) ?? .max
        countStep = rules.integer(0, 1) ?? 1
        connection = opened
    }

    /// A day of the time zone, or a part of it.
    ///
    /// - Parameters:
    ///   - day: `2026-03-02`.
    ///   - between: Local times such as `07:30` and `07:45`; nil for the whole day.
    public func period(day: String, between: (String, String)? = nil) throws(QueryError) -> Period {
        let rows = try ask(
            """
            SELECT audit_moment(($1::date + $2::time) AT TIME ZONE $4::text),
                audit_moment((CASE WHEN $3::time IS NULL THEN $1::date + 1 ELSE $1::date + $3::time END) AT TIME ZONE $4::text)
            """, [day, between?.0 ?? "00:00", between?.1, zone])
        return Period(start: rows.moment(0, 0), end: rows.moment(0, 1))
    }

    /// All days that sightings are kept of; nil when there are none.
    public func extent() throws(QueryError) -> Period? {
        let rows = try ask("SELECT audit_moment(period_start), audit_moment(period_end) FROM movement.extent()")
        return rows.values[0][0] == nil ? nil : Period(start: rows.moment(0, 0), end: rows.moment(0, 1))
    }

    /// The places of all cameras at all times.
    public func places() throws(QueryError) -> CameraPlaces {
        let rows = try ask(
            "SELECT camera, audit_moment(valid_from), longitude, latitude, heading FROM movement.camera_places()")
        return CameraPlaces(rows)
    }

    /// - Parameters:
    ///   - camera: Nil for all.
    ///   - every: The length of a bucket; positive.
    public func flows(camera: CameraID?, in period: Period, every: Duration) throws(QueryError) -> [Flow] {
        let rows = try ask(
            """
            SELECT camera, audit_moment(bucket), to_char(bucket AT TIME ZONE $5::text, 'YYYY-MM-DD HH24:MI:SS'), passages, vehicles, read, covered
            FROM movement.flows($1, $2, $3, $4, $5)
            """, [camera?.text, period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            let bucket = rows.moment(row, 1, local: 2)
            return Flow(
                camera: try places.camera(rows.values[row][0]!, at: period.last(bucket, every)), bucket: bucket,
                passages: rows.integer(row, 3), vehicles: rows.integer(row, 4), read: rows.integer(row, 5),
                covered: rows.number(row, 6))
        }
    }

    /// - Parameter longest: A later arrival is not counted as a trip.
    public func travelTimes(
        from: CameraID, to: CameraID, in period: Period, every: Duration, longest: Duration = .seconds(7200)
    ) throws(QueryError) -> [TravelTime] {
        let rows = try ask(
            """
            SELECT audit_moment(bucket), to_char(bucket AT TIME ZONE $6::text, 'YYYY-MM-DD HH24:MI:SS'), trips, vehicles,
                median_seconds, p85_seconds, stopped
            FROM movement.travel_times($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                from.text, to.text, period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone,
                Self.interval(longest),
            ])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            let bucket = rows.moment(row, 0, local: 1)
            let last = period.last(bucket, every)
            return TravelTime(
                from: try places.camera(from.text, at: last), to: try places.camera(to.text, at: last),
                bucket: bucket, trips: rows.integer(row, 2), vehicles: rows.integer(row, 3),
                medianSeconds: rows.number(row, 4), p85Seconds: rows.number(row, 5), stopped: rows.integer(row, 6))
        }
    }

    /// - Parameter area: GeoJSON with polygons: a geometry, a feature or a collection of features.
    public func passing(area: String, in period: Period) throws(QueryError) -> [Passing] {
        let rows = try ask(
            "SELECT camera, passages, vehicles, longitude, latitude FROM movement.passing(movement.area($1), $2, $3)",
            [area, period.start.rfc3339, period.end.rfc3339])
        return rows.values.indices.map { row in
            Passing(
                camera: rows.values[row][0].map {
                    Camera(
                        id: CameraID($0), longitude: rows.number(row, 3) ?? 0, latitude: rows.number(row, 4) ?? 0,
                        heading: nil)
                },
                passages: rows.integer(row, 1), vehicles: rows.integer(row, 2))
        }
    }

    /// Journeys between zones.
    ///
    /// - Parameters:
    ///   - zones: A GeoJSON feature collection of polygons, named by the property `name`; nil for those that are stored.
    ///   - every: The length of a bucket of departures; positive.
    ///   - corrected: Whether to estimate how many there truly were; takes five times as long.
    public func odMatrix(
        zones: String?, in period: Period, every: Duration, corrected: Bool = false
    ) throws(QueryError) -> [ODCell] {
        let rows = try ask(
            """
            SELECT origin, destination, audit_moment(bucket), to_char(bucket AT TIME ZONE $5::text, 'YYYY-MM-DD HH24:MI:SS'),
                journeys, vehicles, median_seconds, estimated
            FROM movement.od_matrix($1, $2, $3, $4, $5, $6)
            """, [zones, period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone, "\(corrected)"])
        return rows.values.indices.map { row in
            ODCell(
                origin: rows.values[row][0] ?? "", destination: rows.values[row][1] ?? "",
                bucket: rows.moment(row, 2, local: 3), journeys: rows.integer(row, 4), vehicles: rows.integer(row, 5),
                medianSeconds: rows.number(row, 6), estimated: rows.integer(row, 7))
        }
    }

    /// The stored zones, by name, with their areas as GeoJSON geometries and how many cameras stand in them now.
    ///
    /// - Throws: ``QueryError/badQuestion(_:)`` when none is stored.
    public func zones() throws(QueryError) -> [(name: String, area: String, cameras: Int)] {
        try ask(
            """
            SELECT z.name, ST_AsGeoJSON(z.area, 15), count(c.camera) FROM movement.zones(NULL) z
            LEFT JOIN movement.cameras() c ON ST_Covers(z.area, ST_SetSRID(ST_MakePoint(c.longitude, c.latitude), 4326))
            GROUP BY z.name, z.area ORDER BY z.name
            """
        ).values.map { ($0[0] ?? "", $0[1] ?? "null", Int($0[2] ?? "") ?? 0) }
    }

    /// Vehicles seen at one camera and then at another.
    ///
    /// - Parameter within: The longest time between both.
    public func both(
        _ first: CameraID, _ second: CameraID, in period: Period, within: Duration
    ) throws(QueryError) -> Both {
        let rows = try ask(
            "SELECT trips, vehicles, median_seconds FROM movement.both($1, $2, $3, $4, $5)",
            [first.text, second.text, period.start.rfc3339, period.end.rfc3339, Self.interval(within)])
        return Both(trips: rows.integer(0, 0), vehicles: rows.integer(0, 1), medianSeconds: rows.number(0, 2))
    }

    /// Where one vehicle was, oldest first. On the audit log before the first row, refused or not.
    ///
    /// - Parameters:
    ///   - tokens: Those of the exact text, one for each token epoch.
    ///   - lookAlikes: Those of look-alike texts; empty to leave them out.
    ///   - purpose: One of ``Authority/purposes()``. Nil, or blank, is refused, and so is `caseNumber`.
    /// - Throws: ``QueryError/refused(_:)``, which names the audit entry.
    public func trace(
        tokens: [[UInt8]], lookAlikes: [[UInt8]], purpose: String?, caseNumber: String?, in period: Period
    ) throws(QueryError) -> [TraceStep] {
        let rows = try ask(
            """
            SELECT audit_id, audit_moment(seen_at), to_char(seen_at AT TIME ZONE $7::text, 'YYYY-MM-DD HH24:MI:SS'),
                audit_moment(last_seen), to_char(last_seen AT TIME ZONE $7::text, 'YYYY-MM-DD HH24:MI:SS'),
                camera, longitude, latitude, vehicle, direction, confidence, accepted, exact, passage_id,
                way_metres, ST_AsText(way, 6)
            FROM movement.trace($1, $2, $3, $4, $5, $6)
            """,
            [
                Literal.array(tokens), Literal.array(lookAlikes), purpose, caseNumber, period.start.rfc3339,
                period.end.rfc3339, zone,
            ])
        return try Self.translated { () throws(DatabaseError) in
            try rows.values.enumerated().map { index, row throws(DatabaseError) in
                TraceStep(
                    auditID: Int64(row[0]!)!, seen: rows.moment(index, 1, local: 2),
                    last: rows.moment(index, 3, local: 4),
                    camera: Camera(
                        id: CameraID(row[5]!), longitude: Double(row[6]!)!, latitude: Double(row[7]!)!, heading: nil),
                    kind: row[8].flatMap(VehicleClass.init(rawValue:)),
                    direction: row[9].flatMap(Direction.init(rawValue:)), confidence: Double(row[10]!)!,
                    accepted: row[11] == "t", exact: row[12] == "t", passage: PassageID(try Literal.bytes(row[13]!)),
                    way: RoadWay(metres: row[14], line: row[15]))
            }
        }
    }

    func ask(_ sql: String, _ parameters: [String?] = []) throws(QueryError) -> Rows {
        try Self.translated { () throws(DatabaseError) in try connection.query(sql, parameters) }
    }

    static func translated<Result: ~Copyable>(
        _ body: () throws(DatabaseError) -> Result
    ) throws(QueryError) -> Result {
        do throws(DatabaseError) {
            return try body()
        } catch {
            throw QueryError(error)
        }
    }

    static func interval(_ duration: Duration) -> String { "\(duration.inSeconds) seconds" }
}

extension Rows {
    /// A column made by `audit_moment`, which PostGIS never returns null here.
    func moment(_ row: Int, _ column: Int) -> EventTime {
        EventTime(rfc3339: values[row][column] ?? "") ?? EventTime(nanoseconds: 0)
    }
    func moment(_ row: Int, _ column: Int, local: Int) -> Moment {
        Moment(time: moment(row, column), local: values[row][local] ?? "")
    }
    func integer(_ row: Int, _ column: Int) -> Int? { values[row][column].flatMap { Int($0) } }
    func number(_ row: Int, _ column: Int) -> Double? { values[row][column].flatMap { Double($0) } }
    func truth(_ row: Int, _ column: Int) -> Bool { values[row][column] == "t" }
}
