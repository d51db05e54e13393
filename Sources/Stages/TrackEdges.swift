import Traffic

extension TrackMotion {
    /// The first box, and a later one that says how it moved.
    struct Entry: Hashable, Sendable {
        var box: Box
        var time: EventTime
        var later: Box?
        var laterTime: EventTime?

        /// Far enough for motion to show over the jitter of boxes.
        static let interval: Int64 = 300_000_000

        static func follow(_ entry: inout Entry?, _ box: Box, at time: EventTime) {
            guard let known = entry else {
                entry = Entry(box: box, time: time)
                return
            }
            guard known.later == nil, time.nanoseconds(since: known.time) >= interval else { return }
            entry?.later = box
            entry?.laterTime = time
        }

        var motion: BoxMotion? {
            guard let later, let laterTime else { return nil }
            let seconds = laterTime.seconds(since: time)
            guard seconds > 0 else { return nil }
            return BoxMotion(
                x: (later.center.x - box.center.x) / seconds, y: (later.center.y - box.center.y) / seconds,
                width: (later.width - box.width) / seconds, height: (later.height - box.height) / seconds)
        }
    }

    /// How fast a box's centre and sides change, pixels a second.
    struct BoxMotion: Hashable, Sendable {
        var x, y, width, height: Double

        var reversed: BoxMotion { BoxMotion(x: -x, y: -y, width: -width, height: -height) }
    }

    /// Looks so far ahead and back, in seconds: a fast vehicle is first found, or last, well inside the picture.
    private static let reach = 0.5
    /// Nearer to the frame's edge than this share of its side, a box touches it.
    private static let margin = 0.01
    /// Slower than so many sizes a second, a vehicle comes from nowhere and goes nowhere.
    private static let slowest = 0.05

    /// The side of a frame that a box goes over first; nil when it reaches none in half a second.
    static func edge(of box: Box, moving motion: BoxMotion, width: Double, height: Double) -> Edge? {
        let size = (box.width * box.height).squareRoot()
        // Of each side: how far inside, how fast outward, how fast the centre goes that way.
        let sides: [(edge: Edge, inside: Double, speed: Double, outward: Double, frame: Double)] = [
            (.left, box.x, motion.width / 2 - motion.x, -motion.x, width),
            (.right, width - box.maxX, motion.width / 2 + motion.x, motion.x, width),
            (.top, box.y, motion.height / 2 - motion.y, -motion.y, height),
            (.bottom, height - box.maxY, motion.height / 2 + motion.y, motion.y, height),
        ]
        var best: (edge: Edge, seconds: Double, outward: Double)?
        for side in sides where side.outward > slowest * size {
            var seconds = 0.0
            if side.inside > margin * side.frame {
                guard side.speed > 0 else { continue }
                seconds = side.inside / side.speed
            }
            guard seconds <= reach else { continue }
            if let known = best,
                seconds > known.seconds || seconds == known.seconds && side.outward <= known.outward
            {
                continue
            }
            best = (side.edge, seconds, side.outward)
        }
        return best?.edge
    }
}

extension Track {
    /// The side it came over; nil when it appeared inside.
    var entered: Edge? {
        guard let entry = entry(motion.firstVehicle) ?? entry(motion.firstPlate) else { return nil }
        guard let way = entry.motion ?? leaving?.motion else { return nil }
        return TrackMotion.edge(of: entry.box, moving: way.reversed, width: motion.width, height: motion.height)
    }

    private func entry(_ entry: TrackMotion.Entry?) -> TrackMotion.Entry? {
        guard let entry, entry.time.nanoseconds(since: firstSeen) <= TrackMotion.Entry.interval else { return nil }
        return entry
    }

    /// The side it went over; nil when it vanished inside.
    var left: Edge? {
        guard let leaving else { return nil }
        return TrackMotion.edge(of: leaving.box, moving: leaving.motion, width: motion.width, height: motion.height)
    }

    /// The last box, and how it moved.
    private var leaving: (box: Box, motion: TrackMotion.BoxMotion)? {
        func last(_ box: KalmanBox?) -> (box: Box, motion: TrackMotion.BoxMotion)? {
            guard let box, lastSeen.nanoseconds(since: box.time) <= TrackMotion.Entry.interval else { return nil }
            let motion = TrackMotion.BoxMotion(
                x: box.x.speed, y: box.y.speed, width: box.width.speed, height: box.height.speed)
            return (box.seen, motion)
        }
        return last(vehicle) ?? last(plate)
    }
}
