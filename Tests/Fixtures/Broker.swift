import Foundation

/// A real Kafka-compatible broker for tests: tansu, in memory, on a free port of 127.0.0.1.
///
/// It ends with the process that started it, however that ends: a shell waits for the pipe between them to close.
public final class Broker: @unchecked Sendable {
    // Written once, in the initializer.
    private let shell: Process
    private let pipe: Pipe
    private let pid: pid_t
    public let port: UInt16

    /// For `bootstrap.servers`.
    public var address: String { "127.0.0.1:\(port)" }

    /// The one that all tests of a process share; each makes topics of its own.
    public static func shared() throws -> Broker { try one.get() }
    private static let one = Result { try Broker() }

    /// - Parameter port: Nil for a free one; give the number to come back after ``kill()``.
    public init(port wanted: UInt16? = nil) throws {
        let binary = try Self.binary()
        port = try wanted ?? Self.freePort()
        let url = "tcp://127.0.0.1:\(port)"
        pipe = Pipe()
        let output = Pipe()
        shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = [
            "-c",
            """
            "$0" broker --cluster-id test --storage-engine memory://test/ --listener-url \(url) \
            --advertised-listener-url \(url) >/dev/null 2>&1 </dev/null & echo $!; read end; kill -KILL $!
            """, binary,
        ]
        shell.standardInput = pipe
        shell.standardOutput = output
        try shell.run()
        var line = ""
        while !line.hasSuffix("\n"), let byte = try output.fileHandleForReading.read(upToCount: 1) {
            line += String(decoding: byte, as: UTF8.self)
        }
        guard let number = pid_t(line.dropLast()) else { throw BrokerError.notStarted(line) }
        pid = number
        let deadline = Date.now.addingTimeInterval(20)
        while !Self.accepts(port) {
            guard Date.now < deadline else { throw BrokerError.notStarted("nothing listens at \(address)") }
            usleep(20_000)
        }
    }

    /// Ends the broker at once, as a crash would; what it held is gone. Returns when its port is closed.
    public func kill() {
        Foundation.kill(pid, SIGKILL)
        while Self.accepts(port) { usleep(10_000) }
    }

    /// Where the broker's program is: in `.gantry`, of `GANTRY_HOME` or above the working directory.
    private static func binary() throws -> String {
        var folders: [String] = []
        if let home = ProcessInfo.processInfo.environment["GANTRY_HOME"] { folders.append(home) }
        var folder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        while folder.path != "/" {
            folders.append(folder.appendingPathComponent(".gantry").path)
            folder = folder.deletingLastPathComponent().standardizedFileURL
        }
        for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/bin/tansu") {
            return "\(folder)/bin/tansu"
        }
        throw BrokerError.notInstalled(folders)
    }

    private static func socketAddress(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return address
    }

    /// A port of 127.0.0.1 that nobody listens on at the moment.
    public static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = socketAddress(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
            }
        }
        guard status == 0 else { throw BrokerError.notStarted("no free port on 127.0.0.1") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = socketAddress(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

public enum BrokerError: Error, CustomStringConvertible {
    case notInstalled([String])
    case notStarted(String)

    public var description: String {
        switch self {
        case .notInstalled(let folders):
            "the broker for tests is missing (looked for bin/tansu in \(folders.joined(separator: ", "))): run `make setup`"
        case .notStarted(let why): "the broker for tests did not start: \(why)"
        }
    }
}
