internal import Foundation
internal import Traffic

/// Paints the still part of a camera's view: sky, houses, trees, road.
struct ScenePainter: ~Copyable {
    /// Pixels painted beyond each edge of the picture, for the shake.
    static let margin = 8

    private let view: ScenarioView
    private let light: SceneLight
    private let pixel: Double
    private var random: SeededRandom
    private var canvas: Canvas

    init(_ scenario: Scenario, site: Int) throws(VisionError) {
        let settings = scenario.settings
        let margin = Self.margin * settings.width / 1280 + 2
        view = scenario.view(site: site).moved(x: Double(margin), y: Double(margin))
        light = SceneLight(scenario.sites[site].light)
        pixel = Double(settings.width) / 1280
        random = SeededRandom(seed: settings.seed, part: "scene \(scenario.sites[site].camera.id)")
        canvas = try Canvas(width: settings.width + 2 * margin, height: settings.height + 2 * margin, fill: .black)
    }

    /// - Returns: A picture larger than a frame by the margin on each side.
    static func paint(_ scenario: Scenario, site: Int) throws(VisionError) -> Picture {
        var painter = try ScenePainter(scenario, site: site)
        try painter.sky()
        try painter.skyline()
        try painter.ground()
        try painter.houses()
        try painter.trees()
        try painter.lampPosts()
        if scenario.sites[site].signal { try painter.signalPost() }
        return try painter.canvas.picture()
    }

    private var horizon: Double { view.project(SIMD3(0, 0, 3000))?.point.y ?? 0 }
    private var width: Double { Double(canvas.width) }

    private func flat(_ x: Double, _ z: Double) -> SIMD3<Double> { SIMD3(x, 0, z) }

    /// Fills a shape given in the world, unless part of it is too near.
    private mutating func fill(
        _ points: [SIMD3<Double>], _ colour: Colour, to second: Colour? = nil, opacity: Double = 1, softness: Double = 0
    ) throws(VisionError) {
        guard let outline = view.outline(points) else { return }
        try canvas.fill(outline, colour, to: second, opacity: opacity, softness: softness)
    }

    private mutating func road(
        _ left: Double, _ right: Double, _ near: Double, _ far: Double, _ colour: Colour, to second: Colour? = nil,
        opacity: Double = 1, softness: Double = 0
    ) throws(VisionError) {
        try fill(
            [flat(left, near), flat(right, near), flat(right, far), flat(left, far)], colour, to: second,
            opacity: opacity, softness: softness)
    }

    private mutating func sky() throws(VisionError) {
        try canvas.fill(
            Box(x: 0, y: 0, width: width, height: horizon + 4), light.zenith.mixed(with: light.horizon, 0.5),
            to: light.horizon)
        for _ in 0..<7 {
            let x = random.double(0...width), y = random.double(0...horizon), wide = random.double(80...300) * pixel
            let puff = (0..<16).map { step -> Point in
                let angle = Double(step) / 16 * 2 * .pi
                return Point(x: x + cos(angle) * wide, y: y + sin(angle) * wide * 0.12)
            }
            try canvas.fill(puff, light.horizon.mixed(with: .white, 0.4), opacity: 0.35, softness: 9 * pixel)
        }
    }

    private mutating func skyline() throws(VisionError) {
        var x = -20.0
        let haze = light.matt(Colour(120, 126, 138), normal: SIMD3(0, 0, -1)).mixed(with: light.horizon, 0.45)
        while x < width {
            let wide = random.double(24...80) * pixel, tall = random.double(8...44) * pixel
            let shade = haze * random.double(0.9...1.08)
            try canvas.fill(Box(x: x, y: horizon - tall, width: wide, height: tall + 4), shade)
            x += wide * random.double(0.8...1.05)
        }
    }

    private mutating func ground() throws(VisionError) {
        let up = SIMD3(0.0, 1, 0)
        let lawn = light.matt(Colour(92, 112, 64), normal: up), paving = light.matt(Colour(150, 146, 140), normal: up)
        let asphalt = light.matt(Colour(82, 82, 84), normal: up), kerb = light.matt(Colour(178, 176, 172), normal: up)
        let far = asphalt.mixed(with: light.horizon, 0.1)
        try canvas.fill(
            Box(x: 0, y: horizon, width: width, height: Double(canvas.height) - horizon),
            lawn.mixed(with: light.horizon, 0.35), to: lawn)
        try road(-7.4, -3.9, 1.2, 600, far, to: paving)
        try road(3.9, 7.4, 1.2, 600, far, to: paving)
        try road(-3.9, 3.9, 1.2, 900, far, to: asphalt)
        try road(-4.15, -3.9, 1.2, 300, kerb)
        try road(3.9, 4.15, 1.2, 300, kerb)

        // Worn wheel tracks, repairs, stains and stones: a road without them looks like a drawing.
        for lane in [-Scenario.laneOffset, Scenario.laneOffset] {
            for track in [-0.8, 0.8] {
                try road(
                    lane + track - 0.3, lane + track + 0.3, 1.2, 200, asphalt * 0.84, opacity: 0.5, softness: 5 * pixel)
            }
        }
        for _ in 0..<14 {
            let x = random.double(-3.6...2.4), z = random.double(5...45)
            try road(
                x, x + random.double(0.4...1.6), z, z + random.double(0.8...4), asphalt * random.double(0.72...1.15),
                opacity: 0.55, softness: pixel)
        }
        for _ in 0..<3200 {
            let x = random.double(-7.2...7.2), z = 3 + 40 * pow(random.double(0...1), 2),
                side = random.double(0.01...0.05)
            try road(
                x, x + side, z, z + side * 2, (abs(x) < 3.9 ? asphalt : paving) * random.double(0.6...1.35),
                opacity: 0.5)
        }
        for z in stride(from: 1.5, to: 60, by: 1.2) {
            for x in [-7.4, 4.15] { try road(x, x + 3.25, z, z + 0.03, paving * 0.75, opacity: 0.6) }
        }
        let marking = light.matt(Colour(232, 232, 226), normal: up)
        for z in stride(from: 2.0, to: 150, by: 6) { try road(-0.07, 0.07, z, z + 3, marking, opacity: 0.85) }
        for x in [-3.55, 3.43] { try road(x, x + 0.12, 1.2, 300, marking, opacity: 0.8) }
    }

    private mutating func houses() throws(VisionError) {
        let facades = [
            Colour(176, 120, 92), Colour(196, 178, 150), Colour(150, 140, 130), Colour(206, 200, 190),
            Colour(140, 84, 70), Colour(168, 160, 150),
        ]
        for side in [-1.0, 1.0] {
            var pieces: [(near: Double, far: Double, tall: Double, colour: Colour)] = []
            var z = 9.0
            while z < 150 {
                let deep = random.double(7...14)
                pieces.append((z, z + deep, random.double(7...15), random.pick(facades)))
                z += deep + (random.index(4) == 0 ? random.double(3...9) : 0)
            }
            for piece in pieces.reversed() {
                try house(side: side, near: piece.near, far: piece.far, tall: piece.tall, colour: piece.colour)
            }
        }
    }

    private mutating func house(side: Double, near: Double, far: Double, tall: Double, colour: Colour)
        throws(VisionError)
    {
        let x = side * 7.8, haze = min(0.45, near / 260)
        let wall = light.matt(colour, normal: SIMD3(-side, 0, -0.2)).mixed(with: light.horizon, haze)
        let gable = light.matt(colour, normal: SIMD3(0, 0, -1)).mixed(with: light.horizon, haze)
        let outer = side * 30
        try fill([SIMD3(x, 0, near), SIMD3(outer, 0, near), SIMD3(outer, tall, near), SIMD3(x, tall, near)], gable)
        try fill(
            [SIMD3(x, 0, near), SIMD3(x, 0, far), SIMD3(x, tall, far), SIMD3(x, tall, near)], wall, to: wall * 0.85)
        let pane = light.matt(Colour(60, 70, 82), normal: SIMD3(-side, 0, 0)).mixed(with: light.horizon, 0.2 + haze / 2)
        let lit = Colour(250, 204, 120)
        let columns = max(2, Int((far - near) / 2.6)), step = (far - near) / Double(columns)
        for storey in 0..<Int(tall / 3) {
            for column in 0..<columns {
                let z = near + step * (Double(column) + 0.28), foot = 0.9 + 3 * Double(storey)
                let shines = light.lamps && random.index(3) == 0
                let wide = step * 0.44
                try fill(
                    [
                        SIMD3(x, foot - 0.1, z - 0.12), SIMD3(x, foot - 0.1, z + wide + 0.12),
                        SIMD3(x, foot + 1.6, z + wide + 0.12), SIMD3(x, foot + 1.6, z - 0.12),
                    ], wall * 1.15)
                try fill(
                    [
                        SIMD3(x, foot, z), SIMD3(x, foot, z + wide), SIMD3(x, foot + 1.5, z + wide),
                        SIMD3(x, foot + 1.5, z),
                    ],
                    shines ? lit : pane, to: shines ? lit * 0.8 : pane * 0.75)
            }
        }
    }

    private mutating func trees() throws(VisionError) {
        for z in stride(from: 74.0, through: 16, by: -11) {
            for side in [-1.0, 1.0] where random.index(5) > 0 {
                let x = side * 6.2, haze = min(0.4, z / 220)
                let bark = light.matt(Colour(84, 70, 56), normal: SIMD3(0, 0, -1)).mixed(with: light.horizon, haze)
                try fill(
                    [SIMD3(x - 0.12, 0, z), SIMD3(x + 0.12, 0, z), SIMD3(x + 0.1, 3, z), SIMD3(x - 0.1, 3, z)], bark)
                for leaf in 0..<26 {
                    let dx = random.double(-1.3...1.3), dy = random.double(-1.1...1.3), size = random.double(0.4...0.8)
                    guard let seen = view.project(SIMD3(x + dx, 4 + dy, z)) else { continue }
                    let radius = size * view.focal / seen.depth
                    let colour = light.matt(
                        Colour(70, 96, 44) * random.double(0.75...1.25), normal: unit(SIMD3(dx, dy + 0.4, -0.8)))
                    let blob = (0..<9).map { step -> Point in
                        let angle = Double(step + leaf) / 9 * 2 * .pi, wobble = random.double(0.75...1.15)
                        return Point(
                            x: seen.point.x + cos(angle) * radius * wobble,
                            y: seen.point.y + sin(angle) * radius * wobble)
                    }
                    try canvas.fill(blob, colour.mixed(with: light.horizon, haze), opacity: 0.9, softness: 0.8 * pixel)
                }
            }
        }
    }

    private mutating func lampPosts() throws(VisionError) {
        let metal = light.matt(Colour(110, 114, 118), normal: SIMD3(0, 0, -1))
        for z in [82.0, 56, 30] {
            let x = -4.6
            try fill(
                [SIMD3(x - 0.06, 0, z), SIMD3(x + 0.06, 0, z), SIMD3(x + 0.05, 7, z), SIMD3(x - 0.05, 7, z)], metal)
            try fill(
                [SIMD3(x, 6.9, z), SIMD3(x + 1.8, 7.1, z), SIMD3(x + 1.8, 7.2, z), SIMD3(x, 7.05, z)], metal)
            guard light.lamps, let lamp = view.project(SIMD3(x + 1.6, 7, z)) else { continue }
            try canvas.glow(at: lamp.point, radius: 0.9 * view.focal / lamp.depth, Colour(255, 214, 150))
        }
    }

    private mutating func signalPost() throws(VisionError) {
        let metal = light.matt(Colour(70, 74, 78), normal: SIMD3(0, 0, -1)), z = 15.0, x = 4.7
        try fill(
            [SIMD3(x - 0.07, 0, z), SIMD3(x + 0.07, 0, z), SIMD3(x + 0.07, 2.3, z), SIMD3(x - 0.07, 2.3, z)], metal)
        // It faces the drivers, away from the camera: its back is seen.
        try fill(
            [SIMD3(x - 0.2, 2, z), SIMD3(x + 0.2, 2, z), SIMD3(x + 0.2, 3.1, z), SIMD3(x - 0.2, 3.1, z)],
            light.matt(Colour(36, 40, 40), normal: SIMD3(0, 0, -1)))
        let line = light.matt(Colour(232, 232, 226), normal: SIMD3(0, 1, 0))
        try road(-3.5, 3.5, 7.6, 8, line, opacity: 0.85)
    }
}
