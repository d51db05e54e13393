import ArgumentParser
import Foundation
import PostGIS
import StageRunner
import Yams

/// What single vehicles may be looked at for.
struct PurposesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purposes", abstract: "Keeps what single vehicles may be looked at for.",
        subcommands: [PurposesImport.self, PurposesList.self])
}

struct PurposesImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Makes the purposes those of a file, on the record; says what changes.",
        discussion: """
            FILE is YAML: a list of purposes under the key purposes. It holds all of them: those that it lacks are \
            removed, which --dry-run tells beforehand. Each change is an entry of the audit log. The database's owner does it.

            purposes:
              - name: theft
                legal_basis: Police Act, article 44/11/3
                alone: 30 days       # how old the data may be that a user looks at on their own
                approved: 365 days   # and with the approval of a second person; older data are out of reach
                audience: gantry_investigator   # the role whose members may use it (the default)
                user_looks: 50       # looks of one user in 24 hours (the default)
                case_looks: 200      # of one case, whoever looks
                user_tokens: 100     # different tokens of one user in 24 hours: a vehicle has one a token epoch
                case_tokens: 200

            Exit status: 65 when something in the file is wrong, 66 without the file, 69 without a database.

            Example:
              gantry purposes import purposes.yaml --dry-run
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "YAML.")
    var file: String
    @Flag(help: "Only say what would change.")
    var dryRun = false

    func run() async throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            complain("can't read \(file): purposes import takes a YAML file")
            throw ExitCode(66)
        }
        let wanted: Any?
        do {
            wanted = (try Yams.load(yaml: String(decoding: data, as: UTF8.self)) as? [String: Any])?["purposes"]
        } catch {
            complain("QRY102 \(file) is not YAML: \(error)")
            throw ExitCode(65)
        }
        guard let list = wanted as? [[String: Any]], JSONSerialization.isValidJSONObject(list) else {
            complain(
                "QRY102 \(file) has no list under the key purposes. `gantry purposes import --help` shows one; quote what is not plain text or a number."
            )
            throw ExitCode(65)
        }
        let json = String(decoding: try JSONSerialization.data(withJSONObject: list), as: UTF8.self)
        try answering {
            let changes = try Authority(database: system.address(system.loaded()))
                .importPurposes(json: json, dryRun: dryRun)
            for (name, change) in changes { print("\(change) \(name)") }
            print("\(list.count) purposes.\(dryRun ? " Nothing was done: --dry-run." : "")")
        }
    }
}

struct PurposesList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The purposes: who may look, how far back, how often.",
        discussion: "Exit status: 69 without a database.")
    @OptionGroup var system: SystemOptions
    @Option(help: "table, json or csv.")
    var format: Answer.Format = .table

    func run() async throws {
        try answering {
            let answer = try Authority(database: system.address(system.loaded())).purposes()
            if answer.rows.isEmpty { complain("There is no purpose yet: gantry purposes import FILE.") }
            print(answer.rendered(format), terminator: "")
        }
    }
}
