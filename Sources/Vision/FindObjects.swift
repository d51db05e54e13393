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
    /// Faces near the edge of a part that leaves are seen whole when the pass looks a little further: by this share of
    /// the part, and this many pixels at least.
    private static let faceReach = (share: 0.08, pixels: 24.0)

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

    public mutating func faces(in frame: Frame, within parts: [Box]) throws -> [Box] {
        try at(frame)
        let width = Double(frame.picture.width), height = Double(frame.picture.height)
        let wider = try parts.map { part in
            let across = max(Self.faceReach.share, Self.faceReach.pixels / part.width)
            let down = max(Self.faceReach.share, Self.faceReach.pixels / part.height)
            guard let wide = part.padded(x: across, y: down).clamped(width: width, height: height) else {
                throw VisionError.badImage("the part \(part) lies outside the frame")
            }
            return wide
        }
        guard let region = Box.around(wider) else { return [] }
        var found = try faces.findings(pyramid, region: region)
        for tile in tiles(of: region, seen: faces.descriptor) where wider.contains(where: { $0.intersection(tile) > 0 })
        {
            found += try faces.findings(pyramid, region: tile)
        }
        return suppressed(found, overlap: faces.descriptor.overlap).map(\.box)
    }

    public mutating func crop(
        _ part: Box, of frame: Frame, after pass: FacePass, hiding plates: [Box], quality: Int
    ) throws -> Crop {
        let whole = try frame.picture.pixelBox(part)
        guard pass.parts.contains(where: { $0.cover(of: whole) == 1 }) else {
            throw VisionError.internalFault("the crop \(whole) leaves the parts \(pass.parts) of the face pass")
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

/// Where a region is too large for small faces to be seen in it as a whole, its quarters or halves, which overlap.
///
/// - Parameter network: A network for which four pixels of the frame become three or fewer sees the region in parts,
///   two across and two down at most, so that the cost has a bound.
func tiles(of region: Box, seen network: ModelDescriptor) -> [Box] {
    /// A face of this size that no tile holds whole is large enough to be seen in the region.
    let overlap = 64.0
    func cut(_ start: Double, _ length: Double, _ pixels: Int) -> [(start: Double, length: Double)] {
        guard length > Double(pixels) / 0.75 else { return [(start, length)] }
        let half = (length + overlap) / 2
        return [(start, half), (start + length - half, half)]
    }
    let across = cut(region.x, region.width, network.width), down = cut(region.y, region.height, network.height)
    guard across.count + down.count > 2 else { return [] }
    return down.flatMap { row in
        across.map { Box(x: $0.start, y: row.start, width: $0.length, height: row.length) }
    }
}
