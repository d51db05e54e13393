import Traffic

/// One image put to the test.
public struct PlateTrial: Sendable {
    public var outcome: ImageOutcome
    /// Milliseconds by step.
    public var decode, detect, read: Double

    public init(outcome: ImageOutcome, decode: Double, detect: Double, read: Double) {
        self.outcome = outcome
        self.decode = decode
        self.detect = detect
        self.read = read
    }
}

/// How well plates are found and read, over many labelled images.
///
/// Words: *captured*, found at intersection over union 0.5 or more; *exact*, the best text of the plate found there is
/// the label's; *accepted*, read with enough confidence; *stray*, a find that overlaps every label by less than 0.3.
public struct PlateAccuracy: Sendable, Encodable {
    /// The figures of some of the plates.
    public struct Figures: Hashable, Sendable, Encodable {
        /// Of labelled plates. With plates cut out by their labels it is all of them, and means nothing.
        public var captured: Share
        /// Of labelled plates, whether found or not.
        public var exact: Share
        /// Of the labels' characters, those that the reads have right (edit distance).
        public var characters: Share
        /// Of accepted reads that lie on a labelled plate, those that are exact.
        public var precision: Share
        /// Of labelled plates, those with an accepted read.
        public var coverage: Share
    }

    /// Plates of like height or like surroundings.
    public struct Group: Hashable, Sendable, Encodable {
        public var name: String
        public var figures: Figures
    }

    public struct Strays: Hashable, Sendable, Encodable {
        public var images: Int
        /// Read and accepted: they would enter the database.
        public var accepted: Int
        /// Refused by the reader, or read without enough confidence.
        public var others: Int
    }

    /// Milliseconds an image.
    public struct Times: Hashable, Sendable, Encodable {
        public var decode, detect, read: Spread
    }

    public var images, plates: Int
    public var all: Figures
    public var strays: Strays
    public var milliseconds: Times
    public var byHeight: [Group]
    /// The darker and the brighter half of the plates by their surroundings; empty when those are unknown.
    public var byBrightness: [Group]
    public var calibration: Calibration

    private enum CodingKeys: String, CodingKey {
        case images, plates, all, strays, milliseconds, calibration
        case byHeight = "by_height", byBrightness = "by_brightness"
    }

    public init(_ trials: [PlateTrial]) {
        let outcomes = trials.map(\.outcome)
        let plates = outcomes.flatMap { outcome in
            outcome.labels.indices.map { index in
                Judged(outcome: outcome.labels[index], hits: outcome.hits.filter { $0.label == index })
            }
        }
        images = trials.count
        self.plates = plates.count
        all = Figures(plates)
        let strays = outcomes.flatMap(\.strays)
        let accepted = strays.count(where: \.read.accepted)
        self.strays = Strays(images: trials.count, accepted: accepted, others: strays.count - accepted)
        milliseconds = Times(
            decode: Spread(trials.map(\.decode)), detect: Spread(trials.map(\.detect)),
            read: Spread(trials.map(\.read)))
        byHeight = Self.heights.map { name, range in
            Group(name: name, figures: Figures(plates.filter { range.contains($0.outcome.plate.box.height) }))
        }
        byBrightness = Self.halves(plates)
        calibration = Calibration(
            plates.enumerated().flatMap { number, plate in
                plate.hits.filter { $0.find.read.text != nil }.map {
                    .init(confidence: $0.find.read.confidence, isRight: $0.isExact, plate: number)
                }
            }, plates: plates.count)
    }

    /// Pixels of the label's box.
    public static let heights: [(name: String, range: Range<Double>)] = [
        ("< 16", 0..<16), ("16-24", 16..<24), ("24-40", 24..<40), (">= 40", 40..<Double.infinity),
    ]

    private static func halves(_ plates: [Judged]) -> [Group] {
        let known = plates.filter { $0.outcome.plate.surroundings != nil }
            .sorted { ($0.outcome.plate.surroundings ?? 0) < ($1.outcome.plate.surroundings ?? 0) }
        guard known.count >= 2 else { return [] }
        let half = known.count / 2
        return [
            Group(name: "darker half", figures: Figures(Array(known[..<half]))),
            Group(name: "brighter half", figures: Figures(Array(known[half...]))),
        ]
    }
}

/// A labelled plate with everything that was found on it.
private struct Judged {
    var outcome: LabelOutcome
    var hits: [ImageOutcome.Hit]
}

extension PlateAccuracy.Figures {
    fileprivate init(_ plates: [Judged]) {
        let outcomes = plates.map(\.outcome)
        captured = Share(outcomes.count { $0.find != nil }, of: outcomes.count)
        exact = Share(outcomes.count(where: \.isExact), of: outcomes.count)
        characters = Share(
            outcomes.map(\.rightCharacters).reduce(0, +), of: outcomes.map(\.plate.text.text.utf8.count).reduce(0, +))
        let accepted = plates.flatMap(\.hits).filter(\.find.read.accepted)
        precision = Share(accepted.count(where: \.isExact), of: accepted.count)
        coverage = Share(plates.count { $0.hits.contains(where: \.find.read.accepted) }, of: plates.count)
    }
}
