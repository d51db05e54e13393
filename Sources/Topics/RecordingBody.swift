/// The bytes of a recording in the making: channels, the open chunk, and what the summary section will say.
struct RecordingBody: ~Copyable, Sendable {
    struct Channel {
        var sequence: UInt32 = 0
        var messages: UInt64 = 0
        /// Time and offset of each message in the open chunk, one after the other, as the index has them.
        var entries: [UInt64] = []
        /// Whether a chunk, be it the open one, has its record.
        var isDeclared = false
    }

    let output: RecordingOutput
    let chunkBytes: Int
    let zstd: RecordingCompressor?

    var channels: [Channel] = []
    var declared: [RecordingChannel] = []
    var schemaIDs: [RecordingSchema: UInt16] = [:]
    var declaredSchemas: Set<UInt16> = []

    var chunk = RecordingBytes(capacity: 1 << 20)
    var start = UInt64.max
    var end: UInt64 = 0
    /// Indices of the channels with messages in the open chunk.
    var touched: [Int] = []
    var piece = RecordingBytes(capacity: 1 << 20)

    var schemaRecords = RecordingBytes()
    var channelRecords = RecordingBytes()
    var chunkRecords = RecordingBytes()
    var summary = RecordingSummary()

    init(_ output: RecordingOutput, options: RecordingOptions) {
        self.output = output
        chunkBytes = min(max(1, options.chunkBytes), RecordingFormat.maximumChunkBytes)
        zstd = if case .zstd(let level) = options.compression { RecordingCompressor(level: level) } else { nil }
    }

    /// The file's first bytes. Call it once, before anything else.
    mutating func begin(profile: String, library: String) throws(RecordingError) {
        (summary.profile, summary.library) = (profile, library)
        piece.append(RecordingFormat.magic)
        piece.record(RecordingFormat.Opcode.header) { header in
            header.append(text: profile)
            header.append(text: library)
        }
        try output.write(piece.bytes)
    }

    var messages: Int { summary.messages }
    var bytes: Int { output.size }

    /// - Returns: What to give ``append(_:to:time:published:sequence:)``.
    mutating func open(
        topic: String, messageEncoding: String, metadata: [RecordingPair], schema: RecordingSchema?
    ) throws(RecordingError) -> Int {
        guard channels.count < RecordingFormat.maximumChannels else {
            throw .tooMany("pairs of topic and key", limit: RecordingFormat.maximumChannels)
        }
        var schemaID: UInt16 = 0
        if let schema {
            // One for every channel at most, so the numbers suffice.
            schemaID = schemaIDs[schema] ?? UInt16(schemaIDs.count + 1)
            schemaIDs[schema] = schemaID
        }
        declared.append(
            RecordingChannel(
                id: UInt16(channels.count + 1), topic: topic, messageEncoding: messageEncoding, metadata: metadata,
                schemaID: schemaID, schema: schema))
        channels.append(Channel())
        return channels.count - 1
    }

    /// - Parameters:
    ///   - published: Nil for the same time.
    ///   - sequence: Nil for the channel's next.
    mutating func append(
        _ value: RawSpan, to channel: Int, time: UInt64, published: UInt64? = nil, sequence: UInt32? = nil
    ) throws(RecordingError) {
        let limit = RecordingFormat.maximumMessageBytes
        guard value.byteCount <= limit else {
            throw .messageTooLarge(topic: declared[channel].topic, bytes: value.byteCount, limit: limit)
        }
        let size = RecordingFormat.prefix + RecordingFormat.messageHead + value.byteCount
        if !touched.isEmpty, chunk.count + size > chunkBytes { try closeChunk() }
        if !channels[channel].isDeclared { declare(channel) }

        if channels[channel].entries.isEmpty { touched.append(channel) }
        channels[channel].entries.append(time.littleEndian)
        channels[channel].entries.append(UInt64(chunk.count).littleEndian)
        let number = sequence ?? channels[channel].sequence
        channels[channel].sequence = number &+ 1
        channels[channel].messages += 1

        let room = chunk.room(size)
        room.storeBytes(of: RecordingFormat.Opcode.message, as: UInt8.self)
        room.storeBytes(of: UInt64(size - RecordingFormat.prefix).littleEndian, toByteOffset: 1, as: UInt64.self)
        room.storeBytes(of: UInt16(channel + 1).littleEndian, toByteOffset: 9, as: UInt16.self)
        room.storeBytes(of: number.littleEndian, toByteOffset: 11, as: UInt32.self)
        room.storeBytes(of: time.littleEndian, toByteOffset: 15, as: UInt64.self)
        room.storeBytes(of: (published ?? time).littleEndian, toByteOffset: 23, as: UInt64.self)
        value.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: room[31...]).copyMemory(from: $0) }
        chunk.grow(by: size)
        start = min(start, time)
        end = max(end, time)
        summary.messages += 1
    }

    /// Puts channel and schema into the chunk, in front of their first message, and notes them for the summary.
    private mutating func declare(_ index: Int) {
        let channel = declared[index]
        if let schema = channel.schema, declaredSchemas.insert(channel.schemaID).inserted {
            let at = chunk.count
            chunk.record(RecordingFormat.Opcode.schema) { record in
                record.append(channel.schemaID)
                record.append(text: schema.name)
                record.append(text: schema.encoding)
                record.append(UInt32(schema.data.count))
                record.append(schema.data)
            }
            schemaRecords.append(UnsafeRawBufferPointer(rebasing: chunk.bytes[at...]))
            summary.schemas.append(schema)
        }
        let at = chunk.count
        chunk.record(RecordingFormat.Opcode.channel) { record in
            record.append(channel.id)
            record.append(channel.schemaID)
            record.append(text: channel.topic)
            record.append(text: channel.messageEncoding)
            record.append(pairs: channel.metadata)
        }
        channelRecords.append(UnsafeRawBufferPointer(rebasing: chunk.bytes[at...]))
        channels[index].isDeclared = true
    }
}
