// Record by record, first in the file, then in the open chunk.

extension RecordingReader {
    /// Takes one record of the file. True when it is a message that is wanted.
    mutating func advanceInFile() throws(RecordingError) -> Bool {
        let start = position
        let left = input.size - start - RecordingFormat.prefix
        guard left >= 0 else { throw .truncated(path: input.path, offset: start) }
        let prefix = try input.bytes(at: start, RecordingFormat.prefix)
        let opcode = prefix[0], length = RecordingCursor.length(prefix)
        // Zeros are what a power loss leaves of a file whose length was written before its bytes.
        guard opcode != 0, length <= UInt64(left) else { throw .truncated(path: input.path, offset: start) }
        let end = start + RecordingFormat.prefix + Int(length)

        switch opcode {
        case RecordingFormat.Opcode.chunk where skips && !isWanted(chunkAt: start):
            position =
                ending.chunks[start].map { index in
                    let behind = UInt64(end).addingReportingOverflow(index.indexLength)
                    return behind.overflow || behind.partialValue > UInt64(input.size) ? end : Int(behind.partialValue)
                } ?? end
            return false
        case RecordingFormat.Opcode.chunk, RecordingFormat.Opcode.message, RecordingFormat.Opcode.schema,
            RecordingFormat.Opcode.channel:
            guard length <= UInt64(RecordingFormat.maximumChunkBytes) else {
                try pass(to: end)
                throw .tooLarge("a record", bytes: length, limit: RecordingFormat.maximumChunkBytes, offset: start)
            }
            let bytes = try input.bytes(at: start, end - start)
            try pass(to: end)
            let content = UnsafeRawBufferPointer(rebasing: bytes[RecordingFormat.prefix...])
            // A damaged opcode must not make a message of something else; Gantry writes none outside chunks.
            if profile == RecordingFormat.profile, opcode != RecordingFormat.Opcode.chunk {
                throw .damaged("a record that belongs into a chunk lies outside", offset: start)
            }
            switch opcode {
            case RecordingFormat.Opcode.chunk: try open(content, offset: start)
            case RecordingFormat.Opcode.message: return try take(content, offset: start)
            default: try channels.declare(opcode, content, offset: start)
            }
            return false
        case RecordingFormat.Opcode.dataEnd:
            isAtEnd = true
            try checkEnd(start, end)
            return false
        case RecordingFormat.Opcode.footer:
            isAtEnd = true
            throw .damaged("the data section has no end of its own", offset: start)
        default:
            try pass(to: end)
            return false
        }
    }

    private func isWanted(chunkAt offset: Int) -> Bool { ending.chunks[offset].map { channels.mayHold($0) } ?? true }

    /// Goes on to there, with the checksum of what lies between.
    private mutating func pass(to end: Int) throws(RecordingError) {
        if !skips { crc = try input.crc(of: position..<end, after: crc) }
        position = end
    }

    /// The checksum over all that was read, and what is wrong behind the data.
    private func checkEnd(_ start: Int, _ end: Int) throws(RecordingError) {
        guard end - start >= RecordingFormat.prefix + 4, end == ending.dataEnd ?? end else {
            throw .damaged("the record that ends the data does not end where it should", offset: start)
        }
        let stored = UInt32(
            littleEndian: try input.bytes(at: start + RecordingFormat.prefix, 4).loadUnaligned(as: UInt32.self))
        // After another error it would only be said again.
        if stored != 0, !skips, !hasReported, stored != crc {
            throw .checksum(of: "the data", offset: 0, stored: stored, computed: crc)
        }
        switch ending.trouble {
        case nil: return
        case .truncated: throw .truncated(path: input.path, offset: end)
        case .some(let trouble): throw trouble
        }
    }

    private mutating func open(_ content: UnsafeRawBufferPointer, offset: Int) throws(RecordingError) {
        chunk.clear()
        inner = 0
        chunkOffset = offset
        guard let head = RecordingChunkHead(content) else {
            throw .damaged("a chunk's lengths do not fit its record", offset: offset)
        }
        guard head.uncompressed <= UInt64(RecordingFormat.maximumChunkBytes) else {
            let limit = RecordingFormat.maximumChunkBytes
            throw .tooLarge("a chunk", bytes: head.uncompressed, limit: limit, offset: offset)
        }
        try head.unpack(into: &chunk, zstd, offset: offset)
    }

    /// Takes one record of the open chunk. True when it is a message that is wanted.
    mutating func advanceInChunk() throws(RecordingError) -> Bool {
        let bytes = chunk.bytes
        let left = bytes.count - inner - RecordingFormat.prefix
        let length = left >= 0 ? RecordingCursor.length(UnsafeRawBufferPointer(rebasing: bytes[inner...])) : .max
        guard left >= 0, length <= UInt64(left) else {
            inner = chunk.count
            throw .damaged("a record reaches beyond its chunk", offset: chunkOffset)
        }
        let opcode = bytes[inner]
        let first = inner + RecordingFormat.prefix
        let content = UnsafeRawBufferPointer(rebasing: bytes[first..<first + Int(length)])
        inner = first + Int(length)
        switch opcode {
        case RecordingFormat.Opcode.message: return try take(content, offset: chunkOffset)
        case RecordingFormat.Opcode.schema, RecordingFormat.Opcode.channel:
            try channels.declare(opcode, content, offset: chunkOffset)
            return false
        default: return false
        }
    }

    private mutating func take(_ content: UnsafeRawBufferPointer, offset: Int) throws(RecordingError) -> Bool {
        guard let head = RecordingMessageHead(content) else {
            throw .damaged("a message record is too short", offset: offset)
        }
        guard let entry = channels[head.channel] else {
            throw .unknownChannel(Int(head.channel), offset: offset)
        }
        guard entry.isWanted, channels.wants(Int64(clamping: head.logTime)) else { return false }
        current = entry.channel
        self.head = head
        value = UnsafeRawBufferPointer(rebasing: content[RecordingFormat.messageHead...])
        self.offset = offset
        return true
    }
}

extension RecordingChunkHead {
    /// The chunk's records as they were before compression.
    ///
    /// - Parameter uncompressed: The caller has bounded it.
    func unpack(into chunk: inout RecordingBytes, _ zstd: borrowing RecordingDecompressor, offset: Int)
        throws(RecordingError)
    {
        chunk.clear()
        let wanted = Int(uncompressed)
        switch compression {
        case "":
            guard records.count == wanted else {
                throw .damaged("a chunk has \(records.count) bytes and claims \(uncompressed)", offset: offset)
            }
            chunk.append(records)
        case "zstd":
            let room = chunk.room(wanted)
            guard wanted == 0 || zstd.decompress(records, into: room) == wanted else {
                throw .damaged("a chunk does not decompress to the \(uncompressed) bytes it claims", offset: offset)
            }
            chunk.grow(by: wanted)
        case let other: throw .compression(other, offset: offset)
        }
        let computed = RecordingChecksum.crc(chunk.bytes)
        guard crc == 0 || crc == computed else {
            chunk.clear()
            throw .checksum(of: "a chunk", offset: offset, stored: crc, computed: computed)
        }
    }
}
