import Foundation
import Testing

/// `gantry track` as a process: what it reads, writes and leaves alone.
@Suite struct TrackCommandTests {
    private struct Outcome {
        var status: Int32
        var output, errors: String
    }

    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "gantry-track-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// One vehicle that drives to the right.
    private static let boxes = (1...8).map { "\($0),-1,\(100 + 9 * $0),200,80,60,0.9" }.joined(separator: "\n")
    private static let tracked = (1...8).map { "\($0),1,\(100 + 9 * $0),200,80,60,0.9,-1,-1,-1\n" }.joined()

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    private func write(_ text: String, to name: String) throws {
        try text.write(toFile: path(name), atomically: false, encoding: .utf8)
    }

    private func run(_ arguments: String..., input: String = "") throws -> Outcome {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let process = Process()
        process.executableURL = (bundle ?? URL(filePath: CommandLine.arguments[0])).deletingLastPathComponent()
            .appending(path: "gantry")
        process.arguments = ["track"] + arguments
        process.currentDirectoryURL = folder
        // Files for all three: two pipes read one after the other could fill up.
        try write(input, to: "in")
        for name in ["output", "errors"] { try write("", to: name) }
        process.standardInput = try FileHandle(forReadingFrom: folder.appending(path: "in"))
        process.standardOutput = try FileHandle(forWritingTo: folder.appending(path: "output"))
        process.standardError = try FileHandle(forWritingTo: folder.appending(path: "errors"))
        try process.run()
        process.waitUntilExit()
        func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
        return Outcome(status: process.terminationStatus, output: try text("output"), errors: try text("errors"))
    }

    @Test func `boxes come in and tracks go out through files and standard streams alike`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(Self.boxes, to: "det.txt")
        try write("[Sequence]\nframeRate=25\nimWidth=1920\nimHeight=1080\n", to: "seqinfo.ini")
        let files = try run("--detections", "det.txt", "--out", "out.txt", "--seqinfo", "seqinfo.ini")
        #expect(files.status == 0 && files.output.isEmpty, "\(files.errors)")
        #expect(try String(contentsOfFile: path("out.txt"), encoding: .utf8) == Self.tracked)
        let streams = try run("--detections", "-", "--out", "-", "--fps", "25", input: Self.boxes)
        #expect(streams.status == 0 && streams.output == Self.tracked, "\(streams.errors)")
        #expect(streams.errors.contains("8 boxes, 8 of them in 1 tracks"))
    }

    @Test func `a bad line ends it with its number, and what was there before stays`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("before", to: "out.txt")
        try write(Self.boxes + "\n9,-1,broken\n", to: "det.txt")
        let outcome = try run("--detections", "det.txt", "--out", "out.txt")
        #expect(outcome.status == 1 && outcome.errors.contains("MOT101 line 9"), "\(outcome.errors)")
        #expect(try String(contentsOfFile: path("out.txt"), encoding: .utf8) == "before")
        #expect(try run("--detections", "none.txt", "--out", "out.txt").errors.contains("MOT103"))
        try write(Self.boxes, to: "good.txt")
        #expect(try run("--detections", "good.txt", "--out", "none/out.txt").errors.contains("MOT104"))
        #expect(try run("--detections", "det.txt", "--out", "out.txt", "--fps", "0").status != 0)
    }

    @Test func `a pipe or a link is written to and never replaced`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(Self.boxes, to: "det.txt")
        try write("a longer text than the one that follows, to be replaced whole\n" + Self.tracked, to: "real.txt")
        try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: "real.txt")
        #expect(try run("--detections", "det.txt", "--out", "link").status == 0)
        #expect(try String(contentsOfFile: path("real.txt"), encoding: .utf8) == Self.tracked)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path("link")) == "real.txt")
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        // Open for both, so that neither side waits for the other; the text is shorter than a pipe's room.
        let pipe = try FileHandle(forUpdating: folder.appending(path: "pipe"))
        #expect(try run("--detections", "det.txt", "--out", "pipe").status == 0)
        #expect(try pipe.read(upToCount: Self.tracked.utf8.count) == Data(Self.tracked.utf8))
        let kind = try FileManager.default.attributesOfItem(atPath: path("pipe"))[.type] as? FileAttributeType
        #expect(kind != .typeRegular)
    }
}
