/// How a recording's file ends, and what its summary section says.
struct RecordingEnding {
    /// Nil when the file has no summary section, or none that can be trusted.
    var summary: RecordingSummary?
    /// Why the file does not end as a whole one does; nil when it does.
    var trouble: RecordingError?
    var statistics: RecordingStatistics?
    /// Where the data section ends, and what follows it begins; nil when that is not known.
    var dataEnd: Int?
    var schemas: [UInt16: RecordingSchema] = [:]
    var channels: [RecordingChannel] = []
    /// By the offset of the chunk; empty unless they were asked for and every channel is known.
    var chunks: [Int: RecordingChunkIndex] = [:]

    /// - Parameter wantsChunks: They take memory in proportion to the file.
    init(_ input: RecordingInput, wantsChunks: Bool) throws(RecordingError) {
        let magic = RecordingFormat.magic
        let footer = input.size - magic.count - RecordingFormat.footer
        guard footer >= magic.count,
            try input.bytes(at: input.size - magic.count, magic.count).elementsEqual(magic),
            let found = RecordingFooter(try input.bytes(at: footer, RecordingFormat.footer))
        else {
            trouble = .truncated(path: input.path, offset: input.size)
            return
        }
        guard found.start != 0 else {
            dataEnd = footer
            return
        }
        guard found.start >= magic.count, found.start <= footer else {
            trouble = .damaged("the footer says that the summary starts at byte \(found.start)", offset: footer)
            return
        }
        let start = Int(found.start)
        if found.crc != 0 {
            let computed = try input.crc(of: start..<footer + RecordingFormat.footer - 4, after: 0)
            if computed != found.crc {
                trouble = .checksum(of: "the summary", offset: start, stored: found.crc, computed: computed)
                return
            }
        }
        dataEnd = start
        try read(input, start..<footer, wantsChunks: wantsChunks)
    }

    private mutating func read(
        _ input: RecordingInput, _ range: Range<Int>, wantsChunks: Bool
    ) throws(RecordingError) {
        var summary = RecordingSummary()
        var statistics: RecordingStatistics?
        var at = range.lowerBound
        while at < range.upperBound {
            let left = range.upperBound - at - RecordingFormat.prefix
            let length = left < 0 ? 0 : RecordingCursor.length(try input.bytes(at: at, RecordingFormat.prefix))
            guard left >= 0, length <= UInt64(left) else {
                trouble = .damaged("a record of the summary reaches beyond it", offset: at)
                return
            }
            let bytes = try input.bytes(at: at, RecordingFormat.prefix + Int(length))
            let content = UnsafeRawBufferPointer(rebasing: bytes[RecordingFormat.prefix...])
            var isWhole = true
            switch bytes[0] {
            case RecordingFormat.Opcode.schema:
                if let read = RecordingSchema.read(content) { schemas[read.id] = read.schema } else { isWhole = false }
            case RecordingFormat.Opcode.channel:
                if let read = RecordingChannel.read(content, schemas: schemas) {
                    channels.append(read)
                } else {
                    isWhole = false
                }
            case RecordingFormat.Opcode.statistics:
                statistics = RecordingStatistics(content)
                isWhole = statistics != nil
            case RecordingFormat.Opcode.chunkIndex:
                if let index = RecordingChunkIndex(content) {
                    summary.uncompressedBytes &+= Int(bounded: index.uncompressed)
                    summary.compressedBytes &+= Int(bounded: index.compressed)
                    if wantsChunks { chunks[Int(clamping: index.offset)] = index }
                } else {
                    isWhole = false
                }
            default: break
            }
            guard isWhole else {
                trouble = .damaged("a record of the summary is too short", offset: at)
                return
            }
            at += RecordingFormat.prefix + Int(length)
        }
        finish(summary, statistics, input.size)
    }

    /// Without statistics nobody can say whether the summary names every channel.
    private mutating func finish(_ part: RecordingSummary, _ statistics: RecordingStatistics?, _ bytes: Int) {
        guard let statistics, channels.count == Int(statistics.channels) else {
            chunks = [:]
            return
        }
        self.statistics = statistics
        var summary = part
        let counts = Dictionary(statistics.counts.map { ($0.channel, $0.value) }) { first, _ in first }
        summary.messages = Int(bounded: statistics.messages)
        summary.chunks = Int(statistics.chunks)
        if statistics.messages > 0 {
            summary.start = Int64(clamping: statistics.start)
            summary.end = Int64(clamping: statistics.end)
        }
        summary.channels = channels.map { channel in
            RecordingSummary.Channel(
                topic: channel.topic, key: channel.key, type: channel.schema?.name,
                messages: Int(bounded: counts[channel.id] ?? 0))
        }
        summary.schemas = schemas.sorted { $0.key < $1.key }.map(\.value)
        summary.bytes = bytes
        self.summary = summary
    }
}

/// The last record of a file, with its opcode and length.
struct RecordingFooter {
    /// 0: there is no summary.
    var start, offsets: UInt64
    var crc: UInt32

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes[0] == RecordingFormat.Opcode.footer,
            RecordingCursor.length(bytes) == UInt64(RecordingFormat.footer - RecordingFormat.prefix)
        else { return nil }
        var cursor = RecordingCursor(UnsafeRawBufferPointer(rebasing: bytes[RecordingFormat.prefix...]))
        start = cursor.integer()
        offsets = cursor.integer()
        crc = cursor.integer()
    }
}

extension RecordingCursor {
    /// The length that stands behind a record's opcode.
    static func length(_ prefix: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(littleEndian: prefix.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    }
}

extension Int {
    /// A number that a file claims, at most 2 to the 40th: sums over all channels and chunks then stay in range.
    fileprivate init(bounded claim: UInt64) { self = Swift.Int(Swift.min(claim, 1 << 40)) }
}
