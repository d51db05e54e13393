public import PostGIS
public import ServiceLifecycle
import Synchronization
import Topics
public import Traffic
import Wire

/// Puts the passages and the coverage of a recording into the database, by the way that a sink's go.
///
/// What is there already is recognised, so a backfill that was stopped is simply done again. One thread reads while
/// another writes.
public final class Backfill: Service {
    /// Which part of the recording is meant.
    public struct Choice: Hashable, Sendable {
        /// Nil for all.
        public var cameras: Set<String>?
        /// By first sight, coverage by its minute; the end is not part of it. Nil for no bound.
        public var from, to: EventTime?

        public init(cameras: Set<String>? = nil, from: EventTime? = nil, to: EventTime? = nil) {
            (self.cameras, self.from, self.to) = (cameras, from, to)
        }

        func holds(_ report: CameraReport) -> Bool {
            switch report {
            case .passage(let passage): holds(passage.firstSeen, from: from)
            case .coverage(let coverage): holds(coverage.start, from: from?.minute)
            }
        }

        private func holds(_ time: EventTime, from: EventTime?) -> Bool {
            (from.map { time >= $0 } ?? true) && (to.map { time < $0 } ?? true)
        }
    }

    /// What became of the recording's passages and coverage.
    public struct Report: Hashable, Sendable {
        /// Passages that were meant, and records that can't be read.
        public var read = 0
        /// Stretches of coverage that were meant, and those of them that were new.
        public var coverage = 0, stretches = 0
        public var stored = 0
        /// There already.
        public var repeated = 0
        /// Whether the recording was read to its end.
        public var isWhole = false
        /// Rows that a replacement took away.
        public var removed = 0
        public var revision: Int?
        /// By code: how many can't be stored, and the first one's reason.
        public var refused: [String: Refused] = [:]

        public struct Refused: Hashable, Sendable {
            public var count: Int
            public var reason: String
        }

        mutating func refuse(_ code: String, _ reason: String) {
            refused[code, default: Refused(count: 0, reason: reason)].count += 1
        }

        mutating func add(_ outcome: Sink.Outcome) {
            stored += outcome.stored
            stretches += outcome.stretches
            repeated += outcome.repeated
            removed += outcome.removed
            revision = outcome.revision ?? revision
            for rejection in outcome.rejected { refuse(rejection.code, rejection.reason) }
        }
    }

    /// Passages and stretches in one transaction.
    public static let batch = 10_000

    private let path: String
    private let topics: Set<String>
    private let choice: Choice
    private let store: PassageStore
    private let state = Mutex(Report())
    private let progress: @Sendable (Report) -> Void
    private let link = MemoryLink<[CameraReport]>(name: "backfill", capacity: 2)

    /// - Parameters:
    ///   - topics: Those that hold passages.
    ///   - progress: Told how far it is after each transaction.
    public init(
        _ path: String, topics: Set<String>, choice: Choice, into store: PassageStore,
        progress: @escaping @Sendable (Report) -> Void = { _ in }
    ) {
        self.progress = progress
        self.path = path
        self.topics = topics
        self.choice = choice
        self.store = store
    }

    /// So far, or in the end.
    public var report: Report { state.withLock { $0 } }

    /// Returns when all is stored, or what was read before a graceful shutdown.
    ///
    /// One service and not two: a group ends its services one after the other, and takes it amiss when one of them
    /// returns before it is asked to.
    public func run() async throws {
        let outlet = link.outlet()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.read(into: outlet) }
            group.addTask { try await self.write() }
            try await group.waitForAll()
        }
    }

    /// Puts a camera's passages and coverage in the place of all that it has in a stretch of time.
    ///
    /// - Throws: ``BackfillError/notReplaced(path:camera:passages:unreadable:)`` before anything is changed.
    public func replace(_ what: Sink.Replacement) throws {
        var reader = try open()
        var reports: [CameraReport] = []
        while let report = try next(&reader) { reports.append(report) }
        // What is taken away is not to be had again: a recording that lacks it, or part of it, must not do that.
        let unreadable = report.refused.values.reduce(0) { $0 + $1.count }
        let passages = reports.compactMap(\.passage)
        guard !passages.isEmpty, unreadable == 0 else {
            throw BackfillError.notReplaced(
                path: path, camera: what.camera, passages: passages.count, unreadable: unreadable)
        }
        let outcome = try store.replace(what, with: passages, coverage: reports.compactMap(\.coverage))
        state.withLock { report in
            report.add(outcome)
            report.isWhole = true
        }
    }

    private func open() throws -> RecordingReader {
        try RecordingReader(path: path, filter: RecordingFilter(topics: topics, keys: choice.cameras))
    }

    /// The next report that is meant; what can't be read is counted on the way.
    private func next(_ reader: inout RecordingReader) throws -> CameraReport? {
        while let recorded = try reader.next() {
            do throws(WireError) {
                let report = try CameraReport(record: recorded.record)
                guard choice.holds(report) else { continue }
                state.withLock { state in
                    if report.passage == nil { state.coverage += 1 } else { state.read += 1 }
                }
                return report
            } catch {
                state.withLock { report in
                    report.read += 1
                    report.refuse(error.code, error.reason)
                }
            }
        }
        return nil
    }

    private func read(into outlet: MemoryOutlet<[CameraReport]>) async throws {
        try await ThreadExecutor.run(name: "backfill-read") {
            // Whatever happens, the writer must not wait for more.
            defer { outlet.finish() }
            var reader = try self.open()
            var batch: [CameraReport] = []
            func send() async throws {
                if !batch.isEmpty { try await outlet.send([batch]) }
                batch.removeAll(keepingCapacity: true)
            }
            do {
                while !Task.isShuttingDownGracefully, let report = try self.next(&reader) {
                    batch.append(report)
                    if batch.count == Self.batch { try await send() }
                }
            } catch {
                // What came before the damage is sound.
                try await send()
                throw error
            }
            try await send()
            let isWhole = !Task.isShuttingDownGracefully
            self.state.withLock { $0.isWhole = isWhole }
        }
    }

    private func write() async throws {
        try await ThreadExecutor.run(name: "backfill-write") {
            let inlet = self.link.inlet()
            defer { inlet.close() }
            // Not cancelled when the reader fails: what it has sent is stored.
            while case .batch(let deliveries) = try await inlet.next(limit: 1) {
                for batch in deliveries.compactMap(\.value) {
                    let outcome = try self.store.add(batch)
                    let report = self.state.withLock { report in
                        report.add(outcome)
                        return report
                    }
                    self.progress(report)
                }
            }
        }
    }
}

public enum BackfillError: Error, Equatable, CustomStringConvertible {
    /// The recording has no passage of that camera and time, or some that can't be read.
    case notReplaced(path: String, camera: CameraID, passages: Int, unreadable: Int)

    public var description: String {
        switch self {
        case .notReplaced(let path, let camera, 0, 0):
            "ASM203 \(path) has no passage of \(camera) in that time, so nothing was replaced. "
                + "gantry recording info lists cameras and times."
        case .notReplaced(let path, let camera, _, let unreadable):
            "ASM203 \(unreadable) records of \(camera) in \(path) can't be read, so nothing was replaced. "
                + "gantry recording validate lists them; make the recording anew from its input."
        }
    }
}
