internal import CVision
public import Traffic

/// What both back ends share: a handle on a network of the shim.
public class InferenceNetwork: Inference {
    let handle: OpaquePointer
    public let inputSize: (width: Int, height: Int)

    init(owning handle: OpaquePointer, width: Int, height: Int) {
        self.handle = handle
        inputSize = (width, height)
    }
    deinit { vision_network_destroy(handle) }

    public func prepare(
        _ pyramid: Pyramid, region: Box, _ preparation: Preparation
    ) throws(VisionError) -> Placement {
        guard let picture = pyramid.picture else { throw .internalFault("the pyramid holds no picture") }
        let part = try region.shimmed(inside: picture)
        var settings = preparation.shimmed
        var mapping = vision_mapping()
        try checked { vision_network_prepare(handle, pyramid.handle, part, &settings, &mapping, &$0) }
        return Placement(
            left: mapping.left, top: mapping.top, scaleX: mapping.scale_x, scaleY: mapping.scale_y,
            offsetX: mapping.offset_x, offsetY: mapping.offset_y)
    }

    /// Lends the planar input values.
    func withInput<Result>(_ body: (UnsafeMutableBufferPointer<Float>) -> Result) -> Result {
        var count = 0
        let input = vision_network_input(handle, &count)
        return body(UnsafeMutableBufferPointer(start: input, count: count))
    }

    public func run() throws(VisionError) { try checked { vision_network_run(handle, &$0) } }

    public var outputCount: Int { Int(vision_network_output_count(handle)) }

    public func output(_ index: Int) -> Tensor {
        precondition((0..<outputCount).contains(index), "the network has \(outputCount) outputs")
        let tensor = vision_network_output(handle, Int32(index))
        let shape = withUnsafeBytes(of: tensor.dimensions) { raw in
            raw.bindMemory(to: Int32.self).prefix(Int(tensor.rank)).map(Int.init)
        }
        return Tensor(values: UnsafeBufferPointer(start: tensor.values, count: tensor.count), shape: shape)
    }
}

/// Calls `body` with C strings for the names of outputs.
func withOutputNames<Result>(
    _ names: [String], _ body: (UnsafePointer<UnsafePointer<CChar>>?, Int32) -> Result
) -> Result {
    let texts = names.map { name in
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: name.utf8.count + 1)
        for (index, byte) in (Array(name.utf8) + [0]).enumerated() { copy[index] = CChar(bitPattern: byte) }
        return copy
    }
    defer { for text in texts { text.deallocate() } }
    return texts.map { UnsafePointer($0) }.withUnsafeBufferPointer { body($0.baseAddress, Int32(names.count)) }
}
