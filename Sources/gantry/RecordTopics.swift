import Assembly
import Foundation
import KafkaTopics
import ServiceLifecycle
import Topics
import Traffic
import Wire

/// What to record, and until when.
struct RecordingPlan: Sendable {
    var topics: [String]
    /// Event times, nanoseconds since 1970 UTC: the first that counts, and the first that counts no more.
    var from, to: Int64?
    var idle: Duration?
    var untilEnd = false

    init(topics: [String]) { self.topics = topics }
}

/// Copies Kafka topics to a recording until its plan, or a signal, ends it. The file is whole in both cases.
struct TopicRecorder: Service {
    let plan: RecordingPlan
    let target: RecordingTarget
    let cluster: KafkaCluster

    func run() async throws {
        try await ThreadExecutor.run(name: "record") {
            let reader = try await KafkaTopicReader(cluster, topics: plan.topics)
            try record(from: reader)
        }
    }

    private func record(from reader: KafkaTopicReader) throws {
        var progress = RecordProgress(plan)
        var failure: (any Error)?
        do {
            while !Task.isShuttingDownGracefully, !progress.isOver(reader) {
                if let (topic, record) = try reader.next(), progress.takes(record, of: topic) {
                    do { try target.append([record], to: topic) } catch {
                        guard progress.leavesOut(record, of: topic, error) else { throw error }
                    }
                }
                try target.flushIfDue()
                progress.show(target.written)
            }
        } catch {
            // What came until now is worth a whole file, where the disk still takes it.
            failure = error
        }
        do {
            if let summary = try target.finish() { progress.end(summary, target.path) }
        } catch { throw failure ?? error }
        if let failure { throw failure }
    }
}

/// When to speak and to end. The clock here is the operator's, not the records'.
struct RecordProgress {
    private let plan: RecordingPlan
    private var lastRecord = ContinuousClock.now
    private var lastShown = ContinuousClock.now
    private let isTerminal = isatty(2) == 1
    /// Topics with their cameras that have given a record, and those of them that have passed the end.
    private var cameras: Set<String> = []
    private var passed: Set<String> = []
    private var unknown: [String: Int] = [:]

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

    /// Whether an error is about this record alone: it has no schema, or can't be read and so might hold what must be
    /// left out. The first of each kind is named, all are counted for the end.
    mutating func leavesOut(_ record: Record, of topic: String, _ error: any Error) -> Bool {
        guard error is WireError || (error as? RecordingError)?.isAboutType == true else { return false }
        let type = record.messageType ?? ""
        let name = "\(topic): \(type.isEmpty ? "no type" : type)"
        if unknown[name] == nil { complain("\(error) It is left out.") }
        // One more name than that is no longer worth its memory.
        if unknown.count < 1000 || unknown[name] != nil { unknown[name, default: 0] += 1 }
        return true
    }

    mutating func show(_ written: (records: Int, bytes: Int)) {
        guard lastShown.duration(to: .now) >= (isTerminal ? .seconds(1) : .seconds(30)) else { return }
        lastShown = .now
        let line = "\(written.records) records, \(written.bytes / 1024) KiB written"
        FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[K" + line : line + "\n").utf8))
    }

    func end(_ summary: RecordingSummary, _ path: String) {
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        for (name, count) in unknown.sorted(by: { $0.key < $1.key }) { complain("left out: \(count) of \(name)") }
        print("\(summary.messages) records of \(summary.channels.count) channels in \(path), \(summary.bytes) bytes.")
    }
}

extension RecordingError {
    fileprivate var isAboutType: Bool { if case .unknownType = self { true } else { false } }
}
