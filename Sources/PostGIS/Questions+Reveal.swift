public import Traffic

/// What is sealed of one passage. Opened with the day's key, outside the database.
public struct SealedPassage: Hashable, Sendable {
    public var auditID: Int64
    public var camera: CameraID
    /// Nil where nothing was read.
    public var text: [UInt8]?
    /// Nil unless asked for, and where there is none.
    public var crop: [UInt8]?
}

extension Questions {
    /// The sealed text of one passage, and its sealed crop. On the audit log before it is handed out, refused or not.
    ///
    /// - Parameters:
    ///   - purpose: One of ``Authority/purposes()``. Nil, or blank, is refused, and so is `caseNumber`.
    ///   - crop: Whether the crop is wanted too.
    /// - Returns: Nil when there is no such passage.
    /// - Throws: ``QueryError/refused(_:)``, which names the audit entry.
    public func reveal(
        _ passage: PassageReference, purpose: String?, caseNumber: String?, crop: Bool
    ) throws(QueryError) -> SealedPassage? {
        let rows = try ask(
            "SELECT audit_id, camera, sealed_text, sealed_crop FROM movement.reveal($1, $2, $3, $4, $5)",
            [
                Literal.bytea(passage.passage.bytes), passage.seen.rfc3339, purpose, caseNumber, "\(crop)",
            ])
        guard let row = rows.values.first else { return nil }
        return try Self.translated { () throws(DatabaseError) in
            func bytes(_ column: Int) throws(DatabaseError) -> [UInt8]? {
                guard let text = row[column] else { return nil }
                return try Literal.bytes(text)
            }
            return SealedPassage(
                auditID: Int64(row[0]!)!, camera: CameraID(row[1]!), text: try bytes(2), crop: try bytes(3))
        }
    }
}
