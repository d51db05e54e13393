import Traffic

/// What is kept of the reads of one track, and what they agree on.
///
/// Three records are kept, all bounded: each shape with what speaks for it (decides which text, and how sure), each text
/// with its share (decides how the shape is spelled), and the best reads whole (decide per character). Source: docs/decisions/0004-association.md.
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
        /// All confidences it was given, summed.
        var weight: Double
        var region: String?
    }

    /// Texts that look the same where a plate writes 0 like O and 1 like I: no frame can tell them apart, so what a frame
    /// says for one of them is said for all.
    struct Shape: Hashable, Sendable {
        /// With 0 for O and 1 for I.
        var key: PlateText
        /// Evidence of all reads, each alone worth ``Vote/mostEvidence`` at most.
        var sum: Double
        /// The highest confidences it was given, best first; at most ``Vote/keptConfidences``.
        var confidences: [Double]
    }

    /// One read, kept for the vote per character.
    struct Read: Hashable, Sendable {
        var frame: Int
        /// By the reader.
        var accepted: Bool
        var weight: Double
        var candidates: [Candidate]
    }

    static let keptConfidences = 8
    static let keptCandidates = 5
    /// A read of 0.9: a surer one counts no more when texts are compared, since a frame that errs surely errs for a cause
    /// that its neighbours share, such as a sticker read as a digit.
    static let mostEvidence = 2.302_585_092_994_045_9
    /// Longer texts are no plates; they are cut off before alignment, whose cost is quadratic.
    static let maximumLength = 24

    var texts: [Text] = []
    var shapes: [Shape] = []
    var reads: [Read] = []
    /// Plates seen, read or not.
    var attempts = 0
    /// Reads with a text that could be a plate's.
    var usable = 0
    /// How often each reason was given, in the order of `ReadReason.allCases`.
    var reasons = [Int](repeating: 0, count: ReadReason.allCases.count)

    /// Reads with these reasons are of something else, or of part of a plate: they don't vote.
    private static let excluded: Set<ReadReason> = [
        .notAPlate, .implausibleLength, .noText, .notRedacted, .unreadableCrop, .cutOff,
    ]

    /// - Parameter sharpness: As in `ReadPlate`; 0 when unknown.
    mutating func add(
        _ read: PlateRead, in frame: Int, sharpness: Double, settings: Associate.Settings,
        tallies: inout TrackTallies
    ) {
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
        noteShapes(of: candidates, settings: settings, tallies: &tallies)
        let detail = sharpness.isFinite && sharpness > 0 ? sharpness / (sharpness + 200) : 0.5
        keep(
            Read(
                frame: frame, accepted: read.accepted, weight: (0.3 + 0.7 * detail) * (read.accepted ? 1 : 0.6),
                candidates: candidates), settings: settings)
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
                Text(
                    text: candidate.text, votes: 0, accepted: 0, acceptedConfidence: 0, confidences: [], weight: 0,
                    region: nil))
            index = texts.count - 1
        }
        if best { texts[index].votes += 1 }
        if accepted {
            texts[index].accepted += 1
            texts[index].acceptedConfidence = max(texts[index].acceptedConfidence, candidate.confidence)
        }
        if let region { texts[index].region = region }
        texts[index].confidences.insert(confidence: candidate.confidence)
        texts[index].weight += candidate.confidence
    }

    private mutating func noteShapes(
        of candidates: [Candidate], settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        var said: [(key: PlateText, confidence: Double)] = []
        for candidate in candidates {
            let key = candidate.text.shape
            if let known = said.firstIndex(where: { $0.key == key }) {
                said[known].confidence = min(1, said[known].confidence + candidate.confidence)
            } else {
                said.append((key, candidate.confidence))
            }
        }
        for (key, confidence) in said {
            let evidence = min(Self.mostEvidence, -VoteMath.log(1 - min(0.995, confidence)))
            note(Shape(key: key, sum: evidence, confidences: [confidence]), settings: settings, tallies: &tallies)
        }
    }

    private mutating func note(_ shape: Shape, settings: Associate.Settings, tallies: inout TrackTallies) {
        if let known = shapes.firstIndex(where: { $0.key == shape.key }) {
            shapes[known].sum += shape.sum
            for confidence in shape.confidences { shapes[known].confidences.insert(confidence: confidence) }
            return
        }
        if shapes.count >= settings.maximumTexts {
            let least = shapes.indices.min { shapes[$0].sum <= shapes[$1].sum }!  // there are some
            shapes.remove(at: least)
            tallies.add("shed-text")
        }
        shapes.append(shape)
    }

    static func support(_ text: Text) -> Double { Double(text.votes) + text.confidences.reduce(0, +) }

    private mutating func keep(_ read: Read, settings: Associate.Settings) {
        if reads.count < settings.maximumReads {
            reads.append(read)
        } else if let worst = reads.indices.min(by: { reads[$0].confidence < reads[$1].confidence }),
            reads[worst].confidence < read.confidence
        {
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
                for confidence in text.confidences { texts[known].confidences.insert(confidence: confidence) }
                texts[known].weight += text.weight
            } else if texts.count < settings.maximumTexts {
                texts.append(text)
            } else {
                tallies.add("shed-text")
            }
        }
        for shape in other.shapes { note(shape, settings: settings, tallies: &tallies) }
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

extension [Double] {
    /// Puts a confidence in its place, best first; at most ``Vote/keptConfidences`` stay.
    fileprivate mutating func insert(confidence: Double) {
        insert(confidence, at: firstIndex { $0 < confidence } ?? count)
        if count > Vote.keptConfidences { removeLast() }
    }
}
