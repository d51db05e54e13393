public import Traffic

/// A day in UTC.
public struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1970-01-01.
    public let number: Int32

    public init(number: Int32) { self.number = number }

    /// The day in which a moment lies.
    public init(_ time: EventTime) {
        let perDay: Int64 = 86_400_000_000_000
        let quotient = time.nanoseconds / perDay
        number = Int32(time.nanoseconds % perDay < 0 ? quotient - 1 : quotient)
    }

    /// Reads `2026-03-02`; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 10, let time = EventTime(rfc3339: "\(text)T00:00:00Z") else { return nil }
        self.init(time)
    }

    /// Midnight.
    public var start: EventTime { EventTime(nanoseconds: Int64(number) * 86_400_000_000_000) }
    /// `2026-03-02`.
    public var description: String { start.utcDay }
    public static func < (a: Day, b: Day) -> Bool { a.number < b.number }
}

/// A period in which tokens can be compared: a whole number of days, counted from Monday, 1970-01-05.
public struct TokenEpoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: Int32

    public init(number: Int32) { self.number = number }

    /// - Parameter days: The length of an epoch; positive.
    public init(_ time: EventTime, days: Int) {
        let sinceMonday = Int(Day(time).number) - 4
        number = Int32(sinceMonday >= 0 ? sinceMonday / days : -((-sinceMonday + days - 1) / days))
    }

    /// When its last day is over.
    ///
    /// - Parameter days: The length of an epoch; positive.
    public func end(days: Int) -> EventTime {
        EventTime(nanoseconds: (Int64(number + 1) * Int64(days) + 4) * 86_400_000_000_000)
    }

    public var description: String { String(number) }
    public static func < (a: TokenEpoch, b: TokenEpoch) -> Bool { a.number < b.number }
}
