import Foundation
import Replay
import StageRunner
import Topics
import Traffic
import Wire

/// What stops a replay. Codes `RPL2xx`.
enum ReplayError: Error, Equatable, CustomStringConvertible {
    case noSuchTopic(file: String, wanted: String, found: [String])
    case notRecorded(file: String, topic: String, found: [String])
    case severalPipelines(file: String, topics: [String])
    case noImages(String)
    case noPassages(String)
    case overwritesInput(String)
    case nothingPlayed(file: String, topic: String)

    var description: String {
        switch self {
        case .noSuchTopic(let file, let wanted, let found):
            "RPL201 \(file) has no topic of \(wanted); it has "
                + (found.isEmpty ? "none" : found.joined(separator: ", "))
                + ". Begin --through with the stage that reads one of those."
        case .notRecorded(let file, let topic, let found):
            "RPL206 \(file) has no topic \(topic); it has \(found.joined(separator: ", ")). Name one of those."
        case .severalPipelines(let file, let topics):
            "RPL202 \(file) holds several pipelines' topics (\(topics.joined(separator: ", "))). "
                + "Record them apart, or cut one out with gantry recording."
        case .noImages(let file):
            "RPL203 no plate of \(file) has a picture, so there was nothing to read: its pictures were taken out. "
                + "Use --through track."
        case .overwritesInput(let path):
            "RPL207 \(path) would be read and written at once, which destroys it. Name another file for the output."
        case .nothingPlayed(let file, let topic):
            "RPL208 \(file) has no record on \(topic) for what --camera, --from and --to ask for, so nothing was played. "
                + "gantry recording info lists cameras and times."
        case .noPassages(let file):
            "RPL204 \(file) has no passages to compare with. Make a baseline: gantry replay FILE --through ... --record BASELINE."
        }
    }
}

/// The topics of one pipeline in a recording.
struct ReplayTopics {
    let names: PipelineTopics
    private let counts: [String: Int]?

    /// - Parameter stage: The one whose input is looked for.
    init(_ file: String, for stage: PipelineStage) throws {
        let suffix = PipelineTopics(name: "").input(of: stage) ?? ""
        var reader = try RecordingReader(path: file)
        var found: [String: Int] = [:]
        if let summary = reader.summary {
            for channel in summary.channels { found[channel.topic, default: 0] += channel.messages }
            counts = found
        } else {
            // Without a summary the file must be looked through; what is cut off at its end is found out later.
            while let topic = try? reader.next()?.topic { found[topic, default: 0] += 1 }
            counts = nil
        }
        let fitting = found.keys.filter { $0.hasSuffix(suffix) }.sorted()
        guard let topic = fitting.first else {
            throw ReplayError.noSuchTopic(file: file, wanted: String(suffix.dropFirst()), found: found.keys.sorted())
        }
        guard fitting.count == 1 else { throw ReplayError.severalPipelines(file: file, topics: fitting) }
        names = PipelineTopics(name: String(topic.dropLast(suffix.count)))
    }

    /// Nil when the file does not say.
    func records(of topic: String) -> Int? { counts?[topic] }
}

/// The passages of an earlier run.
struct Baseline {
    let path: String
    private let topic: String

    init(_ path: String, like names: PipelineTopics) {
        self.path = path
        topic = names.passages
    }

    func passages() throws -> [Passage] {
        var reader = try RecordingReader(path: path, filter: RecordingFilter(topics: [topic]))
        var passages: [Passage] = []
        var ids: Set<PassageID> = []
        while let record = try reader.next()?.record {
            let passage = try Passage(record: record)
            // Between stages a record may come twice; the id tells.
            if ids.insert(passage.id).inserted { passages.append(passage) }
        }
        if passages.isEmpty, reader.summary?.channels.contains(where: { $0.topic == topic }) != true {
            throw ReplayError.noPassages(path)
        }
        return passages
    }
}

/// Which passages a replay of a part can be blamed for.
struct ReplayWindow {
    let cameras: Set<CameraID>
    let from, to: EventTime?
    /// Passages that touch an end of the window may be cut off by it.
    private static let margin = Duration.seconds(2)

    func keeps(_ passage: Passage) -> Bool {
        (cameras.isEmpty || cameras.contains(passage.camera))
            && (from.map { passage.firstSeen >= $0 + Self.margin } ?? true)
            && (to.map { passage.lastSeen + Self.margin < $0 } ?? true)
    }
}

/// Holds records back until they are due.
struct ReplayPace {
    let speed: Double?
    private var start: (time: Int64, clock: ContinuousClock.Instant)?

    init(speed: Double?) { self.speed = speed }

    /// Whether a record of this event time may go; the first one may, and those whose times go back.
    mutating func isDue(_ time: Int64) -> Bool { left(until: time) <= .zero }

    /// Waits until a record of this event time is due.
    mutating func wait(for time: Int64) {
        let left = left(until: time)
        if left > .zero { Thread.sleep(forTimeInterval: left.inSeconds) }
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
    let total: Int?
    let quiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var shown = ContinuousClock.now

    init(total: Int?, quiet: Bool) {
        self.total = total
        self.quiet = quiet
    }

    mutating func show(_ counts: Replay.Counts) {
        guard !quiet, isTerminal, shown.duration(to: .now) > .milliseconds(500) else { return }
        shown = .now
        let share = total.map { " of \($0)" } ?? ""
        write("\r\u{1B}[2K\(counts.records)\(share) records  \(counts.passages) passages")
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
