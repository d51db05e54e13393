import Fixtures
import Foundation
import PostGIS
import Testing

/// `gantry audit` as an auditor runs it.
@Suite final class AuditCommandTests {
    let database: TestDatabase
    let folder = "/tmp/gantry-audit-\(UUID().uuidString.prefix(8))"
    var key: String { "\(folder)/auditor.key" }
    var checkpoints: String { "\(folder)/checkpoints" }
    var export: String { "\(folder)/log.jsonl" }

    init() throws {
        database = try TestDatabase()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(try audit("key", "--out", key).status == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func look(_ count: Int, outcome: String = "granted") throws {
        let connection = try Connection(database.address, application: "test")
        for number in 0..<count {
            try connection.query(
                "SELECT audit_commit('trace', $1, NULL, 'théft', $2, '{\"tokens\": [\"00ff\"]}', 3)",
                [outcome, "2026/\(number)"])
        }
    }

    func audit(_ arguments: String..., environment: [String: String] = [:]) throws -> Ran {
        try Ran(["audit"] + arguments, environment: ["GANTRY_DATABASE": database.address].merging(environment) { $1 })
    }

    func verify(_ file: String? = nil, environment: [String: String] = [:]) throws -> Ran {
        let arguments = [
            "audit", "verify", "--format", "json", "--checkpoints", checkpoints, "--public-key", key + ".pub",
        ]
        return try Ran(
            arguments + (file.map { [$0] } ?? []),
            environment: ["GANTRY_DATABASE": database.address].merging(environment) { $1 })
    }

    @Test func `a log is signed, exported, added to, and checked without its database`() throws {
        try look(3)
        #expect(try audit("checkpoint", "--key", key, "--out", checkpoints).status == 0)
        #expect(try audit("export", "--out", export).output.contains("3 entries"))
        let first = try Data(contentsOf: URL(filePath: export))
        try look(2)
        // As a crash leaves it: a line that is not whole.
        try (first + Data("{\"entry\":4,".utf8)).write(to: URL(filePath: export))
        #expect(try audit("export", "--out", export).output.contains("5 entries"))
        let second = try Data(contentsOf: URL(filePath: export))
        #expect(second.starts(with: first) && second.count > first.count)
        #expect(try audit("export", "--out", export).status == 0)
        #expect(try Data(contentsOf: URL(filePath: export)) == second)
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        #expect(mode == 0o600)

        let checked = try verify(export, environment: ["GANTRY_DATABASE": "host=/nowhere"])
        #expect(checked.status == 0, "\(checked)")
        let finding = try #require(JSONSerialization.jsonObject(with: Data(checked.output.utf8)) as? [String: Any])
        #expect(finding["entries"] as? Int == 5 && finding["signedThrough"] as? Int == 3)
        #expect(finding["checkpoints"] as? Int == 1 && finding["code"] == nil)
        #expect(try verify().output == checked.output)

        try (second + Data(" ".utf8)).write(to: URL(filePath: export))
        let differs = try audit("export", "--out", export)
        #expect(differs.status == 1 && differs.errors.contains("AUD108"), "\(differs)")
        let other = try audit("key", "--out", "\(folder)/other.key")
        #expect(other.status == 0)
        let wrong = try audit(
            "verify", export, "--checkpoints", checkpoints, "--public-key", "\(folder)/other.key.pub")
        #expect(wrong.status == 1 && wrong.errors.contains("AUD207"), "\(wrong)")
        #expect(try audit("verify", "\(folder)/none.jsonl").status == 66)
        #expect(try audit("verify", export, "--checkpoints", checkpoints).status == 64)
        #expect(try audit("checkpoint", "--key", "\(folder)/none", "--out", checkpoints).status == 66)
    }

    /// What the owner of the tables does, by the code that gives it away and the entry that is named.
    static let attacks: [(sql: String, code: String, entry: Int)] = [
        ("UPDATE audit SET actor = 'nobody' WHERE id = 3", "AUD103", 3),
        ("UPDATE audit SET returned = 0 WHERE id = 2", "AUD103", 2),
        ("DELETE FROM audit WHERE id = 4", "AUD101", 4), ("DELETE FROM audit WHERE id > 4", "AUD107", 5),
        ("DELETE FROM audit", "AUD107", 1),
        ("UPDATE audit SET id = 100 - id; UPDATE audit SET id = 100 - id + 1 WHERE id > 97", "AUD101", 1),
        (
            """
            UPDATE audit SET purpose = 'test' WHERE id = 5; UPDATE audit SET digest = audit_digest(audit) WHERE id = 5;
            UPDATE audit SET previous = (SELECT digest FROM audit WHERE id = 5) WHERE id = 6;
            UPDATE audit SET digest = audit_digest(audit) WHERE id = 6
            """, "AUD104", 6
        ),
        (
            """
            INSERT INTO audit SELECT 7, at, actor, client, action, outcome, reason, purpose, case_number, parameters, digest,
                digest, format, returned FROM audit WHERE id = 6
            """, "AUD103", 7
        ),
    ]

    @Test(arguments: attacks)
    func `what the tables' owner changes is found, and not signed`(sql: String, code: String, entry: Int) throws {
        try look(6)
        #expect(try audit("checkpoint", "--key", key, "--out", checkpoints).status == 0)
        #expect(try verify().status == 0)
        let owner = try Connection(database.address, application: "test")
        try owner.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
        try owner.execute(sql)
        let found = try verify()
        let finding = try #require(JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
        #expect(found.status == 1 && finding["code"] as? String == code, "\(found)")
        #expect(finding["entry"] as? Int == entry, "\(found)")
        let signed = try audit("checkpoint", "--key", key, "--out", checkpoints)
        #expect(signed.status == 1 && signed.errors.contains(code), "\(signed)")
    }

    @Test func `an auditor needs no role but the auditor's`() throws {
        try look(2)
        let role = "auditor_\(UUID().uuidString.prefix(8).lowercased())"
        _ = try database.query("CREATE ROLE \(role) LOGIN")
        defer {
            _ = try? Connection(database.address, application: "test").execute(
                "DROP OWNED BY \(role); DROP ROLE \(role)")
        }
        let address = ["GANTRY_DATABASE": database.address.replacing("//gantry@", with: "//\(role)@")]
        #expect(try audit("export", "--out", export, environment: address).status == 69)
        _ = try database.query("GRANT gantry_auditor TO \(role)")
        let signed = try audit("checkpoint", "--key", key, "--out", checkpoints, environment: address)
        #expect(signed.status == 0, "\(signed)")
        #expect(try audit("export", "--out", export, environment: address).output.contains("2 entries"))
        #expect(try verify(environment: address).status == 0)
    }

    @Test func `a key that others can read signs nothing`() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        let refused = try audit("checkpoint", "--key", key, "--out", checkpoints)
        #expect(refused.status == 77 && refused.errors.contains("AUD204"), "\(refused)")
        #expect(!FileManager.default.fileExists(atPath: checkpoints))
    }
}

/// What a run of `gantry` said.
struct Ran {
    let status: Int32
    let output, errors: String

    init(_ arguments: [String], environment: [String: String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: Postgres.root).appending(path: ".build/debug/gantry")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: Postgres.root)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (errors, output) = (Pipe(), Pipe())
        process.standardError = errors
        process.standardOutput = output
        try process.run()
        // What a command says on one of them fits into the pipe while the other is read.
        self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        status = process.terminationStatus
    }
}
