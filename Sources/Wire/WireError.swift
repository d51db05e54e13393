public import Topics

/// Why bytes are not the message that a stage reads, or a value can't become a record.
///
/// Codes are stable: each record that is refused goes to `<topic>.rejected` under one of them.
public enum WireError: CodedError, Equatable {
    /// The header `gantry-type` names another message, or is absent (empty).
    case wrongType(found: String, expected: String)
    /// The header `gantry-schema` names a version that this build does not read, or is absent (empty).
    case unknownVersion(found: String)
    case empty(type: String)
    /// The bytes are not Protobuf: cut short, zeros, or something else altogether.
    case malformed(type: String, bytes: Int)
    case missing(String)
    /// A number that is not finite, negative where it can't be, or outside its range.
    case outOfRange(String, value: String)
    case unknownCase(String, value: Int)
    case badText(String, value: String)
    case tooLarge(String, bytes: Int, limit: Int)

    public var code: String {
        switch self {
        case .wrongType: "WIR101"
        case .unknownVersion: "WIR102"
        case .empty: "WIR103"
        case .malformed: "WIR104"
        case .missing: "WIR105"
        case .outOfRange: "WIR106"
        case .unknownCase: "WIR107"
        case .badText: "WIR108"
        case .tooLarge: "WIR109"
        }
    }

    public var reason: String {
        switch self {
        case .wrongType(let found, let expected):
            found.isEmpty
                ? "the record has no header gantry-type; this stage reads \(expected). Look for a foreign producer on this topic."
                : "the record is a \(found); this stage reads \(expected). Look for a stage with another stage's topic."
        case .unknownVersion(let found):
            found.isEmpty
                ? "the record has no header gantry-schema; this build reads version \(Schema.version)."
                : "the record has schema version \(found); this build reads \(Schema.version). Update readers before writers."
        case .empty(let type): "the record has no value; a \(type) has at least an id."
        case .malformed(let type, let bytes):
            "the \(bytes) bytes are not a \(type): cut short or overwritten. Look at the original in the rejected topic."
        case .missing(let field): "\(field) is missing."
        case .outOfRange(let field, let value): "\(field) is \(value), outside its range."
        case .unknownCase(let field, let value):
            "\(field) has the value \(value), which this build does not know. Update readers before writers."
        case .badText(let field, let value): "\(field) is \(value.debugDescription), which is not allowed there."
        case .tooLarge(let field, let bytes, let limit):
            "\(field) has \(bytes) bytes; at most \(limit) are sent. Lower the camera's resolution or JPEG quality."
        }
    }
}

/// What all messages have in common.
public enum Schema {
    /// The version in the header `gantry-schema`. It grows only when a change is incompatible.
    public static let version = "1"
    /// Most bytes of one frame's JPEG file: 4 MB.
    public static let maximumFrameBytes = 4_000_000
}
