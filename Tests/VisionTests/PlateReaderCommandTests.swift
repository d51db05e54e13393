import Foundation
import Testing

@testable import Vision

/// `gantry-local plates --crops` as a process: what scripts and scorers parse.
@Suite struct PlateReaderCommandTests {
    private struct Outcome {
        var status: Int32
        var lines: [[String: Any]]
    }

    /// Beside the test bundle: `swift test` builds the executables too.
    private var program: URL {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let beside = (bundle ?? URL(filePath: CommandLine.arguments[0])).deletingLastPathComponent()
        return beside.appending(path: "gantry-local")
    }

    private func plates(_ arguments: [String], in folder: URL) throws -> Outcome {
        let process = Process()
        process.executableURL = program
        process.arguments = ["plates", "--json", "--crops"] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging([
            "GANTRY_HOME": folder.path, "GANTRY_MODELS": packageFolder() + "/models", "OMP_THREAD_LIMIT": "1",
        ]) { $1 }
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        let text = String(decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        let lines = try text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        return Outcome(status: process.terminationStatus, lines: lines)
    }

    @Test func `each image gives one complete line, others are skipped, a bad one fails at the end`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gantry-plates-\(UUID().uuidString)")
        let pictures = folder.appending(path: "pictures")
        try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let plate = try PlateRenderer().plate(text: "KV483HX", style: .french)
        try Data(try plate.png()).write(to: pictures.appending(path: "b.png"))
        try Data("no image".utf8).write(to: pictures.appending(path: "a.jpg"))
        try Data("KV483HX".utf8).write(to: pictures.appending(path: "truth.tsv"))

        let good = try plates(["pictures/b.png", "pictures/truth.tsv"], in: folder)
        #expect(good.status == 0 && good.lines.count == 1)
        let all = try plates(["pictures", "nowhere.png"], in: folder)
        #expect(all.status == 1)
        #expect(all.lines.map { $0["file"] as? String } == ["pictures/a.jpg", "pictures/b.png", "nowhere.png"])
        #expect(all.lines.map { $0["error"] is String } == [true, false, true])
        #expect((all.lines[0]["plates"] as? [Any])?.isEmpty == true)

        let line = all.lines[1]
        #expect(Set(line.keys) == ["file", "width", "height", "ms", "vehicles", "plates", "redactions"])
        #expect(Set((line["ms"] as? [String: Any] ?? [:]).keys) == ["decode", "detect", "read"])
        let found = try #require((line["plates"] as? [[String: Any]])?.first)
        #expect(
            Set(found.keys) == [
                "text", "accepted", "reason", "confidence", "region", "regions", "box", "corners", "candidates",
            ])
        #expect(found["text"] as? String == "KV483HX")
        #expect(found["reason"] is NSNull && found["accepted"] as? Bool == true)
        // Several countries write LLDDDLL: none is named, all are listed.
        let regions = found["regions"] as? [[String: Any]] ?? []
        #expect(regions.count > 1 && regions.allSatisfy { $0["region"] is String && $0["share"] is Double })
        #expect((found["corners"] as? [[Double]])?.count == 4)
    }
}
