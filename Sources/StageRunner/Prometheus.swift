public import CoreMetrics
import Synchronization

/// A swift-metrics back end that shows everything as Prometheus text (format 0.0.4).
///
/// Counters get the suffix `_total`, timers become histograms in seconds with the suffix `_seconds`.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    private struct Key: Hashable, Comparable, Sendable {
        let name, labels: String
        static func < (a: Key, b: Key) -> Bool { (a.name, a.labels) < (b.name, b.labels) }
    }

    private struct State {
        var counters: [Key: Count] = [:]
        var gauges: [Key: Level] = [:]
        var histograms: [Key: Histogram] = [:]
    }

    private let state = Mutex(State())
    private let bounds: [Double]

    /// - Parameter bounds: Upper bounds of the histograms' buckets, ascending, in seconds.
    public init(bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]) {
        self.bounds = bounds
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(\.counters, Self.key(label, dimensions)) { Count() }
    }
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { handler(\.counters, Self.key(label, dimensions)) { Count() } }
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(\.gauges, Self.key(label, dimensions)) { Level() }
    }
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let key = Self.key(label, dimensions)
        return aggregate
            ? handler(\.histograms, key) { [bounds] in Histogram(bounds) } : handler(\.gauges, key) { Level() }
    }
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(\.histograms, Self.key(label + "_seconds", dimensions)) { [bounds] in Histogram(bounds) }
    }
    // Handlers outlive the objects that asked for them: a counter that restarted at 0 would look like a reset.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Everything recorded so far, sorted by name and labels.
    public func render() -> String {
        let (counters, gauges, histograms) = state.withLock { ($0.counters, $0.gauges, $0.histograms) }
        return Self.families(counters, "counter", suffix: "_total") { name, labels, count in
            "\(name)\(Self.braced(labels)) \(count.text)\n"
        }
            + Self.families(gauges, "gauge") { name, labels, level in
                "\(name)\(Self.braced(labels)) \(level.value.withLock { $0 })\n"
            } + Self.families(histograms, "histogram") { $2.render($0, $1) }
    }

    private static func families<Handler>(
        _ handlers: [Key: Handler], _ type: String, suffix: String = "", _ lines: (String, String, Handler) -> String
    ) -> String {
        var text = ""
        var last = ""
        for (key, handler) in handlers.sorted(by: { $0.key < $1.key }) {
            let name = key.name + suffix
            if name != last { text += "# TYPE \(name) \(type)\n" }
            last = name
            text += lines(name, key.labels, handler)
        }
        return text
    }

    private static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> Key {
        let name = label.map { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == ":" ? $0 : "_" }
        let labels = dimensions.sorted { $0.0 < $1.0 }.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return Key(name: String(name), labels: labels.joined(separator: ","))
    }

    private func handler<Handler: Sendable>(
        _ path: WritableKeyPath<State, [Key: Handler]>, _ key: Key, _ make: @Sendable () -> Handler
    ) -> Handler {
        state.withLock { state in
            if let known = state[keyPath: path][key] { return known }
            let made = make()
            state[keyPath: path][key] = made
            return made
        }
    }

    private final class Count: CounterHandler, FloatingPointCounterHandler, Sendable {
        private let whole = Atomic<Int64>(0)
        private let fraction = Mutex(0.0)

        func increment(by amount: Int64) { whole.wrappingAdd(amount, ordering: .relaxed) }
        func increment(by amount: Double) { fraction.withLock { $0 += amount } }
        func reset() {
            whole.store(0, ordering: .relaxed)
            fraction.withLock { $0 = 0 }
        }
        var text: String {
            let added = fraction.withLock { $0 }
            let count = whole.load(ordering: .relaxed)
            return added == 0 ? "\(count)" : "\(Double(count) + added)"
        }
    }

    private final class Level: RecorderHandler, MeterHandler, Sendable {
        let value = Mutex(0.0)

        func record(_ new: Int64) { set(Double(new)) }
        func record(_ new: Double) { set(new) }
        func set(_ new: Int64) { set(Double(new)) }
        func set(_ new: Double) { value.withLock { $0 = new } }
        func increment(by amount: Double) { value.withLock { $0 += amount } }
        func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    }

    private final class Histogram: TimerHandler, RecorderHandler, Sendable {
        private struct Buckets {
            var counts: [Int]
            var sum = 0.0
            var total = 0
        }
        private let bounds: [Double]
        private let buckets: Mutex<Buckets>

        init(_ bounds: [Double]) {
            self.bounds = bounds
            buckets = Mutex(Buckets(counts: Array(repeating: 0, count: bounds.count)))
        }
        func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
        func record(_ value: Int64) { record(Double(value)) }
        func record(_ value: Double) {
            buckets.withLock { state in
                state.sum += value
                state.total += 1
                if let bucket = bounds.firstIndex(where: { value <= $0 }) { state.counts[bucket] += 1 }
            }
        }
        func render(_ name: String, _ labels: String) -> String {
            let state = buckets.withLock { $0 }
            let more = labels.isEmpty ? "" : labels + ","
            var text = ""
            var below = 0
            for (bound, count) in zip(bounds, state.counts) {
                below += count
                text += "\(name)_bucket{\(more)le=\"\(bound)\"} \(below)\n"
            }
            text += "\(name)_bucket{\(more)le=\"+Inf\"} \(state.total)\n"
            text += "\(name)_sum\(PrometheusRegistry.braced(labels)) \(state.sum)\n"
            return text + "\(name)_count\(PrometheusRegistry.braced(labels)) \(state.total)\n"
        }
    }
}
