import CoreMetrics
import Dispatch
import Foundation
public import Logging
public import ServiceLifecycle
import Stages
import Synchronization

/// What a process of one or more stages has around its loops: logs, metrics, status pages, signals.
public enum StageProcess {
    /// Sends all of swift-log to standard error and all of swift-metrics to the returned registry. Call it once,
    /// first thing.
    @discardableResult
    public static func bootstrap(log format: LogFormat = .text, level: Logger.Level = .info) -> PrometheusRegistry {
        LoggingSystem.bootstrap { LineLogHandler(label: $0, format: format, level: level) }
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }

    /// Runs services until all have returned, one has failed, or a signal has stopped them.
    ///
    /// The first SIGTERM or SIGINT finishes the batches at hand, commits and leaves; a second one exits at once,
    /// with 143 or 130.
    ///
    /// - Parameter status: Pages to serve meanwhile; nil for none.
    /// - Throws: The first service's failure, after the others were cancelled.
    public static func run(_ services: [any Service], logger: Logger, status: StatusServer? = nil) async throws {
        // A stage that returns has drained its input; the others go on until they have drained theirs.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map {
                    .init(
                        service: $0, successTerminationBehavior: .ignore, failureTerminationBehavior: .cancelGroup)
                },
                logger: logger))
        let signals = StopSignals {
            logger.notice("stopping: finishing what is at hand; a second signal exits at once")
            Task { await group.triggerGracefulShutdown() }
        }
        defer { signals.cancel() }
        let pages = status.map { status in
            Task {
                do { try await status.run() } catch {
                    if !Task.isCancelled { logger.error("the status pages can't be served: \(error)") }
                }
            }
        }
        defer { pages?.cancel() }
        try await group.run()
    }
}

extension StageRunner where S: ~Copyable {
    /// Runs this stage alone in its process; see ``StageProcess/run(_:logger:status:)``.
    public func runUntilSignalled(logger: Logger, status: StatusServer? = nil) async throws {
        try await StageProcess.run([self], logger: logger, status: status)
    }
}

/// Turns the first stop signal into a call and the second into an exit.
///
/// Not on the cooperative pool: a second signal must work however busy that is.
final class StopSignals: @unchecked Sendable {
    // Written once, in the initializer; a dispatch source may be cancelled from any thread.
    private let sources: [any DispatchSourceSignal]

    init(exit: @escaping @Sendable (Int32) -> Void = { Foundation._exit($0) }, first: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "gantry.signals")
        let seen = Seen()
        sources = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if seen.isFirst() { first() } else { exit(128 + number) }
            }
            // Watching starts a moment later; a second signal right after the first must not slip through. (Ignoring the
            // signals as well, as one does on Darwin, makes Linux discard them before they are seen.)
            let isWatched = DispatchSemaphore(value: 0)
            source.setRegistrationHandler { isWatched.signal() }
            source.resume()
            isWatched.wait()
            return source
        }
    }

    func cancel() { for source in sources { source.cancel() } }

    private final class Seen: Sendable {
        private let any = Atomic<Bool>(false)
        func isFirst() -> Bool { !any.exchange(true, ordering: .relaxed) }
    }
}
