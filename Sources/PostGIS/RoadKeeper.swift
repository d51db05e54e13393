public import Traffic

/// What an import found.
public struct RoadNetwork: Hashable, Sendable {
    public var nodes, edges: Int
    /// Of all edges; a road with two carriageways counts twice.
    public var kilometres: Double
    /// Strongly connected: inside one, one can drive from everywhere to everywhere.
    public var components: Int
    /// Of the nodes, those in the largest component; 0...1.
    public var largestShare: Double
}

/// Where a camera stands on the network.
public struct CameraOnRoad: Hashable, Sendable {
    public var camera: Camera
    /// To the edge it watches; nil where all roads are over 100 m away.
    public var metres: Double?
    /// The edge's number in the imported file.
    public var road: Int?
    /// Of traffic that it watches: 1 or 2, 0 where it is far from all roads.
    public var directions: Int
}

/// Pairs of cameras that a leg joins.
public struct RoutedPairs: Hashable, Sendable {
    /// Of those without a way: a camera is far from any road, the network has none, both stand at one place.
    public var farFromRoad, noWay, samePlace: Int
    public var found, waiting: Int
}

/// Keeps the road network, the cameras' places on it, and the ways between them.
///
/// Any number may run; one at a time does the work, in transactions of their own, so it may be stopped and started again
/// at any moment. Calls block; use one thread.
public final class RoadKeeper {
    private let address: String
    private var connection: Connection?

    /// - Parameter address: A libpq address.
    public init(database address: String) { self.address = address }

    /// Replaces the network by one-way edges.
    ///
    /// - Parameters:
    ///   - text: GeoJSON, as SQL function `read_roads` takes it.
    ///   - file: Its name, for errors.
    /// - Throws: ``RoadError/badFile(_:reason:)``, and then nothing has changed.
    public func replace(geoJSON text: String, file: String) throws(RoadError) -> RoadNetwork {
        try replace(file) { connection throws(DatabaseError) in try connection.query("SELECT read_roads($1)", [text]) }
    }

    /// Replaces the network by what osm2pgrouting wrote between ``prepare()`` and this.
    public func replaceFromOSM(file: String) throws(RoadError) -> RoadNetwork {
        let network = try replace(file) { connection throws(DatabaseError) in
            let rows = try connection.query("SELECT read_osm_roads()")
            guard rows.values[0][0] != "0" else {
                throw .failed(sqlState: "GN400", message: "it has no road for cars", detail: nil, hint: nil)
            }
            return rows
        }
        try discard()
        return network
    }

    /// How osm2pgrouting reaches this database, whose password goes into its environment alone.
    public struct Target: Sendable {
        public var arguments: [String]
        public var environment: [String: String]
    }

    /// Makes an empty schema for osm2pgrouting.
    public func prepare() throws(RoadError) -> Target {
        try discard()
        return try work { connection throws(DatabaseError) in
            try connection.execute("CREATE SCHEMA gantry_roads_import")
            let server = connection.server()
            return Target(
                arguments: [
                    "--schema", "gantry_roads_import", "--dbname", server.database, "--username", server.user,
                    "--host", server.host, "--port", server.port,
                ], environment: server.password.isEmpty ? [:] : ["PGPASSWORD": server.password])
        }
    }

    /// Drops what osm2pgrouting wrote.
    public func discard() throws(RoadError) {
        _ = try work { connection throws(DatabaseError) in
            try connection.execute("DROP SCHEMA IF EXISTS gantry_roads_import CASCADE")
        }
    }

    private func replace(
        _ file: String, reading read: (borrowing Connection) throws(DatabaseError) -> Rows
    ) throws(RoadError) -> RoadNetwork {
        do throws(RoadError) {
            return try work { connection throws(DatabaseError) in
                try connection.execute("BEGIN")
                _ = try read(connection)
                let found = try connection.query(
                    "SELECT nodes, edges, km, components, largest_share FROM replace_roads()")
                try connection.execute("COMMIT")
                return RoadNetwork(
                    nodes: found.integer(0, 0) ?? 0, edges: found.integer(0, 1) ?? 0,
                    kilometres: found.number(0, 2) ?? 0, components: found.integer(0, 3) ?? 0,
                    largestShare: found.number(0, 4) ?? 0)
            }
        } catch {
            if case .database(.failed("GN400", let message, _, _)) = error {
                throw .badFile(file, reason: message)
            }
            throw error
        }
    }

    /// Finds the edges of cameras that are new, were moved, or are seen for the first time to watch other traffic.
    ///
    /// - Returns: Cameras that changed.
    @discardableResult
    public func snap() throws(RoadError) -> Int {
        try network()
        return try work { connection throws(DatabaseError) in
            try connection.query("SELECT snap_cameras()").integer(0, 0) ?? 0
        }
    }

    /// All cameras, those far from all roads first, then by distance, the farthest first.
    public func cameras() throws(RoadError) -> [CameraOnRoad] {
        let rows = try work { connection throws(DatabaseError) in
            try connection.query(
                """
                SELECT c.name, ST_X(c.position), ST_Y(c.position), c.heading, min(r.metres),
                    (array_agg(e.origin ORDER BY r.metres, r.edge))[1], count(r.edge)
                FROM camera c LEFT JOIN camera_road r ON r.camera_id = c.id LEFT JOIN road_edge e ON e.id = r.edge
                GROUP BY c.id ORDER BY min(r.metres) DESC NULLS FIRST, c.name
                """)
        }
        return rows.values.indices.map { row in
            CameraOnRoad(
                camera: Camera(
                    id: CameraID(rows.values[row][0] ?? ""), longitude: rows.number(row, 1) ?? 0,
                    latitude: rows.number(row, 2) ?? 0, heading: rows.number(row, 3)),
                metres: rows.number(row, 4), road: rows.integer(row, 5), directions: rows.integer(row, 6) ?? 0)
        }
    }

    /// Finds ways between pairs of cameras, for about so long.
    ///
    /// - Returns: Pairs done; 0 when none waits, there is no network, or another process is at it.
    public func advance(budget: Duration) throws(RoadError) -> Int {
        try work { connection throws(DatabaseError) in
            try connection.query("SELECT advance_paths($1)", ["\(budget.inSeconds) seconds"]).integer(0, 0) ?? 0
        }
    }

    public func pairs() throws(RoadError) -> RoutedPairs {
        let rows = try work { connection throws(DatabaseError) in
            try connection.query(
                """
                SELECT count(metres), count(*) FILTER (WHERE no_path = 'far-from-road'), count(*) FILTER (WHERE no_path = 'no-way'),
                    count(*) FILTER (WHERE no_path = 'same-place'), count(*) FILTER (WHERE routed_at IS NULL)
                FROM camera_path
                """)
        }
        return RoutedPairs(
            farFromRoad: rows.integer(0, 1) ?? 0, noWay: rows.integer(0, 2) ?? 0, samePlace: rows.integer(0, 3) ?? 0,
            found: rows.integer(0, 0) ?? 0, waiting: rows.integer(0, 4) ?? 0)
    }

    /// - Throws: ``RoadError/noNetwork``.
    private func network() throws(RoadError) {
        let found = try work { connection throws(DatabaseError) in
            try connection.query("SELECT EXISTS (SELECT FROM road_edge)").truth(0, 0)
        }
        guard found else { throw .noNetwork }
    }

    private func work<Result>(
        _ body: (borrowing Connection) throws(DatabaseError) -> Result
    ) throws(RoadError) -> Result {
        do throws(DatabaseError) {
            if connection == nil { connection = try Connection(address, application: "gantry-roads") }
            return try body(connection!)
        } catch {
            // A transaction that was open goes with it.
            connection = nil
            throw .database(error)
        }
    }
}
