/// So many of so many, with how uncertain that leaves the share behind it.
public struct Share: Hashable, Sendable {
    public var count, total: Int

    public init(_ count: Int, of total: Int) {
        precondition(0 <= count && count <= total, "\(count) of \(total) is no share")
        self.count = count
        self.total = total
    }

    /// 0...1; nil of nothing.
    public var value: Double? { total == 0 ? nil : Double(count) / Double(total) }

    /// The 95% Wilson score interval, inside 0...1; nil of nothing.
    ///
    /// Unlike the usual p ± 2σ it stays honest for few observations and near 0 and 1: 10 of 10 is 0.72...1.
    /// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    public var interval: ClosedRange<Double>? {
        guard let value else { return nil }
        let z = 1.959963984540054  // the normal distribution holds 95% within so many σ
        let n = Double(total)
        let middle = (value + z * z / (2 * n)) / (1 + z * z / n)
        let half = z * (value * (1 - value) / n + z * z / (4 * n * n)).squareRoot() / (1 + z * z / n)
        // At 0 and at `total` one end is exact, which rounding would miss.
        return (count == 0 ? 0 : middle - half)...(count == total ? 1 : middle + half)
    }
}

extension Share: Encodable {
    private enum Key: CodingKey { case count, n, share, low, high }

    /// `{"count", "n", "share", "low", "high"}`; the last three are null of nothing.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(count, forKey: .count)
        try values.encode(total, forKey: .n)
        try values.encode(value.map(fourDigits), forKey: .share)
        try values.encode((interval?.lowerBound).map(fourDigits), forKey: .low)
        try values.encode((interval?.upperBound).map(fourDigits), forKey: .high)
    }
}

/// Rounds to a ten-thousandth, as figures are written.
func fourDigits(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

/// The middle of some measurements, and what 95% of them don't exceed.
public struct Spread: Hashable, Sendable, Encodable {
    /// In the unit of the measurements; 0 without any.
    public var median = 0.0, p95 = 0.0

    public init(_ values: [Double]) {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return }
        median = (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
        // Nearest rank.
        p95 = sorted[min(last, max(0, Int((0.95 * Double(sorted.count)).rounded(.up)) - 1))]
        (median, p95) = (fourDigits(median), fourDigits(p95))
    }
}

/// The fewest insertions, deletions and replacements of a character that turn one text into the other.
public func editDistance<Text: Collection>(_ a: Text, _ b: Text) -> Int where Text.Element: Equatable {
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, right) in b.enumerated() {
            let replaced = diagonal + (left == right ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
