import Dispatch
import Foundation
public import Logging
import Synchronization
public import Traffic

/// Stores passages and coverage, each exactly once, with the offsets of the records they came in.
///
/// A batch is one transaction: rows and offsets commit together, so after a crash the stored offsets say exactly what
/// is stored. Without offsets (in-process links) the same path is used, and repeats are still recognised by their ids.
/// Calls block and retry; use one thread, off the cooperative pool. Source: docs/decisions/0003-store.md.
public final class Sink {
    /// How far a batch reaches into one partition.
    public struct Position: Hashable, Sendable {
        public var topic: String
        public var partition: Int32
        /// The first record that the batch covers: what must be stored now, if anything is. Nil for what this sink
        /// believes, from ``Sink/storedOffsets(topic:)`` and its own batches.
        public var from: Int64?
        /// One past the last record that the batch covers.
        public var next: Int64

        public init(topic: String, partition: Int32, from: Int64? = nil, next: Int64) {
            self.topic = topic
            self.partition = partition
            self.from = from
            self.next = next
        }
    }

    public struct Options: Sendable {
        public var retry = RetryPolicy()
        /// Passages outside are rejected; each slot inside may become a partition.
        public var times = EventTime(rfc3339: "2000-01-01T00:00:00Z")!...EventTime(rfc3339: "2100-01-01T00:00:00Z")!
        /// Bytes of JPEG.
        public var largestCrop = 8 << 20
        public init() {}
    }

    public struct Outcome: Equatable, Sendable {
        /// New rows.
        public var stored = 0
        /// New stretches of coverage.
        public var stretches = 0
        /// Passages that were there already.
        public var repeated = 0
        /// Of a replacement: its number, and the rows that it took away.
        public var revision: Int?
        public var removed = 0
        public var rejected: [Rejection] = []
    }

    /// A camera's stretch of time whose passages are to be replaced by others.
    public struct Replacement: Hashable, Sendable {
        public var camera: CameraID
        /// By the first sight of a passage; the end is not part of it.
        public var start, end: EventTime
        /// What the new passages come from, for the record.
        public var source: String

        public init(camera: CameraID, start: EventTime, end: EventTime, source: String) {
            self.camera = camera
            self.start = start
            self.end = end
            self.source = source
        }

        /// Whether it is of that time: a passage by its first sight, coverage by its minute.
        public func holds(_ report: CameraReport) -> Bool {
            switch report {
            case .passage(let passage): (start..<end).contains(passage.firstSeen)
            case .coverage(let coverage): start.minute <= coverage.start && coverage.start < end
            }
        }
    }

    /// Moments in a batch at which tests make things fail.
    enum Step: CaseIterable {
        case began, copying, copied, inserted, committing, committed
    }

    struct Partition: Hashable {
        var topic: String
        var number: Int32
    }

    let options: Options
    let logger: Logger
    var onStep: ((Step) -> Void)?
    private let address: String
    private let protection: any PassageProtecting
    private let check: PassageCheck
    private var connection: Connection?
    private var cameras: [CameraID: Int32] = [:]
    /// Slots that had partitions when last seen.
    private var slots = SinkSlots()
    /// Whether the next batch may hold what is stored: after a start or a failure, and as long as repeats come.
    private var expectsRepeats = true
    /// What this sink believes is stored; a partition without an entry was not stored from yet.
    private var believed: [Partition: Int64] = [:]

    /// Connects and checks the schema's version.
    ///
    /// - Throws: ``SinkError/schemaBehind(found:needed:)`` before anything is read.
    public init(
        database address: String, protection: any PassageProtecting, options: Options = Options(),
        logger: Logger = Logger(label: "sink")
    ) throws(SinkError) {
        self.address = address
        self.protection = protection
        self.options = options
        self.logger = logger
        check = PassageCheck(times: options.times, largestCrop: options.largestCrop)
        try persist { _, _ throws(SinkError) in }
    }

    /// Makes cameras known; one that is known stays where the database has it. Passages of other cameras are rejected.
    ///
    /// - Returns: Those that the database has elsewhere now; each is logged as a warning. The sink goes on: a place can be
    ///   mended later, passages that nobody stores can't.
    @discardableResult
    public func register(_ cameras: [Camera]) throws(SinkError) -> [PlaceConflict] {
        var conflicts: [PlaceConflict] = []
        try persist { connection, _ throws(SinkError) in
            conflicts = []
            for camera in cameras {
                let rows = try Self.database { () throws(DatabaseError) in
                    let place = [
                        camera.id.text, "\(camera.longitude)", "\(camera.latitude)", camera.heading.map { "\($0)" },
                    ]
                    _ = try connection.query(
                        """
                        INSERT INTO camera (name, position, heading) VALUES ($1, ST_SetSRID(ST_MakePoint($2, $3), 4326), $4)
                        ON CONFLICT (name) DO NOTHING
                        """, place)
                    return try connection.query(
                        """
                        SELECT ST_X(p.position), ST_Y(p.position), p.heading FROM camera c JOIN camera_stay p ON p.camera_id = c.id
                        WHERE c.name = $1 AND p.valid_from <= now() AND p.valid_until > now()
                            AND (ST_X(p.position), ST_Y(p.position), p.heading) IS DISTINCT FROM ($2::float8, $3::float8, $4::real)
                        """, place)
                }
                guard let row = rows.values.indices.first else { continue }
                let stored = Camera(
                    id: camera.id, longitude: rows.number(row, 0) ?? 0, latitude: rows.number(row, 1) ?? 0,
                    heading: rows.number(row, 2))
                conflicts.append(PlaceConflict(file: camera, database: stored))
            }
        }
        for conflict in conflicts { logger.warning("\(conflict)") }
        self.cameras = [:]
        return conflicts
    }

    /// Where each partition of a topic is to be read from; partitions that nothing was stored from are left out.
    ///
    /// Call it whenever partitions are assigned: writing to a partition that another sink moved on since is refused.
    public func storedOffsets(topic: String) throws(SinkError) -> [Int32: Int64] {
        var stored: [Int32: Int64] = [:]
        try persist { connection, _ throws(SinkError) in
            stored = try Self.database { () throws(DatabaseError) in
                let rows = try connection.query(
                    "SELECT partition, next_offset FROM sink_offset WHERE topic = $1", [topic])
                return Dictionary(uniqueKeysWithValues: rows.values.map { (Int32($0[0]!)!, Int64($0[1]!)!) })
            }
        }
        believed = believed.filter { $0.key.topic != topic }
        for (partition, next) in stored { believed[Partition(topic: topic, number: partition)] = next }
        return stored
    }

    /// Stores a batch: all of it, or on an error none of it.
    ///
    /// - Parameters:
    ///   - reports: Any number, repeats included; those that can't be stored are returned as rejected.
    ///   - positions: How far the batch reaches; stored in the same transaction. Empty for in-process links.
    /// - Throws: ``SinkError/fenced(topic:partition:believed:stored:)`` when another sink wrote one of the partitions;
    ///   ``SinkError/exhausted(attempts:last:)`` when the database stayed away.
    public func write(reports: [CameraReport], reaching positions: [Position] = []) throws(SinkError) -> Outcome {
        var next: [Partition: Int64] = [:]
        var expected = believed
        for position in positions {
            let partition = Partition(topic: position.topic, number: position.partition)
            if let from = position.from, next[partition] == nil { expected[partition] = from }
            if let stored = expected[partition], position.next < stored {
                throw .offsetBehind(
                    topic: position.topic, partition: position.partition, stored: stored, asked: position.next)
            }
            next[partition] = max(position.next, next[partition] ?? 0)
        }
        var outcome = Outcome()
        var ready: Protected?
        try persist { connection, attempt throws(SinkError) in
            ready = try prepare(reports, connection, after: ready)
            outcome = Outcome(rejected: ready!.rejected)
            let (rows, coverage) = try admit(ready!, connection, &outcome)
            let batch = SinkBatch(
                rows: rows, coverage: coverage, slots: ready!.slots, next: next, believed: expected,
                mayBeStored: attempt > 1,
                expectsRepeats: expectsRepeats,
                onStep: onStep)
            // Whatever happens to this one: the next may bring it again.
            expectsRepeats = true
            try batch.store(connection, &outcome)
        }
        expectsRepeats = outcome.repeated > 0
        believed.merge(next) { $1 }
        outcome.rejected.sort { $0.index < $1.index }
        return outcome
    }

    /// The same of passages alone.
    public func write(_ passages: [Passage], reaching positions: [Position] = []) throws(SinkError) -> Outcome {
        try write(reports: passages.map { .passage($0) }, reaching: positions)
    }

    /// Puts passages, and coverage if there is any, in the place of all that a camera has in a stretch of time, in one
    /// transaction. Without new coverage the old stays: nothing says that the camera was not watched.
    ///
    /// What comes from there later, as when a topic is read again, is rejected (`SNK307`) unless it is one of these.
    ///
    /// - Parameters:
    ///   - passages: All of that camera and that time; others are a broken promise.
    ///   - coverage: The same, by its minutes.
    /// - Throws: ``SinkError/database(_:)`` for a camera that is not known; otherwise as ``write(_:reaching:)``.
    public func replace(
        _ what: Replacement, with passages: [Passage], coverage: [Coverage] = []
    ) throws(SinkError) -> Outcome {
        let reports = passages.map { CameraReport.passage($0) } + coverage.map { .coverage($0) }
        precondition(
            reports.allSatisfy { $0.camera == what.camera && what.holds($0) },
            "a replacement holds what its own camera saw in its time")
        var outcome = Outcome()
        var ready: Protected?
        try persist { connection, _ throws(SinkError) in
            ready = try prepare(reports, connection, after: ready)
            outcome = Outcome(rejected: ready!.rejected)
            let (rows, coverage) = try admit(ready!, connection, &outcome)
            let batch = SinkBatch(
                rows: rows, coverage: coverage, slots: ready!.slots, next: [:], believed: [:], mayBeStored: false,
                expectsRepeats: true,
                replacement: what,
                onStep: onStep)
            try batch.store(connection, &outcome)
        }
        outcome.rejected.sort { $0.index < $1.index }
        return outcome
    }

    /// A batch whose plates are protected, each under the key of the slot that it goes to.
    private struct Protected {
        var rows: [SightingRow] = []
        var coverage: [CoverageRow] = []
        var rejected: [Rejection] = []
        /// All that were found for its moments.
        var slots: [SinkSlots.Slot] = []
    }

    /// Asks for the slots first and protects then: where a partition begins and ends is the database's to say.
    ///
    /// - Parameter earlier: What an earlier attempt made. While the slots are the same, what is retried is the same bytes.
    private func prepare(
        _ reports: [CameraReport], _ connection: borrowing Connection, after earlier: Protected?
    ) throws(SinkError) -> Protected {
        try slots.learn(reports, check: check, connection)
        if let earlier, earlier.slots == slots.slots(of: reports) { return earlier }
        let (rows, rejected) = try protect(reports)
        var ready = Protected(rows: rows, rejected: rejected, slots: slots.slots(of: reports))
        for (index, report) in reports.enumerated() {
            guard case .coverage(let coverage) = report else { continue }
            if let problem = check.problem(coverage) ?? slots.refusal(of: coverage.start) {
                ready.rejected.append(Rejection(index: index, code: problem.code, reason: problem.reason))
            } else {
                ready.coverage.append(CoverageRow(index: index, coverage: coverage))
            }
        }
        return ready
    }

    /// Checks and protects every passage, on all cores: the database waits meanwhile.
    private func protect(_ reports: [CameraReport]) throws(SinkError) -> ([SightingRow], [Rejection]) {
        typealias Part = Result<([SightingRow], [Rejection]), SinkError>
        // Below some hundred a thread costs more than it saves.
        let parts = max(1, min(ProcessInfo.processInfo.activeProcessorCount, reports.count / 256))
        let done = Mutex<[Part?]>(Array(repeating: nil, count: parts))
        let (check, protection, slots) = (check, protection, slots)
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            let range = reports.count * part / parts..<reports.count * (part + 1) / parts
            let result = Part { () throws(SinkError) in
                try Self.protect(reports, range, check: check, slots: slots, protection: protection)
            }
            done.withLock { $0[part] = result }
        }
        var rows: [SightingRow] = []
        var rejected: [Rejection] = []
        for part in done.withLock({ $0 }) {
            // Every part has been done: concurrentPerform waits.
            let (sound, unsound) = try part!.get()
            rows += sound
            rejected += unsound
        }
        return (rows, rejected)
    }

    private static func protect(
        _ reports: [CameraReport], _ range: Range<Int>, check: PassageCheck, slots: SinkSlots,
        protection: any PassageProtecting
    ) throws(SinkError) -> ([SightingRow], [Rejection]) {
        var rows: [SightingRow] = []
        var rejected: [Rejection] = []
        var slot: SinkSlots.Slot?
        rows.reserveCapacity(range.count)
        for index in range {
            guard case .passage(var passage) = reports[index] else { continue }
            if slot?.period.contains(passage.firstSeen) != true { slot = slots[passage.firstSeen] }
            let problem = check.problem(passage) ?? (slot == nil ? slots.refusal(of: passage.firstSeen) : nil)
            guard problem == nil, let slot else {
                if let (code, reason) = problem {
                    rejected.append(Rejection(index: index, code: code, reason: reason))
                }
                continue
            }
            if !slot.keepsCrops { passage.best.crop = nil }
            do throws(ProtectionError) {
                let protected = try protection.protect(passage, in: slot.period)
                rows.append(SightingRow(index: index, passage: passage, protection: protected, camera: 0))
            } catch {
                guard case .refused(let code, let reason) = error else { throw .unprotected(error) }
                rejected.append(Rejection(index: index, code: code, reason: reason))
            }
        }
        return (rows, rejected)
    }

    /// Finds each row's camera; rejects those that have none.
    private func admit(
        _ ready: Protected, _ connection: borrowing Connection, _ outcome: inout Outcome
    ) throws(SinkError) -> ([SightingRow], [CoverageRow]) {
        let (rows, coverage) = (ready.rows, ready.coverage)
        if rows.contains(where: { cameras[$0.passage.camera] == nil })
            || coverage.contains(where: { cameras[$0.coverage.camera] == nil })
        {
            cameras = try Self.cameras(connection)
        }
        func camera(_ index: Int, _ name: CameraID) -> Int32? {
            guard let camera = cameras[name] else {
                outcome.rejected.append(
                    Rejection(
                        index: index, code: "SNK302",
                        reason: "there is no camera \(name): add it to the pipeline file"))
                return nil
            }
            return camera
        }
        var admitted: ([SightingRow], [CoverageRow]) = ([], [])
        for var row in rows {
            guard let camera = camera(row.index, row.passage.camera) else { continue }
            row.camera = camera
            admitted.0.append(row)
        }
        for var row in coverage {
            guard let camera = camera(row.index, row.coverage.camera) else { continue }
            row.camera = camera
            admitted.1.append(row)
        }
        return admitted
    }

    static func cameras(_ connection: borrowing Connection) throws(SinkError) -> [CameraID: Int32] {
        try database { () throws(DatabaseError) in
            let rows = try connection.query("SELECT name, id FROM camera")
            return Dictionary(uniqueKeysWithValues: rows.values.map { (CameraID($0[0]!), Int32($0[1]!)!) })
        }
    }

    /// Runs work on a connection, on a new one after each transient failure, until it succeeds or patience ends.
    ///
    /// - Parameter body: Takes the connection and the number of the attempt, from 1. Must be safe to repeat.
    private func persist(_ body: (borrowing Connection, Int) throws(SinkError) -> Void) throws(SinkError) {
        var failures = 0, full = 0
        while true {
            do throws(SinkError) {
                if connection == nil { connection = try connect() }
                return try body(connection!, failures + full + 1)
            } catch {
                // Closing the connection rolls back whatever was begun, and a new one may reach another server.
                connection = nil
                guard case .database(let cause) = error else { throw error }
                let gone = Self.isMissingSlot(cause)
                guard cause.isTransient || gone else { throw error }
                if gone { slots = SinkSlots() }
                if cause.isDiskFull { full += 1 } else { failures += 1 }
                let delay = cause.isDiskFull ? options.retry.longest : options.retry.delay(after: failures)
                logger.warning(
                    "the database failed, trying again",
                    metadata: [
                        "error": "\(cause)", "attempt": "\(failures + full)", "pause": "\(delay)",
                    ])
                guard failures < options.retry.attempts, full < options.retry.diskFullAttempts,
                    options.retry.pause(delay)
                else { throw .exhausted(attempts: failures + full, last: cause) }
            }
        }
    }

    private func connect() throws(SinkError) -> Connection {
        let connection = try Self.database { () throws(DatabaseError) in
            try Connection(address, application: "gantry-sink")
        }
        let found = try Self.database { () throws(DatabaseError) in try Migrator.version(connection) }
        guard found >= Migrator.version else { throw .schemaBehind(found: found, needed: Migrator.version) }
        guard found == Migrator.version else { throw .schemaAhead(found: found, known: Migrator.version) }
        try Self.database { () throws(DatabaseError) in
            _ = try connection.execute("SELECT open_stage()")
        }
        return connection
    }

    /// A slot that was there was closed, or its partition is gone.
    private static func isMissingSlot(_ error: DatabaseError) -> Bool {
        switch error {
        case .failed("23514", let message, _, _): message.contains("no partition of relation")
        case .failed("GN308", _, _, _): true
        default: false
        }
    }

    static func database<Result: ~Copyable>(
        _ body: () throws(DatabaseError) -> Result
    ) throws(SinkError) -> Result {
        do throws(DatabaseError) {
            return try body()
        } catch {
            throw .database(error)
        }
    }
}
