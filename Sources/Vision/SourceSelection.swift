internal import Stages
internal import Traffic

/// Decides which decoded frames are analysed, and counts the others.
struct SourceSelection {
    private var sampler: SampleFrames
    private var gate: MotionGate?
    private var tallies: [Tally: Int] = [:]

    init(_ settings: CameraSourceSettings) {
        sampler = SampleFrames(settings.sampling)
        gate = settings.motion.map { MotionGate($0) }
    }

    /// Whether a frame falls on the sampling grid. Ask for each decoded frame, in order.
    mutating func samples(_ time: EventTime) -> Bool {
        if sampler.keeps(time) { return true }
        tallies["sampled-out", default: 0] += 1
        return false
    }

    /// Whether sampled frames must pass a gate as well.
    var isGated: Bool { gate != nil }

    /// Whether the gate lets a sampled frame through.
    mutating func passes(_ cells: [UInt8], at time: EventTime) -> Bool {
        if gate?.judge(cells, at: time).letsThrough ?? true { return true }
        tallies["gated", default: 0] += 1
        return false
    }

    mutating func takeTallies() -> [Tally: Int] {
        defer { tallies = [:] }
        return tallies
    }
}
