import Foundation

extension AnswerPlot {
    /// Origins down, destinations across, sums over all stretches of time.
    func matrix(origin: Int, destination: Int) -> JSON? {
        guard let count = column("estimated") ?? measures.first(where: { unit($0) == nil }) else { return nil }
        struct Pair: Hashable { var origin, destination: String }
        var sums: [Pair: Double?] = [:]
        // Where a count is shown, an estimate can still be unknown.
        var withheld: Set<Pair> = []
        for row in answer.rows {
            guard case .text(let from) = row.values[origin], case .text(let to) = row.values[destination] else {
                continue
            }
            let pair = Pair(origin: from, destination: to)
            if row.values[count] == .withheld { withheld.insert(pair) }
            switch (sums[pair] ?? nil, Self.number(row.values[count])) {
            case (let sum?, let value?): sums[pair] = sum + value
            case (nil, let value?): sums[pair] = value
            case (let sum, nil): sums[pair] = .some(sum)
            }
        }
        guard sums.contains(where: { $0.value != nil }) else { return nil }

        let zones = Set(sums.keys.flatMap { [$0.origin, $0.destination] })
            .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
        let cell = zones.count <= 12 ? 46.0 : zones.count <= 40 ? 25 : max(4, 900 / Double(zones.count))
        let most = sums.values.compactMap { $0 }.max()!
        let values = sums.map { pair, sum -> JSON in
            [
                "origin": pair.origin, "destination": pair.destination, "value": sum.map { $0 as Any } ?? NSNull(),
                "text": sum.map { "\(Int($0))" } ?? (withheld.contains(pair) ? "<\(answer.minimumVehicles)" : "?"),
                "dark": (sum ?? 0) > most / 5,
            ]
        }.sorted {
            ($0["origin"] as! String, $0["destination"] as! String) < (
                $1["origin"] as! String, $1["destination"] as! String
            )
        }
        let axis: JSON = ["grid": false, "ticks": false, "domain": false, "labelOverlap": zones.count > 40]
        func place(_ name: String, _ extra: JSON) -> JSON {
            [
                "field": name, "type": "nominal", "scale": ["domain": zones],
                "axis": axis.merging(extra.merging(["title": name]) { $1 }) { $1 },
            ]
        }
        var layers: [JSON] = [
            [
                "transform": [["filter": "datum.value === null"]], "mark": ["type": "rect", "color": "#dddddd"],
            ],
            [
                "transform": [["filter": "datum.value !== null"]], "mark": ["type": "rect"],
                "encoding": [
                    "color": [
                        "field": "value", "type": "quantitative",
                        "scale": ["type": "sqrt", "scheme": "viridis", "reverse": true, "domainMin": 0],
                        "legend": ["title": title(count), "gradientLength": 200],
                    ],
                    "tooltip": [
                        ["field": "origin"], ["field": "destination"], ["field": "value", "title": title(count)],
                    ],
                ],
            ],
        ]
        if zones.count <= 40 {
            layers.append([
                "mark": ["type": "text", "fontSize": zones.count <= 12 ? 12 : 8],
                "encoding": [
                    "text": ["field": "text"],
                    "color": [
                        "condition": ["test": "datum.dark", "value": "white"], "value": "#333333",
                    ],
                ],
            ])
        }
        var notes = withheldNote("Grey")
        if sums.count < zones.count * zones.count { notes.append("White: no journey.") }
        notes += sumNote
        return [
            "title": heading(notes), "data": ["values": values], "width": ["step": cell], "height": ["step": cell],
            "encoding": [
                "x": place("destination", ["orient": "top", "labelAngle": -90]),
                "y": place("origin", [:]),
            ],
            "layer": layers,
        ]
    }
}
