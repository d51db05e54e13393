internal import CVision
internal import Stages
internal import Traffic

/// Asks a source to stop, from any thread.
final class StopSignal: @unchecked Sendable {
    // An atomic flag below the shim, where FFmpeg's own waits look at it.
    fileprivate let handle: OpaquePointer
    init() { handle = vision_stop_create()! }
    deinit { vision_stop_destroy(handle) }
    func request() { vision_stop_request(handle) }
    var isRequested: Bool { vision_stop_requested(handle) }
}

/// An open video file or live stream, read frame by frame.
struct VideoCapture: ~Copyable {
    struct Info {
        /// By the container; nil where it does not say.
        var frames: Int?
        var duration: Duration?
        var framesPerSecond: Double?
    }

    struct Frame {
        /// Since the stream's start; nil when the frame carries none.
        var presentation: Duration?
        var isKey: Bool
        var isDamaged: Bool
    }

    enum Step {
        case frame(Frame)
        case end
        /// Reading failed or timed out, and why.
        case broken(String)
        case stopped
    }

    let info: Info
    private let stop: StopSignal
    private let handle: OpaquePointer

    init(
        _ source: String, threads: Int, openTimeout: Duration, readTimeout: Duration, stop: StopSignal
    ) throws(VisionError) {
        var created: OpaquePointer?
        var info = vision_video_info()
        try checked { error in
            vision_capture_open(
                source, Int32(threads), openTimeout.inNanoseconds, readTimeout.inNanoseconds, stop.handle, &created,
                &info, &error)
        }
        self.info = Info(
            frames: info.frames > 0 ? Int(info.frames) : nil,
            duration: info.duration > 0 ? .nanoseconds(info.duration) : nil,
            framesPerSecond: info.rate > 0 ? info.rate : nil)
        self.stop = stop
        handle = created!  // the shim's contract: ok always sets it
    }

    deinit { withExtendedLifetime(stop) { vision_capture_close(handle) } }

    /// Decodes the next frame; its pixels stay below until asked for.
    ///
    /// - Parameter packets: Set to the packets of the video read so far.
    mutating func step(packets: inout Int) throws(VisionError) -> Step {
        var grab = vision_grab()
        var note = vision_error()
        try checked { error in
            let status = vision_capture_grab(handle, &grab, &error)
            note = error
            return status
        }
        packets = Int(grab.packets)
        switch grab.outcome {
        case .frame:
            return .frame(
                Frame(
                    presentation: grab.presentation == .min ? nil : .nanoseconds(grab.presentation),
                    isKey: grab.key, isDamaged: grab.damaged))
        case .end: return .end
        case .broken, .timedOut: return .broken(note.text)
        case .stopped: return .stopped
        }
    }

    /// The grabbed frame, upright, BGR, in storage of its own.
    func picture() throws(VisionError) -> Picture {
        try Picture.made { image, error in vision_capture_picture(handle, image, &error) }
    }

    /// The grabbed frame's brightness for a ``MotionGate``.
    func thumbnail() throws(VisionError) -> [UInt8] {
        var error = vision_error()
        var status = VisionStatus.ok
        let cells = [UInt8](unsafeUninitializedCapacity: MotionGate.width * MotionGate.height) { buffer, count in
            status = vision_capture_thumbnail(
                handle, Int32(MotionGate.width), Int32(MotionGate.height), buffer.baseAddress!, &error)
            if status != .ok { buffer.initialize(repeating: 0) }
            count = buffer.count
        }
        try checked {
            $0 = error
            return status
        }
        return cells
    }
}

extension vision_error {
    var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
