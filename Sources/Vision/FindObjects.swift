internal import CVision
public import Stages
public import Traffic

/// Finds vehicles, plates and faces with three networks, and cuts redacted crops.
///
/// Moves, never copies: the networks' buffers belong to one loop.
public struct ObjectFinder: ObjectFinding, ~Copyable {
    /// A frame's pixels, with the halvings that the networks share.
    public struct Frame {
        public let picture: Picture
    }

    private let vehicles, plates, faces: Detector
    private let pyramid: Pyramid
    /// Plates found below this score are hidden and not read.
    private let plateScore: Double
    /// Faces near the edge of the part that leaves are seen whole when the pass looks a little further.
    private static let faceReach = 0.08

    /// - Parameter plateScore: In place of the descriptor's threshold for plates that are read.
    /// - Precondition: Each detector's descriptor is for its task.
    public init(
        vehicles: Detector, plates: Detector, faces: Detector, plateScore: Double? = nil
    ) throws(VisionError) {
        precondition(vehicles.descriptor.task == .vehicles && plates.descriptor.task == .plates)
        precondition(faces.descriptor.task == .faces)
        self.vehicles = vehicles
        self.plates = plates
        self.faces = faces
        self.plateScore = plateScore ?? plates.descriptor.score
        pyramid = try Pyramid()
    }

    public mutating func open(_ image: FrameImage) throws -> Frame {
        let picture = try image.picture()
        try pyramid.set(picture)
        return Frame(picture: picture)
    }

    public func size(of frame: Frame) -> (width: Int, height: Int) { (frame.picture.width, frame.picture.height) }

    public mutating func vehicles(in frame: Frame) throws -> [FoundVehicle] {
        try at(frame)
        return try vehicles.findings(pyramid).compactMap { finding in
            vehicles.descriptor.classes[finding.label].map {
                FoundVehicle(box: finding.box, kind: $0, score: finding.score)
            }
        }
    }

    public mutating func plates(in frame: Frame) throws -> [FoundPlate] {
        try at(frame)
        return try plates.findings(pyramid).map {
            FoundPlate(
                box: $0.box, corners: $0.corners ?? Quadrilateral($0.box), score: $0.score,
                isDoubtful: $0.score < plates.descriptor.sure, isFaint: $0.score < plateScore)
        }
    }

    public mutating func faces(in frame: Frame, within part: Box) throws -> [Box] {
        try at(frame)
        let wider = part.padded(x: Self.faceReach, y: Self.faceReach)
            .clamped(width: Double(frame.picture.width), height: Double(frame.picture.height))
        guard let wider else { throw VisionError.badImage("the part \(part) lies outside the frame") }
        return try faces.findings(pyramid, region: wider).map(\.box)
    }

    public mutating func crop(
        _ part: Box, of frame: Frame, after pass: FacePass, hiding plates: [Box], quality: Int
    ) throws -> Crop {
        let whole = try frame.picture.pixelBox(part)
        guard pass.region.cover(of: whole) == 1 else {
            throw VisionError.internalFault("the crop \(whole) leaves the region \(pass.region) of the face pass")
        }
        let faces = pass.faces.filter { $0.intersection(whole) > 0 }
        let plates = plates.filter { $0.intersection(whole) > 0 }
        // Most crops show nothing to hide: they share the frame's pixels, without a copy.
        let picture =
            faces.isEmpty && plates.isEmpty
            ? try frame.picture.crop(whole) : try frame.picture.redacted(whole, hiding: faces, plates: plates)
        return Crop(jpeg: try picture.jpeg(quality: quality), box: whole)
    }

    /// The bare model calls, on whatever the inputs hold: no preparing, no decoding, no cutting.
    ///
    /// - Parameter calls: How often each network runs, for example ``NetworkCalls/byTask`` of a pipeline's run.
    public func runBare(_ calls: [ModelTask: Int]) throws(VisionError) {
        for (detector, task) in [(vehicles, ModelTask.vehicles), (plates, .plates), (faces, .faces)] {
            for _ in 0..<(calls[task] ?? 0) { try detector.runBare() }
        }
    }

    private func at(_ frame: Frame) throws(VisionError) {
        if pyramid.picture !== frame.picture { try pyramid.set(frame.picture) }
    }
}
