extension AuditReport {
    private static let heads = [
        "Looks", "Granted", "Refused", "Users", "Cases", "Found something", "Hit rate", "Rows returned",
    ]

    private static func cells(_ tally: Tally) -> [String] {
        [
            "\(tally.looks)", "\(tally.granted)", "\(tally.refused)", "\(tally.userCount)", "\(tally.caseCount)",
            tally.counted == 0 ? "–" : "\(tally.found) of \(tally.counted)", percent(tally.hitRate),
            tally.counted == 0 ? "–" : "\(tally.rows)",
        ]
    }

    static func percent(_ share: Double?) -> String {
        share.map { "\((($0 * 1000).rounded()) / 10) %" } ?? "–"
    }

    private var period: String {
        "\(from ?? byDay.keys.min() ?? "the beginning") to \(to ?? byDay.keys.max() ?? "now")"
    }

    /// One table: section, name and counts, a row for each line of the page.
    public var csv: String {
        func quoted(_ text: String) -> String {
            // A spreadsheet would compute what begins like a formula.
            let safe = text.first.map { "=+-@\t".contains($0) } == true ? "'" + text : text
            return safe.contains(where: { ",\"\n\r".contains($0) }) ? "\"\(safe.replacing("\"", with: "\"\""))\"" : safe
        }
        var lines = ["section,name,looks,granted,refused,done,users,cases,counted,found,rows"]
        func add(_ section: String, _ rows: [(name: String, tally: Tally)]) {
            for (name, t) in rows {
                lines.append(
                    "\(section),\(quoted(name)),\(t.looks),\(t.granted),\(t.refused),\(t.done),\(t.userCount),\(t.caseCount),\(t.counted),\(t.found),\(t.rows)"
                )
            }
        }
        add("total", [("all", total)])
        add("purpose", rows(byPurpose))
        add("action", rows(byAction))
        add("refused", rows(byReason))
        add("day", byDay.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        add("done", rows(done))
        return lines.joined(separator: "\n") + "\n"
    }

    /// A page of HTML that needs nothing else.
    ///
    /// - Parameters:
    ///   - title: What the report is about, such as the system's name.
    ///   - made: When, as it is to be shown.
    public func page(title: String, made: String) -> String {
        func cards(_ list: [(String, String)]) -> String {
            list.map { "<div class=card><b>\($0.1)</b><span>\($0.0)</span></div>" }.joined(separator: "\n")
        }
        func table(_ name: String, _ rows: [(name: String, tally: Tally)]) -> String {
            guard !rows.isEmpty else { return "<p class=none>None in this period.</p>" }
            let head = ([name] + Self.heads).map { "<th>\($0)</th>" }.joined()
            let body = rows.map { row in
                "<tr><td>\(Self.escaped(row.name))</td>" + Self.cells(row.tally).map { "<td>\($0)</td>" }.joined()
                    + "</tr>"
            }
            return "<div class=wide><table><tr>\(head)</tr>\n\(body.joined(separator: "\n"))</table></div>"
        }
        func short(_ name: String, _ count: String, _ rows: [(name: String, count: Int)]) -> String {
            guard !rows.isEmpty else { return "<p class=none>None in this period.</p>" }
            let body = rows.map { "<tr><td>\(Self.escaped($0.name))</td><td>\($0.count)</td></tr>" }
            return
                "<table class=short><tr><th>\(name)</th><th>\(count)</th></tr>\n\(body.joined(separator: "\n"))</table>"
        }
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Looks at single vehicles: \(Self.escaped(title))</title>
            <style>
            :root { --ink: #1d2733; --soft: #5b6875; --line: #d9dfe5; --page: #fff; --card: #f4f6f8; --yes: #2a6f97; --no: #d1643e }
            @media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa7b4; --line: #36424e; --page: #151b21; --card: #1f2831; --yes: #5fa8d3; --no: #e58a66 } }
            body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 62rem; margin: 2.5rem auto; padding: 0 1.2rem }
            h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 } h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem }
            .period, .none, footer, figcaption { color: var(--soft) } .period { margin: .3rem 0 1.6rem }
            .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.3rem, 1fr)); gap: .7rem }
            .card { background: var(--card); border-radius: .5rem; padding: .8rem 1rem } .card b { display: block; font-size: 1.55rem; line-height: 1.3 } .card span { color: var(--soft); font-size: .88rem }
            .wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums } table.short { width: auto; min-width: 50% }
            th, td { text-align: right; padding: .4rem .6rem; border-bottom: 1px solid var(--line) } th { font-size: .82rem; font-weight: 600; color: var(--soft); vertical-align: bottom } th:first-child, td:first-child { text-align: left; padding-left: 0 }
            figure { margin: 0 } svg { width: 100%; height: auto } footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; font-size: .88rem } i.key { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .3em }
            </style></head><body>
            <h1>Looks at single vehicles</h1>
            <p class=period>\(Self.escaped(title)), \(period) (UTC)</p>
            <div class=cards>
            \(cards([
                ("looks", "\(total.looks)"), ("granted", "\(total.granted)"), ("refused", "\(total.refused)"),
                ("users who looked", "\(total.userCount)"), ("cases", "\(total.caseCount)"),
                ("of granted looks found something", Self.percent(total.hitRate)), ("rows returned", "\(total.rows)"),
            ]))
            </div>
            <h2>When</h2>
            \(chart)
            <h2>What for</h2>
            \(table("Purpose", rows(byPurpose)))
            <h2>What was asked</h2>
            \(table("Action", rows(byAction)))
            <h2>Why looks were refused</h2>
            \(short("Reason", "Looks", rows(byReason).map { ($0.name, $0.tally.refused) }))
            <h2>What was done: settings, keys, retention, erasure</h2>
            \(short("Action", "Times", rows(done).map { ($0.name, $0.tally.done) }))
            <footer><p>Every look at a single vehicle is entered in the log before anything is shown, refused looks too. Users and
            cases are counted, never named; words with digits, users' names and case numbers are shown as #. Rows are counted
            since entries of format 2: “found something” says of how many granted looks it is known.</p>
            <p>Made \(Self.escaped(made)) from the log as of entry \(head.entry), digest
            <code>\(hexadecimal(head.digest.prefix(8)))…</code>, which an auditor can compare with a signed checkpoint.</p></footer>
            </body></html>

            """
    }

    /// Bars by day, or by month where there are more than 62 days.
    private var chart: String {
        let monthly = byDay.count > 62
        var bars: [(String, Int, Int)] = []
        for (day, tally) in byDay.sorted(by: { $0.key < $1.key }) {
            let name = monthly ? String(day.prefix(7)) : day
            if bars.last?.0 == name {
                bars[bars.count - 1].1 += tally.granted
                bars[bars.count - 1].2 += tally.refused
            } else {
                bars.append((name, tally.granted, tally.refused))
            }
        }
        guard let most = bars.map({ $0.1 + $0.2 }).max(), most > 0 else {
            return "<p class=none>Nobody looked in this period.</p>"
        }
        let (width, height) = (960.0, 180.0)
        let step = width / Double(max(bars.count, 12))
        var drawn = ""
        for (index, bar) in bars.enumerated() {
            let x = Double(index) * step, up = Double(bar.1) / Double(most) * height
            let more = Double(bar.2) / Double(most) * height
            drawn += """
                <g><title>\(bar.0): \(bar.1) granted, \(bar.2) refused</title>
                <rect x="\(x)" y="\(20 + height - up)" width="\(step * 0.8)" height="\(up)" fill="var(--yes)"/>
                <rect x="\(x)" y="\(20 + height - up - more)" width="\(step * 0.8)" height="\(more)" fill="var(--no)"/></g>

                """
        }
        return """
            <figure><svg viewBox="0 0 960 225" role="img" aria-label="Looks by \(monthly ? "month" : "day")">
            <text x="0" y="12" font-size="12" fill="var(--soft)">at most \(most) a \(monthly ? "month" : "day")</text>
            <line x1="0" x2="960" y1="200.5" y2="200.5" stroke="var(--line)"/>
            \(drawn)<text x="0" y="218" font-size="12" fill="var(--soft)">\(bars[0].0)</text>
            \(bars.count > 1 ? "<text x=\"\(max(Double(bars.count) * step - step * 0.2, 150))\" y=\"218\" font-size=\"12\" fill=\"var(--soft)\" text-anchor=\"end\">\(bars[bars.count - 1].0)</text>" : "")
            </svg><figcaption><i class=key style="background:var(--yes)"></i>granted &nbsp; <i class=key style="background:var(--no)"></i>refused &nbsp;
            \(monthly ? "months" : "days") with a look</figcaption></figure>
            """
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
            "\"", with: "&quot;")
    }
}
