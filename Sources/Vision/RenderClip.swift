internal import Foundation
internal import Traffic

/// Renders the frames of one camera's clip, in order or singly.
public struct ClipRenderer: Sendable {
    private let scenario: Scenario
    private let site: Int
    private let background: Picture
    private let light: SceneLight
    private let noise: SensorNoise
    private let visits: [(visit: Scenario.Visit, model: VehicleModel)]

    /// Paints the scene and builds the vehicles; about half a second at 1280x720.
    ///
    /// - Parameter site: Index into the scenario's sites.
    public init(_ scenario: Scenario, site: Int) throws {
        self.scenario = scenario
        self.site = site
        let light = SceneLight(scenario.sites[site].light)
        self.light = light
        background = try ScenePainter.paint(scenario, site: site)
        let settings = scenario.settings
        let plates = try PlateRenderer()
        let front = scenario.sites[site].approaching
        // A plate reflects what falls on it back to where it came from: it is never quite as dark as its surroundings.
        let lit = light.matt(.white, normal: SIMD3(0, 0.1, -1))
        visits = try scenario.visits.filter { $0.site == site }.map { visit in
            let vehicle = scenario.vehicles[visit.vehicle]
            let plate = try plates.plate(
                text: vehicle.plate, style: vehicle.style, light: lit.mixed(with: .white, 0.2))
            return (visit, VehicleModel(vehicle, front: front, lane: visit.lane, light: light, plate: plate))
        }
        noise = try SensorNoise(
            width: settings.width, height: settings.height, sigma: light.noise,
            seed: settings.seed &+ UInt64(site) &* 1000)
    }

    /// - Parameter index: 0..<``Scenario/framesPerClip``. The same index gives the same pixels.
    public func frame(_ index: Int) throws -> Picture {
        let settings = scenario.settings
        let time = Double(index) / Double(settings.framesPerSecond)
        let shake = scenario.shake(site: site, frame: index)
        let view = scenario.view(site: site, frame: index)
        let margin = Double((background.width - settings.width) / 2)
        var canvas = try Canvas(
            window: background, left: margin - shake.x, top: margin - shake.y, width: settings.width,
            height: settings.height)

        // Far ones first.
        let present = visits.compactMap { entry -> (visit: Scenario.Visit, model: VehicleModel, at: Double)? in
            let distance = scenario.distance(entry.visit, at: time)
            let shown =
                distance < Scenario.farEnd && distance > -entry.model.shape.length && time >= entry.visit.motion.start
            return shown ? (entry.visit, entry.model, distance) : nil
        }
        for entry in present.sorted(by: { $0.at > $1.at }) {
            try draw(entry.visit, entry.model, time: time, view: view, on: &canvas)
        }
        var random = SeededRandom(seed: settings.seed, part: "grain \(site) \(index)")
        try canvas.add(noise, x: random.index(64), y: random.index(64))
        return try canvas.finished()
    }

    private func draw(
        _ visit: Scenario.Visit, _ model: VehicleModel, time: Double, view: ScenarioView, on canvas: inout Canvas
    ) throws(VisionError) {
        let origin = scenario.position(visit, at: time), shape = model.shape
        try shadow(shape, at: origin, view: view, on: &canvas)
        let seen = model.mesh.projected(view, at: origin)
        let corners = scenario.plateCorners(visit, at: time, view: view)

        // How far the near end moves over the picture while the shutter is open.
        var motion = Point(x: 0, y: 0)
        if let now = corners?.bounds.center,
            let then = scenario.plateCorners(visit, at: time - light.exposure, view: view)?.bounds.center
        {
            motion = Point(x: now.x - then.x, y: now.y - then.y)
        }
        try canvas.mesh(
            seen.vertices, triangles: seen.triangles, decal: corners.map { (model.plate, $0) }, motion: motion)
        for lamp in model.lamps {
            guard let spot = view.project(lamp.point + origin) else { continue }
            try canvas.glow(at: spot.point, radius: lamp.radius * view.focal / spot.depth, lamp.colour)
        }
    }

    private func shadow(
        _ shape: BodyShape, at origin: SIMD3<Double>, view: ScenarioView, on canvas: inout Canvas
    ) throws(VisionError) {
        let half = shape.width / 2, near = max(0.8, origin.z)
        guard origin.z + shape.length > 1, let size = view.project(SIMD3(0, 0, near)) else { return }
        for (grow, opacity, soft) in [(0.16, 0.45, 0.10), (-0.04, 0.55, 0.05)] {
            let left = origin.x - half - grow, right = origin.x + half + grow
            let front = max(0.8, origin.z - grow), rear = origin.z + shape.length + grow
            let outline = view.outline([
                SIMD3(left, 0, front), SIMD3(right, 0, front), SIMD3(right, 0, rear), SIMD3(left, 0, rear),
            ])
            guard let outline else { continue }
            let softness = min(14, soft * view.focal / size.depth)
            try canvas.fill(outline, Colour(10, 10, 12), opacity: opacity, softness: softness)
        }
    }
}
