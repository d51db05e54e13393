import Fixtures
import Foundation
import KafkaTopics
import Testing
import Topics
import Traffic
import Wire

/// `gantry record` as a process, reading a real broker.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RecordTests {
    private final class Recording {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gantry-record-\(UUID().uuidString)")
        let process = Process()
        private let complaints: URL
        var path: String { folder.appending(path: "out.mcap").path }

        init(_ arguments: [String], broker: String) throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            complaints = folder.appending(path: "complaints")
            try Data().write(to: complaints)
            let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
            let beside = (bundle ?? URL(filePath: CommandLine.arguments[0])).deletingLastPathComponent()
            process.executableURL = beside.appending(path: "gantry")
            process.arguments =
                ["record", "--brokers", broker, "--out", folder.appending(path: "out.mcap").path] + arguments
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle(forWritingAtPath: complaints.path)
            try process.run()
        }
        deinit { try? FileManager.default.removeItem(at: folder) }

        func wait() -> Int32 {
            process.waitUntilExit()
            return process.terminationStatus
        }
        var said: String { (try? String(contentsOf: complaints, encoding: .utf8)) ?? "" }

        func records() throws -> [RecordedRecord] {
            var reader = try RecordingReader(path: path)
            var records: [RecordedRecord] = []
            while let record = try reader.next() { records.append(record) }
            return records
        }
    }

    /// Invented records of three cameras, event times a second apart; whole milliseconds, because Kafka keeps no more.
    private func sent(_ count: Int) throws -> [Record] {
        try (0..<count).map { index in
            let id = FrameID(camera: CameraID("camera-\(index % 3)"), epoch: Epoch(7), frame: index)
            let found = Detections(width: 640, height: 360, vehicles: [], plates: [], redactions: 0)
            let time = EventTime(nanoseconds: 1_772_433_000_000_000_000 + Int64(index) * 1_000_000_000)
            return try Record(detections: StreamRecord(id: id, time: time, body: .frame(found)))
        }
    }

    private func kept(_ records: [Record], _ topic: String) -> [RecordedRecord] {
        records.map { record in
            var record = record
            record.headers.removeAll { $0.name == "traceparent" }
            return RecordedRecord(topic: topic, record: record)
        }
    }

    /// Records of one camera keep their order; partitions come as they come.
    private func byCamera(_ records: [RecordedRecord]) -> [String: [RecordedRecord]] {
        Dictionary(grouping: records) { "\($0.topic) \($0.record.key ?? "")" }
    }

    @Test func `what topics held at the start is read back equal, and no group has moved`() async throws {
        let cluster = try cluster()
        let first = try await topic("rec.vehicles", partitions: 3, on: cluster)
        let second = try await topic("rec.passages", partitions: 2, on: cluster)
        let empty = try await topic("rec.reads", partitions: 2, on: cluster)
        let records = try sent(900)
        try await cluster.raw(first).put(records)
        try await cluster.raw(second).put(Array(records.prefix(30)))
        // A stage's group that has committed its place.
        let stage = try cluster.raw(first, group: "rec.read")
        try await stage.commit(committing(try await nextBatch(stage, limit: 100)))
        await stage.close()
        let lag = try await cluster.lag(of: "rec.read", on: first)

        let recording = try Recording([first, second, empty, "--until-end"], broker: Broker.shared().address)
        #expect(recording.wait() == 0, "\(recording.said)")
        let expected = kept(records, first) + kept(Array(records.prefix(30)), second)
        #expect(byCamera(try recording.records()) == byCamera(expected))
        #expect(try RecordingValidation(path: recording.path) { _ in nil }.problems.isEmpty)
        #expect(try await cluster.lag(of: "rec.read", on: first) == lag)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal ends the recording whole, with all that had come`(number: Int32) async throws {
        let cluster = try cluster()
        let name = try await topic("rec.live", partitions: 3, on: cluster)
        let records = try sent(300)
        let outlet = try cluster.raw(name)
        try await outlet.put(Array(records.prefix(200)))
        let recording = try Recording([name], broker: Broker.shared().address)
        // The first flush shows that it reads; what comes afterwards is in the open chunk.
        while (try? FileManager.default.attributesOfItem(atPath: recording.path)[.size] as? Int ?? 0) ?? 0 < 1000 {
            #expect(recording.process.isRunning)
            try await Task.sleep(for: .milliseconds(50))
        }
        try await outlet.put(Array(records.suffix(100)))
        kill(recording.process.processIdentifier, number)
        #expect(recording.wait() == 0, "\(recording.said)")
        let found = try recording.records()
        // Sent before the signal, but perhaps not yet fetched: the rest must be a whole start of each camera's records.
        #expect(found.count >= 200)
        for (camera, list) in byCamera(found) {
            #expect(list == Array(byCamera(kept(records, name))[camera]!.prefix(list.count)))
        }
        #expect(try RecordingReader(path: recording.path).summary?.messages == found.count)
    }

    @Test func `event times choose the records, and a recording ends when every camera has passed --to`() async throws {
        let cluster = try cluster()
        let name = try await topic("rec.times", partitions: 3, on: cluster)
        let records = try sent(600)
        try await cluster.raw(name).put(records)
        func text(_ index: Int) -> String { EventTime(nanoseconds: records[index].timestamp).rfc3339 }
        let recording = try Recording([name, "--from", text(100), "--to", text(400)], broker: Broker.shared().address)
        #expect(recording.wait() == 0, "\(recording.said)")
        #expect(byCamera(try recording.records()) == byCamera(kept(Array(records[100..<400]), name)))
    }

    @Test func `records of unknown types are left out and named, the others kept`() async throws {
        let cluster = try cluster()
        let name = try await topic("rec.foreign", partitions: 1, on: cluster)
        let records = try sent(3)
        let foreign = Record(
            key: "camera-0", value: [1], headers: [Header("gantry-type", "other.T")], timestamp: 5_000_000)
        try await cluster.raw(name).put([records[0], foreign, records[1], foreign, records[2]])
        let recording = try Recording([name, "--idle", "3"], broker: Broker.shared().address)
        #expect(recording.wait() == 0)
        #expect(try recording.records() == kept(records, name))
        #expect(recording.said.contains("REC122"))
        #expect(recording.said.contains("left out: 2 of \(name): other.T"))
    }

    @Test func `raw frames need a word of their own, and a file that is there is not replaced`() async throws {
        let broker = try Broker.shared().address
        for name in ["city.frames", "city.frames.rejected"] {
            let refused = try Recording([name], broker: broker)
            #expect(refused.wait() == 64)
            #expect(refused.said.contains("--include-frames"))
            #expect(!FileManager.default.fileExists(atPath: refused.path))
        }
        let name = try await topic("rec.there", partitions: 1, on: try cluster())
        let first = try Recording([name, "--until-end"], broker: broker)
        #expect(first.wait() == 0)
        let second = try Recording([name, "--until-end", "--out", first.path], broker: broker)
        #expect(second.wait() == 74)
        #expect(second.said.contains("REC121"))
    }
}
