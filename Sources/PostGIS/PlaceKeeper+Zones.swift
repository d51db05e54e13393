/// What an import of zones changes.
public struct ZonePlan: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable { case new, changed, removed }
    public struct Change: Hashable, Sendable {
        public var kind: Kind
        public var zone: String
    }

    /// By name.
    public var changes: [Change]
    public var unchanged: Int
}

extension PlaceKeeper {
    /// Makes the stored zones those of a file: all of them, so that no old zone lies under a new one. Repeating it changes
    /// nothing.
    ///
    /// - Parameters:
    ///   - geoJSON: As for ``Questions/odMatrix(zones:in:every:)``; names must differ.
    ///   - dryRun: Only says what would change.
    /// - Throws: ``PlaceError`` with everything that is wrong, ``QueryError`` for what is not GeoJSON.
    public func importZones(geoJSON: String, dryRun: Bool = false) throws -> ZonePlan {
        try transaction("zone", keep: !dryRun) { connection in
            try connection.execute("CREATE TEMPORARY TABLE wanted (name text, area geometry) ON COMMIT DROP")
            do throws(DatabaseError) {
                try connection.query("INSERT INTO wanted SELECT name, area FROM movement.zones($1)", [geoJSON])
            } catch {
                throw QueryError(error)
            }
            // Cameras within 5 degrees are near: a few hundred kilometres.
            let wrong = try connection.query(
                """
                SELECT 'PLC104 zone ' || name || ' comes ' || count(*) || ' times: each needs a name of its own'
                FROM wanted GROUP BY name HAVING count(*) > 1
                UNION ALL
                SELECT 'PLC101 a zone has a name of ' || char_length(name) || ' characters: 1 to 200 are allowed'
                FROM wanted WHERE char_length(name) NOT BETWEEN 1 AND 200
                UNION ALL
                SELECT 'PLC106 zone ' || name || ' is no proper polygon: ' || ST_IsValidReason(area) FROM wanted WHERE NOT ST_IsValid(area)
                UNION ALL
                SELECT 'PLC102 zone ' || name || ' is not on Earth: longitude comes first, -180 to 180, then latitude, -90 to 90'
                FROM wanted WHERE NOT ST_Envelope(area) @ ST_MakeEnvelope(-180, -90, 180, 90, 4326)
                UNION ALL
                SELECT 'PLC103 zone ' || name || ' is far from all cameras, but not with longitude and latitude swapped: longitude comes first'
                FROM wanted WHERE NOT EXISTS (SELECT FROM camera WHERE ST_DWithin(position, area, 5))
                    AND EXISTS (SELECT FROM camera WHERE ST_DWithin(position, ST_FlipCoordinates(area), 5))
                ORDER BY 1
                """)
            guard wrong.values.isEmpty else { throw PlaceError.problems(wrong.values.map { $0[0] ?? "" }) }
            let rows = try connection.query(
                """
                SELECT coalesce(w.name, z.name), CASE WHEN z.name IS NULL THEN 'new' WHEN w.name IS NULL THEN 'removed'
                    WHEN ST_AsBinary(w.area) <> ST_AsBinary(z.area) THEN 'changed' END
                FROM wanted w FULL JOIN zone z ON z.name = w.name ORDER BY 1
                """)
            if !dryRun {
                try connection.execute(
                    """
                    DELETE FROM zone z WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.name = z.name);
                    INSERT INTO zone (name, area) SELECT name, area FROM wanted ON CONFLICT (name) DO UPDATE SET area = excluded.area
                    """)
            }
            let changes = rows.values.compactMap { row in
                row[1].flatMap(ZonePlan.Kind.init).map { ZonePlan.Change(kind: $0, zone: row[0] ?? "") }
            }
            return ZonePlan(changes: changes, unchanged: rows.values.count - changes.count)
        }
    }
}
