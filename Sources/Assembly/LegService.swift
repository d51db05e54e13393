import Foundation
public import Logging
import PostGIS
public import ServiceLifecycle
import StageRunner
import Topics

/// Keeps journeys, legs, reports and the ways along roads between cameras up to date beside a sink, on a thread and
/// connections of its own.
///
/// It is half a second behind at rest. A database that is gone is tried again: nothing is lost, and the sink beside it
/// says when patience is over.
public final class LegService: Service {
    private let database: String
    private let logger: Logger
    private static let pause = Duration.milliseconds(500)
    /// How old an estimate of what cameras captured may get while the day goes on.
    private static let captureAge = Duration.seconds(3600)
    /// How old a report may get: a day of three million passages takes seconds to count.
    private static let reportAge = Duration.seconds(600)
    /// Between two looks for passages of two epochs that have waited long enough.
    private static let settlingPause = Duration.seconds(60)

    /// - Parameter database: A libpq address.
    public init(database: String, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// Returns after a graceful shutdown, or when its task is cancelled.
    public func run() async throws {
        try await ThreadExecutor.run(name: "legs") { [database, logger] in
            let keeper = LegKeeper(database: database)
            let roads = RoadKeeper(database: database)
            var failed = false
            var settled: ContinuousClock.Instant?
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                do {
                    if try keeper.advance() > 0 { continue }
                    if try keeper.estimateCapture(after: Self.captureAge) != nil { continue }
                    if try keeper.makeReport(after: Self.reportAge) != nil { continue }
                    if settled.map({ ContinuousClock.now - $0 > Self.settlingPause }) ?? true {
                        _ = try keeper.settleEpochs(after: LegKeeper.settlingAge)
                        settled = .now
                    }
                    // In short turns, so that the next passages need not wait.
                    if try roads.advance(budget: .milliseconds(200)) > 0 { continue }
                    failed = false
                } catch {
                    if !failed { logger.warning("journeys can't be kept: \(error); trying again") }
                    failed = true
                }
                // Ends early, and without complaint, when the process does.
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
            }
        }
    }
}
