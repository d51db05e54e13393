/// Why a question has no answer. Codes are stable: `QRY1xx`.
public enum QueryError: Error, Equatable, CustomStringConvertible {
    /// The database names the cameras there are.
    case unknownCamera(String)
    case badQuestion(String)
    /// A look at one vehicle without what it takes. The attempt is on record.
    case refused(String)
    /// So often that the answers together would tell too much. The attempt is on record.
    case spent(String)
    case schema(found: Int, needed: Int)
    case database(DatabaseError)

    public var description: String {
        switch self {
        case .unknownCamera(let what): "QRY101 \(what)"
        case .badQuestion(let what): "QRY102 \(what)."
        case .refused(let what): "QRY103 refused: \(what)"
        case .schema(let found, let needed):
            "QRY104 the database is at schema version \(found); this build asks version \(needed). Run `gantry migrate`, or use the build that migrated it."
        case .spent(let what): "QRY105 refused: \(what)"
        case .database(let error): "\(error)"
        }
    }

    init(_ error: DatabaseError) {
        guard case .failed(let state, let message, let detail, let hint) = error else {
            self = .database(error)
            return
        }
        let words = [message + ".", detail, hint].compactMap { $0 }.joined(separator: " ")
        switch state {
        case "GN404": self = .unknownCamera(words)
        case "GN403": self = .refused(words)
        case "GN429": self = .spent(words)
        // Times, dates, intervals and zones that PostgreSQL can't read.
        case "GN400", "22007", "22008", "22023", "22P02":
            self = .badQuestion(hint.map { "\(message): \($0.hasSuffix(".") ? String($0.dropLast()) : $0)" } ?? message)
        default: self = .database(error)
        }
    }
}
