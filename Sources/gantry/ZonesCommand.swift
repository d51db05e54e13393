import ArgumentParser
import PostGIS

/// The zones that origins and destinations are counted by.
struct ZonesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zones", abstract: "Keeps the zones that `gantry query od-matrix` takes when it is given none.",
        subcommands: [ZonesImport.self, ZonesList.self])
}

struct ZonesImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Makes the stored zones those of a file; says what changes.",
        discussion: """
            FILE is a GeoJSON feature collection of polygons, named by their property name. It holds all zones: those that \
            it lacks are removed, which --dry-run tells beforehand. All of it is done or nothing; doing it again changes \
            nothing. Zones that overlap are allowed: a camera in two of them belongs to the first by name.

            Exit status: 65 when something in the file is wrong, 66 without the file, 69 without a database.

            Example:
              gantry zones import districts.geojson --dry-run
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "GeoJSON.")
    var file: String
    @Flag(help: "Only say what would change.")
    var dryRun = false

    func run() async throws {
        let text = try QueryOptions.geoJSON(file, option: "zones import")
        try answering {
            let keeper = try PlaceKeeper(database: system.address(system.loaded()))
            let plan = try keeper.importZones(geoJSON: text, dryRun: dryRun)
            for change in plan.changes { print("\(change.kind) \(change.zone)") }
            print("\(plan.unchanged) unchanged.\(dryRun ? " Nothing was done: --dry-run." : "")")
        }
    }
}

struct ZonesList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The stored zones, and how many cameras stand in each now.",
        discussion: "The GeoJSON can be imported again. Exit status: 65 when none is stored, 69 without a database.")
    @OptionGroup var system: SystemOptions
    @Option(help: "table, json, csv or geojson.")
    var format: Answer.Format = .table

    func run() async throws {
        try answering {
            let questions = try Questions(database: system.address(system.loaded()))
            print(Answer(zones: try questions.zones()).rendered(format), terminator: "")
        }
    }
}
