public import ArgumentParser
import Assembly
import Foundation
public import PostGIS
import StageRunner
import Traffic

/// Where cameras stand, and stood.
struct CamerasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cameras", abstract: "Keeps where cameras stand, and where they stood before they were moved.",
        subcommands: [CamerasImport.self, CamerasList.self])
}

struct CamerasImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Brings cameras to where a file has them; says what changes.",
        discussion: """
            FILE is a GeoJSON feature collection of points with the properties name, heading (compass degrees, optional) \
            and valid_from (optional), or a pipeline file. A camera that was moved needs the time from which it stands \
            there, by its valid_from or by --from: what it saw before keeps the old place. 'beginning' as the time \
            corrects a camera's first place, for all it saw from there. Cameras that the file lacks stay as they are. \
            All of it is done or nothing; doing it again changes nothing.

            Exit status: 65 when something in the file is wrong or lacks its time, 66 without the file, 69 without a database.

            Examples:
              gantry cameras import cameras.geojson --dry-run
              gantry cameras import moved.geojson --from 2026-03-02T07:00:00Z
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "GeoJSON, or a pipeline file (.yaml).")
    var file: String
    @Option(help: "Since when cameras without valid_from stand there: RFC 3339, or beginning.")
    var from: CameraEntry.Start?
    @Flag(help: "Only say what would change.")
    var dryRun = false

    func run() async throws {
        try answering {
            let keeper = try PlaceKeeper(database: system.address(system.loaded()))
            let plan = try keeper.importCameras(entries(), start: from, dryRun: dryRun)
            for change in plan.changes { print(change) }
            print("\(plan.unchanged) unchanged.\(dryRun ? " Nothing was done: --dry-run." : "")")
        }
    }

    private func entries() throws -> [CameraEntry] {
        guard file.hasSuffix(".yaml") || file.hasSuffix(".yml") else {
            return try CameraEntry.list(geoJSON: QueryOptions.geoJSON(file, option: "cameras import"))
        }
        return try Pipeline(contentsOf: file, cameras: .elsewhere).cameras.map {
            CameraEntry(camera: $0.camera, start: $0.validFrom.map { .time($0) })
        }
    }
}

struct CamerasList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Where cameras stand, now or at another time.",
        discussion: """
            The GeoJSON can be imported again. All places of all times: SELECT * FROM movement.camera_places().

            Exit status: 69 without a database.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "RFC 3339 (default: now).")
    var at: EventTime?
    @Option(help: "table, json, csv or geojson.")
    var format: Answer.Format = .table

    func run() async throws {
        try answering {
            let questions = try Questions(database: system.address(system.loaded()))
            let answer = Answer(try questions.places(), at: at ?? EventTime(seconds: Date().timeIntervalSince1970))
            if answer.rows.isEmpty { complain("There is no camera yet: gantry cameras import FILE.") }
            print(answer.rendered(format), terminator: "")
        }
    }
}

extension CameraEntry.Start: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
