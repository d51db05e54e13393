import Foundation

/// A camera that serves MJPEG over HTTP and shows exactly the frames that a test hands it.
public final class MjpegServer: @unchecked Sendable {
    public let port: UInt16
    public var address: String { "http://127.0.0.1:\(port)/video" }
    private let server: LoopbackServer
    private let state: State

    private final class State: @unchecked Sendable {
        let changed = NSCondition()
        var frames: [[UInt8]] = []
        var isLast = false
        /// Counts connections: an older one, whose client has gone, must not take the frames of the newest.
        var newest = 0
    }

    /// - Parameter port: 0 picks a free one.
    public init(port: UInt16 = 0) throws {
        let state = State()
        self.state = state
        server = try LoopbackServer(port: port) { connection in
            guard connection.readHead() != nil else { return }
            connection.write("HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=shot\r\n\r\n")
            state.changed.lock()
            state.newest += 1
            let number = state.newest
            state.changed.broadcast()
            state.changed.unlock()
            while true {
                state.changed.lock()
                while state.frames.isEmpty && !state.isLast && state.newest == number { state.changed.wait() }
                guard state.newest == number else {
                    state.changed.unlock()
                    return
                }
                let frame = state.frames.isEmpty ? nil : state.frames.removeFirst()
                if frame == nil { state.isLast = false }
                state.changed.unlock()
                guard let frame else { return }
                connection.write("--shot\r\nContent-Type: image/jpeg\r\nContent-Length: \(frame.count)\r\n\r\n")
                guard connection.write(frame + [13, 10]) else { return }
            }
        }
        self.port = server.port
    }

    /// Hands frames to the connection that is there, or to the next one.
    public func show(_ frames: [[UInt8]]) { change { $0.frames += frames } }

    /// Ends the present or next connection once it has been given everything.
    public func hangUp() { change { $0.isLast = true } }

    private func change(_ body: (State) -> Void) {
        state.changed.lock()
        body(state)
        state.changed.broadcast()
        state.changed.unlock()
    }

    deinit {
        server.stop()
        change { $0.isLast = true }
    }
}
