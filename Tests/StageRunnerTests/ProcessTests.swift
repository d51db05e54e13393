import CoreMetrics
import Foundation
import FoundationNetworking
import Logging
import Metrics
import Synchronization
import Testing
import Topics

@testable import StageRunner

@Suite struct PrometheusTests {
    @Test func `counters, gauges and histograms are shown in Prometheus' text format`() {
        let registry = PrometheusRegistry(bounds: [0.1, 1])
        let labels = [("stage", "read"), ("code", "a\"b\\c\n")]
        Counter(label: "gantry.rejected", dimensions: labels, factory: registry).increment(by: 2)
        Counter(label: "gantry.rejected", dimensions: labels, factory: registry).increment()
        Gauge(label: "lag", factory: registry).record(5)
        let timer = Metrics.Timer(label: "gantry_stage", dimensions: [("stage", "read")], factory: registry)
        timer.recordMilliseconds(50)
        timer.recordMilliseconds(500)
        timer.recordSeconds(5)
        #expect(
            registry.render() == """
                # TYPE gantry_rejected_total counter
                gantry_rejected_total{code="a\\"b\\\\c\\n",stage="read"} 3
                # TYPE lag gauge
                lag 5.0
                # TYPE gantry_stage_seconds histogram
                gantry_stage_seconds_bucket{stage="read",le="0.1"} 1
                gantry_stage_seconds_bucket{stage="read",le="1.0"} 2
                gantry_stage_seconds_bucket{stage="read",le="+Inf"} 3
                gantry_stage_seconds_sum{stage="read"} 5.55
                gantry_stage_seconds_count{stage="read"} 3

                """)
    }

    @Test func `the status pages show metrics, health, and readiness only once every stage has its link`() async throws
    {
        let registry = PrometheusRegistry()
        Counter(label: "gantry_records_in", factory: registry).increment()
        let stage = StageProgress(stage: "read")
        let server = StatusServer(port: 0, metrics: registry, stages: [stage])
        let running = Task { try await server.run() }
        let port = try #require(try await server.listeningPort())
        func get(_ path: String) async throws -> (Int, String) {
            let (data, response) = try await URLSession.shared.data(
                from: URL(string: "http://127.0.0.1:\(port)\(path)")!)
            return ((response as! HTTPURLResponse).statusCode, String(decoding: data, as: UTF8.self))
        }
        #expect(try await get("/health") == (200, "ok\n"))
        #expect(try await get("/ready") == (503, "waiting for read\n"))
        stage.ready()
        #expect(try await get("/ready") == (200, "ready\n"))
        #expect(try await get("/metrics").1.contains("gantry_records_in_total 1"))
        await server.stop()
        running.cancel()
    }
}

@Suite struct LogTests {
    private func lines(_ format: LogFormat) -> [String] {
        let lines = LogLines()
        var logger = Logger(label: "gantry-track") { label in
            LineLogHandler(label: label, format: format, level: .info) { lines.add($0) }
        }
        logger[metadataKey: "camera"] = "ring north"
        logger.debug("not shown")
        logger.warning("two\nlines", metadata: ["code": "WIR101"])
        return lines.all
    }

    private final class LogLines: Sendable {
        private let state = Mutex<[String]>([])
        func add(_ line: String) { state.withLock { $0.append(line) } }
        var all: [String] { state.withLock { $0 } }
    }

    @Test func `a text line says when, how bad, who, what, and stays one line`() throws {
        let line = try #require(lines(.text).first)
        #expect(lines(.text).count == 1)
        #expect(line.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning gantry-track: .*\n/#) != nil)
        #expect(line.hasSuffix(#"warning gantry-track: two\nlines camera="ring north" code=WIR101"# + "\n"))
    }

    @Test func `a JSON line is one object`() throws {
        let line = try #require(lines(.json).first)
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(object["message"] == "two\nlines" && object["level"] == "warning" && object["code"] == "WIR101")
        #expect(line.filter { $0 == "\n" }.count == 1)
    }
}

@Suite struct LaunchTests {
    @Test func `the second process gets what the first lacked, and there is no third`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "launch-\(UUID().uuidString)")
        let home = GantryHome(directory: folder.appending(path: ".gantry"))
        try FileManager.default.createDirectory(at: home.kafkaLibraries, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }

        let second = try #require(Launch.environment(["LD_LIBRARY_PATH": "/a", "X": "1"], home: home))
        #expect(second["OMP_THREAD_LIMIT"] == "1" && second["X"] == "1")
        #expect(second["LD_LIBRARY_PATH"] == "\(home.kafkaLibraries.path):/a")
        #expect(Launch.environment(second, home: home) == nil)
        #expect(Launch.environment([:], home: nil)?["OMP_THREAD_LIMIT"] == "1")
        #expect(Launch.environment(["OMP_THREAD_LIMIT": "2"], home: nil) == nil)
    }

    @Test func `.gantry is found above the working directory, or where GANTRY_HOME says`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "home-\(UUID().uuidString)")
        let deep = folder.appending(path: "a/b"), home = folder.appending(path: ".gantry")
        for made in [deep, home] {
            try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try GantryHome.find(environment: [:], from: deep).directory.path == home.path)
        #expect(try GantryHome.find(environment: ["GANTRY_HOME": deep.path], from: deep).directory.path == deep.path)
        #expect(throws: GantryHomeError.notAFolder("/nowhere/at/all")) {
            try GantryHome.find(environment: ["GANTRY_HOME": "/nowhere/at/all"], from: deep)
        }
        #expect(throws: GantryHomeError.missing("/proc")) {
            try GantryHome.find(environment: [:], from: URL(filePath: "/proc"))
        }
    }
}
