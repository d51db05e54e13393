public import StageRunner
public import Topics

/// Which topics and cameras a recording holds.
public struct RecordingContents: Sendable {
    public let path: String
    /// By topic, the records of each key; "" for those without one.
    public private(set) var records: [String: [String: Int]] = [:]

    /// From the summary, or by looking through a file that has none.
    ///
    /// - Throws: ``RecordingError`` when the file can't be read, or is cut off before its first record.
    public init(_ path: String) throws(RecordingError) {
        self.path = path
        var reader = try RecordingReader(path: path)
        if let summary = reader.summary {
            for channel in summary.channels {
                records[channel.topic, default: [:]][channel.key ?? "", default: 0] += channel.messages
            }
            return
        }
        do throws(RecordingError) {
            while try reader.advance() {
                records[reader.channel.topic, default: [:]][reader.channel.key ?? "", default: 0] += 1
            }
        } catch {
            // What is damaged further on is found again, and told, when it is played.
            if records.isEmpty { throw error }
        }
    }

    /// By name.
    public var topics: [String] { records.keys.sorted() }

    public func count(of topic: String) -> Int { records[topic]?.values.reduce(0, +) ?? 0 }

    /// The names of the one pipeline in it that has records for a stage.
    public func names(for stage: PipelineStage) throws(ReplayError) -> PipelineTopics {
        let suffix = PipelineTopics(name: "").input(of: stage) ?? ""
        let fitting = topics.filter { $0.hasSuffix(suffix) }
        guard let topic = fitting.first else {
            throw .noSuchTopic(file: path, wanted: String(suffix.dropFirst()), found: topics)
        }
        guard fitting.count == 1 else { throw .severalPipelines(file: path, topics: fitting) }
        return PipelineTopics(name: String(topic.dropLast(suffix.count)))
    }

    /// - Throws: ``ReplayError/noSuchCamera(file:camera:found:)`` for the first camera that no topic has.
    public func check(cameras: [String]) throws(ReplayError) {
        let known = Set(records.values.flatMap(\.keys))
        for camera in cameras where !known.contains(camera) {
            throw .noSuchCamera(file: path, camera: camera, found: known.filter { !$0.isEmpty }.sorted())
        }
    }
}
