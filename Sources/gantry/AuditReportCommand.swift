import ArgumentParser
import Custody
import Foundation
import PostGIS
import StageRunner
import Traffic

struct AuditReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Writes a report for the public: how often single vehicles were looked at, and what for.",
        discussion: """
            Makes report.html, which needs no network, and report.csv with the same figures: looks by purpose and by action, \
            granted and refused with reasons, how many cases and users, how many looks found something, rows returned, and \
            what was done to settings, keys and stored data. It names no user, case, plate or token: in what users wrote, \
            words with digits, users' names and case numbers are shown as #. Purposes are shown as they were written \
            otherwise: read them before you publish.

            Examples:
              gantry audit report --out report
              gantry audit report --from 2026-01-01 --to 2026-03-31 --out first-quarter
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "The first UTC day (default: the log's).")
    var from: String?
    @Option(help: "The last UTC day, which is part of it (default: the log's).")
    var to: String?
    @Option(help: ArgumentHelp("Folder of the report; made when it is not there.", valueName: "dir"))
    var out: String

    func validate() throws {
        for day in [from, to].compactMap({ $0 }) where Day(day) == nil {
            throw ValidationError("'\(day)' is not a day such as 2026-03-02")
        }
        if let from, let to, from > to { throw ValidationError("--from is after --to") }
    }

    func run() async throws {
        try answering {
            let pipeline = try system.loaded()
            var report = AuditReport(from: from, to: to)
            try AuditLog(database: system.address(pipeline)).forEach { report.add($0) }
            try? FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            let now = EventTime(seconds: Date().timeIntervalSince1970.rounded()).rfc3339
            let page = report.page(title: pipeline?.name ?? "Gantry", made: now)
            try WholeFile.write(Data(page.utf8), to: "\(out)/report.html")
            try WholeFile.write(Data(report.csv.utf8), to: "\(out)/report.csv")
            print("\(report.total.looks) looks: \(out)/report.html, \(out)/report.csv")
        }
    }
}
