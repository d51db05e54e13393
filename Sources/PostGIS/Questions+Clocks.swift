public import Traffic

/// What a camera's clock shows beyond the others, as far as traffic tells.
public struct ClockOffset: Hashable, Sendable {
    public var camera: Camera
    /// Beyond the median camera of its part; nil where nothing tells.
    public var seconds: Double?
    /// The least it can be, see `movement.clock_offsets`.
    public var standardErrorSeconds: Double?
    /// Cameras with enough traffic both ways, and all legs to and from them.
    public var neighbours, legs: Int
    /// Cameras that pairs link, 1 the most of them; offsets of different parts can't be compared.
    public var part: Int?
}

extension Questions {
    /// Estimates each camera's clock error; nothing applies it. Holds where ways there and back take as long.
    public func clockOffsets(in period: Period) throws(QueryError) -> [ClockOffset] {
        let rows = try ask(
            """
            SELECT camera, offset_seconds, standard_error_seconds, neighbours, legs, part FROM movement.clock_offsets($1, $2)
            """, [period.start.rfc3339, period.end.rfc3339])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            ClockOffset(
                camera: try places.camera(rows.values[row][0]!, at: period.last), seconds: rows.number(row, 1),
                standardErrorSeconds: rows.number(row, 2), neighbours: rows.integer(row, 3) ?? 0,
                legs: rows.integer(row, 4) ?? 0, part: rows.integer(row, 5))
        }
    }
}

extension Answer {
    public init(_ offsets: [ClockOffset], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["camera", "offset_seconds", "standard_error_seconds", "neighbours", "legs", "part"],
            rows: offsets.map { offset in
                Row(
                    [
                        .text(offset.camera.id.text), .number(offset.seconds, hidden: false),
                        .number(offset.standardErrorSeconds, hidden: false), .count(offset.neighbours),
                        .count(offset.legs), offset.part.map { .count($0) } ?? .none,
                    ], shape: .of(offset.camera))
            }, minimumVehicles: k, zone: zone)
    }
}
