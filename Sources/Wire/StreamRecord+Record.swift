import SwiftProtobuf
public import Topics
public import Traffic

/// One of the three messages of a camera's stream; they differ only in what a frame carries.
private protocol StreamMessage: SwiftProtobuf.Message {
    associatedtype Content
    associatedtype Body
    init()
    var id: Gantry_V1_FrameId { get set }
    var hasID: Bool { get }
    var time: Int64 { get set }
    var body: Body? { get set }
    static func content(_ wire: Content) -> Body
    static func gap(_ wire: Gantry_V1_Gap) -> Body
    static func end(_ wire: Gantry_V1_EndOfStream) -> Body
    /// The body taken apart again; nil when there is none.
    var parts: StreamParts<Content>? { get }
}

private enum StreamParts<Content> {
    case content(Content), gap(Gantry_V1_Gap), end
}

extension Gantry_V1_FrameRecord: StreamMessage {
    fileprivate static func content(_ wire: Gantry_V1_Frame) -> OneOf_Body { .frame(wire) }
    fileprivate static func gap(_ wire: Gantry_V1_Gap) -> OneOf_Body { .gap(wire) }
    fileprivate static func end(_ wire: Gantry_V1_EndOfStream) -> OneOf_Body { .endOfStream(wire) }
    fileprivate var parts: StreamParts<Gantry_V1_Frame>? {
        switch body {
        case .frame(let frame): .content(frame)
        case .gap(let gap): .gap(gap)
        case .endOfStream: .end
        case nil: nil
        }
    }
}

extension Gantry_V1_VehiclesRecord: StreamMessage {
    fileprivate static func content(_ wire: Gantry_V1_Detections) -> OneOf_Body { .detections(wire) }
    fileprivate static func gap(_ wire: Gantry_V1_Gap) -> OneOf_Body { .gap(wire) }
    fileprivate static func end(_ wire: Gantry_V1_EndOfStream) -> OneOf_Body { .endOfStream(wire) }
    fileprivate var parts: StreamParts<Gantry_V1_Detections>? {
        switch body {
        case .detections(let detections): .content(detections)
        case .gap(let gap): .gap(gap)
        case .endOfStream: .end
        case nil: nil
        }
    }
}

extension Gantry_V1_ReadsRecord: StreamMessage {
    fileprivate static func content(_ wire: Gantry_V1_FrameReads) -> OneOf_Body { .reads(wire) }
    fileprivate static func gap(_ wire: Gantry_V1_Gap) -> OneOf_Body { .gap(wire) }
    fileprivate static func end(_ wire: Gantry_V1_EndOfStream) -> OneOf_Body { .endOfStream(wire) }
    fileprivate var parts: StreamParts<Gantry_V1_FrameReads>? {
        switch body {
        case .reads(let reads): .content(reads)
        case .gap(let gap): .gap(gap)
        case .endOfStream: .end
        case nil: nil
        }
    }
}

extension StreamRecord {
    fileprivate init<Message: StreamMessage>(
        _: Message.Type, in record: Record, content: (Message.Content) throws(WireError) -> Content
    ) throws(WireError) {
        let message = try Envelope.message(Message.self, in: record)
        guard message.hasID else { throw .missing("id") }
        guard let parts = message.parts else { throw .missing("body") }
        let body: Body =
            switch parts {
            case .content(let wire): .frame(try content(wire))
            case .gap(let gap): .gap(reason: gap.reason)
            case .end: .endOfStream
            }
        self.init(id: try FrameID(message.id), time: EventTime(nanoseconds: message.time), body: body)
    }

    fileprivate func record<Message: StreamMessage>(
        _: Message.Type, content: (Content) throws(WireError) -> Message.Content
    ) throws(WireError) -> Record {
        var message = Message()
        message.id = id.wire
        message.time = time.nanoseconds
        switch body {
        case .frame(let value): message.body = Message.content(try content(value))
        case .gap(let reason): message.body = Message.gap(.with { $0.reason = reason })
        case .endOfStream: message.body = Message.end(Gantry_V1_EndOfStream())
        }
        return try Envelope.record(message, key: id.camera.text, time: time.nanoseconds, frame: id)
    }
}

// What the three topics of a stream hold. Reading throws for anything that is not exactly that.

extension StreamRecord where Content == EncodedFrame {
    /// Reads a record of `frames`.
    public init(record: Record) throws(WireError) {
        try self.init(Gantry_V1_FrameRecord.self, in: record) { wire throws(WireError) in try EncodedFrame(wire) }
    }
}

extension StreamRecord where Content == Detections {
    /// Reads a record of `vehicles`.
    public init(record: Record) throws(WireError) {
        try self.init(Gantry_V1_VehiclesRecord.self, in: record) { wire throws(WireError) in try Detections(wire) }
    }
}

extension StreamRecord where Content == FrameReads {
    /// Reads a record of `reads`.
    public init(record: Record) throws(WireError) {
        try self.init(Gantry_V1_ReadsRecord.self, in: record) { wire throws(WireError) in try FrameReads(wire) }
    }
}

extension Record {
    /// A record of `frames`. Throws ``WireError/tooLarge(_:bytes:limit:)`` for a JPEG over 4 MB.
    public init(frame: StreamRecord<EncodedFrame>) throws(WireError) {
        self = try frame.record(Gantry_V1_FrameRecord.self) { content throws(WireError) in try content.wire }
    }

    /// A record of `vehicles`.
    public init(detections: StreamRecord<Detections>) throws(WireError) {
        self = try detections.record(Gantry_V1_VehiclesRecord.self) { content throws(WireError) in content.wire }
    }

    /// A record of `reads`.
    public init(reads: StreamRecord<FrameReads>) throws(WireError) {
        self = try reads.record(Gantry_V1_ReadsRecord.self) { content throws(WireError) in content.wire }
    }
}
