public import Traffic

extension Associate {
    /// How detections become passages. The defaults suit a fixed road camera analysed at 5 to 30 frames a second.
    public struct Settings: Hashable, Sendable {
        /// A vehicle unseen for this long, in event time, has left; must be positive.
        public var maximumGap: Duration = .seconds(1)
        /// Frames in which a vehicle without a plate must be seen to count; at least 1.
        public var minimumFrames = 3
        /// Frames in which a vehicle must be seen to count when a plate was seen in at least one of them.
        public var minimumPlateFrames = 2
        /// Of the analysed frames between first and last, the share in which a vehicle that shows no plate must be
        /// seen, 0...1: below it, a box is the detector's flicker.
        public var minimumShare = 0.3
        /// Whether the empty frames that close a track count in that share. Then a vehicle seen for a moment is flicker:
        /// at ten frames a second five frames are needed, at thirty thirteen.
        public var countsClosingGap = true

        /// Score that a vehicle which shows no plate must reach in one frame to count, 0...1.
        public var sureScore = 0.0

        /// Vehicle boxes with at least this score are strong, 0...1.
        public var highScore = 0.45
        /// Boxes below it are ignored; those between the two continue tracks but begin none (unless they carry a plate).
        public var lowScore = 0.1
        /// Plates below this score are ignored, 0...1.
        public var plateScore = 0.2
        /// A plate without a vehicle begins a track only from this score on, 0...1.
        public var plateBirthScore = 0.35

        /// Whether strong and weak boxes are matched together; otherwise weak ones get what strong ones leave. Together,
        /// a vehicle whose score sinks while another passes in front of it is not paired with that other one's box.
        public var matchesTogether = false
        /// What a box of score 0 costs in matching, beside one of score 1; at least 0.
        public var scoreCost = 0.0
        /// Whether the camera may turn: the jolt that most boxes share is then taken for its own.
        public var followsCamera = false

        /// Least intersection over union between a predicted and a detected box, 0...1. Grows with the time unseen.
        public var minimumOverlap = 0.2
        /// The same for boxes of low score: a weak box must lie where it is expected.
        public var minimumLowOverlap = 0.4
        /// Two vehicle boxes that overlap this much show one vehicle, whatever their classes, 0...1. So do, at
        /// any value, a box and one not much larger around it.
        public var duplicateOverlap = 0.6

        /// A voted text below this confidence is given, but not accepted, 0...1.
        public var acceptConfidence = 0.75
        /// Reads that must give the text for it to be accepted.
        public var minimumVotes = 2
        /// Share of the track's reads that must give the text for it to be accepted, 0...1: a few sure reads among many
        /// that say otherwise are mostly a plate cut off at one end, or one with a sticker taken for a character. On real
        /// clips all that were right had 0.65 or more, those two sorts 0.21 or less.
        public var minimumAgreement = 0.25
        /// With fewer votes it is accepted only when the reader accepted one with at least this confidence, 0...1.
        public var singleReadConfidence = 0.9

        /// A vehicle that stood still for this long is parked: its passage is given then, and nothing more until it moves
        /// off. Longer than any red light: signals go through all their phases in 120 seconds at most. Nil for never, so
        /// that a track ends only where its vehicle was last seen.
        /// Source: docs/decisions/0004-association.md.
        public var dwell: Duration? = .seconds(120)
        /// What is known about cameras' views, for courses and speeds.
        public var views: [CameraID: CameraView] = [:]

        /// Bounds. What is beyond them is shed and tallied.
        public var maximumCameras = 1024
        public var maximumTracks = 256
        public var maximumDetections = 128
        /// Reads of a track that are kept for the vote per character: the best ones.
        public var maximumReads = 24
        /// Different texts that are counted for a track.
        public var maximumTexts = 24

        public init() {}

        public init(maximumGap: Duration) { self.maximumGap = maximumGap }

        /// What makes the settings unusable, in words; nil when they are fine.
        public var problem: String? {
            let shares = [
                ("minimumShare", minimumShare), ("sureScore", sureScore), ("highScore", highScore),
                ("lowScore", lowScore),
                ("plateScore", plateScore), ("plateBirthScore", plateBirthScore), ("minimumOverlap", minimumOverlap),
                ("minimumLowOverlap", minimumLowOverlap), ("duplicateOverlap", duplicateOverlap),
                ("acceptConfidence", acceptConfidence), ("minimumAgreement", minimumAgreement),
                ("singleReadConfidence", singleReadConfidence),
            ]
            for (name, value) in shares where !(0...1).contains(value) { return "\(name) is \(value), not in 0...1" }
            let counts = [
                ("minimumFrames", minimumFrames), ("minimumPlateFrames", minimumPlateFrames),
                ("minimumVotes", minimumVotes), ("maximumCameras", maximumCameras), ("maximumTracks", maximumTracks),
                ("maximumDetections", maximumDetections), ("maximumReads", maximumReads),
                ("maximumTexts", maximumTexts),
            ]
            for (name, value) in counts where value < 1 { return "\(name) is \(value), not at least 1" }
            if !(scoreCost >= 0) { return "scoreCost is \(scoreCost), not at least 0" }
            if maximumGap <= .zero { return "maximumGap is \(maximumGap), not positive" }
            if let dwell, dwell < .seconds(2) { return "dwell is \(dwell), shorter than any stop" }
            if lowScore > highScore { return "lowScore \(lowScore) is above highScore \(highScore)" }
            return nil
        }
    }
}
