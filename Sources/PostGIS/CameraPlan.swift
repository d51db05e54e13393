internal import Foundation
public import Traffic

/// What an import of cameras would change. Reads no clock and no database.
public struct CameraPlan: Hashable, Sendable {
    public enum Change: Hashable, Sendable, CustomStringConvertible {
        case new(Camera)
        case moved(from: Camera, to: Camera, since: EventTime)
        /// A place that was already valid from that very moment (nil: the beginning), which its sightings keep no more.
        case corrected(from: Camera, to: Camera, since: EventTime?)

        public var description: String {
            func since(_ time: EventTime?) -> String { time.map { "from \($0.rfc3339) on" } ?? "from the beginning" }
            return switch self {
            case .new(let camera): "new \(camera.id): \(camera.place)"
            case .moved(let old, let new, let time):
                "moved \(new.id), \(since(time)): \(new.place); before: \(old.place); \(Int(metres(old, new))) m"
            case .corrected(let old, let new, let time):
                "corrected \(new.id), \(since(time)): \(new.place); was: \(old.place); \(Int(metres(old, new))) m"
            }
        }
    }

    /// In the order of the file.
    public private(set) var changes: [Change] = []
    /// Cameras of the file that stay as they are.
    public private(set) var unchanged = 0
    /// All places of the cameras that change, oldest first.
    public private(set) var stays: [CameraID: [CameraPlaces.Stay]] = [:]

    /// - Parameters:
    ///   - entries: What the file says.
    ///   - start: For entries that don't say from when on.
    ///   - known: What the database has.
    ///   - now: A known camera without a start must stand there already.
    /// - Throws: ``PlaceError/problems(_:)`` with everything that is wrong.
    public init(
        _ entries: [CameraEntry], start: CameraEntry.Start?, known: CameraPlaces, now: EventTime
    ) throws(PlaceError) {
        var entries = entries
        for index in entries.indices {
            entries[index].start = entries[index].start ?? start
            // The full circle, as some files have it.
            if entries[index].camera.heading == 360 { entries[index].camera.heading = 0 }
        }
        var problems = Self.misplaced(entries.map(\.camera), known: known, now: now)
        for (id, entries) in Self.grouped(entries) {
            var stays = known.stays[id] ?? []
            let before = stays
            var said: Set<CameraEntry.Start?> = []
            for entry in entries {
                guard said.insert(entry.start).inserted else {
                    let when = entry.start.map { $0 == .beginning ? "from the beginning" : "from the same time on" }
                    problems.append(
                        "PLC104 \(id) comes twice \(when ?? "without valid_from"): a camera is in one place at a time")
                    continue
                }
                let camera = entry.camera
                if stays.isEmpty {
                    // Whatever it saw before was seen from there too.
                    stays = [CameraPlaces.Stay(from: nil, camera: camera)]
                    changes.append(.new(camera))
                    continue
                }
                var time: EventTime?
                switch entry.start {
                case .beginning: time = nil
                case .time(let start): time = start
                case nil:
                    let current = Self.index(stays, at: now)
                    if !Self.same(stays[current].camera, camera) {
                        problems.append(
                            """
                            PLC105 \(id) stands at \(stays[current].camera.place), and at \(camera.place) in the file. Say \
                            from when on with valid_from or --from DATE-TIME; --from beginning corrects its first place
                            """)
                    }
                    continue
                }
                let at = time.map { Self.index(stays, at: $0) } ?? 0
                let old = stays[at].camera
                if Self.same(old, camera) { continue }
                if stays[at].from == time {
                    stays[at].camera = camera
                    changes.append(.corrected(from: old, to: camera, since: time))
                } else if let time {
                    stays.insert(CameraPlaces.Stay(from: time, camera: camera), at: at + 1)
                    changes.append(.moved(from: old, to: camera, since: time))
                }
            }
            // Where nothing changes, no place begins.
            var joined: [CameraPlaces.Stay] = []
            for stay in stays where !(joined.last.map { Self.same($0.camera, stay.camera) } ?? false) {
                joined.append(stay)
            }
            if joined == before { unchanged += 1 } else { self.stays[id] = joined }
        }
        guard problems.isEmpty else { throw .problems(problems) }
    }

    /// By camera in the order of the file; each camera's by time, those without one last.
    private static func grouped(_ entries: [CameraEntry]) -> [(CameraID, [CameraEntry])] {
        func key(_ start: CameraEntry.Start?) -> Int64 {
            switch start {
            case .beginning: .min
            case .time(let time): time.nanoseconds
            case nil: .max
            }
        }
        var order: [CameraID] = []
        var groups: [CameraID: [CameraEntry]] = [:]
        for entry in entries {
            if groups[entry.camera.id] == nil { order.append(entry.camera.id) }
            groups[entry.camera.id, default: []].append(entry)
        }
        return order.map { id in (id, groups[id]!.sorted { key($0.start) < key($1.start) }) }
    }

    private static func index(_ stays: [CameraPlaces.Stay], at time: EventTime) -> Int {
        stays.lastIndex { stay in stay.from.map { $0 <= time } ?? true } ?? 0
    }

    /// As the database keeps them: headings in single precision.
    private static func same(_ a: Camera, _ b: Camera) -> Bool {
        a.longitude == b.longitude && a.latitude == b.latitude
            && a.heading.map { Float($0) } == b.heading.map { Float($0) }
    }

    /// Positions that are out of range, or far from all others but not once longitude and latitude change places.
    private static func misplaced(_ cameras: [Camera], known: CameraPlaces, now: EventTime) -> [String] {
        var problems: [String] = []
        let ids = Set(cameras.map(\.id))
        var others = known.stays.compactMap { id, stays in ids.contains(id) ? nil : stays.last?.camera }
        // With none to compare with, most of the file itself is taken for right.
        if others.isEmpty { others = known.stays.values.compactMap { $0.last?.camera } + cameras }
        func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        for camera in cameras {
            if let heading = camera.heading, !(heading >= 0 && heading < 360) {
                problems.append("PLC102 \(camera.id) has the heading \(heading): compass degrees are 0 to 360")
            }
            guard abs(camera.longitude) <= 180, abs(camera.latitude) <= 90 else {
                let swapped = abs(camera.longitude) <= 90 && abs(camera.latitude) <= 180
                problems.append(
                    "PLC102 \(camera.id) is at \(camera.place), which is not on Earth: longitude comes first, -180 to 180, then latitude, -90 to 90"
                        + (swapped ? "; they look swapped" : ""))
                continue
            }
            let centre = Camera(
                id: camera.id, longitude: middle(others.map(\.longitude)), latitude: middle(others.map(\.latitude)),
                heading: nil)
            var swapped = camera
            (swapped.longitude, swapped.latitude) = (camera.latitude, camera.longitude)
            if abs(swapped.latitude) <= 90, metres(camera, centre) > 500_000, metres(swapped, centre) < 500_000 {
                problems.append(
                    "PLC103 \(camera.id) is \(Int(metres(camera, centre) / 1000)) km from the other cameras, but not with longitude and latitude swapped: longitude comes first"
                )
            }
        }
        return problems
    }
}

/// Straight between two cameras on a sphere of the Earth's mean radius: good to half a percent.
private func metres(_ a: Camera, _ b: Camera) -> Double {
    let radians = Double.pi / 180
    let (p, q) = (a.latitude * radians, b.latitude * radians)
    let (y, x) = (sin((q - p) / 2), sin((b.longitude - a.longitude) * radians / 2))
    return 2 * 6_371_009 * asin(min(1, (y * y + cos(p) * cos(q) * x * x).squareRoot()))
}
