import ArgumentParser
import Foundation
import StageRunner

@main
struct Gantry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gantry",
        abstract: "Turns traffic cameras into answers about movement.",
        discussion: """
            Video to passages: `gantry run`. Answers: `gantry query`. Still images: `gantry plates`. Is everything \
            installed and reachable: `gantry doctor`. Is a pipeline file right: `gantry check FILE`.
            """,
        subcommands: [
            RunLocally.self, RecordCommand.self, RecordingCommand.self, ReplayLocally.self, BackfillCommand.self,
            PlatesLocally.self,
            SimulateLocally.self, QueryCommand.self, MovementCommand.self, CamerasCommand.self, ZonesCommand.self,
            RoadsCommand.self, MigrateCommand.self,
            CheckCommand.self,
            DoctorCommand.self,
            KeysCommand.self, RetentionCommand.self, PurposesCommand.self, RequestsCommand.self, ApproveCommand.self,
            RevealCommand.self, AuditCommand.self, SubjectCommand.self, ReportCommand.self, ScoreCommand.self,
            TrackCommand.self,
            BenchLocally.self,
        ])

    static func main() async {
        let name = CommandLine.arguments.dropFirst().first
        // Text in, text out: it needs nothing that must be set before a process starts.
        if name != TrackCommand.configuration.commandName { Launch.ensureEnvironment() }
        // These touch pixels, so a sibling that links OpenCV does them, help and all.
        if let name, ["run", "replay", "plates", "simulate", "bench"].contains(name) { Sibling.replaceProcess() }
        await main(nil)
    }
}

/// Starts `gantry-local`, which lies beside this executable, in this process's place.
enum Sibling {
    static let name = "gantry-local"

    static var path: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "gantry"
        return URL(filePath: own).deletingLastPathComponent().appending(path: name).path
    }

    /// Never returns.
    static func replaceProcess() -> Never {
        var arguments: [UnsafeMutablePointer<CChar>?] =
            ([path] + CommandLine.arguments.dropFirst()).map { strdup($0) } + [nil]
        execv(path, &arguments)
        let why = String(cString: strerror(errno))
        FileHandle.standardError.write(
            Data("CLI101 can't start \(path): \(why). Build both executables: make build\n".utf8))
        exit(1)
    }
}

/// Listed here so that `gantry --help` shows it; done by `gantry-local`.
struct RunLocally: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the stages of a pipeline in one process: video in, passages out.")
    func run() { Sibling.replaceProcess() }
}

struct ReplayLocally: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Plays a recording through stages, or into Kafka topics.")
    func run() { Sibling.replaceProcess() }
}

struct PlatesLocally: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plates", abstract: "Finds and reads the plates in still images.")
    func run() { Sibling.replaceProcess() }
}

struct SimulateLocally: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Invents a city: clips of a few cameras, or passages of thousands, with the truth beside them.")
    func run() { Sibling.replaceProcess() }
}

struct BenchLocally: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures accuracy on labelled images, and speed against bare decode and model calls.")
    func run() { Sibling.replaceProcess() }
}
