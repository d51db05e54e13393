import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: journeys, routes and all travel times are those that can be counted by hand.
/// Method: a few trips, written through the sink.
@Suite struct JourneyQuestionTests {
    let database: TestDatabase

    /// From ring-north to station-south: P1 to P5 directly in 600 s; A, B and C by way of canal-bridge in 500, 700 and 900 s; A
    /// again at noon by way of "market, east" in 800 s. Two are seen once.
    init() throws {
        database = try TestDatabase()
        var passages: [Passage] = []
        func trip(_ plate: String, _ stops: [(CameraID, String)]) {
            passages += stops.map { City.passage($0, at: City.moment("2026-03-02T\($1)Z"), plate: plate) }
        }
        for number in 1...5 {
            trip("PPP\(number)", [("ring-north", "07:0\(number):00"), ("station-south", "07:1\(number):00")])
        }
        trip("AAA", [("ring-north", "07:20:00"), ("canal-bridge", "07:22:00"), ("station-south", "07:28:20")])
        trip("BBB", [("ring-north", "07:21:00"), ("canal-bridge", "07:23:00"), ("station-south", "07:32:40")])
        trip("CCC", [("ring-north", "07:22:00"), ("canal-bridge", "07:26:00"), ("station-south", "07:37:00")])
        trip("AAA", [("ring-north", "12:00:00"), ("market, east", "12:05:00"), ("station-south", "12:13:20")])
        trip("SSS", [("ring-north", "07:40:00")])
        trip("TTT", [("canal-bridge", "12:40:00")])
        let sink = try database.sink()
        try sink.register([Camera(id: "market, east", longitude: 4.36, latitude: 50.85, heading: nil)])
        _ = try sink.write(passages)
        try LegKeeper(database: database.address).finish()
    }

    private func questions(k: Int = 1) throws -> Questions {
        try AuditLog(database: database.address).setMinimumVehicles(k)
        return try Questions(database: database.address)
    }

    private func day(_ questions: borrowing Questions) throws -> Questions.Period {
        try questions.period(day: "2026-03-02")
    }

    @Test func `journeys are counted by their start, single passages apart`() throws {
        let questions = try questions()
        let journeys = try questions.journeys(in: day(questions), every: .seconds(3600))
        #expect(journeys.map(\.bucket.local) == ["2026-03-02 07:00:00", "2026-03-02 12:00:00"])
        #expect(journeys.map(\.journeys) == [9, 2] && journeys.map(\.vehicles) == [9, 2])
        #expect(journeys.map(\.single) == [1, 1])
        // 500, five times 600, 700, 900 s; five with two passages and three with three.
        #expect(journeys.map(\.medianSeconds) == [600, 800] && journeys.map(\.medianPassages) == [2, 3])
        let whole = try questions.journeys(in: day(questions), every: .seconds(86_400))
        #expect(whole.map(\.journeys) == [11] && whole.map(\.vehicles) == [10])
    }

    @Test func `a median over fewer than k vehicles is withheld, though its journeys are shown`() throws {
        let questions = try questions(k: 2)
        let journeys = try questions.journeys(in: day(questions), every: .seconds(3600))
        #expect(journeys.map(\.journeys) == [9, 2] && journeys.map(\.medianSeconds) == [600, nil])
        #expect(journeys.map(\.suppressed) == [false, true])
        let few = try self.questions(k: 3).journeys(in: day(questions), every: .seconds(3600))
        #expect(few.map(\.journeys) == [9, nil] && few.map(\.single) == [1, nil])
    }

    private func routes(k: Int) throws -> [Route] {
        let questions = try questions(k: k)
        return try questions.routes(from: "ring-north", to: "station-south", in: day(questions))
    }

    @Test func `routes are told by the cameras in between, with their shares`() throws {
        let routes = try routes(k: 1)
        #expect(routes.map { $0.via?.map(\.id) } == [[], ["canal-bridge"], ["market, east"]])
        #expect(routes.map(\.trips) == [5, 3, 1] && routes.map(\.vehicles) == [5, 3, 1])
        #expect(routes.map { ($0.share ?? 0) * 9 } == [5, 3, 1])
        #expect(routes.map(\.medianSeconds) == [600, 700, 800])
        let answer = Answer(routes, from: City.cameras[0], to: City.cameras[2], minimumVehicles: 1, zone: "UTC")
        #expect(answer.rows.map { $0.values[1] } == [.text("direct"), .text("canal-bridge"), .text("market, east")])
        #expect(answer.rows[2].shape == .line([[4.3499, 50.8792], [4.36, 50.85], [4.3363, 50.8358]]))
    }

    /// The total is known from shares and from `both`, so what is folded has k vehicles itself.
    @Test func `rare routes are folded until what is folded may be shown`() throws {
        let two = try routes(k: 2)
        #expect(two.map { $0.via?.map(\.id) } == [[], nil])
        // AAA takes both of the folded ones: three vehicles, four trips of 500, 700, 800 and 900 s.
        #expect(
            two.map(\.trips) == [5, 4] && two.map(\.vehicles) == [5, 3] && two.map(\.medianSeconds) == [600, 750])
        // Three vehicles are too few for four, though one and three would make them, if AAA counted twice.
        let four = try routes(k: 4)
        #expect(four.map(\.via) == [nil] && four.map(\.trips) == [9] && four.map(\.vehicles) == [8])
        #expect(four.map(\.share) == [1])
        let nine = try routes(k: 9)
        #expect(nine.map(\.via) == [nil] && nine.map(\.trips) == [nil] && nine.map(\.share) == [nil])
    }

    @Test func `a route is left by the last departure, and reached within the longest time`() throws {
        let sink = try database.sink()
        _ = try sink.write(
            [
                ("ring-north", "15:00:00"), ("canal-bridge", "15:04:00"), ("ring-north", "15:08:00"),
                ("station-south", "15:20:00"),
            ]
            .map { City.passage(CameraID($0), at: City.moment("2026-03-02T\($1)Z"), plate: "DDD") })
        try LegKeeper(database: database.address).finish()
        let questions = try questions()
        let afternoon = try questions.period(day: "2026-03-02", between: ("15:00", "16:00"))
        let routes = try questions.routes(from: "ring-north", to: "station-south", in: afternoon)
        #expect(routes.map { $0.via?.map(\.id) } == [[]] && routes.map(\.medianSeconds) == [720])
        let short = try questions.routes(
            from: "ring-north", to: "station-south", in: afternoon, longest: .seconds(719))
        #expect(short == [])
        // Departures of the period count, arrivals after it too.
        let cut = try questions.period(day: "2026-03-02", between: ("15:08", "15:09"))
        #expect(try questions.routes(from: "ring-north", to: "station-south", in: cut).map(\.trips) == [1])
    }

    @Test func `all travel times are those of successive cameras with enough vehicles`() throws {
        let questions = try questions()
        let times = try questions.allTravelTimes(in: day(questions), least: 2)
        #expect(
            times.map { "\($0.from.id) \($0.to.id)" } == [
                "canal-bridge station-south", "ring-north canal-bridge", "ring-north station-south",
            ])
        #expect(times.map(\.trips) == [3, 3, 5] && times.map(\.vehicles) == [3, 3, 5])
        // 380, 580, 660; 120, 120, 240; 600.
        #expect(times.map(\.medianSeconds) == [580, 120, 600] && times.map(\.p85Seconds) == [636, 204, 600])
        #expect(try questions.allTravelTimes(in: day(questions), least: 4).map(\.trips) == [5])
        #expect(try questions.allTravelTimes(in: day(questions), least: 1).count == 5)
        #expect(try self.questions(k: 6).allTravelTimes(in: day(questions), least: 1) == [])
    }

    @Test func `bad questions about journeys are refused`() throws {
        let questions = try questions()
        let day = try day(questions)
        let turned = Questions.Period(start: day.end, end: day.start)
        let mistakes: [() throws -> Void] = [
            { _ = try questions.journeys(in: day, every: .zero) },
            { _ = try questions.journeys(in: turned, every: .seconds(60)) },
            { _ = try questions.routes(from: "ring-north", to: "ring-north", in: day) },
            { _ = try questions.routes(from: "ring-north", to: "station-south", in: day, longest: .seconds(-1)) },
            { _ = try questions.allTravelTimes(in: turned) },
        ]
        for (index, mistake) in mistakes.enumerated() {
            #expect("\(index)") {
                try mistake()
            } throws: { error in
                if case .badQuestion = error as? QueryError { true } else { false }
            }
        }
        #expect(throws: QueryError.self) { try questions.routes(from: "cellar", to: "ring-north", in: day) }
    }
}
