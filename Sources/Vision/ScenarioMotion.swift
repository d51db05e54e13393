/// How far a vehicle has come along its lane: steady, or with one stop.
struct ScenarioMotion: Sendable, Equatable {
    struct Stop: Sendable, Equatable {
        /// Metres along the way, and seconds of standing there.
        var at, wait: Double
    }

    /// Seconds into the clip at which the way begins; may be negative.
    var start: Double
    /// Metres a second.
    var speed: Double
    var stop: Stop?

    private static let braking = 2.8, pulling = 2.2

    /// Metres at a time in seconds.
    func travelled(at time: Double) -> Double {
        let elapsed = max(0, time - start)
        guard let stop else { return elapsed * speed }
        let braking = stop.at - speed * speed / (2 * Self.braking)
        let slowing = speed / Self.braking, gaining = speed / Self.pulling
        var rest = elapsed - braking / speed
        if rest <= 0 { return elapsed * speed }
        if rest < slowing { return braking + speed * rest - Self.braking * rest * rest / 2 }
        rest -= slowing + stop.wait
        if rest <= 0 { return stop.at }
        if rest < gaining { return stop.at + Self.pulling * rest * rest / 2 }
        return stop.at + speed * speed / (2 * Self.pulling) + speed * (rest - gaining)
    }

    /// The first time, to a millisecond, at which the vehicle has come this far.
    func time(reaching distance: Double) -> Double {
        var low = start, high = start + distance / speed + (stop.map { $0.wait + 4 * speed / Self.pulling } ?? 0) + 1
        while high - low > 0.001 {
            let middle = (low + high) / 2
            if travelled(at: middle) < distance { low = middle } else { high = middle }
        }
        return high
    }

    /// Whether it stands still.
    func stands(at time: Double) -> Bool {
        stop != nil && time > start && abs(travelled(at: time) - travelled(at: time - 0.05)) < 0.02
    }
}
