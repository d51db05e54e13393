internal import Foundation

/// The light of one scene: a sun, a sky that is reflected, and what it does to matt surfaces.
struct SceneLight: Sendable {
    /// Towards the sun; length 1.
    var sunDirection: SIMD3<Double>
    /// What reaches a white surface, 255 being full.
    var sun, sky, ground: Colour
    /// The sky as seen, and as reflected in glass and paint.
    var zenith, horizon: Colour
    /// Lamps are on.
    var lamps: Bool
    /// Grey levels of sensor noise, and seconds of exposure.
    var noise, exposure: Double

    init(_ light: Scenario.Site.Light) {
        switch light {
        case .day:
            sunDirection = unit(SIMD3(-0.5, 0.75, -0.55))
            (sun, sky, ground) = (Colour(150, 146, 136), Colour(150, 158, 172), Colour(90, 88, 84))
            (zenith, horizon) = (Colour(96, 150, 214), Colour(214, 226, 236))
            (lamps, noise, exposure) = (false, 2.0, 1.0 / 400)
        case .lowSun:
            sunDirection = unit(SIMD3(0.75, 0.28, -0.6))
            (sun, sky, ground) = (Colour(150, 118, 78), Colour(126, 124, 136), Colour(78, 70, 62))
            (zenith, horizon) = (Colour(104, 130, 176), Colour(250, 206, 150))
            (lamps, noise, exposure) = (false, 2.5, 1.0 / 250)
        case .dusk:
            sunDirection = unit(SIMD3(0.2, 0.9, -0.4))
            (sun, sky, ground) = (Colour(54, 46, 36), Colour(78, 84, 104), Colour(50, 46, 44))
            (zenith, horizon) = (Colour(38, 50, 86), Colour(176, 120, 96))
            (lamps, noise, exposure) = (true, 4.0, 1.0 / 200)
        }
    }

    /// A matt surface under this light.
    func matt(_ colour: Colour, normal: SIMD3<Double>) -> Colour {
        let up = 0.5 + 0.5 * normal.y, facing = max(0, dot(normal, sunDirection))
        return Colour(
            colour.red * (sky.red * up + ground.red * (1 - up) + sun.red * facing) / 255,
            colour.green * (sky.green * up + ground.green * (1 - up) + sun.green * facing) / 255,
            colour.blue * (sky.blue * up + ground.blue * (1 - up) + sun.blue * facing) / 255)
    }

    /// What a mirror shows that sends the gaze along `direction`.
    func reflected(_ direction: SIMD3<Double>) -> Colour {
        let street = Colour(70, 72, 74) * (sky.green / 255 * 1.2)
        if direction.y < 0 { return street.mixed(with: ground * 0.7, min(1, -direction.y * 3)) }
        // Houses and trees stand along the horizon.
        if direction.y < 0.16 { return street.mixed(with: horizon * 0.55, direction.y / 0.16) }
        return horizon.mixed(with: zenith, min(1, pow((direction.y - 0.16) / 0.84, 0.6)))
    }

    /// A surface with some gloss, seen from `eye`.
    ///
    /// - Parameter gloss: 0 matt, 1 glass.
    func shaded(
        _ material: Material, normal: SIMD3<Double>, at point: SIMD3<Double>, from eye: SIMD3<Double>
    ) -> Colour {
        let gaze = unit(eye - point)
        let facing = max(0, dot(normal, gaze))
        let mirror = normal * (2 * dot(normal, gaze)) - gaze
        let share = material.gloss * (0.07 + 0.6 * pow(1 - facing, 4))
        let base = matt(material.colour, normal: normal).mixed(with: reflected(mirror), share)
        let glint = material.gloss * pow(max(0, dot(mirror, sunDirection)), 60) * 0.9
        return Colour(
            base.red + sun.red * glint + material.glow.red, base.green + sun.green * glint + material.glow.green,
            base.blue + sun.blue * glint + material.glow.blue)
    }
}

struct Material: Sendable {
    var colour: Colour
    /// 0 matt, 1 glass.
    var gloss: Double
    /// Light of its own.
    var glow = Colour.black

    static let rubber = Material(colour: Colour(26, 26, 28), gloss: 0.1)
    static let plastic = Material(colour: Colour(38, 39, 42), gloss: 0.3)
    static let glass = Material(colour: Colour(22, 26, 30), gloss: 1.0)
    static let chrome = Material(colour: Colour(170, 174, 180), gloss: 1.0)
}

func dot(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double { (a * b).sum() }

func unit(_ a: SIMD3<Double>) -> SIMD3<Double> {
    let length = dot(a, a).squareRoot()
    return length > 1e-12 ? a / length : SIMD3(0, 1, 0)
}

func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}
