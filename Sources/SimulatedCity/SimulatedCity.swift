internal import Foundation
public import Traffic

/// A city on paper: roads, cameras, zones, and what the cameras' clocks and cables are like.
///
/// Pure: the same settings give the same city.
public struct SimulatedCity: Sendable {
    /// A camera over one edge.
    public struct Site: Sendable, Hashable {
        public var camera: Camera
        /// Index into ``CityNetwork/edges``.
        public var edge: Int
        /// Where on the edge, as a share of its length.
        public var along: Double
        /// Index into ``CityZones/zones``.
        public var zone: Int
        /// How vehicles go through the picture.
        public var direction: Direction
        /// What its clock shows beyond the truth, in milliseconds.
        public var skew: Int
    }

    /// A time in which a camera saw nothing, by the true clock.
    public struct Outage: Sendable, Hashable {
        /// Index into ``SimulatedCity/sites``.
        public var site: Int
        /// Milliseconds since 1970; the end is not part of it.
        public var from, to: Int64
    }

    public let settings: CitySettings
    public let network: CityNetwork
    public let zones: CityZones
    /// By edge.
    public let sites: [Site]
    /// By camera, then time; those of one camera don't touch.
    public let outages: [Outage]
    let places: CityPlaces
    /// The zone of each place.
    let placeZones: [Int]
    /// Of each edge, its site or -1.
    let siteOfEdge: [Int32]

    public init(_ settings: CitySettings) throws(CityError) {
        try settings.validate()
        let network = CityNetwork(side: CityNetwork.side(cameras: settings.cameras), seed: settings.seed)
        let places = CityPlaces(network, seed: settings.seed)
        let degrees = network.nodes.map { CityNetwork.degrees(x: $0.x, y: $0.y) }
        let size = Double(network.side) * CityNetwork.block
        let (low, high) = (CityNetwork.degrees(x: -250, y: -250), CityNetwork.degrees(x: size + 250, y: size + 250))
        let zones = CityZones(
            settings.zones, west: low.longitude, south: low.latitude, east: high.longitude, north: high.latitude,
            points: places.nodes[..<places.firstGate].map { SIMD2(degrees[$0].longitude, degrees[$0].latitude) })
        let sites = Self.sites(settings, network, zones)
        var siteOfEdge = Array(repeating: Int32(-1), count: network.edges.count)
        for (index, site) in sites.enumerated() { siteOfEdge[site.edge] = Int32(index) }
        self.settings = settings
        self.network = network
        self.zones = zones
        self.sites = sites
        self.places = places
        self.siteOfEdge = siteOfEdge
        placeZones = places.nodes.map {
            zones.zone(longitude: degrees[$0].longitude, latitude: degrees[$0].latitude)!
        }
        outages = Self.outages(settings)
    }

    /// Main roads are watched first: a motorway's edge is thirty times as likely to have a camera as a residential one.
    private static func sites(_ settings: CitySettings, _ network: CityNetwork, _ zones: CityZones) -> [Site] {
        var random = CityRandom(settings.seed, .cameras)
        var chosen: Set<Int> = []
        while chosen.count < settings.cameras {
            let edge = random.index(network.edges.count)
            let share =
                switch network.edges[edge].road {
                case .motorway, .arterial: 1.0
                case .collector: 0.25
                case .residential: 0.03
                }
            if random.chance(share) { chosen.insert(edge) }
        }
        let digits = max(3, String(settings.cameras).count)
        return chosen.sorted().enumerated().map { number, index in
            var random = CityRandom(settings.seed, .skew, number)
            let edge = network.edges[index]
            let (a, b) = (network.nodes[edge.from], network.nodes[edge.to])
            let along = random.double(0.3...0.8)
            let degrees = CityNetwork.degrees(x: a.x + (b.x - a.x) * along, y: a.y + (b.y - a.y) * along)
            let text = String(number + 1)
            let id = "cam-" + String(repeating: "0", count: digits - text.count) + text
            let direction = [
                Direction.approaching, .approaching, .approaching, .receding, .receding, .leftward, .rightward,
            ][random.index(7)]
            let course = (atan2(b.x - a.x, b.y - a.y) * 180 / .pi).rounded()
            let turn: Double =
                switch direction {
                case .approaching: 180
                case .leftward: 90
                case .rightward: 270
                case .receding, .stationary: 0
                }
            let heading = (course + turn + 720).truncatingRemainder(dividingBy: 360)
            return Site(
                camera: Camera(
                    id: CameraID(id), longitude: degrees.longitude, latitude: degrees.latitude, heading: heading),
                edge: index, along: along, zone: zones.zone(longitude: degrees.longitude, latitude: degrees.latitude)!,
                direction: direction, skew: Int((random.normal() * settings.faults.clockSkew * 1000).rounded()))
        }
    }

    /// From five minutes to three hours, short ones likelier. One that would touch another of its camera is drawn anew.
    private static func outages(_ settings: CitySettings) -> [Outage] {
        var random = CityRandom(settings.seed, .outages)
        var made: [Outage] = []
        var tries = 0
        // A short run with few cameras has no room for many.
        while made.count < settings.faults.outages, tries < settings.faults.outages * 20 {
            tries += 1
            let site = random.index(settings.cameras)
            let from = settings.begin + Int64(random.unit() * Double(settings.seconds)) * 1000
            let length = 300 + 10_500 * random.unit() * random.unit() * random.unit()
            let outage = Outage(site: site, from: from, to: from + Int64(length) * 1000)
            if made.contains(where: { $0.site == site && $0.from <= outage.to && outage.from <= $0.to }) { continue }
            made.append(outage)
        }
        return made.sorted { ($0.site, $0.from) < ($1.site, $1.from) }
    }
}
