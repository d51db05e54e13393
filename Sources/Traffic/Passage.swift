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
        String(unsafeUninitializedCapacity: 32) { text in
            let digits: StaticString = "0123456789abcdef"
            for (index, byte) in bytes.enumerated() {
                text[2 * index] = digits.utf8Start[Int(byte >> 4)]
                text[2 * index + 1] = digits.utf8Start[Int(byte & 15)]
            }
            return 32
        }
    }
}

/// Where a vehicle went, as seen in the picture.
public enum Direction: String, Hashable, Sendable, CaseIterable {
    case approaching, receding, leftward, rightward, stationary
}

/// A side of the picture.
public enum Edge: String, Hashable, Sendable, CaseIterable {
    case left, right, top, bottom
}

/// A vehicle's stay in one camera's view: all of it, or up to the moment when it was taken for parked.
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
        /// For each character of the text, the share of the kept reads that show it at this place, 0...1. Empty in
        /// passages that were written before it was known.
        public var agreement: [Double]

        public init(
            text: PlateText, confidence: Double, accepted: Bool, votes: Int, reads: Int, region: String?,
            agreement: [Double] = []
        ) {
            self.text = text
            self.confidence = confidence
            self.accepted = accepted
            self.votes = votes
            self.reads = reads
            self.region = region
            self.agreement = agreement
        }

        /// Reads whose best candidate is another text.
        public var against: Int { max(0, reads - votes) }
    }

    /// One read that had a vote.
    public struct Read: Hashable, Sendable {
        public var frame: Int
        /// Its best text.
        public var text: PlateText
        /// That the whole text is right, by this frame alone, 0...1.
        public var confidence: Double
        /// By the reader.
        public var accepted: Bool

        public init(frame: Int, text: PlateText, confidence: Double, accepted: Bool) {
            self.frame = frame
            self.text = text
            self.confidence = confidence
            self.accepted = accepted
        }
    }

    /// How fast the vehicle drove, while it did.
    public struct Speed: Hashable, Sendable {
        public var metresPerSecond: Double
        /// Straight from the first to the last of the points that it rests on.
        public var metres: Double

        public init(metresPerSecond: Double, metres: Double) {
            self.metresPerSecond = metresPerSecond
            self.metres = metres
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
    /// Compass degrees of travel, 0 north, 90 east, below 360; nil for a vehicle that stood, and where the camera's
    /// heading is unknown.
    public var course: Double?
    /// The sides of the picture over which it came and went; nil where it appeared or vanished inside.
    public var entered, left: Edge?
    /// For how long it stood still, in all.
    public var stopped: Duration
    /// For how long it had stood when it was taken for parked: this passage ends there, not when it leaves. Else nil.
    public var parked: Duration?
    /// Nil where the camera is not calibrated, or too little was seen.
    public var speed: Speed?
    public var best: Best
    public var plate: VotedPlate?
    /// Why there is no plate, or one that is not accepted; nil only with one that is.
    public var notRead: ReadReason?
    /// The reads that voted, the best ones if there are many, in the order of their frames.
    public var reads: [Read]

    public init(
        id: PassageID, camera: CameraID, epoch: Epoch, firstFrame: Int, lastFrame: Int, firstSeen: EventTime,
        lastSeen: EventTime, kind: VehicleClass?, frames: Int, direction: Direction, course: Double? = nil,
        entered: Edge? = nil, left: Edge? = nil, stopped: Duration = .zero, parked: Duration? = nil,
        speed: Speed? = nil, best: Best, plate: VotedPlate?, notRead: ReadReason?, reads: [Read] = []
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
        self.course = course
        self.entered = entered
        self.left = left
        self.stopped = stopped
        self.parked = parked
        self.speed = speed
        self.best = best
        self.plate = plate
        self.notRead = notRead
        self.reads = reads
    }
}
