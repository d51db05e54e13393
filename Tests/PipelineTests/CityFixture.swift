import Fixtures
import Foundation

/// A small rendered city, a broker, a database and a pipeline file that names them: what stage executables need.
struct CityFixture {
    let folder: URL
    let broker: Broker
    let database: String
    let pipeline: String
    let cameras: [String]

    /// The executables of the build under test.
    static let products = URL(filePath: Postgres.root).appending(path: ".build/debug")

    /// - Parameters:
    ///   - clips: Arguments of `gantry simulate clips`; nil for no clips, only the names of four cameras.
    ///   - server: Where its database is; nil for the one that tests share.
    init(name: String, clips: [String]?, on server: Postgres? = nil) throws {
        folder = URL(filePath: "/tmp/gantry-\(name)-\(ProcessInfo.processInfo.processIdentifier)")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        broker = try Broker()
        database = try (server ?? Postgres.shared()).makeDatabase()
        try Self.run("gantry", ["migrate", "--database", database])
        var list: [(id: String, text: String)] = []
        if let clips {
            let media = folder.appending(path: "clips")
            try Self.run("gantry-local", ["simulate", "clips", "--out", media.path] + clips)
            struct Listing: Decodable {
                struct Camera: Decodable {
                    var id, source: String
                    var longitude, latitude, started: Double
                }
                var cameras: [Camera]
            }
            let data = try Data(contentsOf: media.appending(path: "cameras.json"))
            for camera in try JSONDecoder().decode(Listing.self, from: data).cameras {
                let started = Date(timeIntervalSince1970: camera.started).formatted(.iso8601)
                list.append(
                    (
                        camera.id,
                        """
                          - id: \(camera.id)
                            source: clips/\(camera.source)
                            longitude: \(camera.longitude)
                            latitude: \(camera.latitude)
                            started: \(started)
                        """
                    ))
            }
        } else {
            list = (1...4).map { number in
                (
                    "camera-\(number)",
                    """
                      - id: camera-\(number)
                        source: rtsp://127.0.0.1:1/none
                        longitude: 4.\(number)
                        latitude: 50.8
                    """
                )
            }
        }
        cameras = list.map(\.id)
        pipeline = folder.appending(path: "pipeline.yaml").path
        let text = """
            name: \(name)
            cameras:
            \(list.map(\.text).joined(separator: "\n"))
            kafka: {brokers: "\(broker.address)", partitions: 4, session_timeout: 2s}
            database: {url: "\(database)"}
            custody: {keys: \(folder.appending(path: "keys").path)}
            http: {port: 0}
            """
        try Data((text + "\n").utf8).write(to: URL(filePath: pipeline))
    }

    /// Starts a stage; its log goes to a file in the fixture's folder.
    func start(_ stage: String, copy: Int = 1) throws -> StageProcessHandle {
        try StageProcessHandle(
            Self.products.appending(path: "gantry-\(stage)"), ["--pipeline", pipeline],
            log: folder.appending(path: "\(stage)-\(copy).log"))
    }

    func remove() {
        broker.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func run(_ product: String, _ arguments: [String]) throws {
        let handle = try StageProcessHandle(products.appending(path: product), arguments, log: nil)
        let status = handle.wait()
        guard status == 0 else { throw FixtureFailure(what: "\(product) \(arguments) ended with \(status)") }
    }
}

struct FixtureFailure: Error, CustomStringConvertible {
    var what: String
    var description: String { what }
}

/// A child process that can be stopped, killed and waited for.
final class StageProcessHandle: @unchecked Sendable {
    // Used by one test alone.
    private let process = Process()
    private let log: URL?

    init(_ executable: URL, _ arguments: [String], log: URL?) throws {
        self.log = log
        process.executableURL = executable
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        if let log {
            try Data().write(to: log)
            process.standardError = try FileHandle(forWritingTo: log)
        } else {
            process.standardError = FileHandle.nullDevice
        }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }
    func terminate() { Foundation.kill(process.processIdentifier, SIGTERM) }

    /// - Returns: The exit status; the signal's number, negative, for a process that a signal ended.
    func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    var lastLines: String {
        guard let log, let text = try? String(contentsOf: log, encoding: .utf8) else { return "" }
        return text.split(separator: "\n").suffix(5).joined(separator: "\n")
    }
}
