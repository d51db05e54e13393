import Foundation

extension AnswerPlot {
    /// Circles by size and lines by width, each the sum over all rows of its place, both directions of a line together.
    ///
    /// The first figure that is no count gives the colour: the mean of the rows, by their counts.
    var map: JSON? {
        let count = measures.first { unit($0) == nil }
        // Single vehicles are counted by their rows. Where counts can be withheld, and all of them are, nothing is left.
        guard count != nil || answer.minimumVehicles == 1 else { return nil }
        // One that is the same everywhere says nothing.
        let figure = ([column("captured")].compactMap { $0 } + measures).first { column in
            unit(column) != nil && answer.columns[column] != "confidence"
                && Set(answer.rows.compactMap { Self.number($0.values[column]) }).count > 1
        }
        var spots: [Spot] = []
        var known: [Answer.Shape: Int] = [:]
        func spot(_ row: Answer.Row) -> Int? {
            guard let shape = row.shape.map(Self.undirected) else { return nil }
            if let index = known[shape] { return index }
            known[shape] = spots.count
            spots.append(Spot(shape: shape, name: place(row)))
            return spots.count - 1
        }
        // The lines below the points; what connects the rows is not counted.
        for row in answer.links { _ = spot(row) }
        for row in answer.rows {
            guard let index = spot(row) else { continue }
            spots[index].add(
                count.map { Self.number(row.values[$0]) } ?? 1, figure: figure.flatMap { Self.number(row.values[$0]) })
        }
        guard spots.contains(where: { $0.total != nil }) else { return nil }

        let points = spots.filter { $0.shape.points.count == 1 }
        let lines = spots.filter { $0.shape.points.count > 1 }
        var notes = withheldNote(points.isEmpty ? "Missing" : "Hollow")
        if count != nil, !lines.isEmpty { notes.append("Both directions together.") }
        if column("sector") != nil { notes.append("All directions of a camera together.") }
        notes += sumNote
        let amount = count.map(title) ?? (column("seen") == nil ? "legs" : "sights")
        let layers = [
            Self.outline(spots), lines.isEmpty ? nil : drawn(lines: lines, amount: amount, figure: figure),
            points.isEmpty ? nil : hollow(points),
            points.isEmpty ? nil : drawn(points: points, amount: amount, figure: figure),
        ]
        return [
            "title": heading(notes), "width": Self.width, "height": height(spots), "projection": ["type": "mercator"],
            "layer": layers.compactMap { $0 } + Self.scaleBar(spots),
            "resolve": ["scale": ["size": "shared", "color": "shared"]],
        ]
    }

    /// A place and what is drawn there.
    struct Spot {
        var shape: Answer.Shape
        var name: String
        /// Nil while every row is withheld.
        var total: Double?
        var weighted = 0.0
        var weight = 0.0
        var figure: Double? { weight > 0 ? weighted / weight : nil }

        init(shape: Answer.Shape, name: String) {
            self.shape = shape
            self.name = name
        }

        mutating func add(_ amount: Double?, figure: Double?) {
            guard let amount else { return }
            total = (total ?? 0) + amount
            if let figure {
                weighted += figure * amount
                weight += amount
            }
        }
    }

    /// One shape for both directions.
    private static func undirected(_ shape: Answer.Shape) -> Answer.Shape {
        guard case .line(let points) = shape, let first = points.first, let last = points.last else { return shape }
        return first.lexicographicallyPrecedes(last) ? shape : .line(points.reversed())
    }

    private func drawn(points: [Spot], amount: String, figure: Int?) -> JSON {
        let shown = points.filter { $0.total != nil }
        var encoding: JSON = [
            "longitude": ["field": "longitude", "type": "quantitative"],
            "latitude": ["field": "latitude", "type": "quantitative"],
            "size": [
                "field": "amount", "type": "quantitative", "scale": ["zero": true, "rangeMin": 8, "rangeMax": 450],
                "legend": ["title": amount, "tickMinStep": 1],
            ],
            "tooltip": tooltip(amount: amount, figure: figure, prefix: ""),
        ]
        if let figure { encoding["color"] = colour(figure, field: "figure") }
        return [
            "data": [
                // The smallest last, so that none is hidden.
                "values": shown.sorted { $0.total! > $1.total! }.map { spot -> JSON in
                    var value: JSON = [
                        "name": spot.name, "amount": spot.total!, "longitude": spot.shape.points[0][0],
                        "latitude": spot.shape.points[0][1],
                    ]
                    if let figure = spot.figure { value["figure"] = figure }
                    return value
                }
            ],
            "mark": [
                "type": "circle", "opacity": 0.8, "stroke": "white", "strokeWidth": 0.5, "color": Self.colours[0],
            ],
            "encoding": encoding,
        ]
    }

    private func hollow(_ points: [Spot]) -> JSON {
        [
            "data": [
                "values": points.filter { $0.total == nil }.map {
                    ["longitude": $0.shape.points[0][0], "latitude": $0.shape.points[0][1]]
                }
            ],
            "mark": ["type": "point", "color": "#888888", "size": 16, "strokeWidth": 1],
            "encoding": [
                "longitude": ["field": "longitude", "type": "quantitative"],
                "latitude": ["field": "latitude", "type": "quantitative"],
            ],
        ]
    }

    private func drawn(lines: [Spot], amount: String, figure: Int?) -> JSON {
        // The thickest last, so that thin ones beside them don't cut them up; lines of a trace's links have no amount.
        let features = lines.sorted { ($0.total ?? 0) < ($1.total ?? 0) }.map { spot -> JSON in
            var properties: JSON = ["name": spot.name, "amount": spot.total ?? 0]
            if let figure = spot.figure { properties["figure"] = figure }
            return [
                "type": "Feature", "properties": properties,
                "geometry": ["type": "LineString", "coordinates": spot.shape.points],
            ]
        }
        var encoding: JSON = ["tooltip": tooltip(amount: amount, figure: figure, prefix: "properties.")]
        if lines.contains(where: { $0.total != nil }) {
            encoding["strokeWidth"] = [
                "field": "properties.amount", "type": "quantitative",
                "scale": ["zero": true, "rangeMin": 0.3, "rangeMax": 9],
                "legend": ["title": amount, "symbolType": "stroke", "tickMinStep": 1],
            ]
        }
        if let figure, lines.contains(where: { $0.figure != nil }) {
            encoding["stroke"] = colour(figure, field: "properties.figure")
        }
        return [
            "data": ["values": features],
            "mark": [
                "type": "geoshape", "filled": false, "strokeCap": "round", "strokeJoin": "round",
                "stroke": Self.colours[0], "strokeWidth": 1.5,
            ],
            "encoding": encoding,
        ]
    }

    private func colour(_ figure: Int, field: String) -> JSON {
        let unit = unit(figure) ?? ""
        let isShare = unit == "share"
        return [
            "field": field, "type": "quantitative",
            // Without its brightest end, which is lost on white.
            "scale": ["scheme": ["name": "viridis", "extent": [0, 0.88]], "reverse": true],
            "legend": [
                "title": isShare || title(figure) == unit ? title(figure) : "\(title(figure)), \(unit)",
                "gradientLength": 160, "format": isShare ? "%" : ",f",
            ],
        ]
    }

    private func tooltip(amount: String, figure: Int?, prefix: String) -> [JSON] {
        [["field": prefix + "name", "title": "place"], ["field": prefix + "amount", "title": amount]]
            + (figure.map {
                [["field": prefix + "figure", "format": unit($0) == "share" ? ".0%" : ".1f", "title": title($0)]]
            } ?? [])
    }

    /// An invisible frame a little wider than everything, so that no circle is cut off at the edge.
    private static func outline(_ spots: [Spot]) -> JSON {
        let (west, south, east, north) = box(spots)
        let corners = [[west, south], [east, north]]
        return [
            "data": [
                "values": [
                    [
                        "type": "Feature", "properties": [:] as JSON,
                        "geometry": ["type": "MultiPoint", "coordinates": corners],
                    ] as JSON
                ]
            ],
            "mark": ["type": "geoshape", "opacity": 0],
        ]
    }

    /// A line of a round number of metres, about a fifth of the width, at the lower left.
    private static func scaleBar(_ spots: [Spot]) -> [JSON] {
        let (west, south, east, _) = box(spots)
        let metresPerDegree = 111_320 * cos(south * .pi / 180)
        let wished = (east - west) * metresPerDegree / 5
        let power = pow(10, floor(log10(wished)))
        let metres = [5, 2, 1].map { $0 * power }.first { $0 <= wished } ?? power
        let end = west + metres / metresPerDegree
        return [
            [
                "data": [
                    "values": [
                        [
                            "type": "Feature", "properties": [:] as JSON,
                            "geometry": ["type": "LineString", "coordinates": [[west, south], [end, south]]] as JSON,
                        ] as JSON
                    ]
                ],
                "mark": ["type": "geoshape", "filled": false, "stroke": "#444444", "strokeWidth": 2],
            ],
            [
                "data": [
                    "values": [
                        [
                            "longitude": west, "latitude": south,
                            "text": metres >= 1000 ? "\(Int(metres / 1000)) km" : "\(Int(metres)) m",
                        ] as JSON
                    ]
                ],
                "mark": ["type": "text", "align": "left", "dy": -8, "fontSize": 11, "color": "#444444"],
                "encoding": [
                    "longitude": ["field": "longitude", "type": "quantitative"],
                    "latitude": ["field": "latitude", "type": "quantitative"], "text": ["field": "text"],
                ],
            ],
        ]
    }

    private static func box(_ spots: [Spot]) -> (west: Double, south: Double, east: Double, north: Double) {
        let longitudes = spots.flatMap { $0.shape.points.map { $0[0] } }
        let latitudes = spots.flatMap { $0.shape.points.map { $0[1] } }
        let (west, east) = (longitudes.min()!, longitudes.max()!)
        let (south, north) = (latitudes.min()!, latitudes.max()!)
        let margin = 0.03 * max(east - west, north - south, 0.001)
        return (west - margin, south - margin, east + margin, north + margin)
    }

    /// Pixels, by the shape of what is drawn.
    private func height(_ spots: [Spot]) -> Double {
        let (west, south, east, north) = Self.box(spots)
        let stretch = cos((south + north) / 2 * .pi / 180)
        return ((north - south) / ((east - west) * stretch) * Self.width).rounded().clamped(to: 300...900)
    }
}

extension Answer.Shape {
    /// Longitude and latitude of each point; none of an area, which no question answers with.
    var points: [[Double]] {
        switch self {
        case .point(let longitude, let latitude): [[longitude, latitude]]
        case .line(let points): points
        case .geometry: []
        }
    }
}

extension Double {
    func clamped(to range: ClosedRange<Double>) -> Double { min(max(self, range.lowerBound), range.upperBound) }
}
