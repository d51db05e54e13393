import ArgumentParser
import Custody
import Foundation
import PostGIS
import StageRunner
import Traffic

/// The clear text, and the crop, of one passage.
struct RevealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reveal", abstract: "Opens the plate of one passage. Needs purpose and case; goes on record.",
        discussion: """
            PASSAGE is TIME/ID as the column passage of `gantry query trace` and `anomalies` shows it. The look is entered in \
            the audit log before the sealed bytes leave the database; they are opened here with the keys. Log in as \
            yourself, as for a trace; purpose, age and budget count as there.

            Exit status: 65 without such a passage, 69 without a database, 74 for a crop that can't be written, 77 when refused \
            or when its key was destroyed.

            Example:
              gantry reveal 2026-03-02T07:31:00.000Z/1f0c5a7796d0e2a4b8c3d9f0a1b2c3d4 --purpose theft --case 2026/117 --crop car.jpg
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "TIME/ID.")
    var passage: String
    @Option(help: "What the look is for: a name of `gantry purposes list`.")
    var purpose: String?
    @Option(name: .customLong("case"), help: "The case it belongs to.")
    var caseNumber: String?
    @Option(help: ArgumentHelp("Write the crop, a JPEG, into this file.", valueName: "file"))
    var crop: String?
    @Option(help: "table, json or csv.")
    var format: Answer.Format = .table

    func run() async throws {
        guard let reference = PassageReference(passage) else {
            throw ValidationError("'\(passage)' is not TIME/ID, as the column passage of a trace shows it")
        }
        try answering {
            let pipeline = try system.loaded()
            let questions = try Questions(
                database: system.address(pipeline), application: "gantry-reveal (\(NSUserName()))")
            let vault = try system.vault(pipeline, purpose: purpose, caseNumber: caseNumber)
            let found = try questions.reveal(
                reference, purpose: purpose, caseNumber: caseNumber, crop: crop != nil)
            sayOnRecord(found?.auditID)
            guard let found, let vault else {
                throw QueryError.badQuestion("there is no passage \(reference)")
            }
            let place = Vault.Place(passage: reference.passage, camera: found.camera, firstSeen: reference.seen)
            let text = try found.text.map { try vault.open(text: $0, at: place) }
            if let crop {
                if let sealed = found.crop {
                    try WholeFile.write(Data(vault.open(crop: sealed, at: place)), to: crop, permissions: 0o600)
                } else {
                    complain("The passage has no crop.")
                }
            }
            let row = Answer.Row([
                .text(reference.text), .text(found.camera.text), text.map { .text($0.text) } ?? .none,
            ])
            print(
                Answer(columns: ["passage", "camera", "plate"], rows: [row], minimumVehicles: 1, zone: "UTC")
                    .rendered(format), terminator: "")
        }
    }
}
