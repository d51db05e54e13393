internal import Foundation
internal import Yams

/// One mapping of the file. It knows the keys that it was asked for; `close` reports the others.
final class PipelineSection {
    let document: PipelineDocument
    /// Empty for the root.
    let path: String
    let mark: Mark?
    private let entries: [String: (key: Node, value: Node)]
    private var asked: Set<String> = []

    init(_ document: PipelineDocument, path: String, _ mapping: Node.Mapping?, at mark: Mark?) {
        self.document = document
        self.path = path
        self.mark = mark
        var entries: [String: (key: Node, value: Node)] = [:]
        let pairs: [(key: Node, value: Node)] = mapping.map { Array($0) } ?? []
        for (key, value) in pairs {
            guard let name = key.scalar?.string else {
                document.report(
                    .wrongShape, at: key.mark, "a key is a list or a section", "write a word before the ':'")
                continue
            }
            entries[name] = (key, value)
        }
        self.entries = entries
    }

    /// An empty section, for one that the file doesn't have.
    private convenience init(absent path: String, _ document: PipelineDocument) {
        self.init(document, path: path, nil, at: nil)
    }

    private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func node(_ key: String) -> Node? {
        asked.insert(key)
        document.learn(key, in: path)
        return entries[key]?.value
    }

    func has(_ key: String) -> Bool { entries[key] != nil }
    func mark(of key: String) -> Mark? { entries[key]?.value.mark ?? mark }

    /// A section below; one that is absent or empty reads as all defaults.
    func section(_ key: String) -> PipelineSection {
        switch node(key) {
        case nil: break
        case .mapping(let mapping)?: return PipelineSection(document, path: name(key), mapping, at: mapping.mark)
        case .scalar(let scalar)? where scalar.isNothing: break
        case let other?:
            document.report(.wrongShape, at: other.mark, "\(name(key)) is not a section", "write its settings below it")
        }
        return PipelineSection(absent: name(key), document)
    }

    /// The sections of a list, each called by `path[index]`; nil when there is no list.
    func sections(_ key: String) -> [PipelineSection]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let sequence) = node else {
            if let scalar = node.scalar, scalar.isNothing { return nil }
            document.report(.wrongShape, at: node.mark, "\(name(key)) is not a list", "write '- ' before each entry")
            return nil
        }
        return sequence.enumerated().compactMap { index, entry in
            guard case .mapping(let mapping) = entry else {
                document.report(
                    .wrongShape, at: entry.mark, "\(name(key))[\(index)] is not a section",
                    "write 'key: value' lines after the '- '")
                return nil
            }
            return PipelineSection(document, path: "\(name(key))[\(index)]", mapping, at: mapping.mark)
        }
    }

    /// Whether a list is absent or has no entries; not for something else in its place.
    func isEmptyList(_ key: String) -> Bool {
        switch node(key) {
        case nil: true
        case .sequence(let sequence)?: sequence.isEmpty
        case .scalar(let scalar)?: scalar.isNothing
        default: false
        }
    }

    /// A setting's text with its place; nil when absent or reported.
    func text(_ key: String) -> (text: String, mark: Mark?)? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar else {
            document.report(
                .wrongShape, at: node.mark, "\(name(key)) is not a single value", "write one value after the ':'")
            return nil
        }
        guard !scalar.isNothing, !scalar.string.isEmpty else {
            document.report(
                .wrongShape, at: scalar.mark, "\(name(key)) has no value",
                "write one, or remove the line for the default")
            return nil
        }
        return (scalar.string, scalar.mark)
    }

    /// A setting; nil when absent or reported.
    func optional<Value>(_ key: String, _ format: PipelineFormat<Value>) -> Value? {
        guard let (text, mark) = text(key) else { return nil }
        do {
            return try format.parse(text)
        } catch {
            document.report(error.code, at: mark, "\(name(key)) \(error.what)", error.remedy)
            return nil
        }
    }

    /// Reads a setting over its default.
    func set<Value>(_ key: String, _ target: inout Value, _ format: PipelineFormat<Value>) {
        if let value = optional(key, format) { target = value }
    }

    /// A setting that must be there.
    func required<Value>(_ key: String, _ format: PipelineFormat<Value>, _ remedy: String) -> Value? {
        if entries[key] == nil {
            _ = node(key)
            let owner = path.isEmpty ? "the file" : path
            document.report(.missingKey, at: mark, "\(owner) has no '\(key)'", remedy)
            return nil
        }
        return optional(key, format)
    }

    /// One text, several separated by commas, or a list; nil when absent or reported.
    func texts(_ key: String) -> [String]? {
        if case .sequence(let sequence)? = node(key) {
            return sequence.compactMap { entry in
                if let scalar = entry.scalar, !scalar.isNothing { return scalar.string }
                document.report(
                    .wrongShape, at: entry.mark, "an entry of \(name(key)) is not a single value",
                    "write one value a line")
                return nil
            }
        }
        return text(key)?.text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// Keys and values that are passed on as they are.
    func table(_ key: String) -> [(key: String, value: String, mark: Mark?)] {
        let section = section(key)
        return section.entries.keys.sorted().compactMap { key in
            section.text(key).map { (key, $0.text, $0.mark) }
        }
    }

    /// Hands the keys that nobody asked for to the document.
    func close() {
        for (name, entry) in entries where !asked.contains(name) {
            document.stray(name, at: entry.key.mark, in: path, known: asked)
        }
    }
}

extension Node.Scalar {
    /// Nothing after the colon, or `~` or `null`.
    var isNothing: Bool { style == .plain && ["", "~", "null"].contains(string) }
}
