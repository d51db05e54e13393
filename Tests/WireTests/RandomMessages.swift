import GantryTesting
import Topics
import Traffic

/// Messages of all kinds, from a seed.
extension SeededGenerator {
    mutating func maybe<T>(_ value: T) -> T? { Bool.random(using: &self) ? value : nil }
    mutating func count(_ most: Int) -> Int { Int.random(in: 0...most, using: &self) }
    mutating func bytes() -> [UInt8] { (0..<(1 + count(40))).map { _ in UInt8.random(in: 0...255, using: &self) } }
    mutating func point() -> Point {
        Point(x: .random(in: -1e4...1e4, using: &self), y: .random(in: -1e-3...1e-3, using: &self))
    }
    mutating func box() -> Box { Box(x: point().x, y: point().y, width: share() * 1e3, height: share() / 3) }
    mutating func crop() -> Crop { Crop(jpeg: bytes(), box: box()) }
    mutating func text() -> PlateText {
        PlateText(String((0...count(8)).map { _ in "ABCXYZ0189".randomElement(using: &self)! }))!
    }
    mutating func vehicle() -> Vehicle {
        Vehicle(
            box: box(), kind: VehicleClass.allCases.randomElement(using: &self)!, score: share(), crop: maybe(crop()))
    }
    mutating func plate(vehicles: Int) -> Plate {
        Plate(
            box: box(),
            corners: Quadrilateral(topLeft: point(), topRight: point(), bottomRight: point(), bottomLeft: point()),
            score: share(), vehicle: vehicles > 0 ? maybe(count(vehicles - 1)) : nil, crop: maybe(crop()),
            isDoubtful: Bool.random(using: &self))
    }
    mutating func candidate() -> Candidate {
        let text = text()
        return Candidate(text: text, confidence: share(), characters: text.text.map { _ in share() })
    }
    mutating func read() -> PlateRead {
        let candidates = (0..<count(3)).map { _ in candidate() }
        let accepted = !candidates.isEmpty && Bool.random(using: &self)
        let reason = ReadReason.allCases.randomElement(using: &self)!
        return PlateRead(
            candidates: candidates, accepted: accepted, reason: accepted ? nil : reason, region: maybe("fr"))
    }
    mutating func detections() -> Detections {
        let vehicles = (0..<count(3)).map { _ in vehicle() }
        return Detections(
            width: 1 + count(4000), height: 1 + count(3000), vehicles: vehicles,
            plates: (0..<count(3)).map { _ in plate(vehicles: vehicles.count) }, redactions: count(5))
    }
    mutating func reads() -> FrameReads {
        let found = detections()
        return FrameReads(
            width: found.width, height: found.height, vehicles: found.vehicles,
            plates: found.plates.map { ReadPlate(plate: $0, read: read(), sharpness: share() * 900) })
    }
    mutating func id() -> FrameID {
        FrameID(camera: CameraID("kamera-ü-\(count(9))"), epoch: Epoch(next()), frame: count(.max - 1))
    }
    mutating func stream<Content: Sendable>(_ content: Content) -> StreamRecord<Content> {
        let body: StreamRecord<Content>.Body =
            switch count(9) {
            case 0: .gap(reason: "the cable \(count(99))")
            case 1: .endOfStream
            default: .frame(content)
            }
        return StreamRecord(
            id: id(), time: EventTime(nanoseconds: .random(in: .min ... .max, using: &self)), body: body)
    }
    mutating func coverage() -> Coverage {
        let start = EventTime(nanoseconds: Int64(count(1 << 60)))
        let left = 60_000_000_000 - start.nanoseconds % 60_000_000_000
        return Coverage(
            camera: id().camera, epoch: Epoch(next()), start: start, end: start + .nanoseconds(Int64(count(Int(left)))),
            frames: 1 + count(9999))
    }
    mutating func passage() -> Passage {
        let first = count(1_000_000), seen = Int64(count(1 << 60))
        return Passage(
            id: PassageID((0..<16).map { _ in UInt8.random(in: 0...255, using: &self) }), camera: id().camera,
            epoch: Epoch(next()), firstFrame: first, lastFrame: first + count(500),
            firstSeen: EventTime(nanoseconds: seen), lastSeen: EventTime(nanoseconds: seen + Int64(count(1 << 40))),
            kind: maybe(vehicle().kind), frames: count(500),
            direction: Direction.allCases.randomElement(using: &self)!, course: maybe(share() * 359),
            entered: maybe(Edge.allCases.randomElement(using: &self)!),
            left: maybe(Edge.allCases.randomElement(using: &self)!), stopped: .nanoseconds(count(1 << 50)),
            parked: maybe(.nanoseconds(count(1 << 50))),
            speed: maybe(Passage.Speed(metresPerSecond: share() * 50, metres: share() * 90)),
            best: Passage.Best(frame: first, vehicle: maybe(box()), plate: maybe(box()), crop: maybe(crop())),
            plate: maybe(votedPlate()), notRead: maybe(ReadReason.allCases.randomElement(using: &self)!),
            reads: (0..<count(3)).map { _ in
                Passage.Read(
                    frame: count(500), text: text(), confidence: share(), accepted: Bool.random(using: &self))
            })
    }
    mutating func votedPlate() -> Passage.VotedPlate {
        let text = text()
        return Passage.VotedPlate(
            text: text, confidence: share(), accepted: Bool.random(using: &self), votes: count(9), reads: count(20),
            region: maybe("uk"), agreement: maybe(text.text.map { _ in share() }) ?? [])
    }
    mutating func record() -> Record {
        Record(
            key: maybe("camera-\(count(9))"), value: maybe(bytes()) ?? [],
            headers: [Header("a", bytes()), Header("a", [])],
            timestamp: Int64(count(1 << 60)))
    }
    mutating func rejection() -> Rejection {
        let position = Position(
            partition: Partition(topic: "reads", number: Int32(count(9))), offset: Int64(count(999)))
        return Rejection(
            code: "WIR104", reason: "zeros", stage: "track", position: maybe(position), original: record())
    }
    mutating func snapshot() -> Snapshot {
        let marks = (0..<count(3)).map { _ in
            Snapshot.Mark(epoch: next(), frame: count(99) - 1, gap: count(99) - 1, ended: Bool.random(using: &self))
        }
        return Snapshot(key: id().camera.text, inputOffset: Int64(count(1 << 60)), marks: marks, state: maybe(bytes()))
    }
}
