public import Traffic

/// A vehicle as its detector gave it, in pixels of the frame.
public struct FoundVehicle: Hashable, Sendable {
    public var box: Box
    public var kind: VehicleClass
    /// 0...1.
    public var score: Double

    public init(box: Box, kind: VehicleClass, score: Double) {
        self.box = box
        self.kind = kind
        self.score = score
    }
}

/// A plate as its detector gave it, in pixels of the frame.
public struct FoundPlate: Hashable, Sendable {
    public var box: Box
    public var corners: Quadrilateral
    /// 0...1.
    public var score: Double
    /// The score alone does not make it a plate: it must be read as well.
    public var isDoubtful: Bool
    /// Too weak to be read, strong enough to be hidden: it leaves as nothing but a patch in crops.
    public var isFaint: Bool

    public init(
        box: Box, corners: Quadrilateral, score: Double, isDoubtful: Bool = false, isFaint: Bool = false
    ) {
        self.box = box
        self.corners = corners
        self.score = score
        self.isDoubtful = isDoubtful
        self.isFaint = isFaint
    }
}

/// Proof that the faces in parts of a frame were looked for, and where they are. Only ``Detect`` makes one,
/// so nothing can be cut out of a frame whose face pass did not finish.
public struct FacePass: Hashable, Sendable {
    /// What was looked at, in pixels of the frame; a crop must lie inside one of them.
    public let parts: [Box]
    /// What must be made unrecognisable, already widened beyond the face.
    public let faces: [Box]

    init(parts: [Box], faces: [Box]) {
        self.parts = parts
        self.faces = faces
    }
}

/// Sees: what the detect stage needs of whatever looks at pixels.
///
/// Every function is a function of its arguments alone. What it throws is a reason for people.
public protocol ObjectFinding: ~Copyable {
    /// A frame as it arrives.
    associatedtype Image: Sendable
    /// The same, ready to be looked at.
    associatedtype Frame

    /// Throws when the image can't be decoded.
    mutating func open(_ image: Image) throws -> Frame
    /// Pixels.
    func size(of frame: Frame) -> (width: Int, height: Int)
    /// Best first.
    mutating func vehicles(in frame: Frame) throws -> [FoundVehicle]
    /// Best first, down to those that are only hidden.
    mutating func plates(in frame: Frame) throws -> [FoundPlate]
    /// Faces that lie in parts of the frame, and perhaps others. Throws when it could not look at all of every part.
    mutating func faces(in frame: Frame, within parts: [Box]) throws -> [Box]
    /// Cuts a part of the frame at full resolution, the faces of the pass and the plates made unrecognisable first.
    ///
    /// - Parameters:
    ///   - plates: Already widened; those outside the part are ignored.
    ///   - quality: Of the JPEG, 1...100.
    mutating func crop(
        _ part: Box, of frame: Frame, after pass: FacePass, hiding plates: [Box], quality: Int
    ) throws -> Crop
}
