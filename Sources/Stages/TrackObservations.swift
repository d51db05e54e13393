import Traffic

/// One frame's detections, fit for tracking: sane boxes, one per vehicle, each plate with the vehicle that holds it best.
struct TrackObservations: Sendable {
    struct Vehicle: Sendable {
        var box: Box
        var kind: VehicleClass
        var score: Double
        var crop: Crop?
        /// Index into the frame's vehicles.
        var source: Int
        /// Touches the edge of the frame: part of the vehicle is outside.
        var cut: Bool
    }

    struct Plate: Sendable {
        var box: Box
        var score: Double
        var read: PlateRead
        var sharpness: Double
        var crop: Crop?
        /// The text to compare tracks by, and its confidence; empty when nothing usable was read.
        var text: [UInt8]
        var confidence: Double
        /// Index of the vehicle that holds it.
        var holder: Int?
        /// Another vehicle could hold it about as well: whose it is says nothing about who those vehicles are.
        var isContested = false
        /// Only part of it is seen: it ends where the frame or its vehicle ends. It is followed, but has no vote.
        var isCut = false
    }

    /// Of the frame, pixels.
    let width, height: Double
    var vehicles: [Vehicle] = []
    var plates: [Plate] = []
    /// By vehicle, the plate it holds.
    var plateHeld: [Int?] = []
    /// Parked vehicles that were taken out.
    var parked: [ParkedBox] = []

    init(_ frame: FrameReads, settings: Associate.Settings, tallies: inout TrackTallies) {
        width = Double(frame.width)
        height = Double(frame.height)
        let kept = Self.vehicles(of: frame, settings: settings, tallies: &tallies)
        vehicles = kept.vehicles
        var hints: [Int?] = []
        let candidates = frame.plates.indices.filter {
            guard frame.plates[$0].plate.score >= settings.plateScore else { return false }
            let usable = Self.isSane(frame.plates[$0].plate.box)
            if !usable { tallies.add("bad-box") }
            return usable
        }.sorted { Self.before(frame.plates[$0].plate.score, $0, frame.plates[$1].plate.score, $1) }
        for index in candidates {
            let seen = frame.plates[index]
            // One plate found twice: the better box stays, unless only the other could be read.
            if plates.contains(where: { $0.box.overlap(seen.plate.box) >= 0.4 }) {
                tallies.add("duplicate-box")
                continue
            }
            guard plates.count < settings.maximumDetections else {
                tallies.add("shed-detection")
                continue
            }
            let votes = Vote.votes(seen.read)
            plates.append(
                Plate(
                    box: seen.plate.box, score: seen.plate.score, read: seen.read, sharpness: seen.sharpness,
                    crop: seen.plate.crop, text: votes ? Array(seen.read.text?.text.utf8 ?? "".utf8) : [],
                    confidence: votes && seen.read.confidence.isFinite ? seen.read.confidence : 0, holder: nil))
            hints.append(seen.plate.vehicle.flatMap { kept.places.indices.contains($0) ? kept.places[$0] : nil })
        }
        plateHeld = Array(repeating: nil, count: vehicles.count)
        let holders = Assignment.solve(rows: plates.count, columns: vehicles.count, limit: 1.5) { plate, vehicle in
            Self.hold(vehicles[vehicle].box, plates[plate].box).map { $0 - (hints[plate] == vehicle ? 0.15 : 0) }
        }
        for (plate, holder) in holders.enumerated() {
            plates[plate].holder = holder
            let box = plates[plate].box
            if let holder {
                plateHeld[holder] = plate
                let cost = Self.hold(vehicles[holder].box, box) ?? 0
                plates[plate].isContested = vehicles.indices.contains {
                    $0 != holder && (Self.hold(vehicles[$0].box, box) ?? .infinity) < cost + 0.25
                }
            }
            guard
                Self.touchesEdge(box, of: frame)
                    || holder.map({ Self.isCut(box, by: vehicles[$0].box) }) ?? false
            else { continue }
            plates[plate].isCut = true
            if plates[plate].read.text != nil { tallies.add("plate-cut-off") }
            plates[plate].read.accepted = false
            plates[plate].read.reason = .cutOff
        }
    }

    private static func touchesEdge(_ box: Box, of frame: FrameReads) -> Bool {
        let margin = 0.004
        return box.x <= margin * Double(frame.width) || box.y <= margin * Double(frame.height)
            || box.maxX >= (1 - margin) * Double(frame.width) || box.maxY >= (1 - margin) * Double(frame.height)
    }

    /// Whether a plate ends where what is seen of its vehicle ends: something hides the rest of both.
    ///
    /// A whole plate lies well inside: on clips of real photographs none came nearer to the side of its vehicle than an
    /// eighth of the width, and a half-hidden one that read as a text of its own lay within a twentieth.
    static func isCut(_ plate: Box, by vehicle: Box) -> Bool {
        min(plate.x - vehicle.x, vehicle.maxX - plate.maxX) < 0.05 * vehicle.width
    }

    /// The vehicles kept, and for each index of the frame's the one that stands for it.
    private static func vehicles(
        of frame: FrameReads, settings: Associate.Settings, tallies: inout TrackTallies
    ) -> (vehicles: [Vehicle], places: [Int?]) {
        var vehicles: [Vehicle] = []
        var places = [Int?](repeating: nil, count: frame.vehicles.count)
        // Of the vehicles kept, close together in memory: each new box is held against all of them.
        var boxes: [Box] = []
        let scores = frame.vehicles.indices.map { frame.vehicles[$0].score }
        let order = scores.indices.filter { scores[$0] >= settings.lowScore }.sorted {
            before(scores[$0], $0, scores[$1], $1)
        }
        vehicles.reserveCapacity(order.count)
        boxes.reserveCapacity(order.count)
        for index in order {
            let seen = frame.vehicles[index]
            guard isSane(seen.box) else {
                tallies.add("bad-box")
                continue
            }
            let box = seen.box
            if let same = boxes.firstIndex(where: { $0.meets(box) && isDuplicate($0, box, settings: settings) }) {
                places[index] = same
                tallies.add("duplicate-box")
                continue
            }
            guard vehicles.count < settings.maximumDetections else {
                tallies.add("shed-detection")
                continue
            }
            let cut = touchesEdge(seen.box, of: frame)
            places[index] = vehicles.count
            boxes.append(seen.box)
            vehicles.append(
                Vehicle(
                    box: seen.box, kind: seen.kind, score: min(1, seen.score), crop: seen.crop, source: index, cut: cut
                ))
        }
        return (vehicles, places)
    }

    private static func before(_ a: Double, _ indexA: Int, _ b: Double, _ indexB: Int) -> Bool {
        a != b ? a > b : indexA < indexB
    }

    private static func isSane(_ box: Box) -> Bool {
        // Not a number fails every comparison.
        let limit = 1e6
        return abs(box.x) < limit && abs(box.y) < limit && box.width >= 1 && box.width < limit && box.height >= 1
            && box.height < limit
    }

    /// Whether two boxes show one vehicle: they share most of their area, or one lies in another not much larger.
    static func isDuplicate(_ a: Box, _ b: Box, settings: Associate.Settings) -> Bool {
        guard a.meets(b) else { return false }
        let shared = a.intersection(b)
        if shared / (a.area + b.area - shared) >= settings.duplicateOverlap { return true }
        let smaller = min(a.area, b.area)
        return shared >= 0.9 * smaller && smaller >= 0.45 * max(a.area, b.area)
    }

    /// What it costs to take a plate for a vehicle's, about 0...1.2; nil when the vehicle does not hold it.
    ///
    /// Low for a plate near the middle line, not in the top third, of a width that suits the vehicle.
    static func hold(_ vehicle: Box, _ plate: Box) -> Double? {
        let ratio = plate.width / vehicle.width
        guard ratio > 0.02, ratio < 0.8, vehicle.padded(x: 0.03, y: 0.05).cover(of: plate) >= 0.6 else { return nil }
        let across = abs(plate.center.x - vehicle.center.x) / vehicle.width
        let high = (plate.center.y - vehicle.y) / vehicle.height < 0.3
        return across + 0.3 * (1 - min(1, ratio / 0.2)) + (high ? 0.3 : 0)
    }
}
