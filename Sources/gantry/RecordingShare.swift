import ArgumentParser
import Assembly
import Foundation
import Grammars
import Replay
import StageRunner

/// `gantry recording share`
struct RecordingShare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share",
        abstract: "Copies a recording without what may not leave the house.",
        discussion: """
            Pictures are always left out, and so are whole frames, rejected records and track state. With \
            --pseudonymise every plate is replaced by an invented one of the same grammar: one plate by one \
            pseudonym wherever it appears, and misreads by texts that differ from it as they differed before, so \
            that a replay gives nearly the same passages. For that 0 and 1 stay among themselves, O and I too. Times and \
            places stay: who knows where a vehicle was finds its pseudonym there.

            Examples:
              gantry recording share monday.mcap --out shared.mcap --pseudonymise
              gantry recording share monday.mcap --out pictureless.mcap --strip-images
            """)

    @Argument(help: "A recording (MCAP).")
    var file: String
    @Option(help: ArgumentHelp("The copy; a file that is there is not replaced.", valueName: "file"))
    var out: String
    @OptionGroup var what: SharingArguments

    func validate() throws {
        if !what.stripImages && !what.pseudonymise {
            throw ValidationError("say what to leave out: --strip-images, or --pseudonymise for plates too")
        }
    }

    func run() throws {
        let grammars = try what.pseudonymise ? GrammarFile.standard(home: GantryHome.find().directory) : nil
        let result = try ShareRecording.copy(
            file, to: out, pseudonymise: grammars, key: try what.key())
        var text = "\(result.records) records to \(out)\n"
        for (topic, count) in result.leftOut.sorted(by: { $0.key < $1.key }) {
            text += "left out: \(count) of \(topic)\n"
        }
        FileHandle.standardError.write(Data(text.utf8))
    }
}
