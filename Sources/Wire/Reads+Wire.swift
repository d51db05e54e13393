import Foundation
import SwiftProtobuf
import Traffic

extension Candidate {
    init(_ wire: Gantry_V1_Candidate) throws(WireError) {
        var characters: [Double] = []
        for value in wire.characters { characters.append(try Check.share(value, "candidate.characters")) }
        self.init(
            text: try Check.plateText(wire.text, "candidate.text"),
            confidence: try Check.share(wire.confidence, "candidate.confidence"), characters: characters)
        guard characters.count == text.text.count else {
            throw .outOfRange("the number of candidate.characters", value: "\(characters.count)")
        }
    }
    var wire: Gantry_V1_Candidate {
        .with {
            $0.text = text.text
            $0.confidence = confidence
            $0.characters = characters
        }
    }
}

extension PlateRead {
    init(_ wire: Gantry_V1_PlateRead) throws(WireError) {
        var candidates: [Candidate] = []
        for candidate in wire.candidates { candidates.append(try Candidate(candidate)) }
        let reason = try ReadReason.from(wire.reason)
        guard wire.accepted || reason != nil else { throw .missing("read.reason of a read that is not accepted") }
        guard !wire.accepted || !candidates.isEmpty else { throw .missing("read.candidates of an accepted read") }
        self.init(
            candidates: candidates, accepted: wire.accepted, reason: reason,
            region: wire.hasRegion ? wire.region : nil)
    }
    var wire: Gantry_V1_PlateRead {
        .with {
            $0.candidates = candidates.map(\.wire)
            $0.accepted = accepted
            if let reason { $0.reason = reason.wire }
            if let region { $0.region = region }
        }
    }
}

extension ReadPlate {
    init(_ wire: Gantry_V1_ReadPlate, vehicles: Int) throws(WireError) {
        guard wire.hasPlate else { throw .missing("plates.plate") }
        guard wire.hasRead else { throw .missing("plates.read") }
        self.init(
            plate: try Plate(wire.plate, vehicles: vehicles), read: try PlateRead(wire.read),
            sharpness: try Check.finite(wire.sharpness, "sharpness"))
        guard sharpness >= 0 else { throw .outOfRange("sharpness", value: "\(sharpness)") }
    }
    var wire: Gantry_V1_ReadPlate {
        .with {
            $0.plate = plate.wire
            $0.read = read.wire
            $0.sharpness = sharpness
        }
    }
}

extension Detections {
    init(_ wire: Gantry_V1_Detections) throws(WireError) {
        var vehicles: [Vehicle] = []
        for vehicle in wire.vehicles { vehicles.append(try Vehicle(vehicle)) }
        var plates: [Plate] = []
        for plate in wire.plates { plates.append(try Plate(plate, vehicles: vehicles.count)) }
        self.init(
            width: try Check.size(wire.width, "width"), height: try Check.size(wire.height, "height"),
            vehicles: vehicles, plates: plates, redactions: try Check.count(wire.redactions, "redactions"))
    }
    var wire: Gantry_V1_Detections {
        .with {
            $0.width = Int32(clamping: width)
            $0.height = Int32(clamping: height)
            $0.vehicles = vehicles.map(\.wire)
            $0.plates = plates.map(\.wire)
            $0.redactions = Int32(clamping: redactions)
        }
    }
}

extension FrameReads {
    init(_ wire: Gantry_V1_FrameReads) throws(WireError) {
        var vehicles: [Vehicle] = []
        for vehicle in wire.vehicles { vehicles.append(try Vehicle(vehicle)) }
        var plates: [ReadPlate] = []
        for plate in wire.plates { plates.append(try ReadPlate(plate, vehicles: vehicles.count)) }
        self.init(
            width: try Check.size(wire.width, "width"), height: try Check.size(wire.height, "height"),
            vehicles: vehicles, plates: plates)
    }
    var wire: Gantry_V1_FrameReads {
        .with {
            $0.width = Int32(clamping: width)
            $0.height = Int32(clamping: height)
            $0.vehicles = vehicles.map(\.wire)
            $0.plates = plates.map(\.wire)
        }
    }
}

extension EncodedFrame {
    init(_ wire: Gantry_V1_Frame) throws(WireError) {
        guard !wire.jpeg.isEmpty else { throw .missing("frame.jpeg") }
        self.init(
            jpeg: Array(wire.jpeg), width: try Check.size(wire.width, "width"),
            height: try Check.size(wire.height, "height"))
    }
    var wire: Gantry_V1_Frame {
        get throws(WireError) {
            guard jpeg.count <= Schema.maximumFrameBytes else {
                throw .tooLarge("frame.jpeg", bytes: jpeg.count, limit: Schema.maximumFrameBytes)
            }
            return .with {
                $0.jpeg = Data(jpeg)
                $0.width = Int32(clamping: width)
                $0.height = Int32(clamping: height)
            }
        }
    }
}
