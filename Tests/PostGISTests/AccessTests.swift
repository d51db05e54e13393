import Custody
import Fixtures
import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Goal: nobody looks at a vehicle without purpose, case, a login of their own, a second person where the data is old, and
/// budget left; whatever is refused is on record, and tells nothing about the vehicle.
/// Method: purposes with small limits, and one real login for each person.
@Suite struct AccessTests {
    let database: TestDatabase
    let ada: String
    /// Two hours old, three days old and fifty days old.
    let now = EventTime(seconds: Date().timeIntervalSince1970.rounded())
    static let plate = "1ABC234"

    init() throws {
        database = try TestDatabase()
        ada = try database.login()
        _ = try database.query(
            """
            INSERT INTO purpose (name, legal_basis, alone, approved, user_looks, case_looks, user_tokens, case_tokens)
            VALUES ('theft', 'law', '1 day', '30 days', 50, 50, 50, 50)
            """)
        _ = try database.sink().write([
            City.passage("ring-north", at: now + .seconds(-7200), plate: Self.plate, crop: Array("picture".utf8)),
            City.passage("ring-north", at: now + .seconds(-3 * 86_400), plate: Self.plate, ordinal: 1),
        ])
    }

    func change(_ assignments: String) throws {
        _ = try database.query("UPDATE purpose SET \(assignments) WHERE name = 'theft'")
    }

    func period(days: Double) -> Questions.Period {
        Questions.Period(start: now + .seconds(-Int(days * 86_400)), end: now)
    }

    /// Rows, or the reason on record of the refusal.
    func trace(
        _ login: String? = nil, _ plate: String = plate, days: Double = 0.5, purpose: String = "theft",
        number: String = "1", lookAlikes: Bool = false
    ) throws -> String {
        let period = period(days: days)
        let searches = try database.vault().search(for: PlateText(plate)!, from: period.start, to: period.end)
        do {
            let steps = try Questions(database: login ?? ada).trace(
                tokens: searches.map(\.token), lookAlikes: lookAlikes ? searches.map(\.lookAlikeToken) : [],
                purpose: purpose, caseNumber: number, in: period)
            #expect(try last() == ["trace", "granted", nil])
            let returned = try database.query("SELECT returned FROM audit ORDER BY id DESC LIMIT 1")
            #expect(returned == [["\(steps.count)"]])
            return "\(steps.count) rows"
        } catch let error as QueryError {
            guard case .refused(let words) = error else { throw error }
            let entry = try database.query("SELECT max(id) FROM audit")[0][0]!
            #expect(words.contains("entry \(entry) of the audit log"), "\(words)")
            let last = try last()
            #expect(last.prefix(2) == ["trace", "refused"])
            return last[2] ?? ""
        }
    }

    func last() throws -> [String?] {
        try database.query("SELECT action, outcome, reason FROM audit ORDER BY id DESC LIMIT 1")[0]
    }

    @Test func `a look needs one of the purposes, and to be one of those it is for`() throws {
        #expect(try trace() == "1 rows")
        #expect(try trace(purpose: "curiosity") == "unknown purpose")
        #expect(try trace(purpose: " theft ") == "1 rows")
        try change("audience = 'nobody there'")
        #expect(try trace() == "not their purpose")
        try change("audience = 'gantry_supervisor'")
        #expect(try trace() == "not their purpose")
        let both = try database.login("bob", as: "gantry_investigator, gantry_supervisor")
        #expect(try trace(both) == "1 rows")
    }

    @Test func `who could read the tables without a record gets no look`() throws {
        #expect(try trace(database.address) == "no person's login")
        // A superuser is a member of every role, the audience's too.
        try change("audience = 'gantry_supervisor'")
        #expect(try trace(database.address) == "no person's login")
    }

    @Test func `old data takes a second person, and older data is out of reach`() throws {
        #expect(try trace(days: 0.9) == "1 rows")
        #expect(try trace(days: 5) == "needs approval")
        #expect(try trace(days: 31) == "too old")
        // The person who asked is no second person, nor is the owner.
        let request = try #require(try database.query("SELECT max(request) FROM looks_to_approve()")[0][0])
        _ = try database.query("GRANT gantry_supervisor TO \(name(of: ada))")
        #expect(throws: QueryError.self) { try Authority(database: ada).approve(request: Int64(request)!, reason: "x") }
        #expect(try last() == ["approve", "refused", "own request"])
        #expect(throws: QueryError.self) {
            try Authority(database: database.address).approve(request: Int64(request)!, reason: "x")
        }
        #expect(try last() == ["approve", "refused", "no person's login"])
        #expect(try trace(days: 5) == "needs approval")
        try database.approve()
        #expect(try last() == ["approve", "done", "invented"])
        #expect(try trace(days: 5) == "2 rows")
        let entry = try database.query("SELECT parameters ->> 'approval' FROM audit ORDER BY id DESC LIMIT 1")
        #expect(entry[0][0] != nil)
    }

    func name(of login: String) -> String { String(login.split(separator: "=").last!) }

    @Test func `an approval is for one user, purpose, case, vehicle and period, and expires`() throws {
        _ = try database.query("INSERT INTO purpose SELECT 'fraud', 'law', audience, alone, approved FROM purpose")
        #expect(try trace(days: 5) == "needs approval")
        try database.approve()
        #expect(try trace(days: 5) == "2 rows")
        #expect(try trace(days: 4) == "2 rows")
        #expect(try trace(database.login("bob"), days: 5) == "needs approval")
        #expect(try trace(days: 5, purpose: "fraud") == "needs approval")
        #expect(try trace(days: 5, number: "2") == "needs approval")
        #expect(try trace(nil, "XYZ999", days: 5) == "needs approval")
        #expect(try trace(days: 5, lookAlikes: true) == "needs approval")
        #expect(try trace(days: 6) == "needs approval")
        _ = try database.query("UPDATE approval SET expires_at = clock_timestamp()")
        #expect(try trace(days: 5) == "needs approval")
    }

    @Test func `a request is approved once, with a reason, and only when it waits`() throws {
        #expect(try trace(days: 5) == "needs approval")
        let sue = try Authority(database: database.login("sue", as: "gantry_supervisor"))
        let waiting = try sue.requests()
        #expect(waiting.rows.count == 1 && waiting.rows[0].values[4] == .text("theft"))
        guard case .text(let text) = waiting.rows[0].values[0], let request = Int64(text) else {
            Issue.record("\(waiting)")
            return
        }
        #expect(throws: QueryError.self) { try sue.approve(request: request, reason: " ") }
        #expect(throws: QueryError.self) { try sue.approve(request: request + 1, reason: "x") }
        _ = try sue.approve(request: request, reason: "x")
        #expect(throws: QueryError.self) { try sue.approve(request: request, reason: "x") }
        #expect(try sue.requests().rows.isEmpty)
    }

    @Test func `looks run into the budget of the user, and of the case whoever looks`() throws {
        let bob = try database.login("bob")
        try change("user_looks = 2, case_looks = 3")
        #expect(try [trace(), trace()] == ["1 rows", "1 rows"])
        #expect(try trace() == "budget of looks")
        #expect(try trace(bob) == "1 rows")
        #expect(try trace(bob) == "budget of looks")
        #expect(try trace(bob, number: "2") == "1 rows")
        #expect(try trace(bob, number: "3") == "budget of looks")
    }

    @Test func `sweeping is refused: many vehicles by a user, or under a case`() throws {
        let bob = try database.login("bob")
        try change("user_tokens = 2, case_tokens = 3")
        func count(_ plates: String..., login: String? = nil, number: String = "1") throws -> [String] {
            try plates.map { try trace(login, $0, number: number) }
        }
        // The same vehicle again costs nothing, and whether it is there makes no difference.
        #expect(
            try count(Self.plate, Self.plate, "NOT001", "NOT002") == [
                "1 rows", "1 rows", "0 rows", "budget of vehicles",
            ])
        #expect(try count(Self.plate) == ["1 rows"])
        #expect(try count("NOT003", "NOT004", login: bob) == ["0 rows", "budget of vehicles"])
        #expect(try count("NOT004", login: bob, number: "2") == ["0 rows"])
        // All in one call.
        let connection = try Connection(ada, application: "test")
        let tokens = (0..<20).map { [UInt8](repeating: UInt8($0), count: 16) }
        #expect(throws: DatabaseError.self) {
            try connection.query(
                "SELECT * FROM movement.trace($1, '{}', 'theft', '9', now() - interval '12 hours', now())",
                [Literal.array(tokens)])
        }
        #expect(try last() == ["trace", "refused", "too many tokens"])
    }

    @Test func `after many refused looks there are none, until they are a day old`() throws {
        _ = try database.query("UPDATE settings SET refusals_max = 3")
        for _ in 0..<3 { #expect(try trace(purpose: "curiosity") == "unknown purpose") }
        #expect(try trace() == "too many refused looks")
        #expect(try trace(purpose: "curiosity") == "too many refused looks")
        // Others go on.
        #expect(try trace(database.login("bob")) == "1 rows")
        _ = try database.query("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
        _ = try database.query(
            "UPDATE audit SET at = at - interval '24 hours' WHERE id = (SELECT min(id) FROM audit WHERE reason = 'unknown purpose')"
        )
        #expect(try trace() == "1 rows")
    }

    /// A snapshot from before, or looks that don't wait for each other, would each find the budget unspent.
    @Test func `no transaction hides looks from the count`() async throws {
        try change("user_looks = 3")
        let connection = try Connection(ada, application: "test")
        let call = "SELECT count(*) FROM movement.trace('{}', '{}', 'theft', '1', now() - interval '1 hour', now())"
        for level in ["REPEATABLE READ", "SERIALIZABLE"] {
            #expect(throws: DatabaseError.self) { try connection.execute("BEGIN ISOLATION LEVEL \(level); \(call)") }
            try connection.execute("ROLLBACK")
            #expect(try last() == ["trace", "refused", "transaction isolation"])
        }
        let ada = ada
        let granted = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (try? Connection(ada, application: "test").query(call)) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(granted == 3)
    }

    @Test func `a look that is broken off is on record`() throws {
        let connection = try Connection(ada, application: "test")
        _ = try database.query("ALTER TABLE camera_path RENAME TO hidden")
        #expect(throws: DatabaseError.self) {
            try connection.query(
                "SELECT * FROM movement.trace('{}', '{}', 'theft', '1', now() - interval '1 hour', now())")
        }
        #expect(try last() == ["trace", "refused", "broken off: 42P01"])
        _ = try database.query("ALTER TABLE hidden RENAME TO camera_path")
        // A time limit that is reached while rows are looked for. Its lock holds the look there.
        let holder = try Connection(database.address, application: "test")
        try holder.execute("BEGIN; LOCK TABLE camera_path")
        try connection.execute("SET statement_timeout = '300ms'")
        #expect(throws: DatabaseError.self) {
            try connection.query(
                "SELECT * FROM movement.trace('{}', '{}', 'theft', '1', now() - interval '1 hour', now())")
        }
        try holder.execute("ROLLBACK")
        #expect(try last() == ["trace", "refused", "broken off: 57014"])
    }

    @Test func `a vehicle that is there and one that is not are refused and granted alike`() throws {
        let connection = try Connection(ada, application: "test")
        let period = period(days: 5)
        let vault = try database.vault()
        /// What is said and recorded, but for numbers and tokens.
        func looks(_ plate: String) throws -> [String] {
            let searches = try vault.search(for: PlateText(plate)!, from: period.start, to: period.end)
            let call = "SELECT count(*) FROM movement.trace($1, '{}', $2, '1', $3, $4)"
            return try ["curiosity", "theft"].map { purpose in
                do {
                    _ = try connection.query(
                        call,
                        [Literal.array(searches.map(\.token)), purpose, period.start.rfc3339, period.end.rfc3339])
                    return "granted"
                } catch {
                    let record = try database.query(
                        "SELECT outcome, reason, parameters - 'tokens' FROM audit ORDER BY id DESC LIMIT 1")
                    return "\(error) \(record)".replacing(/(entry|approve) [0-9]+/, with: "")
                }
            }
        }
        #expect(try looks(Self.plate) == looks("NOT001"))
        // A look that is refused has looked into no day.
        try connection.execute("SET statement_timeout = 0")
        let before = try database.query("SELECT count(*) FROM audit")[0][0]!
        _ = try looks(Self.plate)
        #expect(try database.query("SELECT count(*) - \(before) FROM audit")[0][0] == "2")
    }

    @Test func `one passage is revealed, and counts as a look at its vehicle`() throws {
        let vault = try database.vault(), questions = try Questions(database: ada)
        let searches = try vault.search(for: PlateText(Self.plate)!, from: now + .seconds(-86_400), to: now)
        let step = try #require(
            try questions.trace(
                tokens: searches.map(\.token), lookAlikes: [], purpose: "theft", caseNumber: "1", in: period(days: 0.5)
            ).first)
        let found = try #require(
            try questions.reveal(step.reference, purpose: "theft", caseNumber: "1", crop: true))
        let place = Vault.Place(passage: step.passage, camera: found.camera, firstSeen: step.seen.time)
        #expect(try vault.open(text: #require(found.text), at: place).text == Self.plate)
        #expect(try vault.open(crop: #require(found.crop), at: place) == Array("picture".utf8))
        #expect(try questions.reveal(step.reference, purpose: "theft", caseNumber: "1", crop: false)?.crop == nil)
        let record = try database.query(
            "SELECT action, outcome, parameters -> 'tokens' = to_jsonb(ARRAY[$1]) FROM audit ORDER BY id DESC LIMIT 1",
            [Literal.hexadecimal(searches[0].token)])
        #expect(record == [["reveal", "granted", "t"]])
        // What is not there is granted and on record too, and has no row.
        let nowhere = PassageReference(seen: step.seen.time, passage: PassageID([UInt8](repeating: 9, count: 16)))
        #expect(try questions.reveal(nowhere, purpose: "theft", caseNumber: "1", crop: true) == nil)
        #expect(try last() == ["reveal", "granted", nil])
        #expect(throws: QueryError.self) {
            try questions.reveal(step.reference, purpose: nil, caseNumber: "1", crop: false)
        }
        #expect(try last() == ["reveal", "refused", "without a purpose"])
        #expect(
            try database.query("SELECT returned FROM audit WHERE action = 'reveal' AND outcome = 'granted' ORDER BY id")
                .map { $0[0] } == ["1", "1", "0"])
        // Neither the one that is there nor the other, or the budget would tell.
        try change("user_tokens = 1")
        for passage in [step.reference, nowhere] {
            #expect(throws: QueryError.self) {
                try questions.reveal(passage, purpose: "theft", caseNumber: "1", crop: false)
            }
            #expect(try last() == ["reveal", "refused", "budget of vehicles"])
        }
    }

    @Test func `an approved trace may be revealed, and another old passage may not`() throws {
        let old = now + .seconds(-3 * 86_400)
        _ = try database.sink().write([City.passage("canal-bridge", at: old, plate: "XYZ999", ordinal: 3)])
        #expect(try trace(days: 5) == "needs approval")
        try database.approve()
        let questions = try Questions(database: ada)
        func reveal(_ passage: Passage) throws -> Bool {
            let reference = PassageReference(seen: passage.firstSeen, passage: passage.id)
            return try questions.reveal(reference, purpose: "theft", caseNumber: "1", crop: false) != nil
        }
        #expect(try reveal(City.passage("ring-north", at: old, plate: Self.plate, ordinal: 1)))
        #expect(throws: QueryError.self) {
            try reveal(City.passage("canal-bridge", at: old, plate: "XYZ999", ordinal: 3))
        }
        #expect(try last() == ["reveal", "refused", "needs approval"])
        try database.approve()
        #expect(try reveal(City.passage("canal-bridge", at: old, plate: "XYZ999", ordinal: 3)))
    }

    @Test func `a passage is named as traces show it, and nothing else is a name`() {
        let text = "2026-03-02T07:31:00.000Z/000102030405060708090a0b0c0d0e0f"
        #expect(PassageReference(text)?.text == text)
        for wrong in [
            "", "000102030405060708090a0b0c0d0e0f", "2026-03-02/00", text + "0", text + "/x",
            text.replacing("0f", with: "0g"), text.replacing("2026", with: "x"), text.replacing("0102", with: "+1+2"),
        ] {
            #expect(PassageReference(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `purposes are those of the list, each change on record`() throws {
        let keeper = try Authority(database: database.address)
        func imported(_ json: String, dryRun: Bool = false) throws -> [String] {
            try keeper.importPurposes(json: json, dryRun: dryRun).map { "\($0.change) \($0.name)" }
        }
        let theft =
            #"{"name": "theft", "legal_basis": "law", "alone": "2 days", "approved": "1 year", "user_looks": 5}"#
        let fraud = #"{"name": "fraud", "legal_basis": "law", "alone": "0 days", "approved": "30 days"}"#
        #expect(try imported("[\(theft), \(fraud)]", dryRun: true) == ["new fraud", "changed theft"])
        #expect(try imported("[\(theft), \(fraud)]") == ["new fraud", "changed theft"])
        #expect(try imported("[\(theft), \(fraud)]") == [])
        #expect(try imported("[\(fraud)]") == ["removed theft"])
        let record = try database.query(
            "SELECT purpose, parameters -> 'before' ->> 'user_looks', parameters -> 'after' ->> 'user_looks' FROM audit WHERE action = 'purpose' ORDER BY id"
        )
        #expect(record == [["fraud", nil, "50"], ["theft", "50", "5"], ["theft", "5", nil]])
        for wrong in [
            "{}", #"[{"name": "a"}]"#, "[\(fraud), \(fraud)]", "[\(fraud.replacing("30 days", with: "soon"))]",
            "[\(fraud.replacing("alone", with: "allone"))]", "[\(fraud.replacing("30 days", with: "-1 day"))]",
        ] {
            #expect("\(wrong)") {
                _ = try imported(wrong)
            } throws: {
                if case .badQuestion = $0 as? QueryError { true } else { false }
            }
        }
        #expect(try database.query("SELECT name FROM purpose") == [["fraud"]])
    }
}
