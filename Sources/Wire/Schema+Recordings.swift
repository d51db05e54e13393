import Foundation
import SwiftProtobuf
public import Topics

extension Schema {
    /// The schemas of all message types that travel on topics, for a `RecordingWriter`.
    ///
    /// Each is a `FileDescriptorSet` of the file that declares the message and of all that it imports, so that other
    /// programs can read the recording without this one.
    public static let recordings: [RecordingSchema] = {
        let types: [any SwiftProtobuf.Message.Type] = [
            Gantry_V1_FrameRecord.self, Gantry_V1_VehiclesRecord.self, Gantry_V1_ReadsRecord.self,
            Gantry_V1_PassageRecord.self, Gantry_V1_RejectedRecord.self, Gantry_V1_TrackState.self,
        ]
        return types.map { type in
            RecordingSchema(name: type.protoMessageName, data: descriptors(declaring: type.protoMessageName))
        }
    }()

    /// What was generated is whole; scripts/proto --check and a test hold it so.
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
