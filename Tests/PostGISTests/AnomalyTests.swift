import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: plates in two places are counted for all, and shown one by one to those with a case.
/// Method: from ring-north to station-south (4.9 km straight) in 10 and 60 s, thrice at most in truth.
@Suite struct AnomalyTests {
    let database: TestDatabase
    let investigator: String
    let period = Questions.Period(
        start: City.moment("2026-03-02T00:00:00Z"), end: City.moment("2026-03-03T00:00:00Z"))

    init() throws {
        database = try TestDatabase()
        investigator = try database.login()
        try database.permit("cloned plates", "theft")
        let seen: [(CameraID, String, String)] = [
            ("ring-north", "07:00:00", "AAA111"), ("station-south", "07:00:10", "AAA111"),
            ("ring-north", "07:01:00", "BBB222"), ("station-south", "07:02:00", "BBB222"),
            // 118 km/h.
            ("ring-north", "07:02:00", "CCC333"), ("station-south", "07:04:30", "CCC333"),
            // At the same moment; and back in half an hour.
            ("canal-bridge", "07:03:00", "DDD444"), ("station-south", "07:03:00", "DDD444"),
            ("ring-north", "07:33:00", "DDD444"),
        ]
        _ = try database.sink().write(
            seen.map { City.passage($0, at: City.moment("2026-03-02T\($1)Z"), plate: $2) })
        try LegKeeper(database: database.address).finish()
    }

    private func questions(k: Int = 1) throws -> Questions {
        try AuditLog(database: database.address).setMinimumVehicles(k)
        return try Questions(database: investigator)
    }

    /// Asks for an approval and gets it.
    private func approve(_ purpose: String, _ number: String) throws {
        #expect {
            _ = try Questions(database: investigator).anomalous(purpose: purpose, caseNumber: number, in: period)
        } throws: { error in
            guard case .refused(let words) = error as? QueryError else { return false }
            return words.contains("second person")
        }
        try database.approve()
    }

    private func log() throws -> [[String?]] {
        try AuditLog(database: database.address).entries(after: 0).map { Array($0.fields[4..<9]) }
            .filter { $0[0] == "anomalous" }
    }

    @Test func `legs faster than possible are counted by pair`() throws {
        let questions = try questions()
        let counts = try questions.anomalies(in: period)
        #expect(counts.count == 2)
        let pair = try #require(counts.first)
        #expect(pair.from.id == "ring-north" && pair.to.id == "station-south" && pair.legs == 2 && pair.vehicles == 2)
        #expect(abs(pair.metres - 4923) < 5)
        let highest = try #require(pair.highestKmh)
        #expect(abs(highest - pair.metres * 0.36) < 1e-6)
        // At the same moment: a second, since clocks agree no better. Which of the two was first is chance.
        let other = counts[1]
        #expect(Set([other.from.id, other.to.id]) == ["canal-bridge", "station-south"])
        let apart = try #require(other.highestKmh)
        #expect(other.legs == 1 && abs(apart - other.metres * 3.6) < 1e-6)
        #expect(try questions.anomalies(in: period, fastestKmh: 500).map(\.legs) == [1, 1])
        #expect(try questions.anomalies(in: period, fastestKmh: 100).map(\.legs) == [3, 1])
        #expect(try questions.anomalies(in: period, most: 1).map(\.legs) == [2])
    }

    @Test func `pairs with fewer than k vehicles are withheld, behind the others`() throws {
        let counts = try questions(k: 2).anomalies(in: period)
        #expect(counts.map(\.legs) == [2, nil] && counts.map(\.highestKmh).last == .some(nil))
        let none = try questions(k: 3).anomalies(in: period)
        #expect(none.map(\.legs) == [nil, nil] && none.map(\.vehicles) == [nil, nil])
        // By name, which tells nothing.
        #expect(none.map(\.from.id.text) == none.map(\.from.id.text).sorted())
    }

    @Test func `with a case and a second person the passages are shown, fastest first`() throws {
        let questions = try questions(k: 10)
        try approve("cloned plates", "2026/9")
        let found = try questions.anomalous(purpose: "cloned plates", caseNumber: "2026/9", in: period)
        #expect(found.map(\.seconds) == [0, 10, 60])
        #expect(found[1].from.camera.id == "ring-north" && found[1].to.seen.local == "2026-03-02 07:00:10")
        #expect(abs(found[1].kmh - found[1].metres * 0.36) < 1e-6)
        let granted = ["anomalous", "granted", nil, "cloned plates", "2026/9"]
        #expect(try log() == [["anomalous", "refused", "needs approval", "cloned plates", "2026/9"], granted])
        let one = try questions.anomalous(purpose: "cloned plates", caseNumber: "2026/9", in: period, most: 1)
        #expect(one.map(\.seconds) == [0])
        // For this case, and within this period alone.
        let hour = Questions.Period(start: period.start, end: period.start + .seconds(3600))
        #expect(try questions.anomalous(purpose: "cloned plates", caseNumber: "2026/9", in: hour).isEmpty)
        let wider = Questions.Period(start: period.start + .seconds(-1), end: period.end + .seconds(-1))
        #expect(throws: QueryError.self) {
            try questions.anomalous(purpose: "cloned plates", caseNumber: "2026/9", in: wider)
        }
        #expect(throws: QueryError.self) {
            try questions.anomalous(purpose: "cloned plates", caseNumber: "2026/10", in: period)
        }
        // No plate, but what `gantry reveal` takes.
        let row = try #require(Answer(found, zone: "UTC").rendered(.csv).split(separator: "\n").dropFirst(2).first)
        #expect(row.contains(",ring-north,2026-03-02T07:00:10.000Z,station-south,") && !row.contains("AAA111"))
        let passage = try #require(row.split(separator: ",").last.flatMap { PassageReference(String($0)) })
        #expect(passage == found[1].to.reference)
    }

    static let incomplete: [(purpose: String?, number: String?, missing: String)] = [
        (nil, "2026/117", "a purpose"), ("theft", nil, "a case number"), (" ", "", "a purpose and a case number"),
    ]

    @Test(arguments: incomplete)
    func `a look without authority is refused, and on record`(purpose: String?, number: String?, missing: String) throws
    {
        let questions = try questions()
        #expect {
            _ = try questions.anomalous(purpose: purpose, caseNumber: number, in: period)
        } throws: { error in
            guard case .refused(let words) = error as? QueryError else { return false }
            return words.contains(missing)
        }
        #expect(try log() == [["anomalous", "refused", "without \(missing)", purpose, number]])
    }

    @Test func `no rollback takes an entry back, and without one there is no answer`() throws {
        try approve("theft", "1")
        let connection = try Connection(investigator, application: "test")
        let call = "SELECT count(*) FROM movement.anomalous('theft', '1', '2026-03-02', '2026-03-03')"
        try connection.execute("BEGIN; \(call); ROLLBACK")
        #expect(throws: DatabaseError.self) { try connection.execute("BEGIN; \(call); SELECT 1 / 0") }
        #expect(try log().map { $0[1] } == ["refused", "granted", "granted"])
        _ = try database.query("UPDATE settings SET audit_conninfo = 'host=/nowhere'")
        let questions = try Questions(database: investigator)
        #expect(throws: QueryError.self) {
            try questions.anomalous(purpose: "theft", caseNumber: "1", in: period)
        }
    }

    @Test func `bad questions about anomalies are refused`() throws {
        let questions = try questions()
        try approve("theft", "1")
        let period = period
        let turned = Questions.Period(start: period.end, end: period.start)
        let mistakes: [() throws -> Void] = [
            { _ = try questions.anomalies(in: turned) },
            { _ = try questions.anomalies(in: period, fastestKmh: 0) },
            { _ = try questions.anomalies(in: period, fastestKmh: .nan) },
            { _ = try questions.anomalies(in: period, most: 10_001) },
            { _ = try questions.anomalous(purpose: "theft", caseNumber: "1", in: period, fastestKmh: .infinity) },
            { _ = try questions.anomalous(purpose: "theft", caseNumber: "1", in: turned) },
            { _ = try questions.anomalous(purpose: "theft", caseNumber: "1", in: period, most: 0) },
        ]
        for (index, mistake) in mistakes.enumerated() {
            #expect("\(index)") {
                try mistake()
            } throws: { error in
                if case .badQuestion = error as? QueryError { true } else { false }
            }
        }
        // What was asked is on record, nonsense too.
        #expect(try log().map { $0[2] } == ["needs approval", "broken off: GN400", "no period", "broken off: GN400"])
    }
}
