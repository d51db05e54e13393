import Traffic

/// Where on the road a vehicle was, as far as its camera is calibrated: what its speed rests on.
struct TrackGround: Hashable, Sendable {
    /// Metres on the road, and seconds since the first point in which the vehicle moved.
    struct Place: Hashable, Sendable {
        var seconds, across, along: Double
    }

    /// Points kept; beyond them every second one goes, and the next are taken half as often.
    static let most = 32
    /// A speed rests on at least so many points, and on so many metres from the first to the last.
    static let fewest = 5
    static let shortest = 5.0
    /// Points are compared over at least so many seconds: over less, the jitter of boxes looks like speed.
    static let interval = 0.5

    var points: [Place] = []
    var start: EventTime?
    /// Seconds of standing that were taken out.
    var stood = 0.0
    /// Seconds between points, at least.
    var spacing = 0.0

    mutating func add(_ point: Point, at time: EventTime) {
        let start = start ?? time
        self.start = start
        let seconds = time.seconds(since: start) - stood
        if let last = points.last, seconds < last.seconds + max(spacing, 0.001) { return }
        points.append(Place(seconds: seconds, across: point.x, along: point.y))
        guard points.count > Self.most else { return }
        points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        spacing = 2 * max(spacing, 0.02)
    }

    /// Takes a stay out: its points, and its time for those that follow.
    mutating func forget(standing stand: TrackMotion.Stand) {
        guard let start else { return }
        let from = stand.since.seconds(since: start) - stood
        let to = stand.seen.seconds(since: start) - stood
        points.removeAll { $0.seconds > from && $0.seconds <= to }
        for index in points.indices where points[index].seconds > to { points[index].seconds -= to - from }
        stood += to - from
    }

    /// The median of the speeds between any two points half a second or more apart; nil on too few points or metres.
    ///
    /// Time in which the vehicle stood is left out, and so are turns: between two points it is taken to go straight.
    func speed(endingWith stand: TrackMotion.Stand?) -> Passage.Speed? {
        var moved = self
        if let stand, stand.length >= TrackMotion.shortestStand { moved.forget(standing: stand) }
        let points = moved.points
        guard points.count >= Self.fewest, let way = moved.way else { return nil }
        var speeds: [Double] = []
        for (index, first) in points.enumerated() {
            for second in points[(index + 1)...] where second.seconds - first.seconds >= Self.interval {
                let across = second.across - first.across
                let along = second.along - first.along
                speeds.append((across * across + along * along).squareRoot() / (second.seconds - first.seconds))
            }
        }
        guard !speeds.isEmpty else { return nil }
        speeds.sort()
        let middle = speeds.count / 2
        let median = speeds.count % 2 == 1 ? speeds[middle] : (speeds[middle - 1] + speeds[middle]) / 2
        return Passage.Speed(metresPerSecond: median, metres: way.metres)
    }

    /// From the first to the last point; nil when that is no way to speak of.
    var way: (across: Double, along: Double, metres: Double)? {
        guard let first = points.first, let last = points.last else { return nil }
        let across = last.across - first.across
        let along = last.along - first.along
        let metres = (across * across + along * along).squareRoot()
        return metres >= Self.shortest ? (across, along, metres) : nil
    }
}
