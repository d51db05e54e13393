/// One record as a stage receives it: its value, or why it has none.
public struct Delivery<Element: Sendable>: Sendable {
    public enum Content: Sendable {
        case value(Element)
        /// The bytes could not be decoded. They are in ``Delivery/record``.
        case undecodable(code: String, reason: String)
    }

    public var content: Content
    /// Where the record lies; nil on an in-process link, which has nothing to commit.
    public var position: Position?
    /// The original bytes, kept for a rejection; nil on an in-process link.
    public var record: Record?

    public init(content: Content, position: Position? = nil, record: Record? = nil) {
        self.content = content
        self.position = position
        self.record = record
    }

    public var value: Element? {
        if case .value(let element) = content { element } else { nil }
    }
}

/// A partition that this process reads from now on.
public struct Assignment: Hashable, Sendable {
    public var partition: Partition
    /// The first offset that will be delivered; nil when nothing was committed, and reading starts at the oldest record.
    public var start: Int64?
    /// What the last owner left beside its commit.
    public var note: String

    public init(partition: Partition, start: Int64?, note: String = "") {
        self.partition = partition
        self.start = start
        self.note = note
    }
}

/// What an inlet has to say next.
public enum InletEvent<Element: Sendable>: Sendable {
    /// At least one record, in order within each partition.
    case batch([Delivery<Element>])
    /// These partitions are this process's from now on. Their records follow after the next call.
    case assigned([Assignment])
    /// These go to another process. They are still held, and may be committed, until the next call.
    case revoked([Partition])
    /// These were taken without warning (the session timed out): what is not committed will be done by another.
    case lost([Partition])
    /// Nothing arrived for a moment. Time to do what is due.
    case idle
    /// No record will follow: every producer finished, or ``Inlet/stop()`` was called.
    case end
}

/// A record that could not be processed, on its way to `<topic>.rejected`.
public struct Rejection: Hashable, Sendable {
    /// Stable and greppable, for example `WIR102`.
    public var code: String
    public var reason: String
    /// The stage that refused it.
    public var stage: String
    /// Where it lay; nil for something that never was a record, such as a video that breaks off.
    public var position: Position?
    /// The original bytes, with their key and headers.
    public var original: Record

    public init(code: String, reason: String, stage: String, position: Position?, original: Record) {
        self.code = code
        self.reason = reason
        self.stage = stage
        self.position = position
        self.original = original
    }
}

/// An error that names its own stable code.
public protocol CodedError: Error, CustomStringConvertible {
    /// Three capital letters and three digits, for example `WIR102`.
    var code: String { get }
    /// What happened, without the code.
    var reason: String { get }
}

extension CodedError {
    public var description: String { "\(code) \(reason)" }
}

/// An error that may pass if the same thing is tried again.
public protocol RetriableError: Error {
    var isRetriable: Bool { get }
}
