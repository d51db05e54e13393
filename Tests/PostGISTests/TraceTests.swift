import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

@Suite struct TraceTests {
    let database: TestDatabase
    let investigator: String
    let vault: Vault
    let period = Questions.Period(
        start: City.moment("2026-03-01T00:00:00Z"), end: City.moment("2026-03-31T00:00:00Z"))

    init() throws {
        database = try TestDatabase()
        investigator = try database.login()
        try database.permit("theft", "théft; 3:x")
        vault = try database.vault()
        _ = try database.sink().write([
            City.passage("ring-north", at: City.moment("2026-03-02T07:31:00Z"), plate: "1ABC230"),
            City.passage("canal-bridge", at: City.moment("2026-03-02T07:36:00Z"), plate: "1ABC23O", ordinal: 1),
            // Another token epoch.
            City.passage("station-south", at: City.moment("2026-03-12T07:41:00Z"), plate: "1ABC230"),
            City.passage("ring-north", at: City.moment("2026-03-02T07:32:00Z"), plate: "XYZ999"),
        ])
    }

    func log() throws -> [[String?]] {
        try AuditLog(database: database.address).entries(after: 0).map { Array($0.fields[4..<9]) }
    }

    @Test func `a trace finds one vehicle in all epochs, and look-alikes when asked`() throws {
        let questions = try Questions(database: investigator)
        let searches = try vault.search(for: PlateText("1abc-230")!, from: period.start, to: period.end)
        #expect(searches.count == 2)
        func trace(_ lookAlikes: Bool) throws -> [TraceStep] {
            try questions.trace(
                tokens: searches.map(\.token), lookAlikes: lookAlikes ? searches.map(\.lookAlikeToken) : [],
                purpose: "theft", caseNumber: "2026/117", in: period)
        }
        let exact = try trace(false)
        #expect(exact.map(\.camera.id) == ["ring-north", "station-south"])
        let wide = try trace(true)
        #expect(wide.map(\.exact) == [true, false, true])
        #expect(
            try log() == [
                ["trace", "granted", nil, "theft", "2026/117"], ["trace", "granted", nil, "theft", "2026/117"],
            ])
    }

    static let incomplete: [(purpose: String?, number: String?, missing: String)] = [
        (nil, "2026/117", "a purpose"), ("theft", nil, "a case number"), (" ", "", "a purpose and a case number"),
    ]

    @Test(arguments: incomplete)
    func `a look without authority is refused, and on record`(purpose: String?, number: String?, missing: String) throws
    {
        let questions = try Questions(database: investigator)
        #expect {
            _ = try questions.trace(tokens: [], lookAlikes: [], purpose: purpose, caseNumber: number, in: period)
        } throws: { error in
            guard case .refused(let words) = error as? QueryError else { return false }
            return words.contains(missing) && words.contains("entry 1")
        }
        #expect(try log() == [["trace", "refused", "without \(missing)", purpose, number]])
    }

    @Test func `no rollback takes an entry back`() throws {
        let connection = try Connection(investigator, application: "test")
        let call = "SELECT count(*) FROM movement.trace('{}', '{}', 'theft', '1', '2026-03-01', '2026-03-31')"
        try connection.execute("BEGIN; \(call); ROLLBACK")
        try connection.execute("BEGIN; SAVEPOINT a; \(call); ROLLBACK TO SAVEPOINT a; COMMIT")
        #expect(throws: DatabaseError.self) { try connection.execute("BEGIN; \(call); SELECT 1 / 0") }
        try connection.execute("ROLLBACK")
        try connection.execute("BEGIN READ ONLY; \(call); ROLLBACK")
        try connection.execute(
            "DO $$ BEGIN PERFORM * FROM movement.trace('{}', '{}', 'theft', '1', '2026-03-01', '2026-03-31'); RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END $$"
        )
        #expect(try log().count == 5)
    }

    @Test func `without a way to write the entry there is no answer`() throws {
        _ = try database.query("UPDATE settings SET audit_conninfo = 'host=/nowhere'")
        let questions = try Questions(database: investigator)
        #expect(throws: QueryError.self) {
            _ = try questions.trace(tokens: [], lookAlikes: [], purpose: "theft", caseNumber: "1", in: period)
        }
    }

    @Test func `entries can't be changed, and the chain shows it when one is`() throws {
        let questions = try Questions(database: investigator)
        for number in 1...4 {
            _ = try questions.trace(
                tokens: [], lookAlikes: [], purpose: "théft; 3:x", caseNumber: "\(number)", in: period)
        }
        #expect(try verify() == nil)
        for attack in ["UPDATE audit SET purpose = 'none'", "DELETE FROM audit WHERE id = 2", "TRUNCATE audit"] {
            #expect(throws: DatabaseError.self) { _ = try database.query(attack) }
        }
        // The owner of the tables can take the trigger off: the chain has to show what follows.
        _ = try database.query("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
        let head = try database.query("SELECT digest FROM audit WHERE id = 4")[0][0]!
        let signed = [Int64(4): try Literal.bytes(head)]
        #expect(try verify(signed: signed) == nil)
        _ = try database.query("UPDATE audit SET purpose = 'fraud' WHERE id = 2")
        #expect(try verify() == .changed(2))
        // With a digest to match, the next entry gives it away.
        _ = try database.query("UPDATE audit SET digest = audit_digest(audit) WHERE id = 2")
        #expect(try verify() == .unlinked(3))
        _ = try database.query("DELETE FROM audit WHERE id = 2")
        #expect(try verify() == .gap(after: 1, found: 3))
        // Cutting the end leaves a chain that is whole, but not one that holds the signed head.
        _ = try database.query("DELETE FROM audit WHERE id > 1")
        #expect(try verify() == nil)
        #expect(try verify(signed: signed) == .cut(after: 1, signed: 4))
    }

    func verify(signed: [Int64: [UInt8]] = [:]) throws -> AuditChain.Break? {
        var chain = AuditChain(signed: signed)
        do {
            for entry in try AuditLog(database: database.address).entries(after: 0) {
                try chain.check(AuditEntry(fields: entry.fields, previous: entry.previous, digest: entry.digest))
            }
            try chain.finish()
            return nil
        } catch let broken as AuditChain.Break {
            return broken
        }
    }

    @Test func `looks at the same moment make one chain`() async throws {
        let address = investigator, period = period
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    _ = try Questions(database: address).trace(
                        tokens: [], lookAlikes: [], purpose: "theft", caseNumber: "\(number)", in: period)
                }
            }
            try await group.waitForAll()
        }
        #expect(try log().count == 8)
        #expect(try verify() == nil)
    }

    @Test func `changing k is on record, once`() throws {
        let log = try AuditLog(database: database.address)
        try log.setMinimumVehicles(3)
        try log.setMinimumVehicles(3)
        #expect(try log.entries(after: 0).map { $0.fields[9] } == ["{\"after\": 3, \"before\": 10}"])
    }
}
