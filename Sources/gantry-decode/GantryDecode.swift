import ArgumentParser
import Assembly
import StageRunner
import VisionAssembly

@main
struct GantryDecode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gantry-decode", abstract: "Turns cameras into frames: decodes, samples, stamps event time.")
    @OptionGroup var process: StageProcessOptions

    static func main() async {
        Launch.ensureEnvironment()
        await main(nil)
    }

    func run() async throws {
        try await process.run("gantry-decode", cameras: .listed) { pipeline, kafka, home, logger in
            try FusedStages(pipeline, kafka: kafka, home: home, logger: logger).services(for: [.decode])
        }
    }
}
