/// What single vehicles may be looked at for, and the approvals of looks that take two persons. Calls block.
public struct Authority: ~Copyable {
    private let connection: Connection

    /// - Parameter database: A libpq address; its login is who asks, and is put on record.
    public init(database: String) throws(QueryError) {
        let opened = try Questions.translated { () throws(DatabaseError) in
            try Connection(database, application: "gantry-authority")
        }
        let found = try Questions.translated { () throws(DatabaseError) in try Migrator.version(opened) }
        guard found == Migrator.version else { throw .schema(found: found, needed: Migrator.version) }
        connection = opened
    }

    /// Makes the purposes those of a list, on the record. All of it is done or nothing; repeating it changes nothing.
    ///
    /// - Parameter json: An array of objects with the columns of table `purpose`: `name`, `legal_basis`, `alone` and
    ///   `approved`, the others where they differ from the table's defaults.
    /// - Returns: What changed: `new`, `changed` or `removed`, by name.
    /// - Throws: ``QueryError/badQuestion(_:)`` for a list that is none, or ages that are no intervals.
    public func importPurposes(json: String, dryRun: Bool = false) throws(QueryError) -> [(
        name: String, change: String
    )] {
        try Questions.translated { () throws(DatabaseError) in
            try connection.execute("BEGIN")
            do throws(DatabaseError) {
                let rows = try connection.query("SELECT name, change FROM import_purposes($1::jsonb)", [json])
                try connection.execute(dryRun ? "ROLLBACK" : "COMMIT")
                return rows.values.map { (name: $0[0] ?? "", change: $0[1] ?? "") }
            } catch {
                _ = try? connection.execute("ROLLBACK")
                throw error
            }
        }
    }

    /// The purposes, by name.
    public func purposes() throws(QueryError) -> Answer {
        try answer(
            """
            SELECT name, legal_basis, audience, alone, approved, user_looks, case_looks, user_tokens, case_tokens
            FROM purpose ORDER BY name
            """)
    }

    /// Looks of the last 30 days that wait for a second person, oldest first.
    public func requests() throws(QueryError) -> Answer {
        try answer(
            """
            SELECT request, audit_moment(at) AS at, asked_by, action, purpose, legal_basis, case_number AS "case",
                audit_moment(period_start) AS "from", audit_moment(period_end) AS "to", tokens
            FROM looks_to_approve()
            """)
    }

    /// Allows a look that was refused for want of a second person: for its user, purpose, case, vehicle and period alone.
    ///
    /// - Parameters:
    ///   - request: The number of the refusal's audit entry.
    ///   - reason: For the record; not blank.
    /// - Returns: Until when it can be used: RFC 3339, UTC.
    /// - Throws: ``QueryError/refused(_:)`` for one's own request, ``QueryError/badQuestion(_:)`` for what waits for none.
    public func approve(request: Int64, reason: String) throws(QueryError) -> String {
        try Questions.translated { () throws(DatabaseError) in
            try connection.query("SELECT audit_moment(approve_look($1, $2))", ["\(request)", reason]).values[0][0] ?? ""
        }
    }

    private func answer(_ sql: String) throws(QueryError) -> Answer {
        let rows = try Questions.translated { () throws(DatabaseError) in try connection.query(sql) }
        return Answer(
            columns: rows.columns,
            rows: rows.values.map { row in Answer.Row(row.map { $0.map { .text($0) } ?? .none }) }, minimumVehicles: 1,
            zone: "UTC")
    }
}
