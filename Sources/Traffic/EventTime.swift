/// A moment by a camera's clock: nanoseconds since 1970-01-01T00:00:00 UTC.
///
/// Range: years 1677 to 2262. All times in Gantry are event times; nothing compares them with a wall clock.
public struct EventTime: Hashable, Comparable, Sendable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// - Parameter seconds: Seconds since 1970 UTC, rounded to the nearest nanosecond a `Double` can tell apart.
    public init(seconds: Double) { nanoseconds = Int64((seconds * 1e9).rounded()) }

    /// Seconds since 1970 UTC; exact to about a quarter of a microsecond in this century.
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    public static func < (a: EventTime, b: EventTime) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func - (a: EventTime, b: EventTime) -> Duration { .nanoseconds(a.nanoseconds - b.nanoseconds) }
    public static func + (a: EventTime, b: Duration) -> EventTime {
        EventTime(nanoseconds: a.nanoseconds + b.inNanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds; the attoseconds below are dropped.
    public var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Seconds as a floating-point number.
    public var inSeconds: Double { Double(inNanoseconds) / 1e9 }
}
