import Traffic

extension Track {
    enum Verdict: Equatable {
        case passage
        case unconfirmed
        case flicker
    }

    /// Whether enough was seen for a passage.
    func verdict(settings: Associate.Settings) -> Verdict {
        if plateFrames > 0 { return frames >= settings.minimumPlateFrames ? .passage : .unconfirmed }
        if frames < settings.minimumFrames || topScore < settings.sureScore { return .unconfirmed }
        let unseen = settings.countsClosingGap ? 0 : min(history.trailingZeroBitCount, age - 1)
        let span = age - unseen
        let share = Double(frames) / Double(max(frames, span))
        return share < settings.minimumShare ? .flicker : .passage
    }

    /// - Parameter parked: Nanoseconds for which it stood, when that is why its passage ends.
    func passage(camera: CameraID, epoch: Epoch, settings: Associate.Settings, parked: Int64? = nil) -> Passage {
        let view = settings.views[camera]
        let decision = vote.decide(settings: settings)
        var kind: VehicleClass?
        var most = 0.0
        for (index, score) in kinds.enumerated() where score > most {
            most = score
            kind = VehicleClass.allCases[index]
        }
        return Passage(
            id: PassageID(camera: camera, epoch: epoch, firstFrame: key.firstFrame, ordinal: key.ordinal),
            camera: camera, epoch: epoch, firstFrame: key.firstFrame, lastFrame: lastFrame, firstSeen: firstSeen,
            lastSeen: lastSeen, kind: kind, frames: frames, direction: direction, course: course(view),
            entered: entered, left: parked == nil ? left : nil, stopped: .nanoseconds(motion.stoppedInAll),
            parked: parked.map { .nanoseconds($0) }, speed: motion.ground.speed(endingWith: motion.stand),
            best: Passage.Best(
                frame: best?.frame ?? key.firstFrame, vehicle: best?.vehicle, plate: best?.plate, crop: best?.crop),
            plate: decision.plate, notRead: decision.reason, reads: vote.evidence)
    }

    /// By the way over the road where the camera's calibration says where north is, else by the way in the picture.
    private func course(_ view: CameraView?) -> Double? {
        if let way = motion.ground.way, let course = view?.calibration?.course(across: way.across, along: way.along) {
            return course
        }
        return view?.course(direction)
    }

    /// By growth first (a vehicle that comes nearer), then by the way its centre went.
    var direction: Direction {
        let pair: (first: Box, last: Box, scale: Double)
        if let firstVehicle, let vehicle {
            pair = (firstVehicle, vehicle.seen, 1)
        } else if let firstPlate, let plate {
            pair = (firstPlate, plate.seen, 4.5)
        } else {
            return .stationary
        }
        let growth = pair.last.width / pair.first.width
        if growth >= 1.15 { return .approaching }
        if growth <= 1 / 1.15 { return .receding }
        let size = pair.scale * (pair.first.width + pair.last.width) / 2
        let across = (pair.last.center.x - pair.first.center.x) / size
        let down = (pair.last.center.y - pair.first.center.y) / size
        if max(abs(across), abs(down)) < 0.25 { return .stationary }
        if abs(across) >= abs(down) { return across > 0 ? .rightward : .leftward }
        return down > 0 ? .approaching : .receding
    }

    /// Takes over a track of the same vehicle; the key of the earlier one stays.
    mutating func merge(_ other: Track, settings: Associate.Settings, tallies: inout TrackTallies) {
        // Both histories end at the same frame; what they share is counted once. Older frames than 64 are taken as
        // distinct: duplicates are found long before.
        frames += other.frames - (history & other.history).nonzeroBitCount
        motion.merge(other.motion, began: firstSeen, isEarlier: other.key < key, isOver: other.lastSeen < firstSeen)
        plateFrames += other.plateFrames
        topScore = max(topScore, other.topScore)
        history |= other.history
        age = max(age, other.age)
        if other.key < key {
            key = other.key
            firstSeen = other.firstSeen
            firstVehicle = other.firstVehicle ?? firstVehicle
            firstPlate = other.firstPlate ?? firstPlate
        }
        if other.lastFrame > lastFrame {
            lastFrame = other.lastFrame
            lastSeen = other.lastSeen
        }
        vehicle = Self.later(vehicle, other.vehicle)
        plate = Self.later(plate, other.plate)
        firstVehicle = firstVehicle ?? other.firstVehicle
        firstPlate = firstPlate ?? other.firstPlate
        relation = relation ?? other.relation
        for index in kinds.indices { kinds[index] += other.kinds[index] }
        vote.merge(other.vote, settings: settings, tallies: &tallies)
        if let theirs = other.best, best.map({ theirs.quality > $0.quality }) ?? true { best = theirs }
    }

    private static func later(_ a: KalmanBox?, _ b: KalmanBox?) -> KalmanBox? {
        guard let a, let b else { return a ?? b }
        return b.time > a.time ? b : a
    }
}
