import Glibc

/// Small private files in one folder: written whole or not at all, and refused when others can reach them.
struct KeyFolder {
    let path: String

    func exists() -> Bool { access(path, F_OK) == 0 }

    /// When an entry was last added or removed.
    struct Stamp: Equatable {
        var seconds, nanoseconds: Int
    }

    /// Nil when that was so lately that another change might not show: clocks of file systems tick in milliseconds.
    func stamp() -> Stamp? {
        var status = stat()
        var now = timespec()
        guard stat(path, &status) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return nil }
        guard now.tv_sec - status.st_mtim.tv_sec >= 2 else { return nil }
        return Stamp(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes the folder and its parents, the last one for its owner alone.
    func create() throws(CustodyError) {
        var parent = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: true).dropLast() {
            parent += (parent.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            mkdir(parent, 0o755)
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .unwritable(path: path, reason: Self.reason())
        }
        try checkPermissions(of: path)
    }

    func checkPermissions(of path: String) throws(CustodyError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unreadableKey(path: path, reason: Self.reason()) }
        guard status.st_mode & 0o077 == 0 else {
            throw .permissionsTooOpen(path: path, mode: "0" + String(status.st_mode & 0o777, radix: 8))
        }
    }

    /// Nil when there is no such file.
    func read(_ name: String) throws(CustodyError) -> [UInt8]? {
        let path = file(name)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadableKey(path: path, reason: Self.reason())
        }
        defer { close(descriptor) }
        try checkPermissions(of: path)
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw .unreadableKey(path: path, reason: Self.reason()) }
        return Array(buffer.prefix(count))
    }

    /// Writes a new file; false when there already is one of that name, which stays as it is.
    func add(_ name: String, _ bytes: [UInt8]) throws(CustodyError) -> Bool {
        let path = file(name), draft = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: Self.reason()) }
        defer { unlink(draft) }
        let written = Glibc.write(descriptor, bytes, bytes.count)
        // A key that is used but not on disk yet would be lost with the power, and what it sealed with it.
        guard written == bytes.count, fsync(descriptor) == 0 else {
            close(descriptor)
            throw .unwritable(path: path, reason: Self.reason())
        }
        close(descriptor)
        // A link, unlike a rename, fails when another process was first.
        guard link(draft, path) == 0 else {
            if errno == EEXIST { return false }
            throw .unwritable(path: path, reason: Self.reason())
        }
        try syncFolder()
        return true
    }

    /// Writes a file over the one of that name, if there is one: readers find the old or the new one whole.
    func replace(_ name: String, _ bytes: [UInt8]) throws(CustodyError) {
        let draft = "\(name).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        _ = try add(draft, bytes)
        guard rename(file(draft), file(name)) == 0 else {
            throw .unwritable(path: file(name), reason: Self.reason())
        }
        try syncFolder()
    }

    /// Overwrites a file and removes it. On a copying file system or a flash disk old blocks may survive, which is
    /// why keys are kept wrapped.
    func erase(_ name: String) throws(CustodyError) {
        let path = file(name)
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        if descriptor >= 0 {
            let zeros = [UInt8](repeating: 0, count: 256)
            _ = Glibc.write(descriptor, zeros, zeros.count)
            fsync(descriptor)
            close(descriptor)
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw .unwritable(path: path, reason: Self.reason()) }
        try syncFolder()
    }

    func names() -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Holds other processes off while a key is made or destroyed.
    func locked<Result>(_ body: () throws(CustodyError) -> Result) throws(CustodyError) -> Result {
        let path = file("lock")
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: Self.reason()) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .unwritable(path: path, reason: Self.reason()) }
        }
        return try body()
    }

    private func syncFolder() throws(CustodyError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: Self.reason()) }
        fsync(descriptor)
        close(descriptor)
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
