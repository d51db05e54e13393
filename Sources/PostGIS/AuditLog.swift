/// The append-only record of looks at single vehicles, as it is stored.
public struct AuditLog: ~Copyable {
    /// One entry.
    public struct Entry: Hashable, Sendable {
        public var id: Int64
        /// What the digest covers, in its order: id, at, actor, client, action, outcome, reason, purpose, case number,
        /// parameters, format, rows returned; nil for null. Format 1 leaves the last two out.
        public var fields: [String?]
        public var previous, digest: [UInt8]

        public init(id: Int64, fields: [String?], previous: [UInt8], digest: [UInt8]) {
            self.id = id
            self.fields = fields
            self.previous = previous
            self.digest = digest
        }
    }

    private let connection: Connection

    public init(database: String) throws(DatabaseError) {
        connection = try Connection(database, application: "gantry-audit")
    }

    /// Entries after one, oldest first.
    ///
    /// - Parameter id: 0 for the beginning.
    public func entries(after id: Int64, limit: Int = 10_000) throws(DatabaseError) -> [Entry] {
        let rows = try connection.query(
            """
            SELECT id, audit_moment(at), actor, client, action, outcome, reason, purpose, case_number, parameters, format,
                returned, previous, digest
            FROM audit WHERE id > $1 ORDER BY id LIMIT $2
            """, [String(id), String(limit)])
        return try rows.values.map { row throws(DatabaseError) in
            Entry(
                id: Int64(row[0]!)!, fields: Array(row[0..<12]), previous: try Literal.bytes(row[12]!),
                digest: try Literal.bytes(row[13]!))
        }
    }

    /// Sets k, on the record; nothing when it is so already.
    public func setMinimumVehicles(_ k: Int) throws(DatabaseError) {
        try connection.query("SELECT set_min_vehicles($1)", [String(k)])
    }
}
