import Foundation
import Testing

@testable import Custody

@Suite struct AuditReportTests {
    static func entry(
        _ id: Int, day: Int = 2, actor: String = "anna.k", action: String = "trace", outcome: String = "granted",
        reason: String? = nil, purpose: String? = "theft", number: String? = "LX-117", returned: Int? = nil
    ) -> AuditEntry {
        AuditEntry(
            fields: [
                "\(id)", "2026-03-0\(day)T07:30:00.000000Z", actor, "10.0.0.7 psql", action, outcome, reason, purpose,
                number,
                "{\"tokens\": [\"c0ffee11\"]}", "2", returned.map { "\($0)" },
            ], previous: [], digest: [UInt8](repeating: 7, count: 32))
    }

    static var report: AuditReport {
        var report = AuditReport(from: "2026-03-02", to: "2026-03-04")
        let entries = [
            entry(1, day: 1), entry(2, returned: 4), entry(3, actor: "ben", number: "LX-118", returned: 0),
            entry(4, day: 3, purpose: "search for <1ABC230>, asked by Anna.K", number: "alpha", returned: 2),
            entry(5, day: 3, outcome: "refused", reason: "without a purpose", purpose: nil),
            entry(6, day: 4, outcome: "refused", reason: "not approved by ben", purpose: "alpha"),
            entry(7, day: 4, action: "reveal"), entry(8, day: 5),
            entry(9, day: 4, action: "drop-day", outcome: "done", purpose: nil, number: nil),
        ]
        for entry in entries { report.add(entry) }
        return report
    }

    @Test func `looks of the period are counted by what they were for`() {
        let report = Self.report
        #expect(report.total.looks == 6 && report.total.granted == 4 && report.total.refused == 2)
        #expect(report.total.userCount == 2 && report.total.caseCount == 3 && report.total.rows == 6)
        // Of four granted looks three say what they returned.
        #expect(report.total.hitRate == 2.0 / 3)
        #expect(report.rows(report.byAction).map(\.name) == ["trace", "reveal"])
        #expect(report.rows(report.done).map(\.name) == ["drop-day"] && report.byAction["drop-day"] == nil)
        #expect(report.byDay.keys.sorted() == ["2026-03-02", "2026-03-03", "2026-03-04"])
        #expect(report.head.entry == 9)
        #expect(
            report.csv.hasPrefix(
                """
                section,name,looks,granted,refused,done,users,cases,counted,found,rows
                total,all,6,4,2,0,2,3,3,2,6
                purpose,theft,3,3,0,0,2,2,2,1,4

                """), "\(report.csv)")
    }

    @Test func `nobody is named, whatever users wrote`() {
        let report = Self.report
        for text in [report.csv, report.page(title: "A & B", made: "today")] {
            for secret in ["anna", "ben", "LX-", "alpha", "1ABC230", "c0ffee", "10.0.0.7", "psql"] {
                #expect(!text.lowercased().contains(secret.lowercased()), "\(secret)")
            }
            #expect(text.contains("search for #") && text.contains("not approved by #") && text.contains("none given"))
        }
        #expect(report.page(title: "A & B", made: "today").contains("A &amp; B"))
    }

    @Test func `a page of nothing says so`() {
        let page = AuditReport().page(title: "x", made: "today")
        #expect(page.contains("Nobody looked in this period.") && page.contains("None in this period."))
    }
}
