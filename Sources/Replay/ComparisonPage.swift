import Foundation
import Traffic
import Wire

/// A comparison as one HTML page that needs no other file: figures first, then every vehicle that differs, with what
/// its crop shows. The crops are the redacted ones of the passages; they and the texts are personal data.
public struct ComparisonPage {
    /// Vehicles that are shown; the page says how many are not.
    public static let limit = 500

    private let comparison: Comparison
    private let report: ComparisonReport
    private let title: String

    /// - Parameter title: For example the names of both recordings.
    public init(_ comparison: Comparison, report: ComparisonReport, title: String) {
        self.comparison = comparison
        self.report = report
        self.title = title
    }

    public func html() -> String {
        var body = "<h1>\(Self.escaped(title))</h1>\n<p class=\"verdict \(report.verdict.rawValue)\">\(verdict)</p>\n"
        body +=
            "<p class=\"note\">Shows plates: personal data. Keep it as long as the comparison is needed, then delete it.</p>\n"
        body += "<table class=\"figures\">"
        for (name, value) in report.summary {
            body += "<tr><th>\(Self.escaped(name))</th><td>\(Self.escaped(value))</td></tr>"
        }
        body += "</table>\n"
        var left = Self.limit
        func section(_ name: String, _ explanation: String, _ cards: [String]) {
            guard !cards.isEmpty else { return }
            body += "<h2>\(name) <span>\(cards.count)</span></h2><p class=\"note\">\(explanation)</p>\n"
            let shown = cards.prefix(left)
            left -= shown.count
            body += shown.joined(separator: "\n")
            if shown.count < cards.count { body += "<p>\(cards.count - shown.count) more are not shown.</p>" }
        }
        section("Lost", "Vehicles that only the baseline has.", comparison.lost.map { single($0, isLost: true) })
        section("Gained", "Vehicles that only the new run has.", comparison.gained.map { single($0, isLost: false) })
        let plates = comparison.differing(in: .plate)
        section("Another plate", "The same vehicle, read otherwise.", plates.map(pair))
        let shownAlready = Set(plates.map(\.baseline.id))
        func rest(_ difference: Comparison.Difference) -> [Comparison.Pair] {
            comparison.differing(in: difference).filter { !shownAlready.contains($0.baseline.id) }
        }
        section("Accepted in one only", "The same text on both sides.", rest(.acceptance).map(pair))
        let shifted = rest(.confidence).filter { !$0.differences.contains(.acceptance) }
            .sorted { abs($0.confidenceShift ?? 0) > abs($1.confidenceShift ?? 0) }
        section("Confidence", "The same text, surer or less sure; largest shifts first.", shifted.map(pair))
        let moved = rest(.times).filter { $0.differences.isDisjoint(with: [.acceptance, .confidence]) }
        section("Times", "Seen earlier or later, for longer or for less.", moved.map(pair))
        let seen: Set<Comparison.Difference> = [.acceptance, .confidence, .times]
        let otherWay = rest(.way).filter { $0.differences.isDisjoint(with: seen) }
        section("Way", "Another direction, course, side, stop or speed.", otherWay.map(pair))
        let other = rest(.other).filter { $0.differences.isDisjoint(with: seen.union([.way])) }
        section("Something else", "Class, votes, best frame or id.", other.map(pair))
        return Self.page(title: title, body: body)
    }

    private var verdict: String {
        switch report.verdict {
        case .same: "Same: nothing differs in any field."
        case .different: "Different, and not worse than tolerated."
        case .worse: "Worse than tolerated."
        }
    }

    private func single(_ single: Comparison.Single, isLost: Bool) -> String {
        var remark = ""
        if let cover = single.coveredBy {
            remark =
                (isLost ? "Now part of the passage " : "Torn from the baseline's passage ")
                + "of \(Self.text(of: cover)), \(Self.clock(cover.firstSeen))."
        }
        let side = side(single.passage, isLost ? "baseline" : "now")
        let empty = "<div class=\"side none\">\(isLost ? "not there now" : "not in the baseline")</div>"
        return card(
            single.passage, sides: isLost ? side + empty : empty + side, remark: remark)
    }

    private func pair(_ pair: Comparison.Pair) -> String {
        var remarks: [String] = []
        if let shift = pair.confidenceShift, shift != 0 { remarks.append(String(format: "confidence %+.3f", shift)) }
        let (first, last) = pair.timeShift
        if first != 0 { remarks.append(String(format: "first seen %+.2f s", first)) }
        if last != 0 { remarks.append(String(format: "last seen %+.2f s", last)) }
        return card(
            pair.baseline, sides: side(pair.baseline, "baseline") + side(pair.candidate, "now"),
            remark: remarks.joined(separator: ", "))
    }

    private func card(_ passage: Passage, sides: String, remark: String) -> String {
        "<div class=\"card\"><div class=\"where\">\(Self.escaped(passage.camera.text)) "
            + "<time>\(Self.clock(passage.firstSeen))</time> <span>\(Self.escaped(remark))</span></div>"
            + "<div class=\"sides\">\(sides)</div></div>"
    }

    private func side(_ passage: Passage, _ name: String) -> String {
        let accepted = passage.plate?.accepted == true
        var facts = "\(passage.frames) frames"
        if let plate = passage.plate {
            facts += String(format: ", confidence %.3f, %d of %d votes", plate.confidence, plate.votes, plate.reads)
        }
        if let reason = passage.notRead { facts += ", \(reason.rawValue)" }
        facts += ", \(passage.direction.rawValue)"
        if let course = passage.course { facts += String(format: ", course %.0f°", course) }
        if let speed = passage.speed { facts += String(format: ", %.1f km/h", speed.metresPerSecond * 3.6) }
        let picture =
            passage.best.crop.map {
                "<img alt=\"\" src=\"data:image/jpeg;base64,\(Data($0.jpeg).base64EncodedString())\">"
            } ?? "<div class=\"nopicture\">no picture</div>"
        return "<div class=\"side\"><div class=\"name\">\(name)</div>\(picture)"
            + "<div class=\"plate\(accepted || passage.plate == nil ? "" : " unsure")\">\(Self.text(of: passage))</div>"
            + "<div class=\"facts\">\(Self.escaped(facts))</div></div>"
    }

    private static func text(of passage: Passage) -> String { passage.plate.map { escaped($0.text.text) } ?? "–" }

    /// `2026-03-02 07:30:01.5`
    private static func clock(_ time: EventTime) -> String {
        String(time.rfc3339.replacing("T", with: " ").prefix(21))
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    private static func page(title: String, body: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <meta name="robots" content="noindex"><title>\(escaped(title))</title>
        <style>
        body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c2126; background: #fff }
        h1 { font-size: 1.35rem; font-weight: 600 } h2 { font-size: 1.1rem; margin-top: 2.2rem }
        h2 span { color: #6b7280; font-weight: 400 }
        .note { color: #6b7280; margin: .2rem 0 1rem }
        .verdict { padding: .5rem .8rem; border-left: 4px solid; background: #f5f6f7; font-weight: 600 }
        .same { border-color: #2f855a } .different { border-color: #b7791f } .worse { border-color: #c53030 }
        table.figures th { text-align: left; font-weight: 400; color: #4b5563; padding: .1rem 1.5rem .1rem 0 }
        .card { border: 1px solid #d9dde1; border-radius: 6px; padding: .7rem .9rem; margin: .7rem 0; break-inside: avoid }
        .where time { color: #4b5563; margin-left: .6rem } .where span { color: #b7791f; margin-left: .6rem }
        .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; margin-top: .5rem }
        .side img { max-width: 100%; max-height: 190px; display: block; border-radius: 3px }
        .nopicture, .none { color: #8a9199; background: #f5f6f7; border-radius: 3px; min-height: 4rem; display: grid; place-items: center }
        .name, .facts { color: #6b7280; font-size: .85rem }
        .plate { font: 600 1.15rem ui-monospace, monospace; letter-spacing: .06em; margin-top: .3rem }
        .unsure { color: #8a9199 } .unsure::after { content: " not accepted"; font: .8rem system-ui, sans-serif }
        </style></head><body>
        \(body)
        </body></html>
        """
    }
}
