import Logging
public import ServiceLifecycle
public import Topics
import Traffic

/// What a sink writes in one transaction.
public struct SinkBatch<Element: Sendable>: Sendable {
    /// In order within each partition.
    public var elements: [Element]
    /// Which offsets this batch covers, refused records included: store the upper bounds in the same
    /// transaction, and only if the stored ones equal the lower bounds. Empty for an in-process link.
    public var offsets: [Partition: Range<Int64>]

    public init(elements: [Element], offsets: [Partition: Range<Int64>]) {
        self.elements = elements
        self.offsets = offsets
    }
}

/// Runs a sink: something that puts records where they stay, exactly once.
///
/// Per batch: reject what can't be decoded, call `write` (again, with back-off, while its error may pass), commit.
/// The commit only informs operators; a sink that stores ``SinkBatch/offsets`` itself goes on from those
/// (`startingOffsets` of the Kafka inlet).
public final class SinkRunner<Element: CameraRecord>: Service {
    /// What this runner has done so far.
    public let progress: StageProgress
    private let inlet: any Inlet<Element>
    private let rejected: any Outlet<Rejection>
    private let options: RunnerOptions
    private let isRetriable: @Sendable (any Error) -> Bool
    private let write: @Sendable (SinkBatch<Element>) async throws -> [Refusal]

    /// - Parameters:
    ///   - isRetriable: Whether a failed write may work later; by default what a ``RetriableError`` says of itself.
    ///   - write: Runs on the sink's own thread, which it may block. All or nothing; returns the elements that the
    ///     sink can't keep, by their index, having kept the others.
    public init(
        _ name: String, from inlet: any Inlet<Element>, rejected: any Outlet<Rejection> = Discard(),
        options: RunnerOptions = RunnerOptions(),
        isRetriable: @escaping @Sendable (any Error) -> Bool = { ($0 as? any RetriableError)?.isRetriable ?? false },
        write: @escaping @Sendable (SinkBatch<Element>) async throws -> [Refusal]
    ) {
        self.progress = StageProgress(stage: name)
        self.inlet = inlet
        self.rejected = rejected
        self.options = options
        self.isRetriable = isRetriable
        self.write = write
    }

    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await ThreadExecutor.run(name: progress.stage) {
                do { try await self.loop() } catch {
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
        loop: while true {
            let event = try await inlet.next(limit: options.batch)
            progress.ready()
            if let lag = inlet.lag { metrics.lags(lag) }
            switch event {
            case .batch(let deliveries): try await handle(deliveries, metrics)
            case .idle, .assigned, .revoked, .lost: break
            case .end: break loop
            }
            try Task.checkCancellation()
        }
        try await rejected.finish()
        await inlet.close()
    }

    private func handle(_ deliveries: [Delivery<Element>], _ metrics: StageMetrics) async throws {
        metrics.took(deliveries.count)
        var elements: [Element] = []
        var sources: [Delivery<Element>] = []
        var offsets: [Partition: Range<Int64>] = [:]
        for delivery in deliveries {
            if let position = delivery.position {
                let first = offsets[position.partition]?.lowerBound ?? position.offset
                offsets[position.partition] = first..<position.offset + 1
            }
            switch delivery.content {
            case .value(let element):
                elements.append(element)
                sources.append(delivery)
            case .undecodable(let code, let reason): try await reject(code, reason, delivery, metrics)
            }
        }
        let start = ContinuousClock.now
        let batch = SinkBatch(elements: elements, offsets: offsets)
        let refusals = try await options.backoff.retrying(isRetriable: isRetriable) { error, pause in
            options.logger.warning(
                "a write failed and will be tried again: \(error)",
                metadata: ["stage": "\(progress.stage)", "pause": "\(pause)"])
        } _: {
            try await write(batch)
        }
        metrics.spent(start.duration(to: .now))
        metrics.gave(elements.count - refusals.count)
        for refusal in refusals { try await reject(refusal.code, refusal.reason, sources[refusal.index], metrics) }
        if !offsets.isEmpty {
            try await inlet.commit(offsets.map { Assignment(partition: $0.key, start: $0.value.upperBound) })
        }
    }

    private func reject(
        _ code: String, _ reason: String, _ delivery: Delivery<Element>, _ metrics: StageMetrics
    ) async throws {
        let rejection = Rejection(
            code: code, reason: reason, stage: progress.stage, position: delivery.position,
            original: delivery.record ?? Record(key: delivery.value?.camera.text, value: []))
        metrics.refused(rejection)
        try await rejected.send([rejection])
    }
}
