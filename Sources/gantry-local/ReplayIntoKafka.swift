import Assembly
import Foundation
import KafkaTopics
import Logging
import Replay
import ServiceLifecycle
import StageRunner
import Topics
import Wire

/// A recording's records on Kafka topics again: keys and order of each camera as recorded.
struct ReplayIntoKafka: Service {
    let file: String
    let filter: RecordingFilter
    /// In place of the recorded pipeline's name.
    let name: String?
    let speed: Double?
    let pipeline: Pipeline
    let brokers: String?
    /// Of topics that don't exist yet.
    let partitions: Int?
    let quiet: Bool
    let logger: Logger

    func run() async throws {
        try await ThreadExecutor.run(name: "replay") { try await send() }
    }

    private func send() async throws {
        var target = pipeline.kafka ?? PipelineKafka()
        if let brokers { target.brokers = brokers.split(separator: ",").map(String.init) }
        let topics = try wanted()
        let cluster = KafkaCluster(target, logger: logger)
        try await cluster.connect()
        try await cluster.create(topics.map { TopicPlan(renamed($0), partitions: partitions ?? target.partitions) })
        var outlets: [String: KafkaOutlet<Record>] = [:]
        for topic in topics { outlets[topic] = try cluster.outlet(topic: renamed(topic)) { $0 } }

        var reader = try RecordingReader(path: file, filter: filter)
        var pace = ReplayPace(speed: speed)
        var waiting: [RecordedRecord] = []
        var refused: [Refusal] = []
        var sent = 0
        while !Task.isShuttingDownGracefully, let recorded = try reader.next() {
            if waiting.count >= 500 || !pace.isDue(recorded.record.timestamp) {
                refused += try await Self.send(waiting, outlets)
                sent += waiting.count
                waiting = []
                pace.wait(for: recorded.record.timestamp)
            }
            waiting.append(RecordedRecord(topic: recorded.topic, record: recorded.record.traced()))
        }
        refused += try await Self.send(waiting, outlets)
        sent += waiting.count
        if !quiet {
            let text = "\(sent - refused.count) records to \(topics.map(renamed).joined(separator: ", "))\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
        if let first = refused.first { throw ReplayKafkaError.refused(refused.count, first: first.reason) }
    }

    /// Runs of one topic, so that records stay in the file's order.
    private static func send(
        _ records: [RecordedRecord], _ outlets: [String: KafkaOutlet<Record>]
    ) async throws -> [Refusal] {
        var refusals: [Refusal] = []
        var first = 0
        while first < records.count {
            let topic = records[first].topic
            let last = records[first...].firstIndex { $0.topic != topic } ?? records.count
            refusals += try await outlets[topic]?.send(records[first..<last].map(\.record)) ?? []
            first = last
        }
        return refusals
    }

    /// The topics there are, of those that are asked for.
    private func wanted() throws -> [String] {
        var reader = try RecordingReader(path: file)
        var found: Set<String> = []
        if let summary = reader.summary {
            found = Set(summary.channels.map(\.topic))
        } else {
            while let topic = try? reader.next()?.topic { found.insert(topic) }
        }
        for topic in filter.topics ?? [] where !found.contains(topic) {
            throw ReplayError.notRecorded(file: file, topic: topic, found: found.sorted())
        }
        return found.filter { filter.topics?.contains($0) ?? true }.sorted()
    }

    private func renamed(_ topic: String) -> String {
        guard let name, let dot = topic.firstIndex(of: ".") else { return topic }
        return name + topic[dot...]
    }
}

enum ReplayKafkaError: Error, Equatable, CustomStringConvertible {
    case refused(Int, first: String)

    var description: String {
        switch self {
        case .refused(let count, let first): "RPL205 Kafka refused \(count) records; the first: \(first)"
        }
    }
}
