import Fixtures
import Foundation
import Testing

@testable import PostGIS

/// Goal: no table, message, model or option holds a feature of a face or an attribute of a person.
/// Method: every name in the schema, the messages, the models' outputs, the options and the settings is taken apart into
/// words; those of faces and persons are not among them, but for the two settings that say how faces are found to be
/// hidden. Whoever adds one has to change this test, and to say why.
@Suite struct NoPersonTests {
    static let words: Set<String> = [
        "face", "faces", "facial", "landmark", "landmarks", "kps", "embedding", "embeddings", "descriptor", "biometric",
        "biometrics", "identity", "person", "persons", "people", "pedestrian", "driver", "passenger", "occupant",
        "occupants", "gender", "sex", "race", "ethnicity", "skin", "age", "emotion", "gaze", "clothing", "hair",
        "owner",
        "keeper", "watchlist", "hotlist", "convoy", "companion", "suspicion",
    ]

    /// `lastSeen`, `last_seen` and `last-seen` are two words.
    static func parts(_ name: String) -> Set<String> {
        var words: [String] = [""]
        for character in name {
            if !character.isLetter {
                words.append("")
            } else {
                if character.isUppercase, words.last?.last?.isLowercase == true { words.append("") }
                words[words.count - 1].append(character)
            }
        }
        return Set(words.map { $0.lowercased() })
    }

    static func suspicious(_ names: some Sequence<String>) -> [String] {
        names.filter { !parts($0).isDisjoint(with: words) }.sorted()
    }

    func gantry(_ arguments: [String], _ executable: String = "gantry") throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: Postgres.root).appending(path: ".build/debug/\(executable)")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: Postgres.root)
        process.environment = ProcessInfo.processInfo.environment.merging(["RING_PASSWORD": "x"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }

    func lines(_ folder: String, _ ending: String) throws -> [String] {
        let place = URL(filePath: Postgres.root).appending(path: folder)
        return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == ending }
            .flatMap { try String(contentsOf: $0, encoding: .utf8).components(separatedBy: "\n") }
    }

    @Test func `the words are found where they are`() {
        let found = Self.suspicious([
            "driver_age", "faceEmbedding", "last-seen", "average", "interface", "surface", "agent",
        ])
        #expect(found == ["driver_age", "faceEmbedding"])
    }

    @Test func `no column, type or function of the database`() throws {
        let database = try TestDatabase()
        let names = try database.query(
            """
            SELECT c.table_schema || '.' || c.table_name || '.' || c.column_name FROM information_schema.columns c
            WHERE c.table_schema IN ('public', 'movement', 'exact', 'city')
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = (quote_ident(c.table_schema) || '.' || quote_ident(c.table_name))::regclass)
            UNION SELECT p.proname || ' ' || coalesce(array_to_string(p.proargnames, ' '), '') FROM pg_proc p
            WHERE p.pronamespace IN ('public'::regnamespace, 'movement'::regnamespace, 'exact'::regnamespace)
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = p.oid)
            UNION SELECT t.typname || ' ' || e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
            """
        ).map { $0[0]! }
        #expect(names.count > 300, "\(names.count)")
        // Ages of reports and rows; and whether a login belongs to a person, who looks: not whom anybody looks at.
        #expect(
            Self.suspicious(names) == [
                "estimate_capture least_age", "is_no_person login", "make_report least_age", "settle_epochs least_age",
            ])
    }

    @Test func `no field of a message`() throws {
        let names = try lines("schemas/proto/gantry/v1", "proto").compactMap { line -> String? in
            let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
            return code.contains("=") || code.contains("message ") || code.contains("enum ") ? String(code) : nil
        }
        #expect(names.count > 100)
        #expect(Self.suspicious(names) == [])
    }

    @Test func `no output of a model`() throws {
        let outputs = try lines("models/descriptors", "yaml").filter {
            $0.hasPrefix("outputs:") || $0.hasPrefix("classes:")
        }
        #expect(outputs.count > 5)
        // The networks that find faces can give landmarks as well (kps_8 and so on; CenterFace's fourth): not asked for.
        #expect(Self.suspicious(outputs) == [])
        #expect(outputs.contains { $0.contains("\"537\", \"538\", \"539\"]") })
    }

    @Test func `no option of a command, and two settings`() throws {
        struct Help: Decodable {
            struct Command: Decodable {
                struct Argument: Decodable {
                    struct Name: Decodable { var name: String }
                    var names: [Name]?
                    var valueName: String?
                }
                var commandName: String
                var arguments: [Argument]?
                var subcommands: [Command]?

                var allNames: [String] {
                    var all = [commandName]
                    for argument in arguments ?? [] {
                        all += (argument.names ?? []).map(\.name)
                        if let name = argument.valueName { all.append(name) }
                    }
                    for command in subcommands ?? [] { all += command.allNames }
                    return all
                }
            }
            var command: Command
        }
        for executable in ["gantry", "gantry-local", "gantry-detect", "gantry-track", "gantry-sink"] {
            let help = try JSONDecoder().decode(Help.self, from: gantry(["--experimental-dump-help"], executable))
            #expect(help.command.allNames.count > 3)
            #expect(Self.suspicious(help.command.allNames) == [], "\(executable)")
        }
        let shown = try gantry(["check", "pipelines/live.yaml", "--offline", "--effective"])
        let settings: [String] = String(decoding: shown, as: UTF8.self).split(separator: "\n").map { line in
            String(line.prefix { $0 != ":" }).trimmingCharacters(in: .whitespaces)
        }
        #expect(settings.count > 40)
        #expect(Set(Self.suspicious(settings)).isSubset(of: ["faces", "face_score"]))
    }
}
