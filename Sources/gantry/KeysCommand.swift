import ArgumentParser
import Assembly
import Custody
import Foundation
import PostGIS
import StageRunner

/// The keys' owner's commands.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes, shows, changes and destroys the keys that plates are stored under.",
        discussion: """
            The wrapping key wraps all others. It lies in the key folder unless custody.wrapping_key or --wrapping-key \
            names another source: a file elsewhere, a systemd credential, or a command that prints it.

            Examples:
              gantry keys init --wrapping-key file:/etc/gantry/wrapping.key
              gantry keys status --pipeline pipelines/city.yaml
              gantry keys status --wrapping-key 'command:vault kv get -field=key secret/gantry'
            """,
        subcommands: [KeysInit.self, KeysStatus.self, KeysRotate.self, KeysDestroy.self])
}

struct KeysInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes the key folder; a folder that is there stays as it is.",
        discussion: """
            Back the folder up apart from the database: who has both can read the plates, and without it nobody can. A \
            first run makes the folder too. A wrapping key that comes from a credential or a command must be there \
            before: 32 random bytes, as from `openssl rand -base64 32`.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "Days for which one vehicle keeps its token, fixed from now on (default: the pipeline's, or 1).")
    var tokenEpochDays: Int?

    func validate() throws {
        if let tokenEpochDays, tokenEpochDays < 1 { throw ValidationError("--token-epoch-days is at least 1") }
    }

    func run() async throws {
        try answering {
            let pipeline = try system.loaded()
            let isNew = !FileManager.default.fileExists(atPath: try system.keyFolder(pipeline))
            let store = try system.keys(
                pipeline, create: true, epochDays: tokenEpochDays ?? pipeline?.custody.tokenEpochDays)
            print("Keys are in \(store.path); one vehicle keeps its token for \(store.epochDays) days.")
            print("The wrapping key is \(store.source).")
            guard isNew else { return }
            print(
                """
                Without folder and wrapping key every plate, picture and token that is stored under them is lost for good. \
                Back both up now, apart from the database and from each other, and again after each new day or epoch: \
                who has a backup of the database, of the folder and the wrapping key reads the plates.
                """)
        }
    }
}

struct KeysStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract:
            "Says which keys there are, which were destroyed, where the wrapping key comes from, and what is amiss.",
        discussion: """
            Also carries destructions that the database was not told of into its audit log. Without a database it says \
            so and tells what the folder alone can. Warnings go to standard error; the exit status stays 0.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "table, json or csv.")
    var format: Answer.Format = .table

    func run() async throws {
        try answering {
            let pipeline = try system.loaded()
            let store = try system.keys(pipeline)
            let inventory = store.inventory()
            func list(_ items: [some Comparable & CustomStringConvertible]) -> String {
                items.isEmpty ? "none" : items.sorted().map { "\($0)" }.joined(separator: ", ")
            }
            var rows: [(String, String)] = [
                ("folder", store.path),
                ("domain", store.domain),
                ("domains here", list(store.domains())),
                ("wrapping key", "\(store.source)"),
                ("wrapping key since", try store.wrappedSince().map(Self.moment) ?? "unknown: made by an older build"),
                ("days with a key", list(inventory.days)),
                ("days destroyed", list(inventory.destroyedDays)),
                ("days of a token epoch", "\(store.epochDays)"),
                ("token epochs with keys", list(inventory.epochs)),
                ("token epochs destroyed", list(inventory.destroyedEpochs)),
            ]
            if let oldest = inventory.days.min() {
                rows.append(("age of the oldest day", "\(Day.today.number - oldest.number) days"))
            }
            var warnings = try store.warnings()
            do {
                let address = try system.address(pipeline)
                try store.carryDestructions(into: address)
                warnings += try store.warnings(of: KeyRecord(database: address))
            } catch {
                warnings.append("The database was not asked: \(error)")
            }
            let answer = Answer(
                columns: ["what", "value"], rows: rows.map { Answer.Row([.text($0.0), .text($0.1)]) },
                minimumVehicles: 1, zone: "UTC")
            print(answer.rendered(format), terminator: "")
            for warning in warnings { complain(warning) }
        }
    }

    private static func moment(_ date: Date) -> String {
        date.formatted(.iso8601)
    }
}

extension Day {
    static var today: Day { Day(number: Int32(Date.now.timeIntervalSince1970 / 86_400)) }
}

extension KeyStore {
    /// What is amiss in the folder itself.
    func warnings() throws(CustodyError) -> [String] {
        var warnings: [String] = []
        if source == .folder {
            warnings.append(
                "The wrapping key lies beside the keys that it wraps: a backup of the folder opens them all, also those destroyed later. A wrapping key elsewhere ends that: custody.wrapping_key."
            )
        }
        let since = try wrappedSince()
        let later = try destructions().filter { one in
            guard let at = try? Date(one.at, strategy: .iso8601) else { return true }
            return since.map { at > $0 } ?? true
        }
        if !later.isEmpty {
            warnings.append(
                "\(later.count) keys were destroyed since the wrapping key was last changed (\(later.map(\.key).joined(separator: ", "))): a backup of the folder still opens them. Run `gantry keys rotate`."
            )
        }
        for key in Set(try destructions().map(\.key)).sorted() where destroyable(key).map(has) ?? false {
            warnings.append(
                "\(key) was destroyed, says destroyed.log, and is here: it came from a backup, or the destruction was cut short. Run `gantry keys destroy` for it again."
            )
        }
        return warnings
    }

    /// What is amiss between folder and database.
    func warnings(of record: borrowing KeyRecord) throws -> [String] {
        var warnings: [String] = []
        for key in try record.destroyed().sorted() where destroyable(key).map(has) ?? false {
            guard try !destructions().contains(where: { $0.key == key }) else { continue }
            warnings.append(
                "\(key) was destroyed, says the database's audit log, and is here: it came from a backup. Run `gantry keys destroy` for it again."
            )
        }
        let inventory = inventory()
        let known = Set((inventory.days + inventory.destroyedDays).map(\.description))
        let lacking = try record.daysWithText().subtracting(known).sorted()
        if !lacking.isEmpty {
            warnings.append(
                "The database has plates of days without a key here: \(lacking.joined(separator: ", ")). They can't be read. Restore the key folder from its backup, or name the right one."
            )
        }
        if record.sharesFileSystem(with: path) == true {
            warnings.append(
                "The keys lie on the file system of the database's data: one disk, or one thief, has both. Keep a backup of the keys elsewhere: if they are lost, so is every plate of \(inventory.days.count) days."
            )
        }
        return warnings
    }
}

struct KeysRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Wraps all keys with a new wrapping key, while stages go on.",
        discussion: """
            Tokens and sealed texts stay as they are. A file gets its new key from here, and the old one is gone from it. A \
            credential or a command must give the new key first, as a line before the old one; when this is done, \
            take the old line out. Killed in the middle it leaves keys that open, and running it again ends the work. \
            Afterwards back up folder and wrapping key again, and destroy the old wrapping key's backups: only then are \
            old copies of the folder worthless.
            """)
    @OptionGroup var system: SystemOptions

    func run() async throws {
        try answering {
            let store = try system.keys(system.loaded())
            report(try store.rotate(), of: store)
        }
    }
}

private func report(_ rotation: KeyStore.Rotation, of store: KeyStore) {
    print("\(rotation.keys) keys are wrapped with the new wrapping key \(rotation.id), \(store.source).")
    if rotation.isOldKeyLeft { print("Now take the old key out of \(store.source): its second line.") }
}

struct KeysDestroy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy", abstract: "Destroys a day's or a token epoch's keys for good, on the record.",
        discussion: """
            A day's plates and pictures can then be read nowhere, backups and logs of the database included; an epoch's \
            tokens can't be computed again, so that nobody can be looked up in it. Nothing brings a destroyed key \
            back but a copy of the key folder with its wrapping key, so the wrapping key is changed too (see `gantry keys \
            rotate`), where it is a file. The record is an entry `destroy-key` of the audit log. Where the database does not \
            answer, the key is destroyed all the same: destroyed.log in the key folder has the record, and the next sink \
            or `gantry keys` carries it over. Exit status: 64 without --yes, 77 where there is no such key.

            Examples:
              gantry keys destroy --day 2026-03-02 --reason "retention of 90 days" --yes
              gantry keys destroy --epoch 20515 --reason "retention of 90 days" --yes
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "The UTC day, for example 2026-03-02.")
    var day: String?
    @Option(help: "The token epoch's number, as `gantry keys status` shows it.")
    var epoch: Int32?
    @Option(help: "Why, for the record.")
    var reason: String
    @Flag(help: "Confirms it: nothing brings the key back.")
    var yes = false

    private func chosen() throws -> KeyStore.Destroyable {
        switch (day, epoch) {
        case (let day?, nil):
            guard let day = Day(day) else { throw ValidationError("--day takes a date, for example 2026-03-02") }
            return .day(day)
        case (nil, let epoch?): return .epoch(TokenEpoch(number: epoch))
        default: throw ValidationError("name one key: --day or --epoch")
        }
    }

    func validate() throws {
        _ = try chosen()
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason says why, for the record") }
        if !yes { throw ValidationError("this destroys the key for good, for every backup too: confirm it with --yes") }
    }

    func run() async throws {
        let what = try chosen()
        try answering {
            let pipeline = try system.loaded()
            let store = try system.keys(pipeline)
            _ = try store.destroy(what, by: NSUserName(), reason: reason)
            print("\(store.name(of: what)) is destroyed.")
            do {
                for entry in try store.carryDestructions(into: system.address(pipeline)) {
                    print("On record, as entry \(entry) of the audit log.")
                }
            } catch {
                complain(
                    "The database was not told: \(error)\nThe record is in destroyed.log of \(store.path); the next sink or `gantry keys status` carries it over."
                )
            }
            do throws(CustodyError) {
                report(try store.rotate(), of: store)
            } catch {
                guard case .cannotRotate = error else { throw error }
                complain("Old copies of the key folder still open it. \(error)")
            }
        }
    }
}
