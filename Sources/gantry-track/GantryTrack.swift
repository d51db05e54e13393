import ArgumentParser
import Assembly
import StageRunner

@main
struct GantryTrack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gantry-track", abstract: "Joins reads into passages: one per vehicle and camera.")
    @OptionGroup var process: StageProcessOptions

    static func main() async {
        Launch.ensureEnvironment()
        await main(nil)
    }

    func run() async throws {
        try await process.run("gantry-track") { pipeline, kafka, _, logger in
            try StageServices.track(pipeline, kafka, logger: logger)
        }
    }
}
