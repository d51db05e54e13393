import Foundation
import Traffic

extension AnswerPlot {
    /// A panel for each unit, one above the other, with one axis of time: a curve for each measure of the one place there
    /// is, or one for each of several places.
    func curves(over time: Int) -> JSON? {
        let places = Set(answer.rows.map(place)).sorted()
        var panels: [Panel] = []
        for column in measures {
            if let known = panels.firstIndex(where: { $0.unit == unit(column) }) {
                panels[known].columns.append(column)
            } else {
                panels.append(Panel(unit: unit(column), columns: [column]))
            }
        }
        // What was measured comes first, and how many it was measured on below.
        panels = panels.filter { $0.unit != nil } + panels.filter { $0.unit == nil }
        let moments = answer.rows.compactMap { Self.moment($0.values[time]) }
        guard !panels.isEmpty, let first = moments.min(), let last = moments.max() else { return nil }

        let isByDay = answer.columns[time] == "day"
        let step = isByDay ? 86_400_000 : (every?.inSeconds ?? 0) * 1000
        var axis: JSON = [
            "labelOverlap": true, "title": NSNull(),
            "labelExpr":
                "utchours(datum.value) + utcminutes(datum.value) == 0 ? utcFormat(datum.value, '%-d %b') : utcFormat(datum.value, '%H:%M')",
        ]
        let drawn = panels.indices.map { index in
            if index == panels.count - 1 { axis["title"] = "local time (\(isByDay ? "UTC" : answer.zone))" }
            let x: JSON = [
                "field": "time", "type": "temporal", "axis": axis,
                "scale": ["type": "utc", "domain": [first, last + step], "nice": false],
            ]
            var layers = [lines(panels[index], places: places, time: time, step: step, x: x, isMain: index == 0)]
            if places.count == 1, step > 0 {
                layers.insert(bands(panels[index], time: time, step: step, x: x), at: 0)
            }
            return ["width": Self.width, "height": index == 0 ? 280 : 140, "layer": layers] as JSON
        }
        return [
            "title": heading(withheldNote(places.count == 1 ? "Grey" : "Gaps")), "vconcat": drawn, "spacing": 18,
            "resolve": ["scale": ["color": "independent", "strokeDash": "independent"]],
        ]
    }

    private struct Panel {
        var unit: String?
        var columns: [Int]
    }

    /// - Parameters:
    ///   - step: Milliseconds of a stretch; what was counted in it is drawn at its middle.
    ///   - x: The axis of time.
    private func lines(
        _ panel: Panel, places: [String], time: Int, step: Double, x: JSON, isMain: Bool
    ) -> JSON {
        let isOne = places.count == 1
        // Of several places only the first measure, or nobody could read it.
        let columns = isOne ? panel.columns : [panel.columns[0]]
        var data: [JSON] = []
        for place in places {
            let rows = answer.rows.filter { self.place($0) == place }
            for column in columns {
                let curve = isOne ? title(column) : place
                var before: Double?
                for row in rows {
                    guard let start = Self.moment(row.values[time]) else { continue }
                    // A stretch without a row breaks the curve: nothing was seen then.
                    if let before, step > 0, start - before > step * 1.5 {
                        data.append(["time": before + step * 1.5, "curve": curve, "value": NSNull()])
                    }
                    let value: Any = Self.number(row.values[column]) ?? NSNull()
                    data.append(["time": start + step / 2, "curve": curve, "value": value])
                    before = start
                }
            }
        }
        let names = isOne ? columns.map(title) : places
        let measure = title(columns[0])
        let axisTitle =
            switch (panel.unit, isOne) {
            case (let unit?, true): unit
            case (let unit?, false): measure == unit ? unit : "\(measure), \(unit)"
            case (nil, _): names.count > 1 && isOne ? "number" : measure
            }
        let isShare = panel.unit == "share"
        // Where all is zero, an axis would reach below it.
        let isFlat = data.allSatisfy { ($0["value"] as? Double ?? 0) == 0 }
        let legend: Any = names.count == 1 ? NSNull() : ["title": NSNull(), "symbolType": "stroke", "symbolSize": 300]
        // Measures of one place often lie on each other, so the later ones are dashed and let the first be seen.
        let dashes =
            isOne
            ? [[1, 0], [6, 4], [2, 3], [9, 3], [4, 2], [1, 2], [8, 8]] : Array(repeating: [1, 0], count: 7)
        return [
            "data": ["values": data],
            "mark": [
                "type": "line", "invalid": "break-paths-show-path-domains", "strokeWidth": 2,
                "point": ["size": data.count > 300 ? 8 : 20, "filled": true],
            ],
            "encoding": [
                "x": x,
                "y": [
                    "field": "value", "type": "quantitative",
                    "scale": isFlat ? ["domain": [0, 1]] : ["zero": true, "nice": true],
                    "axis": ["title": axisTitle, "format": isShare ? "%" : ",f", "tickCount": isMain ? 6 : 4],
                ],
                "color": [
                    "field": "curve", "type": "nominal", "legend": legend,
                    "scale": ["domain": names, "range": Array(Self.colours.prefix(names.count))],
                ],
                "strokeDash": [
                    "field": "curve", "type": "nominal", "legend": legend,
                    "scale": ["domain": names, "range": Array(dashes.prefix(names.count))],
                ],
                "tooltip": [
                    ["field": "curve", "title": "curve"],
                    ["field": "value", "type": "quantitative", "title": axisTitle],
                    ["field": "time", "type": "temporal", "format": "%-d %b %H:%M", "title": "time"],
                ],
            ] as JSON,
        ]
    }

    /// Grey where figures of the panel are withheld, one band for stretches in a row.
    private func bands(_ panel: Panel, time: Int, step: Double, x: JSON) -> JSON {
        var bands: [(time: Double, until: Double)] = []
        for row in answer.rows where panel.columns.contains(where: { row.values[$0] == .withheld }) {
            guard let start = Self.moment(row.values[time]) else { continue }
            if let last = bands.last, start - last.until < step / 2 {
                bands[bands.count - 1].until = start + step
            } else {
                bands.append((start, start + step))
            }
        }
        return [
            "data": ["values": bands.map { ["time": $0.time, "until": $0.until] }],
            "mark": ["type": "rect", "color": "#dddddd"], "encoding": ["x": x, "x2": ["field": "until"]],
        ]
    }
}
