public import Traffic

/// How many of a camera's frames are analysed.
public enum SamplingRate: Hashable, Sendable {
    /// Every decoded frame.
    case all
    /// At most so many frames in a second of event time; 0 < rate <= 1000.
    case perSecond(Double)
}

/// Keeps frames on a regular grid of event time, so that the rate holds whatever rate the source has.
public struct SampleFrames: Sendable {
    private let period: Int64
    private var due: EventTime?

    public init(_ rate: SamplingRate) {
        switch rate {
        case .all: period = 0
        case .perSecond(let rate):
            precondition(rate > 0 && rate <= 1000, "a sampling rate of \(rate) a second is no rate")
            period = Int64((1e9 / rate).rounded())
        }
    }

    /// Whether the frame at `time` is analysed. Call once for each decoded frame, in order.
    public mutating func keeps(_ time: EventTime) -> Bool {
        guard period > 0 else { return true }
        guard let due else {
            self.due = time + .nanoseconds(period)
            return true
        }
        // Containers round times to milliseconds; a tenth of a period forgives that, or a source as fast as the
        // rate would lose every second frame.
        let late = time.nanoseconds - due.nanoseconds
        guard late >= -(period / 10) else { return false }
        let periodsPassed = late < period ? 1 : late / period + 1
        self.due = due + .nanoseconds(periodsPassed * period)
        return true
    }
}
