public import Foundation
public import Traffic

/// A passage as one line of JSON, the form that `gantry run --passages` writes and outside scorers parse.
///
/// Boxes are `[x, y, width, height]` in pixels of the full frame; times are RFC 3339 UTC; absent values are `null`.
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
        public var votes: Int
    }

    public var id: String
    public var camera: String
    public var firstSeen, lastSeen: String
    public var kind: String?
    public var frames: Int
    public var best: Best
    public var plate: Plate?

    enum CodingKeys: String, CodingKey {
        case id, camera, firstSeen = "first_seen", lastSeen = "last_seen", kind = "class", frames, best, plate
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
            Plate(text: $0.text.text, confidence: $0.confidence, accepted: $0.accepted, votes: $0.votes)
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
    }

    /// One line without its end, keys in the order of the alphabet.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Hundredths of a pixel are finer than any detector.
    private static func numbers(_ box: Box) -> [Double] {
        [box.x, box.y, box.width, box.height].map { ($0 * 100).rounded() / 100 }
    }
}
