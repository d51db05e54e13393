internal import Foundation
public import Traffic

/// A small city's traffic, settled in advance: cameras along one route, vehicles, and who is where when.
///
/// Pure: the same settings give the same scenario, on any machine.
public struct Scenario: Sendable {
    public struct Settings: Sendable, Hashable {
        public var seed: UInt64 = 1
        /// 1...6.
        public var cameras = 4
        /// 1...200.
        public var vehicles = 18
        /// Length of each clip, 10...600.
        public var seconds = 40
        /// Pixels, both even, 640x360...3840x2160.
        public var width = 1280, height = 720
        /// Frames a second, 5...30.
        public var framesPerSecond = 10

        public init() {}

        func validate() throws(RenderError) {
            func require(_ holds: Bool, _ message: String) throws(RenderError) {
                if !holds { throw .outOfRange(message) }
            }
            try require((1...Scenario.sites.count).contains(cameras), "\(cameras) cameras; give 1 to 6")
            try require((1...200).contains(vehicles), "\(vehicles) vehicles; give 1 to 200")
            try require((10...600).contains(seconds), "\(seconds) seconds a clip; give 10 to 600")
            try require((5...30).contains(framesPerSecond), "\(framesPerSecond) frames a second; give 5 to 30")
            let sized = (640...3840).contains(width) && (360...2160).contains(height)
            try require(
                sized && width % 2 == 0 && height % 2 == 0, "size \(width)x\(height); both even, 640x360 to 3840x2160")
        }
    }

    /// One camera of the route.
    public struct Site: Sendable, Hashable {
        public enum Light: Sendable { case day, lowSun, dusk }
        public var camera: Camera
        /// Whole seconds since 1970 UTC at which its clip starts.
        public var started: Int
        public var light: Light
        /// Whether vehicles come towards the camera, so that it sees their fronts.
        public var approaching: Bool
        /// Whether it looks at a stop line.
        public var signal: Bool
    }

    /// One vehicle's stay in one camera's view.
    public struct Visit: Sendable {
        /// Index into ``Scenario/sites``, and into ``Scenario/vehicles``.
        public var site, vehicle: Int
        /// 0 left, 1 right.
        public var lane: Int
        var motion: ScenarioMotion
    }

    public let settings: Settings
    public let sites: [Site]
    public let vehicles: [ScenarioVehicle]
    /// By site, then by time.
    public let visits: [Visit]

    public var framesPerClip: Int { settings.seconds * settings.framesPerSecond }

    public init(_ settings: Settings) throws(RenderError) {
        try settings.validate()
        self.settings = settings
        vehicles = (0..<settings.vehicles).map { ScenarioVehicle(number: $0, seed: settings.seed) }
        sites = Array(Self.sites.prefix(settings.cameras))
        visits = Self.plan(settings, sites)
    }

    /// Metres between a lane's middle and the road's.
    static let laneOffset = 1.65
    /// Metres from the camera where vehicles appear (or vanish), and where the lane's next one must not yet be.
    static let farEnd = 90.0, farGap = 27.0, nearGap = 4.0
    /// Metres before the camera's foot of a receding vehicle's way.
    static let behind = 8.0

    /// Seconds a vehicle takes between two successive sites, give or take.
    public static func travelTime(from: Site, to: Site) -> Int { to.started - from.started }

    private static func plan(_ settings: Settings, _ sites: [Site]) -> [Visit] {
        var random = SeededRandom(seed: settings.seed, part: "plan")
        let seconds = Double(settings.seconds)
        var desired = (0..<settings.vehicles).map { number in
            let slot = (seconds - 7) / Double(settings.vehicles)
            return 1 + slot * (Double(number) + random.double(0.1...0.9))
        }
        var visits: [Visit] = []
        for (index, site) in sites.enumerated() {
            var free = [-Double.infinity, -Double.infinity]
            var here: [Visit] = []
            for number in (0..<settings.vehicles).sorted(by: { desired[$0] < desired[$1] }) {
                // Some join the route late, some leave it early.
                if sites.count > 2 && (number % 16 == 5 && index == 0 || number % 16 == 6 && index == sites.count - 1) {
                    continue
                }
                var motion = ScenarioMotion(start: 0, speed: random.double(6.2...8.6), stop: nil)
                if site.signal && random.index(4) == 0 {
                    motion.stop = .init(at: farEnd - random.double(9...12), wait: random.double(2...4))
                }
                let enters = site.approaching ? farEnd - farGap : behind + nearGap
                let leaves = site.approaching ? farEnd - nearGap : behind + farGap
                let entry = motion.time(reaching: enters)
                let preferred = random.index(2)
                let waits = (0..<2).map { max(desired[number], free[$0]) }
                let lane = waits[preferred] <= waits[1 - preferred] + 0.4 ? preferred : 1 - preferred
                motion.start = waits[lane] - entry
                let end = motion.time(reaching: leaves)
                if end > seconds - 0.3 { continue }
                free[lane] = end + 0.35
                here.append(Visit(site: index, vehicle: number, lane: lane, motion: motion))
                desired[number] = min(max(0.8, waits[lane] + random.double(-2.5...2.5)), seconds - 5)
            }
            visits += here.sorted { $0.motion.start < $1.motion.start }
        }
        return visits
    }

    /// Metres from the camera's foot to a vehicle's near end; negative once it has passed under.
    func distance(_ visit: Visit, at time: Double) -> Double {
        let travelled = visit.motion.travelled(at: time)
        return sites[visit.site].approaching ? Self.farEnd - travelled : travelled - Self.behind
    }

    /// The camera's geometry without its shake.
    func view(site index: Int) -> ScenarioView {
        let offsets = [0.25, -0.2, 0.1, -0.35, 0.3, 0.0], heights = [2.35, 2.5, 2.3, 2.4, 2.45, 2.3]
        let yaws = [0.012, -0.01, 0.006, 0.016, -0.014, 0.008], rolls = [0.004, -0.006, 0.002, -0.003, 0.005, 0]
        return ScenarioView(
            width: settings.width, height: settings.height, across: offsets[index], height: heights[index],
            yaw: yaws[index], roll: rolls[index], horizon: 0.13)
    }

    /// The route, one after another; the starts are apart by what the way takes at 30 km/h with its detours.
    ///
    /// The day ends on the way: the first camera sees it, the fourth the street lamps.
    private static func site(
        _ id: CameraID, _ longitude: Double, _ latitude: Double, _ heading: Double, _ after: Int, _ light: Site.Light,
        approaching: Bool, signal: Bool = false
    ) -> Site {
        Site(
            camera: Camera(id: id, longitude: longitude, latitude: latitude, heading: heading),
            started: 1_772_471_100 + after, light: light, approaching: approaching, signal: signal)
    }

    static let sites = [
        site("ring-north", 4.3499, 50.8792, 0, 0, .day, approaching: true),
        site("canal-bridge", 4.3391, 50.8637, 135, 264, .day, approaching: false),
        site("market-east", 4.3688, 50.8503, 315, 624, .lowSun, approaching: true, signal: true),
        site("station-south", 4.3363, 50.8358, 45, 1016, .dusk, approaching: true),
        site("park-west", 4.3120, 50.8466, 270, 1280, .dusk, approaching: false),
        site("tunnel-exit", 4.3805, 50.8378, 270, 1880, .dusk, approaching: true, signal: true),
    ]
}
