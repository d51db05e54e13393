/// A stretch of time in which a camera was analysed without a break, inside one minute of UTC.
///
/// A camera that is watched on and on has one for each minute, each beginning where the last ended; between two that
/// don't touch nobody watched. Without a stretch, an empty road and a dead camera look the same.
public struct Coverage: Hashable, Sendable {
    /// Frames further apart than this don't make a stretch: nobody watched between them. The motion gate lets one a
    /// second through, and a source that was away says so with a gap, so only a stream that stalled comes near it.
    public static let longestSilence = Duration.seconds(60)

    public var camera: CameraID
    public var epoch: Epoch
    /// The first frame, or the beginning of the minute where the watching goes on from the minute before.
    public var start: EventTime
    /// The last frame, or the end of the minute where the watching goes on. Not before `start`; both in one minute.
    public var end: EventTime
    /// Analysed frames from `start`, at least 1; one at the very end of the minute belongs to the next.
    public var frames: Int

    public init(camera: CameraID, epoch: Epoch, start: EventTime, end: EventTime, frames: Int) {
        self.camera = camera
        self.epoch = epoch
        self.start = start
        self.end = end
        self.frames = frames
    }

    /// Whether `start` and `end` are in order and inside one minute, its end included.
    public var isInOneMinute: Bool {
        start <= end
            && (end.minute == start.minute || end.nanoseconds == start.minute.nanoseconds &+ EventTime.inMinute)
    }
}

/// What track says of a camera: one record of `passages`.
public enum CameraReport: Hashable, Sendable {
    case passage(Passage)
    case coverage(Coverage)

    public var camera: CameraID {
        switch self {
        case .passage(let passage): passage.camera
        case .coverage(let coverage): coverage.camera
        }
    }

    public var passage: Passage? {
        if case .passage(let passage) = self { passage } else { nil }
    }

    public var coverage: Coverage? {
        if case .coverage(let coverage) = self { coverage } else { nil }
    }
}

extension EventTime {
    static let inMinute: Int64 = 60_000_000_000

    /// The beginning of its minute of UTC.
    public var minute: EventTime {
        let rest = nanoseconds % Self.inMinute
        return EventTime(nanoseconds: nanoseconds &- (rest < 0 ? rest + Self.inMinute : rest))
    }
}
