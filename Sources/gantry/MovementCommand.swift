import ArgumentParser
import Foundation
import PostGIS

/// Journeys and legs, which follow from the sightings.
struct MovementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "movement", abstract: "Keeps journeys and legs, which follow from the sightings.",
        subcommands: [MovementRebuild.self])
}

struct MovementRebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Makes journeys and legs anew, or compares them with what a rebuild would make.",
        discussion: """
            Sinks keep both up to date as they store passages. A rebuild is needed after a change of \
            settings.journey_gap; meanwhile questions about journeys have part of the answer only. What a running sink \
            stores during --check may be reported as missing: compare while none runs, or twice.

            Examples:
              gantry movement rebuild --check
              gantry movement rebuild --pipeline pipelines/city.yaml
            """)
    @OptionGroup var system: SystemOptions
    @Flag(help: "Change nothing; exit status 1 when something differs.")
    var check = false

    func run() async throws {
        var differs = false
        try answering {
            let keeper = LegKeeper(database: try system.address(system.loaded()))
            if !check { try keeper.rebuild() }
            var done = 0
            try keeper.finish { count in
                done += count
                complain("\(done) passages done")
            }
            guard check else { return }
            for (what, missing, surplus) in try keeper.check() {
                print("\(what): \(missing) missing, \(surplus) too many")
                differs = differs || missing > 0 || surplus > 0
            }
        }
        if differs { throw ExitCode.failure }
    }
}
