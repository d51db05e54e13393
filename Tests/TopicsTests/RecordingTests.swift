import Foundation
import SwiftProtobuf
import Testing
import Topics
import Wire

@Suite struct RecordingTests {
    let folder: RecordingFolder
    init() throws { folder = try RecordingFolder() }

    @Test(arguments: [1, 300, 4096, 1 << 20], [RecordingOptions.Compression.none, .zstd(level: 1), .zstd(level: 3)])
    func `what is written is read back equal, in order`(chunk: Int, compression: RecordingOptions.Compression) throws {
        let records = try Recorded.city(500)
        let path = folder.path("a.mcap")
        let written = try Recorded.write(records, to: path, .chunks(chunk, compression))
        let found = try Recorded.read(path)
        #expect(found.errors.isEmpty)
        #expect(found.records == records)
        let summary = try RecordingReader(path: path).summary
        #expect(summary == written)
        #expect(written.messages == 500 && written.channels.map(\.messages).reduce(0, +) == 500)
        #expect(written.channels.count == 6 && written.schemas.count == 2 && written.profile == "gantry")
        #expect(written.bytes == (try folder.bytes("a.mcap").count))
        #expect(written.start == records[0].record.timestamp && written.end == records[499].record.timestamp)
        if chunk == 1 { #expect(written.chunks == 500) }
        if chunk == 1 << 20 { #expect(written.chunks == 1) }
    }

    @Test func `the same records give the same bytes, whether flushed by size only or copied from a recording`() throws
    {
        let records = try Recorded.city(300)
        try Recorded.write(records, to: folder.path("a.mcap"), .chunks(2000))
        let copied = try Recorded.read(folder.path("a.mcap")).records
        try Recorded.write(copied, to: folder.path("b.mcap"), .chunks(2000))
        #expect(try folder.bytes("a.mcap") == folder.bytes("b.mcap"))
    }

    @Test func `nil and empty keys, types and versions each have a channel of their own`() throws {
        func record(_ key: String?, _ version: String?, type: String = "gantry.v1.ReadsRecord") -> RecordedRecord {
            let headers = [Header("gantry-type", type)] + (version.map { [Header("gantry-schema", $0)] } ?? [])
            return RecordedRecord(
                topic: "t", record: Record(key: key, value: [1, 2], headers: headers, timestamp: 5))
        }
        let records = [
            record(nil, "1"), record("", "1"), record("a", "1"), record("a", "2"), record("a", nil), record(nil, "1"),
            record("a", "1", type: "gantry.v1.VehiclesRecord"),
        ]
        let summary = try Recorded.write(records, to: folder.path("a.mcap"))
        #expect(summary.channels.count == 6)
        #expect(try Recorded.read(folder.path("a.mcap")).records == records)
    }

    @Test func `a record without event time takes that of the one before, and other headers are not kept`() throws {
        var records = Array(try Recorded.city(4))
        let first = records[1].record.timestamp
        records[2].record.timestamp = 0
        records[3].record.timestamp = -5
        records[1].record.headers.append(Header("traceparent", "00-1-2-01"))
        try Recorded.write(records, to: folder.path("a.mcap"))
        let found = try Recorded.read(folder.path("a.mcap")).records
        #expect(found.map(\.record.timestamp) == [records[0].record.timestamp, first, first, first])
        #expect(found.allSatisfy { $0.record.header("traceparent") == nil })
    }

    @Test func `an unknown type, a file that is there and a folder that is not are refused by name`() throws {
        let path = folder.path("a.mcap")
        let record = Record(key: "a", value: [], headers: [Header("gantry-type", "x.Y")])
        var writer = try RecordingWriter(to: path, schemas: Schema.recordings)
        #expect(throws: RecordingError.unknownType("x.Y", topic: "t")) { try writer.append(record, to: "t") }
        #expect(throws: RecordingError.unknownType("", topic: "t")) {
            try writer.append(Record(key: nil, value: []), to: "t")
        }
        _ = try writer.finish()
        #expect(try Recorded.read(path).records.isEmpty)
        #expect(throws: RecordingError.exists(path: path)) { _ = try RecordingWriter(to: path, schemas: []) }
        var options = RecordingOptions()
        options.overwrites = true
        _ = try RecordingWriter(to: path, schemas: [], options: options).finish()
        let missing = folder.path("none/a.mcap")
        #expect(throws: RecordingError.unwritable(path: missing, bytes: 0, detail: "No such file or directory")) {
            _ = try RecordingWriter(to: missing, schemas: [])
        }
    }

    @Test func `filters by topic, camera and time give exactly what a scan of everything would`() throws {
        let records = try Recorded.city(400)
        let path = folder.path("a.mcap")
        try Recorded.write(records, to: path, .chunks(1500))
        let times = records.map(\.record.timestamp)
        let filters = [
            RecordingFilter(topics: ["city.reads"]), RecordingFilter(keys: ["camera-2"]),
            RecordingFilter(from: times[100]), RecordingFilter(to: times[100]),
            RecordingFilter(topics: ["city.vehicles"], keys: ["camera-1", "camera-3"], from: times[50], to: times[60]),
            RecordingFilter(topics: ["none"]), RecordingFilter(from: times[399] + 1),
        ]
        for filter in filters {
            let expected = records.filter { record in
                (filter.topics?.contains(record.topic) ?? true) && (filter.keys?.contains(record.record.key!) ?? true)
                    && (filter.from.map { record.record.timestamp >= $0 } ?? true)
                    && (filter.to.map { record.record.timestamp < $0 } ?? true)
            }
            let found = try Recorded.read(path, filter)
            #expect(found.errors.isEmpty)
            #expect(found.records == expected)
        }
    }

    @Test func `with an index, chunks that hold nothing wanted are not even read`() throws {
        let records = try Recorded.city(400)
        let whole = folder.path("a.mcap")
        try Recorded.write(records, to: whole, .chunks(1500))
        // Every byte of the first chunk's records is destroyed: only a reader that passes it over gets by.
        var bytes = try folder.bytes("a.mcap")
        for at in 100..<400 { bytes[at] = 0xFF }
        let path = try folder.put(bytes, "b.mcap")
        let from = records[200].record.timestamp
        #expect(try Recorded.read(path, RecordingFilter(from: from)).records == Array(records[200...]))
        #expect(try Recorded.read(path, RecordingFilter(from: from)).errors.isEmpty)
        #expect(try !Recorded.read(path).errors.isEmpty)
    }

    @Test func `a flushed recording without an end gives its records and then says that it was cut off`() throws {
        let records = try Recorded.city(20)
        let path = folder.path("a.mcap")
        func leave() throws {
            var writer = try RecordingWriter(to: path, schemas: Schema.recordings)
            for record in records.prefix(10) { try writer.append(record.record, to: record.topic) }
            try writer.flush()
            for record in records.suffix(10) { try writer.append(record.record, to: record.topic) }
        }
        try leave()
        let found = try Recorded.read(path)
        let size = try folder.bytes("a.mcap").count
        #expect(found.records == Array(records.prefix(10)))
        #expect(found.errors == [.truncated(path: path, offset: size)])
        #expect(try RecordingReader(path: path).summary == nil)
    }

    @Test func `65,535 pairs of topic and key are taken, and one more is refused without harm`() throws {
        let path = folder.path("a.mcap")
        var writer = try RecordingWriter(to: path, schemas: Schema.recordings)
        func record(_ key: Int) -> Record {
            Record(key: "\(key)", value: [1], headers: [Header("gantry-type", "gantry.v1.ReadsRecord")], timestamp: 9)
        }
        for key in 0..<65_535 { try writer.append(record(key), to: "t") }
        #expect(throws: RecordingError.tooMany("pairs of topic and key", limit: 65_535)) {
            try writer.append(record(65_535), to: "t")
        }
        try writer.append(record(0), to: "t")
        #expect(try writer.finish().messages == 65_536)
        #expect(try Recorded.read(path).records.count == 65_536)
    }

    @Test func `every message of a topic has a schema with all that it imports, imports first`() throws {
        #expect(Schema.recordings.map(\.name) == Schema.names && Schema.names.count == 7)
        for schema in Schema.recordings {
            let files = try Google_Protobuf_FileDescriptorSet(serializedBytes: schema.data).file
            var known: Set<String> = []
            for file in files {
                #expect(known.isSuperset(of: file.dependency), "\(schema.name)")
                known.insert(file.name)
            }
            #expect(files.last?.messageType.contains { "\(files.last!.package).\($0.name)" == schema.name } == true)
            #expect(Schema.changes(since: schema) == [])
        }
    }
}
