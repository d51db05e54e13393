import Foundation
import SimulatedCity
import StageRunner
import Testing
import Topics
import Traffic
import Wire

@Suite struct CityFolderTests {
    private let folder: URL

    init() throws {
        folder = URL(filePath: "/tmp/gantry-city-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }
    private func remove() { try? FileManager.default.removeItem(at: folder) }

    @discardableResult
    private func write(
        _ settings: CitySettings, to name: String, _ options: CityFolder.Options = CityFolder.Options()
    ) throws -> CityCounts {
        let city = try SimulatedCity(settings)
        var files = try CityFolder(city, path: path(name), options: options)
        var traffic = CityTraffic(city)
        while let window = traffic.next() {
            try files.write(window, records: options.records ? window.reports.map { try Record(report: $0) } : [])
        }
        return try files.finish(traffic)
    }

    /// File by file.
    private func contents(_ name: String) throws -> [String: Data] {
        let root = folder.appending(path: name)
        let names = try #require(FileManager.default.enumerator(atPath: root.path)).compactMap { $0 as? String }
        var files: [String: Data] = [:]
        for name in names where !["truth"].contains(name) {
            files[name] = try Data(contentsOf: root.appending(path: name))
        }
        return files
    }

    @Test func `the same seed gives the same bytes, another seed another city`() throws {
        defer { remove() }
        var settings = CitySettings(cameras: 12, vehicles: 4000, seconds: 3600)
        settings.faults.outages = 3
        try write(settings, to: "first")
        try write(settings, to: "second")
        settings.seed = 2
        try write(settings, to: "other")
        let (first, second, other) = (try contents("first"), try contents("second"), try contents("other"))
        #expect(first == second)
        #expect(
            Set(first.keys) == [
                "README.md", "cameras.json", "network.geojson", "passages.mcap", "pipeline.yaml", "zones.geojson",
                "truth/journeys.csv", "truth/legs.csv", "truth/od.csv", "truth/outages.csv", "truth/passages.csv",
                "truth/skew.csv", "truth/travel_times.csv", "truth/trips.csv",
            ])
        #expect(Set(other.keys) == Set(first.keys))
        #expect(first.keys.allSatisfy { first[$0] != other[$0] || $0 == "truth/travel_times.csv" })
    }

    @Test func `the pipeline file and the list of cameras are accepted, and name the same cameras`() throws {
        defer { remove() }
        var settings = CitySettings(cameras: 30, vehicles: 100, seconds: 600)
        settings.name = "vila"
        try write(settings, to: "city")
        let city = try SimulatedCity(settings)
        let pipeline = try Pipeline(contentsOf: path("city/pipeline.yaml"))
        #expect(pipeline.name == "vila" && pipeline.timezone == "UTC")
        #expect(pipeline.cameras.map(\.camera) == city.sites.map(\.camera))
        let listed = try Pipeline.cameras(fromMedia: path("city"))
        #expect(listed.map(\.camera) == city.sites.map(\.camera))
    }

    @Test func `the largest city's pipeline file and list of cameras are still read`() throws {
        defer { remove() }
        var options = CityFolder.Options()
        options.records = false
        try write(CitySettings(cameras: 5000, vehicles: 50, seconds: 60), to: "city", options)
        #expect(try Pipeline(contentsOf: path("city/pipeline.yaml")).cameras.count == 5000)
        #expect(try Pipeline.cameras(fromMedia: path("city")).count == 5000)
    }

    @Test func `the recording holds every report in order, keyed by camera`() throws {
        defer { remove() }
        let settings = CitySettings(cameras: 12, vehicles: 12_000, seconds: 3600)
        let counts = try write(settings, to: "city")
        var reports: [CameraReport] = []
        var traffic = CityTraffic(try SimulatedCity(settings))
        while let window = traffic.next() { reports += window.reports }
        var reader = try RecordingReader(path: path("city/passages.mcap"))
        var read: [CameraReport] = []
        while let recorded = try reader.next() {
            let report = try CameraReport(record: recorded.record)
            #expect(recorded.topic == "city.passages" && recorded.record.key == report.camera.text)
            read.append(report)
        }
        let passages = read.compactMap(\.passage)
        #expect(read == reports && passages.count == counts.passages && passages.count > 300)
        #expect(read.count == counts.passages + counts.stretches && counts.stretches > 12 * 60)
        let rows = try String(contentsOfFile: path("city/truth/passages.csv"), encoding: .utf8)
            .split(separator: "\n").dropFirst()
        #expect(rows.map { String($0.prefix(32)) } == passages.map(\.id.description))
    }

    @Test func `tables have a row for each thing, in the form that the README says`() throws {
        defer { remove() }
        let counts = try write(CitySettings(cameras: 12, vehicles: 4000, seconds: 3600), to: "city")
        func rows(_ name: String) throws -> [[Substring]] {
            try String(contentsOfFile: path("city/truth/\(name).csv"), encoding: .utf8).split(separator: "\n")
                .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        }
        for (name, count) in [("trips", counts.trips), ("legs", counts.legs), ("journeys", counts.journeys)] {
            let table = try rows(name)
            #expect(table.count == count + 1, "\(name)")
            #expect(table.allSatisfy { $0.count == table[0].count }, "\(name)")
            let time = try #require(table[0].firstIndex(of: "departed"))
            #expect(table.dropFirst().allSatisfy { EventTime(rfc3339: String($0[time])) != nil }, "\(name)")
        }
        let cells = try rows("od").dropFirst()
        #expect(cells.reduce(0) { $0 + (Int($1[3]) ?? 0) } == counts.trips)
        for name in ["zones", "network"] {
            let data = try Data(contentsOf: folder.appending(path: "city/\(name).geojson"))
            let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect((object["features"] as? [Any])?.isEmpty == false)
        }
    }

    @Test func `compressed tables are the same tables`() throws {
        defer { remove() }
        let settings = CitySettings(cameras: 6, vehicles: 1000, seconds: 1800)
        var options = CityFolder.Options()
        try write(settings, to: "plain")
        options.compresses = true
        options.tellsPassages = false
        try write(settings, to: "small", options)
        let small = try contents("small")
        #expect(small["truth/passages.csv.zst"] == nil && small["truth/trips.csv"] == nil)
        for name in ["trips", "legs", "journeys", "od"] {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["zstd", "-q", "-d", path("small/truth/\(name).csv.zst")]
            try process.run()
            process.waitUntilExit()
            #expect(try contents("small")["truth/\(name).csv"] == contents("plain")["truth/\(name).csv"], "\(name)")
        }
    }

    @Test func `what is there is not touched, and what was interrupted has another name`() throws {
        defer { remove() }
        let settings = CitySettings(cameras: 6, vehicles: 200, seconds: 600)
        let city = try SimulatedCity(settings)
        func begin() throws {
            var files = try CityFolder(city, path: path("city"), options: CityFolder.Options())
            try files.write(CityWindow(), records: [])
        }
        try begin()
        #expect(!FileManager.default.fileExists(atPath: path("city")))
        #expect(FileManager.default.fileExists(atPath: path("city.unfinished/pipeline.yaml")))
        try write(settings, to: "city")
        #expect(!FileManager.default.fileExists(atPath: path("city.unfinished")))
        let before = try contents("city")
        #expect(throws: CityError.exists(path: path("city"))) { try begin() }
        #expect(try contents("city") == before)
        try FileManager.default.createDirectory(atPath: path("mine.unfinished"), withIntermediateDirectories: true)
        #expect(throws: CityError.foreignFolder(path: path("mine.unfinished"))) { try write(settings, to: "mine") }
        #expect(FileManager.default.fileExists(atPath: path("mine.unfinished")))
    }
}
