import ArgumentParser
import Foundation
import StageRunner

/// Says everything that is wrong with a pipeline file.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks a pipeline file whole: keys, values, units, recordings, models, broker, database.",
        discussion: """
            Each problem is a line `file:line:column: CODE what; remedy`. The exit status is 1 when there is any. Lines \
            with PIP142 are warnings: the file can be used as it is.
            """)

    @Argument(help: "The pipeline file.")
    var file: String
    @Option(help: "Check the cameras.json of this folder in place of the file's cameras, as `gantry run --media` does.")
    var media: String?
    @Flag(help: "Look at files only: ask no broker, no database and for no models.")
    var offline = false
    @Flag(help: "Print every setting as it is in effect, defaults included, without passwords.")
    var effective = false
    @Option(help: "text or json.")
    var format: Format = .text

    enum Format: String, ExpressibleByArgument { case text, json }

    private struct Answer: Encodable {
        var file: String
        var ok: Bool
        var problems: [PipelineProblem]
        var warnings: [PipelineProblem]
    }

    func run() async throws {
        let probes = offline ? PipelineProbes() : DoctorWorld(home: try? GantryHome.find()).probes
        var problems: [PipelineProblem] = []
        var warnings: [PipelineProblem] = []
        do {
            let pipeline = try Pipeline(
                contentsOf: file, cameras: media.map { .media($0) } ?? .listed, probes: probes)
            warnings = pipeline.warnings(file: file)
            if effective, format == .text { print(pipeline.yaml(hidingPasswords: true), terminator: "") }
        } catch PipelineError.problems(let found) {
            problems = found
        }
        switch format {
        case .json:
            let answer = Answer(file: file, ok: problems.isEmpty, problems: problems, warnings: warnings)
            print(String(decoding: try JSONEncoder.sorted.encode(answer), as: UTF8.self))
        case .text:
            for problem in problems + warnings where !effective || !problems.isEmpty { print(problem) }
            if problems.isEmpty, !effective { print("\(file): fine") }
        }
        if !problems.isEmpty { throw ExitCode.failure }
    }
}
