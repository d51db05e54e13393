import Foundation
import KafkaTopics
import Replay
import ServiceLifecycle
import Topics
import Wire

/// A recording's records on Kafka topics again: keys and order of each camera as recorded.
struct ReplayIntoKafka: Service {
    let file: String
    let filter: RecordingFilter
    /// The recorded topics, and what each is called on the cluster.
    let names: [String: String]
    let speed: Double?
    /// Of topics that don't exist yet.
    let partitions: Int
    let cluster: KafkaCluster
    let quiet: Bool

    func run() async throws {
        try await ThreadExecutor.run(name: "replay") { try await send() }
    }

    private func send() async throws {
        try await cluster.create(names.values.sorted().map { TopicPlan($0, partitions: partitions) })
        let outlets = try names.mapValues { name in try cluster.outlet(topic: name) { (record: Record) in record } }

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
            let text = "\(sent - refused.count) records to \(names.values.sorted().joined(separator: ", "))\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
        if let first = refused.first { throw ReplayError.refused(refused.count, first: first.reason) }
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
}
