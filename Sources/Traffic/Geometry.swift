/// A point in pixels of the full frame, from its top left.
public struct Point: Hashable, Sendable {
    public var x, y: Double
    public init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}

/// An upright rectangle in pixels of the full frame: left, top, width, height.
public struct Box: Hashable, Sendable {
    public var x, y, width, height: Double

    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    public var maxX: Double { x + width }
    public var maxY: Double { y + height }
    public var center: Point { Point(x: x + width / 2, y: y + height / 2) }
    /// Square pixels; 0 for an empty or inside-out box.
    public var area: Double { max(0, width) * max(0, height) }

    public func intersection(_ other: Box) -> Double {
        let across = min(maxX, other.maxX) - max(x, other.x)
        let down = min(maxY, other.maxY) - max(y, other.y)
        return across > 0 && down > 0 ? across * down : 0
    }

    /// Intersection over union, 0...1.
    public func overlap(_ other: Box) -> Double {
        let shared = intersection(other)
        let union = area + other.area - shared
        return union > 0 ? shared / union : 0
    }

    /// The share of `other` that lies inside this box, 0...1.
    public func cover(of other: Box) -> Double { other.area > 0 ? intersection(other) / other.area : 0 }

    /// The smallest box that holds all of them; nil for none.
    public static func around(_ boxes: [Box]) -> Box? {
        guard let first = boxes.first else { return nil }
        return boxes.dropFirst().reduce(first) { all, box in
            let x = min(all.x, box.x), y = min(all.y, box.y)
            return Box(x: x, y: y, width: max(all.maxX, box.maxX) - x, height: max(all.maxY, box.maxY) - y)
        }
    }

    public func contains(_ point: Point) -> Bool {
        point.x >= x && point.x < maxX && point.y >= y && point.y < maxY
    }

    /// Grown by a share of its own width and height on each side.
    public func padded(x across: Double, y down: Double) -> Box {
        Box(
            x: x - width * across, y: y - height * down, width: width * (1 + 2 * across),
            height: height * (1 + 2 * down))
    }

    /// The part inside a frame of the given size; nil when nothing is left.
    public func clamped(width frameWidth: Double, height frameHeight: Double) -> Box? {
        let left = max(0, x), top = max(0, y)
        let right = min(frameWidth, maxX), bottom = min(frameHeight, maxY)
        return right > left && bottom > top ? Box(x: left, y: top, width: right - left, height: bottom - top) : nil
    }
}

/// Four corners of a plate, clockwise from the top left as its text is read.
public struct Quadrilateral: Hashable, Sendable {
    public var topLeft, topRight, bottomRight, bottomLeft: Point

    public init(topLeft: Point, topRight: Point, bottomRight: Point, bottomLeft: Point) {
        self.topLeft = topLeft
        self.topRight = topRight
        self.bottomRight = bottomRight
        self.bottomLeft = bottomLeft
    }

    public init(_ box: Box) {
        self.init(
            topLeft: Point(x: box.x, y: box.y), topRight: Point(x: box.maxX, y: box.y),
            bottomRight: Point(x: box.maxX, y: box.maxY), bottomLeft: Point(x: box.x, y: box.maxY))
    }

    public var points: [Point] { [topLeft, topRight, bottomRight, bottomLeft] }

    /// The smallest upright box around all four corners.
    public var bounds: Box {
        let xs = points.map(\.x), ys = points.map(\.y)
        return Box(x: xs.min()!, y: ys.min()!, width: xs.max()! - xs.min()!, height: ys.max()! - ys.min()!)
    }
}
