import Foundation
import Testing

@testable import Vision

/// `gantry-local bench plates --crops` as a process, where no network is installed.
@Suite struct PlateBenchCommandTests {
    private struct Outcome {
        var status: Int32
        var output, errors: String
    }

    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "gantry-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "plates"), withIntermediateDirectories: true)
        for (name, text) in [("a.png", "KV483HX"), ("b.png", "TX482KM")] {
            let plate = try PlateRenderer().plate(text: text, style: .french)
            try Data(try plate.png()).write(to: folder.appending(path: "plates/\(name)"))
        }
    }

    private func bench(truth: String, _ arguments: String...) throws -> Outcome {
        try truth.write(to: folder.appending(path: "plates/truth.tsv"), atomically: true, encoding: .utf8)
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let process = Process()
        process.executableURL = (bundle ?? URL(filePath: CommandLine.arguments[0])).deletingLastPathComponent()
            .appending(path: "gantry-local")
        process.arguments = ["bench", "plates", "plates", "--crops"] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging([
            "GANTRY_HOME": folder.path, "GANTRY_MODELS": packageFolder() + "/models", "OMP_THREAD_LIMIT": "1",
        ]) { $1 }
        // Into a file: two pipes read one after the other could fill up.
        let errors = folder.appending(path: "errors.txt")
        try Data().write(to: errors)
        let out = Pipe()
        process.standardOutput = out
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let output = String(decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: output,
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    @Test func `figures and a page of failures come out, and standard output holds only JSON`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        // The second label is wrong on purpose, and has to be escaped.
        let outcome = try bench(
            truth: "a.png\tKV483HX\nb.png\t0\t0\t832\t176\tTX482<MM>\n", "--format", "json", "--details", "--html",
            "page.html")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let all = try #require((report["accuracy"] as? [String: Any])?["all"] as? [String: [String: Any]])
        #expect(all["exact"]?["count"] as? Int == 1 && all["exact"]?["n"] as? Int == 2)
        #expect((report["models"] as? [String: String])?["reader"] == "gantry")
        let details = try #require(report["details"] as? [[String: Any]])
        #expect(details.map { $0["exact"] as? Bool } == [true, false])

        let page = folder.appending(path: "page.html").path
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(html.contains("1 failure<") && html.contains("TX482MM"))
        #expect(html.contains("data:image/jpeg;base64,"))
        // No face pass was possible, so nothing but the line is shown.
        #expect(!html.contains("<figure>") && !html.contains("the plate\""))
        let mode = try FileManager.default.attributesOfItem(atPath: page)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test(arguments: [
        ("a.png\tKV483HX\tmore\n", "line 1: 3 columns instead of 6"), ("c.png\tKV483HX\n", "no image 'c.png'"),
        ("", "BEN102"), ("a.png\t900\t0\t10\t10\tKV483HX\n", "line 1: the plate lies outside a.png"),
    ])
    func `faulty labels end with what to correct, and nothing on standard output`(truth: String, says: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let outcome = try bench(truth: truth)
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(outcome.errors.contains(says), "\(outcome.errors)")
    }
}
