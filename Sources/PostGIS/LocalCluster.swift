import Glibc

/// The private cluster that `scripts/postgres` keeps.
public enum LocalCluster {
    /// The libpq address of the running server.
    ///
    /// - Parameter folder: Its data directory, or a link to it: `.gantry/postgres`.
    /// - Throws: ``DatabaseError/unreachable(reason:)`` when it does not run, or belongs to another user.
    public static func address(folder: String) throws(DatabaseError) -> String {
        // Line 5 of the server's own pid file names the folder of its socket.
        guard let file = fopen("\(folder)/postmaster.pid", "r") else {
            let reason =
                errno == EACCES ? "the cluster in \(folder) belongs to another user" : "no server runs in \(folder)"
            throw .unreachable(reason: reason)
        }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = fread(&buffer, 1, buffer.count, file)
        let lines = String(decoding: buffer[..<count], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 5, !lines[4].isEmpty else {
            throw .unreachable(reason: "the server in \(folder) is still starting")
        }
        return "postgresql://gantry@/gantry?host=\(lines[4])"
    }
}
