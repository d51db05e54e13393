import Traffic

/// A way along roads, in the direction of travel.
public struct RoadWay: Hashable, Sendable {
    public var metres: Double
    /// Longitude, latitude: WGS 84 degrees.
    public var line: [[Double]]

    public init(metres: Double, line: [[Double]]) {
        self.metres = metres
        self.line = line
    }

    /// - Parameter line: As `ST_AsText` writes it.
    init?(metres: String?, line: String?) {
        guard let metres = metres.flatMap({ Double($0) }), let line, let points = Self.points(line) else { return nil }
        self.init(metres: metres, line: points)
    }

    /// The points of `LINESTRING(4.34 50.87,4.35 50.87)`.
    static func points(_ text: String) -> [[Double]]? {
        guard text.hasPrefix("LINESTRING("), text.hasSuffix(")") else { return nil }
        return text.dropFirst(11).dropLast().split(separator: ",").map {
            $0.split(separator: " ").compactMap { Double($0) }
        }
    }
}

/// Legs over one edge of the road network, in one direction, that began in one bucket.
public struct RoadFlow: Hashable, Sendable {
    /// Negative where driven from its target to its source.
    public var edge: Int
    /// The edge's number in the imported file.
    public var road: Int?
    public var bucket: Moment
    public var legs: Int
    /// Distinct vehicles, those of one pair of cameras.
    public var vehiclesAtLeast: Int
    /// In the direction of travel: longitude, latitude, WGS 84 degrees.
    public var line: [[Double]]
}

extension Questions {
    /// What flows on streets, each leg on the quickest way between its cameras.
    ///
    /// - Parameter every: The length of a bucket of departures; positive.
    public func roadFlows(in period: Period, every: Duration) throws(QueryError) -> [RoadFlow] {
        let rows = try ask(
            """
            SELECT edge, road, audit_moment(bucket), to_char(bucket AT TIME ZONE $4::text, 'YYYY-MM-DD HH24:MI:SS'), legs,
                vehicles_at_least, ST_AsText(path, 6)
            FROM movement.road_flows($1, $2, $3, $4)
            """, [period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone])
        return rows.values.indices.map { row in
            RoadFlow(
                edge: rows.integer(row, 0) ?? 0, road: rows.integer(row, 1), bucket: rows.moment(row, 2, local: 3),
                legs: rows.integer(row, 4) ?? 0, vehiclesAtLeast: rows.integer(row, 5) ?? 0,
                line: rows.values[row][6].flatMap(RoadWay.points) ?? [])
        }
    }
}
