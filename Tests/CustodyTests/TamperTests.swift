import Foundation
import GantryTesting
import Testing

@testable import Custody

/// A log of a few entries with checkpoints, the last of which covers all of it.
struct SignedLog {
    var entries: [AuditEntry] = []
    let scratch = Scratch()
    let key: SigningKey
    private(set) var signed: [Int64: [UInt8]] = [:]
    var folder: String { "\(scratch.path)/checkpoints" }

    init() throws {
        for id in 1...10 {
            let old = id <= 3
            entries.append(
                AuditEntry(
                    fields: [
                        "\(id)", "2026-03-02T07:30:0\(id % 10).000000Z", "anna", "local psql", "trace",
                        id % 4 == 0 ? "refused" : "granted", id % 4 == 0 ? "without \"a\" purpose\\\n" : nil, "theft",
                        "2026/\(id); 3:é", "{\"tokens\": [\"00ff\"]}", old ? "1" : "2", old ? nil : "\(id * 7)",
                    ], previous: [], digest: []))
        }
        entries = Self.chained(entries)
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        key = try SigningKey.make(at: "\(scratch.path)/auditor.key")
        for id in [2, 6, 10] { try sign(id, key) }
        signed = Checkpoint.digests(try Checkpoint.all(in: folder, verifier: key.verifier))
    }

    @discardableResult
    func sign(_ id: Int, _ key: SigningKey, folder: String? = nil, digest: [UInt8]? = nil) throws -> String {
        try Checkpoint(
            database: "gantry", system: "73", entry: Int64(id), digest: digest ?? entries[id - 1].digest,
            at: "2026-03-\(id < 10 ? "0" : "")\(id)T00:00:00Z"
        ).write(to: folder ?? self.folder, key: key)
    }

    /// Entries numbered from 1, with links and digests to match: what an owner of the database can make.
    static func chained(_ entries: [AuditEntry]) -> [AuditEntry] {
        var previous = [UInt8](repeating: 0, count: 32)
        return entries.enumerated().map { index, entry in
            var entry = entry
            entry.fields[0] = "\(index + 1)"
            entry.previous = previous
            entry.digest = AuditChain.digest(
                of: entry.format == 1 ? entry.fields.prefix(10) : entry.fields[...], after: previous)
            previous = entry.digest
            return entry
        }
    }

    static func file(_ entries: [AuditEntry]) -> [UInt8] { entries.flatMap { $0.line + [10] } }

    func finding(_ file: [UInt8]) -> AuditChain.Break? {
        var chain = AuditChain(signed: signed)
        do {
            try chain.check(file: file)
            try chain.finish()
            return nil
        } catch {
            return error
        }
    }
}

@Suite struct TamperTests {
    enum Kind: CaseIterable {
        case edit, editAndChainAnew, delete, swap, duplicate, insert, insertAndChainAnew, downgrade, cutEntries,
            cutBytes
        case flipBit, addBlank, flipCheckpointBit, forgeCheckpoint
    }

    @Test func `the untouched log passes, and its lines are read as they were written`() throws {
        let log = try SignedLog()
        #expect(log.finding(SignedLog.file(log.entries)) == nil)
        for entry in log.entries { #expect(AuditEntry(line: entry.line) == entry) }
    }

    /// Goal: no change of a log up to its last checkpoint goes unseen.
    /// Method: 1,000 random changes of each kind, by seed.
    @Test(arguments: Kind.allCases)
    func `no tampering goes unseen`(kind: Kind) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let log = try SignedLog()
        let whole = SignedLog.file(log.entries)
        for round in 0..<1000 {
            let found = try tamper(kind, log, whole, &random)
            #expect(found, "\(kind), round \(round), seed \(seed)")
            if !found { return }
        }
    }

    /// Whether the change was found.
    func tamper(_ kind: Kind, _ log: SignedLog, _ whole: [UInt8], _ random: inout SeededGenerator) throws -> Bool {
        var entries = log.entries
        let one = Int.random(in: 0..<10, using: &random)
        func found(_ entries: [AuditEntry]) -> Bool { log.finding(SignedLog.file(entries)) != nil }
        switch kind {
        case .edit:
            switch Int.random(in: 0..<14, using: &random) {
            case 12: entries[one].previous[Int.random(in: 0..<32, using: &random)] ^= 1
            case 13: entries[one].digest[Int.random(in: 0..<32, using: &random)] ^= 1
            case let field: change(&entries[one], field, &random)
            }
            return found(entries)
        case .editAndChainAnew:
            change(&entries[one], Int.random(in: 1..<10, using: &random), &random)
            return found(SignedLog.chained(entries))
        case .delete:
            entries.remove(at: one)
            return found(entries)
        case .swap:
            entries.swapAt(one, (one + Int.random(in: 1..<10, using: &random)) % 10)
            return found(entries)
        case .duplicate:
            entries.insert(entries[one], at: Int.random(in: 0...10, using: &random))
            return found(entries)
        case .insert, .insertAndChainAnew:
            var forged = entries[one]
            change(&forged, Int.random(in: 1..<10, using: &random), &random)
            // Not after the last entry that is signed: what follows is not covered.
            entries.insert(forged, at: one)
            return found(kind == .insert ? entries : SignedLog.chained(entries))
        case .downgrade:
            let from = Int.random(in: 3..<10, using: &random)
            for index in from...Int.random(in: from..<10, using: &random) {
                entries[index].fields[10] = "1"
                if Bool.random(using: &random) { entries[index].fields[11] = nil }
            }
            return found(Bool.random(using: &random) ? entries : SignedLog.chained(entries))
        case .cutEntries: return found(Array(entries.prefix(one)))
        case .cutBytes: return log.finding(Array(whole.prefix(Int.random(in: 0..<whole.count, using: &random)))) != nil
        case .flipBit:
            var file = whole
            file[Int.random(in: 0..<file.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            return log.finding(file) != nil
        case .addBlank:
            var file = whole
            file.insert(
                [32, 10, 13, 9].randomElement(using: &random)!, at: Int.random(in: 0...file.count, using: &random))
            return log.finding(file) != nil
        case .flipCheckpointBit:
            let names = try FileManager.default.contentsOfDirectory(atPath: log.folder).filter { $0.hasSuffix(".json") }
            var data = try #require(
                FileManager.default.contents(atPath: "\(log.folder)/\(names.randomElement(using: &random)!)"))
            data[Int.random(in: 0..<data.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            return (try? Checkpoint(data, file: "it", verifier: log.key.verifier)) == nil
        case .forgeCheckpoint:
            // A log made anew, with checkpoints for it, signed with another key or with a signature of the true ones.
            change(&entries[one], Int.random(in: 1..<10, using: &random), &random)
            let forger = try SigningKey.make(at: "\(log.scratch.path)/\(UUID().uuidString)")
            let folder = "\(log.scratch.path)/\(UUID().uuidString)"
            let path = try log.sign(10, forger, folder: folder, digest: SignedLog.chained(entries)[9].digest)
            let forged = try String(contentsOfFile: path, encoding: .utf8)
            try Data(log.key.verifier.text.utf8).write(to: URL(filePath: "\(folder)/audit.pub"))
            if Bool.random(using: &random) {
                let own = try String(
                    contentsOfFile: "\(log.folder)/checkpoint-20260310T000000Z-10.json", encoding: .utf8)
                let mark = "\"signature\":\""
                let mixed =
                    forged.components(separatedBy: mark)[0] + mark + own.components(separatedBy: mark)[1]
                try mixed.write(toFile: path, atomically: true, encoding: .utf8)
            }
            return (try? Checkpoint.all(in: folder, verifier: log.key.verifier)) == nil
        }
    }

    /// Gives a field another value.
    func change(_ entry: inout AuditEntry, _ field: Int, _ random: inout SeededGenerator) {
        let before = entry.fields[field]
        if [0, 10, 11].contains(field) {
            repeat {
                entry.fields[field] = "\(Int.random(in: 0..<100, using: &random))"
            } while entry.fields[field] == before
        } else if before != nil, [6, 7, 8].contains(field), Bool.random(using: &random) {
            entry.fields[field] = nil
        } else {
            entry.fields[field] = (before ?? "") + ["x", "\"", "\\", "é", ";", "\n"].randomElement(using: &random)!
        }
    }

    @Test func `the first bad entry is named`() throws {
        let log = try SignedLog()
        var entries = log.entries
        entries[4].fields[2] = "otto"
        #expect(log.finding(SignedLog.file(entries)) == .changed(5))
        #expect(log.finding(SignedLog.file(SignedLog.chained(entries))) == .rewritten(after: 2, through: 6))
        #expect(log.finding(SignedLog.file(Array(log.entries.prefix(7)))) == .cut(after: 7, signed: 10))
        #expect(log.finding(SignedLog.file(log.entries) + [32, 10]) == .unreadable(line: 11))
    }

    @Test func `checkpoints that can't both be true are found, though both are signed`() throws {
        let log = try SignedLog()
        func all() throws -> Int { try Checkpoint.all(in: log.folder, verifier: log.key.verifier).count }
        #expect(try all() == 3)
        // Later, and of fewer entries: the log was cut between.
        let path = try Checkpoint(
            database: "gantry", system: "73", entry: 6, digest: log.entries[5].digest, at: "2026-03-20T00:00:00Z"
        ).write(to: log.folder, key: log.key)
        let cut = #expect(throws: SignatureError.self) { try all() }
        #expect(cut?.code == "AUD208")
        try FileManager.default.removeItem(atPath: path)
        for (database, system, digest) in [
            ("gantry", "73", log.entries[0].digest), ("other", "73", log.entries[9].digest),
            ("gantry", "74", log.entries[9].digest),
        ] {
            let path = try Checkpoint(
                database: database, system: system, entry: 10, digest: digest, at: "2026-03-20T00:00:00Z"
            ).write(to: log.folder, key: log.key)
            let other = #expect(throws: SignatureError.self) { try all() }
            #expect(other?.code == "AUD208")
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(try all() == 3)
    }

    @Test func `a private key is for its owner alone, and never overwritten`() throws {
        let log = try SignedLog()
        let path = "\(log.scratch.path)/auditor.key"
        #expect(throws: SignatureError.keyExists(path: path)) { try SigningKey.make(at: path) }
        let message: [UInt8] = [1, 2, 3]
        let again = try SigningKey(path: path)
        #expect(try SignatureVerifier(path: path + ".pub").accepts(again.signature(of: message), of: message))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(throws: SignatureError.keyTooOpen(path: path, mode: "0640")) { try SigningKey(path: path) }
        #expect(throws: SignatureError.noKey(path: path + "x")) { try SigningKey(path: path + "x") }
        let other = try SigningKey.make(at: path + "2")
        #expect(throws: SignatureError.otherKey(path: "\(log.folder)/audit.pub")) { try log.sign(10, other) }
    }
}
