public import Traffic

/// Builds one camera's stream, frame after frame, with numbers and times that fit together.
///
/// ```swift
/// var camera = CameraStream("north-1", framesPerSecond: 10)
/// camera.frame(.car(at: Box(x: 100, y: 200, width: 160, height: 110), plate: "B123CD"))
/// camera.skip(5)
/// camera.end()
/// let records = try camera.records.map { try Record(reads: $0) }
/// ```
public struct CameraStream: Sendable {
    /// A vehicle as one frame shows it, with what was read on its plate.
    public struct Sight: Sendable {
        public var vehicle: Vehicle?
        public var plate: ReadPlate?

        public init(vehicle: Vehicle?, plate: ReadPlate?) {
            self.vehicle = vehicle
            self.plate = plate
        }

        /// A car, found with certainty.
        ///
        /// - Parameters:
        ///   - plate: What is read on it, at `confidence` and accepted; its box is in the lower middle of the car's.
        ///     Nil for a car whose plate is not seen.
        public static func car(
            at box: Box, score: Double = 0.9, plate: String? = nil, confidence: Double = 0.95, crop: Crop? = nil
        ) -> Sight {
            let vehicle = Vehicle(box: box, kind: .car, score: score, crop: crop)
            guard let plate else { return Sight(vehicle: vehicle, plate: nil) }
            let place = Box(
                x: box.x + 0.39 * box.width, y: box.y + 0.62 * box.height, width: 0.22 * box.width,
                height: 0.06 * box.height)
            return Sight(vehicle: vehicle, plate: .read(plate, at: place, confidence: confidence))
        }

        /// A plate whose vehicle was not found.
        public static func plate(_ text: String, at box: Box, confidence: Double = 0.95) -> Sight {
            Sight(vehicle: nil, plate: .read(text, at: box, confidence: confidence))
        }
    }

    public let camera: CameraID
    public let epoch: Epoch
    public let start: EventTime
    public let framesPerSecond: Double
    public let width, height: Int
    /// The next frame's number.
    public private(set) var next = 0
    /// In order.
    public private(set) var records: [StreamRecord<FrameReads>] = []

    /// - Parameter start: Monday, 2 March 2026, half past seven in the morning UTC unless said otherwise.
    public init(
        _ camera: CameraID, epoch: UInt64 = 1, start: EventTime = EventTime(nanoseconds: 1_772_436_600_000_000_000),
        framesPerSecond: Double = 10, width: Int = 1920, height: Int = 1080
    ) {
        self.camera = camera
        self.epoch = Epoch(epoch)
        self.start = start
        self.framesPerSecond = framesPerSecond
        self.width = width
        self.height = height
    }

    /// When a frame is taken.
    public func time(of frame: Int) -> EventTime {
        EventTime(nanoseconds: start.nanoseconds + Int64((Double(frame) * 1e9 / framesPerSecond).rounded()))
    }

    /// Adds an analysed frame that shows these; an empty road without any.
    public mutating func frame(_ sights: Sight...) { frame(sights) }

    public mutating func frame(_ sights: [Sight]) {
        var reads = FrameReads(width: width, height: height, vehicles: [], plates: [])
        for sight in sights {
            var holder: Int?
            if let vehicle = sight.vehicle {
                holder = reads.vehicles.count
                reads.vehicles.append(vehicle)
            }
            if var plate = sight.plate {
                plate.plate.vehicle = holder
                reads.plates.append(plate)
            }
        }
        add(.frame(reads))
        next += 1
    }

    /// Adds this many frames of an empty road.
    public mutating func empty(_ count: Int) { for _ in 0..<count { frame([]) } }

    /// Leaves out this many frames, as sampling or a motion gate does.
    public mutating func skip(_ count: Int) { next += count }

    /// The source was gone before the next frame.
    public mutating func gap(_ reason: String = "the camera was unplugged") { add(.gap(reason: reason)) }

    /// The source ended.
    public mutating func end() { add(.endOfStream) }

    private mutating func add(_ body: StreamRecord<FrameReads>.Body) {
        records.append(
            StreamRecord(id: FrameID(camera: camera, epoch: epoch, frame: next), time: time(of: next), body: body))
    }
}

extension ReadPlate {
    /// A plate that was read with one candidate, accepted from a confidence of 0.8 on.
    public static func read(_ text: String, at box: Box, confidence: Double, sharpness: Double = 300) -> ReadPlate {
        let plate = Plate(box: box, corners: Quadrilateral(box), score: 0.9, vehicle: nil, crop: nil)
        guard let plateText = PlateText(text) else {
            let unread = PlateRead(candidates: [], accepted: false, reason: .noText, region: nil)
            return ReadPlate(plate: plate, read: unread, sharpness: sharpness)
        }
        let accepted = confidence >= 0.8
        let characters = Array(repeating: confidence, count: plateText.text.utf8.count)
        let read = PlateRead(
            candidates: [Candidate(text: plateText, confidence: confidence, characters: characters)],
            accepted: accepted, reason: accepted ? nil : .lowConfidence, region: nil)
        return ReadPlate(plate: plate, read: read, sharpness: sharpness)
    }
}
