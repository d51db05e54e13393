import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: each question gives the figures that can be counted by hand.
/// Method: a small morning, written through the sink.
@Suite struct QuestionTests {
    let database: TestDatabase

    /// Four vehicles go from ring-north to station-south: departures 07:31, 07:33, 07:35 (600, 700, 800 s), and 07:50
    /// (900 s). A fifth turns back. Two pass ring-north unread. One passes canal-bridge.
    init() throws {
        database = try TestDatabase()
        var passages: [Passage] = []
        func see(_ camera: CameraID, _ clock: String, _ plate: String?, accepted: Bool = true, ordinal: Int = 0) {
            passages.append(
                City.passage(
                    camera, at: City.moment("2026-03-02T\(clock)Z"), plate: plate, ordinal: ordinal, accepted: accepted)
            )
        }
        see("ring-north", "07:31:00", "AAA111")
        see("station-south", "07:41:00", "AAA111")
        see("ring-north", "07:33:00", "BBB222")
        see("station-south", "07:44:40", "BBB222")
        see("ring-north", "07:35:00", "CCC333")
        see("station-south", "07:48:20", "CCC333")
        // Seen twice before it arrives: the later departure counts.
        see("ring-north", "07:36:00", "DDD444")
        see("ring-north", "07:50:00", "DDD444")
        see("station-south", "08:05:00", "DDD444")
        // Back again later: not a trip from ring-north.
        see("station-south", "08:30:00", "DDD444")
        see("ring-north", "07:52:00", "EEE555")
        see("ring-north", "07:53:00", nil)
        see("ring-north", "07:53:00", "FFF66", accepted: false, ordinal: 1)
        see("canal-bridge", "07:40:00", "AAA111")
        _ = try database.sink().write(passages)
        try LegKeeper(database: database.address).finish()
    }

    func questions(k: Int = 1, zone: String = "UTC") throws -> Questions {
        try AuditLog(database: database.address).setMinimumVehicles(k)
        return try Questions(database: database.address, zone: zone)
    }

    @Test func `flows count passages, vehicles and reads`() throws {
        let questions = try questions()
        let flows = try questions.flows(
            camera: "ring-north", in: questions.period(day: "2026-03-02"), every: .seconds(900))
        #expect(flows.map(\.bucket.local) == ["2026-03-02 07:30:00", "2026-03-02 07:45:00"])
        #expect(flows.map(\.passages) == [4, 4])
        #expect(flows.map(\.vehicles) == [4, 4])
        #expect(flows.map(\.read) == [4, 2])
        let all = try questions.flows(camera: nil, in: questions.period(day: "2026-03-02"), every: .seconds(86_400))
        #expect(all.map(\.camera.id) == ["canal-bridge", "ring-north", "station-south"])
        #expect(all.map(\.passages) == [1, 8, 5])
        #expect(all.map(\.vehicles) == [1, 7, 4])
    }

    @Test func `counts under k vehicles are withheld`() throws {
        let questions = try questions(k: 5)
        let all = try questions.flows(camera: nil, in: questions.period(day: "2026-03-02"), every: .seconds(86_400))
        #expect(all.map(\.passages) == [nil, 8, nil])
        #expect(all.map(\.vehicles) == [nil, 7, nil])
        let answer = Answer(all, minimumVehicles: 5, zone: "UTC")
        #expect(answer.rendered(.table).contains("<5: fewer than 5 vehicles, withheld."))
        #expect(answer.rendered(.json).components(separatedBy: "\"suppressed\": true").count == 3)
        let times = try questions.travelTimes(
            from: "ring-north", to: "station-south", in: questions.period(day: "2026-03-02"), every: .seconds(3600))
        #expect(times.map(\.medianSeconds) == [nil] && times.map(\.trips) == [nil])
    }

    @Test func `the row of all cameras is made of those that are shown`() throws {
        let questions = try questions(k: 2)
        let area = "{\"type\": \"Polygon\", \"coordinates\": [[[4,50],[5,50],[5,51],[4,51],[4,50]]]}"
        let rows = try questions.passing(area: area, in: questions.period(day: "2026-03-02"))
        // canal-bridge saw one vehicle.
        #expect(rows.map { $0.camera?.id.text } == ["canal-bridge", "ring-north", "station-south", nil])
        #expect(rows.map(\.passages) == [nil, 8, 5, 13])
    }

    @Test func `travel times are those of single trips`() throws {
        let questions = try questions()
        let day = try questions.period(day: "2026-03-02")
        let times = try questions.travelTimes(from: "ring-north", to: "station-south", in: day, every: .seconds(900))
        #expect(times.map(\.bucket.local) == ["2026-03-02 07:30:00", "2026-03-02 07:45:00"])
        #expect(times.map(\.trips) == [3, 1])
        #expect(times.map(\.medianSeconds) == [700, 900])
        #expect(times.first?.p85Seconds == 770)
        let short = try questions.travelTimes(
            from: "ring-north", to: "station-south", in: day, every: .seconds(3600), longest: .seconds(650))
        #expect(short.map(\.trips) == [1])
        #expect(try questions.travelTimes(from: "station-south", to: "ring-north", in: day, every: .seconds(900)) == [])
    }

    @Test func `passing counts what is inside the area and the minutes`() throws {
        let questions = try questions()
        let north = """
            {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
             {"type": "Polygon", "coordinates": [[[4.3,50.86],[4.4,50.86],[4.4,50.9],[4.3,50.9],[4.3,50.86]]]}}]}
            """
        let rows = try questions.passing(
            area: north, in: questions.period(day: "2026-03-02", between: ("07:30", "07:45")))
        #expect(rows.map { $0.camera?.id.text } == ["canal-bridge", "ring-north", nil])
        #expect(rows.map(\.passages) == [1, 4, 5])
        // AAA111 passed both.
        #expect(rows.map(\.vehicles) == [1, 4, 4])
    }

    @Test func `days and hours are the time zone's`() throws {
        let questions = try questions(zone: "Europe/Brussels")
        let period = try questions.period(day: "2026-03-02", between: ("08:30", "08:45"))
        #expect(period.start == City.moment("2026-03-02T07:30:00Z"))
        let flows = try questions.flows(camera: "ring-north", in: period, every: .seconds(3600))
        #expect(flows.map(\.bucket.local) == ["2026-03-02 08:00:00"])
        // The clocks go forward on this day: it has 23 hours.
        let short = try questions.period(day: "2026-03-29")
        #expect(short.end - short.start == .seconds(23 * 3600))
    }

    @Test func `bad questions say what is wrong`() throws {
        let questions = try questions()
        let day = try questions.period(day: "2026-03-02")
        #expect {
            _ = try questions.flows(camera: "cellar", in: day, every: .seconds(60))
        } throws: { error in
            guard case .unknownCamera(let words) = error as? QueryError else { return false }
            return words.contains("'cellar'") && words.contains("canal-bridge, ring-north, station-south")
        }
        let mistakes: [() throws -> Void] = [
            { _ = try questions.period(day: "2026-02-30") },
            { _ = try questions.period(day: "2026-03-02", between: ("25:00", "26:00")) },
            { _ = try questions.flows(camera: nil, in: .init(start: day.end, end: day.start), every: .seconds(60)) },
            { _ = try questions.flows(camera: nil, in: day, every: .milliseconds(1)) },
            { _ = try questions.travelTimes(from: "ring-north", to: "ring-north", in: day, every: .seconds(60)) },
            { _ = try questions.passing(area: "{\"type\": \"Point\", \"coordinates\": [4, 50]}", in: day) },
            { _ = try questions.passing(area: "not json", in: day) },
            { _ = try Questions(database: database.address, zone: "Mars/Olympus") },
        ]
        for (index, mistake) in mistakes.enumerated() {
            #expect("\(index)") {
                try mistake()
            } throws: { error in
                if case .badQuestion = error as? QueryError { true } else { false }
            }
        }
    }

    @Test func `without any sighting there is no extent, with some it spans their days`() throws {
        #expect(
            try questions().extent()
                == .init(
                    start: City.moment("2026-03-02T00:00:00Z"), end: City.moment("2026-03-03T00:00:00Z")))
        let empty = try TestDatabase()
        #expect(try Questions(database: empty.address).extent() == nil)
    }
}
