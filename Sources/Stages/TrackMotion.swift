import Traffic

/// How a vehicle moves through the picture: where it came in, where it stands and for how long.
///
/// Two references are kept of each place, the vehicle's box and its plate's, so that either of them found alone tells
/// whether the vehicle still is where it was. Source: docs/decisions/0004-association.md.
struct TrackMotion: Hashable, Sendable {
    /// A box that stays where it is: the mean of its first observations, so that jitter can't carry it away.
    struct Anchor: Hashable, Sendable {
        static let most = 8

        var box: Box
        var count = 1

        init(_ box: Box, count: Int = 1) {
            self.box = box
            self.count = count
        }

        mutating func add(_ other: Box) {
            guard count < Self.most else { return }
            count += 1
            let share = 1 / Double(count)
            box = Box(
                x: box.x + share * (other.x - box.x), y: box.y + share * (other.y - box.y),
                width: box.width + share * (other.width - box.width),
                height: box.height + share * (other.height - box.height))
        }

        /// Whether a box is here, of this size. `reach` is in widths for a plate, in sizes for a vehicle.
        func holds(_ other: Box, reach: Double, growth: Double) -> Bool {
            let size = reach * (box.width * max(box.height, 0.5 * box.width)).squareRoot()
            let ratio = max(other.width / box.width, box.width / other.width)
            return ratio <= growth && abs(other.center.x - box.center.x) <= size
                && abs(other.center.y - box.center.y) <= size
        }

        /// Whether both sides grew, or both shrank, by more than a factor: what hides a vehicle shortens one of them.
        func isNearerOrFarther(_ other: Box, than factor: Double) -> Bool {
            let across = other.width / box.width
            let down = other.height / box.height
            return min(across, down) > factor || max(across, down) < 1 / factor
        }
    }

    /// A stay at one place.
    struct Stand: Hashable, Sendable {
        var since, seen: EventTime
        var vehicle, plate: Anchor?

        init(vehicle: Box?, plate: Box?, at time: EventTime) {
            since = time
            seen = time
            self.vehicle = vehicle.map { Anchor($0) }
            self.plate = plate.map { Anchor($0) }
        }

        /// Nanoseconds from the first to the last time it was seen here.
        var length: Int64 { seen.nanoseconds(since: since) }

        /// Whether what is seen is here. The plate decides where it can, since half of a vehicle may be hidden or outside;
        /// but not on a vehicle that comes straight at the camera, whose plate stays where it is while all grows.
        func holds(vehicle: Box?, plate: Box?) -> Bool {
            if let plate, let known = self.plate {
                guard known.holds(plate, reach: 0.7, growth: 1.3) else { return false }
                guard let vehicle, let body = self.vehicle else { return true }
                return !body.isNearerOrFarther(vehicle, than: 1.15)
            }
            if let vehicle, let known = self.vehicle { return known.holds(vehicle, reach: 0.1, growth: 1.2) }
            // The one is known, the other seen.
            let body = vehicle ?? self.vehicle?.box
            let sign = plate ?? self.plate?.box
            guard let body, let sign else { return false }
            return TrackObservations.hold(body, sign) != nil
        }

        mutating func add(vehicle: Box?, plate: Box?, at time: EventTime) {
            seen = time
            if let vehicle {
                if self.vehicle == nil { self.vehicle = Anchor(vehicle) } else { self.vehicle?.add(vehicle) }
            }
            if let plate {
                if self.plate == nil { self.plate = Anchor(plate) } else { self.plate?.add(plate) }
            }
        }
    }

    /// A stay counts as standing still from two seconds on: a walking pace moves a car by a tenth of its size in less.
    static let shortestStand: Int64 = 2_000_000_000
    /// Seen elsewhere for so long, it has gone: shorter, and a box that something half hides would end the stay.
    static let longestAstray: Int64 = 1_500_000_000
    /// A standing vehicle that something hides is waited for, but no longer than this: some lorry has stopped there.
    static let longestHidden: Int64 = 60_000_000_000
    /// A new place is one from here on, even if the old one was seen a moment ago.
    static let settled: Int64 = 1_000_000_000

    /// Where it stays now, or was last seen to.
    var stand: Stand?
    /// Where it may have gone from there, and how often it was seen away since.
    var next: Stand?
    var astray = 0
    /// When something was last seen in front of it while it was not.
    var hidden: EventTime?
    /// Nanoseconds of stays that are over.
    var stopped: Int64 = 0
    /// The first boxes, for the side it came from.
    var firstVehicle, firstPlate: Entry?
    /// Of the frame, pixels.
    var width = 0.0, height = 0.0
    var ground = TrackGround()

    mutating func observe(vehicle: Box?, plate: Box?, at time: EventTime) {
        guard vehicle != nil || plate != nil else { return }
        if stand?.holds(vehicle: vehicle, plate: plate) ?? false {
            stand?.add(vehicle: vehicle, plate: plate, at: time)
            next = nil
            astray = 0
            return
        }
        if next?.holds(vehicle: vehicle, plate: plate) ?? false {
            next?.add(vehicle: vehicle, plate: plate, at: time)
        } else {
            next = Stand(vehicle: vehicle, plate: plate, at: time)
        }
        astray += 1
        guard let next, let old = stand else {
            stand = next
            self.next = nil
            astray = 0
            return
        }
        let gone = astray >= 2 && time.nanoseconds(since: old.seen) >= Self.longestAstray
        guard gone || next.length >= Self.settled else { return }
        if old.length >= Self.shortestStand {
            stopped = sum(stopped, old.length)
            ground.forget(standing: old)
        }
        stand = next
        self.next = nil
        astray = 0
    }

    /// Nanoseconds for which it has stood where it is, 0 while it moves or is too short there to tell.
    func standing(at time: EventTime) -> Int64 {
        guard let stand, stand.seen == time, stand.length >= Self.shortestStand else { return 0 }
        return stand.length
    }

    /// Where it stood when it was last seen; nil if it moved.
    func place(asOf lastSeen: EventTime) -> Box? {
        guard let stand, stand.seen == lastSeen, stand.length >= Self.shortestStand else { return nil }
        return stand.vehicle?.box ?? stand.plate?.box
    }

    /// Nanoseconds in which it stood still, in all.
    var stoppedInAll: Int64 {
        guard let stand, stand.length >= Self.shortestStand else { return stopped }
        return sum(stopped, stand.length)
    }

    private func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    /// Takes over what was known of another track of the same vehicle.
    ///
    /// - Parameters:
    ///   - began: When this track began.
    ///   - isEarlier: The other one began before.
    ///   - isOver: It was last seen before this one began, so that both times add up.
    mutating func merge(_ other: TrackMotion, began: EventTime, isEarlier: Bool, isOver: Bool) {
        if isEarlier {
            firstVehicle = other.firstVehicle ?? firstVehicle
            firstPlate = other.firstPlate ?? firstPlate
        } else {
            firstVehicle = firstVehicle ?? other.firstVehicle
            firstPlate = firstPlate ?? other.firstPlate
        }
        if other.ground.points.count > ground.points.count { ground = other.ground }
        guard let theirs = other.stand else { return }
        guard let mine = stand else {
            stand = theirs
            stopped = max(stopped, other.stopped)
            return
        }
        stopped = isOver ? sum(stopped, other.stopped) : max(stopped, other.stopped)
        if mine.holds(vehicle: theirs.vehicle?.box, plate: theirs.plate?.box) {
            // It was there before only if it has not come from elsewhere since it is followed.
            if mine.since <= began { stand?.since = min(mine.since, theirs.since) }
            stand?.seen = max(mine.seen, theirs.seen)
            stand?.vehicle = mine.vehicle ?? theirs.vehicle
            stand?.plate = mine.plate ?? theirs.plate
        } else if theirs.seen > mine.seen, isOver || mine.plate == nil || theirs.plate != nil {
            if isOver, mine.length >= Self.shortestStand { stopped = sum(stopped, mine.length) }
            stand = theirs
            next = other.next
            astray = other.astray
        } else if isOver, theirs.length >= Self.shortestStand {
            stopped = sum(stopped, theirs.length)
        }
    }
}

extension Track {
    /// Whether it has been unseen for a time, in nanoseconds. While something stands or passes in front of a standing
    /// vehicle that time does not run.
    func isUnseen(for limit: Int64, at time: EventTime) -> Bool {
        let unseen = time.nanoseconds(since: lastSeen)
        guard unseen >= limit, unseen < TrackMotion.longestHidden, let hidden = motion.hidden else {
            return unseen >= limit
        }
        return time.nanoseconds(since: hidden) >= limit
    }

    /// After ``finish(frame:at:vehicle:plate:frameArea:)``: what the frame says of the vehicle's way.
    mutating func move(
        _ seenVehicle: TrackObservations.Vehicle?, _ seenPlate: TrackObservations.Plate?, in seen: TrackObservations,
        at time: EventTime, view: CameraView?
    ) {
        motion.width = seen.width
        motion.height = seen.height
        motion.observe(vehicle: seenVehicle?.box, plate: seenPlate?.box, at: time)
        if let box = seenVehicle?.box { TrackMotion.Entry.follow(&motion.firstVehicle, box, at: time) }
        if let box = seenPlate?.box { TrackMotion.Entry.follow(&motion.firstPlate, box, at: time) }
        // The ground point of a vehicle that is partly outside is not where its wheels are.
        if let calibration = view?.calibration, let seenVehicle, !seenVehicle.cut, motion.standing(at: time) == 0,
            let point = calibration.road(under: seenVehicle.box)
        {
            motion.ground.add(point, at: time)
        }
    }
}
