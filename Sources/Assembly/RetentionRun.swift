public import Custody
import Foundation
import PostGIS
public import StageRunner
import Topics
public import Traffic

/// One round of taking away what is older than it may be. Calls block.
///
/// It may be stopped at any moment: the next one goes on from there. Keys go first, since their destruction waits for
/// nobody and reaches backups; partitions, files and the rest follow. Source: docs/decisions/0017-retention.md.
public struct RetentionRun {
    /// What was done.
    public struct Outcome: Sendable {
        public var statement: DeletionCertificate.Statement
        /// Nil when nothing was deleted.
        public var certificate: String?
        /// What could not be done; the rest was.
        public var problems: [RetentionError] = []
    }

    /// Moments at which tests stop it.
    enum Step: CaseIterable {
        case closed, keysDestroyed, counted, dropped, cropsDropped, epochsDestroyed, filed, certified
    }

    private let pipeline: Pipeline
    private let database: String
    private let keys: KeyStore
    private let signer: SigningKey
    private let folder: String
    private let patience: Int
    var onStep: (Step) throws -> Void = { _ in }

    /// - Parameters:
    ///   - folder: Where certificates go; made when it is missing.
    ///   - patience: How often a slot is tried that a question holds, a fifth of a second each; between tries all go ahead.
    public init(
        _ pipeline: Pipeline, database: String, keys: KeyStore, signer: SigningKey, folder: String, patience: Int = 20
    ) {
        self.pipeline = pipeline
        self.database = database
        self.keys = keys
        self.signer = signer
        self.folder = folder
        self.patience = patience
    }

    private var limits: PipelineRetention { pipeline.retention }

    /// - Parameters:
    ///   - now: What everything's age is measured against.
    ///   - reason: For the record.
    /// - Throws: ``RetentionError/alreadyRunning``, or what the database or the key folder said.
    public func run(at now: EventTime, reason: String = "retention") throws -> Outcome {
        let retention = try Retention(database: database)
        guard try retention.begin() else { throw RetentionError.alreadyRunning }
        var outcome = Outcome(
            statement: .init(pipeline: pipeline.name, at: now.rfc3339, limits: limits.texts))
        if let minutes = limits.slotMinutes { try retention.setSlot(minutes: minutes) }
        let until = try retention.close(at: now, sightings: limits.sightings, crops: limits.crops)
        try onStep(.closed)
        if let until { try keys.destroy(until: until) }
        try onStep(.keysDestroyed)
        try dropSlots(retention, reason, &outcome)
        try dropCrops(retention, reason, &outcome)
        if try !retention.dropRest(at: now, reports: limits.reports) { outcome.problems.append(.slotHeld("coverage")) }
        for slot in try retention.slotsAhead(of: now) { outcome.problems.append(.fromTheFuture("\(slot)")) }
        try destroyEpochs(until, retention, reason, &outcome)
        try deleteRecordings(now, retention, reason, &outcome)
        try certify(retention, &outcome)
        return outcome
    }

    private func dropSlots(
        _ retention: borrowing Retention, _ reason: String, _ outcome: inout Outcome
    ) throws {
        for slot in try retention.closedSlots() {
            try retention.count(slot)
            try onStep(.counted)
            // A question that holds one slot holds them all.
            let tries = outcome.problems.isEmpty ? patience : 1
            if try patiently(tries, { try retention.drop(slot, reason: reason) }) {
                try onStep(.dropped)
            } else {
                outcome.problems.append(.slotHeld("\(slot)"))
            }
        }
    }

    private func dropCrops(
        _ retention: borrowing Retention, _ reason: String, _ outcome: inout Outcome
    ) throws {
        for slot in try retention.closedCrops() {
            let tries = outcome.problems.isEmpty ? patience : 1
            if try patiently(tries, { try retention.dropCrops(slot, reason: reason) }) {
                outcome.statement.crops.append("\(slot)")
                try onStep(.cropsDropped)
            } else {
                outcome.problems.append(.slotHeld("crops of \(slot)"))
            }
        }
    }

    /// Tries again while a question holds the tables. Each try keeps others waiting for a fifth of a second at most, and
    /// in the pause between they go ahead.
    private func patiently(_ tries: Int, _ body: () throws -> Bool) throws -> Bool {
        for _ in 1..<max(tries, 1) {
            if try body() { return true }
            Thread.sleep(forTimeInterval: 0.3)
        }
        return try body()
    }

    /// Of token epochs that ended before everything that is kept, the keys are of no more use, but to those who must not.
    private func destroyEpochs(
        _ until: EventTime?, _ retention: borrowing Retention, _ reason: String, _ outcome: inout Outcome
    ) throws {
        guard let until else { return }
        let oldest = try retention.oldest().sightings?.start ?? until
        for epoch in keys.inventory().epochs.sorted() where epoch.end(days: keys.epochDays) <= min(until, oldest) {
            _ = try retention.note("destroy-epoch", reason: reason, parameters: Self.json(["epoch": "\(epoch)"]))
            try keys.destroy(epoch: epoch)
            outcome.statement.tokenEpochs.append("\(epoch)")
            try onStep(.epochsDestroyed)
        }
    }

    private func deleteRecordings(
        _ now: EventTime, _ retention: borrowing Retention, _ reason: String, _ outcome: inout Outcome
    ) throws {
        guard let limit = limits.recordings, let folder = limits.recordingsFolder else { return }
        for recording in KeptRecording.all(in: folder) where now - recording.last > limit {
            // The record comes first: one without its deed is mended by the next run, a deed without record is not.
            let entry = try retention.note(
                "delete-recording", reason: reason,
                parameters: Self.json(["file": recording.path, "last_record": recording.last.rfc3339]))
            do {
                try FileManager.default.removeItem(atPath: recording.path)
            } catch {
                outcome.problems.append(
                    .recordingKept(file: recording.path, reason: "\((error as NSError).localizedDescription)"))
                continue
            }
            outcome.statement.recordings.append(
                .init(
                    file: recording.path, lastRecord: recording.last.rfc3339, bytes: recording.bytes, auditEntry: entry)
            )
            try onStep(.filed)
        }
    }

    /// Writes the certificate and forgets the slots then: one that was stopped before is certified by the next run.
    private func certify(_ retention: borrowing Retention, _ outcome: inout Outcome) throws {
        let dropped = try retention.droppedSlots()
        for slot in dropped {
            // A day that was dropped by hand may be younger than what retention closed.
            if keys.inventory().destroyedUntil.map({ $0 < slot.period.end }) ?? true {
                try keys.destroy(slot.period)
            }
            outcome.statement.slots.append(
                .init(
                    period: "\(slot.period)", rows: slot.rows, droppedAt: slot.droppedAt.rfc3339,
                    auditEntry: slot.entry, key: "destroyed"))
        }
        guard !outcome.statement.isEmpty else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let name = outcome.statement.at.replacing(":", with: "")
            let path = "\(folder)/deletion-\(name).json"
            try WholeFile.write(try DeletionCertificate(outcome.statement, key: signer).file(), to: path)
            outcome.certificate = path
        } catch {
            outcome.problems.append(.notCertified(reason: "\(error)"))
            return
        }
        try onStep(.certified)
        try retention.forget(dropped.map(\.period))
    }

    static func json(_ fields: [String: String]) throws -> String {
        String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
    }
}

/// A recording in the folder of recordings.
struct KeptRecording {
    var path: String
    /// When its last record was made; of a file without its summary, when it was last written.
    var last: EventTime
    var bytes: Int

    /// Every `.mcap` file in a folder and below, by path. Links are not followed.
    static func all(in folder: String) -> [KeptRecording] {
        guard let files = FileManager.default.enumerator(atPath: folder) else { return [] }
        var found: [KeptRecording] = []
        for case let name as String in files where name.hasSuffix(".mcap") {
            let path = "\(folder)/\(name)"
            guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
                facts[.type] as? FileAttributeType == .typeRegular, let written = facts[.modificationDate] as? Date
            else { continue }
            let end = (try? RecordingReader(path: path).summary)?.end
            found.append(
                KeptRecording(
                    path: path,
                    last: end.map { EventTime(nanoseconds: $0) } ?? EventTime(seconds: written.timeIntervalSince1970),
                    bytes: facts[.size] as? Int ?? 0))
        }
        return found.sorted { $0.path < $1.path }
    }
}

extension PipelineRetention {
    /// By class, for people.
    var texts: [String: String] {
        let all: [(String, Duration?)] = [
            ("sightings", sightings), ("crops", crops), ("recordings", recordings), ("topics", topics),
            ("reports", reports),
        ]
        return Dictionary(uniqueKeysWithValues: all.compactMap { name, limit in limit.map { (name, $0.short) } })
    }
}

extension Duration {
    /// `3m`, `90d`, `1500s`.
    public var short: String {
        let seconds = components.seconds
        for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60)] as [(String, Int64)]
        where seconds % size == 0 && seconds > 0 { return "\(seconds / size)\(unit)" }
        return "\(seconds)s"
    }
}
