import Glibc

/// Runs a command of the shell for the few bytes that it prints.
enum ShellCommand {
    struct Failure: Error { var reason: String }

    /// What it printed; nothing of that is in a failure's reason, which has what it said on standard error.
    ///
    /// - Parameter seconds: After so long it is killed, with all that it started.
    static func output(of command: String, seconds: Int) -> Result<[UInt8], Failure> {
        var output: [Int32] = [-1, -1], errors: [Int32] = [-1, -1]
        guard pipe(&output) == 0 else { return failed("no pipe: \(reason())") }
        guard pipe(&errors) == 0 else {
            close(output[0])
            close(output[1])
            return failed("no pipe: \(reason())")
        }
        for descriptor in output + errors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        posix_spawn_file_actions_adddup2(&actions, errors[1], 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        // A group of its own, so that what hangs is ended whole.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var child: pid_t = 0
        let words: [String] = ["/bin/sh", "-c", command]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let status = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ)
        for argument in arguments { free(argument) }
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        close(output[1])
        close(errors[1])
        defer {
            close(output[0])
            close(errors[0])
        }
        guard status == 0 else { return failed("/bin/sh did not start: \(String(cString: strerror(status)))") }
        var printed: [UInt8] = [], said: [UInt8] = []
        let inTime = collect([output[0], errors[0]], seconds: seconds) { index, bytes in
            if index == 0 {
                if printed.count <= 4096 { printed += bytes }
            } else if said.count < 500 {
                said += bytes
            }
        }
        if !inTime { kill(-child, SIGKILL) }
        var ended: Int32 = 0
        while waitpid(child, &ended, 0) < 0, errno == EINTR {}
        let text = String(decoding: said.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline)
            .joined(separator: "; ")
        let complaint = text.isEmpty ? "" : ": \(text)"
        guard inTime else { return failed("it was not done within \(seconds) s\(complaint)") }
        guard ended == 0 else {
            let how =
                ended & 0x7f == 0 ? "ended with status \(ended >> 8 & 0xff)" : "was ended by signal \(ended & 0x7f)"
            return failed("it \(how)\(complaint)")
        }
        return .success(printed)
    }

    /// Reads until all descriptors are at their end; false when that takes too long.
    private static func collect(_ descriptors: [Int32], seconds: Int, _ take: (Int, [UInt8]) -> Void) -> Bool {
        var waiting = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var start = timespec()
        clock_gettime(CLOCK_MONOTONIC, &start)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while waiting.contains(where: { $0.fd >= 0 }) {
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            let left = seconds * 1000 - (now.tv_sec - start.tv_sec) * 1000 - (now.tv_nsec - start.tv_nsec) / 1_000_000
            guard left > 0 else { return false }
            guard poll(&waiting, nfds_t(waiting.count), Int32(left)) > 0 else { continue }
            for index in waiting.indices where waiting[index].fd >= 0 && waiting[index].revents != 0 {
                let count = read(waiting[index].fd, &buffer, buffer.count)
                if count > 0 {
                    take(index, Array(buffer.prefix(count)))
                } else if count == 0 || errno != EINTR {
                    waiting[index].fd = -1
                }
            }
        }
        return true
    }

    private static func failed(_ reason: String) -> Result<[UInt8], Failure> { .failure(Failure(reason: reason)) }
    private static func reason() -> String { String(cString: strerror(errno)) }
}
