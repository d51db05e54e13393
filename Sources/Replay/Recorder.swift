import Synchronization
public import Topics

/// A recording that several threads write to.
///
/// What was written survives a power cut once five seconds have passed and another record, or ``flushIfDue()``, has come; an
/// orderly end loses nothing. A recording that
/// can't be written, for example on a full disk, ends the run that it was asked for: it would be of no use.
public final class Recorder: Sendable {
    private struct State: ~Copyable {
        var writer: RecordingWriter?
        var sharing: Sharing?
        var flushed = ContinuousClock.now
    }
    private let state: Mutex<State>
    public let path: String

    /// - Parameter sharing: What is taken out of records before they are written.
    /// - Throws: ``RecordingError`` when the file can't be made or exists.
    public init(to path: String, schemas: [RecordingSchema], sharing: Sharing? = nil) throws {
        self.path = path
        state = Mutex(State(writer: try RecordingWriter(to: path, schemas: schemas), sharing: sharing))
    }

    public func append(_ records: [Record], to topic: String) throws {
        try state.withLock { state in
            for record in records {
                var recorded = RecordedRecord(topic: topic, record: record)
                if state.sharing != nil {
                    guard let shared = try state.sharing?.shared(recorded) else { continue }
                    recorded = shared
                }
                try state.writer?.append(recorded.record, to: topic)
            }
            try Self.flushIfDue(&state)
        }
    }

    public func flushIfDue() throws { try state.withLock { try Self.flushIfDue(&$0) } }

    private static func flushIfDue(_ state: inout State) throws {
        guard state.flushed.duration(to: .now) >= .seconds(5) else { return }
        try state.writer?.flush()
        state.flushed = .now
    }

    /// Records and bytes so far; nothing after the end.
    public var written: (records: Int, bytes: Int) {
        state.withLock { state in (state.writer?.messages ?? 0, state.writer?.bytes ?? 0) }
    }

    /// The file is whole after this; nothing more is taken.
    public func finish() throws -> RecordingSummary? {
        try state.withLock { state in
            guard let writer = state.writer.take() else { return nil }
            return try writer.finish()
        }
    }
}
