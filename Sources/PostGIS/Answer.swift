import Traffic

/// Rows of an answer, ready to be shown as a table, JSON, CSV or GeoJSON.
public struct Answer: Sendable {
    public enum Format: String, CaseIterable, Sendable { case table, json, csv, geojson }

    public enum Value: Hashable, Sendable {
        case none
        /// A count or figure over fewer vehicles than may be shown.
        case withheld
        case text(String)
        case count(Int)
        /// Shown with one decimal in tables, or with two below 10.
        case number(Double)
        /// 0...1, shown with three decimals in tables; as 0 or 1 only where it is.
        case share(Double)
        /// Of longitude, latitude or heading, shown with all its decimals.
        case degrees(Double)
        case moment(Moment)
        case truth(Bool)
    }

    public enum Shape: Hashable, Sendable {
        /// Longitude, latitude: WGS 84 degrees.
        case point(Double, Double)
        case line([[Double]])
        /// A GeoJSON geometry as it is.
        case geometry(String)
    }

    public struct Row: Hashable, Sendable {
        /// In the order of the columns.
        public var values: [Value]
        /// What GeoJSON shows the row as; nil gives a feature without a place.
        public var shape: Shape?

        public init(_ values: [Value], shape: Shape? = nil) {
            self.values = values
            self.shape = shape
        }
    }

    /// Names as JSON has them; tables show them with spaces.
    public var columns: [String]
    public var rows: [Row]
    /// Features that GeoJSON has beside the rows, for example the lines between sightings.
    public var links: [Row] = []
    public var linkColumns: [String] = []
    /// k: what is withheld is shown as `<k`.
    public var minimumVehicles: Int
    /// The time zone of the times in tables and CSV; JSON has UTC.
    public var zone: String

    public init(columns: [String], rows: [Row], minimumVehicles: Int, zone: String) {
        self.columns = columns
        self.rows = rows
        self.minimumVehicles = minimumVehicles
        self.zone = zone
    }

    /// Text that ends in a newline.
    public func rendered(_ format: Format) -> String {
        switch format {
        case .table: table
        case .json: json
        case .csv: csv
        case .geojson: geojson
        }
    }

    /// Columns padded to their widest value, figures to the right.
    private var table: String {
        guard !rows.isEmpty else { return "No rows.\n" }
        let titles = columns.map { $0.replacing("_", with: " ") }
        let cells = rows.map { $0.values.map(cell) }
        let widths = titles.indices.map { column in
            ([titles[column]] + cells.map { $0[column] }).map(\.count).max() ?? 0
        }
        let right = titles.indices.map { column in
            rows.allSatisfy { row in
                switch row.values[column] {
                case .none, .withheld, .count, .number, .share, .degrees: true
                default: false
                }
            }
        }
        func line(_ texts: [String]) -> String {
            let padded = texts.enumerated().map { column, text in
                let blanks = String(repeating: " ", count: widths[column] - text.count)
                return right[column] ? blanks + text : text + blanks
            }
            var line = padded.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        var text = line(titles) + line(widths.map { String(repeating: "-", count: $0) }) + cells.map(line).joined()
        let values = rows.flatMap(\.values)
        if values.contains(where: { if case .moment = $0 { true } else { false } }) { text += "Times: \(zone).\n" }
        if values.contains(.withheld) {
            text += "<\(minimumVehicles): fewer than \(minimumVehicles) vehicles, withheld.\n"
        }
        return text
    }

    private func cell(_ value: Value) -> String {
        switch value {
        case .none: "-"
        case .withheld: "<\(minimumVehicles)"
        case .text(let text): text
        case .count(let count): "\(count)"
        case .number(let number):
            abs(number) < 10 ? "\((number * 100).rounded() / 100)" : "\((number * 10).rounded() / 10)"
        case .share(let share):
            share <= 0 || share >= 1 ? "\(Int(share))" : "\(min(0.999, max(0.001, (share * 1000).rounded() / 1000)))"
        case .degrees(let degrees): "\(degrees)"
        case .moment(let moment): moment.local
        case .truth(let truth): truth ? "yes" : "no"
        }
    }

    /// RFC 4180: fields with commas, quotes or line ends in quotes. Times are RFC 3339 in UTC; withheld is `<k`.
    private var csv: String {
        func field(_ text: String) -> String {
            text.contains(where: { ",\"\r\n".contains($0) }) ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
        }
        let lines = rows.map { row in
            row.values.map { value in
                switch value {
                case .none: ""
                case .number(let number), .share(let number), .degrees(let number): "\(number)"
                case .moment(let moment): moment.time.rfc3339
                case .truth(let truth): "\(truth)"
                default: field(cell(value))
                }
            }
        }
        return ([columns.map(field)] + lines).map { $0.joined(separator: ",") + "\n" }.joined()
    }

    /// An array of objects; withheld is null with `suppressed` true.
    private var json: String {
        let objects = rows.map { "  {" + JSONText.members(columns, $0.values) + "}" }
        return objects.isEmpty ? "[]\n" : "[\n" + objects.joined(separator: ",\n") + "\n]\n"
    }

    /// RFC 7946: a feature collection, a feature a row.
    private var geojson: String {
        let features = rows.map { (columns, $0) } + links.map { (linkColumns, $0) }
        let texts = features.map { columns, row in
            let geometry =
                switch row.shape {
                case nil: "null"
                case .point(let longitude, let latitude):
                    "{\"type\": \"Point\", \"coordinates\": [\(longitude), \(latitude)]}"
                case .line(let points):
                    "{\"type\": \"LineString\", \"coordinates\": \(points)}"
                case .geometry(let text): text
                }
            return "  {\"type\": \"Feature\", \"geometry\": \(geometry), "
                + "\"properties\": {\(JSONText.members(columns, row.values))}}"
        }
        return "{\"type\": \"FeatureCollection\", \"features\": [\n" + texts.joined(separator: ",\n") + "\n]}\n"
    }
}

/// JSON written by hand: Foundation's encoder can't keep the order of columns.
enum JSONText {
    static func members(_ names: [String], _ values: [Answer.Value]) -> String {
        var members = zip(names, values).map { "\(string($0)): \(value($1))" }
        if values.contains(.withheld) { members.append("\"suppressed\": true") }
        return members.joined(separator: ", ")
    }

    static func value(_ value: Answer.Value) -> String {
        switch value {
        case .none, .withheld: "null"
        case .text(let text): string(text)
        case .count(let count): "\(count)"
        case .number(let number), .share(let number), .degrees(let number): number.isFinite ? "\(number)" : "null"
        case .moment(let moment): string(moment.time.rfc3339)
        case .truth(let truth): "\(truth)"
        }
    }

    static func string(_ text: String) -> String {
        var escaped = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped + "\""
    }
}
