public import Foundation

/// Compares lines with a file of the expected ones; with `UPDATE_GOLDEN` in the environment, writes that file instead.
///
/// After an intended change: run the tests once with `UPDATE_GOLDEN=1`, then read the diff before committing it.
///
/// - Throws: ``GoldenMismatch`` with the first lines that differ, or when there is no such file yet.
public func expectGolden(_ lines: [String], at file: URL) throws {
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
        try lines.map { $0 + "\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
        return
    }
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
        throw GoldenMismatch(file: file.lastPathComponent, differences: [], expected: nil, found: lines.count)
    }
    let golden = text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    var differences: [GoldenMismatch.Difference] = []
    for index in 0..<max(golden.count, lines.count) {
        let expected = index < golden.count ? golden[index] : nil
        let found = index < lines.count ? lines[index] : nil
        if expected != found { differences.append(.init(line: index + 1, expected: expected, found: found)) }
    }
    guard differences.isEmpty else {
        throw GoldenMismatch(
            file: file.lastPathComponent, differences: differences, expected: golden.count, found: lines.count)
    }
}

/// Output that is not what its golden file says.
public struct GoldenMismatch: Error, Equatable, CustomStringConvertible {
    public struct Difference: Equatable, Sendable {
        /// From 1.
        public var line: Int
        /// Nil for a line that one of both does not have.
        public var expected, found: String?

        public init(line: Int, expected: String?, found: String?) {
            self.line = line
            self.expected = expected
            self.found = found
        }
    }

    public var file: String
    public var differences: [Difference]
    /// Lines in the file; nil when it does not exist.
    public var expected: Int?
    public var found: Int

    public var description: String {
        guard let expected else {
            return "\(file) does not exist; run once with UPDATE_GOLDEN=1 to write it (\(found) lines), then read it"
        }
        let shown = differences.prefix(5).map {
            "line \($0.line)\n  expected \($0.expected ?? "nothing")\n  found    \($0.found ?? "nothing")"
        }
        return "\(file): \(differences.count) lines differ (\(expected) expected, \(found) found)\n"
            + shown.joined(separator: "\n") + "\nAfter an intended change: UPDATE_GOLDEN=1, then read the diff."
    }
}
