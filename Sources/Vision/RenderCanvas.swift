internal import CVision
internal import Traffic

/// A colour, 0...255 each.
public struct Colour: Hashable, Sendable {
    public var red, green, blue: Double

    public init(_ red: Double, _ green: Double, _ blue: Double) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    public static let white = Colour(255, 255, 255)
    public static let black = Colour(0, 0, 0)

    /// - Parameter share: 0 gives this colour, 1 the other.
    public func mixed(with other: Colour, _ share: Double) -> Colour {
        Colour(
            red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
    }

    public static func * (colour: Colour, factor: Double) -> Colour {
        Colour(colour.red * factor, colour.green * factor, colour.blue * factor)
    }

    /// Channel by channel, 255 standing for one: a surface of `colour` under `light`.
    public static func * (colour: Colour, light: Colour) -> Colour {
        Colour(colour.red * light.red / 255, colour.green * light.green / 255, colour.blue * light.blue / 255)
    }

    var shim: vision_colour { vision_colour(blue: Float(blue), green: Float(green), red: Float(red)) }
}

/// A picture that is still being drawn.
struct Canvas: ~Copyable {
    private let handle: OpaquePointer
    let width, height: Int

    init(width: Int, height: Int, fill: Colour) throws(VisionError) {
        var created: OpaquePointer?
        try checked { error in
            vision_image_create(
                Int32(width), Int32(height), 3, UInt8(fill.blue), UInt8(fill.green), UInt8(fill.red), &created, &error)
        }
        self.width = width
        self.height = height
        handle = created!  // the shim's contract: ok always sets it
    }

    /// A part of a picture at a fractional position.
    init(window picture: Picture, left: Double, top: Double, width: Int, height: Int) throws(VisionError) {
        var created: OpaquePointer?
        try checked { error in
            vision_image_window(picture.handle, left, top, Int32(width), Int32(height), &created, &error)
        }
        self.width = width
        self.height = height
        handle = created!
    }

    deinit { vision_image_destroy(handle) }

    /// What was drawn so far, as a picture of its own.
    func picture() throws(VisionError) -> Picture {
        try Picture.made { image, error in vision_image_copy(handle, image, &error) }
    }

    /// The same without a copy, when nothing more is to be drawn.
    consuming func finished() throws(VisionError) -> Picture {
        let shared = handle
        discard self
        return Picture(owning: shared)
    }

    /// Fills a polygon with a gradient along the line from `start` to `end`; plain without them.
    ///
    /// - Parameter softness: Standard deviation in pixels of the edge's blur.
    mutating func fill(
        _ points: [Point], _ colour: Colour, to second: Colour? = nil, from start: Point? = nil, end: Point? = nil,
        opacity: Double = 1, softness: Double = 0
    ) throws(VisionError) {
        let top = points.map(\.y).min() ?? 0, bottom = points.map(\.y).max() ?? 0
        let from = start ?? Point(x: 0, y: top), until = end ?? Point(x: 0, y: bottom)
        let paint = vision_paint(
            from: colour.shim, to: (second ?? colour).shim, start: vision_point(x: from.x, y: from.y),
            end: vision_point(x: until.x, y: until.y), opacity: Float(opacity), softness: Float(softness))
        let outline = points.map { vision_point(x: $0.x, y: $0.y) }
        try checked { error in
            outline.withUnsafeBufferPointer {
                vision_draw_polygon(handle, $0.baseAddress!, $0.count, paint, &error)
            }
        }
    }

    mutating func fill(_ box: Box, _ colour: Colour, to second: Colour? = nil, opacity: Double = 1)
        throws(VisionError)
    {
        try fill(Quadrilateral(box).points, colour, to: second, opacity: opacity)
    }

    /// - Parameter origin: The first glyph's left end on the baseline.
    mutating func text(
        _ text: String, font: borrowing Typeface, at origin: Point, capHeight: Double, spacing: Double, colour: Colour
    ) throws(VisionError) {
        try checked { error in
            vision_draw_text(
                handle, font.handle, text, vision_point(x: origin.x, y: origin.y), capHeight, spacing, colour.shim,
                &error)
        }
    }

    mutating func glow(at centre: Point, radius: Double, _ colour: Colour) throws(VisionError) {
        try checked { error in
            vision_draw_glow(handle, vision_point(x: centre.x, y: centre.y), radius, colour.shim, &error)
        }
    }

    /// Draws triangles by depth, a picture over them, blurred along `motion` (pixels).
    mutating func mesh(
        _ vertices: [vision_vertex], triangles: [Int32], decal: (picture: Picture, corners: Quadrilateral)?,
        motion: Point
    ) throws(VisionError) {
        guard !triangles.isEmpty else { return }
        var laid = vision_decal()
        if let decal {
            laid.image = decal.picture.handle
            let corners = decal.corners.points.map { vision_point(x: $0.x, y: $0.y) }
            laid.corners = (corners[0], corners[1], corners[2], corners[3])
        }
        try checked { error in
            vision_draw_mesh(
                handle, vertices, vertices.count, triangles, triangles.count / 3, laid,
                vision_point(x: motion.x, y: motion.y), &error)
        }
    }

    mutating func add(_ noise: SensorNoise, x: Int, y: Int) throws(VisionError) {
        try checked { error in vision_draw_noise(handle, noise.handle, Int32(x), Int32(y), &error) }
    }
}

/// A typeface read from a file.
struct Typeface: ~Copyable {
    fileprivate let handle: OpaquePointer

    init(path: String) throws(VisionError) {
        var opened: OpaquePointer?
        try checked { error in vision_font_open(path, &opened, &error) }
        handle = opened!
    }

    deinit { vision_font_destroy(handle) }

    /// Pixels from the first glyph's left to the last one's right.
    func width(of text: String, capHeight: Double, spacing: Double) throws(VisionError) -> Double {
        var width = 0.0
        try checked { error in vision_font_measure(handle, text, capHeight, spacing, &width, &error) }
        return width
    }
}

/// Grain that is laid over every frame of a clip; never changed once made.
final class SensorNoise: @unchecked Sendable {
    fileprivate let handle: OpaquePointer

    /// - Parameter sigma: Grey levels, 0...40.
    init(width: Int, height: Int, sigma: Double, seed: UInt64) throws(VisionError) {
        var made: OpaquePointer?
        try checked { error in vision_noise_create(Int32(width), Int32(height), sigma, seed, &made, &error) }
        handle = made!
    }

    deinit { vision_noise_destroy(handle) }
}
