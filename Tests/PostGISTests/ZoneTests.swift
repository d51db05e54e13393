import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: stored zones are those of the last file, whole, and the matrix takes them.
/// Method: files of squares around the invented cameras.
@Suite struct ZoneTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    private func file(_ squares: [(name: String, longitude: Double, latitude: Double)]) -> String {
        let features = squares.map { square in
            let (x, y) = (square.longitude, square.latitude)
            // As people write them.
            let (right, top) = (((x + 0.1) * 100).rounded() / 100, ((y + 0.03) * 100).rounded() / 100)
            return """
                {"type": "Feature", "properties": {"name": "\(square.name)"}, "geometry": {"type": "Polygon",
                 "coordinates": [[[\(x),\(y)],[\(right),\(y)],[\(right),\(top)],[\(x),\(top)],[\(x),\(y)]]]}}
                """
        }
        return "{\"type\": \"FeatureCollection\", \"features\": [\(features.joined(separator: ","))]}"
    }

    private var two: String { file([("north", 4.3, 50.86), ("south", 4.3, 50.82)]) }

    private func take(_ text: String, dryRun: Bool = false) throws -> ZonePlan {
        try PlaceKeeper(database: database.address).importZones(geoJSON: text, dryRun: dryRun)
    }

    @Test func `a file is all the zones there are, and a second import of it changes nothing`() throws {
        let both: [ZonePlan.Change] = [.init(kind: .new, zone: "north"), .init(kind: .new, zone: "south")]
        #expect(try take(two, dryRun: true) == ZonePlan(changes: both, unchanged: 0))
        #expect(try database.count("zone") == 0)
        #expect(try take(two) == ZonePlan(changes: both, unchanged: 0))
        #expect(try take(two) == ZonePlan(changes: [], unchanged: 2))
        let other = try take(file([("north", 4.31, 50.86), ("west", 4.2, 50.82)]))
        #expect(
            other.changes == [
                .init(kind: .changed, zone: "north"), .init(kind: .removed, zone: "south"),
                .init(kind: .new, zone: "west"),
            ])
        _ = try database.sink()
        let questions = try Questions(database: database.address)
        let zones = try questions.zones()
        #expect(zones.map(\.name) == ["north", "west"] && zones.map(\.cameras) == [2, 0])
        #expect(try take(Answer(zones: zones).rendered(.geojson)) == ZonePlan(changes: [], unchanged: 2))
    }

    @Test func `without zones the matrix takes those that are stored, and without any says so`() throws {
        let time = City.moment("2026-03-02T07:00:00Z")
        _ = try database.sink().write([
            City.passage("ring-north", at: time, plate: "AAA111"),
            City.passage("station-south", at: time + .seconds(600), plate: "AAA111"),
        ])
        try LegKeeper(database: database.address).finish()
        try AuditLog(database: database.address).setMinimumVehicles(1)
        let questions = try Questions(database: database.address)
        let day = try questions.period(day: "2026-03-02")
        #expect {
            _ = try questions.odMatrix(zones: nil, in: day, every: .seconds(3600))
        } throws: { error in
            guard case .badQuestion(let what) = error as? QueryError else { return false }
            return what.contains("no zones are stored: Store some with gantry zones import FILE")
        }
        _ = try take(two)
        let stored = try questions.odMatrix(zones: nil, in: day, every: .seconds(3600))
        #expect(stored.map(\.origin) == ["north"] && stored.map(\.destination) == ["south"])
        #expect(try questions.odMatrix(zones: two, in: day, every: .seconds(3600)) == stored)
    }

    @Test func `one bad zone keeps all others out`() throws {
        _ = try database.sink()
        let bow = """
            {"type": "Feature", "properties": {"name": "bow"}, "geometry": {"type": "Polygon",
             "coordinates": [[[4.3,50.8],[4.4,50.9],[4.4,50.8],[4.3,50.9],[4.3,50.8]]]}}
            """
        for (text, problem) in [
            (file([("a", 4.3, 50.8), ("a", 4.3, 50.9)]), "PLC104 zone a comes 2 times"),
            (file([("a", 4.3, 50.8), ("b", 50.8, 4.3)]), "PLC103 zone b"), (file([("a", 4.3, 95)]), "PLC102 zone a"),
            (bow, "PLC106 zone bow"), (file([("", 4.3, 50.8)]), "PLC101 a zone has a name of 0"),
        ] {
            #expect {
                _ = try take(text)
            } throws: {
                "\($0)".hasPrefix(problem) && $0 is PlaceError
            }
        }
        #expect(throws: QueryError.self) { _ = try take("[]") }
        #expect(try database.count("zone") == 0)
    }
}
