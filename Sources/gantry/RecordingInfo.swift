import ArgumentParser
import Foundation
import Topics
import Traffic

struct RecordingInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Says what a recording holds: topics, cameras, counts, times, sizes.",
        discussion: """
            A whole recording is described from its index, however large it is; one that is cut off is read. Whether \
            every byte is right says `gantry recording validate`.

            Examples:
              gantry recording info monday.mcap
              gantry recording info monday.mcap --format json
            """)

    @Argument(help: "The recording.")
    var file: String
    @Option(help: "text or json.")
    var format: RecordingFormatOption = .text

    func run() throws {
        try recording {
            let description = try RecordingDescription(path: file)
            switch format {
            case .text: print(description.text)
            case .json: print(String(decoding: try JSONEncoder.sorted.encode(description), as: UTF8.self))
            }
        }
    }
}

/// What `gantry recording info` prints.
struct RecordingDescription: Encodable {
    struct Topic: Encodable {
        var topic: String
        var type: String?
        var records: Int
        /// Records of each camera; records without a key are not among them.
        var cameras: [String: Int]
    }
    var file: String
    /// Whether it ends as a finished recording does.
    var whole: Bool
    /// Why not, when it is not.
    var trouble: String?
    var writer: String
    var records = 0
    var chunks: Int?
    /// RFC 3339; nil when there are no records.
    var from, to: String?
    var bytes: Int
    /// Of the records before compression; nil when the file has no index.
    var uncompressedBytes: Int?
    /// Uncompressed over compressed; nil when the file has no index or no chunks.
    var compressionRatio: Double?
    var topics: [Topic] = []

    enum CodingKeys: String, CodingKey {
        case file, whole, trouble, writer, records, chunks, from, to, bytes
        case uncompressedBytes = "uncompressed_bytes", compressionRatio = "compression_ratio"
        case topics
    }

    init(path: String) throws {
        var reader = try RecordingReader(path: path)
        file = path
        writer = [reader.library, reader.profile.isEmpty ? "" : "(profile \(reader.profile))"]
            .filter { !$0.isEmpty }.joined(separator: " ")
        bytes = reader.bytes
        guard let summary = reader.summary else {
            whole = true
            try scan(&reader)
            return
        }
        whole = true
        records = summary.messages
        chunks = summary.chunks
        from = summary.start.map { EventTime(nanoseconds: $0).rfc3339 }
        to = summary.end.map { EventTime(nanoseconds: $0).rfc3339 }
        if summary.compressedBytes > 0 {
            uncompressedBytes = summary.uncompressedBytes
            let ratio = Double(summary.uncompressedBytes) / Double(summary.compressedBytes)
            compressionRatio = (ratio * 100).rounded() / 100
        }
        for channel in summary.channels { add(channel.topic, channel.type, channel.key, channel.messages) }
    }

    /// Without an index only reading tells.
    private mutating func scan(_ reader: inout RecordingReader) throws {
        var start = Int64.max
        var end = Int64.min
        while true {
            do throws(RecordingError) {
                guard try reader.advance() else { break }
                records += 1
                start = min(start, reader.time)
                end = max(end, reader.time)
                add(reader.channel.topic, reader.channel.schema?.name, reader.channel.key, 1)
            } catch {
                whole = false
                trouble = trouble ?? "\(error)"
                if error.isLast { break }
            }
        }
        if records > 0 {
            from = EventTime(nanoseconds: start).rfc3339
            to = EventTime(nanoseconds: end).rfc3339
        }
    }

    private mutating func add(_ topic: String, _ type: String?, _ key: String?, _ count: Int) {
        let index = topics.firstIndex { $0.topic == topic && $0.type == type } ?? topics.count
        if index == topics.count { topics.append(Topic(topic: topic, type: type, records: 0, cameras: [:])) }
        topics[index].records += count
        if let key { topics[index].cameras[key, default: 0] += count }
    }

    var text: String {
        var lines = ["\(file): \(records) records, \(bytes) bytes, written by \(writer)"]
        if let trouble { lines.append("not whole    \(trouble)") } else { lines.append("whole        yes") }
        if let from, let to { lines.append("event times  \(from) to \(to)") }
        if let chunks { lines.append("chunks       \(chunks)") }
        if let ratio = compressionRatio, let uncompressedBytes {
            lines.append("compressed   \(ratio) to 1 (records of \(uncompressedBytes) bytes)")
        }
        for topic in topics.sorted(by: { $0.topic < $1.topic }) {
            lines.append("\(topic.topic)  \(topic.records) records  \(topic.type ?? "no schema")")
            for (camera, count) in topic.cameras.sorted(by: { $0.key < $1.key }) {
                lines.append("    \(camera)  \(count)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
