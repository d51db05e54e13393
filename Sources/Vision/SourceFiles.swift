internal import Glibc
internal import Traffic

/// The little of the file system that sources need.
enum SourceFiles {
    struct Status {
        var isFolder: Bool
        var size: Int
        var modified: EventTime
    }

    static func status(of path: String) throws(SourceError) -> Status {
        var found = stat()
        guard stat(path, &found) == 0 else { throw .missing(path: path, reason: lastReason) }
        let modified = Int64(found.st_mtim.tv_sec) * 1_000_000_000 + Int64(found.st_mtim.tv_nsec)
        return Status(
            isFolder: found.st_mode & S_IFMT == S_IFDIR, size: Int(found.st_size),
            modified: EventTime(nanoseconds: modified))
    }

    static func checkReadable(_ path: String) throws(SourceError) {
        guard access(path, R_OK) == 0 else { throw .missing(path: path, reason: lastReason) }
    }

    /// Names in a folder, in no order.
    static func names(in path: String) throws(SourceError) -> [String] {
        guard let folder = opendir(path) else { throw .missing(path: path, reason: lastReason) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    /// Everything in a file of at most 256 MiB.
    static func bytes(of path: String) throws(VisionError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unreadable(lastReason) }
        defer { close(file) }
        var found = stat()
        guard fstat(file, &found) == 0, found.st_mode & S_IFMT == S_IFREG else { throw .unreadable("not a file") }
        guard found.st_size <= 256 << 20 else { throw .badImage("\(found.st_size) bytes, more than 256 MiB") }
        var filled = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(found.st_size)) { buffer, count in
            while filled < buffer.count {
                let got = read(file, buffer.baseAddress! + filled, buffer.count - filled)
                if got <= 0 { break }
                filled += got
            }
            count = filled
        }
        guard filled == Int(found.st_size) else { throw .unreadable("only \(filled) of \(found.st_size) bytes") }
        return bytes
    }

    private static var lastReason: String { String(cString: strerror(errno)) }
}
