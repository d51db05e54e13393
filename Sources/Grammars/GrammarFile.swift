public import Stages
internal import Yams

#if canImport(Glibc)
    import Glibc
#endif

/// Reads `models/grammars.yaml`, whose head explains its form.
public enum GrammarFile {
    /// - Throws: ``GrammarError`` with every mistake in the file, not only the first.
    public static func load(_ path: String) throws(GrammarError) -> GrammarSet {
        guard let file = fopen(path, "rb") else { throw .missing(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 {
            bytes += block.prefix(count)
            guard bytes.count <= 1 << 24 else {
                throw .invalid(path: path, [.init(line: 1, problem: "more than 16 MiB")])
            }
        }
        return try parse(String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// - Parameter path: For messages only.
    public static func parse(_ text: String, path: String = "grammars.yaml") throws(GrammarError) -> GrammarSet {
        var reader = GrammarFileReader()
        let grammars = reader.read(text)
        guard let grammars, reader.mistakes.isEmpty else { throw .invalid(path: path, reader.mistakes) }
        return grammars
    }
}

/// What is wrong with a grammar file. Codes `GRM1xx` are stable.
public enum GrammarError: Error, Equatable, Sendable, CustomStringConvertible {
    public struct Mistake: Equatable, Sendable {
        /// From 1.
        public var line: Int
        public var problem: String
        public init(line: Int, problem: String) {
            self.line = line
            self.problem = problem
        }
    }
    case missing(path: String)
    case invalid(path: String, [Mistake])

    public var description: String {
        switch self {
        case .missing(let path):
            "GRM101 no plate grammars at \(path). Run `make models`, or name another file in the settings."
        case .invalid(let path, let mistakes):
            "GRM102 the plate grammars can't be used; correct the file:\n"
                + mistakes.map { "\(path):\($0.line): \($0.problem)" }.joined(separator: "\n")
        }
    }
}

/// One pass over the file, gathering mistakes.
private struct GrammarFileReader {
    var mistakes: [GrammarError.Mistake] = []

    mutating func wrong(_ node: Node?, _ problem: String) {
        mistakes.append(.init(line: node?.mark?.line ?? 1, problem: problem))
    }

    mutating func read(_ text: String) -> GrammarSet? {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch let error as YamlError {
            mistakes.append(.init(line: Self.line(of: error), problem: "not YAML: \(error)"))
            return nil
        } catch {
            wrong(nil, "not YAML: \(error)")
            return nil
        }
        guard let root,
            let file = fields(
                root, "the file",
                known: [
                    "version", "look_alikes", "shortest", "longest", "free_text", "excluded_words", "excluded_patterns",
                    "regions",
                ], needed: ["version", "look_alikes", "regions"])
        else { return nil }
        if file["version"]?.int != 1 { wrong(file["version"], "`version` must be 1, the only one this build knows") }
        let lookAlikes = strings(file["look_alikes"], "look_alikes").map { plain($0, "a class of look-alikes") }
        let shortest = integer(file["shortest"], "shortest", in: 1...12) ?? 4
        let longest = integer(file["longest"], "longest", in: 1...12) ?? 9
        if shortest > longest { wrong(file["longest"], "`longest` is less than `shortest`") }
        let freeText = number(file["free_text"], "free_text") ?? 0.15
        if !(freeText > 0 && freeText < 1) { wrong(file["free_text"], "`free_text` must lie between 0 and 1") }
        let words = strings(file["excluded_words"], "excluded_words").map { plain($0, "an excluded word") }
        let excluded = strings(file["excluded_patterns"], "excluded_patterns").flatMap {
            expand($0, letters: .letters) ?? []
        }
        var patterns: [GrammarPattern] = []
        var codes: Set<String> = []
        if let regions = file["regions"]?.sequence {
            for node in regions { patterns += region(node, &codes, shortest, longest) }
        } else {
            wrong(file["regions"], "`regions` must be a list")
        }
        guard mistakes.isEmpty else { return nil }
        return GrammarSet(
            patterns: patterns, lookAlikes: LookAlikes(lookAlikes), lengths: shortest...longest, freeText: freeText,
            excludedWords: words, excludedPatterns: excluded)
    }

    private mutating func region(
        _ node: Node, _ codes: inout Set<String>, _ shortest: Int, _ longest: Int
    ) -> [GrammarPattern] {
        guard
            let region = fields(
                node, "a region", known: ["code", "name", "weight", "letters", "patterns", "rare"],
                needed: ["code", "name", "patterns"])
        else { return [] }
        let code = region["code"]?.scalar?.string ?? ""
        if code.isEmpty || !code.allSatisfy({ $0.isLowercase || $0 == "-" }) {
            wrong(region["code"], "`code` must be lower-case letters, such as fr; found \(code.debugDescription)")
        }
        if !codes.insert(code).inserted { wrong(region["code"], "the region \(code) is here twice") }
        let weight = number(region["weight"], "weight") ?? 1
        if !(weight >= 0 && weight.isFinite) { wrong(region["weight"], "`weight` must be 0 or more") }
        var letters = PlateCharacters.letters
        if let given = region["letters"] {
            letters = PlateCharacters(plain(given, "letters").utf8)
            if letters.isEmpty { wrong(given, "`letters` names none") }
        }
        var shapes: [(places: [[PlateCharacters]], share: Double)] = []
        for (key, share) in [("patterns", 1.0), ("rare", 0.1)] {
            for pattern in strings(region[key], key) {
                // One that a plate may not be as long or as short as would never be used.
                guard let unfolded = expand(pattern, letters: letters) else { continue }
                let fitting = unfolded.filter { (shortest...longest).contains($0.count) }
                if fitting.isEmpty {
                    wrong(pattern, "no text of \(shortest) to \(longest) characters fits this pattern")
                } else {
                    shapes.append((fitting, share))
                }
            }
        }
        let sum = shapes.map(\.share).reduce(0, +)
        return shapes.flatMap { shape in
            shape.places.map {
                GrammarPattern(region: code, places: $0, share: weight * shape.share / sum / Double(shape.places.count))
            }
        }
    }

    private mutating func expand(_ node: Node, letters: PlateCharacters) -> [[PlateCharacters]]? {
        let source = node.scalar?.string ?? ""
        do throws(GrammarSyntaxError) {
            return try GrammarSyntax.expand(source, letters: letters)
        } catch {
            wrong(node, "in the pattern \(source.debugDescription): \(error)")
            return nil
        }
    }

    private mutating func fields(
        _ node: Node, _ what: String, known: Set<String>, needed: [String]
    ) -> [String: Node]? {
        guard let mapping = node.mapping else {
            wrong(node, "\(what) must be `key: value` lines")
            return nil
        }
        var fields: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            if !known.contains(name) {
                wrong(key, "unknown key `\(name)`; known are \(known.sorted().joined(separator: ", "))")
            }
            fields[name] = value
        }
        for name in needed where fields[name] == nil { wrong(node, "\(what) needs `\(name)`") }
        return fields
    }

    private mutating func strings(_ node: Node?, _ name: String) -> [Node] {
        guard let node else { return [] }
        guard let list = node.sequence else {
            wrong(node, "`\(name)` must be a list")
            return []
        }
        return list.filter { item in
            if item.scalar != nil { return true }
            wrong(item, "`\(name)` must hold texts only")
            return false
        }
    }

    /// A text of A–Z and 0–9.
    private mutating func plain(_ node: Node, _ what: String) -> String {
        let text = node.scalar?.string ?? ""
        if text.isEmpty || !text.utf8.allSatisfy({ PlateCharacters([$0]).count == 1 }) {
            wrong(node, "\(what) may only have A-Z and 0-9; found \(text.debugDescription)")
        }
        return text
    }

    private mutating func integer(_ node: Node?, _ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let node else { return nil }
        if let value = node.int, range.contains(value) { return value }
        wrong(node, "`\(name)` must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    private mutating func number(_ node: Node?, _ name: String) -> Double? {
        guard let node else { return nil }
        if let value = node.float { return value }
        wrong(node, "`\(name)` must be a number")
        return nil
    }

    private static func line(of error: YamlError) -> Int {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: 1
        }
    }
}
