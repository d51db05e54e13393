import Traffic

extension Answer {
    /// A trace as one moving feature: OGC Moving Features JSON 1.0 (OGC 19-045r3), Prism encoding.
    ///
    /// Each sight gives two instants, its first and its last, at the camera's place. They are `Discrete`: between two
    /// cameras nobody saw the vehicle, and the standard lets a reader of `Linear` put it on the straight line between them.
    /// What was seen is in `temporalProperties`, value by value for the same instants, times in UTC, places in longitude
    /// and latitude (CRS 84). The schema wants two instants; a single sight of one frame has one.
    ///
    /// Nil for an answer that is no trace, or has no row.
    public var movingFeature: String? {
        guard let first = columns.firstIndex(of: "seen"), let last = columns.firstIndex(of: "last_seen") else {
            return nil
        }
        var instants: [(time: EventTime, point: String, row: Row)] = []
        for row in rows {
            guard case .moment(let seen) = row.values[first], case .moment(let end) = row.values[last],
                case .point(let longitude, let latitude) = row.shape
            else { continue }
            for moment in [seen, end] { instants.append((moment.time, "[\(longitude), \(latitude)]", row)) }
        }
        instants.sort { $0.time < $1.time }
        // Instants rise strictly, so of two cameras that saw it at the same one the first is kept.
        instants = instants.enumerated().filter { $0 == 0 || instants[$0 - 1].time < $1.time }.map(\.element)
        guard let begin = instants.first, let end = instants.last else { return nil }

        let datetimes = "[" + instants.map { JSONText.string($0.time.rfc3339) }.joined(separator: ", ") + "]"
        let coordinates = "[" + instants.map(\.point).joined(separator: ", ") + "]"
        let properties = columns.indices.filter { $0 != first && $0 != last }.map { column in
            let values = instants.map { JSONText.value($0.row.values[column]) }.joined(separator: ", ")
            let isMeasure = rows.contains { if case .number = $0.values[column] { true } else { false } }
            // C62 is the code of the unit one.
            let kind = isMeasure ? "\"Measure\", \"form\": \"C62\"" : "\"Text\""
            return """
                \(JSONText.string(columns[column])): {"type": \(kind), "values": [\(values)], "interpolation": "Discrete"}
                """
        }
        return """
            {"type": "Feature",
              "crs": {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
              "trs": {"type": "Name", "properties": {"name": "urn:ogc:data:time:iso8601"}},
              "time": [\(JSONText.string(begin.time.rfc3339)), \(JSONText.string(end.time.rfc3339))],
              "geometry": {"type": "MultiPoint", "coordinates": \(coordinates)},
              "properties": {},
              "temporalGeometry": {"type": "MovingPoint", "datetimes": \(datetimes),
                "coordinates": \(coordinates), "interpolation": "Discrete"},
              "temporalProperties": [{"datetimes": \(datetimes),
                \(properties.joined(separator: ",\n    "))}]}

            """
    }
}
