import Foundation
import SwiftProtobuf
public import Topics
public import Traffic

extension Passage {
    /// Reads that a record may carry.
    static let mostReads = 1000

    /// Reads a record of `passages`.
    public init(record: Record) throws(WireError) {
        let wire = try Envelope.message(Gantry_V1_PassageRecord.self, in: record)
        guard wire.id.count == 16 else { throw .outOfRange("the length of id", value: "\(wire.id.count)") }
        guard wire.hasBest else { throw .missing("best") }
        self.init(
            id: PassageID(Array(wire.id)), camera: try Check.camera(wire.camera, "camera"), epoch: Epoch(wire.epoch),
            firstFrame: try Check.count(wire.firstFrame, "first_frame"),
            lastFrame: try Check.count(wire.lastFrame, "last_frame"),
            firstSeen: EventTime(nanoseconds: wire.firstSeen), lastSeen: EventTime(nanoseconds: wire.lastSeen),
            kind: try VehicleClass.from(wire.kind), frames: try Check.count(wire.frames, "frames"),
            direction: try Direction.from(wire.direction),
            course: wire.hasCourse ? try Check.finite(wire.course, "course") : nil,
            entered: try Edge.from(wire.entered), left: try Edge.from(wire.left),
            stopped: .nanoseconds(try Check.count(wire.stopped, "stopped")),
            parked: wire.hasParked ? .nanoseconds(try Check.count(wire.parked, "parked")) : nil,
            speed: wire.hasSpeed ? try Speed(wire.speed) : nil, best: try Best(wire.best),
            plate: wire.hasPlate ? try VotedPlate(wire.plate) : nil, notRead: try ReadReason.from(wire.notRead))
        if let course, !(0..<360).contains(course) { throw .outOfRange("course", value: "\(course)") }
        guard wire.reads.count <= Self.mostReads else {
            throw .outOfRange("the number of reads", value: "\(wire.reads.count)")
        }
        for read in wire.reads { reads.append(try Read(read)) }
        guard lastFrame >= firstFrame else { throw .outOfRange("last_frame", value: "\(lastFrame)") }
        guard lastSeen >= firstSeen else { throw .outOfRange("last_seen", value: "\(lastSeen.nanoseconds)") }
    }
}

extension Passage {
    /// The frame that shows the vehicle best: its record is traced as that.
    var tracedFrame: FrameID { FrameID(camera: camera, epoch: epoch, frame: best.frame) }
}

extension Record {
    /// A record of `passages`.
    public init(passage: Passage) throws(WireError) {
        let message = Gantry_V1_PassageRecord.with { wire in
            wire.id = Data(passage.id.bytes)
            wire.camera = passage.camera.text
            wire.epoch = passage.epoch.value
            wire.firstFrame = Int64(passage.firstFrame)
            wire.lastFrame = Int64(passage.lastFrame)
            wire.firstSeen = passage.firstSeen.nanoseconds
            wire.lastSeen = passage.lastSeen.nanoseconds
            if let kind = passage.kind { wire.kind = kind.wire }
            wire.frames = Int32(clamping: passage.frames)
            wire.direction = passage.direction.wire
            if let course = passage.course { wire.course = course }
            if let edge = passage.entered { wire.entered = edge.wire }
            if let edge = passage.left { wire.left = edge.wire }
            wire.stopped = passage.stopped.inNanoseconds
            if let parked = passage.parked { wire.parked = parked.inNanoseconds }
            if let speed = passage.speed { wire.speed = speed.wire }
            wire.best = passage.best.wire
            if let plate = passage.plate { wire.plate = plate.wire }
            if let reason = passage.notRead { wire.notRead = reason.wire }
            wire.reads = passage.reads.map(\.wire)
        }
        self = try Envelope.record(
            message, key: passage.camera.text, time: passage.lastSeen.nanoseconds, frame: passage.tracedFrame)
    }
}

extension Passage.Best {
    init(_ wire: Gantry_V1_Best) throws(WireError) {
        self.init(
            frame: try Check.count(wire.frame, "best.frame"), vehicle: wire.hasVehicle ? try Box(wire.vehicle) : nil,
            plate: wire.hasPlate ? try Box(wire.plate) : nil, crop: wire.hasCrop ? try Crop(wire.crop) : nil)
    }
    var wire: Gantry_V1_Best {
        .with {
            $0.frame = Int64(frame)
            if let vehicle { $0.vehicle = vehicle.wire }
            if let plate { $0.plate = plate.wire }
            if let crop { $0.crop = crop.wire }
        }
    }
}

extension Passage.VotedPlate {
    init(_ wire: Gantry_V1_VotedPlate) throws(WireError) {
        self.init(
            text: try Check.plateText(wire.text, "plate.text"),
            confidence: try Check.share(wire.confidence, "plate.confidence"), accepted: wire.accepted,
            votes: try Check.count(wire.votes, "plate.votes"), reads: try Check.count(wire.reads, "plate.reads"),
            region: wire.hasRegion ? wire.region : nil)
        for value in wire.agreement { agreement.append(try Check.share(value, "plate.agreement")) }
        guard agreement.isEmpty || agreement.count == text.text.utf8.count else {
            throw .outOfRange("the number of plate.agreement", value: "\(agreement.count)")
        }
    }
    var wire: Gantry_V1_VotedPlate {
        .with {
            $0.text = text.text
            $0.confidence = confidence
            $0.accepted = accepted
            $0.votes = Int32(clamping: votes)
            $0.reads = Int32(clamping: reads)
            if let region { $0.region = region }
            $0.agreement = agreement
        }
    }
}

extension Passage.Read {
    init(_ wire: Gantry_V1_VotingRead) throws(WireError) {
        self.init(
            frame: try Check.count(wire.frame, "reads.frame"), text: try Check.plateText(wire.text, "reads.text"),
            confidence: try Check.share(wire.confidence, "reads.confidence"), accepted: wire.accepted)
    }
    var wire: Gantry_V1_VotingRead {
        .with {
            $0.frame = Int64(frame)
            $0.text = text.text
            $0.confidence = confidence
            $0.accepted = accepted
        }
    }
}

extension Passage.Speed {
    init(_ wire: Gantry_V1_Speed) throws(WireError) {
        self.init(
            metresPerSecond: try Check.finite(wire.metresPerSecond, "speed.metres_per_second"),
            metres: try Check.finite(wire.metres, "speed.metres"))
        guard metresPerSecond >= 0, metres >= 0 else {
            throw .outOfRange("speed", value: "\(metresPerSecond) over \(metres)")
        }
    }
    var wire: Gantry_V1_Speed {
        .with {
            $0.metresPerSecond = metresPerSecond
            $0.metres = metres
        }
    }
}
