import Foundation

/// One entry of the audit log, and its line in an exported file.
public struct AuditEntry: Hashable, Sendable {
    /// Entry, at, actor, client, action, outcome, reason, purpose, case number, parameters, format and rows returned, as the
    /// digest takes them; nil for null.
    public var fields: [String?]
    public var previous, digest: [UInt8]

    /// - Parameter fields: Twelve.
    public init(fields: [String?], previous: [UInt8], digest: [UInt8]) {
        precondition(fields.count == 12, "an entry has twelve fields")
        self.fields = fields
        self.previous = previous
        self.digest = digest
    }

    public var id: Int64 { fields[0].flatMap { Int64($0) } ?? 0 }
    public var format: Int { fields[10].flatMap { Int($0) } ?? 0 }
    /// Rows that the look returned.
    public var returned: Int64? { fields[11].flatMap { Int64($0) } }

    /// Names of the fields, in their order.
    public static let names = [
        "entry", "at", "actor", "client", "action", "outcome", "reason", "purpose", "case", "parameters", "format",
        "returned",
    ]
    private static let numbers: Set = [0, 10, 11]

    /// JSON in one line, without its end: the fields in their order, then both digests in hexadecimal. One entry has one
    /// line, to the byte. Parameters are text, since the digest is over their very characters.
    public var line: [UInt8] {
        var text = "{"
        for (index, name) in Self.names.enumerated() {
            text += "\"\(name)\":"
            text += fields[index].map { Self.numbers.contains(index) ? $0 : Self.quoted($0) } ?? "null"
            text += ","
        }
        text += "\"previous\":\"\(hexadecimal(previous))\",\"digest\":\"\(hexadecimal(digest))\"}"
        return Array(text.utf8)
    }

    /// Nil for bytes that are not exactly a line.
    public init?(line: some Collection<UInt8>) {
        guard let read = try? JSONDecoder().decode(Line.self, from: Data(line)), let previous = bytes(read.previous),
            let digest = bytes(read.digest)
        else { return nil }
        self.init(
            fields: [
                "\(read.entry)", read.at, read.actor, read.client, read.action, read.outcome, read.reason, read.purpose,
                read.case, read.parameters, "\(read.format)", read.returned.map { "\($0)" },
            ], previous: previous, digest: digest)
        // Other blanks, escapes, names or orders would be changes that the digest does not see.
        guard self.line.elementsEqual(line) else { return nil }
    }

    private struct Line: Decodable {
        var entry: Int64
        var at, actor, client, action, outcome: String
        var reason, purpose, `case`: String?
        var parameters: String
        var format: Int
        var returned: Int64?
        var previous, digest: String
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 32:
                quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// Two small digits a byte.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// Nil for what ``hexadecimal(_:)`` does not write.
func bytes(_ hexadecimal: some StringProtocol) -> [UInt8]? {
    let digits = Array(hexadecimal.utf8)
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}
