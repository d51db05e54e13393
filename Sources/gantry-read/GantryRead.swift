import ArgumentParser

@main
struct GantryRead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gantry-read")
    func run() async throws {}
}
