/// The reading end of a link between two stages: in-process, or a Kafka topic.
///
/// One loop uses one inlet; calls don't overlap. ``stop()`` alone may be called from anywhere.
public protocol Inlet<Element>: Sendable {
    associatedtype Element: Sendable

    /// Waits for what happens next; at most a moment on links that can be idle.
    ///
    /// - Parameter limit: Most records in one batch; positive.
    /// - Throws: When the world failed for longer than the link's own patience. Not retriable.
    func next(limit: Int) async throws -> InletEvent<Element>

    /// Says that everything before these positions is done. Returns when the broker has noted it.
    ///
    /// A commit that comes after the partitions were lost is dropped: their next owner repeats the work.
    /// - Parameter positions: For each partition the next offset to read, and a note for the next owner.
    func commit(_ positions: [Assignment]) async throws

    /// Records waiting in front of this inlet; nil when that isn't known.
    var lag: Int? { get }

    /// Asks for an orderly end: a Kafka inlet reports ``InletEvent/end`` next, an in-process one
    /// drains until its producers finish.
    func stop()

    /// Leaves the group and frees what is held. The producers of an in-process link fail from then on.
    func close() async
}

/// The writing end of a link.
public protocol Outlet<Element>: Sendable {
    associatedtype Element: Sendable

    /// Returns once every element is acknowledged: by the broker, or by a place in the in-process queue.
    ///
    /// - Returns: The elements that this link can't carry (too large, not encodable); all others are acknowledged.
    /// - Throws: When the broker stayed silent for longer than the link's own patience. Not retriable.
    @discardableResult
    func send(_ elements: [Element]) async throws -> [Refusal]

    /// No element will follow from this end.
    func finish() async throws
}

/// An element that an outlet can't carry.
public struct Refusal: Hashable, Sendable {
    /// Index into what was sent.
    public var index: Int
    public var code: String
    public var reason: String

    public init(index: Int, code: String, reason: String) {
        self.index = index
        self.code = code
        self.reason = reason
    }
}

/// An outlet that keeps nothing: for rejections that are only logged and counted.
public struct Discard<Element: Sendable>: Outlet {
    public init() {}
    @discardableResult
    public func send(_ elements: [Element]) -> [Refusal] { [] }
    public func finish() {}
}

/// A link was used after its other end closed.
public enum LinkError: Error, Equatable, CustomStringConvertible {
    case closed(String)

    public var description: String {
        switch self {
        case .closed(let name):
            "LNK101 the reader of \(name) stopped. Its own error, logged before this one, says why."
        }
    }
}
