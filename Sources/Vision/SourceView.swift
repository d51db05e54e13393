internal import Stages
internal import Synchronization

/// What a source shows to other threads.
final class SourceView: Sendable {
    private struct State {
        var progress = SourceProgress(frames: 0, total: nil)
        var tallies: [Tally: Int] = [:]
    }
    private let state = Mutex(State())

    var progress: SourceProgress { state.withLock { $0.progress } }

    func publish(_ frames: Int, of total: Int?, _ tallies: [Tally: Int]) {
        state.withLock { state in
            state.progress = SourceProgress(frames: frames, total: total)
            state.tallies.merge(tallies, uniquingKeysWith: +)
        }
    }

    func count(_ tally: Tally, _ count: Int = 1) {
        if count > 0 { state.withLock { $0.tallies[tally, default: 0] += count } }
    }

    func takeTallies() -> [Tally: Int] {
        state.withLock { state in
            defer { state.tallies = [:] }
            return state.tallies
        }
    }
}
