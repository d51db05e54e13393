public import Traffic

/// Where cameras stood when.
public struct CameraPlaces: Hashable, Sendable {
    /// A camera's place, valid until its next one.
    public struct Stay: Hashable, Sendable {
        /// Nil for the beginning of time.
        public var from: EventTime?
        public var camera: Camera

        public init(from: EventTime?, camera: Camera) {
            self.from = from
            self.camera = camera
        }
    }

    /// The places of each camera, oldest first; none is without one.
    public private(set) var stays: [CameraID: [Stay]] = [:]

    init(_ rows: Rows) {
        for row in rows.values {
            let id = CameraID(row[0]!)
            let stay = Stay(
                from: row[1].flatMap { EventTime(rfc3339: $0) },
                camera: Camera(
                    id: id, longitude: Double(row[2]!)!, latitude: Double(row[3]!)!,
                    heading: row[4].flatMap { Double($0) }))
            stays[id, default: []].append(stay)
        }
    }

    /// Where a camera stood at a moment; nil for one that is not known.
    public func stay(_ id: CameraID, at time: EventTime) -> Stay? {
        stays[id].flatMap { stays in stays.last { stay in stay.from.map { $0 <= time } ?? true } ?? stays.first }
    }

    /// A camera added between two statements is the only one that can be missing.
    public func camera(_ name: String, at time: EventTime) throws(QueryError) -> Camera {
        guard let stay = stay(CameraID(name), at: time) else {
            throw .database(.unexpected("a camera \(name) that was not there a moment ago: ask again"))
        }
        return stay.camera
    }
}

extension Questions.Period {
    /// The last moment of the period. Figures over a stretch of time are shown where cameras stood at its end.
    public var last: EventTime { end + .microseconds(-1) }

    /// The last moment of a bucket within the period.
    func last(_ bucket: Moment, _ every: Duration) -> EventTime { min(bucket.time + every + .microseconds(-1), last) }
}
