import Foundation
import SwiftProtobuf
import Traffic

// Each value of Traffic, to and from its message. Reading checks everything that the types alone don't promise.

extension FrameID {
    init(_ wire: Gantry_V1_FrameId) throws(WireError) {
        self.init(
            camera: try Check.camera(wire.camera, "id.camera"), epoch: Epoch(wire.epoch),
            frame: try Check.count(wire.frame, "id.frame"))
    }
    var wire: Gantry_V1_FrameId {
        .with {
            $0.camera = camera.text
            $0.epoch = epoch.value
            $0.frame = Int64(frame)
        }
    }
}

extension Point {
    init(_ wire: Gantry_V1_Point) throws(WireError) {
        self.init(x: try Check.finite(wire.x, "point.x"), y: try Check.finite(wire.y, "point.y"))
    }
    var wire: Gantry_V1_Point {
        .with {
            $0.x = x
            $0.y = y
        }
    }
}

extension Box {
    init(_ wire: Gantry_V1_Box) throws(WireError) {
        self.init(
            x: try Check.finite(wire.x, "box.x"), y: try Check.finite(wire.y, "box.y"),
            width: try Check.finite(wire.width, "box.width"), height: try Check.finite(wire.height, "box.height"))
        guard width >= 0 else { throw .outOfRange("box.width", value: "\(width)") }
        guard height >= 0 else { throw .outOfRange("box.height", value: "\(height)") }
    }
    var wire: Gantry_V1_Box {
        .with {
            $0.x = x
            $0.y = y
            $0.width = width
            $0.height = height
        }
    }
}

extension Quadrilateral {
    init(_ wire: Gantry_V1_Quadrilateral) throws(WireError) {
        guard wire.hasTopLeft, wire.hasTopRight, wire.hasBottomRight, wire.hasBottomLeft else {
            throw .missing("a corner of the plate")
        }
        self.init(
            topLeft: try Point(wire.topLeft), topRight: try Point(wire.topRight),
            bottomRight: try Point(wire.bottomRight), bottomLeft: try Point(wire.bottomLeft))
    }
    var wire: Gantry_V1_Quadrilateral {
        .with {
            $0.topLeft = topLeft.wire
            $0.topRight = topRight.wire
            $0.bottomRight = bottomRight.wire
            $0.bottomLeft = bottomLeft.wire
        }
    }
}

extension Crop {
    init(_ wire: Gantry_V1_Crop) throws(WireError) {
        guard wire.hasBox else { throw .missing("crop.box") }
        guard !wire.jpeg.isEmpty else { throw .missing("crop.jpeg") }
        self.init(jpeg: Array(wire.jpeg), box: try Box(wire.box))
    }
    var wire: Gantry_V1_Crop {
        .with {
            $0.jpeg = Data(jpeg)
            $0.box = box.wire
        }
    }
}

extension VehicleClass {
    /// Nil for unspecified.
    static func from(_ wire: Gantry_V1_VehicleClass) throws(WireError) -> VehicleClass? {
        switch wire {
        case .unspecified: nil
        case .car: .car
        case .truck: .truck
        case .bus: .bus
        case .motorcycle: .motorcycle
        case .bicycle: .bicycle
        case .UNRECOGNIZED(let value): throw .unknownCase("vehicle class", value: value)
        }
    }
    var wire: Gantry_V1_VehicleClass {
        switch self {
        case .car: .car
        case .truck: .truck
        case .bus: .bus
        case .motorcycle: .motorcycle
        case .bicycle: .bicycle
        }
    }
}

extension Vehicle {
    init(_ wire: Gantry_V1_Vehicle) throws(WireError) {
        guard wire.hasBox else { throw .missing("vehicle.box") }
        guard let kind = try VehicleClass.from(wire.kind) else { throw .missing("vehicle.kind") }
        self.init(
            box: try Box(wire.box), kind: kind, score: try Check.share(wire.score, "vehicle.score"),
            crop: wire.hasCrop ? try Crop(wire.crop) : nil)
    }
    var wire: Gantry_V1_Vehicle {
        .with {
            $0.box = box.wire
            $0.kind = kind.wire
            $0.score = score
            if let crop { $0.crop = crop.wire }
        }
    }
}

extension Plate {
    /// - Parameter vehicles: How many vehicles the record has.
    init(_ wire: Gantry_V1_Plate, vehicles: Int) throws(WireError) {
        guard wire.hasBox else { throw .missing("plate.box") }
        guard wire.hasCorners else { throw .missing("plate.corners") }
        let vehicle = wire.hasVehicle ? Int(wire.vehicle) : nil
        if let vehicle, !(0..<vehicles).contains(vehicle) { throw .outOfRange("plate.vehicle", value: "\(vehicle)") }
        self.init(
            box: try Box(wire.box), corners: try Quadrilateral(wire.corners),
            score: try Check.share(wire.score, "plate.score"), vehicle: vehicle,
            crop: wire.hasCrop ? try Crop(wire.crop) : nil, isDoubtful: wire.doubtful)
    }
    var wire: Gantry_V1_Plate {
        .with {
            $0.box = box.wire
            $0.corners = corners.wire
            $0.score = score
            if let vehicle { $0.vehicle = Int32(clamping: vehicle) }
            if let crop { $0.crop = crop.wire }
            $0.doubtful = isDoubtful
        }
    }
}

extension ReadReason {
    /// The order of the messages' values, from 1.
    private static let order: [(ReadReason, Gantry_V1_ReadReason)] = [
        (.notRedacted, .notRedacted), (.unreadableCrop, .unreadableCrop), (.tooSmall, .tooSmall), (.noText, .noText),
        (.implausibleLength, .implausibleLength), (.notAPlate, .notAPlate), (.lowConfidence, .lowConfidence),
        (.disagreement, .disagreement), (.noPlateSeen, .noPlateSeen), (.cutOff, .cutOff), (.singleRead, .singleRead),
    ]
    /// Nil for unspecified.
    static func from(_ wire: Gantry_V1_ReadReason) throws(WireError) -> ReadReason? {
        if wire == .unspecified { return nil }
        guard let pair = order.first(where: { $0.1 == wire }) else {
            throw .unknownCase("read reason", value: wire.rawValue)
        }
        return pair.0
    }
    var wire: Gantry_V1_ReadReason {
        Self.order.first { $0.0 == self }?.1 ?? .unspecified
    }
}

extension Direction {
    static func from(_ wire: Gantry_V1_Direction) throws(WireError) -> Direction {
        switch wire {
        case .approaching: .approaching
        case .receding: .receding
        case .leftward: .leftward
        case .rightward: .rightward
        case .stationary: .stationary
        case .unspecified: throw .missing("direction")
        case .UNRECOGNIZED(let value): throw .unknownCase("direction", value: value)
        }
    }
    var wire: Gantry_V1_Direction {
        switch self {
        case .approaching: .approaching
        case .receding: .receding
        case .leftward: .leftward
        case .rightward: .rightward
        case .stationary: .stationary
        }
    }
}

extension Edge {
    /// Nil for unspecified.
    static func from(_ wire: Gantry_V1_Edge) throws(WireError) -> Edge? {
        switch wire {
        case .unspecified: nil
        case .left: .left
        case .right: .right
        case .top: .top
        case .bottom: .bottom
        case .UNRECOGNIZED(let value): throw .unknownCase("edge", value: value)
        }
    }
    var wire: Gantry_V1_Edge {
        switch self {
        case .left: .left
        case .right: .right
        case .top: .top
        case .bottom: .bottom
        }
    }
}
