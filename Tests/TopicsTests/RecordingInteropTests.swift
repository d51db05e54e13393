import Foundation
import Testing
import Topics
import Wire

/// Goal: other programs open our recordings unchanged, and we read theirs.
/// Method: the `mcap` package of PyPI, which `make setup` puts into .gantry/python, reads and writes the same records.
@Suite struct RecordingInteropTests {
    let folder: RecordingFolder
    init() throws { folder = try RecordingFolder() }

    struct Answer: Decodable {
        struct Message: Decodable {
            var topic, encoding, type: String
            var metadata: [String: String]
            var sequence: UInt32
            var time, published: Int64
            var value: String
        }
        struct Statistics: Decodable { var messages, channels, schemas, chunks: Int, start, end: Int64 }
        struct Decoded: Decodable {
            struct Frame: Decodable { var camera, frame: String? }
            var id: Frame
            var time: String
        }
        var profile, library: String
        var messages: [Message]
        var same: Bool
        var decoded: [Decoded]
        var statistics: Statistics
        var checksums: [String: Bool]
    }

    @Test(arguments: [RecordingOptions.Compression.zstd(level: 1), .zstd(level: 3), .none], [700, 1 << 20])
    func `Python reads what Gantry writes, checksums, index, times and messages`(
        compression: RecordingOptions.Compression, chunk: Int
    ) throws {
        let records = try Recorded.city(300)
        let path = folder.path("ours.mcap")
        let summary = try Recorded.write(records, to: path, .chunks(chunk, compression))
        let answer = try JSONDecoder().decode(Answer.self, from: try Python.run(["read", path]))
        #expect(answer.profile == "gantry" && answer.library == "gantry 1")
        #expect(answer.checksums == ["data": true, "summary": true])
        #expect(answer.same, "by index, by scan and by time the messages are the same")
        #expect(answer.statistics.messages == 300 && answer.statistics.chunks == summary.chunks)
        #expect(answer.statistics.channels == 6 && answer.statistics.schemas == 2)
        #expect(answer.statistics.start == summary.start && answer.statistics.end == summary.end)
        var sequences: [String: UInt32] = [:]
        for (message, record) in zip(answer.messages, records) {
            let key = record.record.key!
            #expect(message.topic == record.topic && message.encoding == "protobuf")
            #expect(message.metadata == ["gantry-key": key, "gantry-schema": "1"])
            #expect(message.type == record.record.header("gantry-type"))
            #expect(message.time == record.record.timestamp && message.published == record.record.timestamp)
            #expect(message.value == record.record.value.hex)
            #expect(message.sequence == sequences[message.topic + key, default: 0])
            sequences[message.topic + key, default: 0] += 1
        }
        // The embedded schema alone is enough to decode a message.
        for (index, decoded) in answer.decoded.enumerated() {
            #expect(decoded.id.camera == records[index].record.key)
            #expect(decoded.time == "\(records[index].record.timestamp)")
        }
        #expect(answer.messages.count == 300 && answer.decoded.count == 300)
    }

    @Test(arguments: [
        "zstd", "none", "flat", "zstd bare", "none bare", "flat bare", "flat extra", "zstd extra", "none extra bare",
    ])
    func `Gantry reads what Python writes, and finds nothing to object to`(how: String) throws {
        let records = try Recorded.city(200)
        let path = folder.path("theirs.mcap")
        try Python.write(records, to: path, how)
        let found = try Recorded.read(path)
        #expect(found.errors.isEmpty)
        #expect(found.records == records)
        let validation = try RecordingValidation(path: path) { _ in nil }
        #expect(validation.problems.isEmpty && validation.messages == 200)
        let from = records[120].record.timestamp
        #expect(try Recorded.read(path, RecordingFilter(from: from)).records == Array(records[120...]))
        let summary = try RecordingReader(path: path).summary
        #expect((summary == nil) == how.contains("bare"))
        #expect(how.contains("bare") || summary?.messages == 200)

        let repaired = folder.path("repaired.mcap")
        #expect(try RecordingRepair.copy(from: path, to: repaired).problems.isEmpty)
        let answer = try JSONDecoder().decode(Answer.self, from: try Python.run(["read", repaired]))
        #expect(answer.messages.map(\.value) == records.map(\.record.value.hex))
        #expect(answer.messages.map(\.published) == records.map { $0.record.timestamp + 1 })
        #expect(answer.messages.map(\.sequence) == Array(0..<200))
        #expect(answer.profile == "other")
    }

    @Test func `lz4 is refused with the command that converts it`() throws {
        let path = folder.path("theirs.mcap")
        try Python.write(try Recorded.city(20), to: path, "lz4")
        let errors = try Recorded.read(path).errors
        #expect(!errors.isEmpty)
        for error in errors {
            guard case .compression("lz4", _) = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(error.reason.contains("mcap compress"))
        }
    }
}

/// The script beside this file, with the packages of .gantry/python.
enum Python {
    static func run(_ arguments: [String], input: Data = Data()) throws -> Data {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", here.appending(path: "recordings.py").path] + arguments
        var environment = ProcessInfo.processInfo.environment
        let home = environment["GANTRY_HOME"] ?? here.appending(path: "../../.gantry").path
        environment["PYTHONPATH"] = "\(home)/python"
        environment["LD_LIBRARY_PATH"] = nil
        process.environment = environment
        let stdin = Pipe(), stdout = Pipe()
        process.standardInput = stdin
        process.standardOutput = stdout
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: input)
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "recordings.py failed; is .gantry/python there? `make setup`")
        return output
    }

    static func write(_ records: [RecordedRecord], to path: String, _ how: String) throws {
        struct Input: Encodable {
            struct Item: Encodable {
                var topic: String, key: String?, type, version: String, time: Int64, value: String
            }
            var schemas: [String: String]
            var records: [Item]
        }
        let schemas = Dictionary(uniqueKeysWithValues: Schema.recordings.map { ($0.name, $0.data.hex) })
        let items = records.map { recorded in
            Input.Item(
                topic: recorded.topic, key: recorded.record.key, type: recorded.record.header("gantry-type")!,
                version: "1", time: recorded.record.timestamp, value: recorded.record.value.hex)
        }
        let input = try JSONEncoder().encode(Input(schemas: schemas, records: items))
        _ = try run(["write", path] + how.split(separator: " ").map(String.init), input: input)
    }
}

extension [UInt8] {
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
