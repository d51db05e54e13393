import ArgumentParser

@main
struct GantryDetect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gantry-detect")
    func run() async throws {}
}
