import Custody
import Fixtures
import Foundation
import PostGIS
import Testing
import Traffic

/// `gantry keys` as its user runs it.
@Suite final class KeysCommandTests {
    let database: TestDatabase
    let folder = "/tmp/gantry-keys-\(UUID().uuidString.prefix(8))"
    let day = Day("2026-03-02")!

    init() throws {
        database = try TestDatabase()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let pipeline = """
            name: city
            custody: {keys: \(database.keys), wrapping_key: "file:\(folder)/wrapping.key"}
            """
        try Data(pipeline.utf8).write(to: URL(filePath: "\(folder)/city.yaml"))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var source: WrappingKeySource { .file("\(folder)/wrapping.key") }

    private func keys(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, errors: String, output: String) {
        try database.gantry(["keys"] + arguments, environment: environment)
    }

    private func destroy(_ what: [String], environment: [String: String] = [:]) throws -> (
        status: Int32, errors: String, output: String
    ) {
        try keys(
            ["destroy", "--pipeline", "\(folder)/city.yaml", "--reason", "retention"] + what, environment: environment)
    }

    private var status: (status: Int32, errors: String, output: String) {
        get throws { try keys(["status", "--pipeline", "\(folder)/city.yaml", "--format", "csv"]) }
    }

    private func record() throws -> [[String?]] {
        try database.query(
            "SELECT outcome, reason, parameters ->> 'key' FROM audit WHERE action = 'destroy-key' ORDER BY id")
    }

    /// One stored passage, and what opens its text.
    private func store() throws -> Vault {
        let vault = Vault(keys: try KeyStore(folder: database.keys, create: true, wrappedBy: source))
        let sink = try Sink(database: database.address, protection: vault)
        try sink.register(City.cameras)
        _ = try sink.write([City.passage(at: City.moment("2026-03-02T07:30:00Z"), plate: "ABC234")])
        return vault
    }

    private func text(in address: String, _ source: WrappingKeySource) throws -> String {
        let vault = Vault(keys: try KeyStore(folder: database.keys, create: false, wrappedBy: source))
        let rows = try Connection(address, application: "test").query(
            "SELECT encode(sealed_text, 'hex'), encode(passage_id, 'hex') FROM sighting"
        ).values
        func bytes(_ text: String?) -> [UInt8] {
            let digits = Array(text ?? "")
            return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
        }
        let place = Vault.Place(
            passage: PassageID(bytes(rows[0][1])), camera: "ring-north", firstSeen: City.moment("2026-03-02T07:30:00Z"))
        return try vault.open(text: bytes(rows[0][0]), at: place).text
    }

    @Test func `a first init tells what is lost without a backup, and a second one leaves the keys alone`() throws {
        let first = try keys(["init", "--pipeline", "\(folder)/city.yaml"])
        #expect(first.status == 0 && first.output.contains("lost for good"), "\(first)")
        let key = FileManager.default.contents(atPath: "\(folder)/wrapping.key")
        let again = try keys(["init", "--pipeline", "\(folder)/city.yaml"])
        #expect(again.status == 0 && !again.output.contains("lost for good"), "\(again)")
        #expect(key != nil && FileManager.default.contents(atPath: "\(folder)/wrapping.key") == key)
    }

    /// The dump is a backup from before: nothing in it opens any more.
    @Test func `a destroyed day's text opens in no backup of the database, and the destruction is on record`() throws {
        _ = try store()
        let backup = try database.server.restore(try database.server.dump(database.address))
        #expect(try text(in: backup, source) == "ABC234")
        let asked = try destroy(["--day", "2026-03-02"])
        #expect(asked.status == 64 && asked.errors.contains("--yes"), "\(asked)")
        #expect(try text(in: backup, source) == "ABC234")
        let wrapping = FileManager.default.contents(atPath: "\(folder)/wrapping.key")

        let done = try destroy(["--day", "2026-03-02", "--yes"])
        #expect(done.status == 0 && done.output.contains("entry 1 of the audit log"), "\(done)")
        #expect(try record() == [["done", "retention", "day-2026-03-02"]])
        for address in [database.address, backup] {
            #expect(throws: CustodyError.destroyed(name: "day-2026-03-02")) { try text(in: address, source) }
        }
        #expect(FileManager.default.contents(atPath: "\(folder)/wrapping.key") != wrapping)
        // Once, whoever carries it over again.
        #expect(try status.status == 0)
        #expect(try record().count == 1)
        let unknown = try destroy(["--epoch", "7", "--yes"])
        #expect(unknown.status == 77 && unknown.errors.contains("CUS106"), "\(unknown)")
    }

    @Test func `a key is destroyed without the database too, and a later command carries the record over`() throws {
        _ = try store()
        let away = ["GANTRY_DATABASE": "host=127.0.0.1 port=1 dbname=none"]
        let done = try destroy(["--day", "2026-03-02", "--yes"], environment: away)
        #expect(done.status == 0 && done.errors.contains("destroyed.log"), "\(done)")
        #expect(throws: CustodyError.destroyed(name: "day-2026-03-02")) {
            try text(in: database.address, source)
        }
        #expect(try record().isEmpty)
        #expect(try status.status == 0)
        #expect(try record() == [["done", "retention", "day-2026-03-02"]])
    }

    @Test func `status says what is amiss`() throws {
        _ = try store()
        let sound = try status
        #expect(sound.status == 0 && sound.output.contains("days with a key,2026-03-02"), "\(sound)")
        #expect(sound.output.contains("the file \(folder)/wrapping.key"))
        #expect(!sound.errors.contains("without a key") && !sound.errors.contains("backup of the folder"), "\(sound)")
        // The test's database and its keys both lie under /tmp.
        #expect(sound.errors.contains("file system"), "\(sound)")

        let key = "\(database.keys)/day-2026-03-02.key"
        let backup = try #require(FileManager.default.contents(atPath: key))
        try FileManager.default.removeItem(atPath: key)
        #expect(try status.errors.contains("days without a key here: 2026-03-02"))
        _ = FileManager.default.createFile(atPath: key, contents: backup, attributes: [.posixPermissions: 0o600])

        _ = try destroy(["--day", "2026-03-02", "--yes"])
        #expect(try !status.errors.contains("days without a key"))
        // The folder comes back from a backup, with nothing that says what was destroyed: the database knows.
        _ = FileManager.default.createFile(atPath: key, contents: backup, attributes: [.posixPermissions: 0o600])
        try FileManager.default.removeItem(atPath: "\(database.keys)/day-2026-03-02.destroyed")
        #expect(try status.errors.contains("says destroyed.log, and is here"))
        try FileManager.default.removeItem(atPath: "\(database.keys)/destroyed.log")
        #expect(try status.errors.contains("says the database's audit log, and is here"))
    }

    @Test func `a credential is the wrapping key, doctor and check say so, and rotate asks its owner`() throws {
        try Data("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".utf8).write(to: URL(filePath: "\(folder)/wrap"))
        let pipeline = "\(folder)/credential.yaml"
        let text = """
            name: city
            custody: {keys: \(database.keys), wrapping_key: "credential:wrap"}
            database: {url: "\(database.address)"}
            cameras: [{id: ring-north, source: rtsp://127.0.0.1:1/none, longitude: 4.3499, latitude: 50.8792}]
            """
        try Data(text.utf8).write(to: URL(filePath: pipeline))
        let given = ["CREDENTIALS_DIRECTORY": folder]
        let none = try keys(["init", "--pipeline", pipeline])
        #expect(
            none.status == 77 && none.errors.contains("CUS109") && none.errors.contains("LoadCredential"), "\(none)")
        #expect(try keys(["init", "--pipeline", pipeline], environment: given).status == 0)
        let rotated = try keys(["rotate", "--pipeline", pipeline], environment: given)
        #expect(rotated.status == 77 && rotated.errors.contains("CUS111"), "\(rotated)")
        let doctor = try database.gantry(["doctor", "--pipeline", pipeline], environment: given)
        #expect(doctor.output.contains("the systemd credential wrap, which opens all of 0 keys"), "\(doctor)")
        for (environment, isTrouble) in [(given, false), ([:], true)] {
            let check = try database.gantry(["check", pipeline], environment: environment)
            #expect(check.output.contains("credential.yaml:2:91: PIP133") || !isTrouble, "\(check)")
            #expect(!check.output.contains("PIP133") || isTrouble, "\(check)")
        }
    }
}
