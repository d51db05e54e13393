import Foundation

/// Small videos made with `ffmpeg` while a test runs, in a folder that goes away with its owner.
public final class Clips: Sendable {
    public let folder: String

    public init() throws {
        var template = Array("/tmp/gantry-clips-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ClipError.noFolder }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    public func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Runs `ffmpeg` to write `name`; the arguments are those between the global options and the output.
    @discardableResult
    public func make(_ name: String, _ arguments: String...) throws -> String {
        let output = path(name)
        try Tool.run(
            "ffmpeg", package: "ffmpeg",
            ["-nostdin", "-v", "error", "-y", "-threads", "1"] + arguments + [output])
        return output
    }

    /// A moving test card at a constant rate.
    @discardableResult
    public func card(
        _ name: String, frames: Int, framesPerSecond: Int = 10, size: String = "160x120", _ more: String...
    ) throws -> String {
        try Tool.run(
            "ffmpeg", package: "ffmpeg",
            [
                "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=\(size):rate=\(framesPerSecond)",
                "-frames:v", "\(frames)", "-pix_fmt", "yuv420p", "-threads", "1",
            ] + more + [path(name)])
        return path(name)
    }

    /// Writes bytes as a file.
    @discardableResult
    public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    /// Lets every user read a file, for a program that runs as another one.
    public func openToAll(_ name: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path(name))
    }

    public func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }
}

public enum ClipError: Error, CustomStringConvertible {
    case noFolder
    case missingTool(String, package: String)
    case failed(String, status: Int32, output: String)

    public var description: String {
        switch self {
        case .noFolder: "no folder can be made under /tmp"
        case .missingTool(let tool, let package):
            "`\(tool)` is missing: install the Debian package \(package) (scripts/setup does)"
        case .failed(let command, let status, let output): "`\(command)` ended with status \(status): \(output)"
        }
    }
}

/// Programs that tests run.
public enum Tool {
    /// The program's path, by `PATH`.
    public static func find(_ name: String, package: String) throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
            return "\(folder)/\(name)"
        }
        throw ClipError.missingTool(name, package: package)
    }

    /// Runs to the end; throws with what it printed unless its status is 0.
    @discardableResult
    public static func run(_ name: String, package: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try find(name, package: package))
        process.arguments = arguments
        let pipe = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let command = ([name] + arguments).joined(separator: " ")
            throw ClipError.failed(command, status: process.terminationStatus, output: output)
        }
        return output
    }
}
