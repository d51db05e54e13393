/// A city cut into rectangles, each cut giving both sides their share of the people. Together they tile the city.
public struct CityZones: Sendable {
    public struct Zone: Sendable, Hashable {
        /// WGS 84 degrees; the south and west sides belong to it.
        public var west, south, east, north: Double
    }

    public let zones: [Zone]
    /// `z01` and so on.
    public let names: [String]

    /// - Parameters:
    ///   - count: At most as many as points.
    ///   - points: WGS 84 degrees where people are, each weighing as much as any other.
    init(_ count: Int, west: Double, south: Double, east: Double, north: Double, points: [SIMD2<Double>]) {
        var zones: [Zone] = []
        func cut(_ zone: Zone, _ count: Int, _ points: [SIMD2<Double>]) {
            guard count > 1 else { return zones.append(zone) }
            let first = count / 2
            // A degree of latitude is 1.6 times as long as one of longitude here.
            let across = zone.east - zone.west > (zone.north - zone.south) * 1.58
            let sorted = points.sorted { across ? $0.x < $1.x : $0.y < $1.y }
            let low = across ? zone.west : zone.south, high = across ? zone.east : zone.north
            var place = low + (high - low) * Double(first) / Double(count)
            if sorted.count > 1 {
                let point = sorted[min(sorted.count - 1, max(1, sorted.count * first / count))]
                place = across ? point.x : point.y
            }
            // Never a sliver: at least a quarter of its share on either side.
            let least = (high - low) / Double(4 * count)
            place = (min(high - least, max(low + least, place)) * 1e6).rounded() / 1e6
            var (a, b) = (zone, zone)
            if across { (a.east, b.west) = (place, place) } else { (a.north, b.south) = (place, place) }
            cut(a, first, sorted.filter { (across ? $0.x : $0.y) < place })
            cut(b, count - first, sorted.filter { (across ? $0.x : $0.y) >= place })
        }
        cut(Zone(west: west, south: south, east: east, north: north), count, points)
        self.zones = zones
        let digits = String(count).count
        names = (1...count).map { number in
            let text = String(number)
            return "z" + String(repeating: "0", count: digits - text.count) + text
        }
    }

    /// The zone of a point inside the city.
    public func zone(longitude: Double, latitude: Double) -> Int? {
        zones.firstIndex {
            longitude >= $0.west && longitude < $0.east && latitude >= $0.south && latitude < $0.north
        }
    }
}
