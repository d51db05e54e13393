import Foundation
import Synchronization

/// A PostgreSQL with PostGIS of this test process's own, in a folder under /tmp, made by `scripts/postgres`.
///
/// It is stopped and removed when the process ends, however it ends: a helper waits for the process's id to go.
public final class Postgres: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// The server that the tests of this process share, started at first use.
    public static func shared() throws -> Postgres { try server("shared") }

    /// Another one, for tests that stop or kill it; those that use one name must take turns.
    public static func toBreak(_ name: String = "to-break") throws -> Postgres { try server(name) }

    private static func server(_ name: String) throws -> Postgres {
        try servers.withLock { servers in
            if let server = servers[name] { return server }
            let made = try Postgres()
            servers[name] = made
            return made
        }
    }

    private static let servers = Mutex<[String: Postgres]>([:])
    /// Holds the data directory.
    public let folder: String
    private let script: String
    private let counter = Atomic<Int>(0)

    /// The project's root.
    public static var root: String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path(percentEncoded: false)
    }

    private init() throws {
        let name = "gantry-test-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
        folder = "/tmp/\(name)"
        script = "\(Self.root)/scripts/postgres"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // The helper keeps no file of ours open and is no child of ours: a child that nobody waits for stays behind as a
        // zombie, and exit tests would look at it for ever.
        let warden = """
            for open in /proc/"$BASHPID"/fd/*; do
                open=${open##*/}
                if [ "$open" -gt 2 ]; then eval "exec $open>&-"; fi
            done
            setsid bash -c 'tail --pid="$1" -f /dev/null; "$2" --dir "$3/postgres" stop; rm -rf "$3"' warden "$@" \
                </dev/null >/dev/null 2>&1 &
            """
        let process = "\(ProcessInfo.processInfo.processIdentifier)"
        _ = try Self.run("/bin/bash", ["-c", warden, "warden", process, script, folder])
        _ = try start()
    }

    /// Starts the server where it does not run; its address.
    @discardableResult
    public func start() throws -> String { try run(["start"]) }

    public func stop() throws { _ = try run(["stop"]) }

    /// Ends the server as a power cut would, and starts it again.
    public func crash() throws {
        let file = try String(contentsOfFile: "\(folder)/postgres/postmaster.pid", encoding: .utf8)
        guard let id = file.split(separator: "\n").first.flatMap({ Int32($0) }) else {
            throw Failure(description: "no process id in postmaster.pid")
        }
        kill(id, SIGKILL)
        try start()
    }

    /// A new database, empty or a copy of another one that nobody is connected to; its libpq address.
    public func makeDatabase(template: String? = nil) throws -> String {
        let name = "test_\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        let source = template.map { " TEMPLATE \(Self.name(of: $0))" } ?? ""
        _ = try run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", "CREATE DATABASE \(name)\(source)"])
        return try run(["url"]).replacing("/gantry?", with: "/\(name)?")
    }

    /// Everything in a database as SQL text, as a backup would hold it.
    public func dump(_ database: String) throws -> String {
        let programs = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
            .map { "/usr/lib/postgresql/\($0)/bin/pg_dump" }
        guard let program = programs.filter(FileManager.default.isExecutableFile).max() else {
            throw Failure(description: "there is no pg_dump")
        }
        return try Self.run(program, [database])
    }

    /// A new database with what a dump holds; its libpq address.
    public func restore(_ dump: String) throws -> String {
        let made = try makeDatabase()
        try restore(dump, into: made)
        return made
    }

    /// Brings a dump into an empty database.
    public func restore(_ dump: String, into database: String) throws {
        let file = "\(folder)/restore-\(UInt32.random(in: 0 ... .max)).sql"
        try dump.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        _ = try Self.run("/usr/bin/psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", file, database])
    }

    private static func name(of address: String) -> Substring {
        address.prefix { $0 != "?" }.split(separator: "/").last ?? ""
    }

    private func run(_ arguments: [String]) throws -> String {
        try Self.run(script, ["--dir", "\(folder)/postgres"] + arguments)
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe(), errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) \(arguments.joined(separator: " ")): \(complaint)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
