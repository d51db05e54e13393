import Glibc

/// A recording's file, read through one window that grows only as far as a record that is really there.
///
/// Used by its one owner, one call at a time.
final class RecordingInput: @unchecked Sendable {
    let path: String
    /// Bytes of the file when it was opened; what is written later is not seen.
    let size: Int
    private let descriptor: Int32
    private var window = RecordingBytes(capacity: 0)
    private var windowStart = 0

    private static let windowBytes = 256 << 10

    init(path: String) throws(RecordingError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, detail: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            // Without `deinit`: not all properties are set.
            Glibc.close(descriptor)
            throw .unreadable(path: path, detail: "it is not a file; recordings can't come from a pipe")
        }
        size = Int(status.st_size)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { Glibc.close(descriptor) }

    /// Bytes of the file; valid until the next call.
    ///
    /// - Parameter count: The caller has made sure that the file has so many from there on.
    func bytes(at offset: Int, _ count: Int) throws(RecordingError) -> UnsafeRawBufferPointer {
        precondition(offset >= 0 && count >= 0 && count <= size - offset)
        if offset < windowStart || offset + count > windowStart + window.count {
            try load(offset, max(count, min(Self.windowBytes, size - offset)))
        }
        let start = offset - windowStart
        return UnsafeRawBufferPointer(rebasing: window.bytes[start..<start + count])
    }

    /// The checksum of a part of the file, however large.
    func crc(of range: Range<Int>, after seed: UInt32) throws(RecordingError) -> UInt32 {
        var crc = seed
        var at = range.lowerBound
        while at < range.upperBound {
            var count = min(Self.windowBytes, range.upperBound - at)
            // What is in the window already is not read again.
            if at >= windowStart, at < windowStart + window.count {
                count = min(range.upperBound - at, windowStart + window.count - at)
            }
            crc = RecordingChecksum.crc(try bytes(at: at, count), after: crc)
            at += count
        }
        return crc
    }

    private func load(_ offset: Int, _ count: Int) throws(RecordingError) {
        window.clear()
        windowStart = offset
        let room = window.room(count)
        while window.count < count {
            let read = pread(
                descriptor, room.baseAddress! + window.count, count - window.count, off_t(offset + window.count))
            if read > 0 {
                window.grow(by: read)
            } else if read == 0 {
                throw .unreadable(path: path, detail: "it became shorter while it was read")
            } else if errno != EINTR {
                throw .unreadable(path: path, detail: String(cString: strerror(errno)))
            }
        }
    }
}
