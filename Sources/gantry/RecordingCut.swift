import ArgumentParser
import Assembly
import Foundation
import Replay
import Topics
import Traffic

/// `gantry recording cut`
struct RecordingCut: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cut",
        abstract: "Copies a stretch of a recording: some topics, cameras, or minutes of it.",
        discussion: """
            The records are copied byte by byte, in their order. A stretch that begins while a vehicle is in view shows only \
            the rest of it to whoever replays it; take in a minute more than is meant.

            Examples:
              gantry recording cut monday.mcap --from 2026-03-02T07:30:00Z --to 2026-03-02T07:45:00Z --out quarter.mcap
              gantry recording cut monday.mcap --camera ring-north --topic city.reads --out ring.mcap
            """)

    @Argument(help: "A recording (MCAP).")
    var file: String
    @OptionGroup var selection: RecordingSelection
    @Option(help: ArgumentHelp("The new file; one that is there is not replaced.", valueName: "file"))
    var out: String

    func validate() throws {
        let filter = selection.filter
        if filter == RecordingFilter() {
            throw ValidationError("say which part is meant: --topic, --camera, --from or --to")
        }
        if let from = filter.from, let to = filter.to, to <= from {
            throw ValidationError("--to is after --from")
        }
    }

    private struct Nothing: Error {}

    func run() throws {
        try recording {
            do {
                let summary = try WholeRecording.write(out) { (writer: inout RecordingWriter) in
                    var reader = try RecordingReader(path: file, filter: selection.filter)
                    var isEmpty = true
                    while let recorded = try reader.next() {
                        try writer.append(recorded.record, to: recorded.topic)
                        isEmpty = false
                    }
                    if isEmpty { throw Nothing() }
                }
                print("\(summary.messages) records in \(out), \(summary.bytes) bytes.")
            } catch is Nothing {
                complain("No record of \(file) is in that part; `gantry recording info \(file)` says what it holds.")
                throw ExitCode(65)
            } catch let error as ShareError {
                complain("\(error)")
                throw ExitCode(74)
            }
        }
    }
}
