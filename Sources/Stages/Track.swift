import Traffic

/// A vehicle in view: everything that its passage will need.
struct Track: Hashable, Sendable {
    typealias Key = TrackKey

    /// Where the plate sits in the vehicle's box: centre and size in units of that box.
    struct Relation: Hashable, Sendable {
        var x, y, width, height: Double

        init(x: Double, y: Double, width: Double, height: Double) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }

        init(of plate: Box, in vehicle: Box) {
            self.init(
                x: (plate.center.x - vehicle.x) / vehicle.width, y: (plate.center.y - vehicle.y) / vehicle.height,
                width: plate.width / vehicle.width, height: plate.height / vehicle.height)
        }

        func plate(in vehicle: Box) -> Box {
            let across = width * vehicle.width
            let down = height * vehicle.height
            return Box(
                x: vehicle.x + x * vehicle.width - across / 2, y: vehicle.y + y * vehicle.height - down / 2,
                width: across, height: down)
        }

        func vehicle(around plate: Box) -> Box {
            let across = plate.width / width
            let down = plate.height / height
            return Box(x: plate.center.x - x * across, y: plate.center.y - y * down, width: across, height: down)
        }

        mutating func follow(_ other: Relation) {
            x += 0.3 * (other.x - x)
            y += 0.3 * (other.y - y)
            width += 0.3 * (other.width - width)
            height += 0.3 * (other.height - height)
        }

        /// 0 for the same place and shape; about 1 for clearly another plate.
        func difference(_ other: Relation) -> Double {
            let shape = (width / height) / (other.width / other.height)
            return 2 * abs(x - other.x) + 2 * abs(y - other.y) + 0.5 * (max(shape, 1 / shape) - 1)
        }
    }

    /// The best frame so far.
    struct Best: Hashable, Sendable {
        var quality: Double
        var frame: Int
        var vehicle: Box?
        var plate: Box?
        var crop: Crop?
    }

    /// A track that seems to show the same vehicle, and in how many frames it seemed so.
    struct Rival: Hashable, Sendable {
        var key: Key
        var frames: Int
    }

    var key: Key
    var firstSeen, lastSeen: EventTime
    var lastFrame: Int
    /// Frames in which it was seen; in which its plate was; and frames analysed since it began.
    var frames = 1
    var plateFrames = 0
    /// The highest score of its vehicle, 0...1.
    var topScore = 0.0
    var age = 1
    /// The last 64 analysed frames, newest lowest: in which of them it was seen.
    var history: UInt64 = 1
    var vehicle: KalmanBox?
    var plate: KalmanBox?
    var relation: Relation?
    var firstVehicle: Box?
    var firstPlate: Box?
    /// Summed scores, in the order of `VehicleClass.allCases`.
    var kinds = [Double](repeating: 0, count: VehicleClass.allCases.count)
    var vote = Vote()
    var motion = TrackMotion()
    var best: Best?
    var rival: Rival?

    init(key: Key, at time: EventTime) {
        self.key = key
        firstSeen = time
        lastSeen = time
        lastFrame = key.firstFrame
    }

    /// Where vehicle and plate should be at a moment, by whichever of both was seen last.
    ///
    /// Inlined, so that only the fields it needs are read: a call would copy the whole track, an eighth of the time that
    /// linking takes.
    @inline(__always) func predicted(at time: EventTime) -> Prediction {
        guard let plate else { return Prediction(vehicle: vehicle?.predicted(at: time), slack: 1) }
        return Prediction(vehicle, plate, relation, at: time)
    }

    struct Prediction {
        var vehicle: Box?
        var plate: Box?
        /// By how much the plate's place is uncertain: 1 plus plate widths.
        var slack: Double

        init(vehicle: Box?, slack: Double) {
            self.vehicle = vehicle
            self.slack = slack
        }

        fileprivate init(_ vehicle: KalmanBox?, _ plate: KalmanBox, _ relation: Relation?, at time: EventTime) {
            let plateBox = plate.predicted(at: time)
            self.vehicle = vehicle?.predicted(at: time)
            self.plate = plateBox
            slack = 1 + 1.5 * plate.deviation(at: time, noise: .plate) / plateBox.width
            guard let relation, let vehicle, let vehicleBox = self.vehicle else { return }
            if plate.time > vehicle.time {
                self.vehicle = relation.vehicle(around: plateBox)
            } else if vehicle.time > plate.time {
                self.plate = relation.plate(in: vehicleBox)
                let deviation = vehicle.deviation(at: time, noise: .vehicle)
                slack = 1 + 1.5 * deviation / max(1, relation.width * vehicleBox.width)
            }
            slack = min(4, slack)
        }
    }

    /// The share of the gap limit that it has been unseen: 0 just seen, 1 about to close.
    ///
    /// - Parameter maximumGap: Seconds.
    static func staleness(since lastSeen: EventTime, at time: EventTime, maximumGap: Double) -> Double {
        let share = time.seconds(since: lastSeen) / maximumGap
        return min(1, max(0, (share - 0.3) / 0.7))
    }

    mutating func see(_ seen: TrackObservations.Vehicle, at time: EventTime, step: Double) {
        kinds[seen.kind.place] += seen.score
        topScore = max(topScore, seen.score)
        if vehicle != nil {
            vehicle?.update(seen.box, at: time, score: seen.score, noise: .vehicle, step: step)
        } else {
            vehicle = KalmanBox(seen.box, at: time, noise: .vehicle)
            firstVehicle = seen.box
        }
    }

    mutating func see(
        _ seen: TrackObservations.Plate, in frame: Int, at time: EventTime, step: Double,
        settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        plateFrames += 1
        vote.add(seen.read, in: frame, sharpness: seen.sharpness, settings: settings, tallies: &tallies)
        if plate != nil {
            plate?.update(seen.box, at: time, score: seen.score, noise: .plate, step: step)
        } else {
            plate = KalmanBox(seen.box, at: time, noise: .plate)
            firstPlate = seen.box
        }
    }

    /// After `see`: the frame as a whole.
    mutating func finish(
        frame: Int, at time: EventTime, vehicle seenVehicle: TrackObservations.Vehicle?,
        plate seenPlate: TrackObservations.Plate?, frameArea: Double
    ) {
        lastFrame = frame
        lastSeen = time
        if let seenVehicle, let seenPlate {
            let new = Relation(of: seenPlate.box, in: seenVehicle.box)
            if relation == nil { relation = new } else { relation?.follow(new) }
        }
        let quality = Self.quality(vehicle: seenVehicle, plate: seenPlate, frameArea: frameArea)
        if best.map({ quality > $0.quality }) ?? true {
            best = Best(
                quality: quality, frame: frame, vehicle: seenVehicle?.box, plate: seenPlate?.box,
                crop: seenVehicle?.crop ?? seenPlate?.crop)
        }
    }

    /// Any read plate beats any unread one, which beats one that is cut off, and that any vehicle without; 0...4.
    private static func quality(
        vehicle: TrackObservations.Vehicle?, plate: TrackObservations.Plate?, frameArea: Double
    ) -> Double {
        guard let plate else {
            guard let vehicle, frameArea > 0 else { return 0 }
            return min(1, vehicle.box.area / frameArea) * vehicle.score * (vehicle.cut ? 0.3 : 1)
        }
        if plate.isCut { return 0.9 + 0.1 * min(1, plate.score) }
        let sharpness = plate.sharpness.isFinite ? max(0, plate.sharpness) : 0
        let detail = 0.3 * sharpness / (sharpness + 500)
        guard !plate.text.isEmpty else { return 1 + 0.5 * min(1, plate.score) + detail }
        return 2 + plate.confidence + (plate.read.accepted ? 0.5 : 0) + detail
    }
}

extension VehicleClass {
    /// In `allCases`, which makes a new array each time it is asked.
    fileprivate var place: Int {
        switch self {
        case .car: 0
        case .truck: 1
        case .bus: 2
        case .motorcycle: 3
        case .bicycle: 4
        }
    }
}
