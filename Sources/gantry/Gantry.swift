import ArgumentParser

@main
struct Gantry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gantry")
    func run() async throws {}
}
