internal import Foundation

/// Why a text is not the value that a setting wants. The texts go on from the setting's name.
struct PipelineMisfit: Error {
    var code: PipelineProblem.Code
    var what: String
    var remedy: String

    init(_ code: PipelineProblem.Code, _ what: String, _ remedy: String) {
        self.code = code
        self.what = what
        self.remedy = remedy
    }
}

/// How the text of one setting becomes a value.
struct PipelineFormat<Value> {
    var parse: (String) throws(PipelineMisfit) -> Value

    init(_ parse: @escaping (String) throws(PipelineMisfit) -> Value) { self.parse = parse }

    /// Also accepts one word with a meaning of its own.
    func or(_ word: String, _ value: Value) -> PipelineFormat {
        let parse = parse
        return PipelineFormat { text throws(PipelineMisfit) in text == word ? value : try parse(text) }
    }
}

extension PipelineFormat where Value == String {
    static var text: Self { Self { $0 } }

    /// Letters, digits and `._-`, beginning with a letter or digit: safe in topics, keys, paths and labels.
    static func name(longest: Int, upperCase: Bool) -> Self {
        Self { text throws(PipelineMisfit) in
            let letters = upperCase ? "A-Za-z0-9" : "a-z0-9"
            let others = upperCase ? "._-" : "-"
            let fits = text.unicodeScalars.enumerated().allSatisfy { at, scalar in
                switch scalar {
                case "a"..."z", "0"..."9": true
                case "A"..."Z": upperCase
                default: at > 0 && others.unicodeScalars.contains(scalar)
                }
            }
            guard fits, !text.isEmpty, text.unicodeScalars.count <= longest else {
                throw PipelineMisfit(
                    .unusableName, "is '\(text)', which can't be a record key or topic name",
                    "use 1 to \(longest) of \(letters)\(others), beginning with a letter or digit")
            }
            return text
        }
    }
}

extension PipelineFormat where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self { text throws(PipelineMisfit) in
            guard let value = Int(text) else {
                throw PipelineMisfit(
                    .wrongType, "is '\(text)', not a whole number",
                    "write a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return try within(range, value, text)
        }
    }

    /// Bytes, with a unit.
    static func size(_ range: ClosedRange<Int>) -> Self {
        Self { text throws(PipelineMisfit) in
            let units: [(String, Double)] = [
                ("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("KiB", 1024), ("MiB", 1_048_576),
                ("GiB", 1_073_741_824),
            ]
            let bytes = try quantity(text, units, example: "4MB", what: "a size")
            guard bytes >= Double(range.lowerBound), bytes <= Double(range.upperBound) else {
                throw outOfRange(text, "\(range.lowerBound)B", "\(range.upperBound)B")
            }
            return Int(bytes.rounded())
        }
    }
}

extension PipelineFormat where Value == Double {
    static func number(_ range: ClosedRange<Double>) -> Self {
        Self { text throws(PipelineMisfit) in
            guard let value = Double(text), value.isFinite else {
                throw PipelineMisfit(
                    .wrongType, "is '\(text)', not a number",
                    "write a number from \(plain(range.lowerBound)) to \(plain(range.upperBound))")
            }
            return try within(range, value, text)
        }
    }

    /// Above 0 and up to 1, written in per cent.
    static var share: Self {
        Self { text throws(PipelineMisfit) in
            // Divided, not times 0.01: then 0.5% is the same number as 0.005.
            let share = try quantity(text, [("%", 1)], example: "0.5%", what: "a share") / 100
            guard share > 0, share <= 1 else { throw outOfRange(text, "above 0%", "100%") }
            return share
        }
    }

    /// Times a second.
    static func rate(_ range: ClosedRange<Double>) -> Self {
        Self { text throws(PipelineMisfit) in
            let rate = try quantity(text, [("/s", 1), ("/min", 1.0 / 60)], example: "5/s", what: "a rate")
            guard range.contains(rate) else {
                throw outOfRange(text, "\(plain(range.lowerBound))/s", "\(plain(range.upperBound))/s")
            }
            return rate
        }
    }
}

extension PipelineFormat where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self { text throws(PipelineMisfit) in
            let units: [(String, Double)] = [
                ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("m", 60), ("h", 3600), ("d", 86_400),
            ]
            let seconds = try quantity(text, units, example: "2s", what: "a duration")
            let longest = Double(range.upperBound.components.seconds)
            guard seconds <= longest else {
                throw outOfRange(text, pipelineText(range.lowerBound), pipelineText(range.upperBound))
            }
            let value = Duration.nanoseconds(Int64((seconds * 1e9).rounded()))
            guard range.contains(value) else {
                throw outOfRange(text, pipelineText(range.lowerBound), pipelineText(range.upperBound))
            }
            return value
        }
    }
}

extension PipelineFormat where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the cases' names.
    static var word: Self {
        Self { text throws(PipelineMisfit) in
            if let value = Value(rawValue: text) { return value }
            let words = Value.allCases.map(\.rawValue)
            throw PipelineMisfit(
                .unknownWord, "is '\(text)'", "write \(PipelineSpelling.advice(text, among: words))")
        }
    }
}

private func outOfRange(_ text: String, _ lowest: String, _ highest: String) -> PipelineMisfit {
    PipelineMisfit(.outOfRange, "is \(text)", "write a value from \(lowest) to \(highest)")
}

private func within<Number: Comparable>(
    _ range: ClosedRange<Number>, _ value: Number, _ text: String
) throws(PipelineMisfit) -> Number {
    guard range.contains(value) else { throw outOfRange(text, plain(range.lowerBound), plain(range.upperBound)) }
    return value
}

/// A number without the `.0` of a whole one.
private func plain<Number>(_ value: Number) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Splits `1.5s` into number and unit and multiplies them.
private func quantity(
    _ text: String, _ units: [(name: String, factor: Double)], example: String, what: String
) throws(PipelineMisfit) -> Double {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    let names = units.map(\.name).joined(separator: ", ")
    guard let number = Double(digits), number.isFinite else {
        throw PipelineMisfit(.wrongType, "is '\(text)', not \(what)", "write a number with a unit, such as \(example)")
    }
    guard !unit.isEmpty else {
        throw PipelineMisfit(
            .missingUnit, "is '\(text)', \(what) without a unit", "add one of \(names), as in \(example)")
    }
    guard let factor = units.first(where: { $0.name == unit })?.factor else {
        throw PipelineMisfit(.wrongUnit, "is '\(text)', with the unknown unit '\(unit)'", "use one of \(names)")
    }
    return number * factor
}

/// The shortest way to write a duration that reads back exactly.
func pipelineText(_ duration: Duration) -> String {
    let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    let units: [(String, Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ]
    for (name, size) in units where nanoseconds != 0 && nanoseconds % size == 0 {
        return "\(nanoseconds / size)\(name)"
    }
    return nanoseconds == 0 ? "0s" : "\(plain(Double(nanoseconds) / 1000))us"
}
