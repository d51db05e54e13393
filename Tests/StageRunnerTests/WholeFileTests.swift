import Foundation
import StageRunner
import Testing

@Suite struct WholeFileTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "whole-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    @Test func `a file has its name when it is whole, and not before`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "out").path
        let file = try WholeFile(path)
        try file.handle.write(contentsOf: Data("half".utf8))
        #expect(!FileManager.default.fileExists(atPath: path))
        try file.finish()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "half")
        let dropped = try WholeFile(folder.appending(path: "dropped").path)
        dropped.discard()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
    }

    /// A pipe stands for every thing that is no file, `/dev/null` above all: renaming over it would destroy it.
    @Test func `what is no file is written to and stays what it is`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "pipe").path
        #expect(mkfifo(path, 0o600) == 0)
        async let read = Task.detached { try FileHandle(forReadingFrom: URL(filePath: path)).readToEnd() }.value
        try WholeFile.write(Data("through".utf8), to: path)
        #expect(try await read == Data("through".utf8))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }

    @Test func `behind a link the file is written, and the link stays`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let link = folder.appending(path: "link").path
        try Data("old".utf8).write(to: folder.appending(path: "file"))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "file")
        try WholeFile.write(Data("new".utf8), to: link)
        #expect(try String(contentsOf: folder.appending(path: "file"), encoding: .utf8) == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "file")
    }

    @Test func `what can't be written says so`() {
        let path = folder.appending(path: "none/out").path
        #expect(throws: WholeFileError.unwritable(path)) { try WholeFile.write(Data(), to: path) }
        try? FileManager.default.removeItem(at: folder)
    }
}
