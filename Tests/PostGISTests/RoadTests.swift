import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// A square of four streets of a kilometre, each with an edge for either direction, and a lonely street 2 km east of it.
///
///     4 ---- 3
///     |      |        1-2, 2-3, 3-4: 10 m/s. 4-1: 1 m/s. 5-6: 10 m/s.
///     1 ---- 2   5-6
enum RoadTown {
    /// By the number of the street, and 100 more for the other direction.
    private static let streets: [(id: Int, from: Int, to: Int, speed: Double)] = [
        (1, 1, 2, 10), (2, 2, 3, 10), (3, 3, 4, 10), (4, 4, 1, 1), (5, 5, 6, 10),
    ]
    private static let junctions: [Int: (x: Double, y: Double)] = [
        1: (0, 0), 2: (1000, 0), 3: (1000, 1000), 4: (0, 1000), 5: (3000, 0), 6: (4000, 0),
    ]

    /// Metres east and north of junction 1.
    static func degrees(_ x: Double, _ y: Double) -> (longitude: Double, latitude: Double) {
        (4.34 + x / 70_290, 50.87 + y / 111_250)
    }

    static func camera(_ id: CameraID, _ x: Double, _ y: Double, heading: Double? = nil) -> Camera {
        let place = degrees(x, y)
        return Camera(id: id, longitude: place.longitude, latitude: place.latitude, heading: heading)
    }

    static func edge(_ id: Int, from: Int, to: Int, _ points: [(Double, Double)], metres: Double, speed: Double)
        -> String
    {
        let line = points.map { degrees($0.0, $0.1) }.map { "[\($0.longitude), \($0.latitude)]" }
        return """
            {"type": "Feature", "id": \(id), "properties": {"source": \(from), "target": \(to), "length_m": \(metres), \
            "speed_mps": \(speed)}, "geometry": {"type": "LineString", "coordinates": [\(line.joined(separator: ", "))]}}
            """
    }

    static func collection(_ edges: [String]) -> String {
        "{\"type\": \"FeatureCollection\", \"features\": [\(edges.joined(separator: ",\n"))]}"
    }

    static var network: String {
        collection(
            streets.flatMap { street in
                let ends = [street.from, street.to].map { (junctions[$0]!.x, junctions[$0]!.y) }
                return [
                    edge(street.id, from: street.from, to: street.to, ends, metres: 1000, speed: street.speed),
                    edge(
                        street.id + 100, from: street.to, to: street.from, ends.reversed(), metres: 1000,
                        speed: street.speed),
                ]
            })
    }

    static let cameras = [
        camera("south", 400, 3), camera("south-east", 700, 0), camera("east", 1003, 500), camera("north", 100, 1000),
        camera("lonely", 3500, 0), camera("field", 500, 500), camera("gantry", 395, 0),
    ]
}

/// Goal: cameras stand on the right roads, and ways between them are those that can be measured by hand.
/// Method: a town of four streets; passages written through the sink.
@Suite struct RoadTests {
    let database: TestDatabase
    let keeper: RoadKeeper

    init() throws {
        database = try TestDatabase()
        keeper = RoadKeeper(database: database.address)
    }

    @discardableResult
    private func imported(_ text: String = RoadTown.network) throws -> RoadNetwork {
        try keeper.replace(geoJSON: text, file: "town.geojson")
    }

    /// One vehicle after the other drives from the first camera to the second.
    private func drive(_ pairs: [(CameraID, CameraID)]) throws {
        let sink = try database.sink()
        try sink.register(RoadTown.cameras)
        let passages = pairs.enumerated().flatMap { number, pair in
            let time = City.moment("2026-03-02T07:00:00Z") + .seconds(number * 60)
            return [
                City.passage(pair.0, at: time, plate: "CAR\(100 + number)"),
                City.passage(pair.1, at: time + .seconds(300), plate: "CAR\(100 + number)"),
            ]
        }
        _ = try sink.write(passages)
        try LegKeeper(database: database.address).finish()
    }

    private func route() throws { while try keeper.advance(budget: .seconds(60)) > 0 {} }

    /// Metres, seconds, streets in the order of travel, and why there is none.
    private func way(_ from: CameraID, _ to: CameraID) throws -> [String?]? {
        try database.query(
            """
            SELECT round(p.metres), round(p.seconds), (SELECT string_agg((sign(u.edge) * e.origin)::text, ' ' ORDER BY u.nth)
                FROM unnest(p.edges) WITH ORDINALITY AS u(edge, nth) JOIN road_edge e ON e.id = abs(u.edge)), p.no_path
            FROM camera_path p JOIN camera a ON a.id = p.from_camera JOIN camera b ON b.id = p.to_camera
            WHERE a.name = $1 AND b.name = $2 AND p.routed_at IS NOT NULL
            """, ["\(from)", "\(to)"]
        ).first
    }

    @Test func `an import replaces the whole network, and says what it found`() throws {
        let town = RoadNetwork(nodes: 6, edges: 10, kilometres: 10, components: 2, largestShare: 4 / 6.0)
        #expect(try imported() == town)
        let line = RoadTown.edge(7, from: 1, to: 2, [(0, 0), (50, 0)], metres: 50, speed: 10)
        #expect(
            try imported(RoadTown.collection([line]))
                == RoadNetwork(nodes: 2, edges: 1, kilometres: 0.05, components: 2, largestShare: 0.5))
        #expect(try database.query("SELECT origin FROM road_edge") == [["7"]])
        #expect(try imported() == town && imported() == town)
        #expect(try database.count("road_edge") == 10 && database.count("road_node") == 6)
    }

    @Test func `an edge without a length has that of its line`() throws {
        let line = RoadTown.edge(1, from: 1, to: 2, [(0, 0), (1000, 0), (1000, 500)], metres: 1, speed: 10)
        try imported(RoadTown.collection([line.replacing("\"length_m\": 1.0, ", with: "")]))
        let metres = try #require(try database.query("SELECT metres FROM road_edge")[0][0].flatMap { Double($0) })
        #expect(abs(metres - 1500) < 5)
    }

    @Test func `who asks during an import sees the old network`() throws {
        try imported()
        let importing = try Connection(database.address, application: "test")
        try importing.execute("BEGIN")
        let line = RoadTown.edge(7, from: 1, to: 2, [(0, 0), (50, 0)], metres: 50, speed: 10)
        _ = try importing.query("SELECT read_roads($1)", [RoadTown.collection([line])])
        _ = try importing.query("SELECT * FROM replace_roads()")
        let asking = try Connection(database.address, application: "test")
        try asking.execute("SET statement_timeout = '10s'")
        #expect(try asking.query("SELECT count(*) FROM road_edge").values == [["10"]])
        try importing.execute("COMMIT")
        #expect(try asking.query("SELECT count(*) FROM road_edge").values == [["1"]])
    }

    @Test func `a file without roads is refused, and the network stays`() throws {
        try imported()
        let good = RoadTown.edge(7, from: 1, to: 2, [(0, 0), (50, 0)], metres: 50, speed: 10)
        let mistakes = [
            "{", "[]", "{\"type\": \"FeatureCollection\", \"features\": []}", RoadTown.collection(["null"]),
            RoadTown.collection([good, good.replacing("\"source\": 1", with: "\"source\": \"one\"")]),
            RoadTown.collection([good.replacing("\"speed_mps\": 10.0", with: "\"speed_mps\": 0")]),
            RoadTown.collection([good.replacing("\"speed_mps\": 10.0", with: "\"speed_mps\": null")]),
            RoadTown.collection([good.replacing("\"length_m\": 50.0", with: "\"length_m\": -1")]),
            RoadTown.collection([good.replacing("\"length_m\": 50.0", with: "\"length_m\": \"long\"")]),
            RoadTown.collection([good.replacing("LineString", with: "MultiPoint")]),
            RoadTown.collection([good.replacing("\"source\": 1", with: "\"source\": 1e30")]),
        ]
        for mistake in mistakes {
            #expect("\(mistake)") {
                try imported(mistake)
            } throws: { error in
                if case .badFile("town.geojson", _) = error as? RoadError { true } else { false }
            }
        }
        #expect(try database.count("road_edge") == 10)
        #expect(throws: RoadError.badFile("f", reason: "it is not a GeoJSON feature collection with edges")) {
            try keeper.replace(geoJSON: "{}", file: "f")
        }
    }

    /// Streets of a camera at (500, 12), whose heading and traffic are given; 100 more is the direction west.
    private func streets(heading: Double?, _ seen: [(Direction, course: Double?)]) throws -> [String?] {
        // A street that crosses at x = 510, nearer to the camera, and another carriageway 10 m farther away than street 1.
        let cross = RoadTown.edge(9, from: 7, to: 8, [(510, -500), (510, 500)], metres: 1000, speed: 10)
        let carriageway = RoadTown.edge(10, from: 2, to: 1, [(1000, 34), (0, 34)], metres: 1000, speed: 10)
        let one = RoadTown.edge(1, from: 1, to: 2, [(0, 0), (1000, 0)], metres: 1000, speed: 10)
        let sink = try database.sink()
        try sink.register([RoadTown.camera("corner", 500, 12, heading: heading)])
        // On a road before it has seen anybody.
        try imported(RoadTown.collection([cross, carriageway, one]))
        let passages = seen.enumerated().map { index, sight in
            var passage = City.passage(
                "corner", at: City.moment("2026-03-02T07:00:00Z") + .seconds(index), ordinal: index)
            (passage.direction, passage.course) = (sight.0, sight.course)
            return passage
        }
        _ = try sink.write(passages)
        try keeper.snap()
        return try database.query(
            """
            SELECT e.origin FROM camera_road r JOIN road_edge e ON e.id = r.edge JOIN camera c ON c.id = r.camera_id
            WHERE c.name = 'corner' ORDER BY e.origin
            """
        ).map { $0[0] }
    }

    @Test(
        arguments: [
            // Nobody was seen, or the heading isn't known: the nearest.
            (nil, [], ["9"]), (90, [], ["9"]), (nil, [.approaching], ["9"]),
            // It looks east: what comes towards it drives west.
            (90, [.approaching], ["10"]), (90, [.receding], ["1"]), (90, [.approaching, .receding], ["1", "10"]),
            (0, [.leftward], ["10"]), (0, [.rightward], ["1"]), (0, [.receding], ["9"]),
            // One in eleven is a mistake.
            (90, [.receding] + Array(repeating: .approaching, count: 10), ["10"]),
            // Nothing drives like that here.
            (180, [.receding], ["9"]), (90, [.stationary], ["9"]),
        ] as [(Double?, [Direction], [String?])])
    func `a camera belongs to the roads whose traffic it sees`(
        heading: Double?, seen: [Direction], roads: [String?]
    ) throws {
        #expect(try streets(heading: heading, seen.map { ($0, nil) }) == roads)
    }

    @Test func `a measured course counts more than the picture's direction`() throws {
        #expect(try streets(heading: 90, [(.approaching, course: 80)]) == ["1"])
    }

    @Test func `cameras far from any road are listed first`() throws {
        try drive([])
        try imported()
        let cameras = try keeper.cameras()
        #expect(cameras.map(\.camera.id).prefix(4) == ["canal-bridge", "field", "station-south", "ring-north"])
        #expect(cameras.map { ($0.metres ?? -1).rounded() } == [-1, -1, -1, 23, 3, 3, 0, 0, 0, 0])
        #expect(cameras.last?.directions == 2)
    }

    @Test func `the way is the quickest, from where one camera stands to where the other does`() throws {
        try imported()
        try drive([
            ("south", "east"), ("east", "south"), ("south", "south-east"), ("south-east", "south"), ("south", "north"),
            ("south", "lonely"), ("field", "south"), ("south", "gantry"), ("gantry", "south"),
        ])
        try route()
        for _ in 0..<2 {
            #expect(try way("south", "east") == ["1100", "110", "1 2", nil])
            #expect(try way("south", "south-east") == ["300", "30", "1", nil])
            // By street 4 it would be 1,500 m in 1,050 s.
            #expect(try way("south", "north") == ["2500", "250", "1 2 3", nil])
            #expect(try way("south", "lonely") == [nil, nil, nil, "no-way"])
            #expect(try way("field", "south") == [nil, nil, nil, "far-from-road"])
            for pair in [("south", "gantry"), ("gantry", "south")] as [(CameraID, CameraID)] {
                #expect(try way(pair.0, pair.1) == [nil, nil, nil, "same-place"])
            }
            #expect(try way("north", "south") == nil, "nobody drove it")
            let back = try way("east", "south")
            if back?[2] == "-2 -1" { break }
            #expect(back == ["1100", "110", "102 101", nil])
            #expect(try way("south-east", "south") == ["300", "30", "101", nil])
            // The same with an edge for both directions.
            _ = try database.query("DELETE FROM road_edge WHERE origin > 100")
            _ = try database.query("UPDATE road_edge SET seconds_back = seconds_forward")
            _ = try database.query("DELETE FROM camera_snap")
            try keeper.snap()
            try route()
        }
        #expect(try way("south-east", "south") == ["300", "30", "-1", nil])
        let ends = try database.query(
            """
            SELECT max(ST_Distance(a.position::geography, ST_StartPoint(p.path)::geography) + ST_Distance(b.position::geography, ST_EndPoint(p.path)::geography)),
                max(abs(ST_Length(p.path::geography) - p.metres))
            FROM camera_path p JOIN camera a ON a.id = p.from_camera JOIN camera b ON b.id = p.to_camera
            """)[0].map { Double($0 ?? "") ?? .infinity }
        // South is 3 m off its street, and so is east.
        #expect(ends[0] < 7 && ends[1] < 8)
    }

    @Test func `ways are found in turns, and anew after an import or a camera's move`() throws {
        try imported()
        try drive([("south", "east"), ("east", "south"), ("south-east", "east")])
        #expect(try keeper.advance(budget: .zero) == 1 && keeper.pairs().waiting == 2)
        try route()
        #expect(try keeper.pairs() == RoutedPairs(farFromRoad: 0, noWay: 0, samePlace: 0, found: 3, waiting: 0))
        let moved = RoadTown.camera("south-east", 800, 0)
        _ = try database.query(
            """
            INSERT INTO camera_place (camera_id, valid_from, position, heading)
            SELECT id, '2026-01-01', ST_SetSRID(ST_MakePoint(\(moved.longitude), \(moved.latitude)), 4326), heading
            FROM camera WHERE name = 'south-east'
            """)
        #expect(try keeper.snap() == 1 && keeper.pairs().waiting == 1)
        try route()
        #expect(try way("south-east", "east") == ["700", "70", "1 2", nil])
        try imported(RoadTown.network.replacing("\"speed_mps\": 10.0", with: "\"speed_mps\": 20"))
        #expect(try keeper.pairs().waiting == 3)
        try route()
        #expect(try way("south-east", "east") == ["700", "35", "1 2", nil])
        try imported(
            RoadTown.collection([RoadTown.edge(5, from: 5, to: 6, [(3000, 0), (4000, 0)], metres: 1000, speed: 10)]))
        try route()
        #expect(try keeper.pairs() == RoutedPairs(farFromRoad: 3, noWay: 0, samePlace: 0, found: 0, waiting: 0))
    }

    @Test func `without a network pairs wait, and a check says so`() throws {
        try drive([("south", "east")])
        #expect(try keeper.advance(budget: .seconds(1)) == 0)
        #expect(try keeper.pairs() == RoutedPairs(farFromRoad: 0, noWay: 0, samePlace: 0, found: 0, waiting: 1))
        #expect(throws: RoadError.noNetwork) { try keeper.snap() }
    }
}
