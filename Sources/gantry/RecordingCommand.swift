import ArgumentParser
import Assembly
import Foundation
import Topics
import Traffic
import Wire

/// Commands on recordings: MCAP files of topics.
struct RecordingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recording",
        abstract: "Shows, checks, cuts and repairs recordings of topics (MCAP files).",
        discussion: """
            A recording is one file, made by `gantry record` or `gantry run --record`, that \
            Foxglove and the `mcap` packages open too.

            Examples:
              gantry recording info monday.mcap
              gantry recording cat monday.mcap --topic city.reads --camera ring-north --limit 5
              gantry recording validate monday.mcap
              gantry recording repair broken.mcap --out whole.mcap
              gantry recording cut monday.mcap --from 2026-03-02T07:30:00Z --out rest.mcap
            """,
        subcommands: [
            RecordingInfo.self, RecordingCat.self, RecordingValidate.self, RecordingRepairCommand.self,
            RecordingCut.self, RecordingShare.self,
        ])
}

/// Which records of a recording.
struct RecordingSelection: ParsableArguments {
    @Option(help: ArgumentHelp("Only this topic; may be given several times.", valueName: "topic"))
    var topic: [String] = []
    @Option(help: ArgumentHelp("Only this camera; may be given several times.", valueName: "id"))
    var camera: [String] = []
    @Option(help: ArgumentHelp("First event time, such as 2026-03-02T07:30:00Z.", valueName: "time"))
    var from: EventTime?
    @Option(help: ArgumentHelp("Event time before which to stop; not part of it.", valueName: "time"))
    var to: EventTime?

    var filter: RecordingFilter {
        RecordingFilter(
            topics: topic.isEmpty ? nil : Set(topic), keys: camera.isEmpty ? nil : Set(camera),
            from: from?.nanoseconds, to: to?.nanoseconds)
    }
}

/// Runs a command's work; what is wrong with a file is said once, in one line, with exit status 65 (what it holds) or 74
/// (reading or writing it).
func recording(_ work: () throws -> Void) throws {
    do { try work() } catch let error as RecordingError {
        complain("\(error)")
        switch error {
        case .unreadable, .exists, .unwritable: throw ExitCode(74)
        default: throw ExitCode(65)
        }
    }
}

struct RecordingCat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Prints records, one JSON object a line.",
        discussion: """
            Each line has the topic, the key (the camera), the event time, the message type and the message as Protobuf \
            JSON. Damaged parts are named on standard error and left out; the exit status is then 1.

            Examples:
              gantry recording cat monday.mcap --topic city.reads --limit 1
              gantry recording cat monday.mcap --camera ring-north --from 2026-03-02T07:30:00Z --to 2026-03-02T07:45:00Z
            """)

    @Argument(help: "The recording.")
    var file: String
    @OptionGroup var selection: RecordingSelection
    @Option(help: "At most so many records.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    func run() throws {
        complain(
            "Note: recordings hold plates and pictures, which are personal data. Keep what you copy no longer than needed."
        )
        var isDamaged = false
        try recording {
            var reader = try RecordingReader(path: file, filter: selection.filter)
            var left = limit ?? .max
            while left > 0 {
                do throws(RecordingError) {
                    guard let record = try reader.next() else { break }
                    print(RecordingLine.text(record))
                    left -= 1
                } catch {
                    complain("\(error)")
                    isDamaged = true
                    if error.isLast { break }
                }
            }
        }
        if isDamaged { throw ExitCode.failure }
    }
}

/// One record as a line of JSON.
enum RecordingLine {
    static func text(_ recorded: RecordedRecord) -> String {
        let record = recorded.record
        var fields = ["\"topic\":\(quoted(recorded.topic))"]
        fields.append("\"key\":\(record.key.map(quoted) ?? "null")")
        fields.append("\"time\":\(quoted(EventTime(nanoseconds: record.timestamp).rfc3339))")
        fields.append("\"type\":\(record.messageType.map(quoted) ?? "null")")
        do { fields.append("\"message\":\(try Schema.json(record))") } catch {
            fields.append("\"error\":\(quoted("\(error)"))")
            fields.append("\"bytes\":\(quoted(Data(record.value).base64EncodedString()))")
        }
        return "{\(fields.joined(separator: ","))}"
    }

    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return encoder
    }()

    private static func quoted(_ text: String) -> String {
        String(decoding: (try? encoder.encode(text)) ?? Data("null".utf8), as: UTF8.self)
    }
}

struct RecordingRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Writes all that can be read of a cut-off or damaged recording to a file that is whole.",
        discussion: """
            The damaged file stays as it is. What is lost is named: a recording cut off by a power loss loses its last, \
            unfinished chunk; a damaged chunk is left out, and gaps in the records' numbers show it.

            Example:
              gantry recording repair broken.mcap --out whole.mcap
            """)

    @Argument(help: "The recording.")
    var file: String
    @Option(help: ArgumentHelp("The new file; one that is there is not replaced.", valueName: "file"))
    var out: String

    func run() throws {
        try recording {
            let repair = try RecordingRepair.copy(from: file, to: out)
            for problem in repair.problems { complain("\(problem)") }
            if repair.problemCount > repair.problems.count {
                complain("... and \(repair.problemCount - repair.problems.count) more of the kind.")
            }
            let verdict = repair.problemCount == 0 ? "The file was whole; it is copied." : "Repaired."
            print("\(verdict) \(repair.summary.messages) records in \(out), \(repair.summary.bytes) bytes.")
        }
    }
}

struct RecordingValidate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Looks at every byte: checksums, indexes, numbers, schemas, and whether each message can be read.",
        discussion: """
            Each problem is a line `byte N: CODE what; remedy`. The exit status is 1 when there is any. Nothing is \
            changed; `gantry recording repair` makes a whole file of what can be read.

            Example:
              gantry recording validate monday.mcap
            """)

    @Argument(help: "The recording.")
    var file: String
    @Option(help: "text or json.")
    var format: RecordingFormatOption = .text

    private struct Answer: Encodable {
        struct Problem: Encodable {
            var offset: Int
            var code, reason: String
        }
        var file: String
        var ok: Bool
        var messages: Int
        var problems: [Problem]
        var count: Int
    }

    func run() throws {
        try recording {
            var problems = try schemaProblems()
            let validation = try RecordingValidation(path: file) { recorded in
                do throws(WireError) {
                    try Schema.check(recorded.record)
                    return nil
                } catch { return (error.code, error.reason) }
            }
            problems += validation.problems
            let count = validation.problemCount + problems.count - validation.problems.count
            switch format {
            case .text:
                for problem in problems { print(problem) }
                if count > problems.count { print("... and \(count - problems.count) more.") }
                if count == 0 { print("\(file): \(validation.messages) records, nothing wrong.") }
            case .json:
                let answer = Answer(
                    file: file, ok: count == 0, messages: validation.messages,
                    problems: problems.map { Answer.Problem(offset: $0.offset, code: $0.code, reason: $0.reason) },
                    count: count)
                print(String(decoding: try JSONEncoder.sorted.encode(answer), as: UTF8.self))
            }
            if count > 0 { throw ExitCode.failure }
        }
    }

    /// Schemas under which this build would misread the messages.
    private func schemaProblems() throws(RecordingError) -> [RecordingProblem] {
        let schemas = try RecordingReader(path: file).summary?.schemas ?? []
        return schemas.filter { Schema.names.contains($0.name) }.flatMap { schema in
            guard let changes = Schema.changes(since: schema) else {
                return [
                    RecordingProblem(
                        code: "REC134", offset: 0, reason: "the schema of \(schema.name) is no FileDescriptorSet.")
                ]
            }
            return changes.map { RecordingProblem(code: "REC134", offset: 0, reason: "since the recording, \($0).") }
        }
    }
}

enum RecordingFormatOption: String, ExpressibleByArgument { case text, json }
