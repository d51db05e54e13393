import ArgumentParser
import Assembly
import StageRunner
import VisionAssembly

@main
struct GantryRead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gantry-read", abstract: "Reads the plates of detected vehicles.")
    @OptionGroup var process: StageProcessOptions

    static func main() async {
        Launch.ensureEnvironment()
        await main(nil)
    }

    func run() async throws {
        try await process.run("gantry-read") { pipeline, kafka, home, logger in
            try FusedStages(pipeline, kafka: kafka, home: home, logger: logger).services(for: [.read])
        }
    }
}
