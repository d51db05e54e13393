import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: answers follow the roads, and withhold on them what few vehicles drove.
/// Method: in ``RoadTown`` three vehicles drive from south to east (1,100 m by streets 1 and 2), one of them twice, and two
/// from south to north (2,500 m by streets 1, 2 and 3).
@Suite struct RoadAnswerTests {
    let database: TestDatabase
    let keeper: RoadKeeper

    init() throws {
        database = try TestDatabase()
        keeper = RoadKeeper(database: database.address)
        let sink = try database.sink()
        try sink.register(RoadTown.cameras)
        func seen(_ plate: String, _ sights: (CameraID, String)...) -> [Passage] {
            sights.map { City.passage($0.0, at: City.moment("2026-03-02T\($0.1)Z"), plate: plate) }
        }
        let passages =
            seen("AAA111", ("south", "07:00:00"), ("east", "07:02:00"), ("north", "07:40:00"))
            + seen("BBB222", ("south", "07:01:00"), ("east", "07:03:00"))
            + seen("CCC333", ("south", "07:02:00"), ("east", "07:04:00"))
            + seen("CCC333", ("south", "08:02:00"), ("east", "08:04:00"))
            + seen("DDD444", ("south", "07:03:00"), ("north", "07:08:00"))
            + seen("EEE555", ("south", "07:04:00"), ("north", "07:09:00"), ("lonely", "07:20:00"))
        _ = try sink.write(passages)
        try LegKeeper(database: database.address).finish()
    }

    private func route() throws {
        _ = try keeper.replace(geoJSON: RoadTown.network, file: "town.geojson")
        while try keeper.advance(budget: .seconds(60)) > 0 {}
    }

    private func questions(k: Int = 1) throws -> Questions {
        try AuditLog(database: database.address).setMinimumVehicles(k)
        return try Questions(database: database.address)
    }

    @Test func `speeds are over the road where it is known, unless metres are given`() throws {
        let questions = try questions()
        let day = try questions.period(day: "2026-03-02")
        func speeds(_ to: CameraID, metres: Double? = nil) throws -> [RoadSpeed] {
            try questions.speeds(from: "south", to: to, in: day, every: .seconds(86_400), metres: metres)
        }
        let before = try speeds("east")
        #expect(before.map(\.straight) == [true] && before.map { ($0.metres / 10).rounded() } == [78])
        try route()
        let along = try speeds("east")
        #expect(along.map(\.straight) == [false] && along.map { $0.metres.rounded() } == [1100])
        #expect(along.map { ($0.meanKmh ?? 0).rounded() } == [33])
        let given = try speeds("east", metres: 1200)
        #expect(given.map(\.straight) == [false] && given.map(\.metres) == [1200])
        #expect(try speeds("lonely").map(\.straight) == [true], "no way leads there")
    }

    /// Street and direction, hour of departure, legs, vehicles at least.
    private func flows(k: Int, every: Int = 86_400) throws -> [[String]] {
        let questions = try questions(k: k)
        return try questions.roadFlows(in: questions.period(day: "2026-03-02"), every: .seconds(every)).map { flow in
            let sign = flow.edge < 0 ? "-" : ""
            return [
                sign + "\(flow.road ?? 0)", "\(flow.bucket.local.dropFirst(11).prefix(2))", "\(flow.legs)",
                "\(flow.vehiclesAtLeast)",
            ]
        }
    }

    @Test func `legs flow on every street of their way but the one they begin on`() throws {
        #expect(try flows(k: 1) == [])
        try route()
        // South to east: 4 legs of 3 vehicles; south to north: 2 of 2.
        #expect(try flows(k: 1) == [["2", "00", "6", "3"], ["3", "00", "2", "2"]])
        #expect(
            try flows(k: 1, every: 3600) == [["2", "07", "5", "3"], ["3", "07", "2", "2"], ["2", "08", "1", "1"]])
    }

    @Test func `what fewer than k vehicles drive is in no sum, so that no street less the next one tells it`() throws {
        try route()
        #expect(try flows(k: 3) == [["2", "00", "4", "3"]])
        #expect(try flows(k: 3, every: 3600) == [["2", "07", "3", "3"]])
        #expect(try flows(k: 4) == [])
    }

    @Test func `a road driven against its direction is told apart, and drawn the way it is driven`() throws {
        _ = try keeper.replace(geoJSON: RoadTown.network, file: "town.geojson")
        // Streets 2 and 3 turned round, and open to both sides.
        _ = try database.query("DELETE FROM road_edge WHERE origin > 100")
        _ = try database.query("UPDATE road_edge SET seconds_back = seconds_forward")
        _ = try database.query(
            "UPDATE road_edge SET source = target, target = source, path = ST_Reverse(path) WHERE origin = 2")
        _ = try database.query("DELETE FROM camera_snap")
        while try keeper.advance(budget: .seconds(60)) > 0 {}
        #expect(try flows(k: 1).map { $0[0] } == ["-2", "3"])
        let questions = try questions()
        let flows = try questions.roadFlows(in: questions.period(day: "2026-03-02"), every: .seconds(86_400))
        let corners = [(1000.0, 0.0), (1000, 1000), (0, 1000)].map { RoadTown.degrees($0.0, $0.1) }
        for (flow, ends) in zip(flows, [corners[0...1], corners[1...2]]) {
            for (point, end) in zip(flow.line, ends) {
                #expect(abs(point[0] - end.longitude) < 1e-5 && abs(point[1] - end.latitude) < 1e-5)
            }
        }
        let text = Answer(flows, minimumVehicles: 1, zone: "UTC").rendered(.geojson)
        #expect(text.components(separatedBy: "\"LineString\"").count == 3 && text.contains("\"legs\": 6"))
    }

    @Test func `leg paths are those of pairs with enough vehicles`() throws {
        try route()
        func paths(_ least: Int, k: Int = 1) throws -> [[String?]] {
            try AuditLog(database: database.address).setMinimumVehicles(k)
            return try database.query(
                """
                SELECT from_camera, to_camera, legs, vehicles, round(metres), round(free_seconds), ST_NPoints(path)
                FROM movement.leg_paths('2026-03-02', '2026-03-03', $1)
                """, ["\(least)"])
        }
        let east: [String?] = ["south", "east", "4", "3", "1100", "110", "3"]
        #expect(
            try paths(1) == [
                ["north", "lonely", "1", "1", nil, nil, nil], east, ["south", "north", "2", "2", "2500", "250", "4"],
            ])
        #expect(try paths(3) == [east] && paths(1, k: 3) == [east] && paths(4) == [])
    }

    @Test func `a trace follows the road between sights, but not where it may have been anywhere`() throws {
        try route()
        let questions = try questions()
        let day = try questions.period(day: "2026-03-02")
        let searches = try database.vault().search(for: #require(PlateText("AAA111")), from: day.start, to: day.end)
        try database.permit("theft")
        func trace() throws -> [TraceStep] {
            try Questions(database: database.login()).trace(
                tokens: searches.map(\.token), lookAlikes: [], purpose: "theft", caseNumber: "2026/117", in: day)
        }
        // East to north took longer than a journey allows, and so is no leg; a way is known all the same.
        _ = try database.query(
            """
            INSERT INTO camera_path (from_camera, to_camera)
            SELECT a.id, b.id FROM camera a, camera b WHERE a.name = 'east' AND b.name = 'north'
            """)
        while try keeper.advance(budget: .seconds(60)) > 0 {}
        let steps = try trace()
        #expect(steps.map(\.camera.id) == ["south", "east", "north"])
        #expect(steps.map { $0.way?.metres.rounded() } == [nil, 1100, nil])
        #expect(steps[1].way?.line.count == 3)
        let answer = Answer(steps, zone: "UTC")
        #expect(
            answer.links.map(\.shape) == [.line(steps[1].way?.line ?? []), .between(steps[1].camera, steps[2].camera)])
        #expect(answer.links.map { $0.values.last } == [.number(steps[1].way?.metres ?? 0), Answer.Value.none])
    }

    @Test func `bad questions about streets are refused`() throws {
        let questions = try questions()
        let day = try questions.period(day: "2026-03-02")
        #expect(throws: QueryError.self) { try questions.roadFlows(in: day, every: .zero) }
        let turned = Questions.Period(start: day.end, end: day.start)
        #expect(throws: QueryError.self) { try questions.roadFlows(in: turned, every: .seconds(3600)) }
    }
}
