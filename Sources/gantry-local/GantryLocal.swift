import ArgumentParser

@main
struct GantryLocal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gantry-local")
    func run() async throws {}
}
