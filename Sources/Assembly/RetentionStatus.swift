public import Custody
import Foundation
public import KafkaTopics
import PostGIS
public import StageRunner
public import Traffic

/// What there is of each class of data, and whether it is older than it may be.
public struct RetentionStatus: Sendable {
    public struct Line: Codable, Hashable, Sendable {
        /// As in the pipeline file.
        public var `class`: String
        /// As in the pipeline file; null for ever.
        public var limit: String?
        /// RFC 3339, UTC; of topics how long they keep records.
        public var oldest: String?
        public var overdue: Bool
        public var note: String?
    }

    public private(set) var lines: [Line] = []
    public var isOverdue: Bool { lines.contains { $0.overdue } }

    /// - Parameters:
    ///   - keys: Nil where this user has none; then nothing is said of them.
    ///   - now: What everything's age is measured against.
    public init(_ pipeline: Pipeline, database: String, keys: KeyStore?, at now: EventTime) throws {
        let limits = pipeline.retention
        let retention = try Retention(database: database)
        let oldest = try retention.oldest()
        let rest = try retention.rest()
        add("sightings", limits.sightings, oldest.sightings?.start, now)
        add("crops", limits.crops ?? limits.sightings, oldest.crops?.start, now)
        if let keys {
            let inventory = keys.inventory()
            let first = (inventory.days.map(\.start) + inventory.slots.map(\.start)).min()
            add("keys", limits.sightings, first, now, note: "of texts and pictures; they go with their sightings")
        }
        if let folder = limits.recordingsFolder {
            let all = KeptRecording.all(in: folder)
            add(
                "recordings", limits.recordings, all.map(\.last).min(), now,
                note: "\(all.count) files in \(folder)")
        }
        add("reports", limits.reports, rest.reports, now, grace: .seconds(2 * 86_400))
        lines.append(
            Line(class: "audit log", overdue: false, note: "kept for ever: its chain begins with the first entry"))
        if rest.uncertified > 0 {
            lines.append(
                Line(
                    class: "certificates", overdue: true,
                    note: "\(rest.uncertified) dropped slots are not certified: run `gantry retention run`"))
        }
        for slot in try retention.slotsAhead(of: now) {
            lines.append(Line(class: "sightings", overdue: true, note: "\(RetentionError.fromTheFuture("\(slot)"))"))
        }
    }

    /// Asks the brokers how long they keep each topic.
    public mutating func add(topics: [String], limit: Duration, _ cluster: KafkaCluster) async {
        for topic in topics {
            do {
                let kept = try await cluster.retention(of: topic)
                let isLonger = kept < 0 || Duration.milliseconds(kept) > limit
                lines.append(
                    Line(
                        class: "topics", limit: limit.short, overdue: isLonger,
                        note: "\(topic) is kept for \(kept < 0 ? "ever" : Duration.milliseconds(kept).short)"))
            } catch {
                lines.append(Line(class: "topics", limit: limit.short, overdue: true, note: "\(error)"))
            }
        }
    }

    /// - Parameter grace: How long a run may take to come; nil for a third of the limit, and an hour at most.
    private mutating func add(
        _ name: String, _ limit: Duration?, _ oldest: EventTime?, _ now: EventTime, grace: Duration? = nil,
        note: String? = nil
    ) {
        let isOverdue =
            if let limit, let oldest { now - oldest > limit + (grace ?? min(limit / 3, .seconds(3600))) } else { false }
        lines.append(
            Line(class: name, limit: limit?.short, oldest: oldest?.rfc3339, overdue: isOverdue, note: note))
    }
}

extension RetentionRun {
    /// Sets how long the brokers keep what is in the pipeline's topics, on the record; what they refuse is a problem.
    ///
    /// - Returns: What could not be done.
    public static func limitTopics(
        _ pipeline: Pipeline, database: String, _ cluster: KafkaCluster, reason: String = "retention"
    ) async -> [RetentionError] {
        guard let limit = pipeline.retention.topics else { return [] }
        var problems: [RetentionError] = []
        for topic in pipeline.topics.streams {
            do {
                guard try await cluster.setRetention(of: topic, to: limit) else { continue }
                _ = try Retention(database: database).note(
                    "limit-topic", reason: reason, parameters: json(["topic": topic, "retention": limit.short]))
            } catch {
                problems.append(.topicKept(topic: topic, reason: "\(error)"))
            }
        }
        return problems
    }
}
