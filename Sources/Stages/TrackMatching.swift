import Traffic

/// Decides, for one frame, which detection belongs to which track. Source: docs/decisions/0004-association.md.
struct TrackMatching {
    let tracks: [Track]
    let seen: TrackObservations
    let settings: Associate.Settings
    /// Of the vehicles, in their order.
    let boxes: [Box]
    /// The vehicles from left to right; and the greatest width and height of any.
    let order: [Int]
    let widest, tallest: Double
    var guesses: [Track.Prediction]
    /// By track: its last box where it should be now; nil for one whose vehicle was never seen.
    var carried: [Box?]
    /// By track: the share of the gap limit that it has been unseen.
    let stale: [Double]
    /// By track: its leading text, and whether that is well supported. Empty where the frame shows no plate.
    private let texts: [[UInt8]]
    private let sure: [Bool]
    var match: TrackMatch

    /// The tracks are let go on return, so that they can be changed in place.
    static func match(
        _ tracks: [Track], with seen: TrackObservations, at time: EventTime, settings: Associate.Settings
    ) -> TrackMatch {
        var matching = TrackMatching(tracks, with: seen, at: time, settings: settings)
        return matching.run()
    }

    private init(
        _ tracks: [Track], with seen: TrackObservations, at time: EventTime, settings: Associate.Settings
    ) {
        self.tracks = tracks
        self.seen = seen
        self.settings = settings
        let boxes = seen.vehicles.map(\.box)
        self.boxes = boxes
        order = boxes.indices.sorted { boxes[$0].x != boxes[$1].x ? boxes[$0].x < boxes[$1].x : $0 < $1 }
        widest = boxes.reduce(0) { max($0, $1.width) }
        tallest = boxes.reduce(0) { max($0, $1.height) }
        var guesses: [Track.Prediction] = []
        var carried: [Box?] = []
        var stale: [Double] = []
        guesses.reserveCapacity(tracks.count)
        carried.reserveCapacity(tracks.count)
        stale.reserveCapacity(tracks.count)
        let gap = settings.maximumGap.inSeconds
        // A span lends its tracks where an array copies them, and a track is large.
        let lent = tracks.span
        for index in lent.indices {
            guesses.append(lent[index].predicted(at: time))
            carried.append(lent[index].vehicle?.carried(to: time))
            stale.append(Track.staleness(since: lent[index].lastSeen, at: time, maximumGap: gap))
        }
        self.guesses = guesses
        self.carried = carried
        self.stale = stale
        let leading = seen.plates.isEmpty ? [] : tracks.indices.map { tracks[$0].vote.leading }
        texts = leading.map { Array($0?.text.text.utf8 ?? "".utf8) }
        sure = leading.map { ($0?.votes ?? 0) >= 2 || ($0?.confidences.first ?? 0) >= 0.7 }
        match = TrackMatch(tracks: tracks.count, vehicles: seen.vehicles.count, plates: seen.plates.count)
    }

    private mutating func run() -> TrackMatch {
        guard !tracks.isEmpty else { return match }
        if settings.followsCamera { followCamera() }
        if settings.matchesTogether {
            pairVehicles(.all)
        } else {
            // ByteTrack's two passes: strong boxes first, weak ones only where a track expects them.
            pairVehicles(.strong)
            pairVehicles(.weak)
        }
        if !seen.plates.isEmpty { pairPlates(Array(tracks.indices)) }
        // What is left: found again after the prediction went astray, or a vehicle found around a known plate.
        let before = match.vehicle
        pairVehicles(.recovery)
        if !seen.plates.isEmpty { pairPlates(tracks.indices.filter { before[$0] == nil && match.vehicle[$0] != nil }) }
        return match
    }

    private enum Pass {
        case all, strong, weak, recovery
    }

    private func takes(_ pass: Pass, vehicle: Int) -> Bool {
        guard match.trackOfVehicle[vehicle] == nil else { return false }
        switch pass {
        case .all, .recovery: return true
        case .strong: return seen.vehicles[vehicle].score >= settings.highScore
        case .weak: return seen.vehicles[vehicle].score < settings.highScore
        }
    }

    private mutating func pairVehicles(_ pass: Pass) {
        let columns = order.filter { takes(pass, vehicle: $0) }
        guard !columns.isEmpty else { return }
        let boxes = boxes
        let lefts = columns.map { boxes[$0].x }
        let isRecovery = pass == .recovery
        var pairs: [Assignment.Pair] = []
        pairs.reserveCapacity(2 * columns.count)
        for track in tracks.indices where match.vehicle[track] == nil {
            // Most boxes lie elsewhere: a look at the edges spares the rest.
            let bounds = bounds(of: track, pass)
            if bounds == nil, !isRecovery { continue }
            let first = bounds.map { Self.firstIndex(of: lefts, above: $0.left - widest) } ?? 0
            for column in first..<columns.count {
                let vehicle = columns[column]
                if let bounds {
                    if boxes[vehicle].x >= bounds.right { break }
                    if !bounds.meets(boxes[vehicle]) { continue }
                }
                let cost =
                    isRecovery
                    ? recoveryCost(track: track, vehicle: vehicle) : vehicleCost(track: track, vehicle: vehicle)
                if let cost, cost <= 1 { pairs.append(Assignment.Pair(row: track, column: vehicle, cost: cost)) }
            }
        }
        guard !pairs.isEmpty else { return }
        let found = Assignment.solve(rows: tracks.count, columns: boxes.count, limit: 1, pairs: pairs)
        for (track, vehicle) in found.enumerated() {
            if let vehicle { match.pair(track: track, vehicle: vehicle) }
        }
    }

    /// Outside of these a box can't be this track's; nil where it can be anywhere, or, but for recovery, nowhere.
    private func bounds(of track: Int, _ pass: Pass) -> TrackBounds? {
        guard let guess = guesses[track].vehicle else { return nil }
        guard pass == .recovery else { return TrackBounds(guess, carried[track]) }
        guard match.plate[track] == nil, let last = tracks[track].vehicle?.seen else { return nil }
        // Boxes are grown as well in recovery: by no more than the widest would be.
        return TrackBounds(last, guess.grown).padded(by: 0.25 * max(widest, tallest))
    }

    /// Up to the first of sorted values that is above a bound, or a place before it: few are sooner looked at than
    /// searched.
    static func firstIndex(of values: [Double], above bound: Double) -> Int {
        guard values.count > 24 else { return 0 }
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] > bound { high = middle } else { low = middle + 1 }
        }
        return low
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

    private func vehicleCost(track: Int, vehicle: Int) -> Double? {
        guard let guess = guesses[track].vehicle else { return nil }
        let box = boxes[vehicle]
        var overlap = guess.share(with: box)
        if let carried = carried[track] { overlap = max(overlap, carried.share(with: box)) }
        guard overlap > 0 else { return nil }
        let score = seen.vehicles[vehicle].score
        let need =
            score < settings.highScore
            ? settings.minimumLowOverlap : settings.minimumOverlap + 0.25 * stale[track]
        guard overlap >= need else { return nil }
        return resemblance(track: track, vehicle: vehicle, stale: stale[track]).map {
            max(0, 1 - overlap + settings.scoreCost * (1 - score) + $0)
        }
    }

    private func recoveryCost(track: Int, vehicle: Int) -> Double? {
        let box = seen.vehicles[vehicle].box
        if let plate = match.plate[track] {
            // Its plate is known in this frame: only the vehicle around it will do.
            guard let hold = TrackObservations.hold(box, seen.plates[plate].box) else { return nil }
            return min(1, 0.3 * hold)
        }
        guard let last = tracks[track].vehicle else {
            guard let guess = guesses[track].plate, let hold = TrackObservations.hold(box, guess),
                let cue = resemblance(track: track, vehicle: vehicle, stale: stale[track])
            else { return nil }
            return min(1, 0.4 + 0.3 * hold + max(0, cue))
        }
        // A weak box is no reason to believe a track that went astray.
        guard seen.vehicles[vehicle].score >= settings.highScore else { return nil }
        // Where it was last seen (it stopped), or near where it should be (its speed is not known well yet).
        var overlap = last.seen.share(with: box)
        if overlap < 0.4 + 0.25 * stale[track] { overlap = 0 }
        if let guess = guesses[track].vehicle {
            let near = 0.9 * guess.grown.share(with: box.grown)
            if near >= 0.3 + 0.25 * stale[track] { overlap = max(overlap, near) }
        }
        guard overlap > 0 else { return nil }
        return resemblance(track: track, vehicle: vehicle, stale: stale[track]).map { max(0, 1 - overlap + $0) }
    }

    /// What the plate in a vehicle's box says for (below 0) or against a track: at most 0.6; nil for a clear no.
    private func resemblance(track: Int, vehicle: Int, stale: Double) -> Double? {
        guard let index = seen.plateHeld[vehicle] else { return 0 }
        let plate = seen.plates[index]
        // In front of another vehicle a plate lies in both boxes: motion tells them apart better than a guess at whose.
        if plate.isContested { return 0 }
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
        let cue = agreement(track: track, plate: plate) ?? 0
        if cue < 0 && stale[track] > 0 { return nil }
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
