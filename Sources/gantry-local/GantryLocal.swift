import ArgumentParser
import StageRunner

@main
struct GantryLocal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gantry", abstract: "The commands of `gantry` that touch pixels; `gantry` starts them.",
        subcommands: [
            RunCommand.self, ReplayCommand.self, PlatesCommand.self, SimulateCommand.self, BenchCommand.self,
            DoctorVisionCommand.self,
        ])

    static func main() async {
        Launch.ensureEnvironment()
        await main(nil)
    }
}
