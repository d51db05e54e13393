internal import Foundation
internal import Traffic

/// A camera over a road, as a pinhole: metres in, pixels out.
///
/// The world: x to the right of the road's middle, y up from its surface, z along it, away from the camera.
struct ScenarioView: Sendable {
    /// Metres right of the road's middle, and above it.
    let across, height: Double
    /// The rows of the rotation from the world to the camera: its right, its up, its line of sight.
    private let right, up, ahead: SIMD3<Double>
    /// Pixels.
    let focal: Double
    var centre: Point

    /// - Parameters:
    ///   - yaw: Radians to the right; `roll`: clockwise.
    ///   - horizon: Where the horizon runs, as a share of the picture's height from its top.
    init(
        width: Int, height pictureHeight: Int, across: Double, height: Double, yaw: Double, roll: Double,
        horizon: Double
    ) {
        self.across = across
        self.height = height
        focal = 1.33 * Double(width)
        centre = Point(x: Double(width) / 2, y: Double(pictureHeight) / 2)
        let pitch = atan((0.5 - horizon) * Double(pictureHeight) / focal)
        let level = SIMD3(cos(yaw), 0, -sin(yaw))
        let upright = SIMD3(sin(yaw) * sin(pitch), cos(pitch), cos(yaw) * sin(pitch))
        right = level * cos(roll) - upright * sin(roll)
        up = upright * cos(roll) + level * sin(roll)
        ahead = SIMD3(sin(yaw) * cos(pitch), -sin(pitch), cos(yaw) * cos(pitch))
    }

    /// The same view with its picture moved by some pixels.
    func moved(x: Double, y: Double) -> ScenarioView {
        var moved = self
        moved.centre = Point(x: centre.x + x, y: centre.y + y)
        return moved
    }

    /// Pixels and depth in metres; nil within half a metre of the lens or behind it.
    func project(_ point: SIMD3<Double>) -> (point: Point, depth: Double)? {
        let offset = point - eye, depth = (ahead * offset).sum()
        guard depth > 0.5 else { return nil }
        let x = (right * offset).sum() / depth, y = (up * offset).sum() / depth
        return (Point(x: centre.x + focal * x, y: centre.y - focal * y), depth)
    }

    /// Where the camera is.
    var eye: SIMD3<Double> { SIMD3(across, height, 0) }

    /// All points in pixels; nil when one is too near.
    func outline(_ points: [SIMD3<Double>]) -> [Point]? {
        var outline: [Point] = []
        for point in points {
            guard let seen = project(point) else { return nil }
            outline.append(seen.point)
        }
        return outline
    }
}

/// The slight shake of a camera on a pole in the wind: pixels at a picture 1,280 wide.
struct ScenarioShake: Sendable {
    private let phases: [Double]
    private let strength: Double

    init(seed: UInt64, camera: String) {
        var random = SeededRandom(seed: seed, part: "shake \(camera)")
        phases = (0..<6).map { _ in random.double(0...(2 * .pi)) }
        strength = random.double(0.5...1.2)
    }

    /// Never more than 3 pixels each way.
    func offset(at time: Double) -> Point {
        let x = sin(2.1 * time + phases[0]) + 0.6 * sin(7.3 * time + phases[1]) + 0.4 * sin(19 * time + phases[2])
        let y = sin(1.7 * time + phases[3]) + 0.6 * sin(8.9 * time + phases[4]) + 0.4 * sin(23 * time + phases[5])
        return Point(x: 0.9 * strength * x, y: 0.6 * strength * y)
    }
}
