import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: a sighting keeps the place from which it was made.
/// Method: cameras moved by import between passages; each question with a position asked about both sides.
@Suite struct PlaceTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    /// ring-north stands in the north until noon, and then in the south, ten kilometres off.
    private let noon = City.moment("2026-03-02T12:00:00Z")
    private let south = Camera(id: "ring-north", longitude: 4.35, latitude: 50.79, heading: 90)

    private func see(_ camera: CameraID, _ clock: String, _ plate: String) -> Passage {
        City.passage(camera, at: City.moment("2026-03-02T\(clock)Z"), plate: plate)
    }

    @discardableResult
    private func place(_ cameras: [Camera], from start: CameraEntry.Start? = nil, dryRun: Bool = false) throws
        -> CameraPlan
    {
        try PlaceKeeper(database: database.address).importCameras(
            cameras.map { CameraEntry(camera: $0, start: nil) }, start: start, dryRun: dryRun)
    }

    /// Two vehicles from ring-north to canal-bridge in the morning and two in the afternoon, 200 s each.
    private func moved() throws -> Questions {
        var passages: [Passage] = []
        for (hour, plates) in [("11", ["AAA111", "BBB222"]), ("13", ["CCC333", "DDD444"])] {
            for (minute, plate) in zip([0, 10], plates) {
                passages.append(see("ring-north", "\(hour):\(minute + 10):00", plate))
                passages.append(see("canal-bridge", "\(hour):\(minute + 13):20", plate))
            }
        }
        _ = try database.sink().write(passages)
        try LegKeeper(database: database.address).finish()
        try place([south], from: .time(noon))
        try AuditLog(database: database.address).setMinimumVehicles(1)
        return try Questions(database: database.address)
    }

    private func square(_ latitude: Double, name: String) -> String {
        """
        {"type": "Feature", "properties": {"name": "\(name)"}, "geometry": {"type": "Polygon", "coordinates":
         [[[4.3,\(latitude)],[4.4,\(latitude)],[4.4,\(latitude + 0.05)],[4.3,\(latitude + 0.05)],[4.3,\(latitude)]]]}}
        """
    }

    @Test func `passing counts what a camera saw from inside the area`() throws {
        let questions = try moved()
        let day = try questions.period(day: "2026-03-02")
        let north = try questions.passing(area: square(50.87, name: "north"), in: day)
        #expect(north.map(\.camera?.latitude) == [50.8792, nil] && north.map(\.passages) == [2, 2])
        let both = """
            {"type": "FeatureCollection", "features": [\(square(50.87, name: "north")), \(square(50.76, name: "south"))]}
            """
        let all = try questions.passing(area: both, in: day)
        #expect(all.map(\.camera?.latitude) == [50.8792, 50.79, nil])
        #expect(all.map(\.passages) == [2, 2, 4])
    }

    @Test func `a journey begins and ends in the zone where the camera stood then`() throws {
        let questions = try moved()
        let zones = """
            {"type": "FeatureCollection", "features": [\(square(50.87, name: "north")), \(square(50.82, name: "middle")),
             \(square(50.76, name: "south"))]}
            """
        let cells = try questions.odMatrix(
            zones: zones, in: questions.period(day: "2026-03-02"), every: .seconds(86_400))
        #expect(cells.map(\.origin) == ["north", "south"] && cells.map(\.destination) == ["middle", "middle"])
        #expect(cells.map(\.journeys) == [2, 2])
    }

    @Test func `speeds and impossible legs are measured from where the camera stood, and drawn from there`() throws {
        let questions = try moved()
        let day = try questions.period(day: "2026-03-02")
        let speeds = try questions.speeds(from: "ring-north", to: "canal-bridge", in: day, every: .seconds(3600))
        #expect(speeds.map { Int($0.metres / 10) } == [188, 823] && speeds.map(\.from.latitude) == [50.8792, 50.79])
        #expect(speeds.map { Int($0.meanKmh ?? 0) } == [33, 148])
        let whole = try questions.speeds(from: "ring-north", to: "canal-bridge", in: day, every: .seconds(86_400))
        #expect(whole.map { Int($0.metres / 10) } == [505] && whole.map(\.trips) == [4])
        #expect(whole.map { Int($0.meanKmh ?? 0) } == [91])
        let anomalies = try questions.anomalies(in: day, fastestKmh: 100)
        #expect(anomalies.map(\.legs) == [2] && anomalies.map { Int($0.metres / 10) } == [823])
        let morning = try questions.period(day: "2026-03-02", between: ("00:00", "12:00"))
        #expect(try questions.anomalies(in: morning, fastestKmh: 30).map { Int($0.metres / 10) } == [188])
        try database.permit("theft")
        let asker = try Questions(database: database.login())
        _ = try? asker.anomalous(purpose: "theft", caseNumber: "1", in: day, fastestKmh: 30)
        try database.approve()
        let single = try asker.anomalous(purpose: "theft", caseNumber: "1", in: day, fastestKmh: 30)
        #expect(single.map(\.from.camera.latitude) == [50.79, 50.79, 50.8792, 50.8792])
        #expect(try questions.allTravelTimes(in: morning, least: 1).map(\.from.latitude) == [50.8792])
        let flows = try questions.flows(camera: "ring-north", in: day, every: .seconds(3600))
        #expect(flows.map(\.camera.latitude) == [50.8792, 50.7900])
        let times = try questions.travelTimes(from: "ring-north", to: "canal-bridge", in: day, every: .seconds(3600))
        #expect(times.map(\.from.latitude) == [50.8792, 50.79])
    }

    @Test func `a trace tells where the camera stood, and the list where it stands`() throws {
        let questions = try moved()
        try database.permit("theft")
        let asker = try Questions(database: database.login())
        let (token, plates) = (try database.vault(), ["AAA111", "CCC333"])
        let day = try questions.period(day: "2026-03-02")
        let latitudes = try plates.map { plate in
            let search = try token.search(for: PlateText(plate)!, from: day.start, to: day.end)
            return try asker.trace(
                tokens: search.map(\.token), lookAlikes: [], purpose: "theft", caseNumber: "1", in: day
            ).first?.camera.latitude
        }
        #expect(latitudes == [50.8792, 50.79])
        let places = try questions.places()
        let before = Answer(places, at: noon + .seconds(-1)).rendered(.csv)
        #expect(before.contains("ring-north,4.3499,50.8792,180.0,beginning\n"))
        let after = Answer(places, at: noon).rendered(.geojson)
        #expect(
            after.contains("\"camera\": \"ring-north\", \"longitude\": 4.35, \"latitude\": 50.79, \"heading\": 90.0"))
        let now = try database.query("SELECT latitude FROM movement.cameras() WHERE camera = 'ring-north'")
        let copy = try database.query("SELECT ST_Y(position), heading FROM camera WHERE name = 'ring-north'")
        #expect(now == [["50.79"]] && copy == [["50.79", "90"]])
        // What the list says can be imported again, and changes nothing.
        let entries = try CameraEntry.list(geoJSON: after)
        let again = try PlaceKeeper(database: database.address).importCameras(entries, start: nil)
        #expect(again.changes == [] && again.unchanged == 3)
    }

    @Test func `an import is idempotent, and a dry run changes nothing`() throws {
        _ = try database.sink()
        let planned = try place([south], from: .time(noon), dryRun: true)
        #expect(planned.changes == [.moved(from: City.cameras[0], to: south, since: noon)])
        #expect(try database.count("camera_place") == 3)
        #expect(try place([south], from: .time(noon)) == planned)
        #expect(try database.count("camera_place") == 4)
        let again = try place([south], from: .time(noon))
        #expect(again.changes == [] && again.unchanged == 1)
        #expect(try place([south]).changes == [])
        // It was moved an hour later than noted: the old place is put back, and the place that begins anew goes.
        try place([City.cameras[0]], from: .time(noon))
        #expect(try database.count("camera_place") == 3)
        // Its first place was wrong from the start.
        let fixed = try place([south], from: .beginning)
        #expect(fixed.changes == [.corrected(from: City.cameras[0], to: south, since: nil)])
        #expect(try database.count("camera_place") == 3)
    }

    @Test func `one bad camera keeps all others out, and each is named`() throws {
        _ = try database.sink()
        let bad: [(Camera, String)] = [
            (Camera(id: "swapped", longitude: 50.88, latitude: 4.35, heading: nil), "PLC103"),
            (Camera(id: "beyond", longitude: 4.35, latitude: 150.88, heading: nil), "PLC102"),
            (Camera(id: "spinning", longitude: 4.35, latitude: 50.88, heading: 400), "PLC102"),
            (Camera(id: "ring-north", longitude: 4.35, latitude: 50.79, heading: nil), "PLC105"),
        ]
        let good = Camera(id: "good", longitude: 4.36, latitude: 50.85, heading: 360)
        do {
            try place([good, good] + bad.map(\.0))
            Issue.record("it was taken")
        } catch PlaceError.problems(let list) {
            for (camera, code) in bad {
                #expect(list.contains { $0.hasPrefix("\(code) \(camera.id) ") }, "\(camera.id)")
            }
            #expect(list.contains { $0.hasPrefix("PLC104 good ") } && list.count == 5)
        }
        #expect(try database.count("camera") == 3)
        #expect(try place([good]).changes.count == 1)
        #expect(try database.query("SELECT heading FROM camera WHERE name = 'good'") == [["0"]])
    }

    @Test(arguments: [
        (#"[1]"#, "feature collection"),
        (#"{"type": "FeatureCollection", "features": [{"properties": {}}]}"#, "no property name"),
        (#"{"type": "FeatureCollection", "features": [{"properties": {"name": "a"}, "geometry": null}]}"#, "no point"),
        (
            #"{"type": "FeatureCollection", "features": [{"properties": {"name": "a", "valid_from": "monday"}, "geometry": {"type": "Point", "coordinates": [4, 50]}}]}"#,
            "valid_from monday"
        ),
        (
            #"{"type": "FeatureCollection", "features": [{"properties": {"name": "a", "valid_until": "x"}, "geometry": {"type": "Point", "coordinates": [4, 50]}}]}"#,
            "valid_until"
        ),
    ])
    func `what is not a list of cameras is refused`(text: String, problem: String) {
        #expect {
            try CameraEntry.list(geoJSON: text)
        } throws: {
            "\($0)".hasPrefix("PLC101 ") && "\($0)".contains(problem)
        }
    }

    @Test func `a pipeline file moves no camera that the database knows, and says so`() throws {
        let sink = try database.sink()
        let known = City.cameras[0]
        #expect(try sink.register(City.cameras) == [])
        let conflicts = try sink.register([south, City.cameras[1]])
        #expect(conflicts == [PlaceConflict(file: south, database: known)])
        #expect(conflicts.first?.description.contains("gantry cameras import FILE --from") == true)
        #expect(
            try database.query("SELECT latitude FROM movement.cameras() WHERE camera = 'ring-north'") == [["50.8792"]])
        try place([south], from: .time(noon))
        #expect(try sink.register([south]) == [])
        #expect(throws: DatabaseError.self) { _ = try database.query("UPDATE camera SET heading = 1") }
    }
}
