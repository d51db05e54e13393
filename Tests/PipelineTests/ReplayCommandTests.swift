import Fixtures
import Foundation
import GantryTesting
import KafkaTopics
import Testing
import Topics
import Traffic
import Wire

/// `gantry replay` as its user runs it.
@Suite(.serialized, .timeLimit(.minutes(4))) struct ReplayCommandTests {
    private let folder: URL

    init() throws {
        folder = URL(filePath: "/tmp/gantry-replay-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var streams = (0..<4).map { CameraStream(CameraID("camera-\($0)"), epoch: UInt64($0 + 1)) }
        for frame in 0..<300 {
            for index in streams.indices {
                let phase = (frame + 13 * index) % 60
                // Hidden for half a second once: a tracker with too short a gap makes two of it.
                let isSeen = phase < 35 && !(15..<20).contains(phase)
                let box = Box(x: 40.0 * Double(phase), y: 300, width: 220, height: 150)
                streams[index].frame(
                    isSeen ? [.car(at: box, plate: "B\(100 + index)K\((frame + 13 * index) / 60)")] : [])
            }
        }
        for index in streams.indices { streams[index].end() }
        var writer = try RecordingWriter(to: path("day.mcap"), schemas: Schema.recordings)
        for place in 0...300 {
            for stream in streams { try writer.append(try Record(reads: stream.records[place]), to: "city.reads") }
        }
        _ = try writer.finish()
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    private func replay(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = CityFixture.products.appending(path: "gantry-local")
        process.arguments = ["replay", path("day.mcap")] + arguments
        process.currentDirectoryURL = URL(filePath: Postgres.root)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func passages(_ name: String) throws -> [Passage] {
        var reader = try RecordingReader(path: path(name))
        var passages: [Passage] = []
        while let record = try reader.next() {
            if let passage = try CameraReport(record: record.record).passage { passages.append(passage) }
        }
        return passages
    }

    private func byCamera(_ passages: [Passage]) -> [CameraID: [Passage]] {
        Dictionary(grouping: passages, by: \.camera)
    }

    private func remove() { try? FileManager.default.removeItem(at: folder) }

    @Test func `runs, batches and workers change no byte, and the exit status says so`() throws {
        defer { remove() }
        #expect(try replay("--through", "track", "--record", path("first.mcap")).status == 0)
        let first = try Data(contentsOf: folder.appending(path: "first.mcap"))
        #expect(try passages("first.mcap").count >= 20)
        for (run, options) in [
            [], [], ["--batch", "1"], ["--batch", "77", "--partitions", "3"], ["--partitions", "8"],
        ]
        .enumerated() {
            let arguments = ["replay", path("day.mcap"), "--through", "track", "--record", path("\(run).mcap")]
            let handle = try StageProcessHandle(
                CityFixture.products.appending(path: "gantry-local"), arguments + options, log: nil)
            #expect(handle.wait() == 0)
            #expect(try Data(contentsOf: folder.appending(path: "\(run).mcap")) == first, "\(options)")
        }
        let same = try replay("--through", "track", "--compare", path("first.mcap"), "--format", "json")
        #expect(same.status == 0 && same.output.contains("\"verdict\" : \"same\""))
        // A part of it is compared with that part.
        let part = try replay(
            "--through", "track", "--compare", path("first.mcap"), "--camera", "camera-2", "--from",
            "2026-03-02T07:30:10Z", "--to", "2026-03-02T07:30:25Z")
        #expect(part.status == 0 && part.output.contains("passages now                      1,"))
    }

    @Test func `a tracker that was broken by its settings is worse, and the page shows where`() throws {
        defer { remove() }
        #expect(try replay("--through", "track", "--record", path("first.mcap")).status == 0)
        let file = """
            name: broken
            track: {maximum_gap: 300ms}
            cameras: [{id: camera-0, source: none.mp4, longitude: 4.3, latitude: 50.8}]
            """
        try Data(file.utf8).write(to: folder.appending(path: "broken.yaml"))
        let worse = try replay(
            "--through", "track", "--compare", path("first.mcap"), "--pipeline", path("broken.yaml"), "--report",
            path("page.html"), "--format", "json")
        #expect(worse.status == 4)
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(worse.output.utf8)) as? [String: Any])
        #expect(report["verdict"] as? String == "worse")
        // Every car that was seen on both sides of its hiding place is torn in two.
        #expect(report["gained"] as? Int == 20 && report["lost"] as? Int == 0)
        let page = try String(contentsOf: folder.appending(path: "page.html"), encoding: .utf8)
        #expect(page.contains("B100K1") && page.contains("Torn from the baseline"))
        let mode = try FileManager.default.attributesOfItem(atPath: path("page.html"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let tolerated = try replay(
            "--through", "track", "--compare", path("first.mcap"), "--pipeline", path("broken.yaml"), "--tolerance",
            "100%")
        #expect(tolerated.status == 3)
    }

    @Test func `an output never takes the place of an input, and nothing played is not the same`() throws {
        defer { remove() }
        #expect(try replay("--through", "track", "--record", path("first.mcap")).status == 0)
        let before = try ["day.mcap", "first.mcap"].map { try Data(contentsOf: folder.appending(path: $0)) }
        try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: "day.mcap")
        #expect(try replay("--through", "track", "--passages", path("day.mcap")).status == 1)
        #expect(try replay("--through", "track", "--passages", path("link")).status == 1)
        let compared = ["--through", "track", "--compare", path("first.mcap")]
        for more in [
            ["--report", path("day.mcap")], ["--passages", path("first.mcap")], ["--report", path("first.mcap")],
        ] {
            let handle = try StageProcessHandle(
                CityFixture.products.appending(path: "gantry-local"), ["replay", path("day.mcap")] + compared + more,
                log: nil)
            #expect(handle.wait() == 1, "\(more)")
        }
        #expect(try ["day.mcap", "first.mcap"].map { try Data(contentsOf: folder.appending(path: $0)) } == before)
        #expect(try replay("--through", "track", "--compare", path("first.mcap"), "--camera", "camera-9").status == 1)
    }

    /// Goal: the stage behind Kafka gives what the replay gives, with one partition or eight.
    /// Method: the recording into real topics, `gantry-track` on them, its passages compared camera by camera.
    @Test(arguments: [1, 8])
    func `through Kafka the passages are the same, camera by camera`(partitions: Int) async throws {
        defer { remove() }
        #expect(try replay("--through", "track", "--record", path("first.mcap")).status == 0)
        let expected = try passages("first.mcap")
        let broker = try Broker()
        defer { broker.kill() }
        let name = "replayed"
        let file = """
            name: \(name)
            kafka: {brokers: "\(broker.address)", partitions: \(partitions), session_timeout: 2s}
            http: {port: 0}
            cameras: [{id: camera-0, source: none.mp4, longitude: 4.3, latitude: 50.8}]
            """
        try Data(file.utf8).write(to: folder.appending(path: "kafka.yaml"))
        #expect(try replay("--pipeline", path("kafka.yaml"), "--name", name).status == 0)
        let track = try StageProcessHandle(
            CityFixture.products.appending(path: "gantry-track"), ["--pipeline", path("kafka.yaml")],
            log: folder.appending(path: "track.log"))
        defer { track.kill() }
        let found = try await ThreadExecutor.run(name: "passages") { [address = broker.address] in
            var options = KafkaOptions()
            options.sessionTimeout = .seconds(2)
            let cluster = KafkaCluster(address, options: options)
            try await cluster.create([TopicPlan("\(name).passages", partitions: partitions)])
            let inlet = try cluster.inlet(topic: "\(name).passages", group: "test") { try Passage(record: $0) }
            var found: [Passage] = []
            let deadline = ContinuousClock.now + .seconds(60)
            while found.count < expected.count, ContinuousClock.now < deadline {
                if case .batch(let batch) = try await inlet.next(limit: 100) { found += batch.compactMap(\.value) }
            }
            await inlet.close()
            return found
        }
        #expect(byCamera(found) == byCamera(expected), "\(track.lastLines)")
        track.terminate()
        #expect(track.wait() == 0)
    }
}
