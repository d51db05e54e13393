import SwiftProtobuf
public import Topics
public import Traffic

extension Coverage {
    /// Reads a record of `passages` that tells of coverage.
    public init(record: Record) throws(WireError) {
        let wire = try Envelope.message(Gantry_V1_CoverageRecord.self, in: record)
        self.init(
            camera: try Check.camera(wire.camera, "camera"), epoch: Epoch(wire.epoch),
            start: EventTime(nanoseconds: wire.start), end: EventTime(nanoseconds: wire.end),
            frames: try Check.count(wire.frames, "frames"))
        guard isInOneMinute else { throw .outOfRange("end", value: "\(wire.end), from \(wire.start)") }
        guard frames >= 1 else { throw .outOfRange("frames", value: "\(frames)") }
    }
}

extension Record {
    /// A record of `passages` that tells of coverage. It belongs to no frame, so it has no trace.
    public init(coverage: Coverage) throws(WireError) {
        let message = Gantry_V1_CoverageRecord.with { wire in
            wire.camera = coverage.camera.text
            wire.epoch = coverage.epoch.value
            wire.start = coverage.start.nanoseconds
            wire.end = coverage.end.nanoseconds
            wire.frames = Int32(clamping: coverage.frames)
        }
        self = try Envelope.record(message, key: coverage.camera.text, time: coverage.end.nanoseconds, frame: nil)
    }

    /// A record of `passages`.
    public init(report: CameraReport) throws(WireError) {
        switch report {
        case .passage(let passage): self = try Record(passage: passage)
        case .coverage(let coverage): self = try Record(coverage: coverage)
        }
    }
}

extension CameraReport {
    /// Reads a record of `passages`.
    public init(record: Record) throws(WireError) {
        self =
            record.messageType == Gantry_V1_CoverageRecord.protoMessageName
            ? .coverage(try Coverage(record: record)) : .passage(try Passage(record: record))
    }
}
