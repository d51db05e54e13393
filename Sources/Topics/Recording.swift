/// The schema of one message type, as a recording carries it.
public struct RecordingSchema: Hashable, Sendable {
    /// The full message name, for example `gantry.v1.ReadsRecord`; what the header `gantry-type` says.
    public var name: String
    /// `protobuf` in recordings of Gantry.
    public var encoding: String
    /// For `protobuf` a serialized `FileDescriptorSet` with everything that the message imports.
    public var data: [UInt8]

    public init(name: String, encoding: String = "protobuf", data: [UInt8]) {
        self.name = name
        self.encoding = encoding
        self.data = data
    }
}

/// One record with the topic that it lay on.
public struct RecordedRecord: Hashable, Sendable {
    public var topic: String
    /// Its headers are `gantry-type` and `gantry-schema`; others, `traceparent` among them, are not recorded. Its
    /// timestamp is the recorded one: that of the record before where the original had none.
    public var record: Record

    public init(topic: String, record: Record) {
        self.topic = topic
        self.record = record
    }
}

/// What one channel of a recording carries: one key's records on one topic.
public final class RecordingChannel: Sendable {
    /// As in the file; never 0 in recordings of Gantry.
    public let id: UInt16
    public let topic: String
    /// The camera id; nil for records without a key, and in recordings that other programs wrote.
    public let key: String?
    /// Nil for a channel without a schema, which only other programs write.
    public let schema: RecordingSchema?
    /// `protobuf` in recordings of Gantry.
    public let messageEncoding: String
    /// What every record of the channel has: `gantry-type` and `gantry-schema`, as far as they are known.
    public let headers: [Header]
    let metadata: [RecordingPair]
    let schemaID: UInt16

    init(
        id: UInt16, topic: String, messageEncoding: String, metadata: [RecordingPair], schemaID: UInt16,
        schema: RecordingSchema?
    ) {
        (self.id, self.topic, self.messageEncoding, self.metadata) = (id, topic, messageEncoding, metadata)
        (self.schemaID, self.schema) = (schemaID, schema)
        func value(_ name: String) -> String? { metadata.first { $0.name == name }?.value }
        key = value(RecordingFormat.keyName)
        var headers: [Header] = []
        if let schema, schema.encoding == RecordingFormat.protobuf {
            headers.append(Header(RecordingFormat.typeName, schema.name))
        }
        if let version = value(RecordingFormat.versionName) {
            headers.append(Header(RecordingFormat.versionName, version))
        }
        self.headers = headers
    }

    /// Whether both say the same of the same id.
    func agrees(with other: RecordingChannel) -> Bool {
        id == other.id && topic == other.topic && messageEncoding == other.messageEncoding
            && Set(metadata) == Set(other.metadata) && schemaID == other.schemaID
    }
}

/// What a whole recording holds, as its summary section says.
public struct RecordingSummary: Hashable, Sendable {
    public struct Channel: Hashable, Sendable {
        public var topic: String
        public var key: String?
        /// The message type; nil for a channel without a schema.
        public var type: String?
        public var messages: Int
    }
    public var messages = 0
    public var chunks = 0
    /// Nanoseconds since 1970 UTC of the earliest and the latest record; nil when there is none.
    public var start, end: Int64?
    /// In the order of their ids: that in which they first appeared.
    public var channels: [Channel] = []
    public var schemas: [RecordingSchema] = []
    /// Of the whole file.
    public var bytes = 0
    /// Of the chunks' records, as they are and as they lie in the file.
    public var uncompressedBytes = 0
    public var compressedBytes = 0
    /// `gantry` in recordings of Gantry.
    public var profile = ""
    public var library = ""

    public init() {}
}

/// How a recording is written.
public struct RecordingOptions: Hashable, Sendable {
    public enum Compression: Hashable, Sendable {
        case none
        /// 1 is fastest, 22 smallest.
        case zstd(level: Int)
    }
    public var compression = Compression.zstd(level: 1)
    /// A chunk is closed before it would exceed so many uncompressed bytes; a larger record has one of its own.
    public var chunkBytes = 1 << 20
    /// Whether a file that is there may be replaced.
    public var overwrites = false

    public init() {}
}

/// Which records of a recording are given. Without conditions all are.
public struct RecordingFilter: Hashable, Sendable {
    /// Nil for all topics.
    public var topics: Set<String>?
    /// Nil for all records, those without a key included.
    public var keys: Set<String>?
    /// Nanoseconds since 1970 UTC; the first moment that counts.
    public var from: Int64?
    /// Nanoseconds since 1970 UTC; the first moment that counts no more.
    public var to: Int64?

    public init(topics: Set<String>? = nil, keys: Set<String>? = nil, from: Int64? = nil, to: Int64? = nil) {
        (self.topics, self.keys, self.from, self.to) = (topics, keys, from, to)
    }

    var isEverything: Bool { topics == nil && keys == nil && from == nil && to == nil }

    func wants(_ channel: RecordingChannel) -> Bool {
        (topics?.contains(channel.topic) ?? true)
            && (keys.map { keys in channel.key.map(keys.contains) ?? false } ?? true)
    }

    func wants(_ time: Int64) -> Bool { from.map { time >= $0 } ?? true && to.map { time < $0 } ?? true }

    /// Whether a chunk of these times may hold something.
    func wants(_ start: Int64, through end: Int64) -> Bool {
        from.map { end >= $0 } ?? true && to.map { start < $0 } ?? true
    }
}
