import ArgumentParser

@main
struct GantryTrack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gantry-track")
    func run() async throws {}
}
