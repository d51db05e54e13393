import Glibc

/// The file that a recording is written to: whole pieces only, with the checksum of all of them.
///
/// Used by its one owner, one call at a time.
final class RecordingOutput: @unchecked Sendable {
    let path: String
    /// Bytes written.
    private(set) var size = 0
    /// CRC-32 of all bytes written.
    private(set) var crc: UInt32 = 0
    private var descriptor: Int32

    init(path: String, overwrites: Bool) throws(RecordingError) {
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (overwrites ? O_TRUNC : O_EXCL)
        descriptor = open(path, flags, 0o640)
        if descriptor < 0 {
            if errno == EEXIST { throw .exists(path: path) }
            throw .unwritable(path: path, bytes: 0, detail: String(cString: strerror(errno)))
        }
        // The file's name has to survive a power loss as well as its bytes.
        let folder = open(Self.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            Glibc.close(folder)
        }
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// All of the bytes, or none: after a failure the file is as long as it was.
    func write(_ bytes: UnsafeRawBufferPointer) throws(RecordingError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                let detail = String(cString: strerror(errno))
                ftruncate(descriptor, off_t(size))
                lseek(descriptor, off_t(size), SEEK_SET)
                throw .unwritable(path: path, bytes: size, detail: detail)
            }
        }
        size += bytes.count
        crc = RecordingChecksum.crc(bytes, after: crc)
    }

    /// Returns when what was written would survive a power loss.
    func sync() throws(RecordingError) {
        // Pipes and devices have nothing to keep.
        guard fdatasync(descriptor) != 0, errno != EINVAL, errno != EROFS else { return }
        throw .unwritable(path: path, bytes: size, detail: String(cString: strerror(errno)))
    }

    func close() throws(RecordingError) {
        try sync()
        let status = Glibc.close(descriptor)
        descriptor = -1
        guard status != 0 else { return }
        throw .unwritable(path: path, bytes: size, detail: String(cString: strerror(errno)))
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
