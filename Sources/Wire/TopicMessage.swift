public import Topics
public import Traffic

/// What a record of any topic holds, by its own word: the one place that knows which message is which.
public enum TopicMessage: Sendable {
    case frame(StreamRecord<EncodedFrame>)
    case detections(StreamRecord<Detections>)
    case reads(StreamRecord<FrameReads>)
    case passage(Passage)
    case coverage(Coverage)
    case rejection(Rejection)
    case snapshot(Snapshot)

    /// Reads a record as the stage that takes such messages would.
    ///
    /// - Throws: What that stage would refuse it with; ``WireError/wrongType(found:expected:)`` for a message that no
    ///   stage takes.
    public init(record: Record) throws(WireError) {
        let type = record.messageType ?? ""
        switch type {
        case Gantry_V1_FrameRecord.protoMessageName: self = .frame(try StreamRecord<EncodedFrame>(record: record))
        case Gantry_V1_VehiclesRecord.protoMessageName:
            self = .detections(try StreamRecord<Detections>(record: record))
        case Gantry_V1_ReadsRecord.protoMessageName: self = .reads(try StreamRecord<FrameReads>(record: record))
        case Gantry_V1_PassageRecord.protoMessageName: self = .passage(try Passage(record: record))
        case Gantry_V1_CoverageRecord.protoMessageName: self = .coverage(try Coverage(record: record))
        case Gantry_V1_RejectedRecord.protoMessageName: self = .rejection(try Rejection(record: record))
        case Gantry_V1_TrackState.protoMessageName: self = .snapshot(try Snapshot(record: record))
        default: throw .wrongType(found: type, expected: Schema.names.joined(separator: ", "))
        }
    }

    /// The frame that the message is traced as; nil for messages that belong to none.
    public var frame: FrameID? {
        switch self {
        case .frame(let record): record.id
        case .detections(let record): record.id
        case .reads(let record): record.id
        case .passage(let passage): passage.tracedFrame
        case .coverage, .rejection, .snapshot: nil
        }
    }
}

extension Record {
    /// The full name of the message it holds, as its header says; nil without that header.
    public var messageType: String? { header(Envelope.typeHeader) }

    /// The same record with the trace context that its stage gave it: recordings leave it out, because it follows from
    /// the frame. A record that has one, or can't be read, stays as it is.
    public func traced() -> Record {
        guard header(Envelope.traceHeader) == nil, let type = messageType,
            let frame = try? TopicMessage(record: self).frame
        else { return self }
        var record = self
        record.headers.append(Header(Envelope.traceHeader, Trace.parent(of: frame, step: type)))
        return record
    }
}
