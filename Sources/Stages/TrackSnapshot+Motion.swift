import Traffic

// The part of a snapshot that tells of motion, standing and parking.

extension TrackBytes {
    mutating func parked(_ parked: Parked) {
        optional(parked.vehicle) { $0.box($1) }
        optional(parked.plate) { $0.box($1) }
        signed(parked.lastSeen.nanoseconds)
        optional(parked.emptySince) { $0.signed($1.nanoseconds) }
    }

    mutating func motion(_ motion: TrackMotion) {
        optional(motion.stand) { $0.stand($1) }
        optional(motion.next) { $0.stand($1) }
        signed(Int64(motion.astray))
        signed(motion.stopped)
        optional(motion.hidden) { $0.signed($1.nanoseconds) }
        optional(motion.firstVehicle) { $0.entry($1) }
        optional(motion.firstPlate) { $0.entry($1) }
        number(motion.width)
        number(motion.height)
        list(motion.ground.points) { for value in [$1.seconds, $1.across, $1.along] { $0.number(value) } }
        optional(motion.ground.start) { $0.signed($1.nanoseconds) }
        number(motion.ground.stood)
        number(motion.ground.spacing)
    }

    private mutating func stand(_ stand: TrackMotion.Stand) {
        signed(stand.since.nanoseconds)
        signed(stand.seen.nanoseconds)
        for anchor in [stand.vehicle, stand.plate] {
            optional(anchor) {
                $0.box($1.box)
                $0.signed(Int64($1.count))
            }
        }
    }

    private mutating func entry(_ entry: TrackMotion.Entry) {
        box(entry.box)
        signed(entry.time.nanoseconds)
        optional(entry.later) { $0.box($1) }
        optional(entry.laterTime) { $0.signed($1.nanoseconds) }
    }
}

extension TrackByteReader {
    mutating func parked() throws(SnapshotError) -> Parked {
        let parked = Parked(
            vehicle: try optional { (reader) throws(SnapshotError) in try reader.box() },
            plate: try optional { (reader) throws(SnapshotError) in try reader.box() }, lastSeen: try time(),
            emptySince: try optional { (reader) throws(SnapshotError) in try reader.time() })
        guard parked.vehicle != nil || parked.plate != nil else { throw .corrupt("a parked vehicle is nowhere") }
        return parked
    }

    mutating func trackMotion() throws(SnapshotError) -> TrackMotion {
        var motion = TrackMotion()
        motion.stand = try optional { (reader) throws(SnapshotError) in try reader.stand() }
        motion.next = try optional { (reader) throws(SnapshotError) in try reader.stand() }
        motion.astray = try count()
        motion.stopped = try signed()
        guard motion.stopped >= 0 else { throw .corrupt("a vehicle stood for \(motion.stopped) ns") }
        motion.hidden = try optional { (reader) throws(SnapshotError) in try reader.time() }
        motion.firstVehicle = try optional { (reader) throws(SnapshotError) in try reader.entry() }
        motion.firstPlate = try optional { (reader) throws(SnapshotError) in try reader.entry() }
        motion.width = try number()
        motion.height = try number()
        motion.ground.points = try list { (reader) throws(SnapshotError) in
            TrackGround.Place(
                seconds: try reader.number(), across: try reader.number(), along: try reader.number())
        }
        motion.ground.start = try optional { (reader) throws(SnapshotError) in try reader.time() }
        motion.ground.stood = try number()
        motion.ground.spacing = try number()
        return motion
    }

    private mutating func stand() throws(SnapshotError) -> TrackMotion.Stand {
        var stand = TrackMotion.Stand(vehicle: nil, plate: nil, at: try time())
        stand.seen = try time()
        stand.vehicle = try optional { (reader) throws(SnapshotError) in try reader.anchor() }
        stand.plate = try optional { (reader) throws(SnapshotError) in try reader.anchor() }
        guard stand.seen >= stand.since else { throw .corrupt("a stay ends before it begins") }
        return stand
    }

    private mutating func anchor() throws(SnapshotError) -> TrackMotion.Anchor {
        TrackMotion.Anchor(try box(), count: try count())
    }

    private mutating func entry() throws(SnapshotError) -> TrackMotion.Entry {
        TrackMotion.Entry(
            box: try box(), time: try time(),
            later: try optional { (reader) throws(SnapshotError) in try reader.box() },
            laterTime: try optional { (reader) throws(SnapshotError) in try reader.time() })
    }
}
