/// Whether confidence means what it says: of the reads said to be right with a chance of 0.8, 80% should be.
public struct Calibration: Hashable, Sendable, Encodable {
    /// One read of a labelled plate.
    public struct Sample: Hashable, Sendable {
        /// 0...1.
        public var confidence: Double
        public var isRight: Bool
        /// Which plate; two reads of one plate have the same number.
        public var plate: Int

        public init(confidence: Double, isRight: Bool, plate: Int) {
            self.confidence = confidence
            self.isRight = isRight
            self.plate = plate
        }
    }

    /// Reads of like confidence.
    public struct Bin: Hashable, Sendable, Encodable {
        /// From `low`, up to but not including `high`; the last bin includes 1.
        public var low, high: Double
        /// Mean confidence of its reads; nil when it has none.
        public var said: Double?
        public var right: Share

        private enum Key: CodingKey { case low, high, said, right }

        /// Without reads `said` is null.
        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(low, forKey: .low)
            try values.encode(high, forKey: .high)
            try values.encode(said, forKey: .said)
            try values.encode(right, forKey: .right)
        }
    }

    /// The lowest threshold that is right often enough.
    public struct Threshold: Hashable, Sendable, Encodable {
        /// The share of accepted reads that is to be right.
        public var target: Double
        /// Accepting from here on reaches it; nil when no threshold does.
        public var confidence: Double?
        /// Of the reads accepted then, those that are right.
        public var precision: Share?
        /// Of all labelled plates, those with an accepted read then.
        public var coverage: Share?

        private enum Key: CodingKey { case target, confidence, precision, coverage }

        /// Where no threshold does, all but the target are null.
        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(target, forKey: .target)
            try values.encode(confidence, forKey: .confidence)
            try values.encode(precision, forKey: .precision)
            try values.encode(coverage, forKey: .coverage)
        }
    }

    public var bins: [Bin]
    /// Mean distance between what was said and what was right, weighted by reads: expected calibration error, 0...1.
    public var expectedError: Double?
    public var thresholds: [Threshold]

    private enum CodingKeys: String, CodingKey {
        case bins, expectedError = "expected_error", thresholds
    }

    /// - Parameters:
    ///   - samples: Every read of a labelled plate.
    ///   - plates: How many plates are labelled, read or not.
    public init(_ samples: [Sample], plates: Int, targets: [Double] = [0.9, 0.95, 0.98, 0.99], bins count: Int = 10) {
        var bins: [Bin] = []
        var distance = 0.0
        for number in 0..<count {
            let inside = samples.filter { min(count - 1, Int($0.confidence * Double(count))) == number }
            let right = Share(inside.count(where: \.isRight), of: inside.count)
            var said: Double?
            if let value = right.value {
                let mean = inside.map(\.confidence).reduce(0, +) / Double(inside.count)
                distance += abs(mean - value) * Double(inside.count)
                said = fourDigits(mean)
            }
            bins.append(
                Bin(
                    low: fourDigits(Double(number) / Double(count)),
                    high: fourDigits(Double(number + 1) / Double(count)), said: said, right: right))
        }
        self.bins = bins
        expectedError = samples.isEmpty ? nil : fourDigits(distance / Double(samples.count))
        thresholds = targets.map { Self.threshold(for: $0, samples, plates: plates) }
    }

    private static func threshold(for target: Double, _ samples: [Sample], plates: Int) -> Threshold {
        // From the most confident down, so that the last that reaches the target is the lowest.
        let ordered = samples.sorted { $0.confidence > $1.confidence }
        var lowest: (confidence: Double, precision: Share, coverage: Share)?
        var right = 0
        var read: Set<Int> = []
        for (index, sample) in ordered.enumerated() {
            right += sample.isRight ? 1 : 0
            read.insert(sample.plate)
            // A threshold can't part reads of equal confidence.
            if index + 1 < ordered.count, ordered[index + 1].confidence == sample.confidence { continue }
            let precision = Share(right, of: index + 1)
            if Double(right) >= target * Double(index + 1) {
                lowest = (sample.confidence, precision, Share(read.count, of: max(plates, read.count)))
            }
        }
        return Threshold(
            target: target,
            // Rounded down: rounded up it would lose the very read that it was taken from.
            confidence: lowest.map { ($0.confidence * 10_000).rounded(.down) / 10_000 },
            precision: lowest?.precision, coverage: lowest?.coverage)
    }
}
