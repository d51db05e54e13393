public import Traffic

/// Names one stored passage: `TIME/ID`, its first frame's time and its id, as traces show it.
///
/// The id alone would do, but the database looks it up by time.
public struct PassageReference: Hashable, Sendable, CustomStringConvertible {
    public var seen: EventTime
    public var passage: PassageID

    public init(seen: EventTime, passage: PassageID) {
        self.seen = seen
        self.passage = passage
    }

    /// Reads `2026-03-02T07:31:00Z/0123...`, the id as 32 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let seen = EventTime(rfc3339: String(parts[0])), parts[1].utf8.count == 32 else {
            return nil
        }
        let digits = Array(parts[1])
        guard digits.allSatisfy(\.isHexDigit) else { return nil }
        let bytes = stride(from: 0, to: 32, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
        guard bytes.count == 16 else { return nil }
        self.init(seen: seen, passage: PassageID(bytes))
    }

    public var text: String { "\(seen.rfc3339)/\(passage)" }
    public var description: String { text }
}

extension TraceStep {
    public var reference: PassageReference { PassageReference(seen: seen.time, passage: passage) }
}

extension Anomaly.Sight {
    public var reference: PassageReference { PassageReference(seen: seen.time, passage: passage) }
}
