/// Holds every index of a recording against what it points to.
struct RecordingIndexCheck: ~Copyable {
    /// The first thousand.
    private(set) var problems: [RecordingProblem] = []
    private(set) var problemCount = 0
    private let input: RecordingInput
    private let counts: RecordingValidation.Counts
    private var ending: RecordingEnding
    private let zstd = RecordingDecompressor()
    private var chunks = 0
    private var at = RecordingFormat.magic.count

    /// Where the messages of the last chunk lie, by channel: time and offset, in order.
    private var places: [UInt16: [RecordingEntry]] = [:]
    /// Which of them an index has named.
    private var isIndexed: Set<UInt16> = []
    private var chunkOffset: Int?
    private var hasUnreadable = false

    struct RecordingEntry: Hashable {
        var time, offset: UInt64
    }

    init(path: String, counts: RecordingValidation.Counts) throws(RecordingError) {
        let input = try RecordingInput(path: path)
        let ending = try RecordingEnding(input, wantsChunks: true)
        (self.input, self.ending, self.counts) = (input, ending, counts)
    }

    mutating func run() throws(RecordingError) {
        while let (opcode, content, offset) = try nextRecord() {
            if opcode != RecordingFormat.Opcode.messageIndex { closeChunk() }
            switch opcode {
            case RecordingFormat.Opcode.chunk: checkChunk(content, offset)
            case RecordingFormat.Opcode.messageIndex: checkMessageIndex(content, offset)
            case RecordingFormat.Opcode.dataEnd:
                if ending.summary != nil { checkSummary() }
                return
            default: break
            }
        }
    }

    private mutating func add(_ code: String, _ offset: Int, _ reason: String) {
        problemCount += 1
        if problems.count < 1000 { problems.append(RecordingProblem(code: code, offset: offset, reason: reason)) }
    }

    /// Nil where the file is cut off, which the readers have said.
    private mutating func nextRecord() throws(RecordingError) -> (UInt8, UnsafeRawBufferPointer, Int)? {
        let start = at
        let left = input.size - start - RecordingFormat.prefix
        guard left >= 0 else { return nil }
        let prefix = try input.bytes(at: start, RecordingFormat.prefix)
        let opcode = prefix[0], length = RecordingCursor.length(prefix)
        guard opcode != 0, length <= UInt64(left) else { return nil }
        at = start + RecordingFormat.prefix + Int(length)
        // Attachments may be larger than memory; nothing of them is looked at.
        let isLookedAt = opcode == RecordingFormat.Opcode.chunk || opcode == RecordingFormat.Opcode.messageIndex
        let size = isLookedAt && length <= UInt64(RecordingFormat.maximumChunkBytes) ? Int(length) : 0
        return (opcode, try input.bytes(at: start + RecordingFormat.prefix, size), start)
    }

    private mutating func checkChunk(_ content: UnsafeRawBufferPointer, _ offset: Int) {
        chunks += 1
        places = [:]
        isIndexed = []
        chunkOffset = offset
        var bytes = RecordingBytes(capacity: 0)
        guard let head = RecordingChunkHead(content),
            head.uncompressed <= UInt64(RecordingFormat.maximumChunkBytes),
            (try? head.unpack(into: &bytes, zstd, offset: offset)) != nil
        else {
            hasUnreadable = true
            chunkOffset = nil
            return
        }
        var start = UInt64.max
        var end: UInt64 = 0
        var cursor = RecordingCursor(bytes.bytes)
        while !cursor.isAtEnd, !cursor.isShort {
            let place = cursor.at
            let opcode = cursor.integer(UInt8.self), length = cursor.integer(UInt64.self)
            guard let record = cursor.take(Int(clamping: length)) else { break }
            guard opcode == RecordingFormat.Opcode.message, let message = RecordingMessageHead(record) else { continue }
            places[message.channel, default: []].append(
                RecordingEntry(time: message.logTime, offset: UInt64(place)))
            start = min(start, message.logTime)
            end = max(end, message.logTime)
        }
        if !places.isEmpty, head.start != start || head.end != end {
            add("REC131", offset, "the chunk says times \(head.start) to \(head.end); it has \(start) to \(end).")
        }
        guard ending.summary != nil, !ending.chunks.isEmpty else { return }
        guard let index = ending.chunks.removeValue(forKey: offset) else {
            return add("REC131", offset, "the chunk is not in the index at the end of the file.")
        }
        let size = UInt64(RecordingFormat.prefix + content.count)
        if index.start != head.start || index.end != head.end || index.length != size
            || index.compression != head.compression || index.compressed != UInt64(head.records.count)
            || index.uncompressed != head.uncompressed
        {
            add("REC131", offset, "the index at the end of the file says other times or sizes of the chunk.")
        }
        ending.chunks[offset] = index
    }

    private mutating func checkMessageIndex(_ content: UnsafeRawBufferPointer, _ offset: Int) {
        guard let chunkOffset else {
            // Behind a chunk that can't be read nothing can be compared.
            if !hasUnreadable { add("REC131", offset, "the message index follows no chunk.") }
            return
        }
        var cursor = RecordingCursor(content)
        let channel = cursor.integer(UInt16.self)
        var entries: [RecordingEntry] = []
        if let list = cursor.sized() {
            var cursor = RecordingCursor(list)
            while !cursor.isAtEnd, !cursor.isShort {
                entries.append(RecordingEntry(time: cursor.integer(), offset: cursor.integer()))
            }
        }
        isIndexed.insert(channel)
        let found = places[channel] ?? []
        // Other writers may sort by time.
        if cursor.isShort || entries.count != found.count || Set(entries) != Set(found) {
            add(
                "REC131", offset,
                "the index of channel \(channel) names \(entries.count) messages; its chunk has \(found.count), or others."
            )
        }
        if let index = ending.chunks[chunkOffset],
            !index.places.contains(RecordingPlace(channel: channel, value: UInt64(offset)))
        {
            add(
                "REC131", offset, "the index at the end of the file does not point to this index of channel \(channel)."
            )
        }
    }

    /// Called when the indexes of a chunk are over.
    private mutating func closeChunk() {
        // A writer may leave the message indexes out altogether.
        if let chunkOffset, !isIndexed.isEmpty, isIndexed.count < places.count {
            add("REC131", chunkOffset, "\(places.count - isIndexed.count) channels of the chunk have no message index.")
        }
        if let chunkOffset, let index = ending.chunks.removeValue(forKey: chunkOffset),
            index.places.count != isIndexed.count
        {
            add("REC131", chunkOffset, "the index at the end of the file names \(index.places.count) message indexes.")
        }
        chunkOffset = nil
    }

    private mutating func checkSummary() {
        for offset in ending.chunks.keys.sorted() where !hasUnreadable {
            add("REC131", offset, "the index at the end of the file names a chunk here, and there is none.")
        }
        guard !counts.isPartial, let summary = ending.summary, let statistics = ending.statistics else { return }
        let messages = counts.channels.values.reduce(0, +)
        if statistics.messages != messages || Int(statistics.chunks) != chunks {
            add(
                "REC132", 0,
                "the statistics say \(statistics.messages) messages in \(statistics.chunks) chunks; the file has \(messages) in \(chunks)."
            )
        }
        let isSame =
            statistics.counts.filter { $0.value > 0 }.count == counts.channels.count
            && statistics.counts.allSatisfy { $0.value == counts.channels[$0.channel] ?? 0 }
        if !isSame { add("REC132", 0, "the statistics say other numbers of messages for some channels.") }
        if messages > 0, summary.start != Int64(clamping: counts.start) || summary.end != Int64(clamping: counts.end) {
            add("REC132", 0, "the statistics say other times than the messages have.")
        }
    }
}
