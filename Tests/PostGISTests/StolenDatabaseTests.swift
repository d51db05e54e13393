import Crypto
import Custody
import Fixtures
import Foundation
import GantryTesting
import PostGIS
import Testing
import Traffic

/// Goal: who has a database and no key finds no plate in it.
/// Method: a dictionary of all plates that the city gives out, against a dump, by every way that needs no key; and by the
/// same comparison with the keys, which finds every one.
@Suite struct StolenDatabaseTests {
    let database: TestDatabase
    let vault: Vault
    /// Two letters and five digits: all there can be.
    static let grammar = (0..<100_000).map { "GN" + String(String(100_000 + $0).dropFirst()) }
    let plates: [String]

    init() throws {
        database = try TestDatabase()
        vault = try database.vault()
        var random = SeededGenerator(seed: 7)
        plates = (0..<150).map { _ in Self.grammar[random.index(Self.grammar.count)] }
        var passages: [Passage] = []
        for (number, plate) in plates.enumerated() {
            for (ordinal, camera) in (["ring-north", "canal-bridge", "station-south"] as [CameraID]).enumerated() {
                passages.append(
                    City.passage(
                        camera, at: City.moment("2026-03-02T07:00:00Z") + .seconds(60 * number + 300 * ordinal),
                        plate: plate, ordinal: number, accepted: random.chance(0.8), crop: Array("picture".utf8)))
            }
        }
        let sink = try database.sink()
        _ = try sink.write(passages)
        let hour = Sink.Replacement(
            camera: "ring-north", start: City.moment("2026-03-02T07:00:00Z"), end: City.moment("2026-03-02T08:00:00Z"),
            source: "a better reader")
        _ = try sink.replace(hour, with: passages.filter { $0.camera == "ring-north" }.prefix(50) + [], coverage: [])
        try LegKeeper(database: database.address).finish()
        // Looks at single vehicles, granted and refused, as people make them.
        let pipeline = "\(database.keys)-city.yaml"
        try Data("name: city\ncustody: {keys: \(database.keys)}\n".utf8).write(to: URL(filePath: pipeline))
        defer { try? FileManager.default.removeItem(atPath: pipeline) }
        try database.permit("theft", "cloned plates")
        let investigator = ["--pipeline", pipeline, "--database", try database.login()]
        let trace = ["query", "trace", "--plate", plates[3]] + investigator
        #expect(
            try database.gantry(trace + ["--purpose", "theft", "--case", "2026/117"]).output.contains("canal-bridge"))
        #expect(try database.gantry(trace).status == 77)
        let days = ["query", "anomalies", "--purpose", "cloned plates", "--case", "2026/118"] + investigator
        #expect(try database.gantry(days).status == 77, "many vehicles at once take a second person")
    }

    /// What a thief can compare with: every bytes value of 16 bytes, and every integer that could be 8 of them.
    private func pseudonyms(in dump: String) -> Set<[UInt8]> {
        var found: Set<[UInt8]> = []
        for field in dump.utf8.split(whereSeparator: { $0 == 0x09 || $0 == 0x0A }) {
            if field.count == 35, field.starts(with: "\\\\x".utf8) {
                let digits = field.dropFirst(3).map { $0 >= 97 ? $0 - 87 : $0 - 48 }
                found.insert(stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
            } else if field.count > 12, let number = Int64(String(decoding: field, as: UTF8.self)) {
                found.insert(withUnsafeBytes(of: number.bigEndian) { Array($0) })
            }
        }
        return found
    }

    /// The texts of the grammar whose value, whole or its first eight bytes, is in the dump.
    private func matches(
        _ pseudonyms: Set<[UInt8]>, among texts: [String] = grammar, _ value: (String) throws -> [UInt8]
    ) rethrows -> Set<String> {
        var found: Set<String> = []
        for text in texts {
            let value = try value(text)
            if pseudonyms.contains(Array(value.prefix(16))) || pseudonyms.contains(Array(value.prefix(8))) {
                found.insert(text)
            }
        }
        return found
    }

    @Test func `a dictionary finds no plate in a dump without the keys, and every one with them`() throws {
        let pseudonyms = pseudonyms(in: try database.server.dump(database.address))
        // Two tokens for each plate, and journeys' vehicles.
        #expect(pseudonyms.count > 300)
        let epoch = TokenEpoch(City.moment("2026-03-02T07:00:00Z"), days: vault.keys.epochDays)
        func message(_ purpose: KeyStore.Purpose, _ text: String) -> [UInt8] {
            Array("gantry-token/1\0\(purpose.rawValue)\0\(epoch)\0\(text)".utf8)
        }
        func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
        func keyed(_ bytes: [UInt8], _ key: [UInt8]) -> [UInt8] {
            Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
        }
        let zeros = [UInt8](repeating: 0, count: 32)
        // All of it is in the source code but the key.
        let guesses: [(String, (String) -> [UInt8])] = [
            ("a hash of the text", { hash(Array($0.utf8)) }),
            ("a hash of the message", { hash(message(.sighting, $0)) }),
            ("a hash of the look-alikes' message", { hash(message(.lookAlike, PlateText($0)!.lookAlikes)) }),
            ("no key", { keyed(message(.sighting, $0), []) }),
            ("a key of zeros", { keyed(message(.sighting, $0), zeros) }),
            ("no key for look-alikes", { keyed(message(.lookAlike, PlateText($0)!.lookAlikes), []) }),
            ("the text as it is", { Array($0.utf8) + zeros }),
        ]
        for (name, guess) in guesses {
            let found = matches(pseudonyms, guess)
            #expect(found.isEmpty, "\(name): \(found.count) plates")
        }
        let other = Vault(keys: try KeyStore(folder: database.keys + "-other", create: true))
        defer { try? FileManager.default.removeItem(atPath: database.keys + "-other") }
        _ = try other.protect(
            City.passage(at: City.moment("2026-03-02T07:00:00Z"), plate: plates[0]),
            in: .day(City.moment("2026-03-02T07:00:00Z")))
        let moment = City.moment("2026-03-02T07:00:00Z")
        func token(_ vault: Vault, _ text: String) throws -> [UInt8] {
            try vault.search(for: PlateText(text)!, from: moment, to: moment)[0].token
        }
        // A vault takes its time, and a thousand others are enough to see that it finds no more than there is.
        let some = Self.grammar.prefix(1000) + plates
        let there = Set(plates)
        #expect(try matches(pseudonyms, among: Array(some)) { try token(other, $0) }.isEmpty)
        #expect(try matches(pseudonyms, among: Array(some)) { try token(vault, $0) } == there)
    }

    @Test func `sealed texts tell neither who is the same nor how long a plate is`() throws {
        _ = try database.sink().write(
            ["A1", "GN00001", "ABCDEFGHIJKLMNO"].enumerated().map {
                City.passage(at: City.moment("2026-03-02T12:00:00Z") + .seconds($0), plate: $1)
            })
        let row = try database.query(
            """
            SELECT count(*), count(DISTINCT sealed_text), count(DISTINCT token), count(DISTINCT octet_length(sealed_text)),
                   count(DISTINCT substr(sealed_text, 1, 12)), count(DISTINCT substr(sealed_text, 13, 16))
            FROM sighting WHERE sealed_text IS NOT NULL
            """)[0].map { Int($0!)! }
        #expect(row[0] > 300 && row[1] == row[0] && row[2] < row[0] / 2 && row[3] == 1)
        #expect(row[4] == row[0] && row[5] == row[0])
    }

    @Test func `no plate stands in a dump in clear`() throws {
        let dump = try database.server.dump(database.address)
        func found(in text: String) throws -> Int {
            let folder = FileManager.default.temporaryDirectory.appending(path: "gantry-stolen-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let spellings = plates.flatMap { plate in
                let bytes = Array(plate.utf8)
                return [
                    plate, bytes.map { String($0, radix: 16) }.joined(),
                    String(Data(bytes).base64EncodedString().prefix(9)),
                    plate.prefix(2) + "-" + plate.dropFirst(2),
                ]
            }
            try Data(spellings.joined(separator: "\n").utf8).write(to: folder.appending(path: "plates"))
            try Data(text.utf8).write(to: folder.appending(path: "dump"))
            let grep = Process(), output = Pipe()
            grep.executableURL = URL(filePath: "/usr/bin/grep")
            grep.arguments = ["-a", "-F", "-i", "-o", "-f", folder.path + "/plates", folder.path + "/dump"]
            grep.standardOutput = output
            try grep.run()
            let lines = output.fileHandleForReading.readDataToEndOfFile().split(separator: 0x0A).count
            grep.waitUntilExit()
            return lines
        }
        #expect(try found(in: dump) == 0)
        #expect(dump.contains("a better reader") && dump.contains("2026/117") && dump.contains("2026/118"))
        // It would be found wherever it stood.
        let clear = plates[9].lowercased(), bytes = Array(plates[9].utf8)
        for text in ["\"plate\": \"\(clear)\"", "\\\\x00" + bytes.map { String($0, radix: 16) }.joined()] {
            #expect(try found(in: dump + text) == 1)
        }
    }
}
