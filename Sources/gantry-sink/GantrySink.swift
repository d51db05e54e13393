import ArgumentParser
import Assembly
import StageRunner

@main
struct GantrySink: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gantry-sink", abstract: "Writes passages into PostGIS, each exactly once.")
    @OptionGroup var process: StageProcessOptions

    static func main() async {
        Launch.ensureEnvironment()
        await main(nil)
    }

    func run() async throws {
        try await process.run("gantry-sink") { pipeline, kafka, home, logger in
            let store = try PassageStore(
                pipeline, database: try pipeline.database.address(home: home.path), migrate: false,
                home: home, logger: logger)
            return try StageServices.sink(pipeline, kafka, store, logger: logger)
        }
    }
}
