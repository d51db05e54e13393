internal import CVision
public import Traffic

/// A loaded network with one fixed input size.
///
/// Two back ends implement it, ``OpenVINONet`` and ``OpenCVNet``; both give the same results in 32-bit
/// precision, up to rounding. An instance belongs to one loop: it holds buffers that every call reuses.
public protocol Inference: AnyObject {
    /// Width and height of the input in pixels.
    var inputSize: (width: Int, height: Int) { get }

    /// Fills the input from a part of the picture that the pyramid holds.
    ///
    /// - Parameter region: Pixels of the picture, rounded outwards.
    /// - Returns: Where the region landed in the input.
    func prepare(_ pyramid: Pyramid, region: Box, _ preparation: Preparation) throws(VisionError) -> Placement

    /// Runs the network on what was prepared last.
    func run() throws(VisionError)

    /// How many outputs there are; 0 before the first run.
    var outputCount: Int { get }

    /// Borrows the values of one output, in the order that the descriptor names.
    func output(_ index: Int) -> Tensor
}

/// One output: flat values in row-major order, borrowed from the network until its next run.
public struct Tensor {
    public let values: UnsafeBufferPointer<Float>
    /// Sizes, outermost first.
    public let shape: [Int]

    public init(values: UnsafeBufferPointer<Float>, shape: [Int]) {
        self.values = values
        self.shape = shape
    }

    /// A copy that outlives the network.
    public var array: [Float] { Array(values) }
}

/// How pixels become input values.
public struct Preparation: Hashable, Sendable {
    public enum Fit: String, Sendable, CaseIterable {
        /// Both sides scaled on their own.
        case stretch
        /// One scale, the picture at the top left, the rest filled.
        case corner = "letterbox-corner"
        /// One scale, the picture in the middle, the rest filled.
        case centre = "letterbox-centre"
    }

    public enum Colour: String, Sendable, CaseIterable {
        case bgr, rgb, grey
        /// Channels of the network's input.
        public var channels: Int { self == .grey ? 1 : 3 }
    }

    public var fit: Fit
    public var colour: Colour
    /// Input value = (pixel - mean) * scale, per channel in the network's order; grey uses the first.
    public var mean, scale: [Float]
    /// Pixel value 0...255 around a letterboxed picture.
    public var pad: Float

    public init(
        fit: Fit = .corner, colour: Colour = .bgr, mean: [Float] = [0, 0, 0], scale: [Float] = [1, 1, 1],
        pad: Float = 114
    ) {
        precondition(mean.count == 3 && scale.count == 3, "one mean and one scale for each of three channels")
        self.fit = fit
        self.colour = colour
        self.mean = mean
        self.scale = scale
        self.pad = pad
    }

    var shimmed: vision_preparation {
        var made = vision_preparation()
        made.fit =
            switch fit {
            case .stretch: .stretch
            case .corner: .corner
            case .centre: .centre
            }
        made.rgb = colour == .rgb
        made.mean = (mean[0], mean[1], mean[2])
        made.scale = (scale[0], scale[1], scale[2])
        made.pad = pad
        return made
    }
}

/// Where a region of the frame landed in a network's input.
public struct Placement: Equatable, Sendable {
    /// Frame pixels of the region's top left.
    public var left, top: Double
    /// Input pixels for each frame pixel.
    public var scaleX, scaleY: Double
    /// Input pixels of the region's top left.
    public var offsetX, offsetY: Double

    public init(
        left: Double = 0, top: Double = 0, scaleX: Double = 1, scaleY: Double = 1, offsetX: Double = 0,
        offsetY: Double = 0
    ) {
        self.left = left
        self.top = top
        self.scaleX = scaleX
        self.scaleY = scaleY
        self.offsetX = offsetX
        self.offsetY = offsetY
    }

    /// A point of the input, in pixels of the frame.
    public func frame(x: Double, y: Double) -> Point {
        Point(x: (x - offsetX) / scaleX + left, y: (y - offsetY) / scaleY + top)
    }

    /// A box of the input, in pixels of the frame.
    public func frame(_ box: Box) -> Box {
        let corner = frame(x: box.x, y: box.y)
        return Box(x: corner.x, y: corner.y, width: box.width / scaleX, height: box.height / scaleY)
    }
}

/// A picture and its halvings, shared by the networks that look at one frame.
public final class Pyramid {
    let handle: OpaquePointer
    public private(set) var picture: Picture?

    public init() throws(VisionError) {
        var created: OpaquePointer?
        try checked { vision_pyramid_create(&created, &$0) }
        handle = created!  // the shim's contract: ok always sets it
    }
    deinit { vision_pyramid_destroy(handle) }

    /// Takes the next picture; buffers are reused.
    public func set(_ picture: Picture) throws(VisionError) {
        try checked { vision_pyramid_set(handle, picture.handle, &$0) }
        self.picture = picture
    }
}

extension Box {
    /// The whole pixels inside a picture that the box touches, for the shim.
    func shimmed(inside picture: Picture) throws(VisionError) -> vision_rect {
        let whole = try picture.pixelBox(self)
        return vision_rect(
            x: Int32(whole.x), y: Int32(whole.y), width: Int32(whole.width), height: Int32(whole.height))
    }
}
