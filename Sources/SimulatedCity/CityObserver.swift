internal import Stages
internal import Traffic

/// A pass that is to be observed.
struct CityDue: Sendable {
    /// Milliseconds since 1970 by the true clock.
    var at: Int64
    var trip: Int
    var vehicle, site, stay: Int32
    var pass: Int16
    var kind: VehicleClass
}

/// Turns true passes into passages, with the faults of cameras, reader, tracker and network.
struct CityObserver {
    /// Milliseconds from one frame to the next.
    static let frame: Int64 = 100
    /// From this confidence a read is accepted.
    static let accepted = 0.8

    private struct CameraState {
        var epoch: Epoch
        /// Milliseconds since 1970 by the camera's clock, of frame 0.
        var started: Int64
        /// The next outage of the camera, as an index into the city's.
        var outage: Int
        var lastFrame = -1, ordinal = 0, torn = 0
    }

    private let city: SimulatedCity
    private var cameras: [CameraState]

    init(_ city: SimulatedCity) {
        self.city = city
        cameras = city.sites.indices.map { index in
            let started = Self.firstStart(of: index, in: city)
            return CameraState(
                epoch: Self.epoch(city.sites[index], started), started: started,
                outage: city.outages.firstIndex { $0.site == index } ?? city.outages.count)
        }
    }

    /// When a camera's first epoch began: an hour before the city, by the camera's clock.
    static func firstStart(of site: Int, in city: SimulatedCity) -> Int64 {
        city.settings.begin - 3_600_000 - Int64(site) * 977 % 60_000 + Int64(city.sites[site].skew)
    }

    static func epoch(_ site: SimulatedCity.Site, _ started: Int64) -> Epoch {
        Epoch(camera: site.camera.id, started: EventTime(nanoseconds: started * 1_000_000))
    }

    /// - Parameter due: Passes of one camera come in the order of their times.
    mutating func observe(_ due: CityDue, _ told: inout [CitySighting]) {
        let index = Int(due.site)
        let site = city.sites[index], faults = city.settings.faults
        var camera = cameras[index]
        defer { cameras[index] = camera }
        while camera.outage < city.outages.count, city.outages[camera.outage].site == index,
            city.outages[camera.outage].to <= due.at
        {
            // A source that comes back begins a new epoch.
            camera.started = city.outages[camera.outage].to + Int64(site.skew)
            camera.epoch = Self.epoch(site, camera.started)
            camera.lastFrame = -1
            camera.outage += 1
        }
        if camera.outage < city.outages.count {
            let outage = city.outages[camera.outage]
            // Those who are in view when it begins are lost as well.
            if outage.site == index, outage.from <= due.at + Int64(due.stay) { return }
        }
        var random = CityRandom(city.settings.seed, .sighting, due.trip, Int(due.pass))
        if random.chance(faults.miss) { return }

        let first = Int((due.at + Int64(site.skew) - camera.started + Self.frame - 1) / Self.frame)
        let count = max(3, Int(Int64(due.stay) / Self.frame))
        camera.ordinal = first == camera.lastFrame ? camera.ordinal + 1 : 0
        camera.lastFrame = first
        let (plate, fault, reason) = read(due, count, faults, &random)
        var sighting = CitySighting(
            passage: Passage(
                id: PassageID(camera: site.camera.id, epoch: camera.epoch, firstFrame: first, ordinal: camera.ordinal),
                camera: site.camera.id, epoch: camera.epoch, firstFrame: first, lastFrame: first,
                firstSeen: EventTime(nanoseconds: 0), lastSeen: EventTime(nanoseconds: 0), kind: due.kind, frames: 1,
                direction: site.direction, best: best(due.kind, hasPlate: reason != .noPlateSeen, &random),
                plate: plate, notRead: reason),
            delivered: 0, trip: due.trip, pass: Int(due.pass), fault: fault, copy: .first)
        var (isTorn, isRepeated) = (false, false)
        if random.chance(faults.duplicate) {
            isTorn = random.chance(0.75) && count >= 8
            isRepeated = !isTorn
        }
        let shown = isTorn ? count / 2 : count
        place(&sighting, camera, first: first, count: shown, due, faults, &random)
        told.append(sighting)
        if isRepeated {
            sighting.copy = .repeated
            sighting.delivered += 5000 + Int64(random.index(55_000))
            told.append(sighting)
        }
        if isTorn {
            sighting.copy = .torn
            // Unlike any ordinal of those that begin in the same frame.
            sighting.passage.id = PassageID(
                camera: site.camera.id, epoch: camera.epoch, firstFrame: first + shown + 2,
                ordinal: 1000 + camera.torn)
            camera.torn += 1
            place(&sighting, camera, first: first + shown + 2, count: count - shown - 2, due, faults, &random)
            told.append(sighting)
        }
    }

    /// Sets frames, times and delivery.
    private func place(
        _ sighting: inout CitySighting, _ camera: CameraState, first: Int, count: Int, _ due: CityDue,
        _ faults: CityFaults, _ random: inout CityRandom
    ) {
        func time(_ frame: Int) -> EventTime {
            EventTime(nanoseconds: (camera.started + Int64(frame) * Self.frame) * 1_000_000)
        }
        let last = first + count - 1
        (sighting.passage.firstFrame, sighting.passage.lastFrame) = (first, last)
        (sighting.passage.firstSeen, sighting.passage.lastSeen) = (time(first), time(last))
        let frames = max(2, count - random.index(1 + count / 8))
        sighting.passage.frames = frames
        if let plate = sighting.passage.plate {
            sighting.passage.plate?.reads = min(plate.reads, frames)
            sighting.passage.plate?.votes = min(plate.votes, frames)
        }
        sighting.passage.best.frame = first + random.index(count)
        // The tracker waits a second for more frames, and the way takes as long again or so.
        let usual = 1000 + 200 + random.index(2800)
        let late = random.chance(faults.late) ? 30_000 + Int(7_170_000 * random.unit() * random.unit()) : 0
        sighting.delivered =
            camera.started - Int64(city.sites[Int(due.site)].skew) + Int64(last) * Self.frame + Int64(usual + late)
    }

    private func read(
        _ due: CityDue, _ count: Int, _ faults: CityFaults, _ random: inout CityRandom
    ) -> (Passage.VotedPlate?, CitySighting.Fault, ReadReason?) {
        if random.chance(faults.unread) {
            let reasons = [ReadReason.noPlateSeen, .noPlateSeen, .tooSmall, .noText]
            return (nil, .unread, reasons[random.index(reasons.count)])
        }
        var text = Array(CityPlate.text(Int(due.vehicle), seed: city.settings.seed).utf8)
        let isMisread = random.chance(faults.misread)
        if isMisread { CityMisread.change(&text, &random) }
        let share = random.unit()
        let eighth = share * share * share * share * share * share * share * share
        let confidence = isMisread ? 0.95 - 0.5 * share : 0.999 - 0.35 * eighth * eighth
        let isAccepted = confidence >= Self.accepted
        let reads = max(1, count - random.index(1 + count / 3))
        let votes = max(1, reads - (isMisread ? random.index(1 + reads / 2) : random.index(1 + reads / 6)))
        return (
            Passage.VotedPlate(
                text: PlateText(String(decoding: text, as: UTF8.self))!,
                confidence: (confidence * 1e4).rounded() / 1e4, accepted: isAccepted, votes: votes, reads: reads,
                region: CityPlate.fits(text) ? CityPlate.region : nil),
            isMisread ? .misread : .none, isAccepted ? nil : .lowConfidence
        )
    }

    /// Boxes in a picture of 1920 by 1080 pixels, in whole ones.
    private func best(_ kind: VehicleClass, hasPlate: Bool, _ random: inout CityRandom) -> Passage.Best {
        let width = Double(90 + random.index(90))
        let x = Double(300 + random.index(1200)), y = Double(650 + random.index(250))
        let plate = Box(x: x, y: y, width: width, height: (width * 0.22).rounded())
        let (across, up): (Double, Double) =
            switch kind {
            case .car: (3.4, 2.4)
            case .truck: (4.6, 5)
            case .bus: (4.8, 5.4)
            case .motorcycle, .bicycle: (2.2, 3.2)
            }
        let body = Box(
            x: (x + width / 2 - width * across / 2).rounded(), y: (y + width * 0.6 - width * up).rounded(),
            width: (width * across).rounded(), height: (width * up).rounded())
        return Passage.Best(
            frame: 0, vehicle: body.clamped(width: 1920, height: 1080), plate: hasPlate ? plate : nil, crop: nil)
    }
}

/// What a reader makes of a plate when it is wrong: one character is another.
enum CityMisread {
    private static let classes: [[UInt8]] = ["0ODQ", "1IL", "8B", "5S", "2Z"].map { Array($0.utf8) }
    private static let all = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)

    /// Seven in ten are look-alikes, where the text has a character that looks like others.
    static func change(_ text: inout [UInt8], _ random: inout CityRandom) {
        let doubtful = text.indices.filter { place in classes.contains { $0.contains(text[place]) } }
        let isAlike = random.chance(0.7) && !doubtful.isEmpty
        let place = isAlike ? doubtful[random.index(doubtful.count)] : random.index(text.count)
        let pool = isAlike ? classes.first { $0.contains(text[place]) }! : all
        let others = pool.filter { $0 != text[place] }
        text[place] = others[random.index(others.count)]
    }
}
