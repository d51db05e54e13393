public import Traffic

/// The plane of a road as a camera sees it: pixels to metres.
///
/// From four or more points by direct linear transformation: both sides are centred and scaled, the eight unknowns are
/// the least squares of the linear equations, by Householder's reflections. Plain arithmetic only, so that every machine
/// computes the same. Source: Hartley and Zisserman, Multiple View Geometry, 2nd edition, sections 4.1 and 4.4.
public struct Homography: Hashable, Sendable {
    /// A point in the picture, and where it lies on the road.
    public struct Pair: Hashable, Sendable {
        /// Pixels of the full frame.
        public var picture: Point
        /// Metres: `x` across, to the right of someone who looks along; `y` along.
        public var road: Point

        public init(picture: Point, road: Point) {
            self.picture = picture
            self.road = road
        }
    }

    /// Why points make no calibration.
    public enum Problem: Error, Equatable, Sendable {
        case tooFew(Int)
        /// Three of four in a line, two in one place, or nearly so: in the picture or on the road. Or two are exchanged.
        case degenerate
        /// Some lie beyond the horizon that the others give.
        case beyondHorizon
        /// `across` grows to the left.
        case mirrored
        /// The point, from 0, that lies this many metres from where the others put it; nil where five can't tell which
        /// of them is wrong.
        case misfit(point: Int?, metres: Double)

        fileprivate static func misfit(_ odd: (point: Int, metres: Double)?, else worst: Double) -> Problem {
            .misfit(point: odd?.point, metres: odd?.metres ?? worst)
        }
    }

    /// By rows; the last is 1 before the pictures' scale.
    let rows: [Double]

    public init(_ pairs: [Pair]) throws(Problem) {
        guard pairs.count >= 4 else { throw .tooFew(pairs.count) }
        self = try Homography(fitting: pairs)
        // Half a metre for the hand, and a twentieth of the spread for a road that is not quite flat.
        let limit = 0.5 + 0.05 / Scaling(pairs.map(\.road)).factor
        let worst = worst(of: pairs)
        if worst > limit { throw .misfit(Self.odd(among: pairs), else: worst) }
    }

    private init(fitting pairs: [Pair]) throws(Problem) {
        let picture = Scaling(pairs.map(\.picture))
        let road = Scaling(pairs.map(\.road))
        guard picture.factor.isFinite, road.factor.isFinite else { throw .degenerate }
        var equations: [[Double]] = []
        for pair in pairs {
            let from = picture.scaled(pair.picture)
            let to = road.scaled(pair.road)
            equations.append([from.x, from.y, 1, 0, 0, 0, -from.x * to.x, -from.y * to.x, to.x])
            equations.append([0, 0, 0, from.x, from.y, 1, -from.x * to.y, -from.y * to.y, to.y])
        }
        guard let solved = LeastSquares.solve(equations, unknowns: 8) else { throw .degenerate }
        let h = solved + [1]
        let turn =
            h[0] * (h[4] - h[5] * h[7]) - h[1] * (h[3] - h[5] * h[6]) + h[2] * (h[3] * h[7] - h[4] * h[6])
        guard abs(turn) > LeastSquares.least else { throw .degenerate }
        for pair in pairs {
            let from = picture.scaled(pair.picture)
            guard h[6] * from.x + h[7] * from.y + 1 > LeastSquares.least else { throw .beyondHorizon }
        }
        // The picture's y goes down and the road's along goes up, so a right one turns over.
        guard turn < 0 else { throw .mirrored }
        rows = Self.unscaled(h, picture: picture, road: road)
    }

    /// - Returns: Metres; nil at or beyond the horizon.
    public func road(at point: Point) -> Point? {
        let depth = rows[6] * point.x + rows[7] * point.y + rows[8]
        guard depth > 0 else { return nil }
        let across = (rows[0] * point.x + rows[1] * point.y + rows[2]) / depth
        let along = (rows[3] * point.x + rows[4] * point.y + rows[5]) / depth
        return across.isFinite && along.isFinite ? Point(x: across, y: along) : nil
    }

    /// Metres between where a point lies and where it was measured; infinite beyond the horizon.
    private func error(of pair: Pair) -> Double {
        guard let found = road(at: pair.picture) else { return .infinity }
        let across = found.x - pair.road.x
        let along = found.y - pair.road.y
        return (across * across + along * along).squareRoot()
    }

    private func worst(of pairs: [Pair]) -> Double { pairs.reduce(0) { max($0, error(of: $1)) } }

    /// The point without which the others fit best, and how far from there it lies; nil where any four fit.
    private static func odd(among pairs: [Pair]) -> (point: Int, metres: Double)? {
        guard pairs.count >= 6 else { return nil }
        var best: (point: Int, metres: Double, rest: Double)?
        for index in pairs.indices {
            var others = pairs
            let pair = others.remove(at: index)
            guard let road = try? Homography(fitting: others) else { continue }
            let rest = road.worst(of: others)
            if best.map({ rest < $0.rest }) ?? true { best = (index, road.error(of: pair), rest) }
        }
        return best.map { ($0.point, $0.metres) }
    }

    /// Undoes the scaling of both sides.
    private static func unscaled(_ h: [Double], picture: Scaling, road: Scaling) -> [Double] {
        // Right: picture points are scaled first.
        var right: [Double] = []
        for row in 0..<3 {
            let a = h[3 * row], b = h[3 * row + 1], c = h[3 * row + 2]
            right += [
                a * picture.factor, b * picture.factor,
                c - (a * picture.center.x + b * picture.center.y) * picture.factor,
            ]
        }
        // Left: what comes out is scaled back.
        var result: [Double] = []
        for column in 0..<3 { result.append(right[column] / road.factor + road.center.x * right[6 + column]) }
        for column in 0..<3 { result.append(right[3 + column] / road.factor + road.center.y * right[6 + column]) }
        return result + right[6...]
    }

    /// Moves the centre of points to 0 and makes their mean square distance from it 2.
    private struct Scaling {
        var center: Point
        var factor: Double

        init(_ points: [Point]) {
            let count = Double(points.count)
            center = Point(x: points.reduce(0) { $0 + $1.x } / count, y: points.reduce(0) { $0 + $1.y } / count)
            var squares = 0.0
            for point in points {
                let across = point.x - center.x
                let down = point.y - center.y
                squares += across * across + down * down
            }
            factor = (2 * count / squares).squareRoot()
        }

        func scaled(_ point: Point) -> Point {
            Point(x: (point.x - center.x) * factor, y: (point.y - center.y) * factor)
        }
    }
}
