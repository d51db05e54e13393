import Foundation
import Glibc
import StageRunner
import Testing

struct PipelineDoctorTests {
    @Test func `one failed line makes a report unhealthy, and a note does not`() {
        #expect(DoctorReport([DoctorLine("a", .ok, "x"), DoctorLine("b", .note, "y")]).isHealthy)
        let bad = DoctorReport([DoctorLine("a", .ok, "x"), DoctorLine("long", .failed, "y", remedy: "run z")])
        #expect(!bad.isHealthy)
        #expect(bad.table == "ok      a     x\nFAILED  long  y; run z")
    }

    @Test func `a task needs one good model, and the other models are named`() {
        let report = VisionReport(
            lines: [DoctorLine("OpenCV", .ok, "4.6.0")],
            models: [
                .init(name: "big", task: .vehicles, problem: "not installed"),
                .init(name: "small", task: .vehicles, problem: nil),
                .init(name: "plates", task: .plates, problem: "digest differs"),
                .init(name: "faces", task: .faces, problem: nil),
                .init(name: "reader", task: .reader, problem: nil),
            ])
        #expect(report.doctorLines.map(\.state) == [.ok, .ok, .failed, .ok, .ok])
        #expect(report.doctorLines[2].remedy == "run `make models`")
        #expect(report.trouble(nil, .vehicles) == nil)
        #expect(report.trouble("small", .vehicles) == nil)
        #expect(report.trouble("big", .vehicles)?.remedy == "run `make models`")
        #expect(report.trouble("smal", .vehicles)?.remedy == "did you mean 'small'?")
        #expect(report.trouble(nil, .plates) != nil)
    }

    @Test func `keys that others can reach are found`() throws {
        let folder = try PipelineFolder()
        let checks = DoctorChecks(home: folder.path)
        #expect(checks.keys(nil).state == .note)
        try folder.write("keys/wrapping.key", "x")
        func mode(_ mode: Int, _ name: String) throws {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(folder.path)/\(name)")
        }
        try mode(0o700, "keys")
        try mode(0o640, "keys/wrapping.key")
        #expect(checks.keys(nil).state == .failed)
        #expect(checks.keys(nil).remedy?.contains("wrapping.key") == true)
        try mode(0o600, "keys/wrapping.key")
        #expect(checks.keys(nil).state == .ok)
        try mode(0o711, "keys")
        #expect(checks.keys(nil).state == .failed)
    }

    @Test func `an old librdkafka and a missing OpenVINO are notes with a remedy`() throws {
        let folder = try PipelineFolder()
        let checks = DoctorChecks(home: folder.path)
        #expect(checks.librdkafka("2.0.2").state == .note)
        #expect(checks.librdkafka("2.16.0").state == .ok)
        #expect(checks.openVINO.state == .note)
        try folder.write("lib/openvino/libopenvino_c.so.2641", "")
        #expect(checks.openVINO.state == .ok)
        #expect(DoctorChecks(home: nil).homeLine(nil).state == .failed)
    }

    @Test func `a listening port answers, a closed one and a strange host do not`() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> Int in
                bind(descriptor, generic, size)
                getsockname(descriptor, generic, &size)
                return Int(UInt16(bigEndian: pointer.pointee.sin_port))
            }
        }
        // Bound but not listening: refused.
        #expect(DoctorChecks.brokerTrouble(["127.0.0.1:\(port)"]) != nil)
        #expect(listen(descriptor, 1) == 0)
        #expect(DoctorChecks.brokerTrouble(["127.0.0.1:\(port)"]) == nil)
        #expect(DoctorChecks.brokerTrouble(["no-such-host.invalid:1", "127.0.0.1:\(port)"]) == nil)
    }

    @Test func `without its sibling executable the vision report is a note`() throws {
        let folder = try PipelineFolder()
        guard case .failure(let none) = VisionReport.ask(in: folder.path) else {
            Issue.record("there is no executable to ask")
            return
        }
        #expect(none.line.state == .note)
    }

    @Test(arguments: [
        (#"echo '{"lines": [], "models": [{"name": "a", "task": "faces"}]}'"#, true), ("echo nonsense", false),
        ("exit 3", false),
    ])
    func `the sibling's report is read, and a broken one is a failure`(script: String, good: Bool) throws {
        let folder = try PipelineFolder()
        let file = try folder.write("gantry-local", "#!/bin/sh\n\(script)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        switch VisionReport.ask(in: folder.path) {
        case .success(let report): #expect(good && report.models.map(\.name) == ["a"])
        case .failure(let none): #expect(!good && none.line.state == .failed)
        }
    }

    @Test func `the database is the file's, else the environment's, else the private cluster's`() throws {
        let folder = try PipelineFolder()
        var database = PipelineDatabase()
        #expect(throws: PipelineError.self) { try database.address(home: nil, environment: [:]) }
        #expect(throws: PipelineError.self) { try database.address(home: folder.path, environment: [:]) }
        try folder.write(
            "postgres/postmaster.pid", "4711\n/data\n1772436600\n5432\n/tmp/gantry-0123456789\n\n  5432001 7\nready\n")
        #expect(
            try database.address(home: folder.path, environment: [:])
                == "postgresql://gantry@/gantry?host=/tmp/gantry-0123456789")
        #expect(try database.address(home: folder.path, environment: ["GANTRY_DATABASE": "dbname=x"]) == "dbname=x")
        database.url = "postgresql://h/d"
        #expect(try database.address(home: nil, environment: ["GANTRY_DATABASE": "dbname=x"]) == "postgresql://h/d")
    }
}
