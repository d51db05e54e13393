/// The schemas and channels that a recording has declared so far.
struct RecordingChannels {
    private(set) var schemas: [UInt16: RecordingSchema] = [:]
    /// By id.
    private var channels: [(channel: RecordingChannel, isWanted: Bool)?] = []
    private let filter: RecordingFilter

    init(_ filter: RecordingFilter, known ending: RecordingEnding) {
        self.filter = filter
        guard ending.trouble == nil else { return }
        schemas = ending.schemas
        for channel in ending.channels { add(channel) }
    }

    subscript(_ id: UInt16) -> (channel: RecordingChannel, isWanted: Bool)? {
        Int(id) < channels.count ? channels[Int(id)] : nil
    }

    private mutating func add(_ channel: RecordingChannel) {
        let id = Int(channel.id)
        if channels.count <= id { channels += Array(repeating: nil, count: id + 1 - channels.count) }
        channels[id] = (channel, filter.wants(channel))
    }

    /// Takes what declares a schema or a channel. The same may be said again, something else may not.
    ///
    /// - Parameter offset: Of the record, for errors.
    mutating func declare(_ opcode: UInt8, _ content: UnsafeRawBufferPointer, offset: Int) throws(RecordingError) {
        if opcode == RecordingFormat.Opcode.schema {
            guard let read = RecordingSchema.read(content) else {
                throw .damaged("a schema record is too short or has the number 0", offset: offset)
            }
            guard schemas[read.id].map({ $0 == read.schema }) ?? true else {
                throw .damaged("schema \(read.id) is declared a second time, differently", offset: offset)
            }
            schemas[read.id] = read.schema
        } else {
            guard let channel = RecordingChannel.read(content, schemas: schemas) else {
                throw .damaged("a channel record is too short", offset: offset)
            }
            guard let known = self[channel.id]?.channel else {
                guard channel.schemaID == 0 || channel.schema != nil else {
                    throw .damaged("channel \(channel.id) has schema \(channel.schemaID), unknown here", offset: offset)
                }
                return add(channel)
            }
            guard known.agrees(with: channel) else {
                throw .damaged("channel \(channel.id) is declared a second time, differently", offset: offset)
            }
        }
    }

    /// Whether a chunk may hold something that is asked for.
    func mayHold(_ index: RecordingChunkIndex) -> Bool {
        guard filter.wants(Int64(clamping: index.start), through: Int64(clamping: index.end)) else { return false }
        return index.places.isEmpty || index.places.contains { self[$0.channel]?.isWanted ?? true }
    }

    func wants(_ time: Int64) -> Bool { filter.wants(time) }
}
