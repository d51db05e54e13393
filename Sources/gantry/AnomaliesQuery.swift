import ArgumentParser
import Custody
import PostGIS
import Traffic

struct AnomaliesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anomalies", abstract: "Plates seen at two cameras faster than any vehicle can drive.",
        discussion: """
            They were misread or cloned, or a camera's clock is wrong. Counts by pair of cameras; with --purpose and --case \
            the single vehicles, which is entered in the audit log before a row is shown, as for a trace.
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "What is faster than this over the straight line, in km/h, can't be one vehicle.")
    var fastest = 200.0
    @Option(help: "Show so many rows at most.")
    var most = 1000
    @Option(help: "What a look at single vehicles is for, for example theft.")
    var purpose: String?
    @Option(name: .customLong("case"), help: "The case it belongs to.")
    var caseNumber: String?

    func run() async throws {
        try answering {
            let pipeline = try options.system.loaded()
            let questions = try options.open(pipeline, for: Self.configuration)
            let period = try options.period(questions)
            let none = "No vehicle was in two places at once there and then."
            guard purpose != nil || caseNumber != nil else {
                let counts = try questions.anomalies(in: period, fastestKmh: fastest, most: most)
                try options.show(
                    Answer(counts, minimumVehicles: questions.minimumVehicles, zone: questions.zone),
                    to: Self.configuration, none: none)
                try options.remark(on: .all, questions, period)
                return
            }
            let vault = try options.system.vault(pipeline, purpose: purpose, caseNumber: caseNumber)
            let anomalies = try questions.anomalous(
                purpose: purpose, caseNumber: caseNumber, in: period, fastestKmh: fastest, most: most)
            func plate(_ sight: Anomaly.Sight) throws -> PlateText? {
                try vault?.opened(
                    sight.sealedText, passage: sight.passage, camera: sight.camera.id, at: sight.seen.time)
            }
            let plates = try anomalies.map { (from: try plate($0.from), to: try plate($0.to)) }
            try options.show(
                Answer(anomalies, plates: plates, zone: questions.zone), to: Self.configuration, none: none)
            try options.remark(on: .all, questions, period)
            sayOnRecord(anomalies.first?.auditID)
        }
    }
}
