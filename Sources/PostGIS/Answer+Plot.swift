import Foundation
import Traffic

extension Answer {
    /// The answer as a picture: a Vega-Lite 6 specification, in JSON, with the data inside.
    ///
    /// Origins and destinations make a heat map. Columns over time make curves, up to ``AnswerPlot/mostCurves`` places in
    /// one picture; more places, and places without times, make a map: circles at cameras, lines between them, sums over
    /// all stretches of time. What is withheld is never drawn as a number, and a note says so.
    ///
    /// - Parameters:
    ///   - question: What was asked, a sentence; the title.
    ///   - period: The time asked about, as people say it.
    ///   - every: The length of a stretch; nil where times are not in stretches.
    /// - Returns: Nil when there is nothing to draw: no row with a shown figure that has a time or a place.
    public func plot(question: String, period: String, every: Duration?) -> String? {
        AnswerPlot(answer: self, question: question, period: period, every: every).specification
    }
}

/// How an answer becomes a Vega-Lite specification; colours are those of Okabe and Ito, and viridis.
struct AnswerPlot {
    typealias JSON = [String: Any]

    let answer: Answer
    let question, period: String
    let every: Duration?

    /// As many as have colours that everybody can tell apart.
    static let mostCurves = 7
    static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    static let width = 720.0

    var specification: String? {
        guard !answer.rows.isEmpty else { return nil }
        let drawn =
            if let origin = column("origin"), let destination = column("destination") {
                matrix(origin: origin, destination: destination)
            } else if let time, isSeries(over: time) {
                curves(over: time)
            } else {
                map
            }
        guard var drawn else { return nil }
        drawn["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json"
        drawn["background"] = "white"
        drawn["padding"] = 16
        drawn["config"] = [
            "font": "Liberation Sans, Arial, Helvetica, sans-serif", "view": ["stroke": "#bbbbbb"],
            "axis": ["gridColor": "#e6e6e6", "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal"],
            "legend": ["labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 260],
            "title": ["anchor": "start", "fontSize": 16, "subtitleFontSize": 12, "offset": 12],
        ]
        // Every value comes from below, and none is infinite.
        let data = try! JSONSerialization.data(withJSONObject: drawn, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    // MARK: Columns

    func column(_ name: String) -> Int? { answer.columns.firstIndex(of: name) }

    /// The one column of times; two say when one vehicle came and went.
    var time: Int? {
        let columns = answer.columns.indices.filter { column in
            answer.columns[column] == "day" || answer.rows.contains { Self.moment($0.values[column]) != nil }
        }
        return columns.count == 1 ? columns[0] : nil
    }

    /// Whether each place has one row at a time, and there are few enough places.
    private func isSeries(over time: Int) -> Bool {
        let keys = Set(answer.rows.map { [.text(place($0)), $0.values[time]] })
        return keys.count == answer.rows.count && Set(answer.rows.map(place)).count <= Self.mostCurves
    }

    /// What is counted or measured, in the order of the columns. Numbers of roads and lengths of ways are neither.
    var measures: [Int] {
        answer.columns.indices.filter { column in
            let values = answer.rows.map { $0.values[column] }
            return !["road", "edge", "metres", "standard_error"].contains(answer.columns[column])
                && values.contains { Self.number($0) != nil }
                && values.allSatisfy { $0 == .none || $0 == .withheld || Self.number($0) != nil }
        }
    }

    /// The unit of a column; nil for counts.
    func unit(_ column: Int) -> String? {
        let name = answer.columns[column]
        if name.hasSuffix("seconds") { return "seconds" }
        if name.hasSuffix("_kmh") { return "km/h" }
        if name.hasSuffix("share") || name == "captured" { return "share" }
        if name == "median_passages" { return "passages a journey" }
        if name == "confidence" { return "confidence" }
        return nil
    }

    func title(_ column: Int) -> String {
        answer.columns[column].replacing("_kmh", with: "").replacing("_seconds", with: "").replacing("_", with: " ")
    }

    /// The camera, or the cameras, that a row is about.
    func place(_ row: Answer.Row) -> String {
        let names = zip(answer.columns, row.values).compactMap { column, value -> String? in
            if ["camera", "from_camera", "via", "to_camera"].contains(column), case .text(let text) = value {
                text
            } else {
                nil
            }
        }
        return names.joined(separator: " → ")
    }

    static func number(_ value: Answer.Value) -> Double? {
        switch value {
        case .count(let count): Double(count)
        case .number(let number), .share(let number): number.isFinite ? number : nil
        default: nil
        }
    }

    /// Milliseconds of the local time, which the axis shows as if it were UTC; text that is a date stands for its midnight.
    /// The hour that autumn repeats is drawn twice at one place.
    static func moment(_ value: Answer.Value) -> Double? {
        let local: String
        switch value {
        case .moment(let moment): local = moment.local.replacing(" ", with: "T") + "Z"
        case .text(let day): local = day + "T00:00:00Z"
        default: return nil
        }
        guard let date = try? Date(local, strategy: .iso8601) else { return nil }
        return (date.timeIntervalSince1970 * 1000).rounded()
    }

    // MARK: Words

    /// - Parameter notes: What the reader must know besides.
    func heading(_ notes: [String]) -> JSON {
        let places = Set(answer.rows.map(place)).filter { !$0.isEmpty }
        let about = places.count == 1 && time != nil ? ": " + places.first! : ""
        let sentence = question.components(separatedBy: ". ")[0].trimmingCharacters(in: ["."])
        let asked = [period, stretch.map { "by \($0)" }, answer.zone].compactMap { $0 }.joined(separator: ", ")
        return ["text": sentence + about, "subtitle": [asked] + notes]
    }

    var stretch: String? {
        every.map { every in
            let seconds = Int(every.inSeconds)
            for (unit, name) in [(86_400, "day"), (3600, "h"), (60, "min")] where seconds % unit == 0 {
                return seconds == unit && name == "day" ? "day" : "\(seconds / unit) \(name)"
            }
            return "\(seconds) s"
        }
    }

    /// Said where a picture adds up several stretches of time.
    var sumNote: [String] {
        guard let time, Set(answer.rows.map { $0.values[time] }).count > 1 else { return [] }
        return ["Sums over all stretches of time; what is withheld is left out of them."]
    }

    /// - Parameter mark: How the picture shows what is withheld.
    func withheldNote(_ mark: String) -> [String] {
        guard answer.rows.contains(where: { $0.values.contains(.withheld) }) else { return [] }
        return ["\(mark): withheld, fewer than \(answer.minimumVehicles) vehicles."]
    }
}
