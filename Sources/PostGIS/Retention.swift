/// Takes whole UTC days away. Calls block.
public struct Retention: ~Copyable {
    private let connection: Connection

    /// - Parameter database: A libpq address.
    public init(database: String) throws(QueryError) {
        connection = try Questions.translated { () throws(DatabaseError) in
            try Connection(database, application: "gantry-retention")
        }
    }

    /// Drops a day's sightings, crops, journeys and legs, and closes the day: its passages are rejected (`SNK308`) from
    /// then on. Journeys over its midnights are cut when a ``LegKeeper`` next advances. Safe to repeat.
    ///
    /// - Parameters:
    ///   - day: UTC, as in `2026-03-02`; it must be over.
    ///   - reason: For the record; not blank.
    /// - Returns: Sightings that the day had; 0 when it had none, or was dropped before.
    /// - Throws: ``QueryError/badQuestion(_:)`` for what is not a day that is over.
    public func drop(day: String, reason: String) throws(QueryError) -> Int {
        try Questions.translated { () throws(DatabaseError) in
            try connection.query("SELECT drop_day($1, $2)", [day, reason])
        }.integer(0, 0) ?? 0
    }
}
