/// Writes records to an MCAP file.
///
/// The file is readable up to its last whole chunk at every moment, whatever ends the process. The same records give
/// the same bytes: nothing depends on the clock. A record's headers other than `gantry-type` and `gantry-schema` are
/// not kept.
///
/// Source: docs/decisions/0009-recordings.md.
public struct RecordingWriter: ~Copyable, Sendable {
    private struct Address: Hashable {
        var topic: String
        var key: String?
        var type: [UInt8]
        var version: [UInt8]?
    }

    private let schemas: [String: RecordingSchema]
    private var addresses: [Address: Int] = [:]
    private var lastTime: Int64 = 0
    private var body: RecordingBody

    /// - Parameters:
    ///   - path: The file, written under its own name from the start.
    ///   - schemas: Of all message types that may come.
    /// - Throws: ``RecordingError/exists(path:)`` or ``RecordingError/unwritable(path:bytes:detail:)``.
    public init(
        to path: String, schemas: [RecordingSchema], options: RecordingOptions = RecordingOptions()
    ) throws(RecordingError) {
        var body = RecordingBody(try RecordingOutput(path: path, overwrites: options.overwrites), options: options)
        try body.begin(profile: RecordingFormat.profile, library: RecordingFormat.library)
        self.body = body
        self.schemas = Dictionary(schemas.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Adds one record, or throws and adds nothing; the same record may be offered again, after a disk was full.
    ///
    /// A record without a positive timestamp gets that of the record before, so that no viewer's time axis starts in
    /// 1970.
    /// - Throws: ``RecordingError/unknownType(_:topic:)`` when no schema has the name in `gantry-type`;
    ///   ``RecordingError/tooMany(_:limit:)`` beyond 65,535 pairs of topic and key.
    public mutating func append(_ record: Record, to topic: String) throws(RecordingError) {
        let type = record.headers.first { $0.name == RecordingFormat.typeName }?.value ?? []
        let version = record.headers.first { $0.name == RecordingFormat.versionName }?.value
        let address = Address(topic: topic, key: record.key, type: type, version: version)
        let channel: Int
        if let known = addresses[address] {
            channel = known
        } else {
            let name = String(decoding: type, as: UTF8.self)
            guard !type.isEmpty, let schema = schemas[name] else { throw .unknownType(name, topic: topic) }
            var metadata: [RecordingPair] = []
            if let key = record.key { metadata.append(RecordingPair(name: RecordingFormat.keyName, value: key)) }
            if let version {
                let text = String(decoding: version, as: UTF8.self)
                metadata.append(RecordingPair(name: RecordingFormat.versionName, value: text))
            }
            channel = try body.open(
                topic: topic, messageEncoding: RecordingFormat.protobuf, metadata: metadata, schema: schema)
            addresses[address] = channel
        }
        let time = record.timestamp > 0 ? record.timestamp : lastTime
        try body.append(record.value.span.bytes, to: channel, time: UInt64(time))
        lastTime = time
    }

    /// Closes the open chunk and waits until the disk has it: what is before survives a power loss.
    public mutating func flush() throws(RecordingError) {
        try body.closeChunk()
        try body.sync()
    }

    /// Records taken so far.
    public var messages: Int { body.messages }
    /// Bytes that lie in the file so far; the open chunk is not among them.
    public var bytes: Int { body.bytes }

    /// Writes the rest and the index. A writer that goes without it leaves a file that `gantry recording repair` makes
    /// whole, without the open chunk.
    public consuming func finish() throws(RecordingError) -> RecordingSummary { try body.finish() }
}
