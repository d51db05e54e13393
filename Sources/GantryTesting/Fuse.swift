import Synchronization
public import Topics

/// Ends a run at one call of many, as SIGKILL does: put it into links, count their calls once, then try each.
///
/// A fuse is asked before and after a call takes effect, so that both sides of every acknowledgement are tried.
public final class Fuse: Sendable {
    /// The process died here.
    public struct Blown: Error, Equatable {
        public init() {}
    }

    private let left: Atomic<Int>
    private let asked = Atomic<Int>(0)

    /// - Parameter calls: How often it may be asked before it throws, once; nil for never.
    public init(after calls: Int? = nil) { left = Atomic(calls ?? .max) }

    /// How often it was asked.
    public var count: Int { asked.load(ordering: .relaxed) }

    public func burn() throws {
        asked.wrappingAdd(1, ordering: .relaxed)
        if left.wrappingSubtract(1, ordering: .relaxed).oldValue == 0 { throw Blown() }
    }
}

/// An inlet whose commits may be a process's last act.
public struct FusedInlet<Element: Sendable>: Inlet {
    private let inner: any Inlet<Element>
    private let fuse: Fuse
    private let dies: @Sendable () async -> Void

    /// - Parameter dies: What `close` does in place of the inner one's: a killed process does not leave its group.
    public init(_ inner: any Inlet<Element>, fuse: Fuse, dies: @escaping @Sendable () async -> Void) {
        self.inner = inner
        self.fuse = fuse
        self.dies = dies
    }

    public func next(limit: Int) async throws -> InletEvent<Element> { try await inner.next(limit: limit) }
    public func commit(_ positions: [Assignment]) async throws {
        try fuse.burn()
        try await inner.commit(positions)
        try fuse.burn()
    }
    public var lag: Int? { inner.lag }
    public func stop() { inner.stop() }
    public func close() async { await dies() }
}

/// An outlet whose sends may be a process's last act.
public struct FusedOutlet<Element: Sendable>: Outlet {
    private let inner: any Outlet<Element>
    private let fuse: Fuse
    private let sent: @Sendable ([Element]) -> Void

    /// - Parameter sent: Told of what was acknowledged to a process that lived to hear it.
    public init(_ inner: any Outlet<Element>, fuse: Fuse, sent: @escaping @Sendable ([Element]) -> Void = { _ in }) {
        self.inner = inner
        self.fuse = fuse
        self.sent = sent
    }

    public func send(_ elements: [Element]) async throws -> [Refusal] {
        try fuse.burn()
        let refusals = try await inner.send(elements)
        try fuse.burn()
        sent(elements)
        return refusals
    }
    public func finish() {}
}

/// A snapshot store whose saves may be a process's last act.
public struct FusedStore: SnapshotStore {
    private let inner: any SnapshotStore
    private let fuse: Fuse

    public init(_ inner: any SnapshotStore, fuse: Fuse) {
        self.inner = inner
        self.fuse = fuse
    }

    public func newest(partition: Int32, note: String) async throws -> [Snapshot] {
        try await inner.newest(partition: partition, note: note)
    }
    public func save(_ snapshots: [Snapshot], partition: Int32) async throws -> String {
        try fuse.burn()
        let note = try await inner.save(snapshots, partition: partition)
        try fuse.burn()
        return note
    }
}
