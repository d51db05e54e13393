/// A set of plate characters, A–Z and 0–9.
public struct PlateCharacters: Hashable, Sendable {
    private var bits: UInt64 = 0

    public init() {}
    /// Characters other than A–Z and 0–9 are left out.
    public init(_ characters: some Sequence<UInt8>) {
        for character in characters { bits |= Self.bit(character) }
    }

    public static let letters = PlateCharacters(65...90)
    public static let digits = PlateCharacters(48...57)

    public var count: Int { bits.nonzeroBitCount }
    public var isEmpty: Bool { bits == 0 }
    public func contains(_ character: UInt8) -> Bool { bits & Self.bit(character) != 0 }
    public func union(_ other: PlateCharacters) -> PlateCharacters {
        var both = self
        both.bits |= other.bits
        return both
    }

    private static func bit(_ character: UInt8) -> UInt64 {
        switch character {
        case 48...57: 1 << UInt64(character - 48)
        case 65...90: 1 << UInt64(character - 55)
        default: 0
        }
    }
}

/// One shape of plate: which characters may stand at each place.
public struct GrammarPattern: Hashable, Sendable {
    /// As in the grammar's file, for example `fr`.
    public var region: String
    public var places: [PlateCharacters]
    /// The share of all plates that have this pattern, 0...1.
    public var share: Double

    /// - Precondition: Every place has at least one character.
    public init(region: String, places: [PlateCharacters], share: Double) {
        precondition(places.allSatisfy { !$0.isEmpty }, "a place in a pattern has at least one character")
        self.region = region
        self.places = places
        self.share = share
    }

    public func fits(_ text: [UInt8]) -> Bool {
        text.count == places.count && zip(text, places).allSatisfy { $1.contains($0) }
    }

    /// How probable one text that fits is: the share, spread evenly over all texts of the pattern.
    var density: Double { places.reduce(share) { $0 / Double($1.count) } }
}

/// What is known about plates: the patterns of regions, what looks alike, and what is no plate.
///
/// Read from `models/grammars.yaml`.
public struct GrammarSet: Sendable {
    public let lookAlikes: LookAlikes
    /// Characters that a plate may have.
    public let lengths: ClosedRange<Int>
    /// The share of plates that follow no pattern, above 0 and below 1; the patterns' shares are of the rest.
    public let freeText: Double
    private let excludedWords: Set<[UInt8]>
    private let excludedPatterns: [[PlateCharacters]]
    private let patterns: [Int: [GrammarPattern]]

    /// - Parameter patterns: Their shares are scaled to sum to 1.
    public init(
        patterns: [GrammarPattern], lookAlikes: LookAlikes, lengths: ClosedRange<Int> = 4...9,
        freeText: Double = 0.15, excludedWords: [String] = [], excludedPatterns: [[PlateCharacters]] = []
    ) {
        precondition(freeText > 0 && freeText < 1, "some plates follow no pattern, and some do")
        let sum = patterns.map(\.share).reduce(0, +)
        self.patterns = Dictionary(
            grouping: patterns.map { pattern in
                var scaled = pattern
                scaled.share /= max(sum, .leastNormalMagnitude)
                return scaled
            }, by: \.places.count)
        self.lookAlikes = lookAlikes
        self.lengths = lengths
        self.freeText = freeText
        self.excludedWords = Set(excludedWords.map { lookAlikes.folded(Array($0.utf8)) })
        self.excludedPatterns = excludedPatterns
    }

    /// Knows no region and excludes nothing: reads stay as they were seen.
    public static let none = GrammarSet(patterns: [], lookAlikes: LookAlikes([]), lengths: 1...12)

    /// In the order of the file.
    public func patterns(ofLength length: Int) -> [GrammarPattern] { patterns[length] ?? [] }

    /// Signs, badges, dealers' words and time stamps; look-alikes count as equal.
    public func excludes(_ text: [UInt8]) -> Bool {
        excludedWords.contains(lookAlikes.folded(text))
            || excludedPatterns.contains { places in
                text.count == places.count && zip(text, places).allSatisfy { $1.contains($0) }
            }
    }

    /// How probable a text is before it is seen.
    func prior(of text: [UInt8]) -> Double {
        let free = text.reduce(freeText) { share, _ in share / 36 }
        let common = text.reduce(1.0) { Self.seldom.contains($1) ? $0 * Self.seldomShare : $0 }
        return fitting(text).reduce(free) { $0 + (1 - freeText) * $1.density * common }
    }

    /// Letters that many series leave out, because they look like digits, and how often they stand where a pattern
    /// would let them compared with other letters.
    private static let seldom = PlateCharacters("IOQ".utf8)
    private static let seldomShare = 0.3

    /// Whether some pattern fits.
    func fits(_ text: [UInt8]) -> Bool { patterns(ofLength: text.count).contains { $0.fits(text) } }

    /// The region that accounts for most of what a text's patterns make likely; nil when none does.
    func region(of text: [UInt8]) -> String? {
        regions(of: text).first.flatMap { $0.share >= 0.8 ? $0.region : nil }
    }

    /// The regions whose patterns a text follows, most likely first; none for a text that follows no pattern.
    ///
    /// - Returns: Shares of what makes the text likely, 0...1; they sum to 1. Equal ones are in the order of names.
    public func regions(of text: [UInt8]) -> [(region: String, share: Double)] {
        let fitting = fitting(text)
        let all = fitting.reduce(0) { $0 + $1.density }
        return Dictionary(grouping: fitting, by: \.region)
            .map { (region: $0.key, share: $0.value.reduce(0) { $0 + $1.density } / all) }
            .sorted { $0.share != $1.share ? $0.share > $1.share : $0.region < $1.region }
    }

    private func fitting(_ text: [UInt8]) -> [GrammarPattern] {
        patterns(ofLength: text.count).filter { $0.fits(text) }
    }
}
