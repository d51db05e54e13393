import CoreMetrics
import Logging
import Metrics
import Stages
import Synchronization
import Topics

/// What a running stage has done so far; read it from anywhere, for a progress line or a summary.
public final class StageProgress: Sendable {
    /// The stage's name, as in the `stage` label of its metrics.
    public let stage: String
    private let received = Atomic<Int>(0)
    private let sent = Atomic<Int>(0)
    private let repeated = Atomic<Int>(0)
    private let linked = Atomic<Bool>(false)
    private let reasons = Mutex((rejected: [String: Int](), tallies: [String: Int]()))

    public init(stage: String) { self.stage = stage }

    /// Records taken in, repeats and rejected ones included.
    public var recordsIn: Int { received.load(ordering: .relaxed) }
    public var recordsOut: Int { sent.load(ordering: .relaxed) }
    /// Records dropped because they had been processed before.
    public var repeats: Int { repeated.load(ordering: .relaxed) }
    /// Records refused, by code.
    public var rejected: [String: Int] { reasons.withLock { $0.rejected } }
    /// What the stage itself shed, withheld or skipped, by reason.
    public var tallies: [String: Int] { reasons.withLock { $0.tallies } }
    /// Whether the stage has reached its link: its group has answered, or a first record came.
    public var isReady: Bool { linked.load(ordering: .relaxed) }

    func ready() { linked.store(true, ordering: .relaxed) }
    func took(_ count: Int) { received.wrappingAdd(count, ordering: .relaxed) }
    func gave(_ count: Int) { sent.wrappingAdd(count, ordering: .relaxed) }
    func dropped(_ count: Int) { repeated.wrappingAdd(count, ordering: .relaxed) }
    /// - Returns: How often this code has come up, this time included.
    func refused(_ code: String) -> Int {
        reasons.withLock {
            $0.rejected[code, default: 0] += 1
            return $0.rejected[code]!
        }
    }
    func tallied(_ reason: String, _ count: Int) { reasons.withLock { $0.tallies[reason, default: 0] += count } }
}

/// Feeds one stage's counts to swift-metrics, to its ``StageProgress`` and, sparingly, to the log.
struct StageMetrics {
    let progress: StageProgress
    let logger: Logger
    private let factory: any MetricsFactory
    private let recordsIn, recordsOut, repeats: Counter
    private let latency: Metrics.Timer
    private let lag: Gauge

    init(progress: StageProgress, logger: Logger, factory: any MetricsFactory) {
        let stage = [("stage", progress.stage)]
        self.progress = progress
        self.logger = logger
        self.factory = factory
        recordsIn = Counter(label: "gantry_records_in", dimensions: stage, factory: factory)
        recordsOut = Counter(label: "gantry_records_out", dimensions: stage, factory: factory)
        repeats = Counter(label: "gantry_repeats", dimensions: stage, factory: factory)
        latency = Metrics.Timer(label: "gantry_stage", dimensions: stage, factory: factory)
        lag = Gauge(label: "gantry_consumer_lag", dimensions: stage, factory: factory)
    }

    func took(_ count: Int) {
        recordsIn.increment(by: count)
        progress.took(count)
    }
    func gave(_ count: Int) {
        recordsOut.increment(by: count)
        progress.gave(count)
    }
    func repeated(_ count: Int) {
        repeats.increment(by: count)
        progress.dropped(count)
    }
    func spent(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        latency.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
    func lags(_ records: Int) { lag.record(records) }

    func tallied(_ tallies: [Tally: Int]) {
        for (tally, count) in tallies {
            let labels = [("stage", progress.stage), ("reason", tally.description)]
            Counter(label: "gantry_tallies", dimensions: labels, factory: factory).increment(by: count)
            progress.tallied(tally.description, count)
        }
    }

    /// Counts a rejection; logs the first, tenth, hundredth and so on of each code, so that a stream of
    /// bad records can't fill a disk.
    func refused(_ rejection: Rejection) {
        let labels = [("stage", progress.stage), ("code", rejection.code)]
        Counter(label: "gantry_rejected", dimensions: labels, factory: factory).increment()
        let count = progress.refused(rejection.code)
        var power = 1
        while power < count { power *= 10 }
        guard power == count else { return }
        logger.warning(
            "a record was rejected: \(rejection.code) \(rejection.reason)",
            metadata: [
                "stage": "\(progress.stage)", "camera": "\(rejection.original.key ?? "")",
                "position": "\(rejection.position?.description ?? "in process")", "count": "\(count)",
            ])
    }
}
