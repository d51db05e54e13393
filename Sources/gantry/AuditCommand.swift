import ArgumentParser
import Custody
import PostGIS

/// The auditor's commands.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Checks and shows the record of looks at single vehicles.",
        subcommands: [AuditVerify.self, AuditList.self])
}

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Computes the audit log's chain again, outside the database.",
        discussion: """
            Prints the last entry and its digest. Note them down elsewhere and give them as --head next time: a log that \
            was cut or rewritten in between is then found. Exit status 1 when the chain is broken.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "ENTRY:DIGEST as an earlier check printed it.")
    var head: String?

    func run() async throws {
        try answering {
            let log = try AuditLog(database: system.address(system.loaded()))
            var chain = AuditChain(noted: try noted())
            do {
                while true {
                    let page = try log.entries(after: chain.last)
                    for entry in page {
                        try chain.check(fields: entry.fields, previous: entry.previous, digest: entry.digest)
                    }
                    if page.isEmpty { break }
                }
                try chain.finish()
            } catch let broken as AuditChain.Break {
                complain("\(broken)")
                throw ExitCode(1)
            }
            print("\(chain.last) entries, unbroken. Head: \(chain.last):\(hexadecimal(chain.digest))")
        }
    }

    private func noted() throws -> (id: Int64, digest: [UInt8])? {
        guard let head else { return nil }
        let parts = head.split(separator: ":")
        guard parts.count == 2, let id = Int64(parts[0]), id > 0, parts[1].utf8.count == 64 else {
            throw ValidationError("--head takes ENTRY:DIGEST, the digest as 64 hexadecimal digits")
        }
        let digits = Array(parts[1])
        let digest = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
        guard digest.count == 32 else { throw ValidationError("the digest of --head is not hexadecimal") }
        return (id, digest)
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
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
            let names = [
                "entry", "at", "actor", "client", "action", "outcome", "reason", "purpose", "case", "parameters",
                "format",
                "returned",
            ]
            let rows = try log.entries(after: after).map { entry in
                Answer.Row(entry.fields.map { $0.map { .text($0) } ?? .none })
            }
            print(
                Answer(columns: names, rows: rows, minimumVehicles: 1, zone: "UTC").rendered(format), terminator: "")
        }
    }
}
