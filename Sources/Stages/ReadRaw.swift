public import Traffic

/// One character that a reader may have seen, with the reader's own belief in it.
public struct RawChoice: Hashable, Sendable {
    /// ASCII `A`–`Z` or `0`–`9`.
    public var character: UInt8
    /// 0...1; the choices of one symbol sum to at most 1.
    public var probability: Double

    public init(character: UInt8, probability: Double) {
        self.character = character
        self.probability = probability
    }
}

/// One place in a line of text: what may stand there, most probable first; never empty.
public struct RawSymbol: Hashable, Sendable {
    public var choices: [RawChoice]

    public init(choices: [RawChoice]) {
        precondition(!choices.isEmpty, "a symbol has at least one choice")
        self.choices = choices
    }

    public var best: RawChoice { choices[0] }

    /// 0 for a character that was not considered.
    func probability(of character: UInt8) -> Double {
        choices.first { $0.character == character }?.probability ?? 0
    }
}

/// One look at a plate: its symbols from left to right, empty when nothing was seen.
public struct RawLine: Hashable, Sendable {
    public var symbols: [RawSymbol]
    public init(symbols: [RawSymbol]) { self.symbols = symbols }

    /// The most probable characters.
    public var characters: [UInt8] { symbols.map(\.best.character) }
}

/// What a reader saw on one plate, before anything is known about plates.
public struct RawRead: Hashable, Sendable {
    /// One or more looks at the same plate, cut a little differently; they vote.
    public var lines: [RawLine]
    /// Variance of the Laplacian over the rectified line image; 0 when unknown.
    public var sharpness: Double

    public init(lines: [RawLine], sharpness: Double) {
        self.lines = lines
        self.sharpness = sharpness
    }
}

/// Why a reader could not look at a crop.
public enum PlateRefusal: Error, Equatable, Sendable {
    /// The bytes are no image.
    case unreadableCrop
    /// Too few pixels to tell characters apart.
    case tooSmall
    /// The reader itself failed; the text is for people.
    case fault(String)
}

/// A reader of plates: turns pixels into characters, and knows nothing of countries.
public protocol PlateReading: ~Copyable {
    /// - Parameters:
    ///   - jpeg: The plate with some margin, as cut by the detect stage.
    ///   - corners: The plate in pixels of that crop, clockwise from the top left as its text is read. They may lie
    ///     a little outside.
    mutating func read(jpeg: [UInt8], corners: Quadrilateral) throws(PlateRefusal) -> RawRead
}
