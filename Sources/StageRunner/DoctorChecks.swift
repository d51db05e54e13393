internal import Foundation

/// What can be seen of an installation from outside: files, sockets, space.
public struct DoctorChecks: Sendable {
    /// The folder `.gantry`; nil when there is none.
    public var home: String?
    public init(home: String?) { self.home = home }

    public var build: DoctorLine {
        #if DEBUG
            DoctorLine(
                "build", .note, "Swift \(Self.compiler), debug: several times slower than a release build",
                remedy: "run `make build`")
        #else
            DoctorLine("build", .ok, "Swift \(Self.compiler), release")
        #endif
    }

    private static var compiler: String {
        #if swift(>=6.4)
            "6.4 or newer"
        #else
            "6.3"
        #endif
    }

    public func homeLine(_ trouble: String?) -> DoctorLine {
        if let home { return DoctorLine("home", .ok, home) }
        return DoctorLine(
            "home", .failed, trouble ?? "no folder .gantry here or above",
            remedy: "run `make setup`, or set GANTRY_HOME")
    }

    /// Whether the inference library's file is there; loading it is `gantry-local`'s to try.
    public var openVINO: DoctorLine {
        let folder = "\(home ?? ".gantry")/lib/openvino"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard let library = names.filter({ $0.hasPrefix("libopenvino_c.so") }).sorted().last else {
            return DoctorLine(
                "inference", .note, "OpenVINO is not installed: OpenCV takes its place, 3 to 5 times slower",
                remedy: "run `make setup`")
        }
        return DoctorLine("inference", .ok, "OpenVINO, \(library)")
    }

    /// - Parameter version: As the loaded library says, such as `2.16.0`.
    public func librdkafka(_ version: String) -> DoctorLine {
        let parts = version.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 } + [0, 0]
        guard (parts[0], parts[1]) >= (2, 2) else {
            return DoctorLine(
                "librdkafka", .note, "\(version), which misreads what some newer brokers answer",
                remedy: "run `make setup`, which puts a newer one into .gantry/lib/kafka")
        }
        return DoctorLine("librdkafka", .ok, version)
    }

    /// Whether only the owner can reach the keys.
    ///
    /// - Parameter named: The pipeline's own folder; nil for the one under `.gantry`.
    public func keys(_ named: String?) -> DoctorLine {
        let folder = named ?? "\(home ?? ".gantry")/keys"
        guard FileManager.default.fileExists(atPath: folder) else {
            return DoctorLine("keys", .note, "none yet in \(folder): the first run that stores passages makes them")
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return DoctorLine(
                "keys", .failed, "\(folder) can't be entered", remedy: "run as its owner, or `chown` it to this user")
        }
        let open = ([folder] + names.sorted().map { "\(folder)/\($0)" }).first { path in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            guard let mode = attributes?[.posixPermissions] as? NSNumber else { return false }
            return mode.intValue & 0o077 != 0
        }
        if let open {
            return DoctorLine(
                "keys", .failed, "others can reach \(open)", remedy: "find out who had access, then `chmod go= \(open)`"
            )
        }
        let keys = names.filter { $0.hasSuffix(".key") }.count
        return DoctorLine("keys", .ok, "\(folder), \(keys) keys, for their owner alone")
    }

    /// Free space where data and recordings go.
    public var disk: DoctorLine {
        let folder = home ?? FileManager.default.currentDirectoryPath
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = attributes?[.systemFreeSize] as? NSNumber else {
            return DoctorLine("disk", .note, "the free space of \(folder) is unknown")
        }
        return Self.disk(free: free.int64Value, folder: folder)
    }

    static func disk(free: Int64, folder: String) -> DoctorLine {
        let gigabytes = Double(free) / 1e9
        let found = String(format: "%.1f GB free at %@", gigabytes, folder)
        // A full disk stops the database in the middle of a day; 2 GB is its write-ahead log alone.
        return gigabytes < 2
            ? DoctorLine("disk", .failed, found, remedy: "free some space") : DoctorLine("disk", .ok, found)
    }

    /// Tries to open a connection to one of the brokers.
    ///
    /// - Parameter timeout: For each, in milliseconds.
    /// - Returns: Nil when one answers.
    public static func brokerTrouble(_ brokers: [String], timeout: Int32 = 2000) -> PipelineProbes.Trouble? {
        var reasons: [String] = []
        for broker in brokers {
            guard let reason = TCPProbe.failure(broker, timeout: timeout) else { return nil }
            reasons.append("\(broker): \(reason)")
        }
        return .init(
            what: "no broker answers (\(reasons.joined(separator: "; ")))",
            remedy: "start it (`make broker` for development), or correct kafka.brokers")
    }
}
