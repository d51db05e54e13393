import Custody
import Foundation
public import Logging
public import PostGIS
public import StageRunner
import Synchronization
public import Topics
public import Traffic

/// The way of passages into PostGIS: protected, written, recognised when they come again.
///
/// Calls block; make them from the sink's own thread.
public final class PassageStore: Sendable {
    // One connection, used by one call at a time.
    private let sink: Mutex<Sink>
    private let database: String
    private let logger: Logger

    /// Connects and makes the pipeline's cameras known.
    ///
    /// - Parameters:
    ///   - database: A libpq address.
    ///   - migrate: Also brings the schema up to this build and notes the pipeline's `suppress_below` and the slots that its retention needs: for a run in
    ///     one process. A stage of its own refuses a schema that is behind.
    public convenience init(
        _ pipeline: Pipeline, database: String, migrate: Bool, home: GantryHome, logger: Logger
    ) throws {
        if migrate {
            if let folder = Migrator.folder() { _ = try Migrator(folder: folder).migrate(database) }
            try AuditLog(database: database).setMinimumVehicles(pipeline.database.suppressBelow)
            if let minutes = pipeline.retention.slotMinutes {
                try Retention(database: database).setSlot(minutes: minutes)
            }
        }
        try self.init(pipeline, database: database, home: home, logger: logger)
    }

    /// Connects to a database that is migrated already; the pipeline's cameras, if there is one, become known.
    public convenience init(_ pipeline: Pipeline?, database: String, home: GantryHome, logger: Logger) throws {
        try self.init(
            cameras: pipeline?.cameras ?? [], custody: pipeline?.custody ?? PipelineCustody(), home: home,
            database: database, logger: logger)
    }

    private init(
        cameras: [PipelineCamera], custody: PipelineCustody, home: GantryHome, database: String, logger: Logger
    ) throws {
        let keys = try KeyStore(custody, home: home.path, create: true)
        do {
            try keys.carryDestructions(into: database)
        } catch {
            logger.warning("destroyed keys are not on the database's record yet: \(error)")
        }
        let sink = try Sink(
            database: database, protection: Vault(keys: keys, overlap: custody.tokenOverlap), logger: logger)
        try sink.register(cameras.map(\.camera))
        self.sink = Mutex(sink)
        self.database = database
        self.logger = logger
    }

    /// Keeps journeys and legs up to date while the sink writes.
    public var legs: LegService { LegService(database: database, logger: logger) }

    /// Brings journeys and legs up to date with everything that is stored.
    ///
    /// - Parameter progress: Told after each part how many passages were done.
    public func finishLegs(progress: (Int) -> Void = { _ in }) throws {
        try LegKeeper(database: database).finish(progress: progress)
    }

    /// Where this database left off: the next offset to read of each partition it has rows from.
    public func storedOffsets(topic: String) throws -> [Int32: Int64] {
        try sink.withLock { try $0.storedOffsets(topic: topic) }
    }

    /// One transaction.
    ///
    /// - Returns: What it can't keep, by index; everything else is committed.
    public func write(_ batch: SinkBatch<CameraReport>) throws -> [Refusal] {
        let positions = batch.offsets.map { partition, range in
            Sink.Position(
                topic: partition.topic, partition: partition.number, from: range.lowerBound, next: range.upperBound)
        }
        let outcome = try sink.withLock { try $0.write(reports: batch.elements, reaching: positions) }
        return outcome.rejected.map { Refusal(index: $0.index, code: $0.code, reason: $0.reason) }
    }

    /// One transaction, of reports that no topic's offsets go with.
    public func add(_ reports: [CameraReport]) throws -> Sink.Outcome {
        try sink.withLock { try $0.write(reports: reports) }
    }

    /// Puts passages and coverage in the place of all that a camera has in a stretch of time, at once for whoever asks.
    public func replace(
        _ what: Sink.Replacement, with passages: [Passage], coverage: [Coverage]
    ) throws -> Sink.Outcome {
        try sink.withLock { try $0.replace(what, with: passages, coverage: coverage) }
    }
}

/// The store as the end of fused stages, whose input offsets Kafka keeps: rows are recognised by their id.
public struct StoreOutlet: Outlet {
    private let store: PassageStore
    public init(_ store: PassageStore) { self.store = store }

    public func send(_ reports: [CameraReport]) throws -> [Refusal] {
        try store.write(SinkBatch(elements: reports, offsets: [:]))
    }
    public func finish() {}
}
