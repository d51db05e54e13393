public import Traffic

/// How one camera was watched in one bucket.
public struct CoverageShare: Hashable, Sendable {
    public var camera: Camera
    public var bucket: Moment
    /// Of the part of the bucket that lies inside the period, 0...1.
    public var covered: Double
    /// Analysed ones, of the minutes that begin in the bucket.
    public var frames: Int
    /// Stretches that were not watched, and the longest of them.
    public var gaps: Int
    public var longestGapSeconds: Double
    /// False where coverage was not kept yet: that nothing is covered then says nothing.
    public var isRecorded: Bool
}

/// Cameras that an answer rests on.
public enum AskedCameras: Hashable, Sendable {
    case all
    case these([CameraID])
    /// Those inside GeoJSON polygons.
    case inside(String)
}

/// A camera that was not watched all the time that was asked about.
public struct Unwatched: Hashable, Sendable {
    public var camera: CameraID
    /// The share of the time that was watched, 0...1.
    public var covered: Double
}

extension Questions {
    /// Every camera has a row for every bucket.
    ///
    /// - Parameters:
    ///   - camera: Nil for all.
    ///   - every: The length of a bucket; positive.
    public func coverage(
        camera: CameraID?, in period: Period, every: Duration
    ) throws(QueryError) -> [CoverageShare] {
        let rows = try ask(
            """
            SELECT camera, audit_moment(bucket), to_char(bucket AT TIME ZONE $5::text, 'YYYY-MM-DD HH24:MI:SS'), covered, frames, gaps,
                longest_gap_seconds, recorded
            FROM movement.coverage($1, $2, $3, $4, $5)
            """, [camera?.text, period.start.rfc3339, period.end.rfc3339, Self.interval(every), zone])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            let bucket = rows.moment(row, 1, local: 2)
            return CoverageShare(
                camera: try places.camera(rows.values[row][0]!, at: period.last(bucket, every)), bucket: bucket,
                covered: rows.number(row, 3) ?? 0, frames: rows.integer(row, 4) ?? 0, gaps: rows.integer(row, 5) ?? 0,
                longestGapSeconds: rows.number(row, 6) ?? 0, isRecorded: rows.truth(row, 7))
        }
    }

    /// Those of the cameras that were not watched for more than a minute of the period, as far as coverage was kept
    /// then; least watched first.
    public func unwatched(_ cameras: AskedCameras, in period: Period) throws(QueryError) -> [Unwatched] {
        var names = "$1::text[]"
        var asked: String?
        switch cameras {
        case .all: break
        case .these(let cameras): asked = Literal.array(texts: cameras.map(\.text))
        case .inside(let area):
            names = """
                coalesce((SELECT array_agg(c.camera) FROM movement.cameras() c
                    WHERE ST_Covers(movement.area($1), ST_SetSRID(ST_MakePoint(c.longitude, c.latitude), 4326))), '{}')
                """
            asked = area
        }
        let rows = try ask(
            "SELECT camera, covered FROM movement.unwatched(\(names), $2, $3)",
            [asked, period.start.rfc3339, period.end.rfc3339])
        return rows.values.indices.map { row in
            Unwatched(camera: CameraID(rows.values[row][0]!), covered: rows.number(row, 1) ?? 0)
        }
    }
}
