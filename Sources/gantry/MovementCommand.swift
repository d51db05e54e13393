import ArgumentParser
import Foundation
import PostGIS

/// What is kept of movement: journeys and legs, which follow from the sightings, and the days there are.
struct MovementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "movement",
        abstract: "Keeps journeys and legs, which follow from the sightings, and takes days away.",
        subcommands: [MovementRebuild.self, MovementDropDay.self])
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

struct MovementDropDay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop-day",
        abstract: "Takes a day's sightings, crops, journeys and legs away for good, and closes the day.",
        discussion: """
            The day is a UTC day, as partitions are, and must be over. What comes for it later, as when a topic is read \
            again, is rejected with SNK308. Journeys over its midnights are cut there. The day's key is \
            destroyed by the next `gantry retention run`: while it is there, backups can be read. Repeating it does no harm. To take passages of the day again, delete \
            its row from the table closed_day. Exit status: 65 for a day that can't be dropped, 69 without a database, or \
            while a question holds the tables.

            Example:
              gantry movement drop-day 2026-03-02 --reason "retention of 90 days"
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "The UTC day, for example 2026-03-02.")
    var day: String
    @Option(help: "Why, for the record.")
    var reason = "retention"

    func run() async throws {
        try answering {
            let database = try system.address(system.loaded())
            let sightings = try Retention(database: database).drop(day: day, reason: reason)
            try LegKeeper(database: database).finish()
            print("\(day) is closed; \(sightings) sightings were dropped.")
        }
    }
}
