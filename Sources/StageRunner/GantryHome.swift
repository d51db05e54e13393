public import Foundation
public import Topics

/// The folder `.gantry`, where everything that a checkout installs for itself lies.
public struct GantryHome: Hashable, Sendable {
    public let directory: URL

    public init(directory: URL) { self.directory = directory }

    /// The folder named by `GANTRY_HOME`, else the first `.gantry` in the working directory or above it.
    public static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        from start: URL = URL(filePath: FileManager.default.currentDirectoryPath)
    ) throws(GantryHomeError) -> GantryHome {
        func isFolder(_ url: URL) -> Bool {
            (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
        }
        if let named = environment["GANTRY_HOME"], !named.isEmpty {
            let url = URL(filePath: named).absoluteURL
            guard isFolder(url) else { throw .notAFolder(named) }
            return GantryHome(directory: url)
        }
        var folder = start.absoluteURL.standardizedFileURL
        while true {
            let candidate = folder.appending(path: ".gantry")
            if isFolder(candidate) { return GantryHome(directory: candidate) }
            let parent = folder.deletingLastPathComponent().standardizedFileURL
            if parent.path == folder.path { throw .missing(start.path) }
            folder = parent
        }
    }

    public var path: String { directory.path }
    public var kafkaLibraries: URL { directory.appending(path: "lib/kafka") }
    public var openVINO: URL { directory.appending(path: "lib/openvino") }
    /// Packages from PyPI that are run by Python.
    public var python: URL { directory.appending(path: "python") }
    public var models: URL { directory.appending(path: "models") }
    public var keys: URL { directory.appending(path: "keys") }
    public var postgres: URL { directory.appending(path: "postgres") }
    /// Process ids and addresses of the servers that the project's own scripts started.
    public var run: URL { directory.appending(path: "run") }
    public var broker: URL { directory.appending(path: "bin/tansu") }
}

public enum GantryHomeError: CodedError, Equatable {
    case notAFolder(String)
    case missing(String)

    public var code: String {
        switch self {
        case .notAFolder: "RUN201"
        case .missing: "RUN202"
        }
    }
    public var reason: String {
        switch self {
        case .notAFolder(let path):
            "GANTRY_HOME is \(path), which is not a folder. Point it at a checkout's .gantry, or run `make setup`."
        case .missing(let start):
            "there is no folder .gantry in \(start) or above it. Run `make setup` in the checkout, or set GANTRY_HOME."
        }
    }
}
