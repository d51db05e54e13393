public import Traffic

/// How well one camera saw and read on one UTC day; nil where withheld.
public struct CaptureRate: Hashable, Sendable {
    public var camera: Camera
    /// `2026-03-02`.
    public var day: String
    public var passages: Int?
    /// Of the passages, those with an accepted read; 0...1.
    public var readShare: Double?
    /// Of the vehicles that passed, those that enter journeys; estimated, 0...1.
    public var captured: Double?
    /// Of `captured`.
    public var standardError: Double?
    /// Vehicles seen before and after, on which the estimate rests; nil where they are few.
    public var witnesses: Int?
}

extension Questions {
    /// What cameras captured, estimated from the vehicles that were seen before and after them.
    ///
    /// - Parameter camera: Nil for all.
    public func captureRates(camera: CameraID? = nil, in period: Period) throws(QueryError) -> [CaptureRate] {
        let rows = try ask(
            """
            SELECT camera, day, passages, read_share, captured, standard_error, witnesses
            FROM movement.capture_rates($1, $2, $3)
            """, [camera?.text, period.start.rfc3339, period.end.rfc3339])
        let places = try places()
        return try rows.values.indices.map { row throws(QueryError) in
            CaptureRate(
                camera: try places.camera(rows.values[row][0]!, at: period.last), day: rows.values[row][1] ?? "",
                passages: rows.integer(row, 2), readShare: rows.number(row, 3), captured: rows.number(row, 4),
                standardError: rows.number(row, 5), witnesses: rows.integer(row, 6))
        }
    }
}

extension Answer {
    /// - Parameter k: As ``Questions/minimumVehicles``.
    public init(_ rates: [CaptureRate], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["camera", "day", "passages", "read_share", "captured", "standard_error", "witnesses"],
            rows: rates.map { rate in
                Row(
                    [
                        .text(rate.camera.id.text), .text(rate.day), .count(or: rate.passages),
                        .number(or: rate.readShare), .number(or: rate.captured), .number(or: rate.standardError),
                        .count(or: rate.witnesses),
                    ], shape: .of(rate.camera))
            }, minimumVehicles: k, zone: zone)
    }
}
