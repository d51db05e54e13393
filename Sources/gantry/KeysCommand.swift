import ArgumentParser
import Custody
import StageRunner

/// The keys' owner's commands.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes and shows the keys that plates are stored under.",
        subcommands: [KeysInit.self, KeysStatus.self])
}

struct KeysInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes the key folder; a folder that is there stays as it is.",
        discussion: """
            Back the folder up apart from the database: who has both can read the plates, and without it nobody can. A \
            first run makes the folder too.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "Days for which one vehicle keeps its token, fixed from now on (default: the pipeline's, or 7).")
    var tokenEpochDays: Int?

    func validate() throws {
        if let tokenEpochDays, tokenEpochDays < 1 { throw ValidationError("--token-epoch-days is at least 1") }
    }

    func run() async throws {
        try answering {
            let pipeline = try system.loaded()
            let store = try KeyStore(
                folder: system.keyFolder(pipeline), create: true,
                epochDays: tokenEpochDays ?? pipeline?.custody.tokenEpochDays)
            print("Keys are in \(store.path); one vehicle keeps its token for \(store.epochDays) days.")
        }
    }
}

struct KeysStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says which days and token epochs have keys, and which were destroyed.")
    @OptionGroup var system: SystemOptions

    func run() async throws {
        try answering {
            let store = try KeyStore(folder: system.keyFolder(system.loaded()), create: false)
            let inventory = store.inventory()
            func list(_ items: [some CustomStringConvertible]) -> String {
                items.isEmpty ? "none" : items.map { "\($0)" }.joined(separator: ", ")
            }
            print("Folder: \(store.path)")
            print("Days with a key: \(list(inventory.days))")
            print("Days destroyed: \(list(inventory.destroyedDays))")
            print("Token epochs of \(store.epochDays) days with keys: \(list(inventory.epochs.sorted()))")
            print("Token epochs destroyed: \(list(inventory.destroyedEpochs.sorted()))")
        }
    }
}
