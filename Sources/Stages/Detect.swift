public import Traffic

/// How ``Detect`` cuts and bounds what it finds.
public struct DetectSettings: Hashable, Sendable {
    /// JPEG quality of vehicle crops, 1...100.
    public var vehicleQuality = 85
    /// JPEG quality of plate crops, 1...100: higher, because they are read.
    public var plateQuality = 95
    /// Added on each side of a plate's crop, as a share of its width and height.
    public var plateMargin = 0.25
    /// Added on each side of a face before it is hidden, as a share of its width and height.
    public var faceMargin = 0.25
    /// The same for a plate that is hidden.
    public var hiddenPlateMargin = 0.15
    /// A vehicle whose shorter side has fewer pixels gets no crop: nobody could tell anything from it.
    public var smallestVehicleCrop = 32.0
    /// At most this many of each leave a frame, the best ones; the rest is counted.
    public var mostVehicles = 64, mostPlates = 64

    public init() {}
}

/// Finds the vehicles and plates of a frame, and cuts them out after hiding every face and every other plate.
///
/// One record out for each record in. Faces are looked for in the parts of the frame that are about to leave; if
/// that does not finish, the detections go on without any crop (tally `redaction-failed`). Face boxes end here.
///
/// The crop of a vehicle shows its own plate alone, and the crop of a plate that plate alone: all others that lie in
/// them are hidden (tally `plates-hidden`), also those too faint to be read.
public struct Detect<Finder: ObjectFinding & ~Copyable>: Stage, ~Copyable {
    public typealias Input = StreamRecord<Finder.Image>
    public typealias Output = StreamRecord<Detections>
    public typealias Failure = BadRecord

    private var finder: Finder
    private let settings: DetectSettings
    private var tallies: [Tally: Int] = [:]

    public init(finder: consuming Finder, settings: DetectSettings = DetectSettings()) {
        precondition(settings.plateMargin >= 0 && settings.faceMargin >= 0, "margins widen")
        precondition(settings.hiddenPlateMargin >= 0, "margins widen")
        self.finder = finder
        self.settings = settings
    }

    /// - Throws: `DET201` for a frame that is no image, `DET202` for one that a network could not look at.
    public mutating func process(_ input: Input) throws(BadRecord) -> [Output] {
        switch input.body {
        case .frame(let image):
            [Output(id: input.id, time: input.time, body: .frame(try detections(in: image)))]
        case .gap(let reason): [Output(id: input.id, time: input.time, body: .gap(reason: reason))]
        case .endOfStream: [Output(id: input.id, time: input.time, body: .endOfStream)]
        }
    }

    public mutating func takeTallies() -> [Tally: Int] {
        defer { tallies = [:] }
        return tallies
    }

    private mutating func detections(in image: Finder.Image) throws(BadRecord) -> Detections {
        let frame: Finder.Frame
        do { frame = try finder.open(image) } catch {
            throw BadRecord(code: "DET201", reason: "the frame is no image: \(error)")
        }
        let size = finder.size(of: frame)
        var found: (vehicles: [FoundVehicle], plates: [FoundPlate])
        do {
            found = (try finder.vehicles(in: frame), try finder.plates(in: frame))
        } catch {
            throw BadRecord(code: "DET202", reason: "a network could not look at the frame: \(error)")
        }
        if let bad = (found.vehicles.map(\.box) + found.plates.map(\.box)).first(where: { !$0.isFinite }) {
            throw BadRecord(code: "DET202", reason: "a network found something at \(bad)")
        }
        let everyPlate = found.plates
        found.plates.removeAll(where: \.isFaint)
        shed(&found.vehicles, beyond: settings.mostVehicles, "vehicles-shed")
        shed(&found.plates, beyond: settings.mostPlates, "plates-shed")

        let vehicles = found.vehicles.map(\.box)
        var made = Detections(
            width: size.width, height: size.height,
            vehicles: found.vehicles.map { Vehicle(box: $0.box, kind: $0.kind, score: $0.score, crop: nil) },
            plates: found.plates.map { plate in
                Plate(
                    box: plate.box, corners: plate.corners, score: plate.score,
                    vehicle: carrier(of: plate.box, among: vehicles), crop: nil,
                    isDoubtful: plate.isDoubtful)
            }, redactions: 0)
        cut(&made, from: frame, hiding: everyPlate, own: ownPlates(everyPlate, of: vehicles))
        return made
    }

    private mutating func shed<Found>(_ found: inout [Found], beyond most: Int, _ tally: Tally) {
        guard found.count > most else { return }
        tallies[tally, default: 0] += found.count - most
        found.removeLast(found.count - most)
    }

    /// Fills in the crops, or leaves all of them out.
    ///
    /// - Parameters:
    ///   - all: Every plate found in the frame, shed and faint ones too.
    ///   - own: The plate that each vehicle may show.
    private mutating func cut(
        _ made: inout Detections, from frame: Finder.Frame, hiding all: [FoundPlate], own: [Box?]
    ) {
        let width = Double(made.width), height = Double(made.height)
        let vehicles = made.vehicles.map { vehicle in
            min(vehicle.box.width, vehicle.box.height) < settings.smallestVehicleCrop
                ? nil : vehicle.box.clamped(width: width, height: height)
        }
        let plates = made.plates.map {
            $0.box.padded(x: settings.plateMargin, y: settings.plateMargin).clamped(width: width, height: height)
        }
        // Whole pixels outwards, so that nothing at a crop's edge escapes the pass. Nothing to cut: nothing to hide.
        let parts = (vehicles + plates).compactMap { $0?.outwards(width: width, height: height) }
        guard !parts.isEmpty else { return }
        let pass: FacePass
        do {
            let faces = try finder.faces(in: frame, within: parts)
            guard faces.allSatisfy(\.isFinite) else { throw FacesNowhere() }
            pass = FacePass(
                parts: parts, faces: faces.map { $0.padded(x: settings.faceMargin, y: settings.faceMargin) })
        } catch {
            tallies["redaction-failed", default: 0] += 1
            return
        }
        var hidden: Set<Box> = []
        for (index, part) in vehicles.enumerated() {
            let others = strangers(to: own[index], in: part, among: all)
            made.vehicles[index].crop = crop(part, frame, pass, hiding: others, settings.vehicleQuality)
            hidden.formUnion(others)
        }
        for (index, part) in plates.enumerated() {
            let others = strangers(to: made.plates[index].box, in: part, among: all)
            made.plates[index].crop = crop(part, frame, pass, hiding: others, settings.plateQuality)
            hidden.formUnion(others)
        }
        if !hidden.isEmpty { tallies["plates-hidden", default: 0] += hidden.count }
        let cuts = made.vehicles.compactMap { $0.crop?.box } + made.plates.compactMap { $0.crop?.box }
        made.redactions = pass.faces.count { face in cuts.contains { $0.intersection(face) > 0 } }
    }

    /// What to hide of the plates in a crop that may show one of them, widened.
    private func strangers(to own: Box?, in part: Box?, among all: [FoundPlate]) -> [Box] {
        guard let part else { return [] }
        return all.compactMap { plate in
            // Finds of which one lies half in the other are one plate: hiding the lesser would hide the better.
            if let own, plate.box == own || max(own.cover(of: plate.box), plate.box.cover(of: own)) >= 0.5 {
                return nil
            }
            let wide = plate.box.padded(x: settings.hiddenPlateMargin, y: settings.hiddenPlateMargin)
            // Faint finds are mostly none: one that reaches into a plate that may be shown is a part of its surround.
            if let own, plate.isFaint, wide.intersection(own) > 0 { return nil }
            return wide.intersection(part) > 0 ? wide : nil
        }
    }

    private mutating func crop(
        _ part: Box?, _ frame: Finder.Frame, _ pass: FacePass, hiding plates: [Box], _ quality: Int
    ) -> Crop? {
        guard let part else { return nil }
        do { return try finder.crop(part, of: frame, after: pass, hiding: plates, quality: quality) } catch {
            tallies["crop-failed", default: 0] += 1
            return nil
        }
    }
}

/// The vehicle that carries a plate: of those that hold most of it, the one in which it sits best, which is in the
/// middle and three quarters down. Nil when none holds it.
func carrier(of plate: Box, among vehicles: [Box]) -> Int? {
    var best: (index: Int, distance: Double)?
    for (index, vehicle) in vehicles.enumerated() where vehicle.cover(of: plate) >= 0.7 {
        let distance = seat(of: plate, in: vehicle)
        if best == nil || distance < best!.distance { best = (index, distance) }
    }
    return best?.index
}

/// How far a plate sits from where plates are, as a square of shares of the vehicle's size.
private func seat(of plate: Box, in vehicle: Box) -> Double {
    let across = (plate.center.x - vehicle.center.x) / vehicle.width
    let down = (plate.center.y - vehicle.y) / vehicle.height - 0.75
    return across * across + down * down
}

/// The one plate that each vehicle may show: of those it carries the surest kind, and of these the one that sits best.
///
/// One, because a camera sees one side of a vehicle: a second plate in its box belongs to a vehicle that was not found.
func ownPlates(_ plates: [FoundPlate], of vehicles: [Box]) -> [Box?] {
    func doubt(_ plate: FoundPlate) -> Int { plate.isFaint ? 2 : plate.isDoubtful ? 1 : 0 }
    var own: [(box: Box, rank: (Int, Double))?] = Array(repeating: nil, count: vehicles.count)
    for plate in plates {
        guard let index = carrier(of: plate.box, among: vehicles) else { continue }
        let rank = (doubt(plate), seat(of: plate.box, in: vehicles[index]))
        if let best = own[index], best.rank <= rank { continue }
        own[index] = (plate.box, rank)
    }
    return own.map { $0?.box }
}

/// A face network that answers with boxes that are nowhere has not looked.
private struct FacesNowhere: Error {}

extension Box {
    fileprivate var isFinite: Bool { x.isFinite && y.isFinite && width.isFinite && height.isFinite }

    /// The whole pixels it touches, inside a frame.
    fileprivate func outwards(width: Double, height: Double) -> Box? {
        let left = x.rounded(.down), top = y.rounded(.down)
        return Box(x: left, y: top, width: maxX.rounded(.up) - left, height: maxY.rounded(.up) - top)
            .clamped(width: width, height: height)
    }
}
