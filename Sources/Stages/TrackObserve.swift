import Traffic

/// Who is who in one frame: by track its vehicle and plate, by vehicle and plate its track.
struct TrackMatch {
    var vehicle: [Int?]
    var plate: [Int?]
    var trackOfVehicle: [Int?]
    var trackOfPlate: [Int?]
    /// How the picture moved against what was expected, pixels; nil where it did not.
    var shift: Point?

    init(tracks: Int, vehicles: Int, plates: Int) {
        vehicle = Array(repeating: nil, count: tracks)
        plate = Array(repeating: nil, count: tracks)
        trackOfVehicle = Array(repeating: nil, count: vehicles)
        trackOfPlate = Array(repeating: nil, count: plates)
    }

    mutating func pair(track: Int, vehicle index: Int) {
        vehicle[track] = index
        trackOfVehicle[index] = track
    }

    mutating func pair(track: Int, plate index: Int) {
        plate[track] = index
        trackOfPlate[index] = track
    }
}

extension TrackCamera {
    /// Links one frame's detections to the open tracks and begins new ones.
    mutating func observe(
        _ seen: TrackObservations, frame: Int, time: EventTime, area: Double, settings: Associate.Settings,
        tallies: inout TrackTallies
    ) {
        let seen = absorbParked(seen, at: time)
        for index in tracks.indices {
            tracks[index].history <<= 1
            tracks[index].age += 1
        }
        guard !seen.vehicles.isEmpty || !seen.plates.isEmpty else { return }
        let match = TrackMatching.match(tracks, with: seen, at: time, settings: settings)
        if let shift = match.shift {
            for index in tracks.indices {
                tracks[index].vehicle?.shift(by: shift)
                tracks[index].plate?.shift(by: shift)
            }
        }
        let view = settings.views[camera]
        for index in tracks.indices where match.vehicle[index] != nil || match.plate[index] != nil {
            let vehicle = match.vehicle[index].map { seen.vehicles[$0] }
            let plate = match.plate[index].map { seen.plates[$0] }
            tracks[index].history |= 1
            tracks[index].frames += 1
            note(vehicle, plate, in: index, frame: frame, time: time, area: area, settings: settings, tallies: &tallies)
            tracks[index].move(vehicle, plate, in: seen, at: time, view: view)
        }
        noteHidden(seen, match: match, at: time)
        let old = tracks.count
        begin(seen, match: match, frame: frame, time: time, area: area, settings: settings, tallies: &tallies)
        findDuplicates(seen, match: match, old: old, settings: settings, tallies: &tallies)
    }

    private mutating func note(
        _ vehicle: TrackObservations.Vehicle?, _ plate: TrackObservations.Plate?, in index: Int, frame: Int,
        time: EventTime, area: Double, settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        if let vehicle {
            tracks[index].see(vehicle, at: time, step: step)
            tallies.note(.saw(vehicle: vehicle.source), of: tracks[index].key, camera: camera)
        }
        if let plate {
            tracks[index].see(plate, in: frame, at: time, step: step, settings: settings, tallies: &tallies)
        }
        tracks[index].finish(frame: frame, at: time, vehicle: vehicle, plate: plate, frameArea: area)
    }

    /// Begins a track for each vehicle that is clearly there, and for each plate whose vehicle was not found.
    private mutating func begin(
        _ seen: TrackObservations, match: TrackMatch, frame: Int, time: EventTime, area: Double,
        settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        var ordinal = 0
        var plateTaken = match.trackOfPlate.map { $0 != nil }
        func start(_ vehicle: TrackObservations.Vehicle?, _ plate: TrackObservations.Plate?) {
            tracks.append(Track(key: Track.Key(firstFrame: frame, ordinal: ordinal), at: time))
            ordinal += 1
            note(
                vehicle, plate, in: tracks.count - 1, frame: frame, time: time, area: area, settings: settings,
                tallies: &tallies)
            tracks[tracks.count - 1].move(vehicle, plate, in: seen, at: time, view: settings.views[camera])
        }
        for (index, vehicle) in seen.vehicles.enumerated() where match.trackOfVehicle[index] == nil {
            let held = seen.plateHeld[index].flatMap { plateTaken[$0] ? nil : $0 }
            let supported = held.map { seen.plates[$0].score >= settings.plateBirthScore } ?? false
            guard vehicle.score >= settings.highScore || supported else { continue }
            guard supported || !repeats(index, seen: seen, match: match, settings: settings) else {
                tallies.add("duplicate-box")
                continue
            }
            guard !showsParked(vehicle.box, in: seen, at: time, settings: settings) else {
                tallies.add("duplicate-box")
                continue
            }
            if let held { plateTaken[held] = true }
            start(vehicle, held.map { seen.plates[$0] })
        }
        for (index, plate) in seen.plates.enumerated() where !plateTaken[index] {
            guard plate.score >= settings.plateBirthScore else { continue }
            start(nil, plate)
        }
    }

    /// Whether an unmatched vehicle box shows a vehicle that is already tracked in this frame.
    private func repeats(
        _ index: Int, seen: TrackObservations, match: TrackMatch, settings: Associate.Settings
    ) -> Bool {
        let box = seen.vehicles[index].box
        return match.trackOfVehicle.indices.contains { other in
            guard let track = match.trackOfVehicle[other] else { return false }
            let plate = match.plate[track].map { seen.plates[$0].box }
            return TrackCamera.showsSame(box, as: seen.vehicles[other].box, plate: plate, settings: settings)
        }
            || match.trackOfPlate.indices.contains { plate in
                // A box around the plate of a track whose own vehicle box lies elsewhere or is missing.
                guard let track = match.trackOfPlate[plate], match.vehicle[track] == nil else { return false }
                return TrackObservations.hold(box, seen.plates[plate].box) != nil
            }
    }
}
