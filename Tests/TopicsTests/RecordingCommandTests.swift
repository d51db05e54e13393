import Foundation
import SwiftProtobuf
import Testing
import Topics
import Traffic
import Wire

/// `gantry recording ...` as a process: what operators see and scripts parse.
@Suite struct RecordingCommandTests {
    let folder: RecordingFolder
    init() throws { folder = try RecordingFolder() }

    private struct Outcome {
        var status: Int32
        var output: String
        var complaints: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        }
    }

    private func gantry(_ arguments: String...) throws -> Outcome { try run("gantry", ["recording"] + arguments) }

    private func run(_ program: String, _ arguments: [String]) throws -> Outcome {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let beside = (bundle ?? URL(filePath: CommandLine.arguments[0])).deletingLastPathComponent()
        let process = Process()
        process.executableURL = beside.appending(path: program)
        process.arguments = arguments
        // To files: a pipe that nobody empties would stop the process.
        let out = folder.path("out"), complaints = folder.path("complaints")
        for path in [out, complaints] { try Data().write(to: URL(filePath: path)) }
        process.standardOutput = FileHandle(forWritingAtPath: out)
        process.standardError = FileHandle(forWritingAtPath: complaints)
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: out, encoding: .utf8),
            complaints: try String(contentsOfFile: complaints, encoding: .utf8))
    }

    @Test func `info says the same of a whole recording and of one that lost its index, but that it is not whole`()
        throws
    {
        let records = try Recorded.city(200)
        let path = folder.path("a.mcap")
        let summary = try Recorded.write(records, to: path, .chunks(4000))
        let whole = try gantry("info", path, "--format", "json")
        let found = try whole.json()
        #expect(whole.status == 0 && found["whole"] as? Bool == true && found["records"] as? Int == 200)
        #expect(found["chunks"] as? Int == summary.chunks && found["bytes"] as? Int == summary.bytes)
        let topics = try #require(found["topics"] as? [[String: Any]])
        for topic in topics {
            let name = topic["topic"] as? String
            let cameras = try #require(topic["cameras"] as? [String: Int])
            let expected = Dictionary(grouping: records.filter { $0.topic == name }) { $0.record.key! }
            #expect(cameras == expected.mapValues(\.count))
        }
        let bytes = try folder.bytes("a.mcap")
        // The end's magic and footer are gone: no index, but every record.
        let cut = try folder.put(bytes.dropLast(20), "cut.mcap")
        let second = try gantry("info", cut, "--format", "json").json()
        #expect(second["whole"] as? Bool == false && (second["trouble"] as? String)?.hasPrefix("REC111") == true)
        for key in ["records", "from", "to"] {
            #expect("\(second[key] ?? "?")" == "\(found[key] ?? "!")")
        }
        #expect((second["topics"] as? [[String: Any]])?.count == topics.count)
        let text = try gantry("info", path)
        #expect(text.lines[0] == "\(path): 200 records, \(summary.bytes) bytes, written by gantry 1 (profile gantry)")
        #expect(text.lines.contains("whole        yes"))
    }

    @Test func `cat prints what is asked for, one JSON object a line, and warns of personal data`() throws {
        let records = try Recorded.city(200)
        let path = folder.path("a.mcap")
        try Recorded.write(records, to: path, .chunks(4000))
        let wanted = records.filter { $0.topic == "city.reads" && $0.record.key == "camera-2" }.prefix(7)
        let printed = try gantry("cat", path, "--topic", "city.reads", "--camera", "camera-2", "--limit", "7")
        #expect(printed.status == 0 && printed.lines.count == 7)
        #expect(printed.complaints.contains("personal data") && printed.complaints.split(separator: "\n").count == 1)
        for (line, record) in zip(printed.lines, wanted) {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["topic"] as? String == "city.reads" && object["key"] as? String == "camera-2")
            #expect(object["type"] as? String == "gantry.v1.ReadsRecord")
            let message = try JSONSerialization.data(withJSONObject: try #require(object["message"]))
            let again = try Gantry_V1_ReadsRecord(jsonUTF8Data: message)
            #expect(try again.serializedBytes() as [UInt8] == record.record.value)
        }
        let from = "2026-03-02T06:30:05Z", to = "2026-03-02T06:30:06Z"
        let between = try gantry("cat", path, "--from", from, "--to", to)
        #expect(between.lines.count == 10)
        #expect(between.lines.allSatisfy { $0.contains("\"time\":\"2026-03-02T06:30:05.") })
    }

    @Test func `validate ends with 0 for a whole recording, and with 1 and a line for each problem otherwise`() throws {
        let path = folder.path("a.mcap")
        try Recorded.write(try Recorded.city(50), to: path, .chunks(2000))
        let good = try gantry("validate", path)
        #expect(good.status == 0 && good.lines == ["\(path): 50 records, nothing wrong."])

        var bytes = try folder.bytes("a.mcap")
        bytes[bytes.count / 3] ^= 0x10
        let bad = try gantry("validate", try folder.put(bytes, "b.mcap"), "--format", "json")
        let answer = try bad.json()
        #expect(bad.status == 1 && answer["ok"] as? Bool == false)
        let problems = try #require(answer["problems"] as? [[String: Any]])
        #expect(
            problems.contains { ["REC112", "REC113"].contains($0["code"] as? String) && ($0["offset"] as? Int)! > 0 })

        // A message that is whole as a record but not as a message.
        var writer = try RecordingWriter(to: folder.path("c.mcap"), schemas: Schema.recordings)
        let headers = [Header("gantry-type", "gantry.v1.ReadsRecord"), Header("gantry-schema", "1")]
        try writer.append(Record(key: "a", value: [0xFF, 0xFF], headers: headers, timestamp: 1), to: "city.reads")
        _ = try writer.finish()
        let unreadable = try gantry("validate", folder.path("c.mcap"))
        #expect(unreadable.status == 1 && unreadable.lines.count == 1 && unreadable.lines[0].contains(": WIR104 "))
    }

    @Test func `repair makes a whole file, keeps the old one, and never replaces another`() throws {
        let records = try Recorded.city(100)
        try Recorded.write(records, to: folder.path("a.mcap"), .chunks(3000))
        let bytes = try folder.bytes("a.mcap")
        let cut = try folder.put(bytes[..<(bytes.count / 2)], "cut.mcap"), whole = folder.path("whole.mcap")
        let repaired = try gantry("repair", cut, "--out", whole)
        #expect(repaired.status == 0 && repaired.complaints.hasPrefix("REC111 "))
        let kept = try Recorded.read(cut).records
        #expect(kept.count > 10 && kept.count < 100)
        #expect(repaired.output.hasPrefix("Repaired. \(kept.count) records"))
        #expect(try Recorded.read(whole).records == kept)
        #expect(try gantry("validate", whole).status == 0)
        #expect(try folder.bytes("cut.mcap").count == bytes.count / 2)
        let again = try gantry("repair", cut, "--out", whole)
        #expect(again.status == 74 && again.complaints.hasPrefix("REC121 "))
    }

    @Test func `cut copies the part that is asked for, byte by byte, and never replaces a file`() throws {
        let records = try Recorded.city(200)
        let path = folder.path("a.mcap"), part = folder.path("part.mcap")
        try Recorded.write(records, to: path, .chunks(4000))
        let times = records.map(\.record.timestamp).sorted()
        let from = EventTime(nanoseconds: times[50]), to = EventTime(nanoseconds: times[150])
        let camera = try #require(records[60].record.key)
        let made = try gantry(
            "cut", path, "--from", from.rfc3339, "--to", to.rfc3339, "--camera", camera, "--out", part)
        #expect(made.status == 0, "\(made.complaints)")
        let wanted = records.filter {
            $0.record.key == camera && $0.record.timestamp >= from.nanoseconds && $0.record.timestamp < to.nanoseconds
        }
        var reader = try RecordingReader(path: part)
        var found: [RecordedRecord] = []
        while let record = try reader.next() { found.append(record) }
        #expect(!wanted.isEmpty && wanted.count < 200 && found == wanted)
        #expect(try gantry("validate", part).status == 0)
        #expect(try gantry("cut", path, "--camera", camera, "--out", part).status == 74)
        let none = try gantry("cut", path, "--camera", "cellar", "--out", folder.path("none.mcap"))
        #expect(none.status == 65 && none.complaints.contains("recording info"))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path("")).filter { $0.hasPrefix("none") }
        #expect(left == [])
        #expect(try gantry("cut", path, "--out", folder.path("all.mcap")).status == 64)
        // A damaged source leaves nothing that passes for a cut of it.
        var bytes = try folder.bytes("a.mcap")
        bytes[bytes.count / 3] ^= 0xFF
        try Data(bytes).write(to: URL(filePath: folder.path("bad.mcap")))
        #expect(
            try gantry("cut", folder.path("bad.mcap"), "--to", to.rfc3339, "--out", folder.path("none.mcap")).status
                == 65)
        #expect(!FileManager.default.fileExists(atPath: folder.path("none.mcap")))
    }

    @Test func `what is no recording is refused in one line with status 65`() throws {
        let path = try folder.put(Array("hello".utf8), "x.mcap")
        for command in ["info", "cat", "validate"] {
            let outcome = try gantry(command, path)
            #expect(outcome.status == 65 && outcome.complaints.contains("REC102 \(path) is no MCAP recording"))
        }
        #expect(try gantry("info", "/nowhere.mcap").status == 74)
    }

    @Test func `a schema that this build would misread is named`() throws {
        var schema = try #require(Schema.recordings.first { $0.name == "gantry.v1.ReadsRecord" })
        var set = try Google_Protobuf_FileDescriptorSet(serializedBytes: schema.data)
        let file = try #require(set.file.firstIndex { $0.name == "gantry/v1/reads.proto" })
        let message = try #require(set.file[file].messageType.firstIndex { $0.name == "PlateRead" })
        #expect(set.file[file].messageType[message].field[1].name == "accepted")
        set.file[file].messageType[message].field[1].number = 20
        schema.data = try set.serializedBytes()
        let path = folder.path("a.mcap")
        let records = try Recorded.city(20).filter { $0.topic == "city.reads" }
        var writer = try RecordingWriter(to: path, schemas: [schema])
        for record in records { try writer.append(record.record, to: record.topic) }
        _ = try writer.finish()
        let outcome = try gantry("validate", path)
        #expect(outcome.status == 1)
        #expect(outcome.lines.allSatisfy { $0.contains("REC134") && $0.contains("gantry.v1.PlateRead.accepted") })
        #expect(!outcome.lines.isEmpty)
    }

    @Test func `the benchmark writes and reads what it says`() throws {
        let outcome = try run(
            "gantry-local",
            ["bench", "recording", "--messages", "2000", "--rounds", "1", "--json", "--directory", folder.url.path])
        let answer = try outcome.json()
        #expect(outcome.status == 0 && answer["messages"] as? Int == 2000)
        // The same bytes but for the records that declare schemas and channels.
        let ours = try #require(answer["bytes"] as? Int), plain = try #require(answer["plain_bytes"] as? Int)
        #expect(ours > plain && ours - plain < 20_000)
        #expect((answer["rows"] as? [[String: Any]])?.count == 5)
    }
}
