import Traffic

extension Vote {
    /// What a track says about its plate: a text, or the reason for none; both when the text is not accepted.
    struct Decision: Equatable {
        var plate: Passage.VotedPlate?
        var reason: ReadReason?
    }

    func decide(settings: Associate.Settings) -> Decision {
        guard attempts > 0 else { return Decision(plate: nil, reason: .noPlateSeen) }
        guard let best = winner() else { return Decision(plate: nil, reason: commonReason ?? .noText) }
        if best.confidence < 0.5, let consensus = consensus(), !texts.contains(where: { $0.text == consensus.text }) {
            // No frame read it so, but every character was read: worth showing, never accepted.
            let plate = Passage.VotedPlate(
                text: consensus.text, confidence: max(best.confidence, consensus.confidence * 0.5), accepted: false,
                votes: 0, reads: usable, region: nil, agreement: agreement(on: consensus.text))
            return Decision(plate: plate, reason: .disagreement)
        }
        let text = best.entry
        let voted = text.votes >= settings.minimumVotes
        let single = text.accepted > 0 && text.acceptedConfidence >= settings.singleReadConfidence
        let agreed = Double(text.votes) >= settings.minimumAgreement * Double(usable)
        let accepted = best.confidence >= settings.acceptConfidence && agreed && (voted || single)
        let plate = Passage.VotedPlate(
            text: text.text, confidence: best.confidence, accepted: accepted, votes: text.votes, reads: usable,
            region: text.region, agreement: agreement(on: text.text))
        if accepted { return Decision(plate: plate, reason: nil) }
        if best.disputed || !agreed { return Decision(plate: plate, reason: .disagreement) }
        return Decision(
            plate: plate, reason: best.confidence >= settings.acceptConfidence ? .singleRead : .lowConfidence)
    }

    struct Ranked {
        var entry: Text
        var confidence: Double
        /// Other texts have as much evidence as is missing.
        var disputed: Bool
    }

    /// The text that most speaks for, with the confidence that it is right; nil without texts.
    ///
    /// First the shape: the one with the greatest sum of evidence, over all reads. Odds of a shape are exp(evidence) - 1
    /// with fewer and fewer credit for repeats; its confidence is its share of all odds, plus one for "none of these". A
    /// shape that is part of another (a plate cut off) speaks half against it. Then the spelling, and of the shape's
    /// confidence the share that its reads give this spelling.
    func winner() -> Ranked? {
        var best: Int?
        for index in shapes.indices {
            guard let known = best else {
                best = index
                continue
            }
            let better = shapes[index].sum - shapes[known].sum
            if better > 0 || better == 0 && shapes[index].key < shapes[known].key { best = index }
        }
        guard let best, let spelling = spelling(of: shapes[best].key) else { return nil }
        let odds = shapes.map { VoteMath.exp($0.evidence) - 1 }
        var against = 0.0
        for other in shapes.indices where other != best {
            let part = Self.contains(shapes[best].key.text, shapes[other].key.text)
            against += odds[other] * (part ? 0.5 : 1)
        }
        return Ranked(
            entry: spelling.text, confidence: odds[best] / (odds[best] + against + 1) * spelling.share,
            disputed: against > 1 || spelling.share < 0.5)
    }

    /// Spellings whose weight is at least this share of the greatest are told apart by their turns instead.
    private static let alike = 0.6

    /// How a shape is written: as most reads say, and where they are at odds, with the fewest turns between letters and
    /// digits, since plates set letters with letters and digits with digits. Ties by weight, then by text.
    ///
    /// The share is not raised by repeats: what one frame reads as 0 its neighbours do too, for the same cause.
    private func spelling(of shape: PlateText) -> (text: Text, share: Double)? {
        let spellings = texts.filter { $0.text.shape == shape }
        var total = 0.0
        var most = 0.0
        for text in spellings {
            total += text.weight
            most = max(most, text.weight)
        }
        let best = spellings.filter { $0.weight >= Self.alike * most }.min { a, b in
            if a.text.turns != b.text.turns { return a.text.turns < b.text.turns }
            return a.weight != b.weight ? a.weight > b.weight : a.text < b.text
        }
        return best.map { ($0, total > 0 ? $0.weight / total : 1) }
    }

    private static func contains(_ whole: String, _ part: String) -> Bool {
        let whole = Array(whole.utf8)
        let part = Array(part.utf8)
        guard !part.isEmpty, part.count < whole.count else { return false }
        return (0...whole.count - part.count).contains { whole[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// The text that wins character by character, with the product of the winners' shares; nil without reads.
    ///
    /// Each candidate is aligned to the best supported text; every place and every gap between places is a slot that
    /// collects weight for each character and for nothing.
    func consensus() -> (text: PlateText, confidence: Double)? {
        guard let pivot = leading.map({ Array($0.text.text.utf8) }) else { return nil }
        var slots = [Slot](repeating: Slot(), count: 2 * pivot.count + 1)
        for read in reads {
            for candidate in read.candidates { Self.add(candidate, weight: read.weight, pivot: pivot, to: &slots) }
        }
        var characters: [UInt8] = []
        var confidence = 1.0
        for slot in slots {
            guard let winner = slot.winner else { continue }
            confidence *= winner.share
            if let character = winner.character { characters.append(character) }
        }
        guard let text = PlateText(String(decoding: characters, as: UTF8.self)) else { return nil }
        return (text, confidence)
    }

    private static func add(_ candidate: Candidate, weight: Double, pivot: [UInt8], to slots: inout [Slot]) {
        let text = Array(candidate.text.text.utf8)
        let weight = weight * candidate.confidence
        guard weight > 0 else { return }
        let steps = VoteAlignment.align(pivot, text)
        let firstRead = steps.firstIndex { $0.other != nil } ?? 0
        let lastRead = steps.lastIndex { $0.other != nil } ?? 0
        var filled = [Bool](repeating: false, count: slots.count)
        var place = 0
        for (index, step) in steps.enumerated() {
            // Even slots are the gaps before each place, odd ones the places.
            let slot = step.pivot.map { 2 * $0 + 1 } ?? place
            if let at = step.other {
                guard !filled[slot] else { continue }
                let confidence = at < candidate.characters.count ? candidate.characters[at] : candidate.confidence
                slots[slot].add(text[at], weight * (0.2 + 0.8 * confidence))
            } else {
                // Missing ends are mostly cut-off plates; missing middles are opinions.
                slots[slot].add(nil, weight * (index < firstRead || index > lastRead ? 0.4 : 0.8))
            }
            filled[slot] = true
            place = step.pivot.map { 2 * $0 + 2 } ?? place
        }
        for slot in stride(from: 0, to: slots.count, by: 2) where !filled[slot] { slots[slot].add(nil, weight) }
    }

    /// One place of the confusion network: weight by character, in the order they came.
    private struct Slot {
        private var entries: [(character: UInt8?, weight: Double)] = []

        mutating func add(_ character: UInt8?, _ weight: Double) {
            if let known = entries.firstIndex(where: { $0.character == character }) {
                entries[known].weight += weight
            } else {
                entries.append((character, weight))
            }
        }

        var winner: (character: UInt8?, share: Double)? {
            var total = 0.0
            var best: (character: UInt8?, weight: Double)?
            for entry in entries {
                total += entry.weight
                if best.map({ entry.weight > $0.weight }) ?? true { best = entry }
            }
            return best.map { ($0.character, total > 0 ? $0.weight / total : 0) }
        }
    }
}
