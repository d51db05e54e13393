import Custody
import Fixtures
import Foundation
import Synchronization
import Testing
import Traffic

@testable import PostGIS

/// Everything that stops or breaks the server or the writer. On a server of their own, one at a time.
@Suite(.serialized) struct DurabilityTests {
    let database: TestDatabase
    init() throws { database = try TestDatabase(on: Postgres.toBreak()) }

    static let batches = 6, size = 50

    /// Writes the batches that are not stored yet, as a successor would.
    static func writeRest(_ sink: Sink) throws {
        let next = Int(try sink.storedOffsets(topic: "t")[0] ?? 0)
        for start in stride(from: next, to: batches * size, by: size) {
            _ = try sink.write(
                City.passages(start..<start + size),
                reaching: [.init(topic: "t", partition: 0, next: Int64(start + size))])
        }
    }

    func expectWhole() throws {
        #expect(try database.count("sighting") == Self.batches * Self.size)
        #expect(try database.query("SELECT next_offset FROM sink_offset") == [["\(Self.batches * Self.size)"]])
    }

    /// The first batch goes over a stage, the later ones straight in.
    @Test(arguments: Sink.Step.allCases, [0, 2])
    func `a connection ended at any step loses and doubles nothing`(step: Sink.Step, batch: Int) throws {
        let sink = try database.sink(impatient())
        let address = database.address
        let done = Atomic<Bool>(false)
        let begun = Atomic<Int>(-1)
        sink.onStep = { reached in
            if reached == .began { begun.wrappingAdd(1, ordering: .relaxed) }
            guard reached == step, begun.load(ordering: .relaxed) == batch, !done.exchange(true, ordering: .relaxed)
            else { return }
            _ = try? Connection(address, application: "test").query(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'gantry-sink' AND datname = current_database()"
            )
        }
        try Self.writeRest(sink)
        let reached = done.load(ordering: .relaxed)
        #expect(reached)
        try expectWhole()
    }

    /// Goal: nothing is lost or doubled when the writer is killed with SIGKILL.
    /// Method: a child process writes and kills itself at a step of a batch, again and again until all is stored.
    @Test(arguments: 0..<4)
    func `writers killed at random steps leave exactly what an undisturbed one would`(seed: Int) async throws {
        var random = seed &* 7919 &+ 17
        for _ in 0..<5 {
            random = random &* 1_103_515_245 &+ 12345
            let (step, batch) = (abs(random >> 16) % Sink.Step.allCases.count, abs(random >> 24) % 3)
            let (address, keys) = (database.address, database.keys)
            await #expect(processExitsWith: .signal(SIGKILL), "seed \(seed), step \(step), batch \(batch)") {
                [address = address as String, keys = keys as String, step = step as Int, batch = batch as Int] in
                let vault = Vault(keys: try KeyStore(folder: keys, create: true))
                let sink = try Sink(database: address, protection: vault)
                try sink.register(City.cameras)
                var left = batch
                sink.onStep = { reached in
                    guard reached == Sink.Step.allCases[step] else { return }
                    if left == 0 { raise(SIGKILL) }
                    left -= 1
                }
                try DurabilityTests.writeRest(sink)
                raise(SIGKILL)
            }
        }
        try Self.writeRest(try database.sink())
        try expectWhole()
    }

    @Test func `a server that is restarted, and one that is killed, lose and double nothing`() throws {
        let sink = try database.sink(impatient())
        let server = database.server
        let half = Self.batches * Self.size / 2
        _ = try sink.write(City.passages(0..<half), reaching: [.init(topic: "t", partition: 0, next: Int64(half))])
        try server.stop()
        try server.start()
        let done = Atomic<Int>(0)
        sink.onStep = { step in
            // Once in the middle of the rows, once just after the commit: its answer is lost with the server.
            let times = done.load(ordering: .relaxed)
            guard (times == 0 && step == .copying) || (times == 1 && step == .committed) else { return }
            done.add(1, ordering: .relaxed)
            try! server.crash()
        }
        try Self.writeRest(sink)
        let crashes = done.load(ordering: .relaxed)
        #expect(crashes == 2)
        try expectWhole()
    }

    @Test func `a server that stays away is given up after the allowed attempts`() throws {
        let pauses = Mutex<[Duration]>([])
        let sink = try database.sink(
            impatient(attempts: 4) { pause in
                pauses.withLock { $0.append(pause) }
                return true
            })
        try database.server.stop()
        defer { _ = try? database.server.start() }
        #expect {
            _ = try sink.write(City.passages(0..<3))
        } throws: { error in
            if case .exhausted(4, .unreachable) = error as? SinkError { true } else { false }
        }
        #expect(pauses.withLock { $0 } == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        try database.server.start()
        #expect(try sink.write(City.passages(0..<3)).stored == 3)
    }

    @Test func `a full disk is waited out`() throws {
        // The server can't be given a full disk here; a trigger that raises its SQLSTATE takes the same way.
        let sink = try database.sink(
            impatient(attempts: 1) { [address = database.address] pause in
                _ = try? Connection(address, application: "test").query(
                    "UPDATE disk SET blocks = blocks - 1")
                return pause == .seconds(10)
            })
        _ = try sink.write(City.passages(0..<1))
        let connection = try Connection(database.address, application: "test")
        try connection.execute(
            """
            CREATE TABLE disk (blocks integer); INSERT INTO disk VALUES (3);
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT blocks FROM disk) > 0 THEN
                    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER full_disk AFTER INSERT ON sighting FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
            """)
        #expect(try sink.write(City.passages(1..<4), reaching: [.init(topic: "t", partition: 0, next: 4)]).stored == 3)
        #expect(try database.query("SELECT blocks FROM disk") == [["0"]])
    }
}
