// The records of the format that readers look into, taken apart. Each is nil when its bytes are too few.

extension RecordingSchema {
    static func read(_ bytes: UnsafeRawBufferPointer) -> (id: UInt16, schema: RecordingSchema)? {
        var cursor = RecordingCursor(bytes)
        let id = cursor.integer(UInt16.self)
        let name = cursor.string(), encoding = cursor.string()
        let data = cursor.sized().map { Array($0) } ?? []
        return cursor.isShort || id == 0 ? nil : (id, RecordingSchema(name: name, encoding: encoding, data: data))
    }
}

extension RecordingChannel {
    /// - Parameter schemas: By id. A channel of a schema that is not among them has none.
    static func read(_ bytes: UnsafeRawBufferPointer, schemas: [UInt16: RecordingSchema]) -> RecordingChannel? {
        var cursor = RecordingCursor(bytes)
        let id = cursor.integer(UInt16.self), schemaID = cursor.integer(UInt16.self)
        let topic = cursor.string(), encoding = cursor.string()
        let metadata = cursor.pairs()
        if cursor.isShort { return nil }
        return RecordingChannel(
            id: id, topic: topic, messageEncoding: encoding, metadata: metadata, schemaID: schemaID,
            schema: schemas[schemaID])
    }
}

struct RecordingMessageHead {
    var channel: UInt16
    var sequence: UInt32
    var logTime: UInt64
    var publishTime: UInt64

    /// What follows the head is the message itself.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= RecordingFormat.messageHead else { return nil }
        channel = UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self))
        sequence = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
        logTime = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 6, as: UInt64.self))
        publishTime = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt64.self))
    }
}

struct RecordingChunkHead {
    var start, end: UInt64
    var uncompressed: UInt64
    var crc: UInt32
    var compression: String
    /// The compressed records, and where they begin in the chunk's content.
    var records: UnsafeRawBufferPointer

    init?(_ bytes: UnsafeRawBufferPointer) {
        var cursor = RecordingCursor(bytes)
        start = cursor.integer()
        end = cursor.integer()
        uncompressed = cursor.integer()
        crc = cursor.integer()
        compression = cursor.string()
        let count = cursor.integer(UInt64.self)
        guard let taken = cursor.take(Int(clamping: count)) else { return nil }
        records = taken
    }
}

struct RecordingChunkIndex: Hashable {
    var start, end: UInt64
    var offset, length: UInt64
    /// Offsets of the message indexes by channel, in the file's order; empty when the writer made none.
    var places: [RecordingPlace]
    var indexLength: UInt64
    var compression: String
    var compressed, uncompressed: UInt64

    init?(_ bytes: UnsafeRawBufferPointer) {
        var cursor = RecordingCursor(bytes)
        start = cursor.integer()
        end = cursor.integer()
        offset = cursor.integer()
        length = cursor.integer()
        places = []
        if let inner = cursor.sized() {
            var cursor = RecordingCursor(inner)
            while !cursor.isAtEnd, !cursor.isShort {
                places.append(RecordingPlace(channel: cursor.integer(), value: cursor.integer()))
            }
            if cursor.isShort { return nil }
        }
        indexLength = cursor.integer()
        compression = cursor.string()
        compressed = cursor.integer()
        uncompressed = cursor.integer()
        if cursor.isShort { return nil }
    }
}

/// A number that belongs to a channel: the offset of its index, or its count of messages.
struct RecordingPlace: Hashable {
    var channel: UInt16
    var value: UInt64
}

struct RecordingStatistics {
    var messages: UInt64
    var schemas: UInt16
    var channels, attachments, metadata, chunks: UInt32
    var start, end: UInt64
    var counts: [RecordingPlace] = []

    init?(_ bytes: UnsafeRawBufferPointer) {
        var cursor = RecordingCursor(bytes)
        messages = cursor.integer()
        schemas = cursor.integer()
        channels = cursor.integer()
        attachments = cursor.integer()
        metadata = cursor.integer()
        chunks = cursor.integer()
        start = cursor.integer()
        end = cursor.integer()
        guard let inner = cursor.sized() else { return nil }
        var list = RecordingCursor(inner)
        while !list.isAtEnd, !list.isShort {
            counts.append(RecordingPlace(channel: list.integer(), value: list.integer()))
        }
        if list.isShort { return nil }
    }
}
