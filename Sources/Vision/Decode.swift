public import Traffic

/// Something a network found.
public struct Finding: Hashable, Sendable {
    public var box: Box
    /// The four corners of a plate; nil from detectors that give boxes only.
    public var corners: Quadrilateral?
    /// 0...1.
    public var score: Double
    /// Class index of the network; 0 where there is one class.
    public var label: Int

    public init(box: Box, corners: Quadrilateral? = nil, score: Double, label: Int = 0) {
        self.box = box
        self.corners = corners
        self.score = score
        self.label = label
    }
}

/// Turns outputs into findings in pixels of the network's input, unsuppressed and in no order.
struct Decoder {
    let kind: DecodeKind
    let width, height: Int
    let score: Float
    /// Ascending, so that ties between classes always fall the same way.
    let labels: [Int]
    private let priors: PriorBoxes?

    init(_ descriptor: ModelDescriptor, score: Double) {
        kind = descriptor.decode
        width = descriptor.width
        height = descriptor.height
        self.score = Float(score)
        labels = descriptor.task == .vehicles ? descriptor.classes.keys.sorted() : [0]
        priors =
            switch kind {
            case .clpDet: .clpDet(width: width, height: height)
            case .lpdYuNet: .lpdYuNet(width: width, height: height)
            default: nil
            }
    }

    /// - Throws: ``VisionError/badModel(_:)`` when the outputs have other shapes than the decoder's family.
    func findings(_ network: any Inference) throws(VisionError) -> [Finding] {
        switch kind {
        case .yolox: return try yolox(network)
        case .yolov8: return try yolov8(network)
        case .yolov3: return try yolov3(network)
        case .centerface: return try centerface(network)
        case .yunet: return try yunet(network)
        case .clpDet: return try clpDet(network, priors!)  // made in init for this kind
        case .lpdYuNet: return try lpdYuNet(network, priors!)
        case .cornerMap: return try cornerMap(network)
        }
    }

    /// One output, refused when it does not hold the expected number of values.
    func tensor(_ network: any Inference, _ index: Int, count: Int? = nil) throws(VisionError) -> Tensor {
        guard index < network.outputCount else {
            throw .badModel("decode '\(kind.rawValue)' needs output \(index), the model gives \(network.outputCount)")
        }
        let tensor = network.output(index)
        if let count, tensor.values.count != count {
            throw .badModel(
                "output \(index) has shape \(tensor.shape), but decode '\(kind.rawValue)' at \(width)x\(height) needs \(count) values"
            )
        }
        return tensor
    }
}

/// Drops all but the best of findings that overlap, best first.
///
/// - Parameters:
///   - overlap: Intersection over union above which the worse of two is dropped.
///   - nested: The part of a finding that must lie in a larger one for it to be dropped as a piece of the same thing;
///     0...1, nil when the detector makes no such pieces. One under an eighth of the larger is something else behind.
///   - limit: At most this many candidates are compared, the best ones.
/// - Returns: In falling score; equal scores keep the order of place, so that the result never depends on it.
func suppressed(
    _ findings: [Finding], overlap: Double, nested: Double? = nil, limit: Int = 1000
) -> [Finding] {
    let ordered = findings.sorted {
        ($1.score, $0.box.y, $0.box.x, $0.label) < ($0.score, $1.box.y, $1.box.x, $1.label)
    }
    var kept: [Finding] = []
    for finding in ordered.prefix(limit) where kept.allSatisfy({ $0.box.overlap(finding.box) <= overlap }) {
        kept.append(finding)
    }
    guard let nested else { return kept }
    return kept.filter { piece in
        !kept.contains { whole in
            whole.box.area > piece.box.area && piece.box.area >= whole.box.area / 8
                && whole.box.cover(of: piece.box) >= nested
        }
    }
}
