import ArgumentParser
import PostGIS

struct AnomaliesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anomalies", abstract: "Plates seen at two cameras faster than any vehicle can drive.",
        discussion: """
            They were misread or cloned, or a camera's clock is wrong. Counts by pair of cameras; with --purpose and --case \
            the single passages, of a day and 100 at most, which is entered in the audit log before a row is shown. That is many \
            vehicles at once, so a second person has to approve it, however new the data: see `gantry approve --help`. \
            `gantry reveal PASSAGE` opens the plate of one.
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "What is faster than this over the straight line, in km/h, can't be one vehicle.")
    var fastest = 200.0
    @Option(help: "Show so many rows at most.")
    var most = 1000
    @Option(help: "What a look at single vehicles is for: a name of `gantry purposes list`.")
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
            let anomalies = try questions.anomalous(
                purpose: purpose, caseNumber: caseNumber, in: period, fastestKmh: fastest, most: most)
            try options.show(Answer(anomalies, zone: questions.zone), to: Self.configuration, none: none)
            try options.remark(on: .all, questions, period)
            sayOnRecord(anomalies.first?.auditID)
        }
    }
}
