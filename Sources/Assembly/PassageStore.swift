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

    /// Connects, brings the schema up to this build, and makes the pipeline's cameras and its `suppress_below` known.
    ///
    /// - Parameter database: A libpq address.
    public init(_ pipeline: Pipeline, database: String, home: GantryHome, logger: Logger) throws {
        if let folder = Migrator.folder() { _ = try Migrator(folder: folder).migrate(database) }
        try AuditLog(database: database).setMinimumVehicles(pipeline.database.suppressBelow)
        let keys = try KeyStore(
            folder: pipeline.custody.keys ?? home.keys.path, create: true, epochDays: pipeline.custody.tokenEpochDays)
        let sink = try Sink(database: database, protection: Vault(keys: keys), logger: logger)
        try sink.register(pipeline.cameras.map(\.camera))
        self.sink = Mutex(sink)
    }

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
