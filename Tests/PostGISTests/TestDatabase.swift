import Custody
import Fixtures
import Foundation
import PostGIS
import Synchronization
import Traffic

/// A migrated database and a key folder of one test's own.
final class TestDatabase {
    let server: Postgres
    let address: String
    let keys = "/tmp/gantry-test-keys-\(UUID().uuidString)"
    private static let templates = Mutex<[String: String]>([:])

    convenience init() throws { try self.init(on: Postgres.shared()) }

    init(on server: Postgres) throws {
        let template = try Self.templates.withLock { templates in
            if let template = templates[server.folder] { return template }
            let made = try server.makeDatabase()
            try Migrator(folder: "\(Postgres.root)/schemas/sql").migrate(made)
            templates[server.folder] = made
            return made
        }
        self.server = server
        address = try server.makeDatabase(template: template)
    }

    deinit { try? FileManager.default.removeItem(atPath: keys) }

    func vault() throws -> Vault { Vault(keys: try KeyStore(folder: keys, create: true)) }

    func sink(_ options: Sink.Options = Sink.Options()) throws -> Sink {
        let sink = try Sink(database: address, protection: vault(), options: options)
        try sink.register(City.cameras)
        return sink
    }

    /// The address for a login of this database's own, made where there is none.
    func login(_ name: String = "ada", as roles: String = "gantry_investigator") throws -> String {
        let login = try "\(name)_\(query("SELECT current_database()")[0][0]!)"
        _ = try query(
            """
            DO $$ BEGIN
                IF to_regrole('\(login)') IS NULL THEN CREATE ROLE \(login) LOGIN IN ROLE \(roles); END IF;
            END $$
            """)
        return address + (address.contains("?") ? "&" : "?") + "user=\(login)"
    }

    /// Purposes for looks at data of any age.
    func permit(_ purposes: String...) throws {
        for purpose in purposes {
            _ = try query(
                "INSERT INTO purpose (name, legal_basis, alone, approved) VALUES ($1, 'invented', '100 years', '100 years')",
                [purpose])
        }
    }

    /// Approves the look that was refused last.
    func approve() throws {
        _ = try Connection(login("sue", as: "gantry_supervisor"), application: "test").query(
            "SELECT approve_look((SELECT max(request) FROM looks_to_approve()), 'invented')")
    }

    func query(_ sql: String, _ parameters: [String?] = []) throws -> [[String?]] {
        try Connection(address, application: "test").query(sql, parameters).values
    }

    /// Runs the program on this database, from the project's root.
    func gantry(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, errors: String, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: Postgres.root).appending(path: ".build/debug/gantry")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: Postgres.root)
        process.environment = ProcessInfo.processInfo.environment.merging(["GANTRY_DATABASE": address]) { $1 }
            .merging(environment) { $1 }
        let (errors, output) = (Pipe(), Pipe())
        process.standardError = errors
        process.standardOutput = output
        try process.run()
        // What a command says on one of them fits into the pipe while the other is read.
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        let shown = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: said, as: UTF8.self), String(decoding: shown, as: UTF8.self)
        )
    }

    func count(_ table: String) throws -> Int { Int(try query("SELECT count(*) FROM \(table)")[0][0]!)! }
}

/// Invented cameras and passages.
enum City {
    static let cameras = [
        Camera(id: "ring-north", longitude: 4.3499, latitude: 50.8792, heading: 180),
        Camera(id: "canal-bridge", longitude: 4.3391, latitude: 50.8637, heading: 135),
        Camera(id: "station-south", longitude: 4.3363, latitude: 50.8358, heading: nil),
    ]

    static func moment(_ text: String) -> EventTime { EventTime(rfc3339: text)! }

    /// A passage of five seconds, whose id follows from camera, time and ordinal.
    static func passage(
        _ camera: CameraID = "ring-north", at time: EventTime, plate: String? = nil, ordinal: Int = 0,
        accepted: Bool = true, crop: [UInt8]? = nil, kind: VehicleClass? = .car
    ) -> Passage {
        var id = [UInt8](repeating: 0, count: 16)
        for (index, byte) in "\(camera)".utf8.enumerated() { id[index % 4] &+= byte &* UInt8(index + 1) }
        withUnsafeBytes(of: time.nanoseconds.bigEndian) { id.replaceSubrange(4..<12, with: $0) }
        withUnsafeBytes(of: Int32(ordinal).bigEndian) { id.replaceSubrange(12..<16, with: $0) }
        return Passage(
            id: PassageID(id), camera: camera, epoch: Epoch(.max), firstFrame: 10, lastFrame: 60, firstSeen: time,
            lastSeen: time + .seconds(5), kind: kind, frames: 51, direction: .approaching,
            best: Passage.Best(
                frame: 30, vehicle: nil, plate: nil,
                crop: crop.map { Crop(jpeg: $0, box: Box(x: 0, y: 0, width: 10, height: 10)) }),
            plate: plate.map {
                Passage.VotedPlate(
                    text: PlateText($0)!, confidence: 0.75, accepted: accepted, votes: 4, reads: 5, region: nil)
            },
            notRead: plate == nil ? .noPlateSeen : accepted ? nil : .lowConfidence)
    }

    /// Passages a second apart with plates of their own.
    static func passages(_ range: Range<Int>, from: String = "2026-03-02T07:30:00Z") -> [Passage] {
        range.map { passage(at: moment(from) + .seconds($0), plate: "GAN\(1000 + $0)", ordinal: $0) }
    }
}

/// A policy that never waits.
func impatient(attempts: Int = 5, diskFull: Int = 5, pause: (@Sendable (Duration) -> Bool)? = nil) -> Sink.Options {
    var options = Sink.Options()
    options.retry = RetryPolicy(attempts: attempts, diskFullAttempts: diskFull, pause: pause ?? { _ in true })
    return options
}
