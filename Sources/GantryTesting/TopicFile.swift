public import Foundation
import SwiftProtobuf
import Topics
public import Traffic
import Wire

/// A recorded topic as text, one Protobuf JSON record a line: small enough to review.
///
/// For whole topics use a recording (`gantry record`, ``RecordingReader``).
public struct TopicFile: Sendable {
    /// One record each, in order.
    public var lines: [String]

    public init(_ file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        lines = text.split(separator: "\n").map(String.init)
    }

    /// Records of `reads`, decoded from the bytes and headers that they would have on a topic.
    public func reads() throws -> [StreamRecord<FrameReads>] {
        try lines.map { line in
            let message = try Gantry_V1_ReadsRecord(jsonString: line)
            return try StreamRecord<FrameReads>(record: Self.record(message, key: message.id.camera))
        }
    }

    /// Records of `vehicles`.
    public func detections() throws -> [StreamRecord<Detections>] {
        try lines.map { line in
            let message = try Gantry_V1_VehiclesRecord(jsonString: line)
            return try StreamRecord<Detections>(record: Self.record(message, key: message.id.camera))
        }
    }

    /// Records of `passages`.
    public func passages() throws -> [Passage] {
        try lines.map { line in
            let message = try Gantry_V1_PassageRecord(jsonString: line)
            return try Passage(record: Self.record(message, key: message.camera))
        }
    }

    private static func record<Message: SwiftProtobuf.Message>(_ message: Message, key: String) throws -> Record {
        Record(
            key: key, value: try message.serializedBytes(),
            headers: [
                Header("gantry-type", Message.protoMessageName), Header("gantry-schema", Schema.version),
            ])
    }
}

extension Passage {
    /// Its record as one line of Protobuf JSON, fields in the order of their names: what the next stage gets.
    public func topicLine() throws -> String {
        let message = try Gantry_V1_PassageRecord(serializedBytes: Record(passage: self).value)
        return try message.jsonString(options: .oneOrder)
    }
}

extension StreamRecord<FrameReads> {
    /// Its record as one line of Protobuf JSON: what ``TopicFile`` reads.
    public func topicLine() throws -> String {
        let message = try Gantry_V1_ReadsRecord(serializedBytes: Record(reads: self).value)
        return try message.jsonString(options: .oneOrder)
    }
}

extension JSONEncodingOptions {
    fileprivate static var oneOrder: JSONEncodingOptions {
        var options = JSONEncodingOptions()
        options.useDeterministicOrdering = true
        return options
    }
}
