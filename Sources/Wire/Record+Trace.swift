public import Topics
import Traffic

extension Record {
    /// The same record with the trace context that its stage gave it: recordings leave it out, because it follows from
    /// the frame. A record that has one, or can't be read, stays as it is.
    public func traced() -> Record {
        guard header(Envelope.traceHeader) == nil, let type = header(Envelope.typeHeader), let frame = frame(type)
        else { return self }
        var record = self
        record.headers.append(Header(Envelope.traceHeader, Trace.parent(of: frame, step: type)))
        return record
    }

    private func frame(_ type: String) -> FrameID? {
        switch type {
        case Gantry_V1_FrameRecord.protoMessageName:
            (try? Envelope.message(Gantry_V1_FrameRecord.self, in: self)).flatMap { try? FrameID($0.id) }
        case Gantry_V1_VehiclesRecord.protoMessageName:
            (try? Envelope.message(Gantry_V1_VehiclesRecord.self, in: self)).flatMap { try? FrameID($0.id) }
        case Gantry_V1_ReadsRecord.protoMessageName:
            (try? Envelope.message(Gantry_V1_ReadsRecord.self, in: self)).flatMap { try? FrameID($0.id) }
        case Gantry_V1_PassageRecord.protoMessageName:
            (try? Passage(record: self)).map {
                FrameID(camera: $0.camera, epoch: $0.epoch, frame: $0.best.frame)
            }
        default: nil
        }
    }
}
