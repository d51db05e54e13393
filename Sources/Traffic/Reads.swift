/// The characters of a plate, A–Z and 0–9 only: the one spelling that is compared, counted and tokenised.
public struct PlateText: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Upper-cases and drops everything that is not A–Z or 0–9; nil when nothing is left.
    public init?(_ raw: String) {
        let kept = raw.uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        guard !kept.isEmpty else { return nil }
        text = kept
    }

    public var description: String { text }
    public static func < (a: PlateText, b: PlateText) -> Bool { a.text < b.text }
}

/// Why a plate has no text, or a text that is not accepted. The raw values are stable.
public enum ReadReason: String, Hashable, Sendable, CaseIterable {
    /// The crop was withheld because the face pass over it did not finish.
    case notRedacted = "not-redacted"
    /// The crop could not be decoded.
    case unreadableCrop = "unreadable-crop"
    /// Too few pixels to tell characters apart.
    case tooSmall = "too-small"
    /// The reader saw no characters.
    case noText = "no-text"
    /// Too few or too many characters for any plate.
    case implausibleLength = "implausible-length"
    /// A word from a sign, a badge or a time stamp.
    case notAPlate = "not-a-plate"
    /// Below the confidence the operator asked for.
    case lowConfidence = "low-confidence"
    /// The frames of a track disagree.
    case disagreement = "disagreement"
    /// No frame of the track showed a plate.
    case noPlateSeen = "no-plate-seen"
    /// Only part of the plate was seen: it ends where the picture or its vehicle ends.
    case cutOff = "cut-off"
    /// Only one frame gave the text, and that not surely enough to stand alone.
    case singleRead = "single-read"
}

/// One possible reading, with a confidence per character.
public struct Candidate: Hashable, Sendable {
    public var text: PlateText
    /// That the whole text is right, 0...1.
    public var confidence: Double
    /// That each character is right, 0...1, in the order of the text.
    public var characters: [Double]

    public init(text: PlateText, confidence: Double, characters: [Double]) {
        self.text = text
        self.confidence = confidence
        self.characters = characters
    }
}

/// One attempt at one plate in one frame.
public struct PlateRead: Hashable, Sendable {
    /// Best first; empty when nothing was read.
    public var candidates: [Candidate]
    public var accepted: Bool
    /// Nil only when accepted.
    public var reason: ReadReason?
    /// The plate grammar the best candidate fits (for example `fr`); nil when none or several.
    public var region: String?

    public init(candidates: [Candidate], accepted: Bool, reason: ReadReason?, region: String?) {
        self.candidates = candidates
        self.accepted = accepted
        self.reason = reason
        self.region = region
    }

    public var text: PlateText? { candidates.first?.text }
    /// 0 when nothing was read.
    public var confidence: Double { candidates.first?.confidence ?? 0 }
}

/// A plate with its read, in one frame.
public struct ReadPlate: Hashable, Sendable {
    public var plate: Plate
    public var read: PlateRead
    /// Variance of the Laplacian over the rectified line image: how much detail the plate shows. 0 when unknown.
    public var sharpness: Double

    /// - Parameter plate: Keeps its crop only when it has no vehicle, whose crop would show it.
    public init(plate: Plate, read: PlateRead, sharpness: Double) {
        self.plate = plate
        self.read = read
        self.sharpness = sharpness
    }
}

/// What the read stage made of one frame.
public struct FrameReads: Hashable, Sendable {
    public var width, height: Int
    public var vehicles: [Vehicle]
    public var plates: [ReadPlate]

    public init(width: Int, height: Int, vehicles: [Vehicle], plates: [ReadPlate]) {
        self.width = width
        self.height = height
        self.vehicles = vehicles
        self.plates = plates
    }
}
