/// The notation of patterns: `LLDDDLL`, `[ABC]D{2,4}L{1,2}`, `20[0123]D`.
public enum GrammarSyntax {
    /// What one pattern may unfold to.
    public static let mostShapes = 200

    /// Every shape that a pattern stands for, in order of length of its first repeats.
    ///
    /// - Parameters:
    ///   - pattern: `L` a letter, `D` a digit, `X` either, `0`–`9` that digit, `[ABC]` one of these; after any of
    ///     them `{n}` or `{n,m}` repeats it. Repeats go to 9.
    ///   - letters: What `L` and `X` mean.
    public static func expand(
        _ pattern: String, letters: PlateCharacters
    ) throws(GrammarSyntaxError) -> [[PlateCharacters]] {
        var shapes: [[PlateCharacters]] = [[]]
        var rest = Array(pattern.utf8)[...]
        guard !rest.isEmpty else { throw .empty }
        while let first = rest.popFirst() {
            let place: PlateCharacters
            switch first {
            case UInt8(ascii: "L"): place = letters
            case UInt8(ascii: "D"): place = .digits
            case UInt8(ascii: "X"): place = letters.union(.digits)
            case UInt8(ascii: "0")...UInt8(ascii: "9"): place = PlateCharacters([first])
            case UInt8(ascii: "["):
                guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { throw .unclosed("[") }
                let members = rest[rest.startIndex..<end]
                place = PlateCharacters(members)
                guard !members.isEmpty, place.count == members.count else { throw .badSet }
                rest = rest[(end + 1)...]
            default: throw .unknown(String(UnicodeScalar(first)))
            }
            let counts = try repeats(&rest)
            shapes = counts.flatMap { count in shapes.map { $0 + Array(repeating: place, count: count) } }
            guard shapes.count <= mostShapes else { throw .tooMany }
        }
        return shapes
    }

    private static func repeats(_ rest: inout ArraySlice<UInt8>) throws(GrammarSyntaxError) -> ClosedRange<Int> {
        guard rest.first == UInt8(ascii: "{") else { return 1...1 }
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw .unclosed("{") }
        let numbers = rest[(rest.startIndex + 1)..<end].split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false
        )
        .map { Int(String(decoding: $0, as: UTF8.self)) }
        rest = rest[(end + 1)...]
        guard (1...2).contains(numbers.count), let low = numbers[0], let high = numbers[numbers.count - 1],
            low >= 1, high <= 9, low <= high
        else { throw .badRepeat }
        return low...high
    }
}

/// What is wrong with one pattern.
public enum GrammarSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    case empty
    case unknown(String)
    case unclosed(String)
    case badSet
    case badRepeat
    case tooMany

    public var description: String {
        switch self {
        case .empty: "it is empty"
        case .unknown(let character): "\(character) means nothing here; use L, D, X, a digit or [ABC]"
        case .unclosed(let character): "\(character) is never closed"
        case .badSet: "between [ and ] go A-Z and 0-9, each once"
        case .badRepeat: "a repeat is {n} or {n,m}, from 1 to 9"
        case .tooMany: "it stands for more than \(GrammarSyntax.mostShapes) shapes; write several"
        }
    }
}
