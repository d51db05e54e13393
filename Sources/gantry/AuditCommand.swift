import ArgumentParser
import Custody
import Foundation
import PostGIS
import StageRunner
import Traffic

/// The auditor's commands.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Checks, exports and shows the record of looks at single vehicles.",
        discussion: """
            The operator owns the database, so the database alone proves nothing against him. An auditor makes a key, signs \
            checkpoints of the log with it, on a machine of his own, and keeps an export:

              gantry audit key --out auditor.key
              gantry audit checkpoint --key auditor.key --out checkpoints
              gantry audit export --out log.jsonl
              gantry audit verify log.jsonl --checkpoints checkpoints --public-key auditor.key.pub

            A checkpoint proves that the log held an entry, and all before it, when it was signed. Entries after the last \
            checkpoint can still be cut off or made anew without a trace: make one often, every hour or so. Nor does it \
            prove that what was written is true, or that nobody looked past the log with the keys and the tables' owner's \
            rights.
            """,
        subcommands: [
            AuditVerify.self, AuditList.self, AuditKey.self, AuditCheckpoint.self, AuditExport.self,
            AuditReportCommand.self,
        ])
}

extension AuditEntry {
    init(_ entry: AuditLog.Entry) { self.init(fields: entry.fields, previous: entry.previous, digest: entry.digest) }
}

extension AuditLog {
    /// Calls with every entry, oldest first.
    borrowing func forEach(_ body: (AuditEntry) throws -> Void) throws {
        var last: Int64 = 0
        while true {
            let page = try entries(after: last)
            for entry in page { try body(AuditEntry(entry)) }
            guard let id = page.last?.id else { return }
            // Ids that do not rise would be read for ever.
            guard id > last else { throw AuditChain.Break.gap(after: last, found: id) }
            last = id
        }
    }
}

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Computes the audit log's chain again, outside the database.",
        discussion: """
            Reads an exported file, for which no database is needed, or else the database. With checkpoints it finds every \
            change up to the last one: an entry edited, taken out, moved or put in, the log cut off or made anew, \
            checkpoints forged, altered or at odds with one another. Give the public key that you were handed, not one \
            that lies beside the checkpoints: who replaced them has replaced that too. Without checkpoints a log that was \
            cut at its end, or made anew as a whole, looks whole. What came after the last checkpoint is not covered: the \
            line that is printed says how many entries that are.

            Exit status: 1 when something is found, which names the first entry that is wrong; 66 without the file.
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: ArgumentHelp("An export of the log (default: the database).", valueName: "file.jsonl"))
    var file: String?
    @Option(help: ArgumentHelp("Folder with checkpoints that the log must agree with.", valueName: "dir"))
    var checkpoints: String?
    @Option(
        help: ArgumentHelp("The key they must be signed with: the .pub file of `gantry audit key`.", valueName: "file"))
    var publicKey: String?
    @Option(help: "text or json.")
    var format = Format.text

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    func validate() throws {
        guard (checkpoints == nil) == (publicKey == nil) else {
            throw ValidationError("--checkpoints and --public-key go together: checkpoints prove nothing without a key")
        }
    }

    /// What is printed with `--format json`, in this order of names.
    struct Finding: Encodable {
        var checkpoints = 0
        /// Null when the log is whole.
        var code: String?
        var digest: String?
        var entries: Int64 = 0
        /// The first entry that is wrong or missing; null for a checkpoint.
        var entry: Int64?
        var message: String?
        /// The last entry that a checkpoint covers; 0 without.
        var signedThrough: Int64 = 0
    }

    func run() async throws {
        var finding = Finding()
        do {
            try answering {
                do {
                    try check(&finding)
                } catch let broken as AuditChain.Break {
                    (finding.code, finding.entry, finding.message) = (broken.code, broken.entry, "\(broken)")
                    if format == .text { complain("\(broken)") }
                    throw ExitCode(1)
                } catch let error as SignatureError {
                    (finding.code, finding.message) = (error.code, "\(error)")
                    throw error
                }
            }
        } catch let code as ExitCode {
            if format == .json, code.rawValue == 1 { try show(finding) }
            throw code
        }
        guard format == .text else { return try show(finding) }
        print("\(finding.entries) entries, unbroken. Head: \(finding.entries):\(finding.digest ?? "")")
        if checkpoints != nil {
            print(
                "\(finding.checkpoints) checkpoints agree, through entry \(finding.signedThrough); "
                    + "\(finding.entries - finding.signedThrough) entries after it are not covered.")
        } else {
            print("No checkpoint was asked for: whether entries were cut off at the end is not known.")
        }
    }

    private func check(_ finding: inout Finding) throws {
        var signed: [Checkpoint] = []
        if let checkpoints, let publicKey {
            signed = try Checkpoint.all(in: checkpoints, verifier: SignatureVerifier(path: publicKey))
            if signed.isEmpty { throw SignatureError.noCheckpoints(folder: checkpoints) }
        }
        finding.checkpoints = signed.count
        finding.signedThrough = signed.last?.entry ?? 0
        var chain = AuditChain(signed: Checkpoint.digests(signed))
        defer { (finding.entries, finding.digest) = (chain.last, hexadecimal(chain.digest)) }
        if let file {
            guard let data = FileManager.default.contents(atPath: file) else {
                complain("can't read \(file): it should be a file of `gantry audit export`")
                throw ExitCode(66)
            }
            try chain.check(file: data)
        } else {
            try AuditLog(database: system.address(system.loaded())).forEach { try chain.check($0) }
        }
        try chain.finish()
    }

    private func show(_ finding: Finding) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(finding), as: UTF8.self))
    }
}

struct AuditList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows the entries: who looked, when, what for, and whether it was granted.")
    @OptionGroup var system: SystemOptions
    @Option(help: "Only entries after this one.")
    var after: Int64 = 0
    @Option(help: "table, json or csv.")
    var format: Answer.Format = .table

    func run() async throws {
        try answering {
            let log = try AuditLog(database: system.address(system.loaded()))
            let rows = try log.entries(after: after).map { entry in
                Answer.Row(entry.fields.map { $0.map { .text($0) } ?? .none })
            }
            print(
                Answer(columns: AuditEntry.names, rows: rows, minimumVehicles: 1, zone: "UTC").rendered(format),
                terminator: "")
        }
    }
}

struct AuditKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Makes a key to sign checkpoints and certificates with.",
        discussion: """
            Two files: FILE is private, for its owner alone; FILE.pub is for whoever checks. Make it on a machine that is \
            not the database's, or the operator can sign what he likes. A file that is there stays as it is.
            """)
    @Option(help: ArgumentHelp("Where the private key goes.", valueName: "file"))
    var out: String

    func run() async throws {
        try answering {
            let key = try SigningKey.make(at: out)
            print("\(out) signs; \(out).pub checks: \(key.verifier.text)", terminator: "")
        }
    }
}

struct AuditCheckpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Signs how far the log goes now, after checking all of it.",
        discussion: """
            Writes a small file, checkpoint-TIME-ENTRY.json, into the folder. A log that is broken, or does not hold what \
            the folder's checkpoints say, is not signed. Entries after a checkpoint can be cut off until the next is made: \
            docs/operations.md has a timer. Needs the right to read table audit, and nothing else.

            Exit status: 1 for a log that is not signed, 74 when the file can't be written, 77 for a key that others can read.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: ArgumentHelp("Private key of `gantry audit key`.", valueName: "file"))
    var key: String
    @Option(help: ArgumentHelp("Folder of the checkpoints; made when it is not there.", valueName: "dir"))
    var out: String

    func run() async throws {
        try answering {
            let signer = try SigningKey(path: key)
            let earlier = try Checkpoint.all(in: out, verifier: signer.verifier)
            let log = try AuditLog(database: system.address(system.loaded()))
            let identity = try log.identity()
            var chain = AuditChain(signed: Checkpoint.digests(earlier))
            do {
                try log.forEach { try chain.check($0) }
                try chain.finish()
            } catch let broken as AuditChain.Break {
                complain("\(broken)")
                throw ExitCode(1)
            }
            if let last = earlier.last, last.database != identity.database || last.system != identity.system {
                throw SignatureError.contradiction(file: "this database", other: out)
            }
            let now = EventTime(seconds: Date().timeIntervalSince1970)
            let path = try Checkpoint(
                database: identity.database, system: identity.system, entry: chain.last, digest: chain.digest,
                at: now.rfc3339
            ).write(to: out, key: signer)
            print("\(path): entry \(chain.last), \(hexadecimal(chain.digest))")
        }
    }
}

struct AuditExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes the log to a file, one entry a line, and later what is new.",
        discussion: """
            Run it again and it adds the entries since. Where the file is not what the log would give, nothing is written: \
            one of them was changed, and `gantry audit verify FILE` says whether it is the file. The file holds case \
            numbers and names of users; it is made for its owner alone.

            Exit status: 1 when file and log differ, 74 when the file can't be written.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: ArgumentHelp("The file of lines of JSON.", valueName: "file.jsonl"))
    var out: String

    func run() async throws {
        try answering {
            let log = try AuditLog(database: system.address(system.loaded()))
            let there = FileManager.default.contents(atPath: out) ?? Data()
            var matched = 0, entries = 0
            let descriptor = open(out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw WholeFileError.unwritable(out) }
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            do {
                try log.forEach { entry in
                    let line = Data(entry.line + [UInt8(ascii: "\n")])
                    // What a crash left of the last line is completed.
                    let known = there[there.startIndex + matched..<min(there.count, matched + line.count)]
                    guard line.starts(with: known) else { throw Differs(line: entries + 1) }
                    do { try file.write(contentsOf: line.dropFirst(known.count)) } catch {
                        throw WholeFileError.unwritable(out)
                    }
                    matched += known.count
                    entries += 1
                }
                guard matched == there.count else { throw Differs(line: entries + 1) }
            } catch let differs as Differs {
                complain(
                    "AUD108 line \(differs.line) of \(out) is not what the log has. Keep both, and see which is whole: `gantry audit verify \(out)`, `gantry audit verify`."
                )
                throw ExitCode(1)
            }
            guard fsync(descriptor) == 0 else { throw WholeFileError.unwritable(out) }
            print("\(entries) entries are in \(out).")
        }
    }

    private struct Differs: Error {
        var line: Int
    }
}
