/// The vehicles Gantry tells apart. People are not among them.
public enum VehicleClass: String, Hashable, Sendable, CaseIterable {
    case car, truck, bus, motorcycle, bicycle
}

/// A piece of a frame, cut at full source resolution, its faces and the plates of others blurred.
///
/// Only the detect stage makes one, and only after the face pass over its pixels finished.
public struct Crop: Hashable, Sendable {
    /// A JPEG file.
    public var jpeg: [UInt8]
    /// What it shows, in pixels of the full frame.
    public var box: Box

    public init(jpeg: [UInt8], box: Box) {
        self.jpeg = jpeg
        self.box = box
    }
}

public struct Vehicle: Hashable, Sendable {
    public var box: Box
    public var kind: VehicleClass
    /// The detector's own score, 0...1.
    public var score: Double
    /// Nil when redaction did not finish.
    public var crop: Crop?

    public init(box: Box, kind: VehicleClass, score: Double, crop: Crop?) {
        self.box = box
        self.kind = kind
        self.score = score
        self.crop = crop
    }
}

public struct Plate: Hashable, Sendable {
    public var box: Box
    public var corners: Quadrilateral
    /// The detector's own score, 0...1.
    public var score: Double
    /// Index into ``Detections/vehicles`` of the vehicle that carries it; nil for a plate without a detected vehicle.
    public var vehicle: Int?
    /// The plate with some margin; nil when redaction did not finish.
    public var crop: Crop?
    /// The detector alone does not vouch for it: it is a plate only if it can be read.
    public var isDoubtful: Bool

    public init(
        box: Box, corners: Quadrilateral, score: Double, vehicle: Int?, crop: Crop?, isDoubtful: Bool = false
    ) {
        self.box = box
        self.corners = corners
        self.score = score
        self.vehicle = vehicle
        self.crop = crop
        self.isDoubtful = isDoubtful
    }
}

/// What the detect stage found in one frame.
public struct Detections: Hashable, Sendable {
    /// Pixels of the full frame.
    public var width, height: Int
    public var vehicles: [Vehicle]
    public var plates: [Plate]
    /// Faces blurred in the crops. Their boxes go no further than the detect stage.
    public var redactions: Int

    public init(width: Int, height: Int, vehicles: [Vehicle], plates: [Plate], redactions: Int) {
        self.width = width
        self.height = height
        self.vehicles = vehicles
        self.plates = plates
        self.redactions = redactions
    }
}
