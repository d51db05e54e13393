import Traffic

/// What is kept of the reads of one track, and what they agree on.
///
/// Two records are kept, both bounded: each text with its best confidences (decides which text, and how sure), and the
/// best reads whole (decide per character). Source: docs/decisions/0004-association.md.
struct Vote: Hashable, Sendable {
    /// A text that some read proposed.
    struct Text: Hashable, Sendable {
        var text: PlateText
        /// Reads whose best candidate it is.
        var votes: Int
        /// Of those, accepted by the reader; and the best confidence among these.
        var accepted: Int
        var acceptedConfidence: Double
        /// The highest confidences it was given, best first; at most ``Vote/keptConfidences``.
        var confidences: [Double]
        var region: String?
    }

    /// One read, kept for the vote per character.
    struct Read: Hashable, Sendable {
        var weight: Double
        var candidates: [Candidate]
    }

    static let keptConfidences = 8
    static let keptCandidates = 3
    /// Longer texts are no plates; they are cut off before alignment, whose cost is quadratic.
    static let maximumLength = 24

    var texts: [Text] = []
    var reads: [Read] = []
    /// Plates seen, read or not.
    var attempts = 0
    /// Reads with a text that could be a plate's.
    var usable = 0
    /// How often each reason was given, in the order of `ReadReason.allCases`.
    var reasons = [Int](repeating: 0, count: ReadReason.allCases.count)

    /// Reads with these reasons are of something else, or of part of a plate: they don't vote.
    private static let excluded: Set<ReadReason> = [
        .notAPlate, .implausibleLength, .noText, .notRedacted, .unreadableCrop,
    ]

    /// - Parameter sharpness: As in `ReadPlate`; 0 when unknown.
    mutating func add(_ read: PlateRead, sharpness: Double, settings: Associate.Settings, tallies: inout TrackTallies) {
        attempts += 1
        if let reason = read.reason, let index = ReadReason.allCases.firstIndex(of: reason) { reasons[index] += 1 }
        guard Self.votes(read) else { return }
        usable += 1
        let candidates = Self.sane(read.candidates.prefix(Self.keptCandidates))
        for (rank, candidate) in candidates.enumerated() {
            let accepted = rank == 0 && read.accepted
            note(
                candidate, best: rank == 0, accepted: accepted, region: rank == 0 ? read.region : nil,
                settings: settings, tallies: &tallies)
        }
        let detail = sharpness.isFinite && sharpness > 0 ? sharpness / (sharpness + 200) : 0.5
        keep(Read(weight: (0.3 + 0.7 * detail) * (read.accepted ? 1 : 0.6), candidates: candidates), settings: settings)
    }

    static func votes(_ read: PlateRead) -> Bool {
        guard let text = read.text, text.text.utf8.count <= maximumLength else { return false }
        return read.reason.map { !excluded.contains($0) } ?? true
    }

    private static func sane(_ candidates: ArraySlice<Candidate>) -> [Candidate] {
        candidates.filter { $0.text.text.utf8.count <= maximumLength }.map {
            Candidate(text: $0.text, confidence: share($0.confidence), characters: $0.characters.map(share))
        }
    }

    private static func share(_ value: Double) -> Double { value.isFinite ? min(1, max(0, value)) : 0 }

    private mutating func note(
        _ candidate: Candidate, best: Bool, accepted: Bool, region: String?, settings: Associate.Settings,
        tallies: inout TrackTallies
    ) {
        let index: Int
        if let known = texts.firstIndex(where: { $0.text == candidate.text }) {
            index = known
        } else {
            if texts.count >= settings.maximumTexts {
                // The newest of the least supported goes: what is common has votes by now.
                let least = texts.indices.min { Self.support(texts[$0]) <= Self.support(texts[$1]) }!
                texts.remove(at: least)
                tallies.add("shed-text")
            }
            texts.append(
                Text(text: candidate.text, votes: 0, accepted: 0, acceptedConfidence: 0, confidences: [], region: nil))
            index = texts.count - 1
        }
        if best { texts[index].votes += 1 }
        if accepted {
            texts[index].accepted += 1
            texts[index].acceptedConfidence = max(texts[index].acceptedConfidence, candidate.confidence)
        }
        if let region { texts[index].region = region }
        texts[index].add(candidate.confidence)
    }

    static func support(_ text: Text) -> Double { Double(text.votes) + text.confidences.reduce(0, +) }

    private mutating func keep(_ read: Read, settings: Associate.Settings) {
        let value = read.value
        if reads.count < settings.maximumReads {
            reads.append(read)
        } else if let worst = reads.indices.min(by: { reads[$0].value < reads[$1].value }), reads[worst].value < value {
            reads.remove(at: worst)
            reads.append(read)
        }
    }

    /// Takes over what another track of the same vehicle gathered.
    mutating func merge(_ other: Vote, settings: Associate.Settings, tallies: inout TrackTallies) {
        attempts += other.attempts
        usable += other.usable
        for index in reasons.indices { reasons[index] += other.reasons[index] }
        for text in other.texts {
            if let known = texts.firstIndex(where: { $0.text == text.text }) {
                texts[known].votes += text.votes
                texts[known].accepted += text.accepted
                texts[known].acceptedConfidence = max(texts[known].acceptedConfidence, text.acceptedConfidence)
                texts[known].region = texts[known].region ?? text.region
                for confidence in text.confidences { texts[known].add(confidence) }
            } else if texts.count < settings.maximumTexts {
                texts.append(text)
            } else {
                tallies.add("shed-text")
            }
        }
        for read in other.reads { keep(read, settings: settings) }
    }

    /// The text with most support so far; nil before the first usable read.
    var leading: Text? {
        var best: Text?
        for text in texts where best.map({ Self.support(text) > Self.support($0) }) ?? true { best = text }
        return best
    }

    /// The reason given most often; the first in the order of the cases among equals.
    var commonReason: ReadReason? {
        var best: Int?
        for index in reasons.indices where reasons[index] > 0 && best.map({ reasons[index] > reasons[$0] }) ?? true {
            best = index
        }
        return best.map { ReadReason.allCases[$0] }
    }
}

extension Vote.Text {
    mutating func add(_ confidence: Double) {
        let place = confidences.firstIndex { $0 < confidence } ?? confidences.count
        confidences.insert(confidence, at: place)
        if confidences.count > Vote.keptConfidences { confidences.removeLast() }
    }

    /// Evidence in nats that the text is right.
    ///
    /// Frames of one vehicle share their causes of error, so the i-th best read counts 1/i: ten reads of 0.7 are worth
    /// three independent ones.
    var evidence: Double {
        var sum = 0.0
        for (index, confidence) in confidences.enumerated() {
            sum -= VoteMath.log(1 - min(0.995, confidence)) / Double(index + 1)
        }
        return sum
    }
}

extension Vote.Read {
    var value: Double { weight * (candidates.first?.confidence ?? 0) }
}
