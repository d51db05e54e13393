import Foundation
import Topics

/// What a recording is held against: blocks compressed one by one, written one after the other, and read back.
struct PlainZstd {
    let path: String
    let blocks: [[UInt8]]
    let level: Int

    var bytes: Int { blocks.reduce(0) { $0 + $1.count } }

    /// - Returns: The compressed size of each block.
    func write() throws -> [Int] {
        let compressor = RecordingCompressor(level: level)
        let room = RecordingCompressor.bound(blocks.map(\.count).max() ?? 0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
        defer { buffer.deallocate() }
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        let sizes = try blocks.map { block in
            let count = block.withUnsafeBytes { compressor.compress($0, into: buffer) }
            guard Foundation.write(file, buffer.baseAddress, count) == count else { throw failure() }
            return count
        }
        // As a recording does when it is finished.
        guard fdatasync(file) == 0 else { throw failure() }
        return sizes
    }

    func read(_ sizes: [Int]) throws {
        let decompressor = RecordingDecompressor()
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: sizes.max() ?? 0, alignment: 16)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: blocks.map(\.count).max() ?? 0, alignment: 16)
        defer {
            source.deallocate()
            target.deallocate()
        }
        for (block, size) in zip(blocks, sizes) {
            guard Foundation.read(file, source.baseAddress, size) == size else { throw failure() }
            let compressed = UnsafeRawBufferPointer(rebasing: source[..<size])
            guard decompressor.decompress(compressed, into: target) == block.count else {
                throw BenchRecordingError.notEqual
            }
        }
    }

    private func failure() -> BenchRecordingError { .file("\(path): \(String(cString: strerror(errno)))") }
}

/// What `gantry bench recording` prints. Times are of each round.
struct RecordingBenchReport {
    var messages, level, chunkBytes, rounds: Int
    /// Before compression and in the file, of the recording and of plain zstd.
    var bytes = 0, fileBytes = 0, plainBytes = 0, plainFileBytes = 0
    var plainWrite: [Spent] = [], plainRead: [Spent] = []
    var write: [Spent] = [], read: [Spent] = [], readRecords: [Spent] = []

    init(messages: Int, level: Int, chunkBytes: Int, rounds: Int) {
        (self.messages, self.level, self.chunkBytes, self.rounds) = (messages, level, chunkBytes, rounds)
    }

    private struct Row: Encodable {
        var name: String
        /// Medians over the rounds, in seconds.
        var processor, elapsed: Double
        /// Plain time over this time; nil for plain zstd itself.
        var ratio, elapsedRatio: Double?

        enum CodingKeys: String, CodingKey {
            case name, processor, elapsed, ratio, elapsedRatio = "elapsed_ratio"
        }

        init(_ name: String, _ times: [Spent], plain: [Spent]? = nil) {
            func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
            self.name = name
            processor = median(times.map(\.processor))
            elapsed = median(times.map(\.elapsed))
            if let plain {
                ratio = median(plain.map(\.processor)) / processor
                elapsedRatio = median(plain.map(\.elapsed)) / elapsed
            }
        }
    }

    private var rows: [Row] {
        [
            Row("plain zstd, written", plainWrite), Row("recording, written", write, plain: plainWrite),
            Row("plain zstd, read", plainRead), Row("recording, read in place", read, plain: plainRead),
            Row("recording, read as records", readRecords, plain: plainRead),
        ]
    }

    private struct Answer: Encodable {
        var messages, level, chunkBytes, rounds, bytes, fileBytes, plainBytes, plainFileBytes: Int
        var rows: [Row]

        enum CodingKeys: String, CodingKey {
            case messages, level, rounds, bytes, rows
            case chunkBytes = "chunk_bytes", fileBytes = "file_bytes"
            case plainBytes = "plain_bytes", plainFileBytes = "plain_file_bytes"
        }
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let answer = Answer(
            messages: messages, level: level, chunkBytes: chunkBytes, rounds: rounds, bytes: bytes,
            fileBytes: fileBytes, plainBytes: plainBytes, plainFileBytes: plainFileBytes, rows: rows)
        return String(decoding: try encoder.encode(answer), as: UTF8.self)
    }

    var text: String {
        let rows = rows.map { row in
            let name = row.name.padding(toLength: 28, withPad: " ", startingAt: 0)
            let rate = Double(bytes) / 1e6 / row.elapsed
            let ratios = row.ratio.map { String(format: "%8.2f %8.2f", $0, row.elapsedRatio ?? 0) } ?? ""
            return name + String(format: "%8.2f s %8.2f s %8.0f MB/s", row.processor, row.elapsed, rate) + ratios
        }
        return """
            \(messages) messages, \(bytes / messages) bytes each with head; zstd level \(level), chunks of \(chunkBytes) bytes; \
            median of \(rounds)
            recording \(fileBytes) bytes (\(String(format: "%.2f", Double(bytes) / Double(fileBytes))) to 1), \
            plain zstd \(plainFileBytes) bytes
                                        processor    elapsed               plain / ours: processor, elapsed
            \(rows.joined(separator: "\n"))
            """
    }
}
