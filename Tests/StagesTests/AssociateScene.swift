import GantryTesting
import Stages
import Traffic

/// A made-up road as a detector and a reader would report it: boxes that jitter, miss, double and misread.
struct Scene {
    /// One vehicle: where it is in each frame from its first, and what its plate says.
    struct Visitor {
        var first: Int
        /// A vehicle box a frame; nil while hidden.
        var boxes: [Box?]
        var text: String
        var kind = VehicleClass.car
        /// The detector never finds the vehicle, only its plate.
        var plateOnly = false
        /// Its plate is never found.
        var noPlate = false
        /// The plate as it is found, where a recording says so; otherwise in the lower middle of the vehicle.
        var plates: [Box]?

        func plate(in frame: Int) -> Box? {
            let index = frame - first
            guard boxes.indices.contains(index), let box = boxes[index] else { return nil }
            if let plates { return plates[index] }
            return Box(
                x: box.x + 0.39 * box.width, y: box.y + 0.62 * box.height, width: 0.22 * box.width,
                height: 0.06 * box.height)
        }
    }

    struct Noise {
        var vehicleMiss = 0.1, plateMiss = 0.3, wrongRead = 0.3, double = 0.0, weak = 0.15, jitter = 0.02
        /// Chance a frame of a false vehicle somewhere.
        var clutter = 0.0
    }

    static let camera: CameraID = "north-1"
    static let start = EventTime(nanoseconds: 1_772_436_600_000_000_000)
    static let tenth: Int64 = 100_000_000

    var visitors: [Visitor]
    var noise = Noise()
    var epoch = Epoch(7)

    static func time(_ frame: Int) -> EventTime {
        EventTime(nanoseconds: start.nanoseconds + Int64(frame) * tenth)
    }

    static func record(_ frame: Int, _ content: FrameReads, epoch: Epoch = Epoch(7)) -> StreamRecord<FrameReads> {
        StreamRecord(
            id: FrameID(camera: camera, epoch: epoch, frame: frame), time: time(frame), body: .frame(content))
    }

    static func end(_ frame: Int, epoch: Epoch = Epoch(7)) -> StreamRecord<FrameReads> {
        StreamRecord(id: FrameID(camera: camera, epoch: epoch, frame: frame), time: time(frame), body: .endOfStream)
    }

    /// The whole stream, its end included.
    func records(seed: UInt64) -> [StreamRecord<FrameReads>] {
        var random = SeededGenerator(seed: seed)
        let count = (visitors.map { $0.first + $0.boxes.count }.max() ?? 0) + 15
        var records: [StreamRecord<FrameReads>] = []
        for frame in 0..<count {
            records.append(Scene.record(frame, content(of: frame, random: &random), epoch: epoch))
        }
        return records + [Scene.end(count, epoch: epoch)]
    }

    private func content(of frame: Int, random: inout SeededGenerator) -> FrameReads {
        var reads = FrameReads(width: 1920, height: 1080, vehicles: [], plates: [])
        for visitor in visitors {
            let index = frame - visitor.first
            guard visitor.boxes.indices.contains(index), let box = visitor.boxes[index],
                let plateBox = visitor.plate(in: frame)
            else { continue }
            var holder: Int?
            if !visitor.plateOnly, !random.chance(noise.vehicleMiss) {
                let score = random.chance(noise.weak) ? 0.2 + 0.2 * random.share() : 0.6 + 0.35 * random.share()
                let seen = jittered(box, &random).clamped(width: 1920, height: 1080) ?? box
                holder = reads.vehicles.count
                reads.vehicles.append(
                    Vehicle(
                        box: seen, kind: visitor.kind, score: score,
                        crop: Crop(jpeg: [UInt8(frame & 0xff), UInt8(frame >> 8 & 0xff)], box: seen)))
                if random.chance(noise.double) {
                    reads.vehicles.append(
                        Vehicle(
                            box: jittered(box.padded(x: 0.12, y: 0.1), &random), kind: .truck,
                            score: 0.45 + 0.3 * random.share(), crop: nil))
                }
            }
            if !visitor.noPlate, !random.chance(noise.plateMiss) {
                let seen = jittered(plateBox, &random)
                reads.plates.append(
                    ReadPlate(
                        plate: Plate(
                            box: seen, corners: Quadrilateral(seen), score: 0.5 + 0.5 * random.share(),
                            vehicle: holder, crop: nil),
                        read: read(visitor.text, &random), sharpness: 100 + 400 * random.share()))
            }
        }
        if random.chance(noise.clutter) {
            let box = Box(x: 1800 * random.share(), y: 900 * random.share(), width: 90, height: 70)
            reads.vehicles.append(Vehicle(box: box, kind: .bus, score: 0.3 + 0.4 * random.share(), crop: nil))
        }
        return reads
    }

    private func jittered(_ box: Box, _ random: inout SeededGenerator) -> Box {
        Box(
            x: box.x + random.spread(noise.jitter) * box.width, y: box.y + random.spread(noise.jitter) * box.height,
            width: box.width * (1 + random.spread(noise.jitter)),
            height: box.height * (1 + random.spread(noise.jitter)))
    }

    private func read(_ text: String, _ random: inout SeededGenerator) -> PlateRead {
        guard random.chance(noise.wrongRead) else {
            let confidence = 0.75 + 0.24 * random.share()
            return Scene.read(text, confidence, accepted: confidence > 0.8)
        }
        var characters = Array(text.utf8)
        let place = random.index(characters.count)
        switch random.index(4) {
        case 0: characters.remove(at: place)
        case 1: characters.insert(UInt8(ascii: "1"), at: place)
        default: characters[place] = Array("ABCDEFGHJKLMNPRSTUVWXYZ0123456789".utf8)[random.index(33)]
        }
        let wrong = String(decoding: characters, as: UTF8.self)
        return Scene.read(wrong, 0.3 + 0.5 * random.share(), accepted: random.chance(0.2))
    }

    static func read(
        _ text: String, _ confidence: Double, accepted: Bool = true, region: String? = nil,
        reason: ReadReason = .lowConfidence
    ) -> PlateRead {
        guard let plate = PlateText(text) else {
            return PlateRead(candidates: [], accepted: false, reason: .noText, region: nil)
        }
        let characters = Array(repeating: confidence, count: plate.text.utf8.count)
        return PlateRead(
            candidates: [Candidate(text: plate, confidence: confidence, characters: characters)], accepted: accepted,
            reason: accepted ? nil : reason, region: region)
    }

    /// The whole stream through a fresh stage.
    func passages(seed: UInt64, settings: Associate.Settings = .init()) -> [Passage] {
        var stage = Associate(settings: settings)
        return records(seed: seed).flatMap { stage.process($0) }
    }
}

extension Scene.Visitor {
    /// A vehicle on a straight line from one box to another.
    static func line(
        from: Box, to: Box, frames: Int, first: Int = 0, text: String, stopAt: Int? = nil, stopFor: Int = 0
    ) -> Scene.Visitor {
        var boxes: [Box?] = []
        for frame in 0..<frames {
            let share = Double(frame) / Double(max(1, frames - 1))
            let box = Box(
                x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share,
                width: from.width + (to.width - from.width) * share,
                height: from.height + (to.height - from.height) * share)
            boxes.append(box)
            if frame == stopAt { boxes += Array(repeating: box, count: stopFor) }
        }
        return Scene.Visitor(first: first, boxes: boxes, text: text)
    }

    /// Hidden in these frames, counted from its first.
    func hidden(_ frames: Range<Int>) -> Scene.Visitor {
        var copy = self
        for frame in frames { copy.boxes[frame] = nil }
        return copy
    }
}
