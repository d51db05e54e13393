internal import CVision
public import Traffic

/// A plate cut out of its crop, straightened, grey and of the size that the plate model was trained on.
public struct LineImage: Sendable {
    /// Source: docs/decisions/0006-reading.md: the network saw lines of this size in training.
    public static let width = 144
    public static let height = 40
    /// Below these a plate's characters are fewer than about six pixels tall. Pixels of the source.
    public static let smallest = (width: 20.0, height: 8.0)

    /// How much is cut around the plate, as shares of its width and height on each side; negative cuts inside.
    public struct Margin: Hashable, Sendable {
        public var across, down: Double
        public init(across: Double, down: Double) {
            self.across = across
            self.down = down
        }
    }

    /// Grey, 144 by 40.
    public let picture: Picture

    /// - Parameters:
    ///   - source: BGR or grey.
    ///   - corners: Pixels of `source`; what lies outside repeats its edge.
    ///   - band: The part of the plate's height to cut, 0...1 from its top; one row of a plate with two.
    public init(
        _ source: Picture, corners: Quadrilateral, margin: Margin, band: ClosedRange<Double> = 0...1
    ) throws(VisionError) {
        let (x0, x1) = (-margin.across, 1 + margin.across)
        let (y0, y1) = (band.lowerBound - margin.down, band.upperBound + margin.down)
        let cut = Quadrilateral(
            topLeft: corners.at(x0, y0), topRight: corners.at(x1, y0), bottomRight: corners.at(x1, y1),
            bottomLeft: corners.at(x0, y1))
        let size = cut.sides
        // Sampling a big plate straight to 144x40 would skip pixels: straighten it at its own size, then average.
        let shrinks = size.width > 1.5 * Double(Self.width) && size.height > 1.5 * Double(Self.height)
        let straight = try source.rectified(
            cut, width: shrinks ? Int(size.width.rounded()) : Self.width,
            height: shrinks ? Int(size.height.rounded()) : Self.height)
        let line = shrinks ? try straight.resized(width: Self.width, height: Self.height) : straight
        picture = try line.grey()
    }

    /// Variance of the Laplacian.
    public func sharpness() throws(VisionError) -> Double {
        var value = 0.0
        try checked { error in vision_line_sharpness(picture.handle, &value, &error) }
        return value
    }
}

extension Quadrilateral {
    /// A point by its shares of the way from left to right and from top to bottom.
    fileprivate func at(_ across: Double, _ down: Double) -> Point {
        func mix(_ a: Point, _ b: Point, _ share: Double) -> Point {
            Point(x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share)
        }
        return mix(mix(topLeft, topRight, across), mix(bottomLeft, bottomRight, across), down)
    }

    /// The longer of each pair of opposite sides, in pixels.
    var sides: (width: Double, height: Double) {
        func distance(_ a: Point, _ b: Point) -> Double {
            ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot()
        }
        return (
            max(distance(topLeft, topRight), distance(bottomLeft, bottomRight)),
            max(distance(topLeft, bottomLeft), distance(topRight, bottomRight))
        )
    }
}
