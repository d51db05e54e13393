import ArgumentParser
import Assembly
import StageRunner
import VisionAssembly

@main
struct GantryDetect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gantry-detect",
        abstract: "Finds vehicles and plates in frames, and cuts crops with every face blurred.")
    @OptionGroup var process: StageProcessOptions

    static func main() async {
        Launch.ensureEnvironment()
        await main(nil)
    }

    func run() async throws {
        try await process.run("gantry-detect") { pipeline, kafka, home, logger in
            try FusedStages(pipeline, kafka: kafka, home: home, logger: logger).services(for: [.detect])
        }
    }
}
