import Custody
import Foundation
public import Logging
import PostGIS
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
    ///   - migrate: Also brings the schema up to this build and notes the pipeline's `suppress_below`: for a run in
    ///     one process. A stage of its own refuses a schema that is behind.
    public init(
        _ pipeline: Pipeline, database: String, migrate: Bool, home: GantryHome, logger: Logger
    ) throws {
        if migrate {
            if let folder = Migrator.folder() { _ = try Migrator(folder: folder).migrate(database) }
            try AuditLog(database: database).setMinimumVehicles(pipeline.database.suppressBelow)
        }
        let keys = try KeyStore(
            folder: pipeline.custody.keys ?? home.keys.path, create: true, epochDays: pipeline.custody.tokenEpochDays)
        let sink = try Sink(database: database, protection: Vault(keys: keys), logger: logger)
        try sink.register(pipeline.cameras.map(\.camera))
        self.sink = Mutex(sink)
        self.database = database
        self.logger = logger
    }

    /// Keeps journeys and legs up to date while the sink writes.
    public var legs: LegService { LegService(database: database, logger: logger) }

    /// Brings journeys and legs up to date with everything that is stored.
    public func finishLegs() throws { try LegKeeper(database: database).finish() }

    /// Where this database left off: the next offset to read of each partition it has rows from.
    public func storedOffsets(topic: String) throws -> [Int32: Int64] {
        try sink.withLock { try $0.storedOffsets(topic: topic) }
    }

    /// One transaction.
    ///
    /// - Returns: What it can't keep, by index; everything else is committed.
    public func write(_ batch: SinkBatch<Passage>) throws -> [Refusal] {
        let positions = batch.offsets.map { partition, range in
            Sink.Position(
                topic: partition.topic, partition: partition.number, from: range.lowerBound, next: range.upperBound)
        }
        let outcome = try sink.withLock { try $0.write(batch.elements, reaching: positions) }
        return outcome.rejected.map { Refusal(index: $0.index, code: $0.code, reason: $0.reason) }
    }
}

/// The store as the end of fused stages, whose input offsets Kafka keeps: rows are recognised by their id.
public struct StoreOutlet: Outlet {
    private let store: PassageStore
    public init(_ store: PassageStore) { self.store = store }

    public func send(_ passages: [Passage]) throws -> [Refusal] {
        try store.write(SinkBatch(elements: passages, offsets: [:]))
    }
    public func finish() {}
}
