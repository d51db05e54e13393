internal import Foundation
internal import Stages
internal import Traffic

extension PipelineFormat where Value == PipelineSampling {
    static var sampling: Self {
        let rate = PipelineFormat<Double>.rate(0.001...1000)
        return Self { text throws(PipelineMisfit) in text == "all" ? .all : .perSecond(try rate.parse(text)) }
    }
}

extension PipelineFormat where Value == PipelineMotionGate {
    static var motionGate: Self {
        let share = PipelineFormat<Double>.share
        return Self { text throws(PipelineMisfit) in text == "off" ? .off : .share(try share.parse(text)) }
    }
}

extension PipelineFormat where Value == ReadAcceptance {
    /// The share of accepted reads that must be right, in per cent; at most what some confidence was measured to reach.
    static var precision: Self {
        let share = PipelineFormat<Double>.share
        return Self { text throws(PipelineMisfit) in
            if let acceptance = ReadAcceptance.reaching(try share.parse(text)) { return acceptance }
            let most = (ReadAcceptance.measured.last?.precision ?? 0) * 100
            throw PipelineMisfit(
                .outOfRange, "is \(text), more than any confidence was measured to reach",
                "ask for at most \(String(format: "%.1f", most))%, or set read.abstain to a confidence of your own")
        }
    }
}

extension PipelineFormat where Value == Int? {
    /// A number of parallel workers; `auto` is nil.
    static var workers: Self {
        let number = PipelineFormat<Int>.integer(1...256)
        return Self { text throws(PipelineMisfit) in text == "auto" ? nil : try number.parse(text) }
    }
}

extension PipelineFormat where Value == Duration? {
    /// A duration; `off` is nil.
    static func dwell(_ range: ClosedRange<Duration>) -> Self {
        let duration = PipelineFormat<Duration>.duration(range)
        return Self { text throws(PipelineMisfit) in text == "off" ? nil : try duration.parse(text) }
    }
}

extension PipelineFormat where Value == (Duration, Duration) {
    /// `1s..30s`: the first and the longest pause.
    static var backoff: Self {
        let pause = PipelineFormat<Duration>.duration(.milliseconds(10)...(.seconds(3600)))
        return Self { text throws(PipelineMisfit) in
            let parts = text.components(separatedBy: "..")
            guard parts.count == 2 else {
                throw PipelineMisfit(.wrongType, "is '\(text)', not two durations", "write them as in 1s..30s")
            }
            let first = try pause.parse(parts[0].trimmingCharacters(in: .whitespaces))
            let last = try pause.parse(parts[1].trimmingCharacters(in: .whitespaces))
            guard first <= last else {
                throw PipelineMisfit(.conflict, "is '\(text)', from long to short", "write the shorter pause first")
            }
            return (first, last)
        }
    }
}

extension PipelineFormat where Value == Int {
    /// `day`, `week`, or a duration of whole days.
    static var days: Self {
        let length = PipelineFormat<Duration>.duration(.seconds(86_400)...(.seconds(366 * 86_400)))
            .or("day", .seconds(86_400)).or("week", .seconds(7 * 86_400))
        return Self { text throws(PipelineMisfit) in
            let seconds = try length.parse(text).components.seconds
            guard seconds % 86_400 == 0 else {
                throw PipelineMisfit(.outOfRange, "is \(text), not whole days", "write day, week, or as in 30d")
            }
            return Int(seconds / 86_400)
        }
    }
}

extension PipelineFormat where Value == String {
    /// Where the wrapping key comes from.
    static var wrappingKey: Self {
        Self { text throws(PipelineMisfit) in
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, ["file", "credential", "command"].contains(parts[0]),
                parts[0] != "credential" || !parts[1].contains("/")
            else {
                throw PipelineMisfit(
                    .unknownSource, "is '\(text)'",
                    "write file:PATH, credential:NAME (systemd's LoadCredential=) or command:COMMAND, which prints the key"
                )
            }
            return text
        }
    }

    /// What tokens are made for: a part of keys' names.
    static var domain: Self {
        Self { text throws(PipelineMisfit) in
            let isWord = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
            guard isWord, text.utf8.count <= 32, text.utf8.first.map({ $0 >= 97 }) ?? false else {
                throw PipelineMisfit(
                    .unusableName, "is '\(text)'", "use 1 to 32 of a-z0-9, beginning with a letter")
            }
            return text
        }
    }

    /// An IANA name that PostgreSQL understands too: `UTC` or `Area/City`.
    static var timezone: Self {
        Self { text throws(PipelineMisfit) in
            if text == "UTC" || text.contains("/") && TimeZone(identifier: text) != nil { return text }
            let near = PipelineSpelling.guess(text, among: TimeZone.knownTimeZoneIdentifiers)
            throw PipelineMisfit(
                .unknownTimezone, "is '\(text)', which is no IANA time zone",
                near.map { "did you mean '\($0)'?" } ?? "write one such as Europe/Brussels, or UTC")
        }
    }
}

extension PipelineFormat where Value == EventTime {
    /// RFC 3339 with `Z` or an offset.
    static var time: Self {
        Self { text throws(PipelineMisfit) in
            if let time = EventTime(rfc3339: text) { return time }
            throw PipelineMisfit(
                .notATime, "is '\(text)', not a time with a zone", "write it as in 2026-03-02T07:30:00Z")
        }
    }

    /// Seconds since 1970 UTC, to the nanosecond, or RFC 3339.
    static var timeOrSeconds: Self {
        Self { text throws(PipelineMisfit) in
            // Decimal, because a Double of this century is only good to a quarter of a microsecond.
            if !text.contains("T"), let seconds = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")),
                Double(text) != nil
            {
                let whole = NSDecimalNumber(decimal: seconds * 1_000_000_000)
                if abs(whole.doubleValue) < 9.2e18 { return EventTime(nanoseconds: whole.int64Value) }
            }
            return try time.parse(text)
        }
    }
}
