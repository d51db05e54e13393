public import Traffic

/// Reads every plate of a frame: the reader gives characters, the interpreter makes them plates.
///
/// A plate that can't be read is passed on with its reason; nothing in a frame can stop the next one. Only what the
/// detector itself doubts, and what reads as nothing much, was no plate and ends here.
public struct Read<Reader: PlateReading & ~Copyable>: Stage, ~Copyable {
    private var reader: Reader
    private let interpreter: ReadInterpreter
    private var tallies: [Tally: Int] = [:]
    /// What the detector doubts is a plate when it is read with this confidence, 0...1.
    /// Source: docs/decisions/0005-inference.md.
    private static var convincing: Double { 0.5 }

    public init(reader: consuming Reader, interpreter: ReadInterpreter) {
        self.reader = reader
        self.interpreter = interpreter
    }

    public mutating func process(_ input: StreamRecord<Detections>) -> [StreamRecord<FrameReads>] {
        [input.map { read($0) }]
    }

    /// Plates without an accepted text, by their ``Traffic/ReadReason``; `reader-fault` when the reader itself failed;
    /// `doubtful-plate` for what turned out to be none.
    public mutating func takeTallies() -> [Tally: Int] {
        defer { tallies = [:] }
        return tallies
    }

    private mutating func read(_ detections: Detections) -> FrameReads {
        FrameReads(
            width: detections.width, height: detections.height, vehicles: detections.vehicles,
            plates: detections.plates.compactMap { read($0) })
    }

    private mutating func read(_ plate: Plate) -> ReadPlate? {
        var kept = plate
        // The vehicle's crop shows its plate: one copy of those pixels is enough, on the topic and at rest.
        if plate.vehicle != nil { kept.crop = nil }
        let (read, sharpness) = attempt(plate)
        if plate.isDoubtful, read.text == nil || read.confidence < Self.convincing {
            tallies["doubtful-plate", default: 0] += 1
            return nil
        }
        if let reason = read.reason { tallies[Tally(reason.rawValue), default: 0] += 1 }
        return ReadPlate(plate: kept, read: read, sharpness: sharpness)
    }

    private mutating func attempt(_ plate: Plate) -> (PlateRead, sharpness: Double) {
        guard let crop = plate.crop else { return (.failed(.notRedacted), 0) }
        do throws(PlateRefusal) {
            let raw = try reader.read(jpeg: crop.jpeg, corners: plate.corners.moved(by: crop.box))
            return (interpreter.interpret(raw), raw.sharpness)
        } catch {
            if case .fault = error { tallies["reader-fault", default: 0] += 1 }
            return (PlateRead(refused: error), 0)
        }
    }
}

extension PlateRead {
    /// What stands in for a read that the reader refused. A fault of its own counts as an unreadable crop.
    public init(refused refusal: PlateRefusal) {
        switch refusal {
        case .unreadableCrop, .fault: self = .failed(.unreadableCrop)
        case .tooSmall: self = .failed(.tooSmall)
        }
    }

    static func failed(_ reason: ReadReason) -> PlateRead {
        PlateRead(candidates: [], accepted: false, reason: reason, region: nil)
    }
}

extension Quadrilateral {
    /// The same corners in pixels of a crop.
    public func moved(by box: Box) -> Quadrilateral {
        func moved(_ point: Point) -> Point { Point(x: point.x - box.x, y: point.y - box.y) }
        return Quadrilateral(
            topLeft: moved(topLeft), topRight: moved(topRight), bottomRight: moved(bottomRight),
            bottomLeft: moved(bottomLeft))
    }
}
