public import Traffic

/// What is known about a camera's view beyond its pictures.
public struct CameraView: Hashable, Sendable {
    /// Compass degrees it looks towards, 0 north, 90 east; nil when unknown.
    public var heading: Double?
    public var calibration: RoadCalibration?

    public init(heading: Double? = nil, calibration: RoadCalibration? = nil) {
        self.heading = heading
        self.calibration = calibration
    }

    /// Compass degrees of travel, 0..<360; nil for a vehicle that stood, or without a heading.
    ///
    /// Four values: away from the camera is its heading, towards it the opposite, left and right are a quarter turn off.
    /// Source: docs/decisions/0004-association.md.
    public func course(_ direction: Direction) -> Double? {
        guard let heading else { return nil }
        switch direction {
        case .receding: return Self.turned(heading)
        case .rightward: return Self.turned(heading + 90)
        case .approaching: return Self.turned(heading + 180)
        case .leftward: return Self.turned(heading + 270)
        case .stationary: return nil
        }
    }

    static func turned(_ degrees: Double) -> Double {
        let rest = degrees.truncatingRemainder(dividingBy: 360)
        let turned = rest < 0 ? rest + 360 : rest
        // The least negative rest rounds up to the whole turn.
        return turned >= 360 ? 0 : turned
    }
}

/// A camera's picture and the road under it.
public struct RoadCalibration: Hashable, Sendable {
    public let homography: Homography
    /// Of the pictured points, grown by a quarter: beyond it a pixel may be many metres.
    public let area: Box
    /// Compass degrees of the road's `along`; nil when unknown.
    public let heading: Double?
    /// As given.
    public let points: [Homography.Pair]

    public init(_ points: [Homography.Pair], heading: Double? = nil) throws(Homography.Problem) {
        homography = try Homography(points)
        self.points = points
        self.heading = heading
        let xs = points.map(\.picture.x)
        let ys = points.map(\.picture.y)
        let left = xs.min() ?? 0
        let top = ys.min() ?? 0
        area = Box(x: left, y: top, width: (xs.max() ?? 0) - left, height: (ys.max() ?? 0) - top).padded(
            x: 0.25, y: 0.25)
    }

    /// Where a vehicle touches the road: under the bottom centre of its box; nil outside the calibrated part.
    func road(under vehicle: Box) -> Point? {
        let ground = Point(x: vehicle.center.x, y: vehicle.maxY)
        return area.contains(ground) ? homography.road(at: ground) : nil
    }

    /// Compass degrees of a way on the road, 0..<360.
    func course(across: Double, along: Double) -> Double? {
        heading.map { CameraView.turned($0 + Bearing.degrees(right: across, ahead: along)) }
    }
}
