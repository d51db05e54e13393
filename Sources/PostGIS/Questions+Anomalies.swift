public import Traffic

/// Legs between two cameras that are faster than possible; nil where withheld.
public struct AnomalyCount: Hashable, Sendable {
    public var from, to: Camera
    /// Straight between the cameras; the longest way of these legs where one of both moved in the period.
    public var metres: Double
    public var legs, vehicles: Int?
    public var highestKmh: Double?
}

/// One plate in two places.
public struct Anomaly: Hashable, Sendable {
    public struct Sight: Hashable, Sendable {
        public var camera: Camera
        public var seen: Moment
        public var passage: PassageID
    }

    public var auditID: Int64
    public var from, to: Sight
    /// Straight between the cameras.
    public var metres: Double
    public var seconds, kmh: Double
}

extension Questions {
    /// Pairs of cameras with legs faster than possible, most legs first.
    ///
    /// - Parameters:
    ///   - fastestKmh: What is faster over the straight line can't be one vehicle; positive.
    ///   - most: Rows; 1...10,000.
    public func anomalies(
        in period: Period, fastestKmh: Double = 200, most: Int = 1000
    ) throws(QueryError) -> [AnomalyCount] {
        let rows = try ask(
            """
            SELECT from_camera, to_camera, metres, legs, vehicles, highest_kmh FROM movement.anomalies($1, $2, $3, $4)
            """, [period.start.rfc3339, period.end.rfc3339, "\(fastestKmh)", "\(most)"])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            AnomalyCount(
                from: try places.camera(rows.values[row][0]!, at: period.last),
                to: try places.camera(rows.values[row][1]!, at: period.last),
                metres: rows.number(row, 2) ?? 0, legs: rows.integer(row, 3), vehicles: rows.integer(row, 4),
                highestKmh: rows.number(row, 5))
        }
    }

    /// The same legs one by one, fastest first. On the audit log before the first row, refused or not.
    ///
    /// - Parameters:
    ///   - purpose: One of ``Authority/purposes()``. Nil, or blank, is refused, and so is `caseNumber`.
    ///   - period: A day at most.
    ///   - most: Rows; 1...10,000, of which 100 are shown.
    /// - Throws: ``QueryError/refused(_:)``, which names the audit entry: also without the approval of a second person.
    public func anomalous(
        purpose: String?, caseNumber: String?, in period: Period, fastestKmh: Double = 200, most: Int = 100
    ) throws(QueryError) -> [Anomaly] {
        let rows = try ask(
            """
            SELECT audit_id, from_camera, audit_moment(from_seen_at),
                to_char(from_seen_at AT TIME ZONE $7::text, 'YYYY-MM-DD HH24:MI:SS'), from_passage_id,
                to_camera, audit_moment(to_seen_at), to_char(to_seen_at AT TIME ZONE $7::text, 'YYYY-MM-DD HH24:MI:SS'),
                to_passage_id, metres, seconds, kmh
            FROM movement.anomalous($1, $2, $3, $4, $5, $6)
            """,
            [
                purpose, caseNumber, period.start.rfc3339, period.end.rfc3339, "\(fastestKmh)", "\(most)", zone,
            ])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            let values = rows.values[row]
            func sight(_ column: Int) throws(QueryError) -> Anomaly.Sight {
                let camera = try places.camera(values[column]!, at: rows.moment(row, column + 1))
                return try Self.translated { () throws(DatabaseError) in
                    Anomaly.Sight(
                        camera: camera, seen: rows.moment(row, column + 1, local: column + 2),
                        passage: PassageID(try Literal.bytes(values[column + 3]!)))
                }
            }
            return Anomaly(
                auditID: Int64(values[0]!)!, from: try sight(1), to: try sight(5), metres: rows.number(row, 9) ?? 0,
                seconds: rows.number(row, 10) ?? 0, kmh: rows.number(row, 11) ?? 0)
        }
    }
}
