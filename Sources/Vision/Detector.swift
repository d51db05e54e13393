internal import Synchronization
public import Traffic

/// A network with its descriptor: from a part of a frame to findings in pixels of the frame.
public final class Detector {
    public let descriptor: ModelDescriptor
    private let network: any Inference
    private let decoder: Decoder
    private let calls: NetworkCalls?

    /// - Parameters:
    ///   - score: In place of the descriptor's threshold.
    ///   - calls: Where every run is counted.
    /// - Throws: ``VisionError/badModel(_:)`` when the network's outputs don't fit the descriptor's decoder.
    public init(
        _ descriptor: ModelDescriptor, network: any Inference, score: Double? = nil, calls: NetworkCalls? = nil
    ) throws(VisionError) {
        self.descriptor = descriptor
        self.network = network
        self.calls = calls
        decoder = Decoder(descriptor, score: score ?? descriptor.score)
        // Loading ran the network once, so a wrong decoder is found here and not at the first frame.
        if network.outputCount > 0 { _ = try decoder.findings(network) }
    }

    /// Everything found in a part of the picture, best first.
    ///
    /// - Parameter region: Pixels of the picture; nil for all of it. Must touch the picture.
    /// - Returns: Boxes are cut at the picture's edge; corners may lie a little outside.
    public func findings(_ pyramid: Pyramid, region: Box? = nil) throws(VisionError) -> [Finding] {
        guard let picture = pyramid.picture else { throw .internalFault("the pyramid holds no picture") }
        let across = Double(picture.width), down = Double(picture.height)
        let part = region ?? Box(x: 0, y: 0, width: across, height: down)
        let placement = try network.prepare(pyramid, region: part, descriptor.preparation)
        try network.run()
        calls?.count(descriptor.task)
        if descriptor.task != .vehicles { try requireNumbers() }
        var found: [Finding] = []
        for var finding in try decoder.findings(network) {
            finding.box = placement.frame(finding.box)
            // A letterbox's padding can look like something: the centre must lie in the picture.
            guard part.contains(finding.box.center), let inside = finding.box.clamped(width: across, height: down),
                inside.area >= 1
            else { continue }
            finding.box = inside
            finding.corners = finding.corners.map { placement.frame($0) }
            found.append(finding)
        }
        return suppressed(found, overlap: descriptor.overlap, nested: descriptor.nested)
    }

    /// What is no number is below every threshold and in no picture: what has to be hidden would be let through.
    private func requireNumbers() throws(VisionError) {
        for index in 0..<network.outputCount {
            // A sum is a number only if all of it is, and costs a fraction of looking at each.
            var sum: Float = 0
            for value in network.output(index).values { sum += value * 0 }
            guard sum == 0 else {
                throw .internalFault("output \(index) of \(descriptor.model) holds values that are no numbers")
            }
        }
    }

    /// The network alone, on whatever its input holds: what a benchmark compares the pipeline with.
    public func runBare() throws(VisionError) { try network.run() }
}

/// How often networks ran, over all workers: a benchmark repeats exactly these calls, and nothing else.
public final class NetworkCalls: Sendable {
    private let counts = Mutex<[ModelTask: Int]>([:])

    public init() {}
    func count(_ task: ModelTask) { counts.withLock { $0[task, default: 0] += 1 } }
    public var byTask: [ModelTask: Int] { counts.withLock { $0 } }
}

extension Placement {
    func frame(_ corners: Quadrilateral) -> Quadrilateral {
        Quadrilateral(
            topLeft: frame(x: corners.topLeft.x, y: corners.topLeft.y),
            topRight: frame(x: corners.topRight.x, y: corners.topRight.y),
            bottomRight: frame(x: corners.bottomRight.x, y: corners.bottomRight.y),
            bottomLeft: frame(x: corners.bottomLeft.x, y: corners.bottomLeft.y))
    }
}
