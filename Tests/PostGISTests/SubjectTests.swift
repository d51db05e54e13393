import Custody
import Fixtures
import Foundation
import PostGIS
import Testing
import Traffic

/// `gantry subject` as whoever answers a person's request runs it.
@Suite final class SubjectTests {
    let database: TestDatabase
    let folder = "/tmp/gantry-subject-\(UUID().uuidString.prefix(8))"
    var key: String { "\(folder)/auditor.key" }
    /// One vehicle in two token epochs, with a read that was not accepted, and others.
    let passages = [
        City.passage("ring-north", at: City.moment("2026-03-02T07:31:00Z"), plate: "1ABC230", crop: [1, 2, 3]),
        City.passage("canal-bridge", at: City.moment("2026-03-02T07:36:00Z"), plate: "1ABC230", ordinal: 1),
        City.passage(
            "station-south", at: City.moment("2026-03-02T07:40:00Z"), plate: "1ABC230", ordinal: 2, accepted: false),
        City.passage("station-south", at: City.moment("2026-03-12T07:41:00Z"), plate: "1ABC230"),
        City.passage("ring-north", at: City.moment("2026-03-02T07:32:00Z"), plate: "XYZ999", crop: [4]),
        City.passage("canal-bridge", at: City.moment("2026-03-02T07:39:00Z"), plate: "XYZ999", ordinal: 4),
        City.passage("ring-north", at: City.moment("2026-03-02T07:33:00Z"), plate: "1ABC23O", ordinal: 5),
    ]

    init() throws {
        database = try TestDatabase()
        _ = try database.sink().write(passages)
        try LegKeeper(database: database.address).finish()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try SigningKey.make(at: key)
        let pipeline = """
            name: city
            custody: {keys: \(database.keys)}
            cameras: [{id: ring-north, source: rtsp://127.0.0.1:1/none, longitude: 4.3499, latitude: 50.8792}]
            """
        try pipeline.write(toFile: "\(folder)/pipeline.yaml", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func subject(
        _ action: String, _ name: String, authority: [String] = ["--purpose", "own request", "--case", "DSR-7"]
    )
        throws -> Ran
    {
        try Ran(
            [
                "subject", action, "--plate", "1abc-230", "--key", key, "--out", "\(folder)/\(name)", "--pipeline",
                "\(folder)/pipeline.yaml",
            ] + authority, environment: ["GANTRY_DATABASE": database.address])
    }

    func certificate(_ name: String) throws -> Certificate {
        let path = "\(folder)/\(name)/certificate.json"
        return try Certificate(
            Data(contentsOf: URL(filePath: path)), file: path, verifier: SignatureVerifier(path: key + ".pub"))
    }

    func exported(_ name: String) throws -> [[String: Any]] {
        let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)/passages.json"))
        return try #require(JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    }

    func audit() throws -> [[String?]] {
        try database.query("SELECT action, outcome, purpose, case_number, returned FROM audit ORDER BY id")
    }

    @Test func `a person gets all that is stored of a plate, and a certificate that can be checked`() throws {
        let ran = try subject("export", "a")
        #expect(ran.status == 0, "\(ran)")
        let passages = try exported("a")
        #expect(
            passages.map { $0["first_seen"] as? String } == [
                "2026-03-02T07:31:00.000000Z", "2026-03-02T07:36:00.000000Z", "2026-03-02T07:40:00.000000Z",
                "2026-03-12T07:41:00.000000Z",
            ])
        #expect(
            passages.map { $0["camera"] as? String } == [
                "ring-north", "canal-bridge", "station-south", "station-south",
            ])
        #expect(passages.allSatisfy { $0["text"] as? String == "1ABC230" && $0["sealed_text"] == nil })
        #expect(passages.map { $0["picture"] as? Bool } == [true, false, false, false])
        #expect(passages[0]["longitude"] as? Double == 4.3499)
        let certificate = try certificate("a")
        #expect(certificate.passages == 4 && certificate.pictures == 1 && certificate.tokenEpochs.count == 2)
        #expect(certificate.plate == "1ABC230" && certificate.auditEntry == 1 && certificate.action == "subject-export")
        #expect(try audit() == [["subject-export", "granted", "own request", "DSR-7", "4"]])
        let path = "\(folder)/a/certificate.json"
        let verify = ["subject", "verify", path, "--public-key", key + ".pub"]
        #expect(try Ran(verify, environment: [:]).status == 0)
        // Nobody finds a plate in the database's own log.
        #expect(try database.query("SELECT FROM audit WHERE audit::text ILIKE '%1ABC230%'").isEmpty)
        // The answer stays as it is.
        #expect(try subject("export", "a").status == 74)

        let document = "\(folder)/a/passages.json"
        let text = try String(contentsOfFile: document, encoding: .utf8)
        try text.replacing("ring-north", with: "ring-south").write(toFile: document, atomically: true, encoding: .utf8)
        let altered = try Ran(verify, environment: [:])
        #expect(altered.status == 1 && altered.errors.contains("AUD206"), "\(altered)")
        let signed = try String(contentsOfFile: path, encoding: .utf8)
        try signed.replacing("\"passages\":4", with: "\"passages\":3").write(
            toFile: path, atomically: true, encoding: .utf8)
        let forged = try Ran(verify, environment: [:])
        #expect(forged.status == 1 && forged.errors.contains("AUD207"), "\(forged)")
    }

    @Test func `an erased plate is found by nobody, and neither a topic read again brings it back`() throws {
        let before = try database.query("SELECT count(*) FROM leg")[0][0]
        let ran = try subject("erase", "a")
        #expect(ran.status == 0, "\(ran)")
        let erased = try certificate("a")
        #expect(erased.passages == 4 && erased.pictures == 1 && erased.action == "subject-erase")
        #expect(try audit() == [["subject-erase", "done", "own request", "DSR-7", nil]])
        let parameters = try database.query(
            "SELECT parameters - 'tokens', jsonb_array_length(parameters -> 'tokens') FROM audit")
        #expect(parameters == [["{\"pictures\": 1, \"sightings\": 4}", "2"]])

        #expect(try subject("export", "b").status == 0)
        #expect(try exported("b").isEmpty)
        // Others are as they were, look-alikes included; that four vehicles passed is still known.
        #expect(try database.count("sighting") == 7 && database.count("crop") == 1)
        #expect(
            try database.query("SELECT count(*) FROM sighting WHERE token IS NULL AND not_read = 'erased'") == [["4"]])
        #expect(try database.query("SELECT count(*) FROM leg")[0][0] != before)
        #expect(try database.count("leg_queue") == 0)
        for (what, missing, surplus) in try LegKeeper(database: database.address).check() {
            #expect(missing == 0 && surplus == 0, "\(what)")
        }
        let others = try database.query("SELECT count(*) FROM journey")
        #expect(others == [["2"]])

        let again = try database.sink().write(passages)
        #expect(again.rejected.isEmpty)
        try LegKeeper(database: database.address).finish()
        #expect(try subject("export", "c").status == 0)
        #expect(try exported("c").isEmpty)
        #expect(try database.count("sighting") == 7 && database.query("SELECT count(*) FROM journey") == others)
    }

    @Test(arguments: ["export", "erase"])
    func `a request without authority is refused, and on record`(action: String) throws {
        let ran = try subject(action, "a", authority: ["--purpose", "own request"])
        #expect(ran.status == 77 && ran.errors.contains("a case number"), "\(ran)")
        #expect(try audit() == [["subject-\(action)", "refused", "own request", nil, nil]])
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
        #expect(try database.query("SELECT count(*) FROM sighting WHERE token IS NOT NULL") == [["7"]])
    }

    @Test func `without a way to write the entry nothing is exported or erased`() throws {
        _ = try database.query("ALTER TABLE audit ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
        for action in ["export", "erase"] {
            #expect(try subject(action, "a").status == 69)
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
        }
        #expect(try database.query("SELECT count(*) FROM sighting WHERE token IS NOT NULL") == [["7"]])
        #expect(try database.count("crop") == 2 && database.count("leg_queue") == 0)
    }

    @Test func `without a key to certify with nothing is done`() throws {
        try FileManager.default.removeItem(atPath: key)
        #expect(try subject("erase", "a").status == 66)
        #expect(try audit().isEmpty)
    }
}
