import Foundation

/// Settings that a process must have before it starts.
///
/// Tesseract's OpenMP reads its thread limit when it is loaded, and the loader reads its search path before `main`:
/// neither can be set from inside. So an executable starts itself again, once.
public enum Launch {
    /// Set in the second process; stops the third.
    static let guardName = "GANTRY_LAUNCHED"

    /// Call it first thing in `main`. Returns in a process that has the right environment; otherwise replaces the
    /// process by a copy of itself that has. Costs a few milliseconds.
    public static func ensureEnvironment() {
        let current = ProcessInfo.processInfo.environment
        guard let wanted = environment(current, home: try? GantryHome.find()) else { return }
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = wanted.map { strdup("\($0.key)=\($0.value)") } + [nil]
        execve("/proc/self/exe", &arguments, &variables)
        // Reached only when exec failed; the guard is not set then, and the process can do its work more slowly.
        for pointer in arguments + variables { free(pointer) }
    }

    /// - Returns: The environment to start again with; nil when the current one will do.
    static func environment(_ current: [String: String], home: GantryHome?) -> [String: String]? {
        guard current[guardName] == nil else { return nil }
        var wanted = current
        if wanted["OMP_THREAD_LIMIT"] == nil { wanted["OMP_THREAD_LIMIT"] = "1" }
        if let home, FileManager.default.fileExists(atPath: home.kafkaLibraries.path) {
            var folders = (current["LD_LIBRARY_PATH"] ?? "").split(separator: ":").map(String.init)
            if !folders.contains(home.kafkaLibraries.path) { folders.insert(home.kafkaLibraries.path, at: 0) }
            wanted["LD_LIBRARY_PATH"] = folders.joined(separator: ":")
        }
        guard wanted != current else { return nil }
        wanted[guardName] = "1"
        return wanted
    }
}
