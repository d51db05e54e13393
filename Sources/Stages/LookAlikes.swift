/// Classes of characters that plate fonts hardly tell apart, such as `0ODQ`. A character may be in several.
public struct LookAlikes: Hashable, Sendable {
    /// For each of 36 characters, those that look like it.
    private var neighbours: [PlateCharacters]
    /// For each of 36 characters, the one that stands for its first class.
    private var representatives: [UInt8]

    public init(_ classes: [String]) {
        neighbours = Array(repeating: PlateCharacters(), count: 36)
        representatives = (0..<36).map { UInt8($0 < 10 ? 48 + $0 : 55 + $0) }
        var placed = PlateCharacters()
        for members in classes.map({ Array($0.utf8) }) {
            for member in members {
                guard let at = Self.index(member) else { continue }
                neighbours[at] = neighbours[at].union(PlateCharacters(members))
                if !placed.contains(member) { representatives[at] = members[0] }
            }
            placed = placed.union(PlateCharacters(members))
        }
    }

    /// Whether both are in one class; false for a character and itself when it is in none.
    public func alike(_ a: UInt8, _ b: UInt8) -> Bool {
        guard let at = Self.index(a) else { return false }
        return neighbours[at].contains(b)
    }

    /// Each character replaced by the first of its class, so that texts that look alike become equal.
    public func folded(_ text: [UInt8]) -> [UInt8] {
        text.map { character in Self.index(character).map { representatives[$0] } ?? character }
    }

    private static func index(_ character: UInt8) -> Int? {
        switch character {
        case 48...57: Int(character) - 48
        case 65...90: Int(character) - 55
        default: nil
        }
    }
}
