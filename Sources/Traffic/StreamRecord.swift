/// What one record on `frames`, `vehicles` or `reads` says about a camera's stream.
///
/// There is one for each analysed frame, empty ones included: an empty road must be able to close a track.
public struct StreamRecord<Content: Sendable>: Sendable {
    public enum Body: Sendable {
        /// An analysed frame.
        case frame(Content)
        /// The source was gone since the previous record; the reason is for people.
        case gap(reason: String)
        /// The source ended; open tracks of this epoch close now.
        case endOfStream
    }

    public var id: FrameID
    public var time: EventTime
    public var body: Body

    public init(id: FrameID, time: EventTime, body: Body) {
        self.id = id
        self.time = time
        self.body = body
    }

    public var content: Content? {
        if case .frame(let content) = body { content } else { nil }
    }

    /// The same record with its content replaced; gaps and ends pass through.
    public func map<New: Sendable, Failure: Error>(
        _ transform: (Content) throws(Failure) -> New
    ) throws(Failure) -> StreamRecord<New> {
        switch body {
        case .frame(let content): StreamRecord<New>(id: id, time: time, body: .frame(try transform(content)))
        case .gap(let reason): StreamRecord<New>(id: id, time: time, body: .gap(reason: reason))
        case .endOfStream: StreamRecord<New>(id: id, time: time, body: .endOfStream)
        }
    }
}

extension StreamRecord.Body: Equatable where Content: Equatable {}
extension StreamRecord: Equatable where Content: Equatable {}
