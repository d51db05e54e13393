import Crypto

/// Checks a chain of audit entries outside the database that holds them.
///
/// The digest of an entry is SHA-256 over the digest before it and the entry's fields, each as its length in bytes, a
/// colon, the text and a semicolon, or `-;` for null. The first one follows 32 zero bytes. Format 1 covers the fields up
/// to the parameters, format 2 all of them.
public struct AuditChain: Sendable {
    public enum Break: Error, Equatable, CustomStringConvertible {
        /// Entries are missing before this one, or it was put in.
        case gap(after: Int64, found: Int64)
        /// The entry does not follow from the one before it.
        case unlinked(Int64)
        /// The entry was changed after it was written.
        case changed(Int64)
        /// The entry is of an older format than the one before it, whose digest covers less.
        case downgraded(Int64)
        /// An entry that was noted down earlier is not in the chain any more.
        case headLost(Int64)

        public var description: String {
            let what =
                switch self {
                case .gap(let after, let found): "AUD101 entry \(found) follows entry \(after): entries are missing"
                case .unlinked(let id): "AUD102 entry \(id) does not follow from the one before it"
                case .changed(let id): "AUD103 entry \(id) was changed after it was written"
                case .downgraded(let id): "AUD105 entry \(id) is of an older format than the one before it"
                case .headLost(let id): "AUD104 entry \(id) is not what was noted down: the log was cut or rewritten"
                }
            return what + ". Keep the database as it is, and compare it with a backup."
        }
    }

    /// The last entry checked; 0 before the first.
    public private(set) var last: Int64 = 0
    public private(set) var digest = [UInt8](repeating: 0, count: 32)
    private var format = 1
    private let noted: (id: Int64, digest: [UInt8])?

    /// - Parameter noted: An entry's id and digest as an earlier check printed them; the chain must still hold it.
    public init(noted: (id: Int64, digest: [UInt8])? = nil) { self.noted = noted }

    /// Takes the next entry.
    ///
    /// - Parameter fields: Entry, at, actor, client, action, outcome, reason, purpose, case number, parameters, format and
    ///   rows returned; nil for null.
    public mutating func check(fields: [String?], previous: [UInt8], digest stored: [UInt8]) throws(Break) {
        precondition(fields.count == 12, "an entry has twelve fields")
        let id = fields[0].flatMap { Int64($0) } ?? 0, entryFormat = fields[10].flatMap { Int($0) } ?? 0
        guard id == last + 1 else { throw .gap(after: last, found: id) }
        guard previous == digest else { throw .unlinked(id) }
        guard entryFormat >= format else { throw .downgraded(id) }
        guard entryFormat <= 2, entryFormat > 1 || fields[11] == nil,
            Self.digest(of: entryFormat == 1 ? fields.prefix(10) : fields[...], after: previous) == stored
        else { throw .changed(id) }
        if let noted, noted.id == id, noted.digest != stored { throw .headLost(id) }
        last = id
        digest = stored
        format = entryFormat
    }

    /// To be called after the last entry.
    public func finish() throws(Break) {
        if let noted, noted.id > last { throw .headLost(noted.id) }
    }

    static func digest(of fields: ArraySlice<String?>, after previous: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: previous)
        for field in fields {
            hash.update(data: Array((field.map { "\($0.utf8.count):\($0);" } ?? "-;").utf8))
        }
        return Array(hash.finalize())
    }
}
