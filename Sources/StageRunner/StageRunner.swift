public import ServiceLifecycle
public import Stages
public import Topics
import Traffic

/// Runs one stage between two links: read, process, write, wait for the acknowledgement, commit.
///
/// The recipe makes the stage inside the loop that owns it, on a thread of its own, so a stage may hold native
/// handles that are neither copyable nor shareable. A record that can't be decoded or processed goes to `rejected`
/// and the loop goes on; a failing world is thrown from ``run()``. Records seen before are dropped.
///
/// A crash repeats work and loses none: nothing is committed before everything made from it is acknowledged.
/// A stage with state also snapshots it before each commit; see docs/decisions/0002-links.md.
public final class StageRunner<S: Stage & SendableMetatype & ~Copyable>: Service where S.Input: CameraRecord {
    /// What this runner has done so far.
    public let progress: StageProgress
    private let inlet: any Inlet<S.Input>
    private let outlet: any Outlet<S.Output>
    private let rejected: any Outlet<Rejection>
    private let options: RunnerOptions
    private let hooks: StateHooks<S>?
    private let make: @Sendable () throws -> S

    /// - Parameters:
    ///   - name: The stage, for logs, metrics and rejections.
    ///   - rejected: Where refused records go; by default they are only counted and logged.
    ///   - make: Builds the stage; called once, in the loop's own thread.
    public init(
        _ name: String, from inlet: any Inlet<S.Input>, to outlet: any Outlet<S.Output>,
        rejected: any Outlet<Rejection> = Discard(), options: RunnerOptions = RunnerOptions(),
        make: @escaping @Sendable () throws -> S
    ) {
        self.progress = StageProgress(stage: name)
        self.inlet = inlet
        self.outlet = outlet
        self.rejected = rejected
        self.options = options
        self.hooks = nil
        self.make = make
    }

    /// A runner whose stage's state survives it.
    ///
    /// - Parameter snapshots: Written before each commit, read when partitions are assigned.
    public init(
        _ name: String, from inlet: any Inlet<S.Input>, to outlet: any Outlet<S.Output>,
        rejected: any Outlet<Rejection> = Discard(), snapshots: any SnapshotStore,
        options: RunnerOptions = RunnerOptions(), make: @escaping @Sendable () throws -> S
    ) where S: SnapshottingStage {
        self.progress = StageProgress(stage: name)
        self.inlet = inlet
        self.outlet = outlet
        self.rejected = rejected
        self.options = options
        self.hooks = StateHooks(
            store: snapshots,
            snapshot: { (stage: borrowing S, camera) in stage.snapshot(of: camera) },
            restore: { (stage: inout S, camera, bytes) in try stage.restore(camera, from: bytes) },
            forget: { (stage: inout S, camera) in stage.forget(camera) })
        self.make = make
    }

    /// Returns when the input has ended, or after a graceful shutdown has finished the batch at hand.
    ///
    /// - Throws: What the recipe threw, or the link's error when the broker was gone for too long.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await ThreadExecutor.run(name: progress.stage) {
                do { try await self.loop() } catch {
                    // Here, not outside: leaving a group blocks for a moment.
                    await self.inlet.close()
                    throw error
                }
            }
        } onGracefulShutdown: { [inlet] in
            inlet.stop()
        }
    }

    private func loop() async throws {
        let metrics = StageMetrics(progress: progress, logger: options.logger, factory: options.metrics)
        var loop = StageLoop(
            stage: try make(), outlet: outlet, rejected: rejected, hooks: hooks, options: options, metrics: metrics)
        while true {
            let event = try await inlet.next(limit: options.batch)
            progress.ready()
            if let lag = inlet.lag { metrics.lags(lag) }
            let over = try await loop.handle(event, inlet: inlet)
            if over { break }
            try Task.checkCancellation()
        }
        try await outlet.finish()
        try await rejected.finish()
        await inlet.close()
    }
}

/// The stateful half of a stage, kept apart because a generic class can't ask whether its `~Copyable` parameter
/// also conforms to ``SnapshottingStage``.
struct StateHooks<S: SendableMetatype & ~Copyable>: Sendable {
    let store: any SnapshotStore
    let snapshot: @Sendable (borrowing S, CameraID) -> [UInt8]?
    let restore: @Sendable (inout S, CameraID, [UInt8]) throws -> Void
    let forget: @Sendable (inout S, CameraID) -> Void
}
