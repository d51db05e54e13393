internal import Glibc
public import Logging
public import Stages
internal import Synchronization
public import Traffic

/// What a source yields, in order.
public enum SourceEvent: Sendable {
    case record(StreamRecord<Picture>)
    /// Something in the source that can't be decoded: for `frames.rejected`, with where it broke.
    case rejected(BadRecord, FrameID, EventTime)
}

/// How far a source has come.
public struct SourceProgress: Hashable, Sendable {
    /// Frames decoded so far, skipped ones included; in the current epoch for a live source.
    public var frames: Int
    /// All frames, where file or folder says; nil otherwise.
    public var total: Int?
}

/// One camera's pictures: a video file, a folder of images, or a live stream.
///
/// Pull from one thread with ``next()``, which blocks: give each camera a thread of its own, not one of the
/// cooperative pool. Files and folders are decoded inside the call, so a slow consumer slows them; a live source has
/// a thread that reads on and drops the oldest frames. The other members may be called from any thread.
public final class CameraSource: Sendable {
    public let settings: CameraSourceSettings
    private let stopSignal = StopSignal()
    private let queue: SourceLiveQueue
    private let view = SourceView()
    private let clock: @Sendable () -> EventTime
    private let jitter: @Sendable () -> Double
    private let logger: Logger
    private let reader = Mutex(Reader.unopened)

    private enum Reader: ~Copyable {
        case unopened
        case file(VideoFile)
        case folder(ImageFolder)
        case live
        case finished
    }

    /// The system's clock, in UTC.
    public static let wallClock: @Sendable () -> EventTime = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return EventTime(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }

    /// Opens nothing yet.
    ///
    /// - Parameters:
    ///   - clock: Times the frames of live sources; files and folders never look at it.
    ///   - jitter: 0..<1; spreads the attempts to reconnect.
    public init(
        _ settings: CameraSourceSettings, clock: @escaping @Sendable () -> EventTime = CameraSource.wallClock,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, logger: Logger
    ) {
        self.settings = settings
        self.clock = clock
        self.jitter = jitter
        queue = SourceLiveQueue(capacity: settings.live.buffer)
        var logger = logger
        logger[metadataKey: "camera"] = "\(settings.camera)"
        self.logger = logger
    }

    deinit { stop() }

    /// Waits for the next event; nil once the source has ended or was stopped.
    ///
    /// A file or folder gives its frames, rejected records where it is damaged, and one `endOfStream` record. A live
    /// source never ends: when it is lost it gives one gap record, then the frames of a new epoch once it is back.
    ///
    /// - Throws: ``SourceError`` when the source can't be read at all; nothing follows.
    public func next() throws(SourceError) -> SourceEvent? {
        let result: Result<SourceEvent?, SourceError> = reader.withLock { reader in
            do throws(SourceError) {
                return .success(try advance(&reader))
            } catch {
                reader = .finished
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Ends the source: ``next()`` gives nil from now on, and a call that waits returns within a tenth of a second.
    public func stop() {
        stopSignal.request()
        queue.close()
    }

    public var progress: SourceProgress { view.progress }

    /// What was skipped or mended since the last call, by reason: `sampled-out`, `gated`, `damaged`, `time-mended`,
    /// and for live sources `dropped` (the consumer lagged) and `reconnects` (attempts).
    public func takeTallies() -> [Tally: Int] { view.takeTallies() }

    private func advance(_ reader: inout Reader) throws(SourceError) -> SourceEvent? {
        let event: SourceEvent?
        switch consume reader {
        case .unopened:
            reader = .finished
            if !stopSignal.isRequested { reader = try open() }
            return try advance(&reader)
        case .file(var file):
            event = file.next()
            view.publish(file.frames, of: file.framesPromised, file.takeTallies())
            reader = event == nil ? .finished : .file(file)
        case .folder(var folder):
            event = folder.next()
            view.publish(folder.frames, of: folder.framesPromised, folder.takeTallies())
            reader = event == nil ? .finished : .folder(folder)
        case .live:
            event = queue.pop()
            if event == nil { queue.awaitReader(atMost: .seconds(1)) }
            reader = event == nil ? .finished : .live
        case .finished:
            event = nil
            reader = .finished
        }
        return event
    }

    private func open() throws(SourceError) -> Reader {
        switch settings.source {
        case .path(let path):
            let status = try SourceFiles.status(of: path)
            try SourceFiles.checkReadable(path)
            if status.isFolder { return .folder(try ImageFolder(settings, path: path, stop: stopSignal)) }
            return .file(VideoFile(settings, path: path, modified: status.modified, stop: stopSignal))
        case .live(let address):
            try SourceLive.start(
                SourceLive(
                    settings, address: address, queue: queue, stop: stopSignal, view: view, clock: clock,
                    jitter: jitter, logger: logger))
            return .live
        }
    }
}
