import Foundation
import SwiftProtobuf
public import Topics

extension Schema {
    private static let types: [any SwiftProtobuf.Message.Type] = [
        Gantry_V1_FrameRecord.self, Gantry_V1_VehiclesRecord.self, Gantry_V1_ReadsRecord.self,
        Gantry_V1_PassageRecord.self, Gantry_V1_CoverageRecord.self, Gantry_V1_RejectedRecord.self,
        Gantry_V1_TrackState.self,
    ]

    /// Full names of all messages that travel on topics.
    public static let names: [String] = types.map { $0.protoMessageName }

    /// The schemas of all message types that travel on topics, for a `RecordingWriter`.
    ///
    /// Each is a `FileDescriptorSet` of the file that declares the message and of all that it imports, so that other
    /// programs can read the recording without this one.
    public static let recordings: [RecordingSchema] = names.map { name in
        RecordingSchema(name: name, data: descriptors(declaring: name))
    }

    /// Reads a record as the stage that takes such messages would, and drops it.
    ///
    /// - Throws: What that stage would refuse it with; ``WireError/wrongType(found:expected:)`` for a message that no
    ///   stage takes.
    public static func check(_ record: Record) throws(WireError) {
        _ = try TopicMessage(record: record)
    }

    /// A record's message as Protobuf JSON on one line.
    ///
    /// - Throws: ``WireError/wrongType(found:expected:)``, ``WireError/unknownVersion(found:)``,
    ///   ``WireError/empty(type:)`` or ``WireError/malformed(type:bytes:)``.
    public static func json(_ record: Record) throws(WireError) -> String {
        let found = record.messageType ?? ""
        guard let type = types.first(where: { $0.protoMessageName == found }) else {
            throw .wrongType(found: found, expected: names.joined(separator: ", "))
        }
        return try json(type, record)
    }

    private static func json<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, _ record: Record
    ) throws(WireError) -> String {
        let message = try Envelope.message(type, in: record)
        var options = JSONEncodingOptions()
        options.useDeterministicOrdering = true
        guard let text = try? message.jsonString(options: options) else {
            throw .malformed(type: type.protoMessageName, bytes: record.value.count)
        }
        return text
    }

    /// What this build would misread of messages written under a recording's own schema; empty when nothing.
    ///
    /// Nil when the schema is no `FileDescriptorSet`.
    public static func changes(since schema: RecordingSchema) -> [SchemaChange]? {
        guard let old = try? Google_Protobuf_FileDescriptorSet(serializedBytes: schema.data) else { return nil }
        return SchemaChange.incompatible(from: old, to: everything)
    }

    /// What was generated is whole; `scripts/proto --check` and a test hold it so.
    private static let everything = try! Google_Protobuf_FileDescriptorSet(
        serializedBytes: Data(base64Encoded: descriptorSetText)!)

    private static func descriptors(declaring type: String) -> [UInt8] {
        let files = everything.file
        let first = files.first { file in file.messageType.contains { "\(file.package).\($0.name)" == type } }!
        var wanted: Set = [first.name]
        // A file comes after what it imports, so one pass from behind finds all.
        for file in files.reversed() where wanted.contains(file.name) { wanted.formUnion(file.dependency) }
        let part = Google_Protobuf_FileDescriptorSet.with { $0.file = files.filter { wanted.contains($0.name) } }
        return try! part.serializedBytes()
    }
}
