import Traffic

// What speaks for a text: its shape, the reads that are kept, and how they agree.

extension Vote.Shape {
    /// Evidence in nats that one of its texts is right.
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

extension PlateText {
    /// With 0 for O and 1 for I, which many plates write alike.
    var shape: PlateText {
        let bytes = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "O"): UInt8(ascii: "0")
            case UInt8(ascii: "I"): UInt8(ascii: "1")
            default: byte
            }
        }
        return PlateText(String(decoding: bytes, as: UTF8.self))!  // as long as the text, of its alphabet
    }

    /// How often letters give way to digits or digits to letters.
    var turns: Int {
        let digits = text.utf8.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return zip(digits, digits.dropFirst()).count { $0 != $1 }
    }
}

extension Vote.Read {
    var confidence: Double { candidates.first?.confidence ?? 0 }
}

extension Vote {
    /// The reads that are kept, in the order of their frames.
    var evidence: [Passage.Read] {
        reads.sorted { $0.frame < $1.frame }.compactMap { read in
            read.candidates.first.map {
                Passage.Read(frame: read.frame, text: $0.text, confidence: $0.confidence, accepted: read.accepted)
            }
        }
    }

    /// For each character of a text, the share of the kept reads that show it at this place.
    func agreement(on text: PlateText) -> [Double] {
        let whole = Array(text.text.utf8)
        var shown = [Int](repeating: 0, count: whole.count)
        for read in reads {
            guard let candidate = read.candidates.first else { continue }
            let other = Array(candidate.text.text.utf8)
            for step in VoteAlignment.align(whole, other) {
                if let place = step.pivot, let at = step.other, other[at] == whole[place] { shown[place] += 1 }
            }
        }
        return shown.map { reads.isEmpty ? 0 : Double($0) / Double(reads.count) }
    }
}
