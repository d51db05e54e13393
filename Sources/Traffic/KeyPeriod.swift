/// A stretch of UTC that one data key and one set of partitions cover: a day, or a part of one in whole minutes.
///
/// The database decides which there are (its table `slot`). They are aligned: periods of one length divide a day.
public struct KeyPeriod: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Minutes that a period may have, longest first: they divide an hour, or are whole hours and divide a day.
    public static let lengths = [1440, 720, 480, 360, 240, 180, 120, 60, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1]

    public let start: EventTime
    /// One of ``lengths``.
    public let minutes: Int

    /// The period of that length in which a moment lies.
    ///
    /// - Parameter minutes: One of ``lengths``.
    public init(containing time: EventTime, minutes: Int) {
        precondition(Self.lengths.contains(minutes), "a key period divides a day")
        let length = Int64(minutes) * 60_000_000_000
        let rest = time.nanoseconds % length
        start = EventTime(nanoseconds: time.nanoseconds - (rest < 0 ? rest + length : rest))
        self.minutes = minutes
    }

    /// The UTC day in which a moment lies.
    public static func day(_ time: EventTime) -> KeyPeriod { KeyPeriod(containing: time, minutes: 1440) }

    /// Reads what ``description`` gives; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        if parts.count == 3, let time = EventTime(rfc3339: "\(text)T00:00:00Z") {
            self = .day(time)
        } else if parts.count == 4, let length = parts.last, length.hasSuffix("m"),
            let minutes = Int(length.dropLast()),
            Self.lengths.contains(minutes), minutes < 1440, parts[2].count == 8, parts[2].hasSuffix("Z"),
            let time = EventTime(
                rfc3339: "\(text.prefix(13)):\(text.dropFirst(13).prefix(2)):00Z")
        {
            self.init(containing: time, minutes: minutes)
        } else {
            return nil
        }
        guard description == text else { return nil }
    }

    /// Not part of it.
    public var end: EventTime { EventTime(nanoseconds: start.nanoseconds + Int64(minutes) * 60_000_000_000) }
    public var isDay: Bool { minutes == 1440 }
    public func contains(_ time: EventTime) -> Bool { start <= time && time < end }

    /// `2026-03-02` for a day, else for example `2026-03-02T0730Z-5m`: safe in file names.
    public var description: String {
        if isDay { return start.utcDay }
        let text = start.rfc3339
        return "\(text.prefix(13))\(text.dropFirst(14).prefix(2))Z-\(minutes)m"
    }

    /// By start, then by length.
    public static func < (a: KeyPeriod, b: KeyPeriod) -> Bool {
        (a.start, a.minutes) < (b.start, b.minutes)
    }
}
