public import Foundation
public import Traffic

/// A passage as one line of JSON, the form that `gantry run --passages` writes and outside scorers parse.
///
/// Boxes are `[x, y, width, height]` in pixels of the full frame; times are RFC 3339 UTC; `stopped` and `parked` are
/// seconds, `course` compass degrees, `speed` metres a second over `speed_metres`. Absent values are `null`.
public struct PassageLine: Codable, Equatable, Sendable {
    public struct Best: Codable, Equatable, Sendable {
        public var frame: Int
        public var vehicle: [Double]?
        public var plate: [Double]?

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(frame, forKey: .frame)
            try container.encode(vehicle, forKey: .vehicle)
            try container.encode(plate, forKey: .plate)
        }
    }

    public struct Plate: Codable, Equatable, Sendable {
        public var text: String
        public var confidence: Double
        public var accepted: Bool
        /// Reads whose best text is this one, and reads whose best text is another.
        public var votes: Int
        public var against: Int?
        /// By character, the share of the reads that show it there.
        public var agreement: [Double]?
    }

    public struct Read: Codable, Equatable, Sendable {
        public var frame: Int
        public var text: String
        public var confidence: Double
        public var accepted: Bool
    }

    public var id: String
    public var camera: String
    public var firstSeen, lastSeen: String
    public var kind: String?
    public var frames: Int
    public var best: Best
    public var plate: Plate?
    // Absent from the lines of earlier builds, which are still read.
    public var direction: String?
    public var course: Double?
    public var entered, left: String?
    public var stopped, parked: Double?
    public var speed, speedMetres: Double?
    public var notRead: String?
    public var reads: [Read]?

    enum CodingKeys: String, CodingKey {
        case id, camera, firstSeen = "first_seen", lastSeen = "last_seen", kind = "class", frames, best, plate
        case direction, course, entered, left, stopped, parked, speed, speedMetres = "speed_metres"
        case notRead = "not_read", reads
    }

    public init(_ passage: Passage) {
        id = passage.id.description
        camera = passage.camera.text
        firstSeen = passage.firstSeen.rfc3339
        lastSeen = passage.lastSeen.rfc3339
        kind = passage.kind?.rawValue
        frames = passage.frames
        best = Best(
            frame: passage.best.frame, vehicle: passage.best.vehicle.map(Self.numbers),
            plate: passage.best.plate.map(Self.numbers))
        plate = passage.plate.map {
            Plate(
                text: $0.text.text, confidence: $0.confidence, accepted: $0.accepted, votes: $0.votes,
                against: $0.against, agreement: $0.agreement.map { Self.rounded($0, to: 1000) })
        }
        direction = passage.direction.rawValue
        course = passage.course.map { Self.rounded($0, to: 10) }
        entered = passage.entered?.rawValue
        left = passage.left?.rawValue
        stopped = Self.rounded(passage.stopped.inSeconds, to: 1000)
        parked = passage.parked.map { Self.rounded($0.inSeconds, to: 1000) }
        speed = passage.speed.map { Self.rounded($0.metresPerSecond, to: 100) }
        speedMetres = passage.speed.map { Self.rounded($0.metres, to: 100) }
        notRead = passage.notRead?.rawValue
        reads = passage.reads.map {
            Read(frame: $0.frame, text: $0.text.text, confidence: $0.confidence, accepted: $0.accepted)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(camera, forKey: .camera)
        try container.encode(firstSeen, forKey: .firstSeen)
        try container.encode(lastSeen, forKey: .lastSeen)
        try container.encode(kind, forKey: .kind)
        try container.encode(frames, forKey: .frames)
        try container.encode(best, forKey: .best)
        try container.encode(plate, forKey: .plate)
        try container.encode(direction, forKey: .direction)
        try container.encode(course, forKey: .course)
        try container.encode(entered, forKey: .entered)
        try container.encode(left, forKey: .left)
        try container.encode(stopped, forKey: .stopped)
        try container.encode(parked, forKey: .parked)
        try container.encode(speed, forKey: .speed)
        try container.encode(speedMetres, forKey: .speedMetres)
        try container.encode(notRead, forKey: .notRead)
        try container.encode(reads, forKey: .reads)
    }

    /// One line without its end, keys in the order of the alphabet.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Hundredths of a pixel are finer than any detector.
    private static func numbers(_ box: Box) -> [Double] {
        [box.x, box.y, box.width, box.height].map { rounded($0, to: 100) }
    }

    private static func rounded(_ value: Double, to parts: Double) -> Double { (value * parts).rounded() / parts }
}
