/// What a database says of itself, without a word of a vehicle. Calls block.
public struct SystemInventory: ~Copyable {
    private let connection: Connection

    /// - Parameter database: A libpq address, of a login that may read the tables of settings and the audit log.
    public init(database: String) throws(QueryError) {
        let opened = try Questions.translated { () throws(DatabaseError) in
            try Connection(database, application: "gantry-report")
        }
        let found = try Questions.translated { () throws(DatabaseError) in try Migrator.version(opened) }
        guard found == Migrator.version else { throw .schema(found: found, needed: Migrator.version) }
        connection = opened
    }

    /// Cameras, UTC days with sightings, the first and the last of them, passages as the planner estimates them, and the
    /// median of the cameras' capture rates in the last seven days, 0...1.
    public struct Stored: Hashable, Sendable {
        public var cameras, days, passages: Int
        public var firstDay, lastDay: String?
        public var captured: Double?
    }

    public func stored() throws(QueryError) -> Stored {
        let rows = try ask(
            """
            SELECT (SELECT count(*) FROM camera), count(*), coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint,
                (SELECT period_start::date FROM movement.extent()), (SELECT (period_end - interval '1 day')::date FROM movement.extent()),
                (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY captured) FROM capture WHERE day > (SELECT max(day) FROM capture) - 7)
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'sighting'::regclass
            """)
        return Stored(
            cameras: rows.integer(0, 0) ?? 0, days: rows.integer(0, 1) ?? 0, passages: rows.integer(0, 2) ?? 0,
            firstDay: rows.values[0][3], lastDay: rows.values[0][4], captured: rows.number(0, 5))
    }

    /// How aggregates are published.
    public struct Publication: Hashable, Sendable {
        public var minimumVehicles, roundTo: Int
        /// `00:05:00`.
        public var shortestBucket: String
        public var noiseEpsilon: Double?
    }

    public func publication() throws(QueryError) -> Publication {
        let rows = try ask("SELECT min_vehicles, round_to, min_bucket, noise_epsilon FROM movement.publication()")
        return Publication(
            minimumVehicles: rows.integer(0, 0) ?? 1, roundTo: rows.integer(0, 1) ?? 1,
            shortestBucket: rows.values[0][2] ?? "", noiseEpsilon: rows.number(0, 3))
    }

    /// The cluster's roles of Gantry, what their comment says they may, and how many logins have them.
    public func roles() throws(QueryError) -> [(name: String, comment: String?, members: Int)] {
        try ask(
            """
            SELECT r.rolname, shobj_description(r.oid, 'pg_authid'),
                (SELECT count(*) FROM pg_roles m WHERE m.rolcanlogin AND NOT m.rolsuper AND pg_has_role(m.oid, r.oid, 'member') AND m.oid <> r.oid)
            FROM pg_roles r WHERE r.rolname ~ '^gantry_' AND NOT r.rolcanlogin ORDER BY r.rolname
            """
        ).values.map { ($0[0] ?? "", $0[1], Int($0[2] ?? "") ?? 0) }
    }

    /// Looks of some days by purpose and action. A purpose is named only where it is a
    /// configured one: what somebody wrote in its place may be a plate.
    public struct Looks: Hashable, Sendable {
        public var purpose, action: String
        public var granted, refused: Int
        /// Granted ones that returned a row; nil where none recorded it.
        public var hits: Int?
    }

    /// - Parameter days: The last ones, today included.
    public func looks(days: Int) throws(QueryError) -> [Looks] {
        let rows = try ask(
            """
            SELECT CASE WHEN p.name IS NOT NULL THEN p.name WHEN coalesce(trim(a.purpose), '') = '' THEN '(none given)' ELSE '(not a configured one)' END, action, count(*) FILTER (WHERE outcome = 'granted'),
                count(*) FILTER (WHERE outcome = 'refused'),
                CASE WHEN count(returned) > 0 THEN count(*) FILTER (WHERE returned > 0) END
            FROM audit a LEFT JOIN purpose p ON p.name = trim(a.purpose)
            WHERE at > now() - $1 * interval '1 day' AND outcome IN ('granted', 'refused') AND action NOT IN ('noise', 'own-zones')
            GROUP BY 1, 2 ORDER BY 1, 2
            """, [String(days)])
        return rows.values.indices.map { row in
            Looks(
                purpose: rows.values[row][0] ?? "", action: rows.values[row][1] ?? "",
                granted: rows.integer(row, 2) ?? 0,
                refused: rows.integer(row, 3) ?? 0, hits: rows.integer(row, 4))
        }
    }

    /// Purposes by name, as table `purpose` has them.
    public func purposes() throws(QueryError) -> [(
        name: String, basis: String, audience: String, alone: String, approved: String
    )] {
        try ask("SELECT name, legal_basis, audience, alone, approved FROM purpose ORDER BY name").values.map {
            ($0[0] ?? "", $0[1] ?? "", $0[2] ?? "", $0[3] ?? "", $0[4] ?? "")
        }
    }

    public func auditEntries() throws(QueryError) -> Int {
        try ask("SELECT count(*) FROM audit").integer(0, 0) ?? 0
    }

    private func ask(_ sql: String, _ parameters: [String?] = []) throws(QueryError) -> Rows {
        try Questions.translated { () throws(DatabaseError) in try connection.query(sql, parameters) }
    }
}
