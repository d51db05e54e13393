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
    private let reader: Mutex<Reader>
    private let view: Mutex<View>

    private struct View {
        var progress = SourceProgress(frames: 0, total: nil)
        var tallies: [Tally: Int] = [:]
    }

    private enum Reader: ~Copyable {
        case unopened
        case file(VideoFile)
        case folder(ImageFolder)
        case finished
    }

    public init(_ settings: CameraSourceSettings, logger: Logger) {
        self.settings = settings
        reader = Mutex(.unopened)
        view = Mutex(View())
    }

    /// Waits for the next event; nil once the source has ended or was stopped.
    ///
    /// A file or folder gives its frames, rejected records where it is damaged, and one `endOfStream` record.
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
    public func stop() { stopSignal.request() }

    public var progress: SourceProgress { view.withLock { $0.progress } }

    /// What was skipped since the last call, by reason: `sampled-out`, `gated`, `damaged`, `time-mended`.
    public func takeTallies() -> [Tally: Int] {
        view.withLock { view in
            defer { view.tallies = [:] }
            return view.tallies
        }
    }

    private func advance(_ reader: inout Reader) throws(SourceError) -> SourceEvent? {
        if stopSignal.isRequested { reader = .finished }
        let event: SourceEvent?
        switch consume reader {
        case .unopened:
            reader = .finished
            reader = try open()
            return try advance(&reader)
        case .file(var file):
            event = file.next()
            publish(file.frames, of: file.framesPromised, file.takeTallies())
            reader = event == nil ? .finished : .file(file)
        case .folder(var folder):
            event = folder.next()
            publish(folder.frames, of: folder.framesPromised, folder.takeTallies())
            reader = event == nil ? .finished : .folder(folder)
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
            throw .unknownScheme(String(address.prefix { $0 != ":" }))
        }
    }

    private func publish(_ frames: Int, of total: Int?, _ tallies: [Tally: Int]) {
        view.withLock { view in
            view.progress = SourceProgress(frames: frames, total: total)
            view.tallies.merge(tallies, uniquingKeysWith: +)
        }
    }
}
