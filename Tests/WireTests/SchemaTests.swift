import Foundation
import SwiftProtobuf
import Testing
import Wire

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private func descriptors(_ name: String) throws -> Google_Protobuf_FileDescriptorSet {
    try Google_Protobuf_FileDescriptorSet(
        serializedBytes: Data(contentsOf: root.appending(path: "schemas/proto/\(name)")))
}

/// Goal: messages may grow, but what was written stays readable.
@Suite struct SchemaTests {
    @Test func `the messages are compatible with the accepted baseline`() throws {
        let changes = SchemaChange.incompatible(
            from: try descriptors("gantry.v1.baseline.binpb"), to: try descriptors("gantry.v1.binpb"))
        #expect(changes == [], "if this is meant, raise Schema.version and run scripts/proto --accept")
    }

    /// Each change is one that someone might make without a second thought.
    @Test func `each incompatible change is found`() throws {
        let old = try descriptors("gantry.v1.binpb")
        func changes(_ edit: (inout Google_Protobuf_DescriptorProto) -> Void) -> [String] {
            var new = old
            for file in new.file.indices {
                for message in new.file[file].messageType.indices
                where new.file[file].messageType[message].name == "Plate" {
                    edit(&new.file[file].messageType[message])
                }
            }
            return SchemaChange.incompatible(from: old, to: new).map(\.description)
        }
        #expect(changes { _ in } == [])
        #expect(
            changes { $0.field.removeAll { $0.name == "score" } }
                == ["gantry.v1.Plate.score: field 3 is gone, and its number and name are not reserved"])
        #expect(
            changes { message in
                message.field.removeAll { $0.name == "score" }
                message.reservedName = ["score"]
                message.reservedRange = [
                    .with {
                        $0.start = 3
                        $0.end = 4
                    }
                ]
            } == [], "a reserved field may go")
        #expect(changes { $0.field[2].number = 9 }.first?.contains("field 3 is gone") == true)
        #expect(changes { $0.field[2].type = .float }.first?.hasPrefix("gantry.v1.Plate.score: was") == true)
        #expect(changes { $0.field[2].name = "confidence" }.first?.contains("called confidence") == true)
        #expect(changes { $0.field[2].label = .repeated }.count == 1)
        #expect(changes { $0.field[3].proto3Optional = false }.count == 1)
        #expect(changes { $0.name = "NumberPlate" } == ["gantry.v1.Plate: the message is gone"])

        var fewer = old
        for file in fewer.file.indices {
            for declared in fewer.file[file].enumType.indices { fewer.file[file].enumType[declared].value.removeLast() }
        }
        #expect(SchemaChange.incompatible(from: old, to: fewer).count == 4)
    }

    @Test func `a new field and a new message are compatible`() throws {
        let old = try descriptors("gantry.v1.binpb")
        var new = old
        new.file[0].messageType[0].field.append(
            .with {
                $0.name = "extra"
                $0.number = 99
                $0.type = .string
            })
        new.file[0].messageType.append(.with { $0.name = "Extra" })
        #expect(SchemaChange.incompatible(from: old, to: new) == [])
        #expect(SchemaChange.incompatible(from: new, to: old).count == 2)
    }

    @Test func `the generated code and the descriptors are those of schemas proto`() throws {
        let generator = try #require(
            ProcessInfo.processInfo.environment["PROTOC_GEN_SWIFT"]
                ?? [".build/debug/protoc-gen-swift", ".build/release/protoc-gen-swift"]
                .map { root.appending(path: $0).path }.first(where: FileManager.default.isExecutableFile(atPath:)),
            "the generator is not built; run: swift build --product protoc-gen-swift")
        let check = Process()
        check.executableURL = root.appending(path: "scripts/proto")
        check.arguments = ["--check"]
        check.environment = ProcessInfo.processInfo.environment.merging(["PROTOC_GEN_SWIFT": generator]) { $1 }
        let output = Pipe()
        check.standardOutput = output
        check.standardError = output
        try check.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "\(said)")
    }
}
