internal import Foundation
public import Traffic

/// What a file says of one camera's place.
public struct CameraEntry: Hashable, Sendable {
    /// From when on it stands there.
    public enum Start: Hashable, Sendable {
        case beginning
        case time(EventTime)

        /// - Parameter text: `beginning`, or RFC 3339.
        public init?(_ text: String) {
            if text == "beginning" {
                self = .beginning
            } else if let time = EventTime(rfc3339: text) {
                self = .time(time)
            } else {
                return nil
            }
        }
    }

    public var camera: Camera
    /// Nil where the file doesn't say.
    public var start: Start?

    public init(camera: Camera, start: Start?) {
        self.camera = camera
        self.start = start
    }

    /// Reads a GeoJSON feature collection of points.
    ///
    /// A camera's name is the property `name` or `camera`; `heading` and `valid_from` are optional, other properties are
    /// left alone. A camera may come several times, with its places at several times.
    /// - Throws: ``PlaceError/problems(_:)`` with everything that is wrong.
    public static func list(geoJSON: String) throws(PlaceError) -> [CameraEntry] {
        let root = try? JSONSerialization.jsonObject(with: Data(geoJSON.utf8)) as? [String: Any]
        guard let root, root["type"] as? String == "FeatureCollection",
            let features = root["features"] as? [[String: Any]]
        else { throw .problems(["PLC101 it is not a GeoJSON feature collection"]) }
        var entries: [CameraEntry] = []
        var problems: [String] = []
        for (index, feature) in features.enumerated() {
            let properties = feature["properties"] as? [String: Any] ?? [:]
            guard let name = (properties["name"] ?? properties["camera"]) as? String, !name.isEmpty, name.count <= 200
            else {
                problems.append("PLC101 feature \(index + 1) has no property name of 1 to 200 characters")
                continue
            }
            let geometry = feature["geometry"] as? [String: Any]
            guard geometry?["type"] as? String == "Point", let place = geometry?["coordinates"] as? [Double],
                place.count >= 2
            else {
                problems.append(
                    "PLC101 \(name) has no point, as in {\"type\": \"Point\", \"coordinates\": [4.35, 50.88]}")
                continue
            }
            var heading: Double?
            if let value = properties["heading"], !(value is NSNull) {
                heading = value as? Double
                if heading == nil {
                    problems.append("PLC101 \(name) has the heading \(value): compass degrees are a number, 0 to 360")
                }
            }
            var start: Start?
            if let value = properties["valid_from"], !(value is NSNull) {
                start = (value as? String).flatMap { Start($0) }
                if start == nil {
                    problems.append(
                        "PLC101 \(name) has the valid_from \(value): write RFC 3339, as in 2026-03-02T07:00:00Z, or beginning"
                    )
                }
            }
            if properties["valid_until"] != nil {
                problems.append("PLC101 \(name) has a valid_until: a place ends where the camera's next one begins")
            }
            let camera = Camera(id: CameraID(name), longitude: place[0], latitude: place[1], heading: heading)
            entries.append(CameraEntry(camera: camera, start: start))
        }
        guard problems.isEmpty else { throw .problems(problems) }
        return entries
    }
}

/// What is wrong with a file of cameras or zones. Codes are stable: `PLC1xx`.
public enum PlaceError: Error, Equatable, CustomStringConvertible {
    /// Everything at once; nothing was changed.
    case problems([String])
    public var description: String {
        switch self {
        case .problems(let list): list.joined(separator: "\n")
        }
    }
}
