public import ServiceLifecycle
import Stages
import Synchronization
public import Topics
import Traffic

/// What a source does with what it finds.
public struct SourceEmitter<Element: CameraRecord>: Sendable {
    fileprivate let runner: SourceRunner<Element>
    fileprivate let metrics: StageMetrics

    /// Whether an orderly end was asked for: finish the frame at hand, say what must be said, and return.
    public var isStopping: Bool { runner.stopping.load(ordering: .relaxed) || Task.isCancelled }

    /// Returns once the element is acknowledged; waits while the link is full, unless it drops the oldest.
    public func send(_ element: Element) async throws {
        metrics.took(1)
        let refusals = try await runner.outlet.send([element])
        metrics.gave(1 - refusals.count)
        for refusal in refusals {
            try await reject(camera: element.camera.text, code: refusal.code, reason: refusal.reason)
        }
    }

    /// Reports something that never became a record, such as a video that breaks off.
    public func reject(camera: String, code: String, reason: String, original: [UInt8] = []) async throws {
        let rejection = Rejection(
            code: code, reason: reason, stage: metrics.progress.stage, position: nil,
            original: Record(key: camera, value: original))
        metrics.refused(rejection)
        try await runner.rejected.send([rejection])
    }

    /// Counts frames that were skipped or shed, by reason (kebab-case).
    public func tally(_ reason: String, _ count: Int = 1) { metrics.tallied([.init(reason): count]) }
}

/// Runs a source: something that makes records out of the world, as decode does.
///
/// It has a thread of its own and may block it. It ends by returning; a graceful shutdown only sets
/// ``SourceEmitter/isStopping``.
public final class SourceRunner<Element: CameraRecord>: Service {
    /// What this runner has done so far.
    public let progress: StageProgress
    fileprivate let outlet: any Outlet<Element>
    fileprivate let rejected: any Outlet<Rejection>
    fileprivate let stopping = Atomic<Bool>(false)
    private let options: RunnerOptions
    private let pull: @Sendable (SourceEmitter<Element>) async throws -> Void

    /// - Parameters:
    ///   - progress: Shared by several sources that count as one stage; by default one of its own.
    ///   - pull: Opens the source, sends what it gives and returns when it has ended.
    public init(
        _ name: String, to outlet: any Outlet<Element>, rejected: any Outlet<Rejection> = Discard(),
        options: RunnerOptions = RunnerOptions(), progress: StageProgress? = nil,
        pull: @escaping @Sendable (SourceEmitter<Element>) async throws -> Void
    ) {
        self.progress = progress ?? StageProgress(stage: name)
        self.outlet = outlet
        self.rejected = rejected
        self.options = options
        self.pull = pull
    }

    public func run() async throws {
        let metrics = StageMetrics(progress: progress, logger: options.logger, factory: options.metrics)
        progress.ready()
        try await withGracefulShutdownHandler {
            try await ThreadExecutor.run(name: progress.stage) {
                try await self.pull(SourceEmitter(runner: self, metrics: metrics))
                try await self.outlet.finish()
                try await self.rejected.finish()
            }
        } onGracefulShutdown: { [self] in
            stopping.store(true, ordering: .relaxed)
        }
    }
}
