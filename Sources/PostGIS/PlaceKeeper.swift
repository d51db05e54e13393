import Traffic

/// Keeps cameras' places and zones as data. Calls block; each change is one transaction, all of it or nothing.
public struct PlaceKeeper: ~Copyable {
    private let connection: Connection

    /// - Parameter database: A libpq address.
    public init(database: String) throws {
        let opened = try Connection(database, application: "gantry-places")
        let found = try Migrator.version(opened)
        guard found == Migrator.version else { throw QueryError.schema(found: found, needed: Migrator.version) }
        connection = opened
    }

    /// Brings cameras to where a file has them. Repeating it changes nothing.
    ///
    /// - Parameters:
    ///   - start: From when on, for entries that don't say.
    ///   - dryRun: Only says what would change.
    /// - Throws: ``PlaceError``, ``DatabaseError``.
    public func importCameras(
        _ entries: [CameraEntry], start: CameraEntry.Start?, dryRun: Bool = false
    ) throws -> CameraPlan {
        try transaction("camera_place", keep: !dryRun) { connection in
            let known = CameraPlaces(
                try connection.query(
                    "SELECT camera, audit_moment(valid_from), longitude, latitude, heading FROM movement.camera_places()"
                ))
            let now = try connection.query("SELECT audit_moment(now())").moment(0, 0)
            let plan = try CameraPlan(entries, start: start, known: known, now: now)
            if !dryRun {
                for (id, stays) in plan.stays.sorted(by: { $0.key < $1.key }) { try place(id, stays) }
            }
            return plan
        }
    }

    /// Runs work alone on a table, which others may read meanwhile.
    func transaction<Result>(
        _ table: String, keep: Bool, _ work: (borrowing Connection) throws -> Result
    ) throws -> Result {
        try connection.execute("BEGIN; LOCK TABLE \(table) IN SHARE ROW EXCLUSIVE MODE")
        do {
            let result = try work(connection)
            try connection.execute(keep ? "COMMIT" : "ROLLBACK")
            return result
        } catch {
            _ = try? connection.execute("ROLLBACK")
            throw error
        }
    }

    private func place(_ id: CameraID, _ stays: [CameraPlaces.Stay]) throws {
        func values(_ stay: CameraPlaces.Stay) -> [String?] {
            let camera = stay.camera
            return [
                id.text, "\(camera.longitude)", "\(camera.latitude)", camera.heading.map { "\($0)" },
            ]
        }
        // A new one gets its first place by itself.
        try connection.query(
            """
            INSERT INTO camera (name, position, heading) VALUES ($1, ST_SetSRID(ST_MakePoint($2, $3), 4326), $4)
            ON CONFLICT (name) DO NOTHING
            """, values(stays[0]))
        try connection.query(
            "DELETE FROM camera_place p USING camera c WHERE c.id = p.camera_id AND c.name = $1", [id.text])
        for stay in stays {
            try connection.query(
                """
                INSERT INTO camera_place (camera_id, valid_from, position, heading)
                SELECT c.id, coalesce($5::timestamptz, '-infinity'), ST_SetSRID(ST_MakePoint($2, $3), 4326), $4
                FROM camera c WHERE c.name = $1
                """, values(stay) + [stay.from?.rfc3339])
        }
    }
}
