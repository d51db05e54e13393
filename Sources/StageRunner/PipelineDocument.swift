internal import Foundation
internal import Yams

/// A YAML file being read: collects problems with their places.
final class PipelineDocument {
    /// A pipeline of a thousand cameras takes 200 kB.
    static let largest = 1_000_000

    let file: String
    private(set) var problems: [PipelineProblem] = []
    /// Every key that some section asked for, so that a misplaced key can be sent home.
    private var homes: [String: Set<String>] = [:]
    private var strays: [(key: String, mark: Mark?, section: String, known: Set<String>)] = []

    init(file: String) { self.file = file }

    func report(_ code: PipelineProblem.Code, at mark: Mark?, _ what: String, _ remedy: String) {
        report(code, line: mark?.line ?? 0, column: mark?.column ?? 0, what, remedy)
    }

    private func report(_ code: PipelineProblem.Code, line: Int, column: Int, _ what: String, _ remedy: String) {
        problems.append(
            PipelineProblem(file: file, line: line, column: column, code: code, what: what, remedy: remedy))
    }

    /// The root mapping; nil after a problem that keeps the rest from being read.
    func root() -> PipelineSection? {
        guard let text = contents() else { return nil }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text, .default, .default, .utf8)
        } catch {
            report(error)
            return nil
        }
        switch node {
        case nil: report(.empty, at: nil, "the file is empty", "write at least 'name' and 'cameras'")
        case .mapping(let mapping)?: return PipelineSection(self, path: "", mapping, at: mapping.mark)
        case .scalar(let scalar)? where scalar.string.isEmpty:
            report(.empty, at: nil, "the file is empty", "write at least 'name' and 'cameras'")
        case let other?:
            report(.wrongShape, at: other.mark, "the file is not a list of 'key: value'", "begin with 'name: ...'")
        }
        return nil
    }

    private func contents() -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
            report(.unreadable, at: nil, "there is no such file", "check the path")
            return nil
        }
        guard !isFolder.boolValue, let handle = FileHandle(forReadingAtPath: file) else {
            let why = isFolder.boolValue ? "it is a folder" : "it can't be opened"
            report(.unreadable, at: nil, why, "name a file that this user may read")
            return nil
        }
        defer { try? handle.close() }
        let bytes: Data
        do {
            bytes = try handle.read(upToCount: Self.largest + 1) ?? Data()
        } catch {
            report(.unreadable, at: nil, "reading failed: \(error)", "check the disk")
            return nil
        }
        guard bytes.count <= Self.largest else {
            report(
                .tooLarge, at: nil, "the file is larger than \(Self.largest / 1000) kB", "name a pipeline file instead")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            report(.notUTF8, at: nil, "the file is not UTF-8 text", "save it as UTF-8")
            return nil
        }
        return text
    }

    private func report(_ error: any Error) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, let yaml),
            YamlError.parser(_, let problem, let mark, let yaml):
            let line = yaml.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(mark.line - 1).first
            let tab = line?.prefix { $0 == " " || $0 == "\t" }.contains("\t") ?? false
            report(
                .syntax, at: mark, "this is not YAML: \(problem)",
                tab ? "indent with spaces, not tabs" : "check indentation, quotes and colons here and just above")
        case YamlError.composer(_, let problem, let mark, _):
            let several = problem.contains("another document")
            report(
                .syntax, at: mark, several ? "a second document begins" : "this is not YAML: \(problem)",
                several ? "keep one document a file: remove the '---'" : "define the anchor before its use")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            let list = keys.map { "'\($0)'" }.joined(separator: ", ")
            report(.duplicateKey, at: context.mark, "\(list) stands twice in one section", "keep one of them")
        case YamlError.reader(let problem, let offset, _, let yaml):
            let before = offset.map { yaml.prefix($0) } ?? ""
            let line = before.split(separator: "\n", omittingEmptySubsequences: false)
            report(
                .syntax, line: max(1, line.count), column: (line.last?.count ?? 0) + 1,
                "this is not YAML: \(problem)", "remove the character")
        default: report(.syntax, at: nil, "this is not YAML: \(error)", "check the file")
        }
    }

    fileprivate func learn(_ key: String, in section: String) {
        homes[key, default: []].insert(String(section.prefix { $0 != "[" }))
    }

    fileprivate func stray(_ key: String, at mark: Mark?, in section: String, known: Set<String>) {
        strays.append((key, mark, section, known))
    }

    /// Reports the keys that no section knows. Call it last: only then are all keys known.
    func finish() {
        for stray in strays {
            let place = stray.section.isEmpty ? "at the top" : "in '\(stray.section)'"
            let remedy: String
            if stray.key == "<<" {
                remedy = "merge keys are not read: repeat the settings"
            } else if let guess = PipelineSpelling.guess(stray.key, among: stray.known) {
                remedy = "did you mean '\(guess)'?"
            } else if let home = homes[stray.key]?.sorted().first {
                remedy = home.isEmpty ? "move it to the top" : "move it into '\(home)'"
            } else {
                remedy = "remove it; known here: \(stray.known.sorted().joined(separator: ", "))"
            }
            report(.unknownKey, at: stray.mark, "'\(stray.key)' is unknown \(place)", remedy)
        }
        strays = []
    }
}

extension String {
    /// The text of UTF-8 bytes; nil when they are not.
    fileprivate init?(validating bytes: Data, as encoding: UTF8.Type) {
        guard let text = String(bytes: bytes, encoding: .utf8) else { return nil }
        self = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }
}

/// One mapping of the file. It knows the keys that it was asked for; `close` reports the others.
final class PipelineSection {
    let document: PipelineDocument
    /// Empty for the root.
    let path: String
    let mark: Mark?
    private let entries: [String: (key: Node, value: Node)]
    private var asked: Set<String> = []

    fileprivate init(_ document: PipelineDocument, path: String, _ mapping: Node.Mapping?, at mark: Mark?) {
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
    fileprivate var isNothing: Bool { style == .plain && ["", "~", "null"].contains(string) }
}
