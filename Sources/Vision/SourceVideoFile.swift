internal import Stages
internal import Traffic

/// Reads one video file from its first frame to its last, or to where it breaks.
struct VideoFile: ~Copyable {
    private let settings: CameraSourceSettings
    private let path: String
    private let epoch: Epoch
    private let stop: StopSignal
    private var clock: SourceClock
    private var selection: SourceSelection
    private var damage = SourceDamage()
    private var capture: VideoCapture?
    private var pending: [SourceEvent] = []
    private var opened = false, ended = false
    private var tallies: [Tally: Int] = [:]
    private(set) var frames = 0
    private var info = VideoCapture.Info()
    private var packets = 0
    var framesPromised: Int? { info.frames }

    init(_ settings: CameraSourceSettings, path: String, modified: EventTime, stop: StopSignal) {
        self.settings = settings
        self.path = path
        self.stop = stop
        let started = settings.started ?? modified
        epoch = Epoch(camera: settings.camera, started: started)
        clock = SourceClock(started: started, framesPerSecond: settings.framesPerSecond)
        selection = SourceSelection(settings)
    }

    mutating func next() -> SourceEvent? {
        while !stop.isRequested {
            if !pending.isEmpty { return pending.removeFirst() }
            if ended { return nil }
            if opened { step() } else { open() }
        }
        return nil
    }

    mutating func takeTallies() -> [Tally: Int] {
        defer { tallies = [:] }
        var all = tallies.merging(selection.takeTallies(), uniquingKeysWith: +)
        if clock.mended > mendedTold { all["time-mended"] = clock.mended - mendedTold }
        mendedTold = clock.mended
        return all
    }
    private var mendedTold = 0

    private var id: FrameID { FrameID(camera: settings.camera, epoch: epoch, frame: frames) }

    private mutating func open() {
        opened = true
        do {
            // A file answers at once, unless it lies on a share that has gone: then this ends the wait.
            let capture = try VideoCapture(
                path, threads: settings.decoderThreads, openTimeout: settings.live.openTimeout,
                readTimeout: settings.live.readTimeout, stop: stop)
            clock = SourceClock(
                started: clock.started, framesPerSecond: capture.info.framesPerSecond ?? settings.framesPerSecond)
            info = capture.info
            self.capture = consume capture
        } catch {
            end(BadRecord(code: SourceFault.notVideo, reason: "\(path) can't be decoded: \(error.reason)"))
        }
    }

    private mutating func step() {
        do {
            switch try capture!.step(packets: &packets) {
            case .frame(let frame): try take(frame)
            case .end: finish(failure: nil)
            case .broken(let why): finish(failure: why)
            case .stopped: ended = true
            }
        } catch {
            finish(failure: error.reason)
        }
    }

    private mutating func take(_ frame: VideoCapture.Frame) throws(VisionError) {
        let id = id
        let time = clock.time(frame: frames, presentation: frame.presentation)
        frames += 1
        if frame.isDamaged { tallies["damaged", default: 0] += 1 }
        if damage.begins(damaged: frame.isDamaged, key: frame.isKey) {
            let reason = "\(path) is damaged at frame \(id.frame), \(time.rfc3339); decoding goes on behind it"
            pending.append(.rejected(BadRecord(code: SourceFault.damaged, reason: reason), id, time))
        }
        guard selection.samples(time) else { return }
        if selection.isGated, !selection.passes(try capture!.thumbnail(), at: time) { return }
        pending.append(.record(StreamRecord(id: id, time: time, body: .frame(try capture!.picture()))))
    }

    private mutating func finish(failure: String?) {
        let length = clock.last.map { $0 - clock.started + clock.interval } ?? .zero
        let ending = SourceEnding(
            promisedFrames: info.frames, promisedLength: info.duration, packets: packets, length: length,
            interval: clock.interval, failure: failure)
        end(
            ending.shortfall.map {
                let after = clock.last.map { "after frame \(frames - 1), \($0.rfc3339)" } ?? "before its first frame"
                return BadRecord(code: SourceFault.endsEarly, reason: "\(path) breaks off \(after): \($0)")
            })
    }

    private mutating func end(_ fault: BadRecord?) {
        ended = true
        capture = nil
        let time = clock.last ?? clock.started
        if let fault { pending.append(.rejected(fault, id, time)) }
        pending.append(.record(StreamRecord(id: id, time: time, body: .endOfStream)))
    }
}

extension VisionError {
    /// What happened, without the code that another message carries already.
    var reason: String {
        switch self {
        case .unreadable(let what), .badImage(let what), .badModel(let what), .internalFault(let what): what
        }
    }
}
