import Crypto

/// Checks a chain of audit entries outside the database that holds them.
///
/// The digest of an entry is SHA-256 over the digest before it and the entry's fields, each as its length in bytes, a
/// colon, the text and a semicolon, or `-;` for null. The first one follows 32 zero bytes. Format 1 covers the fields up
/// to the parameters, format 2 all of them.
public struct AuditChain: Sendable {
    /// What is wrong with a log. Codes are stable: `AUD1xx`. None is reused.
    public enum Break: Error, Equatable, CustomStringConvertible {
        /// Entries are missing before this one, or it was put in.
        case gap(after: Int64, found: Int64)
        /// The entry does not follow from the one before it.
        case unlinked(Int64)
        /// The entry was changed after it was written.
        case changed(Int64)
        /// An entry is not what was signed: the log was made anew from some entry on.
        case rewritten(after: Int64, through: Int64)
        /// The entry is of an older format than the one before it, whose digest covers less.
        case downgraded(Int64)
        /// A line of a file is not as it was exported.
        case unreadable(line: Int64)
        /// The log ends before an entry that was signed.
        case cut(after: Int64, signed: Int64)

        /// For example `AUD103`.
        public var code: String { String(description.prefix(6)) }

        /// The first entry that is wrong or missing, or the last one that may be it.
        public var entry: Int64 {
            switch self {
            case .gap(let after, _), .cut(let after, _): after + 1
            case .unlinked(let id), .changed(let id), .downgraded(let id), .unreadable(let id): id
            case .rewritten(_, let through): through
            }
        }

        public var description: String {
            let what =
                switch self {
                case .gap(let after, let found):
                    "AUD101 entry \(found) follows entry \(after): entries are missing, or out of order, or one was put in"
                case .unlinked(let id): "AUD102 entry \(id) does not follow from the one before it"
                case .changed(let id): "AUD103 entry \(id) was changed after it was written"
                case .rewritten(let after, let through):
                    "AUD104 entry \(through) is not the one that was signed: the log was made anew somewhere after entry \(after)"
                case .downgraded(let id): "AUD105 entry \(id) is of an older format than the one before it"
                case .unreadable(let line): "AUD106 line \(line) is not an entry as `gantry audit export` writes it"
                case .cut(let after, let signed):
                    "AUD107 the log ends with entry \(after), but entry \(signed) was signed: its end was cut off"
                }
            return what + ". Keep everything as it is, and compare it with a backup or an earlier export."
        }
    }

    /// The last entry checked; 0 before the first.
    public private(set) var last: Int64 = 0
    public private(set) var digest = [UInt8](repeating: 0, count: 32)
    private var format = 1
    private let signed: [Int64: [UInt8]]
    private var lastSigned: Int64 = 0

    /// - Parameter signed: Digests of entries that the chain must hold, by id, as checkpoints have them.
    public init(signed: [Int64: [UInt8]] = [:]) { self.signed = signed }

    /// Takes the next entry.
    public mutating func check(_ entry: AuditEntry) throws(Break) {
        let id = entry.id
        guard id == last + 1 else { throw .gap(after: last, found: id) }
        guard entry.previous == digest else { throw .unlinked(id) }
        guard entry.format >= format else { throw .downgraded(id) }
        let covered = entry.format == 1 ? entry.fields.prefix(10) : entry.fields[...]
        guard entry.format <= 2, entry.format > 1 || entry.fields[11] == nil,
            Self.digest(of: covered, after: entry.previous) == entry.digest
        else { throw .changed(id) }
        if let signed = signed[id] {
            guard signed == entry.digest else { throw .rewritten(after: lastSigned, through: id) }
            lastSigned = id
        }
        last = id
        digest = entry.digest
        format = entry.format
    }

    /// Takes the bytes of a whole exported file.
    public mutating func check(file: some Collection<UInt8>) throws(Break) {
        let lines = file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            // What comes after the last end of a line is nothing.
            if index == lines.count - 1, line.isEmpty { break }
            guard index < lines.count - 1, let entry = AuditEntry(line: line) else {
                throw .unreadable(line: Int64(index + 1))
            }
            try check(entry)
        }
    }

    /// To be called after the last entry.
    public func finish() throws(Break) {
        if let missing = signed.keys.filter({ $0 > last }).min() { throw .cut(after: last, signed: missing) }
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
