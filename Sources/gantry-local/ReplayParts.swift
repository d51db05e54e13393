import Foundation
import Replay
import ServiceLifecycle
import StageRunner
import Topics
import Traffic
import Wire

/// The passages of an earlier run, on one topic of its recording.
struct Baseline {
    let path: String
    let passages: [Passage]

    init(_ path: String, topic: String) throws {
        self.path = path
        var reader = try RecordingReader(path: path, filter: RecordingFilter(topics: [topic]))
        var passages: [Passage] = []
        var ids: Set<PassageID> = []
        while let record = try reader.next()?.record {
            guard case .passage(let passage) = try CameraReport(record: record) else { continue }
            // Between stages a record may come twice; the id tells.
            if ids.insert(passage.id).inserted { passages.append(passage) }
        }
        if passages.isEmpty { throw ReplayError.noPassages(path) }
        self.passages = passages
    }
}

/// Which passages a replay of a part can be blamed for.
struct ReplayWindow {
    let cameras: Set<CameraID>
    let from, to: EventTime?
    /// Seconds. Passages that come so near an end of the window may be cut off by it.
    static let margin = 2

    func keeps(_ passage: Passage) -> Bool {
        let margin = Duration.seconds(Self.margin)
        return (cameras.isEmpty || cameras.contains(passage.camera))
            && (from.map { passage.firstSeen >= $0 + margin } ?? true)
            && (to.map { passage.lastSeen + margin < $0 } ?? true)
    }
}

/// Holds records back until they are due.
struct ReplayPace {
    let speed: Double?
    private var start: (time: Int64, clock: ContinuousClock.Instant)?

    init(speed: Double?) { self.speed = speed }

    /// Whether a record of this event time may go; the first one may, and those whose times go back.
    mutating func isDue(_ time: Int64) -> Bool { left(until: time) <= .zero }

    /// Waits until a record of this event time is due, or the process is to end: a road may be empty for an hour.
    mutating func wait(for time: Int64) {
        while case let left = left(until: time), left > .zero, !Task.isShuttingDownGracefully {
            Thread.sleep(forTimeInterval: min(0.2, left.inSeconds))
        }
    }

    private mutating func left(until time: Int64) -> Duration {
        guard let speed else { return .zero }
        guard let start else {
            start = (time, .now)
            return .zero
        }
        return Duration.seconds(Double(time - start.time) / 1e9 / speed) - start.clock.duration(to: .now)
    }
}

/// How far a replay is, on standard error; rewritten in place on a terminal, silent elsewhere until its end.
struct ReplayProgress {
    let total: Int
    let quiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var shown = ContinuousClock.now

    init(total: Int, quiet: Bool) {
        self.total = total
        self.quiet = quiet
    }

    mutating func show(_ counts: Replay.Counts) {
        guard !quiet, isTerminal, shown.duration(to: .now) > .milliseconds(500) else { return }
        shown = .now
        write("\r\u{1B}[2K\(counts.records) of \(total) records  \(counts.passages) passages")
    }

    func finish(_ counts: Replay.Counts) {
        guard !quiet else { return }
        let seconds = start.duration(to: .now).inSeconds
        var text = isTerminal ? "\r\u{1B}[2K" : ""
        text += "\(counts.records) records in \(String(format: "%.2f", seconds)) s: \(counts.detections) detections"
        if counts.detections > 0, seconds > 0 { text += " (\(Int(Double(counts.detections) / seconds))/s)" }
        text += ", \(counts.passages) passages\n"
        if counts.repeated > 0 { text += "repeated and skipped: \(counts.repeated)\n" }
        for (code, count) in counts.rejected.sorted(by: { $0.key < $1.key }) { text += "rejected \(code): \(count)\n" }
        write(text)
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
