public import Stages
public import Traffic

/// Where a camera's pictures come from, by the form of its `source` setting.
public enum SourceAddress: Hashable, Sendable, CustomStringConvertible {
    /// A video file, or a folder of still images: which one is seen when it is opened.
    case path(String)
    /// An `rtsp`, `rtsps`, `http` or `https` address of a live stream.
    case live(String)

    /// - Throws: ``SourceError/unknownScheme(_:)`` for another kind of address.
    public init(_ text: String) throws(SourceError) {
        guard let separator = text.firstRange(of: "://") else {
            self = .path(text)
            return
        }
        switch text[..<separator.lowerBound].lowercased() {
        case "rtsp", "rtsps", "http", "https": self = .live(text)
        case "file": self = .path(String(text[separator.upperBound...]))
        default: throw .unknownScheme(String(text[..<separator.lowerBound]))
        }
    }

    /// Fit for logs: without the user and password that a camera's address may carry.
    public var description: String {
        switch self {
        case .path(let path): return path
        case .live(let address):
            guard let separator = address.firstRange(of: "://") else { return address }
            let rest = address[separator.upperBound...]
            let host = rest.prefix { $0 != "/" && $0 != "?" }
            guard let at = host.lastIndex(of: "@") else { return address }
            return String(address[..<separator.upperBound] + rest[rest.index(after: at)...])
        }
    }
}

/// One camera's source and how it is read.
public struct CameraSourceSettings: Hashable, Sendable {
    public var camera: CameraID
    public var source: SourceAddress
    /// Event time of the first frame of a file or folder; nil: the file's modification time. Not for live sources.
    public var started: EventTime?
    /// Frames per second. Required for a folder; for a file, used only where the container carries no times.
    public var framesPerSecond: Double?
    public var sampling: SamplingRate
    /// nil: every sampled frame goes on.
    public var motion: MotionGate.Settings?
    /// Threads inside the decoder. One gives the most frames per core; more give a single 4K stream its frame rate.
    public var decoderThreads: Int
    public var live: LiveSettings

    public init(
        camera: CameraID, source: SourceAddress, started: EventTime? = nil, framesPerSecond: Double? = nil,
        sampling: SamplingRate = .all, motion: MotionGate.Settings? = nil, decoderThreads: Int = 1,
        live: LiveSettings = LiveSettings()
    ) {
        self.camera = camera
        self.source = source
        self.started = started
        self.framesPerSecond = framesPerSecond
        self.sampling = sampling
        self.motion = motion
        self.decoderThreads = decoderThreads
        self.live = live
    }
}

/// How a live source waits, tries again and sheds.
public struct LiveSettings: Hashable, Sendable {
    /// How long a connection may take before it counts as failed.
    public var openTimeout: Duration
    /// How long a connected camera may stay silent before it counts as lost.
    public var readTimeout: Duration
    /// First and longest pause between attempts to connect; it doubles from one to the other.
    public var retry: ClosedRange<Duration>
    /// Frames kept for a consumer that lags; when they are full the oldest is dropped. 2...8.
    public var buffer: Int

    public init(
        openTimeout: Duration = .seconds(10), readTimeout: Duration = .seconds(10),
        retry: ClosedRange<Duration> = .seconds(1) ... .seconds(30), buffer: Int = 4
    ) {
        precondition((2...8).contains(buffer), "a live buffer of \(buffer) frames")
        self.openTimeout = openTimeout
        self.readTimeout = readTimeout
        self.retry = retry
        self.buffer = buffer
    }
}
