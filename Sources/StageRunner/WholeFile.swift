public import Foundation

/// A file that is there whole or not at all.
///
/// What is written goes to `PATH.partial`, which takes the name PATH when it is finished. A device, a pipe or another
/// thing that is no file is written to as it is: renaming over `/dev/null` would put a file in its place. Behind a link it
/// is the file that the link leads to.
public struct WholeFile: Sendable {
    public let path: String
    private let target, written: String
    public let handle: FileHandle

    /// - Parameter permissions: Of a new file, less what the process's mask takes away.
    /// - Throws: ``WholeFileError/unwritable(_:)``.
    public init(_ path: String, permissions: Int = 0o666) throws(WholeFileError) {
        self.path = path
        target = URL(filePath: path).resolvingSymlinksInPath().path
        written = Self.isThing(path) ? path : target + ".partial"
        if written != path {
            let made = open(written, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(permissions))
            guard made >= 0 else { throw .unwritable(path) }
            close(made)
        }
        guard let handle = FileHandle(forWritingAtPath: written) else { throw .unwritable(path) }
        self.handle = handle
    }

    /// Everything is written. Call it once.
    public func finish() throws(WholeFileError) {
        do { try handle.close() } catch { throw .unwritable(path) }
        guard written == path || rename(written, target) == 0 else { throw .unwritable(path) }
    }

    /// Leaves no trace of what was not finished.
    public func discard() {
        try? handle.close()
        if written != path { unlink(written) }
    }

    /// Writes a whole file at once.
    public static func write(_ data: Data, to path: String, permissions: Int = 0o666) throws(WholeFileError) {
        let file = try WholeFile(path, permissions: permissions)
        do { try file.handle.write(contentsOf: data) } catch {
            file.discard()
            throw .unwritable(path)
        }
        try file.finish()
    }

    /// Whether both names lead to one file that is there.
    public static func areSame(_ a: String, _ b: String) -> Bool {
        var first = stat()
        var second = stat()
        guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Whether something is there that is neither a file nor a link to one.
    public static func isThing(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    }
}

public enum WholeFileError: Error, Equatable, CustomStringConvertible {
    case unwritable(String)

    public var description: String {
        switch self {
        case .unwritable(let path): "RUN301 can't write \(path). Check the folder, its permissions and free space."
        }
    }
}
