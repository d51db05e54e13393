import Foundation
import KafkaTopics
import Logging
import Replay
import ServiceLifecycle
import Synchronization
import Topics
import Traffic
import Wire

/// What to record, and until when.
struct RecordingPlan: Sendable {
    var topics: [String]
    /// Where to write, and what the recording will be called.
    var out, name: String
    /// Event times, nanoseconds since 1970 UTC: the first that counts, and the first that counts no more.
    var from, to: Int64?
    var idle: Duration?
    var untilEnd = false
    /// What is taken out of the records; nil for nothing.
    var sharing: Sharing?

    init(topics: [String], out: String, name: String) { (self.topics, self.out, self.name) = (topics, out, name) }
}

/// Copies Kafka topics to a recording until its plan, or a signal, ends it. The file is whole in both cases.
struct TopicRecorder: Service {
    let plan: RecordingPlan
    let cluster: KafkaCluster
    let logger: Logger
    private let stop = StopFlag()

    init(plan: RecordingPlan, cluster: KafkaCluster, logger: Logger) {
        (self.plan, self.cluster, self.logger) = (plan, cluster, logger)
    }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await ThreadExecutor.run(name: "record") {
                let reader = try await KafkaTopicReader(cluster, topics: plan.topics)
                try record(from: reader)
            }
        } onGracefulShutdown: {
            stop.set()
        }
    }

    private func record(from reader: KafkaTopicReader) throws {
        var writer = try RecordingWriter(to: plan.out, schemas: Schema.recordings)
        var progress = RecordProgress(plan)
        var sharing = plan.sharing
        var failure: (any Error)?
        do {
            while !stop.isSet, !progress.isOver(reader) {
                if let (topic, record) = try reader.next(), progress.takes(record, of: topic),
                    let shared = shared(record, of: topic, &sharing, &progress)
                {
                    do { try writer.append(shared, to: topic) } catch {
                        // (A pattern in a typed catch crashes the compiler of Swift 6.3.1.)
                        guard case .unknownType(let type, _) = error else { throw error }
                        progress.leftOut(type, topic)
                    }
                }
                if progress.isFlushDue { try writer.flush() }
                progress.show(records: writer.messages, bytes: writer.bytes)
            }
        } catch {
            // What came until now is worth a whole file, where the disk still takes it.
            failure = error
        }
        do {
            let summary = try writer.finish()
            progress.end(summary, plan.name)
        } catch { throw failure ?? error }
        if let failure { throw failure }
    }

    /// The record less what is to be taken out; nil for one that is left out.
    private func shared(
        _ record: Record, of topic: String, _ sharing: inout Sharing?, _ progress: inout RecordProgress
    ) -> Record? {
        guard sharing != nil else { return record }
        if let shared = try? sharing?.shared(RecordedRecord(topic: topic, record: record)) { return shared.record }
        // Bytes that nobody can look into may hold anything.
        progress.leftOut(record.header("gantry-type") ?? "", topic, isKnown: true)
        return nil
    }
}

/// Set once, from anywhere.
final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    func set() { flag.store(true, ordering: .relaxed) }
    var isSet: Bool { flag.load(ordering: .relaxed) }
}

/// When to flush, to speak and to end. The clock here is the operator's, not the records'.
struct RecordProgress {
    private let plan: RecordingPlan
    private var lastRecord = ContinuousClock.now
    private var lastFlush = ContinuousClock.now
    private var lastShown = ContinuousClock.now
    private let isTerminal = isatty(2) == 1
    /// Topics with their cameras that have given a record, and those of them that have passed the end.
    private var cameras: Set<String> = []
    private var passed: Set<String> = []
    private var unknown: [String: Int] = [:]

    /// Longest that records wait for the disk.
    static let flushEvery = Duration.seconds(5)
    /// How long nothing may come from a broker before what it said of its end is believed.
    static let settled = Duration.seconds(2)
    /// How late a record may be, once --to is over by the clock.
    static let late = Duration.seconds(10)

    init(_ plan: RecordingPlan) { self.plan = plan }

    /// Whether a record belongs into the recording.
    mutating func takes(_ record: Record, of topic: String) -> Bool {
        lastRecord = .now
        // One without event time, such as a snapshot's, belongs to all times.
        guard record.timestamp > 0 else { return true }
        if let from = plan.from, record.timestamp < from { return false }
        guard let to = plan.to else { return true }
        let camera = topic + "\0" + (record.key ?? "")
        cameras.insert(camera)
        guard record.timestamp >= to else { return true }
        passed.insert(camera)
        return false
    }

    func isOver(_ reader: KafkaTopicReader) -> Bool {
        let quiet = lastRecord.duration(to: .now)
        if let idle = plan.idle, quiet >= idle { return true }
        if plan.untilEnd, reader.isAtEnd || reader.isNearEnd && quiet >= Self.settled { return true }
        guard let to = plan.to else { return false }
        let now = Int64(Date.now.timeIntervalSince1970 * 1e9)
        if now > to, reader.isNearEnd || reader.isAtEnd, quiet >= Self.late { return true }
        // A camera that has not been heard of yet may come while older records are still being read.
        return !passed.isEmpty && passed.count == cameras.count && (reader.isNearEnd || reader.isAtEnd)
    }

    var isFlushDue: Bool {
        mutating get {
            guard lastFlush.duration(to: .now) >= Self.flushEvery else { return false }
            lastFlush = .now
            return true
        }
    }

    /// A record of a type that has no schema: said once for each type, counted for the end.
    mutating func leftOut(_ type: String, _ topic: String, isKnown: Bool = false) {
        let name = "\(topic): \(type.isEmpty ? "no type" : type)"
        if unknown[name] == nil, !isKnown {
            complain("\(RecordingError.unknownType(type, topic: topic)) It is left out.")
        }
        // One more name than that is no longer worth its memory.
        if unknown.count < 1000 || unknown[name] != nil { unknown[name, default: 0] += 1 }
    }

    mutating func show(records: Int, bytes: Int) {
        guard lastShown.duration(to: .now) >= (isTerminal ? .seconds(1) : .seconds(30)) else { return }
        lastShown = .now
        let line = "\(records) records, \(bytes / 1024) KiB written"
        FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[K" + line : line + "\n").utf8))
    }

    func end(_ summary: RecordingSummary, _ path: String) {
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        for (name, count) in unknown.sorted(by: { $0.key < $1.key }) { complain("left out: \(count) of \(name)") }
        print("\(summary.messages) records of \(summary.channels.count) channels in \(path), \(summary.bytes) bytes.")
    }
}
