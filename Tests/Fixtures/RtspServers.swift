public import Foundation

/// A TCP server on a loopback port that gives each connection to a handler, on a thread of its own.
public final class LoopbackServer: @unchecked Sendable {
    public let port: UInt16
    private let listener: Int32
    private let lock = NSLock()
    private var open: Set<Int32> = []
    private var isStopped = false

    /// - Parameter port: 0 picks a free one.
    public init(port: UInt16 = 0, handler: @escaping @Sendable (LoopbackConnection) -> Void) throws {
        let listener = try Loopback.socket(stream: true, port: port)
        guard listen(listener, 16) == 0 else { throw LoopbackError(call: "listen", code: errno) }
        self.listener = listener
        self.port = Loopback.port(of: listener)
        Thread.detachNewThread { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0, let server = self, server.keep(descriptor) else { return }
                Thread.detachNewThread {
                    handler(LoopbackConnection(descriptor: descriptor))
                    server.finish(descriptor)
                }
            }
        }
    }

    private func keep(_ descriptor: Int32) -> Bool {
        lock.withLock {
            if isStopped { close(descriptor) } else { open.insert(descriptor) }
            return !isStopped
        }
    }

    private func finish(_ descriptor: Int32) {
        lock.withLock { _ = open.remove(descriptor) }
        close(descriptor)
    }

    /// Breaks every connection; new ones are still taken.
    public func breakConnections() {
        lock.withLock { for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    public func stop() {
        lock.withLock { isStopped = true }
        breakConnections()
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}

/// One connection, used by the thread that serves it.
public struct LoopbackConnection: Sendable {
    let descriptor: Int32

    /// Reads up to and including an empty line; nil when the peer has gone.
    public func readHead() -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) == 1 {
            // Interleaved RTCP of an RTSP client: a dollar, a channel, a length, that many bytes.
            if bytes.isEmpty && byte == 0x24 {
                var head: [UInt8] = [0, 0, 0]
                guard recv(descriptor, &head, 3, Int32(MSG_WAITALL)) == 3 else { return nil }
                var body = [UInt8](repeating: 0, count: Int(head[1]) << 8 | Int(head[2]))
                guard recv(descriptor, &body, body.count, Int32(MSG_WAITALL)) == body.count else { return nil }
                continue
            }
            bytes.append(byte)
            if bytes.suffix(4) == [13, 10, 13, 10] { return String(decoding: bytes, as: UTF8.self) }
        }
        return nil
    }

    /// - Returns: false when the peer has gone.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }
}

public struct LoopbackError: Error { public let call: String, code: Int32 }

public enum Loopback {
    static func socket(stream: Bool, port: UInt16) throws -> Int32 {
        let descriptor = Foundation.socket(
            AF_INET, Int32(stream ? SOCK_STREAM.rawValue : SOCK_DGRAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, status == 0 else { throw LoopbackError(call: "bind", code: errno) }
        return descriptor
    }

    static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// A TCP port that was free a moment ago.
    public static func freePort() throws -> UInt16 {
        let descriptor = try socket(stream: true, port: 0)
        defer { close(descriptor) }
        return port(of: descriptor)
    }

    /// Waits until something listens on a port, while `process` lives.
    ///
    /// - Returns: false when the process ended first.
    public static func awaitListener(_ port: UInt16, of process: Process) -> Bool {
        while process.isRunning {
            let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if status == 0 { return true }
            sched_yield()
        }
        return false
    }
}

/// A camera that offers RTSP over TCP alone: real RTP packets from `ffmpeg`, interleaved with the control channel.
public final class RtspRelay: @unchecked Sendable {
    public let address: String
    private let server: LoopbackServer
    private let pusher = Process()
    private let datagrams: Int32

    /// - Parameter clip: A file whose pictures are sent over and over, in real time, with frequent key frames.
    public init(clip: String, clips: Clips) throws {
        let datagrams = try Loopback.socket(stream: false, port: 0)
        self.datagrams = datagrams
        let target = "rtp://127.0.0.1:\(Loopback.port(of: datagrams))"
        let description = clips.path("relay.sdp")
        // One packet's run writes the description; the second goes on for as long as the relay lives.
        try Tool.run(
            "ffmpeg", package: "ffmpeg",
            [
                "-nostdin", "-v", "error", "-y", "-i", clip, "-frames:v", "1", "-c", "copy", "-f", "rtp", "-sdp_file",
                description, target,
            ])
        let sdp =
            String(decoding: try clips.bytes("relay.sdp"), as: UTF8.self)
            .replacing(#/m=video \d+/#, with: "m=video 0").replacing("\r\n", with: "\n")
            .split(separator: "\n").joined(separator: "\r\n") + "\r\na=control:streamid=0\r\n"
        server = try LoopbackServer { connection in Self.serve(connection, sdp: sdp, datagrams: datagrams) }
        address = "rtsp://127.0.0.1:\(server.port)/live"
        pusher.executableURL = URL(fileURLWithPath: try Tool.find("ffmpeg", package: "ffmpeg"))
        pusher.arguments = [
            "-nostdin", "-v", "quiet", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "rtp", target,
        ]
        pusher.standardOutput = FileHandle.nullDevice
        try pusher.run()
    }

    private static func serve(_ connection: LoopbackConnection, sdp: String, datagrams: Int32) {
        while let request = connection.readHead() {
            let lines = request.split(separator: "\r\n")
            let sequence = lines.first { $0.lowercased().hasPrefix("cseq:") } ?? "CSeq: 0"
            func answer(_ status: String, _ headers: [String] = [], body: String = "") {
                let length =
                    body.isEmpty ? [] : ["Content-Type: application/sdp", "Content-Length: \(body.utf8.count)"]
                let head = ["RTSP/1.0 \(status)", String(sequence)] + headers + length
                connection.write(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
            }
            switch request.prefix(while: { $0 != " " }) {
            case "DESCRIBE": answer("200 OK", body: sdp)
            case "SETUP" where request.contains("RTP/AVP/TCP"):
                answer("200 OK", ["Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"])
            case "SETUP": answer("461 Unsupported Transport")
            case "PLAY":
                answer("200 OK", ["Session: 1"])
                var packet = [UInt8](repeating: 0, count: 65536)
                while true {
                    let count = recv(datagrams, &packet, packet.count, 0)
                    guard count > 0 else { return }
                    let head: [UInt8] = [0x24, 0, UInt8(count >> 8), UInt8(count & 255)]
                    guard connection.write(head + packet[..<count]) else { return }
                }
            default: answer("200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"])
            }
        }
    }

    public func breakConnections() { server.breakConnections() }

    deinit {
        server.stop()
        // Not SIGTERM: the threads that run tests block it, and their children inherit that.
        kill(pusher.processIdentifier, SIGKILL)
        pusher.waitUntilExit()
        shutdown(datagrams, Int32(SHUT_RDWR))
        close(datagrams)
    }
}

/// VLC serving a file over RTSP: a server that nobody here wrote.
public final class VlcServer {
    public let address: String
    private let process = Process()

    /// Starts VLC and waits until it listens.
    ///
    /// VLC refuses to run as root, so root's tests run it as `nobody`; the clip must be readable to that user.
    public init(clip: String, port: UInt16) throws {
        address = "rtsp://127.0.0.1:\(port)/live"
        let vlc = try Tool.find("cvlc", package: "vlc-bin with vlc-plugin-base")
        let arguments = [
            "-q", "--no-dbus", "--loop", clip, "--sout", "#rtp{sdp=\(address)}", "--sout-keep",
        ]
        if geteuid() == 0 {
            process.executableURL = URL(fileURLWithPath: try Tool.find("setpriv", package: "util-linux"))
            process.arguments = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", vlc] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: vlc)
            process.arguments = arguments
        }
        process.environment = (ProcessInfo.processInfo.environment).merging(["HOME": "/nonexistent"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        guard Loopback.awaitListener(port, of: process) else {
            throw ClipError.failed("cvlc", status: process.terminationStatus, output: "it ended before it listened")
        }
    }

    /// Kills it, as a power cut would, and waits until it is gone.
    public func kill() {
        // `setpriv` and the `cvlc` script exec what they start, so the process is VLC itself.
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit { if process.isRunning { kill() } }
}
