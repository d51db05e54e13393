// What is written at the end of a chunk and at the end of the file.

extension RecordingBody {
    /// Writes the open chunk with its index. After a failure it stays open, and the file is as it was.
    mutating func closeChunk() throws(RecordingError) {
        guard !touched.isEmpty else { return }
        guard summary.chunks < RecordingFormat.maximumChunks else {
            throw .tooMany("chunks", limit: RecordingFormat.maximumChunks)
        }
        touched.sort()
        piece.clear()
        let compressed = appendChunk()
        let length = piece.count

        // The index of the chunk says where, in the whole file, each channel's message index lies.
        var places = RecordingBytes(capacity: touched.count * 10)
        for index in touched {
            places.append(UInt16(index + 1))
            places.append(UInt64(output.size + piece.count))
            let entries = channels[index].entries
            piece.record(RecordingFormat.Opcode.messageIndex) { record in
                record.append(UInt16(index + 1))
                record.append(UInt32(entries.count * 8))
                entries.withUnsafeBytes { record.append($0) }
            }
        }
        let offset = output.size
        try output.write(piece.bytes)

        let compression = compressionName, uncompressed = chunk.count, indexLength = piece.count - length
        chunkRecords.record(RecordingFormat.Opcode.chunkIndex) { record in
            record.append(start)
            record.append(end)
            record.append(UInt64(offset))
            record.append(UInt64(length))
            record.append(UInt32(places.count))
            record.append(places.bytes)
            record.append(UInt64(indexLength))
            record.append(text: compression)
            record.append(UInt64(compressed))
            record.append(UInt64(uncompressed))
        }
        summary.chunks += 1
        summary.uncompressedBytes += uncompressed
        summary.compressedBytes += compressed
        summary.start = min(summary.start ?? .max, Int64(clamping: start))
        summary.end = max(summary.end ?? 0, Int64(clamping: end))
        for index in touched { channels[index].entries.removeAll(keepingCapacity: true) }
        touched.removeAll(keepingCapacity: true)
        chunk.clear()
        (start, end) = (.max, 0)
    }

    private var compressionName: String { zstd == nil ? "" : "zstd" }

    /// - Returns: How many bytes the chunk's records have in the file.
    private mutating func appendChunk() -> Int {
        piece.append(RecordingFormat.Opcode.chunk)
        piece.append(UInt64(0))
        piece.append(start)
        piece.append(end)
        piece.append(UInt64(chunk.count))
        piece.append(RecordingChecksum.crc(chunk.bytes))
        piece.append(text: compressionName)
        let at = piece.count
        piece.append(UInt64(0))
        if zstd == nil {
            piece.append(chunk.bytes)
        } else {
            let count = zstd!.compress(chunk.bytes, into: piece.room(RecordingCompressor.bound(chunk.count)))
            piece.grow(by: count)
        }
        let compressed = piece.count - at - 8
        piece.patch(UInt64(compressed), at: at)
        piece.patch(UInt64(piece.count - RecordingFormat.prefix), at: 1)
        return compressed
    }

    func sync() throws(RecordingError) { try output.sync() }

    consuming func finish() throws(RecordingError) -> RecordingSummary {
        try closeChunk()
        piece.clear()
        let crc = output.crc
        piece.record(RecordingFormat.Opcode.dataEnd) { $0.append(crc) }
        try output.write(piece.bytes)
        piece.clear()
        appendSummary()
        try output.write(piece.bytes)
        try output.close()
        summary.bytes = output.size
        summary.channels = declared.indices.filter { channels[$0].isDeclared }.map { index in
            let channel = declared[index]
            return RecordingSummary.Channel(
                topic: channel.topic, key: channel.key, type: channel.schema?.name,
                messages: Int(channels[index].messages))
        }
        return summary
    }

    /// The summary section, the offsets of its groups, and the footer.
    private mutating func appendSummary() {
        let base = output.size
        var groups: [(opcode: UInt8, start: Int, length: Int)] = []
        func group(_ opcode: UInt8, _ bytes: UnsafeRawBufferPointer) {
            guard !bytes.isEmpty else { return }
            groups.append((opcode, base + piece.count, bytes.count))
            piece.append(bytes)
        }
        group(RecordingFormat.Opcode.schema, schemaRecords.bytes)
        group(RecordingFormat.Opcode.channel, channelRecords.bytes)
        var statistics = RecordingBytes()
        appendStatistics(to: &statistics)
        group(RecordingFormat.Opcode.statistics, statistics.bytes)
        group(RecordingFormat.Opcode.chunkIndex, chunkRecords.bytes)

        let offsets = base + piece.count
        for group in groups {
            piece.record(RecordingFormat.Opcode.summaryOffset) { record in
                record.append(group.opcode)
                record.append(UInt64(group.start))
                record.append(UInt64(group.length))
            }
        }
        piece.append(RecordingFormat.Opcode.footer)
        piece.append(UInt64(RecordingFormat.footer - RecordingFormat.prefix))
        piece.append(UInt64(base))
        piece.append(UInt64(offsets))
        piece.append(RecordingChecksum.crc(piece.bytes))
        piece.append(RecordingFormat.magic)
    }

    private func appendStatistics(to bytes: inout RecordingBytes) {
        let counted = channels.indices.filter { channels[$0].isDeclared }
        bytes.record(RecordingFormat.Opcode.statistics) { record in
            record.append(UInt64(summary.messages))
            record.append(UInt16(summary.schemas.count))
            record.append(UInt32(counted.count))
            record.append(UInt32(0))
            record.append(UInt32(0))
            record.append(UInt32(summary.chunks))
            record.append(UInt64(summary.start ?? 0))
            record.append(UInt64(summary.end ?? 0))
            record.append(UInt32(counted.count * 10))
            for index in counted {
                record.append(UInt16(index + 1))
                record.append(channels[index].messages)
            }
        }
    }
}
