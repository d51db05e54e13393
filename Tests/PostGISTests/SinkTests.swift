import Custody
import Fixtures
import Foundation
import Synchronization
import Testing
import Traffic

@testable import PostGIS

@Suite struct SinkTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase() }

    @Test func `a passage is stored as it was, but for its plate`() throws {
        let passage = City.passage(
            at: City.moment("2026-03-02T07:30:00.1234567Z"), plate: "1ABC234", crop: Array("picture".utf8))
        let outcome = try database.sink().write([passage])
        #expect(outcome == Sink.Outcome(stored: 1))
        let row = try database.query(
            """
            SELECT c.name, audit_moment(seen_at), audit_moment(last_seen), passage_id, vehicle, direction, epoch,
                first_frame, last_frame, best_frame, frames, confidence, accepted, votes, reads, not_read, token_epoch,
                octet_length(token), octet_length(look_alike), sealed_text, sealed
            FROM sighting JOIN camera c ON c.id = camera_id JOIN crop USING (camera_id, seen_at, passage_id)
            """)[0]
        let vault = try database.vault()
        let place = Vault.Place(passage: passage.id, camera: passage.camera, firstSeen: passage.firstSeen)
        #expect(
            row.dropLast(2) == [
                "ring-north", "2026-03-02T07:30:00.123456Z", "2026-03-02T07:30:05.123456Z", "\\x\(passage.id)", "car",
                "approaching", "-1", "10", "60", "30", "51", "0.75", "t", "4", "5", nil,
                "\(TokenEpoch(passage.firstSeen, days: 1))", "16", "16",
            ])
        #expect(try vault.open(text: Literal.bytes(row[19]!), at: place).text == "1ABC234")
        #expect(try vault.open(crop: Literal.bytes(row[20]!), at: place) == Array("picture".utf8))
    }

    @Test func `a vehicle's way is stored, and nothing of it where nothing is known`() throws {
        var passage = City.passage(at: City.moment("2026-03-02T07:30:00Z"), plate: "1ABC234")
        passage.course = 359.999_999_99
        passage.entered = .top
        passage.left = .right
        passage.stopped = .milliseconds(131_500)
        passage.parked = .milliseconds(120_250)
        passage.speed = .init(metresPerSecond: 13.5, metres: 20)
        let plain = City.passage(at: City.moment("2026-03-02T07:31:00Z"))
        #expect(try database.sink().write([passage, plain]) == .init(stored: 2))
        let rows = try database.query(
            "SELECT course, entered, exited, stopped, parked, speed FROM sighting ORDER BY seen_at")
        #expect(rows == [["0", "top", "right", "131.5", "120.25", "13.5"], [nil, nil, nil, "0", nil, nil]])
    }

    @Test func `a batch written twice is stored once`() throws {
        let sink = try database.sink()
        let passages = City.passages(0..<500)
        #expect(try sink.write(passages + passages.prefix(20)) == .init(stored: 500, repeated: 20))
        #expect(try sink.write(passages) == .init(stored: 0, repeated: 500))
        #expect(try database.count("sighting") == 500)
    }

    /// The first batch of a connection goes over a stage, the ones after it straight in as long as nothing repeats.
    @Test func `a batch that goes straight in leaves the rows that a staged one would`() throws {
        let first = City.passages(0..<10)
        let second = (10..<40).map { number in
            City.passage(
                number % 2 == 0 ? "ring-north" : "canal-bridge",
                at: City.moment("2026-03-02T07:30:00Z") + .seconds(number),
                plate: number % 3 == 0 ? nil : "GAN\(1000 + number)", ordinal: number, accepted: number % 5 != 0,
                crop: number % 4 == 0 ? [1, 2, 3] : nil)
        }
        let staged = try TestDatabase()
        let sink = try database.sink()
        let steps = Mutex<[Sink.Step]>([])
        sink.onStep = { step in steps.withLock { $0.append(step) } }
        #expect(try sink.write(first).stored == 10 && sink.write(second.reversed()).stored == 30)
        #expect(steps.withLock { $0.filter { $0 == .inserted }.count } == 2)
        for passages in [first, second] { _ = try staged.sink().write(passages) }
        let rows = """
            SELECT camera_id, seen_at, passage_id, last_seen, vehicle, direction, epoch, first_frame, last_frame, best_frame, frames,
                octet_length(token), token_epoch, octet_length(sealed_text), confidence, accepted, votes, reads, not_read, course,
                stopped, revision, octet_length(sealed)
            FROM sighting LEFT JOIN crop USING (camera_id, seen_at, passage_id) ORDER BY seen_at
            """
        #expect(try database.query(rows) == staged.query(rows))
        let queue = "SELECT s.seen_at FROM leg_queue q JOIN sighting s USING (token, seen_at) ORDER BY 1"
        #expect(try database.query(queue) == staged.query(queue) && database.count("leg_queue") == 30)
    }

    @Test func `repeats and bad rows are found in a batch that went straight in`() throws {
        let sink = try database.sink()
        _ = try sink.write(City.passages(0..<20))
        #expect(try sink.write(City.passages(10..<40)) == .init(stored: 20, repeated: 10))
        #expect(try sink.write(City.passages(40..<50)).stored == 10)
        let twice = City.passages(50..<60)
        #expect(try sink.write(twice + twice) == .init(stored: 10, repeated: 10))
        #expect(try sink.write(City.passages(60..<70)).stored == 10)
        _ = try database.query(
            "ALTER TABLE sighting ADD CONSTRAINT no_thirteen CHECK (extract(second FROM seen_at) <> 13 OR seen_at < '2026-03-02T07:31:00Z')"
        )
        let outcome = try sink.write(City.passages(70..<80))
        #expect(outcome.stored == 9 && outcome.rejected.map(\.index) == [3])
        #expect(try database.count("sighting") == 79 && database.count("leg_queue") == 79)
    }

    @Test func `offsets commit with the rows, and come back`() throws {
        let sink = try database.sink()
        #expect(try sink.storedOffsets(topic: "city.passages") == [:])
        _ = try sink.write(
            City.passages(0..<10),
            reaching: [
                .init(topic: "city.passages", partition: 0, next: 5),
                .init(topic: "city.passages", partition: 3, next: 7),
            ])
        _ = try sink.write([], reaching: [.init(topic: "city.passages", partition: 0, next: 9)])
        #expect(try database.sink().storedOffsets(topic: "city.passages") == [0: 9, 3: 7])
        #expect(try sink.storedOffsets(topic: "other.passages") == [:])
        #expect(
            throws: SinkError.offsetBehind(topic: "city.passages", partition: 3, stored: 7, asked: 6)
        ) {
            _ = try sink.write([], reaching: [.init(topic: "city.passages", partition: 3, next: 6)])
        }
    }

    @Test func `of two sinks on one partition the slower one is refused and writes nothing`() throws {
        let (first, second) = (try database.sink(), try database.sink())
        _ = try first.storedOffsets(topic: "t")
        _ = try second.storedOffsets(topic: "t")
        _ = try first.write(City.passages(0..<5), reaching: [.init(topic: "t", partition: 0, next: 5)])
        #expect(throws: SinkError.fenced(topic: "t", partition: 0, believed: nil, stored: 5)) {
            _ = try second.write(City.passages(5..<9), reaching: [.init(topic: "t", partition: 0, next: 9)])
        }
        #expect(try database.count("sighting") == 5)
        #expect(try second.storedOffsets(topic: "t") == [0: 5])
        _ = try second.write(City.passages(5..<9), reaching: [.init(topic: "t", partition: 0, next: 9)])
        #expect(throws: SinkError.fenced(topic: "t", partition: 0, believed: 5, stored: 9)) {
            _ = try first.write(City.passages(5..<7), reaching: [.init(topic: "t", partition: 0, next: 7)])
        }
        #expect(try database.count("sighting") == 9)
    }

    @Test func `bad passages are rejected with a code, and the rest of the batch lands`() throws {
        let good = City.passages(0..<3)
        let time = City.moment("2026-03-02T09:00:00Z")
        var backwards = City.passage(at: time)
        backwards.lastSeen = time + .seconds(-1)
        var unsure = City.passage(at: time, plate: "ABC123")
        unsure.plate!.confidence = .nan
        var options = Sink.Options()
        options.largestCrop = 100
        let batch = [
            City.passage(at: City.moment("1999-12-31T23:59:59Z")), good[0], City.passage("cellar", at: time), backwards,
            good[1], unsure, City.passage(at: time, crop: [UInt8](repeating: 7, count: 101)),
            City.passage("ring-\0north", at: time), good[2],
        ]
        let outcome = try database.sink(options).write(batch, reaching: [.init(topic: "t", partition: 0, next: 9)])
        #expect(outcome.stored == 3)
        #expect(outcome.rejected.map(\.index) == [0, 2, 3, 5, 6, 7])
        #expect(outcome.rejected.map(\.code) == ["SNK301", "SNK302", "SNK303", "SNK303", "SNK305", "SNK302"])
        #expect(try database.sink().storedOffsets(topic: "t") == [0: 9])
    }

    @Test func `a row that only the database objects to is found by halving`() throws {
        let sink = try database.sink()
        _ = try database.query(
            "ALTER TABLE sighting ADD CONSTRAINT no_thirteen CHECK (extract(second FROM seen_at) <> 13)")
        let outcome = try sink.write(City.passages(0..<60), reaching: [.init(topic: "t", partition: 0, next: 60)])
        #expect(outcome.stored == 59)
        #expect(outcome.rejected.map(\.index) == [13])
        #expect(outcome.rejected.first?.code == "SNK306")
        #expect(try database.count("sighting") == 59)
        #expect(try sink.storedOffsets(topic: "t") == [0: 60])
    }

    @Test func `days get their partitions as passages need them, up to a bound`() throws {
        _ = try database.query("UPDATE settings SET days_max = 2")
        let days = ["2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]
        let outcome = try database.sink().write(days.map { City.passage(at: City.moment($0)) })
        #expect(outcome.stored == 2)
        #expect(outcome.rejected.map(\.code) == ["SNK304"] && outcome.rejected.map(\.index) == [2])
        #expect(try database.count("sighting_20260301") == 1)
    }

    @Test func `a day that was dropped under a running sink is made again`() throws {
        let sink = try database.sink(impatient())
        _ = try sink.write(City.passages(0..<3))
        _ = try database.query("DROP TABLE sighting_20260302")
        #expect(try sink.write(City.passages(3..<6)).stored == 3)
    }

    @Test func `a day whose key was destroyed takes no new passages`() throws {
        let sink = try database.sink()
        _ = try sink.write(City.passages(0..<3))
        try database.vault().keys.destroy(day: Day("2026-03-02")!)
        #expect(try sink.write(City.passages(3..<5)).rejected.map(\.code) == ["CUS105", "CUS105"])
    }

    @Test func `no plate is in clear anywhere in a dump`() throws {
        let plates = (0..<20).map { "QZX\(7000 + $0)" }
        let time = City.moment("2026-03-02T07:30:00Z")
        _ = try database.sink().write(
            plates.enumerated().map { index, plate in
                City.passage(at: time + .seconds(index), plate: plate, crop: Array("JPEG of \(plate)".utf8))
            })
        let dump = try database.server.dump(database.address)
        #expect(dump.contains("ring-north") && dump.contains("COPY public.sighting"))
        for plate in plates {
            #expect(!dump.contains(plate))
            #expect(!dump.contains(Literal.hexadecimal(Array(plate.utf8))))
        }
    }
}

extension SinkTests {
    @Test func `a batch that names its first offset must begin where the stored ones end`() throws {
        let sink = try database.sink()
        // A log whose beginning was deleted starts anywhere.
        _ = try sink.write(City.passages(0..<5), reaching: [.init(topic: "t", partition: 0, from: 40, next: 45)])
        _ = try database.sink().write(
            City.passages(5..<9), reaching: [.init(topic: "t", partition: 0, from: 45, next: 49)])
        #expect(throws: SinkError.fenced(topic: "t", partition: 0, believed: 45, stored: 49)) {
            _ = try sink.write(City.passages(9..<12), reaching: [.init(topic: "t", partition: 0, from: 45, next: 52)])
        }
        #expect(try database.count("sighting") == 9)
    }
}
