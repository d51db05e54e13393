/// One thing that is wrong with a recording.
///
/// Codes are those of ``RecordingError``, those of whoever decodes the messages, and: `REC131` an index, `REC132` the
/// statistics, `REC133` numbers that are missing or twice, `REC134` a schema.
public struct RecordingProblem: Hashable, Sendable, CustomStringConvertible {
    public var code: String
    /// Bytes from the start of the file: the record, or the chunk that it lies in.
    public var offset: Int
    public var reason: String

    public init(code: String, offset: Int, reason: String) {
        (self.code, self.offset, self.reason) = (code, offset, reason)
    }

    init(_ error: RecordingError) { self.init(code: error.code, offset: error.offset ?? 0, reason: error.reason) }

    public var description: String { "byte \(offset): \(code) \(reason)" }
}

/// The outcome of looking at every byte of a recording.
public struct RecordingValidation: Sendable {
    /// The first thousand, those found while reading first, then those of the indexes.
    public private(set) var problems: [RecordingProblem] = []
    /// Those beyond the first thousand included.
    public private(set) var problemCount = 0
    public private(set) var messages = 0

    /// Reads a recording twice: every checksum and message, then every index.
    ///
    /// - Parameter check: What is wrong with a message, if anything; for example that it can't be decoded.
    /// - Throws: ``RecordingError/unreadable(path:detail:)`` or ``RecordingError/notARecording(path:detail:)``.
    public init(
        path: String, check: (RecordedRecord) -> (code: String, reason: String)?
    ) throws(RecordingError) {
        let counts = try readMessages(path, check)
        // What is cut off has no index; and it was said.
        var indexes = try RecordingIndexCheck(path: path, counts: counts)
        try indexes.run()
        problems = Array((problems + indexes.problems).prefix(1000))
        problemCount += indexes.problemCount
    }

    /// Messages of each channel, with the earliest and the latest time.
    struct Counts {
        var channels: [UInt16: UInt64] = [:]
        var start = UInt64.max
        var end: UInt64 = 0
        /// Whether something could not be read, so that the counts are of a part.
        var isPartial = false
    }

    private mutating func readMessages(
        _ path: String, _ check: (RecordedRecord) -> (code: String, reason: String)?
    ) throws(RecordingError) -> Counts {
        var reader = try RecordingReader(path: path)
        let isOurs = reader.profile == RecordingFormat.profile
        var expected: [UInt16: UInt32] = [:]
        var counts = Counts()
        while true {
            let record: RecordedRecord
            do throws(RecordingError) {
                guard let next = try reader.next() else { return counts }
                record = next
            } catch {
                add(RecordingProblem(error))
                counts.isPartial = true
                if error.isLast { return counts }
                continue
            }
            guard let head = reader.head else { continue }
            messages += 1
            counts.channels[head.channel, default: 0] += 1
            counts.start = min(counts.start, head.logTime)
            counts.end = max(counts.end, head.logTime)
            if isOurs, let number = expected[head.channel], number != head.sequence {
                let name = record.topic + (record.record.key.map { " \($0)" } ?? "")
                let reason = "of \(name) record \(number) should follow, and \(head.sequence) does."
                add(RecordingProblem(code: "REC133", offset: reader.offset, reason: reason))
            }
            expected[head.channel] = head.sequence &+ 1
            if let wrong = check(record) {
                add(RecordingProblem(code: wrong.code, offset: reader.offset, reason: wrong.reason))
            }
        }
    }

    private mutating func add(_ problem: RecordingProblem) {
        problemCount += 1
        if problems.count < 1000 { problems.append(problem) }
    }
}
