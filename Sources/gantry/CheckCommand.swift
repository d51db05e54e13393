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

            A line `note:` says when a stage of this file would send whole frames, which show faces and plates, to \
            Kafka: with a section kafka, where decode runs in a process without detect. It is no problem.
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
        var notes: [String]
    }

    /// What the file allows and its owner should know.
    private static func notes(on pipeline: Pipeline) -> [String] {
        guard let kafka = pipeline.kafka else { return [] }
        return [
            """
            whole frames, which show faces and plates, go to the Kafka topic \(pipeline.topics.frames) for \
            \(kafka.frameRetention) when decode runs in a process of its own; with `gantry run`, or \
            `gantry run --stages decode,detect`, none leaves the process
            """
        ]
    }

    func run() async throws {
        let probes = offline ? PipelineProbes() : DoctorWorld(home: try? GantryHome.find()).probes
        var problems: [PipelineProblem] = []
        var warnings: [PipelineProblem] = []
        var notes: [String] = []
        do {
            let pipeline = try Pipeline(
                contentsOf: file, cameras: media.map { .media($0) } ?? .listed, probes: probes)
            warnings = pipeline.warnings(file: file)
            notes = Self.notes(on: pipeline)
            if effective, format == .text { print(pipeline.yaml(hidingPasswords: true), terminator: "") }
        } catch PipelineError.problems(let found) {
            problems = found
        }
        switch format {
        case .json:
            let answer = Answer(
                file: file, ok: problems.isEmpty, problems: problems, warnings: warnings, notes: notes)
            print(String(decoding: try JSONEncoder.sorted.encode(answer), as: UTF8.self))
        case .text:
            for problem in problems + warnings where !effective || !problems.isEmpty { print(problem) }
            if problems.isEmpty, !effective { print("\(file): fine") }
            for note in notes { FileHandle.standardError.write(Data("note: \(note)\n".utf8)) }
        }
        if !problems.isEmpty { throw ExitCode.failure }
    }
}
