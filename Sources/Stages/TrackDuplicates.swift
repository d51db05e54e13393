import Traffic

extension TrackCamera {
    /// Whether a box shows the vehicle of another box: much overlap, or some overlap and the other's plate inside.
    static func showsSame(_ box: Box, as other: Box, plate: Box?, settings: Associate.Settings) -> Bool {
        if TrackObservations.isDuplicate(box, other, settings: settings) { return true }
        guard let plate else { return false }
        return box.cover(of: plate) >= 0.8 && box.overlap(other) >= settings.duplicateOverlap / 2
    }

    /// Notes which tracks of this frame seem to show one vehicle, and joins those that did so long enough.
    mutating func findDuplicates(
        _ seen: TrackObservations, match: TrackMatch, old: Int, settings: Associate.Settings,
        tallies: inout TrackTallies
    ) {
        let present = (0..<old).filter { match.vehicle[$0] != nil || match.plate[$0] != nil }
        guard tracks.count > 1 else { return }
        // Close together in memory: each is held against all others. One without a box may be anywhere.
        let everywhere = Box(x: -1e9, y: -1e9, width: 2e9, height: 2e9)
        let boxes = present.map { match.vehicle[$0].map { seen.vehicles[$0].box } ?? everywhere }
        for (place, index) in present.enumerated() where match.plate[index] == nil || match.vehicle[index] == nil {
            let box = boxes[place]
            let rival = boxes.indices.first {
                box.meets(boxes[$0]) && $0 != place && !outranks(index, present[$0])
                    && seemSame(index, present[$0], seen: seen, match: match, settings: settings)
            }
            guard let rival = rival.map({ present[$0] }) else { continue }
            let key = tracks[rival].key
            if let known = tracks[index].rival, known.key == key {
                tracks[index].rival?.frames += 1
            } else if (tracks[index].rival?.frames ?? 0) <= 1 {
                tracks[index].rival = Track.Rival(key: key, frames: 1)
            } else {
                tracks[index].rival?.frames -= 1
            }
        }
        // By key from here on: joining moves the indices.
        let keys = present.map { tracks[$0].key }
        joinSameText(match: match, old: old, settings: settings, tallies: &tallies)
        joinRivals(keys, settings: settings, tallies: &tallies)
    }

    /// By index: an iterator would copy each track, and a track is large.
    private func place(of key: Track.Key) -> Int? { tracks.indices.first { tracks[$0].key == key } }

    /// Whether the first has more to say than the second, and is kept when both are one.
    private func outranks(_ a: Int, _ b: Int) -> Bool {
        if tracks[a].plateFrames != tracks[b].plateFrames { return tracks[a].plateFrames > tracks[b].plateFrames }
        if tracks[a].frames != tracks[b].frames { return tracks[a].frames > tracks[b].frames }
        return tracks[a].key < tracks[b].key
    }

    /// Whether, in this frame, a track shows the vehicle of another.
    private func seemSame(
        _ index: Int, _ other: Int, seen: TrackObservations, match: TrackMatch, settings: Associate.Settings
    ) -> Bool {
        let plate = match.plate[index].map { seen.plates[$0].box }
        let otherPlate = match.plate[other].map { seen.plates[$0].box }
        guard plate == nil || otherPlate == nil else { return false }
        switch (match.vehicle[index].map { seen.vehicles[$0].box }, match.vehicle[other].map { seen.vehicles[$0].box })
        {
        case (let box?, let otherBox?):
            return plate == nil && Self.showsSame(box, as: otherBox, plate: otherPlate, settings: settings)
        case (nil, let otherBox?):
            // Only a plate, in the box of a vehicle that shows none.
            return plate.map { TrackObservations.hold(otherBox, $0) != nil } ?? false
        case (let box?, nil):
            return otherPlate.map { TrackObservations.hold(box, $0) != nil } ?? false
        case (nil, nil): return false
        }
    }

    /// A track that begins with the text of one that was just lost is that one again.
    private mutating func joinSameText(
        match: TrackMatch, old: Int, settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        let read = (0..<old).filter { match.plate[$0] != nil && tracks[$0].frames <= 5 }.map { tracks[$0].key }
        for key in read {
            guard let index = place(of: key), let text = tracks[index].vote.leading,
                text.votes >= 1, text.text.text.utf8.count >= 4
            else { continue }
            let earlier = tracks.indices.first { other in
                guard other != index, tracks[other].lastSeen < tracks[index].firstSeen,
                    let known = tracks[other].vote.leading
                else { return false }
                return known.text == text.text
                    && (known.confidences.first ?? 0) * (text.confidences.first ?? 0) >= 0.35
            }
            if let earlier { join(index, into: earlier, settings: settings, tallies: &tallies) }
        }
    }

    private mutating func joinRivals(
        _ keys: [Track.Key], settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        for key in keys {
            guard let index = place(of: key), let rival = tracks[index].rival,
                rival.frames >= 3, 2 * rival.frames >= tracks[index].frames,
                let other = place(of: rival.key)
            else { continue }
            join(index, into: other, settings: settings, tallies: &tallies)
        }
    }

    /// Before tracks close: those that were duplicates in most of their frames are joined to what they repeat.
    ///
    /// - Parameter keys: In their order.
    mutating func foldDuplicates(
        among keys: [Track.Key], settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        for key in keys {
            guard let index = place(of: key), let rival = tracks[index].rival,
                2 * rival.frames >= tracks[index].frames
            else { continue }
            if let other = place(of: rival.key) {
                join(index, into: other, settings: settings, tallies: &tallies)
            } else if closed.contains(rival.key) {
                tallies.add("duplicate-track")
                tallies.note(.joined(rival.key, as: rival.key), of: key, camera: camera)
                tracks.remove(at: index)
            }
        }
    }

    private mutating func join(
        _ index: Int, into other: Int, settings: Associate.Settings, tallies: inout TrackTallies
    ) {
        tallies.add("duplicate-track")
        let gone = tracks[index]
        let before = tracks[other].key
        tracks[other].merge(gone, settings: settings, tallies: &tallies)
        let after = tracks[other].key
        tallies.note(.joined(before, as: after), of: gone.key, camera: camera)
        for place in tracks.indices {
            guard let rival = tracks[place].rival, rival.key == gone.key || rival.key == before else { continue }
            tracks[place].rival = tracks[place].key == after ? nil : Track.Rival(key: after, frames: rival.frames)
        }
        tracks.remove(at: index)
        tracks.sort { $0.key < $1.key }
    }
}
