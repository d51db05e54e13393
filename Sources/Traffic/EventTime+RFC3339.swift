extension EventTime {
    /// RFC 3339 in UTC with at least milliseconds and no trailing zeros beyond them: `2026-03-02T07:30:00.100Z`.
    public var rfc3339: String {
        let (seconds, fraction) = Self.divideFloor(nanoseconds, 1_000_000_000)
        let second = Self.divideFloor(seconds, 86_400).remainder
        return String(unsafeUninitializedCapacity: 40) { buffer in
            var text = DigitWriter(buffer)
            Self.write(dayOf: seconds, to: &text)
            text.write(UInt8(ascii: "T"))
            text.write(second / 3600, digits: 2)
            text.write(UInt8(ascii: ":"))
            text.write(second / 60 % 60, digits: 2)
            text.write(UInt8(ascii: ":"))
            text.write(second % 60, digits: 2)
            text.write(UInt8(ascii: "."))
            var (value, digits) = (fraction, 9)
            while digits > 3, value % 10 == 0 { (value, digits) = (value / 10, digits - 1) }
            text.write(value, digits: digits)
            text.write(UInt8(ascii: "Z"))
            return text.count
        }
    }

    /// The day in UTC: `2026-03-02`.
    public var utcDay: String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            var text = DigitWriter(buffer)
            Self.write(dayOf: Self.divideFloor(nanoseconds, 1_000_000_000).quotient, to: &text)
            return text.count
        }
    }

    private static func write(dayOf seconds: Int64, to text: inout DigitWriter) {
        let (year, month, day) = civil(fromDays: divideFloor(seconds, 86_400).quotient)
        text.write(year, digits: 4)
        text.write(UInt8(ascii: "-"))
        text.write(month, digits: 2)
        text.write(UInt8(ascii: "-"))
        text.write(day, digits: 2)
    }

    /// Reads RFC 3339 with `Z` or a numeric offset and up to nine fraction digits; nil for anything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int64? {
            guard from + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[from..<from + count] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        func character(_ at: Int) -> Character? { at < bytes.count ? Character(UnicodeScalar(bytes[at])) : nil }
        guard let year = number(0, 4), character(4) == "-", let month = number(5, 2), (1...12).contains(month),
            character(7) == "-", let day = number(8, 2), (1...31).contains(day),
            let separator = character(10), "Tt ".contains(separator),
            let hour = number(11, 2), hour < 24, character(13) == ":", let minute = number(14, 2), minute < 60,
            character(16) == ":", let second = number(17, 2), second < 61
        else { return nil }
        var at = 19
        var fraction: Int64 = 0
        if character(at) == "." {
            at += 1
            var scale: Int64 = 100_000_000
            let first = at
            while let digit = number(at, 1), at - first < 9 {
                fraction += digit * scale
                scale /= 10
                at += 1
            }
            guard at > first else { return nil }
        }
        var offset: Int64 = 0
        switch character(at) {
        case "Z", "z": at += 1
        case "+", "-":
            guard let hours = number(at + 1, 2), character(at + 3) == ":", let minutes = number(at + 4, 2) else {
                return nil
            }
            offset = (hours * 3600 + minutes * 60) * (character(at) == "-" ? -1 : 1)
            at += 6
        default: return nil
        }
        guard at == bytes.count, (1678...2261).contains(year) else { return nil }
        let days = Self.days(fromYear: year, month: month, day: day)
        let check = Self.civil(fromDays: days)
        guard check.day == day, check.month == month else { return nil }
        self.init(nanoseconds: (days * 86_400 + hour * 3600 + minute * 60 + second - offset) * 1_000_000_000 + fraction)
    }

    private static func divideFloor(_ value: Int64, _ by: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = ((value % by) + by) % by
        return ((value - remainder) / by, remainder)
    }

    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = divideFloor(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Source: as above, days_from_civil.
    private static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let (era, yearOfEra) = divideFloor(month <= 2 ? year - 1 : year, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Writes ASCII into a buffer that is large enough: times are written for every row that is stored.
private struct DigitWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func write(_ byte: UInt8) {
        buffer[count] = byte
        count += 1
    }

    /// - Parameter value: Not negative, and of no more digits: years here are 1677 to 2262.
    mutating func write(_ value: Int64, digits: Int) {
        var rest = value
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }
}
