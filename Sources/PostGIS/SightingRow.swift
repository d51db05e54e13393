import Traffic

/// One row on its way into `sighting`, its plate already protected.
struct SightingRow {
    /// Its place in the batch.
    var index: Int
    var passage: Passage
    var protection: PassageProtection
    var camera: Int32

    /// By the key of the table.
    func comesBefore(_ other: SightingRow) -> Bool {
        if camera != other.camera { return camera < other.camera }
        if passage.firstSeen != other.passage.firstSeen { return passage.firstSeen < other.passage.firstSeen }
        return passage.id.bytes.lexicographicallyPrecedes(other.passage.id.bytes)
    }

    static let columns =
        "camera_id, seen_at, passage_id, last_seen, vehicle, direction, epoch, first_frame, last_frame, best_frame, "
        + "frames, token, look_alike, token_epoch, sealed_text, confidence, accepted, votes, reads, not_read, "
        + "course, entered, exited, stopped, parked, speed"

    static let bridgeColumns =
        "camera_id, seen_at, passage_id, token, look_alike, token_epoch, previous_token, previous_look_alike"

    /// Appends what ties its tokens to those of the epoch before, in the order of ``bridgeColumns``.
    func encodeBridge(into copy: inout CopyBinary) {
        let plate = protection.plate
        copy.beginRow(fields: 8)
        copy.append(camera)
        copy.append(passage.firstSeen)
        copy.append(passage.id.bytes)
        copy.append(plate?.token)
        copy.append(plate?.lookAlikeToken)
        copy.append(plate?.tokenEpoch)
        copy.append(plate?.previous?.token)
        copy.append(plate?.previous?.lookAlikeToken)
    }

    /// Appends the row in the order of ``columns``, then, for the stage, the sealed crop and the tokens of the epoch before.
    func encode(into copy: inout CopyBinary, forStage: Bool = true) {
        let plate = passage.plate, sealed = protection.plate
        copy.beginRow(fields: forStage ? 29 : 26)
        copy.append(camera)
        copy.append(passage.firstSeen)
        copy.append(passage.id.bytes)
        copy.append(passage.lastSeen)
        copy.append(passage.kind?.rawValue)
        copy.append(passage.direction.rawValue)
        copy.append(Int64(bitPattern: passage.epoch.value))
        copy.append(Int64(passage.firstFrame))
        copy.append(Int64(passage.lastFrame))
        copy.append(Int64(passage.best.frame))
        copy.append(Int32(clamping: passage.frames))
        copy.append(sealed?.token)
        copy.append(sealed?.lookAlikeToken)
        copy.append(sealed?.tokenEpoch)
        copy.append(sealed?.sealedText)
        copy.append(plate.map { Float($0.confidence) })
        copy.append(plate?.accepted ?? false)
        copy.append(plate.map { Int32(clamping: $0.votes) })
        copy.append(plate.map { Int32(clamping: $0.reads) })
        copy.append(passage.notRead?.rawValue)
        // A course just below 360 must not be rounded up to it.
        copy.append(passage.course.map { Float($0) }.map { $0 < 360 ? $0 : 0 })
        copy.append(passage.entered?.rawValue)
        copy.append(passage.left?.rawValue)
        copy.append(Float(passage.stopped.inSeconds))
        copy.append(passage.parked.map { Float($0.inSeconds) })
        copy.append(passage.speed.map { Float($0.metresPerSecond) })
        guard forStage else { return }
        copy.append(protection.sealedCrop)
        copy.append(sealed?.previous?.token)
        copy.append(sealed?.previous?.lookAlikeToken)
    }
}

/// What the sink checks of a passage before the database sees it.
struct PassageCheck {
    /// The first frame's time must lie in it: a camera's clock can be decades off.
    var times: ClosedRange<EventTime>
    /// Bytes of JPEG.
    var largestCrop: Int

    /// Nil when the stretch is sound.
    func problem(_ coverage: Coverage) -> (code: String, reason: String)? {
        if !times.contains(coverage.start) || !times.contains(coverage.end) {
            return (
                "SNK301",
                "watched from \(coverage.start.rfc3339) to \(coverage.end.rfc3339), outside \(times.lowerBound.rfc3339) to \(times.upperBound.rfc3339): check the camera's clock"
            )
        }
        return coverage.isInOneMinute && coverage.frames >= 1
            ? nil : ("SNK303", "a stretch of coverage over more than its minute, or of no frame")
    }

    /// Nil when the passage is sound.
    func problem(_ passage: Passage) -> (code: String, reason: String)? {
        if !times.contains(passage.firstSeen) || !times.contains(passage.lastSeen) {
            return (
                "SNK301",
                "seen from \(passage.firstSeen.rfc3339) to \(passage.lastSeen.rfc3339), outside \(times.lowerBound.rfc3339) to \(times.upperBound.rfc3339): check the camera's clock"
            )
        }
        if passage.lastSeen < passage.firstSeen || passage.frames < 1 || passage.lastFrame < passage.firstFrame {
            return ("SNK303", "it ends before it begins, or shows the vehicle in no frame")
        }
        if let plate = passage.plate,
            !(0...1).contains(plate.confidence) || plate.votes < 0 || plate.reads < plate.votes
        {
            return ("SNK303", "confidence \(plate.confidence), \(plate.votes) votes of \(plate.reads) reads")
        }
        if let crop = passage.best.crop, crop.jpeg.count > largestCrop {
            return ("SNK305", "its crop has \(crop.jpeg.count) bytes; at most \(largestCrop) are stored")
        }
        return nil
    }
}
