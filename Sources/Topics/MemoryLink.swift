import Synchronization

/// A bounded link inside one process: typed values, no encoding, back-pressure.
///
/// Several producers write through an ``Outlet`` each; several consumers read one lane each, chosen per element
/// (by camera, so that one camera's records keep their order). The link ends when every outlet has finished, so
/// make all outlets before starting the producers.
public final class MemoryLink<Element: Sendable>: Sendable {
    /// What a producer does when its element finds no room.
    public enum WhenFull: Sendable {
        /// It waits: right for files.
        case wait
        /// Its own oldest waiting element is dropped and counted: right for live sources.
        case dropOldest
    }

    public let name: String
    private let lanes: [Lane<Element>]
    private let lane: @Sendable (Element) -> Int
    private let sheddable: @Sendable (Element) -> Bool
    private let producers = Mutex((made: 0, open: 0))
    private let dropped = Atomic<Int>(0)

    /// - Parameters:
    ///   - capacity: Most elements waiting in each lane; positive.
    ///   - lanes: How many consumers there will be.
    ///   - lane: Any number; taken modulo the lanes. Equal for elements whose order matters.
    ///   - sheddable: Whether an element may be dropped; say no for ends of streams and gaps.
    public init(
        name: String, capacity: Int, lanes: Int = 1, lane: @escaping @Sendable (Element) -> Int = { _ in 0 },
        sheddable: @escaping @Sendable (Element) -> Bool = { _ in true }
    ) {
        precondition(capacity > 0 && lanes > 0, "a link needs room and a reader")
        self.name = name
        self.lanes = (0..<lanes).map { _ in Lane(name: name, capacity: capacity) }
        self.lane = lane
        self.sheddable = sheddable
    }

    /// Elements dropped because a live source found no room.
    public var shed: Int { dropped.load(ordering: .relaxed) }
    /// Elements waiting, over all lanes.
    public var depth: Int { lanes.reduce(0) { $0 + $1.depth } }

    /// A writing end for one producer.
    public func outlet(whenFull: WhenFull = .wait) -> MemoryOutlet<Element> {
        let number = producers.withLock { state in
            state.made += 1
            state.open += 1
            return state.made
        }
        return MemoryOutlet(link: self, producer: number, whenFull: whenFull)
    }

    /// The reading end of one lane, for one consumer.
    public func inlet(lane: Int = 0) -> MemoryInlet<Element> { MemoryInlet(lane: lanes[lane]) }

    fileprivate func put(_ element: Element, producer: Int, whenFull: WhenFull) async throws {
        let target = lanes[Int(UInt(bitPattern: lane(element)) % UInt(lanes.count))]
        let mayShed = whenFull == .dropOldest && sheddable(element)
        let entry = Lane<Element>.Entry(element: element, producer: mayShed ? producer : nil)
        let shed = try await target.put(entry)
        if shed { dropped.wrappingAdd(1, ordering: .relaxed) }
    }

    fileprivate func finished() {
        let last = producers.withLock { state in
            state.open -= 1
            return state.open == 0
        }
        if last { for lane in lanes { lane.end() } }
    }
}

/// One producer's end of a ``MemoryLink``. Letting go of it without ``finish()`` also counts as finishing.
public final class MemoryOutlet<Element: Sendable>: Outlet {
    private let link: MemoryLink<Element>
    private let producer: Int
    private let whenFull: MemoryLink<Element>.WhenFull
    private let done = Atomic<Bool>(false)

    fileprivate init(link: MemoryLink<Element>, producer: Int, whenFull: MemoryLink<Element>.WhenFull) {
        self.link = link
        self.producer = producer
        self.whenFull = whenFull
    }

    @discardableResult
    public func send(_ elements: [Element]) async throws -> [Refusal] {
        for element in elements { try await link.put(element, producer: producer, whenFull: whenFull) }
        return []
    }

    public func finish() {
        if !done.exchange(true, ordering: .relaxed) { link.finished() }
    }

    deinit { finish() }
}

/// One consumer's end of a ``MemoryLink``.
public struct MemoryInlet<Element: Sendable>: Inlet {
    fileprivate let lane: Lane<Element>

    public func next(limit: Int) async throws -> InletEvent<Element> {
        let elements = try await lane.take(limit: limit)
        return elements.isEmpty ? .end : .batch(elements.map { Delivery(content: .value($0)) })
    }
    public func commit(_ positions: [Assignment]) {}
    public var lag: Int? { lane.depth }
    public func stop() {}
    public func close() { lane.close() }
}

/// One bounded queue with one reader and any number of writers.
private final class Lane<Element: Sendable>: Sendable {
    struct Entry: Sendable {
        let element: Element
        /// Who may drop it to make room; nil when it must not be dropped.
        let producer: Int?
    }

    private struct State {
        var entries: [Entry] = []
        var ended = false
        var closed = false
        var waiters = Waiters()
    }

    /// Everyone who waits for the lane to change, readers and writers alike.
    private struct Waiters {
        var last = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private enum Step {
        case done(shed: Bool)
        case full
        case closed
    }

    let name: String
    let capacity: Int
    private let state = Mutex(State())

    init(name: String, capacity: Int) {
        self.name = name
        self.capacity = capacity
    }

    var depth: Int { state.withLock { $0.entries.count } }

    /// - Returns: Whether an element was dropped to make room.
    func put(_ entry: Entry) async throws -> Bool {
        while true {
            let step: Step = change { state in
                if state.closed { return (.closed, false) }
                if state.entries.count < capacity {
                    state.entries.append(entry)
                    return (.done(shed: false), true)
                }
                guard let producer = entry.producer else { return (.full, false) }
                if let oldest = state.entries.firstIndex(where: { $0.producer == producer }) {
                    state.entries.remove(at: oldest)
                    state.entries.append(entry)
                }
                return (.done(shed: true), false)
            }
            switch step {
            case .done(let shed): return shed
            case .closed: throw LinkError.closed(name)
            case .full: await wait { $0.entries.count >= self.capacity && !$0.closed }
            }
            try Task.checkCancellation()
        }
    }

    /// - Returns: Nothing when the link has ended and is empty.
    func take(limit: Int) async throws -> [Element] {
        while true {
            let (taken, over) = change { state in
                let taken = state.entries.prefix(max(1, limit)).map(\.element)
                state.entries.removeFirst(taken.count)
                return ((taken, state.ended || state.closed), !taken.isEmpty)
            }
            if over || !taken.isEmpty { return taken }
            await wait { $0.entries.isEmpty && !$0.ended && !$0.closed }
            try Task.checkCancellation()
        }
    }

    func end() {
        change { state in
            state.ended = true
            return ((), true)
        }
    }

    func close() {
        change { state in
            state.closed = true
            state.entries = []
            return ((), true)
        }
    }

    /// Changes the state and, where the body says so, wakes everyone who waits for a change.
    ///
    /// A look that changes nothing must wake nobody: two waiters would keep waking each other.
    private func change<Result>(_ body: (inout State) -> (Result, wakes: Bool)) -> Result {
        let (result, woken) = state.withLock { state in
            let (result, wakes) = body(&state)
            guard wakes else { return (result, [Int: CheckedContinuation<Void, Never>]()) }
            let woken = state.waiters.waiting
            state.waiters.waiting = [:]
            return (result, woken)
        }
        for continuation in woken.values { continuation.resume() }
        return result
    }

    /// Returns at the next change, at once when `still` no longer holds, or on cancellation.
    private func wait(while still: @Sendable (borrowing State) -> Bool) async {
        let id = state.withLock { state in
            state.waiters.last += 1
            return state.waiters.last
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let waits = state.withLock { state in
                    guard still(state), !Task.isCancelled else { return false }
                    state.waiters.waiting[id] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}
