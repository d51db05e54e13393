import ArgumentParser

@main
struct GantrySink: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gantry-sink")
    func run() async throws {}
}
