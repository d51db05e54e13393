/// How two readings of one plate line up, character by character.
enum VoteAlignment {
    /// Characters that readers take for each other; a capital's class, or the character itself.
    static func lookAlike(_ character: UInt8) -> UInt8 {
        switch character {
        case UInt8(ascii: "O"), UInt8(ascii: "D"), UInt8(ascii: "Q"): UInt8(ascii: "0")
        case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
        case UInt8(ascii: "B"): UInt8(ascii: "8")
        case UInt8(ascii: "S"): UInt8(ascii: "5")
        case UInt8(ascii: "Z"): UInt8(ascii: "2")
        default: character
        }
    }

    private static func substitution(_ a: UInt8, _ b: UInt8) -> Double {
        a == b ? 0 : lookAlike(a) == lookAlike(b) ? 0.4 : 1
    }

    private static let gap = 0.8

    /// One step of an alignment: places in both texts; nil where one has nothing to set against the other.
    struct Step: Equatable {
        var pivot: Int?
        var other: Int?
    }

    /// The cheapest alignment; look-alikes cost 0.4, other substitutions 1, gaps 0.8. Ties prefer substitutions.
    static func align(_ pivot: [UInt8], _ other: [UInt8]) -> [Step] {
        let width = other.count + 1
        var costs = [Double](repeating: 0, count: (pivot.count + 1) * width)
        for column in 0...other.count { costs[column] = Double(column) * gap }
        for row in stride(from: 1, through: pivot.count, by: 1) {
            costs[row * width] = Double(row) * gap
            for column in stride(from: 1, through: other.count, by: 1) {
                costs[row * width + column] = min(
                    costs[(row - 1) * width + column - 1] + substitution(pivot[row - 1], other[column - 1]),
                    costs[(row - 1) * width + column] + gap, costs[row * width + column - 1] + gap)
            }
        }
        var steps: [Step] = []
        var row = pivot.count
        var column = other.count
        while row > 0 || column > 0 {
            let here = costs[row * width + column]
            if row > 0, column > 0,
                here == costs[(row - 1) * width + column - 1] + substitution(pivot[row - 1], other[column - 1])
            {
                row -= 1
                column -= 1
                steps.append(Step(pivot: row, other: column))
            } else if row > 0, here == costs[(row - 1) * width + column] + gap {
                row -= 1
                steps.append(Step(pivot: row, other: nil))
            } else {
                column -= 1
                steps.append(Step(pivot: nil, other: column))
            }
        }
        return steps.reversed()
    }

    /// 1 for equal texts, 0 for texts with nothing in common; look-alikes count as near.
    static func similarity(_ a: [UInt8], _ b: [UInt8]) -> Double {
        if a == b { return a.isEmpty ? 0 : 1 }
        guard !a.isEmpty, !b.isEmpty else { return 0 }
        var above = [Double](repeating: 0, count: b.count + 1)
        for column in 0...b.count { above[column] = Double(column) * gap }
        for row in 1...a.count {
            var diagonal = above[0]
            above[0] = Double(row) * gap
            for column in 1...b.count {
                let cost = min(
                    diagonal + substitution(a[row - 1], b[column - 1]), above[column] + gap, above[column - 1] + gap)
                diagonal = above[column]
                above[column] = cost
            }
        }
        return max(0, 1 - above[b.count] / Double(max(a.count, b.count)))
    }
}
