import Traffic

/// Decides, for one frame, which detection belongs to which track. Source: docs/decisions/0004-association.md.
struct TrackMatching {
    let tracks: [Track]
    let seen: TrackObservations
    let time: EventTime
    let settings: Associate.Settings
    private let guesses: [Track.Prediction]
    /// By track: its leading text, and whether that is well supported.
    private let texts: [[UInt8]]
    private let sure: [Bool]
    private var match: TrackMatch

    init(tracks: [Track], seen: TrackObservations, time: EventTime, settings: Associate.Settings) {
        self.tracks = tracks
        self.seen = seen
        self.time = time
        self.settings = settings
        guesses = tracks.map { $0.predicted(at: time) }
        let leading = tracks.map(\.vote.leading)
        texts = leading.map { Array($0?.text.text.utf8 ?? "".utf8) }
        sure = leading.map { ($0?.votes ?? 0) >= 2 || ($0?.confidences.first ?? 0) >= 0.7 }
        match = TrackMatch(tracks: tracks.count, vehicles: seen.vehicles.count, plates: seen.plates.count)
    }

    mutating func run() -> TrackMatch {
        guard !tracks.isEmpty else { return match }
        // ByteTrack's two passes: strong boxes first, weak ones only where a track expects them.
        pairVehicles(.strong)
        pairVehicles(.weak)
        pairPlates(Array(tracks.indices))
        // What is left: found again after the prediction went astray, or a vehicle found around a known plate.
        let before = match.vehicle
        pairVehicles(.recovery)
        pairPlates(tracks.indices.filter { before[$0] == nil && match.vehicle[$0] != nil })
        return match
    }

    private enum Pass {
        case strong, weak, recovery
    }

    private mutating func pairVehicles(_ pass: Pass) {
        let rows = tracks.indices.filter {
            match.vehicle[$0] == nil && (pass == .recovery || guesses[$0].vehicle != nil)
        }
        let columns = seen.vehicles.indices.filter {
            let strong = seen.vehicles[$0].score >= settings.highScore
            return match.trackOfVehicle[$0] == nil && (pass == .recovery || strong == (pass == .strong))
        }
        let pairs = Assignment.solve(rows: rows.count, columns: columns.count, limit: 1) {
            vehicleCost(pass, track: rows[$0], vehicle: columns[$1])
        }
        for (row, column) in pairs.enumerated() {
            if let column { match.pair(track: rows[row], vehicle: columns[column]) }
        }
    }

    private mutating func pairPlates(_ candidates: [Int]) {
        let rows = candidates.filter { match.plate[$0] == nil }
        let columns = seen.plates.indices.filter { match.trackOfPlate[$0] == nil }
        let pairs = Assignment.solve(rows: rows.count, columns: columns.count, limit: 1) {
            plateCost(track: rows[$0], plate: columns[$1])
        }
        for (row, column) in pairs.enumerated() {
            if let column { match.pair(track: rows[row], plate: columns[column]) }
        }
    }

    // MARK: Costs, about 0...1; nil where a pair is impossible.

    private func vehicleCost(_ pass: Pass, track: Int, vehicle: Int) -> Double? {
        if pass == .recovery { return recoveryCost(track: track, vehicle: vehicle) }
        guard let guess = guesses[track].vehicle else { return nil }
        let overlap = guess.overlap(seen.vehicles[vehicle].box)
        let stale = tracks[track].staleness(at: time, settings: settings)
        let need = pass == .weak ? settings.minimumLowOverlap : settings.minimumOverlap + 0.25 * stale
        guard overlap >= need else { return nil }
        return resemblance(track: track, vehicle: vehicle, stale: stale).map { max(0, 1 - overlap + $0) }
    }

    private func recoveryCost(track: Int, vehicle: Int) -> Double? {
        let box = seen.vehicles[vehicle].box
        if let plate = match.plate[track] {
            // Its plate is known in this frame: only the vehicle around it will do.
            guard let hold = TrackObservations.hold(box, seen.plates[plate].box) else { return nil }
            return min(1, 0.3 * hold)
        }
        let stale = tracks[track].staleness(at: time, settings: settings)
        guard let cue = resemblance(track: track, vehicle: vehicle, stale: stale) else { return nil }
        guard let last = tracks[track].vehicle else {
            guard let guess = guesses[track].plate, let hold = TrackObservations.hold(box, guess) else { return nil }
            return min(1, 0.4 + 0.3 * hold + max(0, cue))
        }
        // A weak box is no reason to believe a track that went astray.
        guard seen.vehicles[vehicle].score >= settings.highScore else { return nil }
        let need = settings.minimumOverlap + 0.25 * stale
        var overlap = last.seen.overlap(box)
        if let guess = guesses[track].vehicle {
            overlap = max(overlap, 0.9 * guess.padded(x: 0.25, y: 0.25).overlap(box.padded(x: 0.25, y: 0.25)))
        }
        return overlap >= need ? max(0, 1 - overlap + cue) : nil
    }

    /// What the plate in a vehicle's box says for (below 0) or against a track: at most 0.6; nil for a clear no.
    private func resemblance(track: Int, vehicle: Int, stale: Double) -> Double? {
        guard let index = seen.plateHeld[vehicle] else { return 0 }
        let plate = seen.plates[index]
        var sum = 0.0
        if let agreement = agreement(track: track, plate: index) {
            if agreement < 0 && stale > 0 { return nil }
            sum -= 0.3 * agreement
        }
        guard let relation = tracks[track].relation else { return sum }
        let difference = relation.difference(Track.Relation(of: plate.box, in: seen.vehicles[vehicle].box))
        if stale > 0.3 && difference > 0.8 { return nil }
        return sum + min(0.3, 0.3 * difference) * (0.3 + 0.7 * stale)
    }

    /// 1 when the texts are the same, -1 when they are clearly different; nil when either says little.
    private func agreement(track: Int, plate: Int) -> Double? {
        guard !texts[track].isEmpty, !seen.plates[plate].text.isEmpty else { return nil }
        let similarity = VoteAlignment.similarity(texts[track], seen.plates[plate].text)
        if similarity == 1 { return 1 }
        if similarity >= 0.7 { return 0.5 }
        return similarity < 0.5 && sure[track] && seen.plates[plate].confidence >= 0.7 ? -1 : nil
    }

    private func plateCost(track: Int, plate: Int) -> Double? {
        let box = seen.plates[plate].box
        let guess = guesses[track]
        let near = guess.plate.flatMap { Self.distance($0, box, slack: guess.slack) }
        let cost: Double
        if let vehicle = match.vehicle[track] {
            let vehicleBox = seen.vehicles[vehicle].box
            if let hold = TrackObservations.hold(vehicleBox, box) {
                let placed = tracks[track].relation.flatMap {
                    Self.distance($0.plate(in: vehicleBox), box, slack: 1.5)
                }
                cost = min(near ?? 1, placed ?? 1, 0.3 + 0.5 * hold)
            } else {
                guard let near, near <= 0.35, seen.plates[plate].holder == nil else { return nil }
                cost = near
            }
        } else if guess.plate != nil {
            guard let near else { return nil }
            cost = near
        } else {
            guard let vehicleBox = guess.vehicle, let hold = TrackObservations.hold(vehicleBox, box) else { return nil }
            cost = 0.4 + 0.5 * hold
        }
        // Inside a vehicle that is someone else's.
        let holder = seen.plates[plate].holder
        let foreign = holder.flatMap { match.trackOfVehicle[$0] }.map { $0 != track } ?? false
        let stale = tracks[track].staleness(at: time, settings: settings)
        let cue = agreement(track: track, plate: plate) ?? 0
        if cue < 0 && stale > 0 { return nil }
        return max(0, cost + (foreign ? 0.35 : 0) - 0.3 * cue)
    }

    /// Between the centres, in plate widths over the slack; nil beyond 1, or when the sizes differ too much.
    private static func distance(_ expected: Box, _ box: Box, slack: Double) -> Double? {
        let ratio = max(box.width / expected.width, expected.width / box.width)
        guard ratio <= 1.8 else { return nil }
        let across = (box.center.x - expected.center.x) / (expected.width * slack)
        let down = (box.center.y - expected.center.y) / (0.7 * expected.width * slack)
        let distance = (across * across + down * down).squareRoot() + 0.4 * (ratio - 1)
        return distance <= 1 ? distance : nil
    }
}
