import Foundation
import SwiftProtobuf
import Testing
import Topics
import Traffic
import Wire

/// A topic written down as text, one Protobuf JSON record a line.
struct RecordedTopic {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    let lines: [String]

    init(fixture name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: "\(name).jsonl"), encoding: .utf8)
        lines = text.split(separator: "\n").map(String.init)
    }

    /// The records as they would come from Kafka: bytes and headers, decoded by the stage's own decoder.
    func reads() throws -> [StreamRecord<FrameReads>] {
        try lines.map { line in
            let message = try Gantry_V1_ReadsRecord(jsonString: line)
            let headers = [
                Header("gantry-type", Gantry_V1_ReadsRecord.protoMessageName), Header("gantry-schema", Schema.version),
            ]
            return try StreamRecord<FrameReads>(
                record: Record(key: message.id.camera, value: try message.serializedBytes(), headers: headers))
        }
    }

    /// Compares lines with a golden file, or rewrites it when `UPDATE_GOLDEN` is set.
    static func expectGolden(
        _ lines: [String], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = folder.appending(path: "\(name).jsonl")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
            try lines.map { $0 + "\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try RecordedTopic(fixture: name).lines
        #expect(lines.count == golden.count, "\(name)", sourceLocation: sourceLocation)
        for (line, expected) in zip(lines, golden) {
            #expect(line == expected, "\(name)", sourceLocation: sourceLocation)
        }
    }
}

extension Passage {
    /// Through its record, so that the golden file shows what the next stage gets.
    func jsonLine() throws -> String {
        let message = try Gantry_V1_PassageRecord(serializedBytes: Record(passage: self).value)
        var options = JSONEncodingOptions()
        options.useDeterministicOrdering = true
        return try message.jsonString(options: options)
    }
}
