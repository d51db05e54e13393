internal import Traffic
internal import Yams

/// Collects what is wrong in a descriptor or manifest, so that all of it is reported at once.
final class ModelFileProblems {
    private var found: [ModelFileError.Problem] = []
    var isEmpty: Bool { found.isEmpty }
    func add(_ line: Int, _ what: String) { found.append(.init(line: line, what: what)) }
    func error(_ file: String) -> ModelFileError {
        .invalid(file: file, problems: found.sorted { ($0.line, $0.what) < ($1.line, $1.what) })
    }
}

/// One mapping of a YAML file, read key by key; ``close()`` reports the keys that nobody asked for.
final class ModelFields {
    private let problems: ModelFileProblems
    private let path: String
    private let startLine: Int
    private var entries: [String: (key: Node, value: Node)] = [:]
    private var asked: Set<String> = []

    /// Nil, with the reason among the problems, when the text is no mapping.
    convenience init?(yaml: String, _ problems: ModelFileProblems) {
        do {
            guard let node = try Yams.compose(yaml: yaml) else {
                problems.add(1, "the file is empty")
                return nil
            }
            self.init(node, path: "", problems)
        } catch let error as YamlError {
            problems.add(Self.line(of: error), "not YAML: \(error)".replacing("\n", with: " "))
            return nil
        } catch {
            problems.add(1, "not YAML: \(error)")
            return nil
        }
    }

    init?(_ node: Node, path: String, _ problems: ModelFileProblems) {
        self.problems = problems
        self.path = path
        startLine = node.mark?.line ?? 1
        guard let mapping = node.mapping else {
            problems.add(startLine, "\(path.isEmpty ? "the file" : "'\(path)'") must be keys with values")
            return nil
        }
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                problems.add(key.mark?.line ?? startLine, "a key must be a word")
                continue
            }
            if entries[name] != nil { problems.add(key.mark?.line ?? startLine, "'\(name)' is given twice") }
            entries[name] = (key, value)
        }
    }

    private static func line(of error: YamlError) -> Int {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: 1
        }
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    func line(_ key: String) -> Int? { entries[key].flatMap { $0.key.mark?.line } }

    private func value(_ key: String, required: Bool) -> Node? {
        asked.insert(key)
        guard let entry = entries[key] else {
            if required { problems.add(startLine, "'\(full(key))' is missing") }
            return nil
        }
        return entry.value
    }

    private func wrong(_ key: String, _ node: Node, _ wanted: String) {
        let given = node.scalar.map { " not '\($0.string)'" } ?? ""
        problems.add(
            node.mark?.line ?? line(key) ?? startLine,
            "'\(full(key))' must be \(wanted)\(given.isEmpty ? "" : ",")\(given)")
    }

    func text(_ key: String, required: Bool) -> String? {
        guard let node = value(key, required: required) else { return nil }
        guard let scalar = node.scalar, !scalar.string.isEmpty else {
            wrong(key, node, "a text")
            return nil
        }
        return scalar.string
    }

    func texts(_ key: String) -> [String] {
        guard let node = value(key, required: false) else { return [] }
        guard let list = node.sequence, list.allSatisfy({ $0.scalar != nil }) else {
            wrong(key, node, "a list of texts")
            return []
        }
        return list.compactMap { $0.scalar?.string }
    }

    func word<Word: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Word.Type, required: Bool = true
    ) -> Word? where Word.RawValue == String {
        guard let node = value(key, required: required) else { return nil }
        if let word = node.scalar.flatMap({ Word(rawValue: $0.string) }) { return word }
        wrong(key, node, "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        return nil
    }

    func number(_ key: String, _ range: ClosedRange<Double>, absent: Double? = nil) -> Double? {
        guard let node = value(key, required: absent == nil) else { return absent }
        if let number = node.scalar.flatMap({ Double($0.string) }), range.contains(number) { return number }
        wrong(key, node, "a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        guard let node = value(key, required: true) else { return nil }
        if let number = node.scalar.flatMap({ Int($0.string) }), range.contains(number) { return number }
        wrong(key, node, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    /// One number for all three channels, or a list of three.
    func perChannel(_ key: String, absent: Float) -> [Float] {
        guard let node = value(key, required: false) else { return [absent, absent, absent] }
        if let one = node.scalar.flatMap({ Float($0.string) }), one.isFinite { return [one, one, one] }
        let three = node.sequence?.compactMap { $0.scalar.flatMap { Float($0.string) } } ?? []
        if three.count == 3, node.sequence?.count == 3, three.allSatisfy(\.isFinite) { return three }
        wrong(key, node, "a number or a list of three")
        return [absent, absent, absent]
    }

    /// Class index to vehicle.
    func classes(_ key: String, needed: Bool) -> [Int: VehicleClass] {
        guard let node = value(key, required: needed) else { return [:] }
        var made: [Int: VehicleClass] = [:]
        guard let mapping = node.mapping, !mapping.isEmpty else {
            wrong(key, node, "class numbers with a vehicle each")
            return [:]
        }
        for (number, vehicle) in mapping {
            let line = number.mark?.line ?? startLine
            guard let index = number.scalar.flatMap({ Int($0.string) }), (0...9999).contains(index) else {
                problems.add(line, "'\(full(key))' has '\(number.scalar?.string ?? "?")' where a class number belongs")
                continue
            }
            guard let kind = vehicle.scalar.flatMap({ VehicleClass(rawValue: $0.string) }) else {
                problems.add(
                    line,
                    "'\(full(key)).\(index)' must be one of "
                        + VehicleClass.allCases.map(\.rawValue).joined(separator: ", "))
                continue
            }
            made[index] = kind
        }
        return made
    }

    func fields(_ key: String, required: Bool = true) -> ModelFields? {
        guard let node = value(key, required: required) else { return nil }
        return ModelFields(node, path: full(key), problems)
    }

    /// A list of mappings.
    func list(_ key: String) -> [ModelFields] {
        guard let node = value(key, required: true) else { return [] }
        guard let list = node.sequence else {
            wrong(key, node, "a list")
            return []
        }
        return list.enumerated().compactMap { ModelFields($1, path: "\(full(key))[\($0)]", problems) }
    }

    /// Where this mapping begins, counted from 1.
    var firstLine: Int { startLine }
    /// The keys present, for mappings whose keys are names.
    var keys: [String] { entries.keys.sorted() }

    func close() {
        for (name, entry) in entries where !asked.contains(name) {
            problems.add(
                entry.key.mark?.line ?? startLine,
                "unknown key '\(full(name))'; known here: \(asked.sorted().joined(separator: ", "))")
        }
    }
}
