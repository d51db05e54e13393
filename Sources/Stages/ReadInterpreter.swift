public import Traffic

#if canImport(Glibc)
    import Glibc
#endif

/// Makes a plate of what a reader saw: the looks vote, and what is known about plates settles look-alikes.
///
/// Every text that a look or a pattern proposes is scored by how well it explains all looks (an alignment, so that a
/// missing or extra symbol costs something but decides nothing) and by how probable such a plate is. A pattern never
/// overrules a symbol that the reader is sure of, but for those of one shape: 0 and O, 1 and I.
///
/// Source: docs/decisions/0006-reading.md.
public struct ReadInterpreter: Sendable {
    public struct Settings: Hashable, Sendable {
        /// Reads below this confidence keep their text but are not accepted; 0...1.
        public var abstainBelow: Double
        /// Candidates kept, the best included.
        public var candidates: Int

        public init(abstainBelow: Double = ReadEvidence.defaultAbstain, candidates: Int = 5) {
            self.abstainBelow = abstainBelow
            self.candidates = max(1, candidates)
        }
    }

    private let grammars: GrammarSet
    private let settings: Settings

    public init(grammars: GrammarSet, settings: Settings = Settings()) {
        self.grammars = grammars
        self.settings = settings
    }

    /// Costs in natural logarithms. Halving or doubling one moves the share of exact reads by one point at most.
    enum Cost {
        /// A look shows a symbol that the text lacks, and the reverse.
        static let extra = 5.0
        static let missing = 8.0
        /// The extra symbol is the first or the last: a sticker or an emblem beside the characters.
        static let extraAtEdge = 3.0
        /// The least probability of the other one of `0O` or `1I`, which many countries give one shape.
        static let sameShape = 0.8
        /// The least probability of a look-alike, and of any other character.
        static let lookAlike = 0.01
        static let other = 1e-4
        /// How much the plate grammars weigh against the pixels. Below 1: shares of patterns are guesses.
        static let grammar = 0.5
        /// A symbol whose best character is at least this probable is left alone by patterns.
        static let sure = 0.98
    }

    public func interpret(_ raw: RawRead) -> PlateRead {
        let lines = raw.lines.filter { !$0.symbols.isEmpty }
        guard !lines.isEmpty else { return .failed(.noText) }
        let ranked = rank(lines)
        let best = ranked[0]
        guard grammars.lengths.contains(best.text.count) else { return .failed(.implausibleLength) }
        if grammars.excludes(best.text) { return .failed(.notAPlate) }

        let confidence = evidence(for: best, in: lines).confidence
        let others = max(1 - best.share, 1e-9)
        let candidates = ranked.prefix(settings.candidates).enumerated().map { place, scored in
            Candidate(
                text: PlateText(String(decoding: scored.text, as: UTF8.self))!,  // A–Z and 0–9, never empty
                // What the best one leaves is divided among the others, none above it.
                confidence: place == 0 ? confidence : min(confidence, (1 - confidence) * scored.share / others),
                characters: characters(of: scored.text, among: ranked))
        }
        let accepted = confidence >= settings.abstainBelow
        return PlateRead(
            candidates: candidates, accepted: accepted, reason: accepted ? nil : .lowConfidence,
            region: grammars.region(of: best.text))
    }

    /// The regions whose plates a text may be, most likely first; none for a text that follows no pattern.
    ///
    /// - Returns: Shares of what makes the text likely, 0...1, those under 0.01 left out.
    public func regions(of text: PlateText) -> [(region: String, share: Double)] {
        grammars.regions(of: Array(text.text.utf8)).filter { $0.share >= 0.01 }
    }

    /// What speaks for the best text; nil when nothing was seen. For calibration.
    public func evidence(_ raw: RawRead) -> ReadEvidence? {
        let lines = raw.lines.filter { !$0.symbols.isEmpty }
        return lines.isEmpty ? nil : evidence(for: rank(lines)[0], in: lines)
    }

    private func evidence(for best: Scored, in lines: [RawLine]) -> ReadEvidence {
        let count = Double(lines.count)
        return ReadEvidence(
            posterior: best.share,
            agreement: Double(lines.count { $0.characters == best.text }) / count,
            fits: grammars.fits(best.text))
    }

    struct Scored {
        var text: [UInt8]
        /// Natural logarithm, up to a constant.
        var score: Double
        /// The score as a share of all texts considered, 0...1.
        var share: Double
    }

    /// All texts considered, best first; ties go to the earlier letter so that the order is always the same.
    func rank(_ lines: [RawLine]) -> [Scored] {
        var texts: Set<[UInt8]> = []
        for line in lines { propose(line, into: &texts) }
        var scored = texts.map { text in
            let seen = lines.reduce(0) { $0 + $1.logLikelihood(of: text, grammars.lookAlikes) }
            let known = log(grammars.prior(of: text))
            return Scored(text: text, score: Cost.grammar * known + seen / Double(lines.count), share: 0)
        }
        scored.sort { $0.score != $1.score ? $0.score > $1.score : $0.text.lexicographicallyPrecedes($1.text) }
        let best = scored[0].score
        let sum = scored.reduce(0) { $0 + exp($1.score - best) }
        for at in scored.indices { scored[at].share = exp(scored[at].score - best) / sum }
        return scored
    }

    /// What one look might say: its best characters, the same with one symbol changed, and its best fit to each pattern.
    private func propose(_ line: RawLine, into texts: inout Set<[UInt8]>) {
        let plain = line.characters
        texts.insert(plain)
        for (place, symbol) in line.symbols.enumerated() {
            for choice in symbol.choices where choice.probability >= 0.05 && choice.character != plain[place] {
                var changed = plain
                changed[place] = choice.character
                texts.insert(changed)
            }
        }
        let possible = line.symbols.map { options(for: $0) }[...]
        for symbols in [possible, possible.dropFirst(), possible.dropLast()] { fill(symbols, into: &texts) }
    }

    /// The best fit of some symbols to each pattern of their number.
    private func fill(_ symbols: ArraySlice<[UInt8]>, into texts: inout Set<[UInt8]>) {
        for pattern in grammars.patterns(ofLength: symbols.count) {
            var text: [UInt8] = []
            for (options, place) in zip(symbols, pattern.places) {
                guard let fitting = options.first(where: { place.contains($0) }) else { break }
                text.append(fitting)
            }
            if text.count == symbols.count { texts.insert(text) }
        }
    }

    /// Characters that a pattern may put in place of a symbol, most probable first.
    private func options(for symbol: RawSymbol) -> [UInt8] {
        var options = symbol.choices.filter { $0.probability >= 0.003 }.map(\.character)
        let best = symbol.best
        if best.probability >= Cost.sure {
            // It stays, whatever a pattern would like, but for the one that may have its very shape.
            options = [best.character]
        } else {
            for character in PlateAlphabet.all
            where grammars.lookAlikes.alike(best.character, character) && !options.contains(character) {
                options.append(character)
            }
        }
        if let twin = PlateAlphabet.sameShape(as: best.character), !options.contains(twin) { options.append(twin) }
        return options.isEmpty ? [best.character] : options
    }

    /// The share of all texts considered that have the same length and this character here.
    private func characters(of text: [UInt8], among ranked: [Scored]) -> [Double] {
        text.indices.map { place in
            min(
                1,
                ranked.filter { $0.text.count == text.count && $0.text[place] == text[place] }.map(\.share).reduce(0, +)
            )
        }
    }
}

enum PlateAlphabet {
    /// 0–9, then A–Z, in ASCII.
    static let all: [UInt8] = Array(48...57) + Array(65...90)

    /// The one that many plates write alike: 0 and O, 1 and I.
    static func sameShape(as character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0"): UInt8(ascii: "O")
        case UInt8(ascii: "O"): UInt8(ascii: "0")
        case UInt8(ascii: "1"): UInt8(ascii: "I")
        case UInt8(ascii: "I"): UInt8(ascii: "1")
        default: nil
        }
    }
}
