public import Traffic

/// What a model is for.
public enum ModelTask: String, Hashable, Sendable, CaseIterable {
    case vehicles, plates, faces, reader
}

/// How a network's outputs become boxes. Each is a family: another model of it needs a descriptor, no code.
public enum DecodeKind: String, Hashable, Sendable, CaseIterable {
    /// One output of rows x, y, w, h, objectness, class scores; centre relative to a grid, size as logarithm.
    case yolox
    /// One output of 4 + classes channels by anchors, in input pixels, no objectness. Also YOLOv9, v11.
    case yolov8
    /// Darknet's region layers as OpenCV gives them: rows of x, y, w, h in 0...1, objectness, class scores.
    case yolov3
    /// Heat map, log size, offset and landmarks at a quarter of the input.
    case centerface
    /// Class, objectness, box (and landmarks, unused) for each stride: outputs in that order.
    case yunet
    /// RetinaFace-style priors with four corners: outputs location, confidence, corners.
    case clpDet = "clp_det"
    /// Priors with four corners and an overlap estimate: outputs location, confidence, overlap.
    case lpdYuNet = "lpd_yunet"
    /// A map of centre score and eight corner offsets, in cells, at an eighth of the input.
    case cornerMap = "corner-map"
}

/// What has to be known about a model to run it; read from the YAML file beside it.
public struct ModelDescriptor: Hashable, Sendable {
    public var task: ModelTask
    /// File name of the weights, beside the descriptor or in any model folder.
    public var model: String
    /// File name of Darknet's cfg; nil for formats of one file.
    public var configuration: String?
    public var decode: DecodeKind
    /// Input size in pixels; fixed, because OpenCV 4.6 gives wrong output once a net has seen a second size.
    public var width, height: Int
    public var preparation: Preparation
    /// Output names in the decoder's order; empty takes the model's own order.
    public var outputs: [String]
    /// Class index to vehicle; empty for other tasks. What is not listed is not looked for.
    public var classes: [Int: VehicleClass]
    /// Finds below this score (0...1) are dropped.
    public var score: Double
    /// Plates found below this score (0...1) count only if they can be read; by default ``score``, so that all count.
    public var sure: Double
    /// Plates found from this score (0...1) up to ``score`` are not read, only hidden in crops; by default ``score``.
    public var hide: Double
    /// Of two finds that overlap by more (intersection over union, 0...1) the better one stays.
    public var overlap: Double
    /// Finds of which so much (0...1) lies in a larger one are dropped as pieces of it; nil keeps them.
    public var nested: Double?

    public init(
        task: ModelTask, model: String, configuration: String? = nil, decode: DecodeKind, width: Int, height: Int,
        preparation: Preparation = Preparation(), outputs: [String] = [], classes: [Int: VehicleClass] = [:],
        score: Double, sure: Double? = nil, hide: Double? = nil, overlap: Double, nested: Double? = nil
    ) {
        self.task = task
        self.model = model
        self.configuration = configuration
        self.decode = decode
        self.width = width
        self.height = height
        self.preparation = preparation
        self.outputs = outputs
        self.classes = classes
        self.score = score
        self.sure = sure ?? score
        self.hide = hide ?? score
        self.overlap = overlap
        self.nested = nested
    }
}
