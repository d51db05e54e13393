/// Reads the records of an MCAP file in the file's order; at most one chunk is in memory.
///
/// Gantry's own recordings and those of other programs, chunked or not, with an index or without. Attachments,
/// metadata and unknown records are skipped. ``next()`` is for comfort; ``advance()`` with ``channel``, ``time`` and
/// ``withValue(_:)`` gives the same records without an allocation for each.
///
/// After an error that names a damaged part the next call goes on behind it; only ``RecordingError/truncated(path:offset:)``
/// and ``RecordingError/unreadable(path:detail:)`` are the end.
public struct RecordingReader: ~Copyable, @unchecked Sendable {
    // Not checked: `value` points into memory that this reader alone owns.

    let input: RecordingInput
    let ending: RecordingEnding
    var channels: RecordingChannels
    let zstd = RecordingDecompressor()
    /// Whether parts are left out, so that the checksum over the whole can't be had.
    let skips: Bool

    /// Where the next record of the file begins.
    var position: Int
    /// CRC-32 of everything before ``position``.
    var crc: UInt32
    var chunk = RecordingBytes(capacity: 0)
    var chunkOffset = 0
    /// Where the next record of the chunk begins.
    var inner = 0
    var isAtEnd = false
    var hasReported = false

    var current: RecordingChannel?
    var head: RecordingMessageHead?
    var value = UnsafeRawBufferPointer(start: nil, count: 0)

    /// What the file's summary section says; nil when the file has none, or one that is cut off or damaged.
    public var summary: RecordingSummary? { ending.summary }
    /// Of the file.
    public var bytes: Int { input.size }
    /// `gantry` in recordings of Gantry; empty when the file is cut off before it.
    public private(set) var profile = ""
    /// What wrote the file.
    public private(set) var library = ""

    /// Opens a recording and reads its summary.
    ///
    /// - Throws: ``RecordingError/unreadable(path:detail:)`` or ``RecordingError/notARecording(path:detail:)``.
    public init(path: String) throws(RecordingError) { try self.init(path: path, filter: RecordingFilter()) }

    /// Opens a recording of which only some records are wanted. With an index whole chunks are passed over unread.
    public init(path: String, filter: RecordingFilter) throws(RecordingError) {
        let input = try RecordingInput(path: path)
        let magic = RecordingFormat.magic
        let found = Array(try input.bytes(at: 0, min(magic.count, input.size)))
        guard !found.isEmpty else { throw .notARecording(path: path, detail: "it is empty") }
        guard found.elementsEqual(magic.prefix(found.count)) else {
            let isZero = found.allSatisfy { $0 == 0 }
            throw .notARecording(
                path: path, detail: isZero ? "it begins with zeros" : "it does not begin with MCAP's magic bytes")
        }
        let crc = RecordingChecksum.crc(try input.bytes(at: 0, found.count))
        var ending = try RecordingEnding(input, wantsChunks: !filter.isEverything)
        let header = try Self.header(input)
        ending.summary?.profile = header.profile
        ending.summary?.library = header.library
        self.input = input
        self.ending = ending
        self.crc = crc
        position = found.count
        channels = RecordingChannels(filter, known: ending)
        skips = !ending.chunks.isEmpty
        profile = header.profile
        library = header.library
    }

    private static func header(_ input: RecordingInput) throws(RecordingError) -> (profile: String, library: String) {
        let at = RecordingFormat.magic.count
        let room = input.size - at - RecordingFormat.prefix
        guard room >= 0 else { return ("", "") }
        let prefix = try input.bytes(at: at, RecordingFormat.prefix)
        let length = RecordingCursor.length(prefix)
        guard prefix[0] == RecordingFormat.Opcode.header, length <= min(UInt64(room), 1 << 20) else { return ("", "") }
        var cursor = RecordingCursor(try input.bytes(at: at + RecordingFormat.prefix, Int(length)))
        let profile = cursor.string(), library = cursor.string()
        return cursor.isShort ? ("", "") : (profile, library)
    }

    /// The next record that the filter wants, or nil behind the last one of a whole file.
    ///
    /// - Throws: ``RecordingError/truncated(path:offset:)`` where the file was cut off, after the records of the last
    ///   whole chunk were given; the other cases for damaged parts, after which reading goes on.
    public mutating func next() throws(RecordingError) -> RecordedRecord? {
        guard try advance() else { return nil }
        let channel = channel
        return RecordedRecord(
            topic: channel.topic,
            record: Record(key: channel.key, value: Array(value), headers: channel.headers, timestamp: time))
    }

    /// Goes to the next record that the filter wants; false behind the last one of a whole file.
    public mutating func advance() throws(RecordingError) -> Bool {
        while !isAtEnd {
            do {
                if inner < chunk.count ? try advanceInChunk() : try advanceInFile() { return true }
            } catch {
                hasReported = true
                throw error
            }
        }
        return false
    }

    /// What the present record belongs to. Call it after ``advance()`` was true.
    public var channel: RecordingChannel {
        guard let current else { preconditionFailure("advance() comes before channel, and says whether there is one") }
        return current
    }

    /// Nanoseconds since 1970 UTC.
    public var time: Int64 { Int64(clamping: head?.logTime ?? 0) }
    /// The record's number within its channel; in recordings of Gantry from 0, without gaps.
    public var sequence: UInt32 { head?.sequence ?? 0 }
    /// Where the record lies: the offset in the file of the chunk or, without chunks, of the record itself.
    public internal(set) var offset = 0

    /// Gives the present record's bytes without a copy.
    public func withValue<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result { try body(value.bytes) }
}
