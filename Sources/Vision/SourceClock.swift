internal import Traffic

/// Gives each frame of a file its event time: start plus presentation time, mended where a container is broken.
///
/// Times rise strictly. A presentation time that is missing, does not rise, or leaps by more than a day is replaced by
/// the previous time plus one frame's interval.
struct SourceClock {
    static let leapMax = Duration.seconds(86_400)
    let started: EventTime
    let interval: Duration
    private(set) var last: EventTime?
    /// Times that were replaced.
    private(set) var mended = 0

    /// - Parameter framesPerSecond: Nominal rate; 25 is assumed where nothing says.
    init(started: EventTime, framesPerSecond: Double?) {
        self.started = started
        let rate = framesPerSecond.flatMap { $0 > 0 && $0 <= 1000 ? $0 : nil } ?? 25
        interval = .nanoseconds(Int64((1e9 / rate).rounded()))
    }

    /// - Parameters:
    ///   - frame: Decoded frames before this one.
    ///   - presentation: Since the stream's start; nil when the frame carries none.
    mutating func time(frame: Int, presentation: Duration?) -> EventTime {
        let time: EventTime
        // Beyond a year a time is nonsense, and might overflow what it is added to.
        if let presentation, (Self.leapMax * -365...Self.leapMax * 365).contains(presentation),
            isPlausible(started + presentation)
        {
            time = started + presentation
        } else {
            mended += 1
            time = last.map { $0 + interval } ?? started + interval * frame
        }
        last = time
        return time
    }

    private func isPlausible(_ time: EventTime) -> Bool {
        let since = time - (last ?? started)
        return since <= Self.leapMax && (last == nil ? since >= .zero : since > .zero)
    }
}

/// Tells where a source broke, once per break rather than once per frame.
struct SourceDamage {
    private var broken = false

    /// - Returns: Whether this frame is the first of a break. The break lasts until a clean key frame.
    mutating func begins(damaged: Bool, key: Bool) -> Bool {
        if damaged {
            defer { broken = true }
            return !broken
        }
        if key { broken = false }
        return false
    }
}

/// What a file promised, compared with what it gave.
struct SourceEnding {
    /// Frames and length by the container; nil where it does not say.
    var promisedFrames: Int?
    var promisedLength: Duration?
    var packets: Int
    /// Length up to the end of the last frame.
    var length: Duration
    var interval: Duration
    /// Why reading stopped, where it failed.
    var failure: String?

    /// Why the file counts as cut short; nil when it gave all it promised.
    var shortfall: String? {
        if let failure { return failure }
        if let promisedFrames, packets < promisedFrames {
            return "its index promises \(promisedFrames) frames, it holds \(packets)"
        }
        // Containers round their length, and sound may last a little longer than the pictures.
        if let promisedLength, length + interval * 2 + .seconds(1) < promisedLength {
            return "its header promises \(seconds(promisedLength)), it holds \(seconds(length))"
        }
        return nil
    }

    private func seconds(_ duration: Duration) -> String {
        "\(duration.inNanoseconds / 1_000_000_000).\(String(duration.inNanoseconds / 100_000_000 % 10)) s"
    }
}
