import ArgumentParser

@main
struct GantryDecode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gantry-decode")
    func run() async throws {}
}
