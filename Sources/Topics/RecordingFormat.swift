/// Names and bounds of the MCAP format, version 0.
///
/// Source: https://mcap.dev/spec.
enum RecordingFormat {
    static let magic: [UInt8] = [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A]
    /// Opcode and length before every record's content.
    static let prefix = 9
    /// The last record: where the summary starts, where its offsets start, its checksum.
    static let footer = prefix + 20
    /// Channel, sequence, log time, publish time.
    static let messageHead = 22

    static let profile = "gantry"
    /// Grows when the mapping of records to messages changes; see docs/decisions/0009-recordings.md.
    static let library = "gantry 1"
    static let keyName = "gantry-key"
    static let typeName = "gantry-type"
    static let versionName = "gantry-schema"
    static let protobuf = "protobuf"

    /// Most uncompressed bytes of one chunk. Kafka's records have 5 MB; a bomb has terabytes.
    static let maximumChunkBytes = 256 << 20
    /// Leaves room for what is declared in front of a message.
    static let maximumMessageBytes = maximumChunkBytes / 2
    static let maximumChannels = 65_535
    /// About a terabyte in chunks of 1 MiB: keeps the index that a writer holds in memory bounded.
    static let maximumChunks = 1_000_000

    enum Opcode {
        static let header: UInt8 = 0x01
        static let footer: UInt8 = 0x02
        static let schema: UInt8 = 0x03
        static let channel: UInt8 = 0x04
        static let message: UInt8 = 0x05
        static let chunk: UInt8 = 0x06
        static let messageIndex: UInt8 = 0x07
        static let chunkIndex: UInt8 = 0x08
        static let statistics: UInt8 = 0x0B
        static let summaryOffset: UInt8 = 0x0E
        static let dataEnd: UInt8 = 0x0F
    }
}

/// Reads fields one after the other. What lies beyond the end reads as zero and makes the cursor ``isShort``.
struct RecordingCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var at = 0
    private(set) var isShort = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { at >= bytes.count }
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[at...]) }

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type = Value.self) -> Value {
        guard let slice = take(MemoryLayout<Value>.size) else { return 0 }
        return Value(littleEndian: slice.loadUnaligned(as: Value.self))
    }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard !isShort, count >= 0, count <= bytes.count - at else {
            isShort = true
            return nil
        }
        defer { at += count }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
    }

    /// A length of 32 bits, then as many bytes of UTF-8.
    mutating func string() -> String {
        let count = Int(integer(UInt32.self))
        return take(count).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    mutating func sized() -> UnsafeRawBufferPointer? {
        let count = Int(integer(UInt32.self))
        return take(count)
    }

    /// The names and values of a map of strings, in the file's order.
    mutating func pairs() -> [RecordingPair] {
        guard let inner = sized() else { return [] }
        var cursor = RecordingCursor(inner)
        var pairs: [RecordingPair] = []
        while !cursor.isAtEnd, !cursor.isShort {
            let name = cursor.string()
            pairs.append(RecordingPair(name: name, value: cursor.string()))
        }
        isShort = isShort || cursor.isShort
        return pairs
    }
}

/// One entry of a channel's metadata.
struct RecordingPair: Hashable, Sendable {
    var name: String
    var value: String
}
