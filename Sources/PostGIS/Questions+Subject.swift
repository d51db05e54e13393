extension Questions {
    /// All that is stored of one plate, for the person whose it is. On the audit log before it is returned, refused or not.
    ///
    /// - Parameter tokens: One for each token epoch.
    /// - Returns: The entry, and a JSON array of passages, oldest first, with texts sealed.
    /// - Throws: ``QueryError/refused(_:)``, which names the audit entry.
    public func subjectExport(
        tokens: [[UInt8]], purpose: String?, caseNumber: String?
    ) throws(QueryError) -> (auditID: Int64, passages: String) {
        let row = try ask(
            "SELECT audit_id, passages FROM movement.subject_export($1, $2, $3)",
            [Literal.array(tokens), purpose, caseNumber]
        ).values[0]
        return (Int64(row[0] ?? "") ?? 0, row[1] ?? "[]")
    }

    /// Takes what names a vehicle away from its passages. Journeys and legs follow when ``LegKeeper`` has been at it.
    ///
    /// - Throws: ``QueryError/refused(_:)``, which names the audit entry.
    public func subjectErase(
        tokens: [[UInt8]], purpose: String?, caseNumber: String?
    ) throws(QueryError) -> (auditID: Int64, passages: Int, pictures: Int) {
        let rows = try ask(
            "SELECT audit_id, sightings, pictures FROM movement.subject_erase($1, $2, $3)",
            [Literal.array(tokens), purpose, caseNumber])
        return (Int64(rows.integer(0, 0) ?? 0), rows.integer(0, 1) ?? 0, rows.integer(0, 2) ?? 0)
    }
}
