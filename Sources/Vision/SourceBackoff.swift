internal import Traffic

/// Pauses between attempts to connect: each up to twice the one before, so that a thousand cameras behind one failed
/// switch don't all come back in the same second.
struct SourceBackoff {
    let range: ClosedRange<Duration>
    private var base: Duration

    init(_ range: ClosedRange<Duration>) {
        self.range = range
        base = range.lowerBound
    }

    /// - Parameter jitter: 0..<1.
    /// - Returns: Between half and all of the pause that is due, and never less than the shortest.
    mutating func next(jitter: Double) -> Duration {
        defer { base = min(range.upperBound, base * 2) }
        let share = 0.5 + min(max(jitter, 0), 1) / 2
        return max(range.lowerBound, .nanoseconds(Int64(Double(base.inNanoseconds) * share)))
    }

    /// After frames have come.
    mutating func reset() { base = range.lowerBound }
}
