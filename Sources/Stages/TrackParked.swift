import Traffic

/// A vehicle that was reported as parked, and may still stand there. Source: docs/decisions/0004-association.md.
struct Parked: Hashable, Sendable {
    /// Kept for a camera; beyond them the one unseen for longest is forgotten. A full street has some thirty.
    static let most = 64
    /// Its place was seen empty for so long: it has left. Longer than a detector misses a standing vehicle at a stretch.
    static let emptyFor: Int64 = 30_000_000_000
    /// Nothing was seen of it for so long, empty or hidden: a lorry that unloads in front of it, but not a day's work.
    static let unseenFor: Int64 = 600_000_000_000
    /// A vehicle's box overlaps its place so much: less, and a vehicle that moves off would be held back for longer.
    static let overlap = 0.5

    /// Where it stands; at least one of both.
    var vehicle, plate: Box?
    var lastSeen: EventTime
    /// Since when its place is seen, and nothing there.
    var emptySince: EventTime?

    /// How well a vehicle's box fits here, 0...1; nil when it is elsewhere.
    func fit(vehicle box: Box) -> Double? {
        if let vehicle {
            let overlap = vehicle.overlap(box)
            return overlap >= Self.overlap ? overlap : nil
        }
        guard let plate, let cost = TrackObservations.hold(box, plate), cost < 0.6 else { return nil }
        return 0.5
    }

    func shows(plate box: Box) -> Bool {
        if let plate { return TrackMotion.Anchor(plate).holds(box, reach: 1, growth: 1.5) }
        return vehicle.map { TrackObservations.hold($0, box) != nil } ?? false
    }

    /// Whether a box is what is left of this vehicle when something hides the rest: inside, and with three sides its own.
    func shows(part box: Box) -> Bool {
        guard let vehicle, vehicle.cover(of: box) >= 0.8 else { return false }
        let across = 0.1 * vehicle.width
        let down = 0.1 * vehicle.height
        let same = [
            abs(box.x - vehicle.x) <= across, abs(box.maxX - vehicle.maxX) <= across,
            abs(box.y - vehicle.y) <= down, abs(box.maxY - vehicle.maxY) <= down,
        ]
        return same.count { $0 } >= 3
    }
}

extension TrackCamera {
    /// Takes the detections of parked vehicles out of a frame, unless an open track expects them.
    ///
    /// Their boxes stay in ``TrackObservations/parked``, so that doubles of them begin no track. Places seen empty, and
    /// those of which nothing was seen for too long, are forgotten.
    mutating func absorbParked(_ seen: TrackObservations, at time: EventTime) -> TrackObservations {
        parked.removeAll { place in
            // After a step back of the clock nothing before it can be compared.
            let unseen = time.nanoseconds(since: place.lastSeen)
            return unseen >= Parked.unseenFor || unseen < 0
                || place.emptySince.map { time.nanoseconds(since: $0) >= Parked.emptyFor } ?? false
        }
        guard !parked.isEmpty else { return seen }
        let guesses =
            seen.vehicles.isEmpty && seen.plates.isEmpty ? [] : tracks.indices.map { tracks[$0].predicted(at: time) }
        var shown = [Bool](repeating: false, count: parked.count)
        var vehicles: [Int: Int] = [:]
        var plates: Set<Int> = []

        let places = Assignment.solve(rows: parked.count, columns: seen.vehicles.count, limit: 1) { place, index in
            let box = seen.vehicles[index].box
            guard let fit = parked[place].fit(vehicle: box) else { return nil }
            return Self.expects(guesses, vehicle: box, more: fit) ? nil : 1 - fit
        }
        for (place, index) in places.enumerated() {
            guard let index else { continue }
            vehicles[index] = place
            shown[place] = true
            parked[place].vehicle = parked[place].vehicle ?? seen.vehicles[index].box
        }
        for (index, plate) in seen.plates.enumerated() {
            let held = plate.holder.flatMap { vehicles[$0] }
            guard let place = held ?? parked.firstIndex(where: { $0.shows(plate: plate.box) }),
                !Self.expects(guesses, plate: plate.box, nearer: parked[place].plate)
            else { continue }
            // In the box of a vehicle that is not parked, it is that one's unless it lies just where ours was.
            guard held != nil || plate.holder == nil || parked[place].plate != nil else { continue }
            plates.insert(index)
            shown[place] = true
            parked[place].plate = parked[place].plate ?? plate.box
        }
        for place in parked.indices {
            if shown[place] {
                parked[place].lastSeen = time
                parked[place].emptySince = nil
            } else if seen.vehicles.contains(where: { parked[place].isHidden(by: $0.box) }) {
                parked[place].emptySince = nil
            } else {
                parked[place].emptySince = parked[place].emptySince ?? time
            }
        }
        var rest = seen.leavingOut(vehicles: Set(vehicles.keys), plates: plates)
        for (place, index) in places.enumerated() {
            guard let index else { continue }
            rest.parked.append(.init(vehicle: seen.vehicles[index].box, plate: parked[place].plate))
        }
        return rest
    }

    /// Notes which standing vehicles are unseen because another is in front of them: such a frame is not held against them.
    mutating func noteHidden(_ seen: TrackObservations, match: TrackMatch, at time: EventTime) {
        let boxes = seen.vehicles.map(\.box) + seen.parked.map(\.vehicle)
        for index in match.vehicle.indices where match.vehicle[index] == nil && match.plate[index] == nil {
            guard let place = tracks[index].motion.place(asOf: tracks[index].lastSeen),
                boxes.contains(where: { $0.cover(of: place) >= 0.5 })
            else { continue }
            tracks[index].motion.hidden = time
            tracks[index].age -= 1
        }
    }

    /// Whether an open track foresees a box better than a parked vehicle's place does.
    private static func expects(_ guesses: [Track.Prediction], vehicle box: Box, more fit: Double) -> Bool {
        guesses.contains { ($0.vehicle?.overlap(box) ?? 0) > fit }
    }

    /// The same of a plate: the one expected nearer to it is its own.
    private static func expects(_ guesses: [Track.Prediction], plate box: Box, nearer known: Box?) -> Bool {
        func distance(_ other: Box) -> Double {
            abs(other.center.x - box.center.x) + abs(other.center.y - box.center.y)
        }
        return guesses.contains { guess in
            if let plate = guess.plate {
                return TrackMotion.Anchor(plate).holds(box, reach: 1, growth: 1.5)
                    && known.map { distance(plate) < distance($0) } ?? true
            }
            return known == nil && guess.vehicle.map { TrackObservations.hold($0, box) != nil } ?? false
        }
    }

    /// Whether a box that no track took shows a parked vehicle: a double of its box, or the part that is not hidden.
    mutating func showsParked(_ box: Box, in seen: TrackObservations, at time: EventTime, settings: Associate.Settings)
        -> Bool
    {
        if seen.parked.contains(where: {
            TrackCamera.showsSame(box, as: $0.vehicle, plate: $0.plate, settings: settings)
        }) {
            return true
        }
        guard let place = parked.firstIndex(where: { $0.lastSeen != time && $0.shows(part: box) }) else { return false }
        parked[place].lastSeen = time
        return true
    }

    /// Makes passages of the vehicles that have stood for the dwell time, in the order of their keys.
    mutating func park(at time: EventTime, settings: Associate.Settings, tallies: inout TrackTallies) -> [Passage] {
        guard let epoch, let dwell = settings.dwell?.inNanoseconds else { return [] }
        let due = tracks.indices.filter { index in
            tracks[index].motion.standing(at: time) >= dwell && tracks[index].verdict(settings: settings) == .passage
        }.map { tracks[$0].key }
        guard !due.isEmpty else { return [] }
        foldDuplicates(among: due, settings: settings, tallies: &tallies)
        var passages: [Passage] = []
        for track in tracks where due.contains(track.key) {
            let place = Parked(
                vehicle: track.motion.stand?.vehicle?.box, plate: track.motion.stand?.plate?.box, lastSeen: time)
            let known = parked.firstIndex { $0.isPlace(of: place) }
            if let known, parked[known].lastSeen > track.firstSeen {
                // Both were seen at a time: this is one more box of a vehicle that was reported.
                tallies.add("duplicate-track")
                continue
            }
            if let known { parked.remove(at: known) }
            parked.append(place)
            closed.append(track.key)
            passages.append(
                track.passage(
                    camera: camera, epoch: epoch, settings: settings, parked: track.motion.standing(at: time)))
        }
        tracks.removeAll { due.contains($0.key) }
        forgetClosed()
        while parked.count > Parked.most {
            let silent = parked.indices.min { parked[$0].lastSeen < parked[$1].lastSeen }!  // there are 65
            parked.remove(at: silent)
            tallies.add("shed-parked")
        }
        return passages
    }
}

extension Parked {
    /// Whether a box covers enough of the place that nothing can be said of what stands there.
    func isHidden(by box: Box) -> Bool {
        (vehicle ?? plate).map { box.cover(of: $0) >= 0.2 } ?? false
    }

    func isPlace(of other: Parked) -> Bool {
        if let vehicle, let theirs = other.vehicle { return vehicle.overlap(theirs) >= 0.6 }
        if let plate, let theirs = other.plate { return TrackMotion.Anchor(plate).holds(theirs, reach: 1, growth: 1.5) }
        let body = vehicle ?? other.vehicle
        let sign = plate ?? other.plate
        guard let body, let sign else { return false }
        return TrackObservations.hold(body, sign) != nil
    }
}

extension TrackObservations {
    /// What is parked, as it was taken out of the frame, and where its plate is.
    struct ParkedBox: Sendable {
        var vehicle: Box
        var plate: Box?
    }

    /// The same frame without some of its detections.
    func leavingOut(vehicles gone: Set<Int>, plates absent: Set<Int>) -> TrackObservations {
        guard !gone.isEmpty || !absent.isEmpty else { return self }
        var rest = self
        var places = [Int?](repeating: nil, count: vehicles.count)
        var plateHeld: [Int?] = []
        rest.vehicles = []
        for (index, vehicle) in vehicles.enumerated() {
            guard !gone.contains(index) else { continue }
            places[index] = rest.vehicles.count
            rest.vehicles.append(vehicle)
            plateHeld.append(self.plateHeld[index])
        }
        var platePlaces = [Int?](repeating: nil, count: plates.count)
        rest.plates = []
        for (index, plate) in plates.enumerated() where !absent.contains(index) {
            platePlaces[index] = rest.plates.count
            var kept = plate
            kept.holder = plate.holder.flatMap { places[$0] }
            rest.plates.append(kept)
        }
        rest.plateHeld = plateHeld.map { $0.flatMap { platePlaces[$0] } }
        return rest
    }
}
