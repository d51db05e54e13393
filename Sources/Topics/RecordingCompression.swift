internal import CZlib
internal import CZstd

/// CRC-32 as MCAP and zlib have it.
enum RecordingChecksum {
    /// - Parameter seed: The checksum of what came before; 0 for nothing.
    static func crc(_ bytes: UnsafeRawBufferPointer, after seed: UInt32 = 0) -> UInt32 {
        // zlib takes a missing pointer as a question for the first seed.
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return seed }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(seed), base.assumingMemoryBound(to: UInt8.self), bytes.count))
    }
}

/// zstd compression, with its working memory kept from call to call. Used by one thread at a time.
///
/// Outside this library only the benchmark uses it, to compare.
package struct RecordingCompressor: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    package init(level: Int) {
        guard let context = ZSTD_createCCtx() else { fatalError("no memory for zstd") }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level))
        self.context = context
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Most bytes that compressing so many can give.
    package static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

    /// - Parameter target: At least ``bound(_:)`` bytes.
    /// - Returns: How many were written.
    package func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
        precondition(ZSTD_isError(count) == 0, "zstd fails only for want of room, and the bound gives that")
        return count
    }
}

/// The way back.
package struct RecordingDecompressor: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    package init() {
        guard let context = ZSTD_createDCtx() else { fatalError("no memory for zstd") }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// - Returns: How many bytes were written; nil when the source is not zstd or has more than the target holds.
    package func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        let count = ZSTD_decompressDCtx(context, target.baseAddress, target.count, source.baseAddress, source.count)
        return ZSTD_isError(count) == 0 ? count : nil
    }
}
