import SwiftProtobuf
import Topics
import Traffic

/// Headers and bytes around a message.
enum Envelope {
    static let typeHeader = "gantry-type"
    static let versionHeader = "gantry-schema"
    static let traceHeader = "traceparent"

    static func record<Message: SwiftProtobuf.Message>(
        _ message: Message, key: String?, time: Int64, frame: FrameID?
    ) throws(WireError) -> Record {
        let type = Message.protoMessageName
        guard let value: [UInt8] = try? message.serializedBytes() else { throw .malformed(type: type, bytes: 0) }
        var headers = [Header(typeHeader, type), Header(versionHeader, Schema.version)]
        if let frame { headers.append(Header(traceHeader, Trace.parent(of: frame, step: type))) }
        return Record(key: key, value: value, headers: headers, timestamp: time)
    }

    static func message<Message: SwiftProtobuf.Message>(
        _: Message.Type, in record: Record
    ) throws(WireError) -> Message {
        let type = Message.protoMessageName
        let found = record.header(typeHeader) ?? ""
        guard found == type else { throw .wrongType(found: found, expected: type) }
        let version = record.header(versionHeader) ?? ""
        guard version == Schema.version else { throw .unknownVersion(found: version) }
        guard !record.value.isEmpty else { throw .empty(type: type) }
        guard let message = try? Message(serializedBytes: record.value) else {
            throw .malformed(type: type, bytes: record.value.count)
        }
        return message
    }
}

/// Checks on single fields. Each takes the field's name for the error.
enum Check {
    static func count(_ value: some BinaryInteger, _ field: String) throws(WireError) -> Int {
        guard value >= 0 else { throw .outOfRange(field, value: "\(value)") }
        return Int(value)
    }

    /// A size in pixels: 1 to 65,535.
    static func size(_ value: Int32, _ field: String) throws(WireError) -> Int {
        guard (1...65_535).contains(value) else { throw .outOfRange(field, value: "\(value)") }
        return Int(value)
    }

    static func finite(_ value: Double, _ field: String) throws(WireError) -> Double {
        guard value.isFinite else { throw .outOfRange(field, value: "\(value)") }
        return value
    }

    static func share(_ value: Double, _ field: String) throws(WireError) -> Double {
        guard (0...1).contains(value) else { throw .outOfRange(field, value: "\(value)") }
        return value
    }

    static func camera(_ text: String, _ field: String) throws(WireError) -> CameraID {
        guard !text.isEmpty else { throw .missing(field) }
        return CameraID(text)
    }

    static func plateText(_ text: String, _ field: String) throws(WireError) -> PlateText {
        guard let plate = PlateText(text), plate.text == text else { throw .badText(field, value: text) }
        return plate
    }
}
