/// Sixteen bytes derived from camera, epoch, first frame and ordinal, so that a repeated passage is recognised.
public struct PassageID: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// - Precondition: Exactly 16 bytes.
    public init(_ bytes: [UInt8]) {
        precondition(bytes.count == 16, "a passage id has 16 bytes")
        self.bytes = bytes
    }

    /// Thirty-two lower-case hexadecimal digits.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Where a vehicle went, as seen in the picture.
public enum Direction: String, Hashable, Sendable, CaseIterable {
    case approaching, receding, leftward, rightward, stationary
}

/// A vehicle's whole stay in one camera's view.
public struct Passage: Hashable, Sendable {
    /// The frame that shows the vehicle best.
    public struct Best: Hashable, Sendable {
        public var frame: Int
        public var vehicle: Box?
        public var plate: Box?
        public var crop: Crop?

        public init(frame: Int, vehicle: Box?, plate: Box?, crop: Crop?) {
            self.frame = frame
            self.vehicle = vehicle
            self.plate = plate
            self.crop = crop
        }
    }

    /// What the frames of the track agreed on.
    public struct VotedPlate: Hashable, Sendable {
        public var text: PlateText
        /// That the whole text is right, 0...1.
        public var confidence: Double
        public var accepted: Bool
        /// Reads whose best candidate is this text, and reads in all.
        public var votes, reads: Int
        public var region: String?

        public init(text: PlateText, confidence: Double, accepted: Bool, votes: Int, reads: Int, region: String?) {
            self.text = text
            self.confidence = confidence
            self.accepted = accepted
            self.votes = votes
            self.reads = reads
            self.region = region
        }
    }

    public var id: PassageID
    public var camera: CameraID
    public var epoch: Epoch
    /// First and last frame in which the vehicle was seen, and their times: no closing gap is added.
    public var firstFrame, lastFrame: Int
    public var firstSeen, lastSeen: EventTime
    /// Nil when only the plate was seen.
    public var kind: VehicleClass?
    /// Analysed frames in which it was seen.
    public var frames: Int
    public var direction: Direction
    public var best: Best
    public var plate: VotedPlate?
    /// Why there is no plate, or one that is not accepted.
    public var notRead: ReadReason?

    public init(
        id: PassageID, camera: CameraID, epoch: Epoch, firstFrame: Int, lastFrame: Int, firstSeen: EventTime,
        lastSeen: EventTime, kind: VehicleClass?, frames: Int, direction: Direction, best: Best, plate: VotedPlate?,
        notRead: ReadReason?
    ) {
        self.id = id
        self.camera = camera
        self.epoch = epoch
        self.firstFrame = firstFrame
        self.lastFrame = lastFrame
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.kind = kind
        self.frames = frames
        self.direction = direction
        self.best = best
        self.plate = plate
        self.notRead = notRead
    }
}
