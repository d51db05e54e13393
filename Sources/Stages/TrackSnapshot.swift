import Traffic

/// A camera's state as bytes: `GAS`, a version, the body, and a checksum over all of it (FNV-1a, 64 bits).
///
/// Version 3: little-endian base-128 integers (signed ones zigzagged), numbers as their 8 bytes, texts and lists after
/// their counts, optionals after a 0 or 1. Reading never traps: every count is checked against the bytes that are left,
/// and every value against its range. Version 2, which is still read, did not know coverage; version 1 neither
/// motion nor parked vehicles.
extension TrackCamera {
    static let snapshotVersion = 3

    func snapshot() -> [UInt8] {
        var bytes = TrackBytes()
        bytes.raw(Array("GAS".utf8) + [UInt8(Self.snapshotVersion)])
        bytes.text(camera.text)
        bytes.optional(epoch) { $0.unsigned($1.value) }
        bytes.list(retired) { $0.unsigned($1.value) }
        bytes.optional(lastFrame) { $0.signed(Int64($1)) }
        bytes.optional(lastTime) { $0.signed($1.nanoseconds) }
        bytes.number(step)
        bytes.list(closed) { $0.key($1) }
        bytes.list(tracks) { $0.track($1) }
        bytes.list(parked) { $0.parked($1) }
        bytes.coverage(coverage)
        bytes.raw(TrackBytes.checksum(bytes.bytes[...]))
        return bytes.bytes
    }

    init(camera: CameraID, snapshot: [UInt8]) throws(SnapshotError) {
        guard snapshot.count >= 12, snapshot.starts(with: "GAS".utf8) else {
            throw .corrupt("it does not begin as one")
        }
        guard (2...Self.snapshotVersion).contains(Int(snapshot[3])) else { throw .unknownVersion(Int(snapshot[3])) }
        let end = snapshot.count - 8
        guard TrackBytes.checksum(snapshot[..<end]).elementsEqual(snapshot[end...]) else {
            throw .corrupt("its checksum differs")
        }
        var reader = TrackByteReader(snapshot[4..<end])
        let name = try reader.text()
        guard name == camera.text else { throw .corrupt("it is of camera \(name)") }
        self.init(camera: camera)
        epoch = try reader.optional { (reader) throws(SnapshotError) in Epoch(try reader.unsigned()) }
        retired = try reader.list { (reader) throws(SnapshotError) in Epoch(try reader.unsigned()) }
        lastFrame = try reader.optional { (reader) throws(SnapshotError) in try reader.integer() }
        lastTime = try reader.optional { (reader) throws(SnapshotError) in try reader.time() }
        step = try reader.number()
        closed = try reader.list { (reader) throws(SnapshotError) in try reader.key() }
        tracks = try reader.list { (reader) throws(SnapshotError) in try reader.track() }
        parked = try reader.list { (reader) throws(SnapshotError) in try reader.parked() }
        if snapshot[3] > 2 { coverage = try reader.coverage() }
        guard zip(tracks, tracks.dropFirst()).allSatisfy({ $0.key < $1.key }) else {
            throw .corrupt("its tracks are out of order")
        }
        guard epoch != nil || tracks.isEmpty else { throw .corrupt("it has tracks without an epoch") }
        try reader.end()
    }
}

extension TrackBytes {
    mutating func coverage(_ coverage: TrackCoverage) {
        optional(coverage.open) {
            $0.signed($1.start.nanoseconds)
            $0.signed($1.last.nanoseconds)
            $0.signed(Int64($1.frames))
        }
    }

    mutating func key(_ key: Track.Key) {
        signed(Int64(key.firstFrame))
        signed(Int64(key.ordinal))
    }

    mutating func box(_ box: Box) {
        for value in [box.x, box.y, box.width, box.height] { number(value) }
    }

    mutating func motion(_ motion: KalmanBox) {
        for axis in [motion.x, motion.y, motion.width, motion.height] {
            for value in [axis.value, axis.speed, axis.valueVariance, axis.covariance, axis.speedVariance] {
                number(value)
            }
        }
        box(motion.seen)
        signed(motion.time.nanoseconds)
    }

    mutating func track(_ track: Track) {
        key(track.key)
        signed(track.firstSeen.nanoseconds)
        signed(track.lastSeen.nanoseconds)
        for count in [track.lastFrame, track.frames, track.plateFrames, track.age] { signed(Int64(count)) }
        number(track.topScore)
        unsigned(track.history)
        optional(track.vehicle) { $0.motion($1) }
        optional(track.plate) { $0.motion($1) }
        optional(track.relation) { for value in [$1.x, $1.y, $1.width, $1.height] { $0.number(value) } }
        optional(track.firstVehicle) { $0.box($1) }
        optional(track.firstPlate) { $0.box($1) }
        list(track.kinds) { $0.number($1) }
        optional(track.best) {
            $0.number($1.quality)
            $0.signed(Int64($1.frame))
            $0.optional($1.vehicle) { $0.box($1) }
            $0.optional($1.plate) { $0.box($1) }
            $0.optional($1.crop) {
                $0.blob($1.jpeg)
                $0.box($1.box)
            }
        }
        optional(track.rival) {
            $0.key($1.key)
            $0.signed(Int64($1.frames))
        }
        vote(track.vote)
        motion(track.motion)
    }

    mutating func vote(_ vote: Vote) {
        signed(Int64(vote.attempts))
        signed(Int64(vote.usable))
        list(vote.reasons) { $0.signed(Int64($1)) }
        list(vote.texts) {
            $0.text($1.text.text)
            $0.signed(Int64($1.votes))
            $0.signed(Int64($1.accepted))
            $0.number($1.acceptedConfidence)
            $0.list($1.confidences) { $0.number($1) }
            $0.number($1.weight)
            $0.optional($1.region) { $0.text($1) }
        }
        list(vote.shapes) {
            $0.text($1.key.text)
            $0.number($1.sum)
            $0.list($1.confidences) { $0.number($1) }
        }
        list(vote.reads) {
            $0.signed(Int64($1.frame))
            $0.unsigned($1.accepted ? 1 : 0)
            $0.number($1.weight)
            $0.list($1.candidates) {
                $0.text($1.text.text)
                $0.number($1.confidence)
                $0.list($1.characters) { $0.number($1) }
            }
        }
    }
}

extension TrackByteReader {
    mutating func time() throws(SnapshotError) -> EventTime { EventTime(nanoseconds: try signed()) }

    mutating func coverage() throws(SnapshotError) -> TrackCoverage {
        let open = try optional { (reader) throws(SnapshotError) in
            TrackCoverage.Open(start: try reader.time(), last: try reader.time(), frames: try reader.count())
        }
        if let open {
            guard open.start <= open.last, open.start.minute == open.last.minute, open.frames >= 1 else {
                throw .corrupt("a stretch of coverage is none")
            }
        }
        return TrackCoverage(open: open)
    }

    mutating func key() throws(SnapshotError) -> Track.Key {
        Track.Key(firstFrame: try integer(), ordinal: try integer())
    }

    mutating func box() throws(SnapshotError) -> Box {
        let box = Box(x: try number(), y: try number(), width: try number(), height: try number())
        guard box.width > 0, box.height > 0 else { throw .corrupt("a box is empty") }
        return box
    }

    mutating func axis() throws(SnapshotError) -> KalmanAxis {
        KalmanAxis(
            value: try number(), speed: try number(), valueVariance: try number(), covariance: try number(),
            speedVariance: try number())
    }

    mutating func motion() throws(SnapshotError) -> KalmanBox {
        KalmanBox(
            x: try axis(), y: try axis(), width: try axis(), height: try axis(), seen: try box(), time: try time())
    }

    mutating func relation() throws(SnapshotError) -> Track.Relation {
        let relation = Track.Relation(x: try number(), y: try number(), width: try number(), height: try number())
        guard relation.width > 0, relation.height > 0 else { throw .corrupt("a plate has no size") }
        return relation
    }

    mutating func crop() throws(SnapshotError) -> Crop { Crop(jpeg: try blob(), box: try box()) }

    mutating func best() throws(SnapshotError) -> Track.Best {
        Track.Best(
            quality: try number(), frame: try integer(),
            vehicle: try optional { (reader) throws(SnapshotError) in try reader.box() },
            plate: try optional { (reader) throws(SnapshotError) in try reader.box() },
            crop: try optional { (reader) throws(SnapshotError) in try reader.crop() })
    }

    mutating func track() throws(SnapshotError) -> Track {
        var track = Track(key: try key(), at: try time())
        track.lastSeen = try time()
        track.lastFrame = try integer()
        track.frames = try count()
        track.plateFrames = try count()
        track.age = try count()
        track.topScore = try share()
        track.history = try unsigned()
        track.vehicle = try optional { (reader) throws(SnapshotError) in try reader.motion() }
        track.plate = try optional { (reader) throws(SnapshotError) in try reader.motion() }
        track.relation = try optional { (reader) throws(SnapshotError) in try reader.relation() }
        track.firstVehicle = try optional { (reader) throws(SnapshotError) in try reader.box() }
        track.firstPlate = try optional { (reader) throws(SnapshotError) in try reader.box() }
        track.kinds = try list { (reader) throws(SnapshotError) in try reader.number() }
        guard track.kinds.count == VehicleClass.allCases.count else { throw .corrupt("it knows other classes") }
        track.best = try optional { (reader) throws(SnapshotError) in try reader.best() }
        track.rival = try optional { (reader) throws(SnapshotError) in
            Track.Rival(key: try reader.key(), frames: try reader.count())
        }
        track.vote = try vote()
        track.motion = try trackMotion()
        return track
    }

    mutating func plateText() throws(SnapshotError) -> PlateText {
        guard let text = PlateText(try text()) else { throw .corrupt("a plate has no text") }
        return text
    }

    mutating func vote() throws(SnapshotError) -> Vote {
        var vote = Vote()
        vote.attempts = try count()
        vote.usable = try count()
        vote.reasons = try list { (reader) throws(SnapshotError) in try reader.count() }
        guard vote.reasons.count == ReadReason.allCases.count else { throw .corrupt("it knows other reasons") }
        vote.texts = try list { (reader) throws(SnapshotError) in
            Vote.Text(
                text: try reader.plateText(), votes: try reader.count(), accepted: try reader.count(),
                acceptedConfidence: try reader.share(),
                confidences: try reader.list { (reader) throws(SnapshotError) in try reader.share() },
                weight: try reader.number(),
                region: try reader.optional { (reader) throws(SnapshotError) in try reader.text() })
        }
        vote.shapes = try list { (reader) throws(SnapshotError) in
            Vote.Shape(
                key: try reader.plateText(), sum: try reader.number(),
                confidences: try reader.list { (reader) throws(SnapshotError) in try reader.share() })
        }
        vote.reads = try list { (reader) throws(SnapshotError) in
            Vote.Read(
                frame: try reader.integer(), accepted: try reader.unsigned() != 0, weight: try reader.share(),
                candidates: try reader.list { (reader) throws(SnapshotError) in
                    Candidate(
                        text: try reader.plateText(), confidence: try reader.share(),
                        characters: try reader.list { (reader) throws(SnapshotError) in try reader.share() })
                })
        }
        return vote
    }
}
