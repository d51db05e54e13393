import Fixtures
import Foundation
import KafkaTopics
import Testing
import Topics
import Traffic
import Wire

/// `gantry simulate city` as its user runs it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CityCommandTests {
    private let folder: URL

    init() throws {
        folder = URL(filePath: "/tmp/gantry-city-command-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private static let program = URL(filePath: Postgres.root).appending(path: ".build/debug/gantry-local")

    private func path(_ name: String) -> String { folder.appending(path: name).path }
    private func remove() { try? FileManager.default.removeItem(at: folder) }

    private func start(_ arguments: [String], environment: [String: String] = [:]) throws -> (Process, Pipe) {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = ["simulate", "city"] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let said = Pipe()
        process.standardError = said
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return (process, said)
    }

    private func run(
        _ arguments: String..., environment: [String: String] = [:]
    ) throws -> (status: Int32, said: String) {
        let (process, said) = try start(arguments, environment: environment)
        let data = said.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func table(_ name: String) throws -> [[String: Substring]] {
        let rows = try String(contentsOfFile: path("\(name).csv"), encoding: .utf8).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        return rows.dropFirst().map { row in
            Dictionary(uniqueKeysWithValues: zip(rows[0].map(String.init), row))
        }
    }

    @Test func `Ctrl-C leaves nothing that passes for a whole city, and the next run clears it away`() throws {
        defer { remove() }
        let city = ["--out", "city", "--cameras", "60", "--vehicles", "10000", "--length", "30d", "--zones", "6"]
        let (process, said) = try start(city)
        // The first line of progress comes when a tenth is done.
        #expect(said.fileHandleForReading.availableData.isEmpty == false)
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus != 0)
        #expect(!FileManager.default.fileExists(atPath: path("city")))
        #expect(FileManager.default.fileExists(atPath: path("city.unfinished")))
        let again = try run("--out", "city/", "--vehicles", "500")
        #expect(again.status == 0, "\(again.said)")
        #expect(FileManager.default.fileExists(atPath: path("city/README.md")))
        #expect(!FileManager.default.fileExists(atPath: path("city.unfinished")))
    }

    @Test func `mistakes are named with what to do`() throws {
        defer { remove() }
        #expect(try run("--out", "x", "--cameras", "1").said.contains("CTY101 1 cameras; give 2 to 5000."))
        #expect(try run("--out", "x", "--length", "7").said.contains("such as 15m"))
        #expect(try run("--out", "x", "--rate", "5").said.contains("add --brokers"))
        #expect(try run("--out", "x", "--name", "My City").said.contains("lower-case letters"))
        let without = try run("--out", "x", "--engine", "sumo", environment: ["PATH": folder.path])
        #expect(without.status != 0 && without.said.contains("CTY301") && without.said.contains("apt-get install sumo"))
        #expect(!FileManager.default.fileExists(atPath: path("x")))
    }

    /// Goal: SUMO's vehicles give a city with the same truth and the same contracts.
    /// Method: the program itself; the scripts of this project install it.
    @Test func `SUMO drives the same demand, and the same city twice`() throws {
        defer { remove() }
        for name in ["first", "second"] {
            let made = try run(
                "--out", name, "--cameras", "12", "--vehicles", "3000", "--length", "1h", "--engine", "sumo", "--seed",
                "5")
            #expect(made.status == 0, "\(made.said)")
        }
        for name in ["passages.mcap", "truth/trips.csv", "truth/legs.csv", "truth/travel_times.csv"] {
            #expect(
                try Data(contentsOf: folder.appending(path: "first/\(name)"))
                    == Data(contentsOf: folder.appending(path: "second/\(name)")), "\(name)")
        }
        #expect(
            try run(
                "--out", "fast", "--cameras", "12", "--vehicles", "3000", "--length", "1h", "--seed", "5"
            ).status == 0)
        let (sumo, fast) = (try table("first/truth/trips"), try table("fast/truth/trips"))
        // Some are left out: those that would begin before the one before has ended.
        #expect(sumo.count > fast.count * 9 / 10 && sumo.count <= fast.count && fast.count > 500)
        func mean(_ trips: [[String: Substring]]) -> Double {
            let seconds = trips.filter { $0["stopped"] == "0" }.map {
                (EventTime(rfc3339: String($0["arrived"]!))! - EventTime(rfc3339: String($0["departed"]!))!).inSeconds
            }
            return seconds.reduce(0, +) / Double(seconds.count)
        }
        #expect((0.4...2.5).contains(mean(sumo) / mean(fast)))
        #expect(try !table("first/truth/legs").isEmpty)
    }

    @Test func `into Kafka goes what would be recorded, no faster than asked`() async throws {
        defer { remove() }
        let broker = try Broker()
        defer { broker.kill() }
        let options = ["--vehicles", "2000", "--length", "20m", "--name", "sim"]
        let recorded = try start(["--out", "file"] + options).0
        recorded.waitUntilExit()
        var reader = try RecordingReader(path: path("file/passages.mcap"))
        var expected: [CameraID: [CameraReport]] = [:]
        var count = 0
        while let record = try reader.next()?.record {
            let report = try CameraReport(record: record)
            expected[report.camera, default: []].append(report)
            count += 1
        }
        #expect(count > 15)
        let rate = Double(count) / 2
        let began = ContinuousClock.now
        let sent = try start(["--out", "live", "--brokers", broker.address, "--rate", "\(rate)"] + options).0
        sent.waitUntilExit()
        #expect(sent.terminationStatus == 0)
        // The last part goes after nearly two seconds.
        #expect(ContinuousClock.now - began > .milliseconds(1500))
        let wanted = count
        let found = try await ThreadExecutor.run(name: "passages") { [address = broker.address] in
            var options = KafkaOptions()
            options.sessionTimeout = .seconds(2)
            let inlet = try KafkaCluster(address, options: options).inlet(topic: "sim.passages", group: "test") {
                try CameraReport(record: $0)
            }
            var found: [CameraReport] = []
            let deadline = ContinuousClock.now + .seconds(60)
            while found.count < wanted, ContinuousClock.now < deadline {
                if case .batch(let batch) = try await inlet.next(limit: 100) { found += batch.compactMap(\.value) }
            }
            await inlet.close()
            return found
        }
        #expect(Dictionary(grouping: found, by: \.camera) == expected)
        #expect(!FileManager.default.fileExists(atPath: path("live/passages.mcap")))
        let again = Process()
        again.executableURL = Self.program
        again.arguments = [
            "replay", path("file/passages.mcap"), "--pipeline", path("file/pipeline.yaml"), "--brokers", broker.address,
            "--name", "again", "--quiet",
        ]
        try again.run()
        again.waitUntilExit()
        #expect(again.terminationStatus == 0)
        let same = try Data(contentsOf: folder.appending(path: "live/truth/trips.csv"))
        #expect(try same == Data(contentsOf: folder.appending(path: "file/truth/trips.csv")))
    }
}
