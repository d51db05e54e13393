import Foundation
import Synchronization

/// One line on standard error, rewritten as work goes on; on anything but a terminal, a line each tenth.
final class CountLine: Sendable {
    private let name, unit: String
    private let total: Int
    private let started = ContinuousClock.now
    private let terminal = isatty(STDERR_FILENO) == 1
    private let shown = Mutex(0)

    /// - Parameters:
    ///   - name: Of the command, before the colon.
    ///   - unit: What is counted, in the plural.
    init(_ name: String, of total: Int, _ unit: String) {
        self.name = name
        self.unit = unit
        self.total = max(1, total)
    }

    var seconds: Int { Int((ContinuousClock.now - started).components.seconds) }

    /// - Parameter done: At least 1.
    func show(_ done: Int) {
        let part = done * (terminal ? 200 : 10) / total
        let due = shown.withLock { last in
            guard part > last else { return false }
            last = part
            return true
        }
        guard due else { return }
        let left = seconds * (total - done) / done
        write("\(name): \(done) of \(total) \(unit), \(left) s left\(terminal ? "\u{1B}[K\r" : "\n")")
    }

    func end(_ text: String) { write("\(name): \(text)\(terminal ? "\u{1B}[K" : "")\n") }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
