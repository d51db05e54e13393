import Foundation
import StageRunner
import Synchronization
import Topics
import Traffic

/// What a run has seen so far, for its progress line and its summary.
final class RunCounts: Sendable {
    struct Values: Codable, Sendable {
        /// Analysed frames, and vehicles, plates and reads in them.
        var frames = 0, vehicles = 0, plates = 0, reads = 0
        var passages = 0, passagesWithPlate = 0, passagesAccepted = 0
        var passagesByCamera: [String: Int] = [:]

        enum CodingKeys: String, CodingKey {
            case frames, vehicles, plates, reads, passages
            case passagesWithPlate = "passages_with_plate"
            case passagesAccepted = "passages_accepted"
            case passagesByCamera = "passages_by_camera"
        }
    }

    private let state = Mutex((values: Values(), decoded: [CameraID: (done: Int, total: Int?)]()))

    var values: Values { state.withLock { $0.values } }
    /// Decoded frames of all cameras, and how many there will be: nil when a source doesn't say.
    var decoded: (done: Int, total: Int?) {
        state.withLock { state in
            let totals = state.decoded.values.map(\.total)
            let total = totals.contains(where: { $0 == nil }) ? nil : totals.reduce(0) { $0 + ($1 ?? 0) }
            return (state.decoded.values.reduce(0) { $0 + $1.done }, total)
        }
    }

    func decoded(_ camera: CameraID, done: Int, total: Int?) {
        state.withLock { $0.decoded[camera] = (done, total) }
    }
    func saw(_ records: [StreamRecord<FrameReads>]) {
        state.withLock { state in
            for reads in records.compactMap(\.content) {
                state.values.frames += 1
                state.values.vehicles += reads.vehicles.count
                state.values.plates += reads.plates.count
                state.values.reads += reads.plates.count { $0.read.text != nil }
            }
        }
    }
    func saw(_ passages: [Passage]) {
        state.withLock { state in
            for passage in passages {
                state.values.passages += 1
                state.values.passagesByCamera[passage.camera.text, default: 0] += 1
                if let plate = passage.plate {
                    state.values.passagesWithPlate += 1
                    if plate.accepted { state.values.passagesAccepted += 1 }
                }
            }
        }
    }
}

/// Tells a closure of everything that goes through, once it has been acknowledged.
struct TappedOutlet<Element: Sendable>: Outlet {
    let outlet: any Outlet<Element>
    let tap: @Sendable ([Element]) throws -> Void

    func send(_ elements: [Element]) async throws -> [Refusal] {
        let refusals = try await outlet.send(elements)
        try tap(elements)
        return refusals
    }
    func finish() async throws { try await outlet.finish() }
}

/// The line that says how far a run is: rewritten in place on a terminal, one line every ten seconds elsewhere.
struct ProgressLine: Sendable {
    let counts: RunCounts
    private let start = ContinuousClock.now
    private let terminal = isatty(STDERR_FILENO) == 1

    init(_ counts: RunCounts) { self.counts = counts }

    /// Runs until cancelled.
    func run() async {
        while (try? await Task.sleep(for: terminal ? .milliseconds(500) : .seconds(10))) != nil { show(last: false) }
        if terminal { show(last: true) }
    }

    private func show(last: Bool) {
        let text = line(elapsed: start.duration(to: .now).inSeconds)
        let shown = terminal ? "\r\u{1B}[2K\(text)\(last ? "\n" : "")" : text + "\n"
        FileHandle.standardError.write(Data(shown.utf8))
    }

    func line(elapsed: Double) -> String {
        let values = counts.values
        let decoded = counts.decoded
        let rate = elapsed > 0 ? Double(values.frames) / elapsed : 0
        var text = "\(values.frames) frames"
        if let total = decoded.total { text = "\(values.frames) of \(total) frames" }
        text += "  \(values.vehicles) vehicles  \(values.reads) reads  \(values.passages) passages"
        text += "  \(Int(rate.rounded())) frames/s"
        // Skipped frames cost next to nothing, so what is left is judged by what is decoded.
        if let total = decoded.total, decoded.done > 0, total > decoded.done, elapsed > 1 {
            let left = elapsed * Double(total - decoded.done) / Double(decoded.done)
            text += "  \(Int(left / 60)):\(Int(left) % 60 < 10 ? "0" : "")\(Int(left) % 60) left"
        }
        return text
    }
}
