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
        case .scalar(let scalar)? where scalar.isNothing:
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
            let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false)
            // At the end of the file the parser stands on a line that is not there.
            let at = min(mark.line, lines.count)
            let line = lines[at - 1]
            let tab = line.prefix { $0 == " " || $0 == "\t" }.contains("\t")
            report(
                .syntax, line: at, column: mark.line > at ? line.count + 1 : mark.column,
                "this is not YAML: \(problem)",
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

    func learn(_ key: String, in section: String) {
        homes[key, default: []].insert(String(section.prefix { $0 != "[" }))
    }

    func stray(_ key: String, at mark: Mark?, in section: String, known: Set<String>) {
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
