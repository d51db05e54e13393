internal import Glibc
internal import Logging
internal import Stages
internal import Traffic

/// Reads one live stream on a thread of its own, and connects again whenever it is lost.
///
/// Every connection that gives a frame is an epoch. Every outage makes one gap record, however many attempts it
/// takes: in the epoch that broke off, as its last record, or in one of its own where there was none yet.
final class SourceLive {
    private let settings: CameraSourceSettings
    private let address: String
    private let queue: SourceLiveQueue
    private let stop: StopSignal
    private let view: SourceView
    private let clock: @Sendable () -> EventTime
    private let jitter: @Sendable () -> Double
    private let logger: Logger
    private var backoff: SourceBackoff
    private var epoch: Epoch?
    private var frames = 0
    private var last: EventTime?
    private var isOut = false

    init(
        _ settings: CameraSourceSettings, address: String, queue: SourceLiveQueue, stop: StopSignal, view: SourceView,
        clock: @escaping @Sendable () -> EventTime, jitter: @escaping @Sendable () -> Double, logger: Logger
    ) {
        self.settings = settings
        self.address = address
        self.queue = queue
        self.stop = stop
        self.view = view
        self.clock = clock
        self.jitter = jitter
        self.logger = logger
        backoff = SourceBackoff(settings.live.retry)
    }

    /// Starts the thread. It ends soon after `stop` is requested and `queue` closed.
    ///
    /// - Throws: ``SourceError/noThread(_:)``.
    static func start(_ reader: consuming sending SourceLive) throws(SourceError) {
        let queue = reader.queue
        queue.readerStarted()
        let held = Unmanaged.passRetained(reader)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { held in
                let reader = Unmanaged<SourceLive>.fromOpaque(held!).takeRetainedValue()
                reader.run()
                reader.queue.readerEnded()
                return nil
            }, held.toOpaque())
        guard status == 0 else {
            held.release()
            queue.readerEnded()
            throw .noThread(String(cString: strerror(status)))
        }
        pthread_detach(thread)
    }

    private func run() {
        while !stop.isRequested {
            do {
                var capture = try VideoCapture(
                    address, threads: settings.decoderThreads, openTimeout: settings.live.openTimeout,
                    readTimeout: settings.live.readTimeout, stop: stop)
                lost(try read(&capture, connected: now()))
            } catch {
                lost(error.reason)
            }
            guard queue.pause(backoff.next(jitter: jitter())) else { return }
            view.count("reconnects")
        }
    }

    /// Reads one connection to its end.
    ///
    /// - Returns: Why it ended.
    private func read(_ capture: inout VideoCapture, connected: EventTime) throws(VisionError) -> String {
        var selection = SourceSelection(settings)
        var damage = SourceDamage()
        var packets = 0
        var isFirst = true
        while true {
            let frame: VideoCapture.Frame
            switch try capture.step(packets: &packets) {
            case .frame(let found): frame = found
            case .end: return "the stream ended"
            case .broken(let why): return why
            case .stopped: return "stopped"
            }
            if isFirst {
                isFirst = false
                begin(connected)
            }
            let id = FrameID(camera: settings.camera, epoch: epoch!, frame: frames)
            let time = now()
            frames += 1
            if frame.isDamaged { view.count("damaged") }
            if damage.begins(damaged: frame.isDamaged, key: frame.isKey) {
                let reason = "\(settings.source) is damaged at frame \(id.frame), \(time.rfc3339); decoding goes on"
                queue.push(.rejected(BadRecord(code: SourceFault.damaged, reason: reason), id, time))
            }
            var passes = selection.samples(time)
            if passes, selection.isGated { passes = selection.passes(try capture.thumbnail(), at: time) }
            if passes {
                queue.push(.record(StreamRecord(id: id, time: time, body: .frame(try capture.picture()))))
            }
            view.publish(frames, of: nil, selection.takeTallies())
            view.count("dropped", queue.takeDropped())
        }
    }

    private func begin(_ connected: EventTime) {
        epoch = Epoch(camera: settings.camera, started: connected)
        frames = 0
        isOut = false
        backoff.reset()
        logger.info("camera connected", metadata: ["source": "\(settings.source)", "epoch": "\(epoch!)"])
    }

    private func lost(_ reason: String) {
        guard !stop.isRequested, !isOut else { return }
        isOut = true
        let time = now()
        let broken = epoch ?? Epoch(camera: settings.camera, started: time)
        epoch = nil
        logger.warning("camera lost", metadata: ["source": "\(settings.source)", "reason": "\(reason)"])
        let id = FrameID(camera: settings.camera, epoch: broken, frame: frames)
        queue.push(.record(StreamRecord(id: id, time: time, body: .gap(reason: reason))))
    }

    /// The clock, made to rise strictly: frames that a connection brings in one burst must not share a time.
    private func now() -> EventTime {
        let time = max(clock(), last.map { $0 + .nanoseconds(1) } ?? EventTime(nanoseconds: .min))
        last = time
        return time
    }
}
