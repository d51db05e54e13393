public import Logging
public import Stages

/// How many frames of a camera are analysed.
public enum PipelineSampling: Hashable, Sendable {
    case all
    /// Frames a second, above 0; a camera slower than that is analysed whole.
    case perSecond(Double)
}

/// Whether frames without motion are skipped.
public enum PipelineMotionGate: Hashable, Sendable {
    case off
    /// A frame passes when at least this part of the picture changed, above 0 and up to 1. While nothing moves one
    /// frame a second still passes, so that an empty road can close a track.
    case share(Double)
}

/// How `decode` takes frames from cameras.
public struct PipelineDecode: Hashable, Sendable {
    /// For cameras that don't say otherwise.
    public var sampling = PipelineSampling.all
    /// For cameras that don't say otherwise.
    public var motionGate = PipelineMotionGate.off
    /// Frames of a live camera that wait for a slow consumer, 2 to 8; the oldest is dropped. Files wait instead.
    public var queue = 4
    /// Threads that decode one camera's stream.
    public var threads = 1
    /// A connection that takes longer has failed.
    public var openTimeout = Duration.seconds(10)
    /// A live source silent for so long is taken for lost.
    public var readTimeout = Duration.seconds(10)
    /// Pause before the first attempt to reconnect; it doubles up to `reconnectLast`.
    public var reconnectFirst = Duration.seconds(1)
    public var reconnectLast = Duration.seconds(30)

    public init() {}
}

/// How `detect` finds vehicles, plates and faces.
public struct PipelineDetect: Hashable, Sendable {
    public enum Backend: String, Hashable, Sendable, CaseIterable {
        /// OpenVINO where it is installed, else OpenCV.
        case auto
        case openvino
        case opencv
    }

    /// Names in the model manifest; nil takes the manifest's first installed model for the task.
    public var vehicles: String?
    public var plates: String?
    public var faces: String?
    public var backend = Backend.auto
    /// Threads of one inference call.
    public var threads = 1
    /// Frames analysed at a time; nil for one per processor.
    public var workers: Int?
    /// Scores of 0 to 1 below which a find is dropped; nil for the model's own.
    public var vehicleScore: Double?
    public var plateScore: Double?
    public var faceScore: Double?
    /// JPEG quality of vehicle crops, 1 to 100.
    public var vehicleQuality = 85
    /// JPEG quality of plate crops, 1 to 100: higher, because they are read.
    public var plateQuality = 95

    public init() {}
}

/// How `read` turns plate crops into text.
public struct PipelineRead: Hashable, Sendable {
    /// The reader's name; `tesseract` is built in.
    public var reader = "tesseract"
    /// The reader's model, a name in the model manifest; nil for the reader's default.
    public var model: String?
    /// Absolute path of the plate grammars; nil for those that come with Gantry.
    public var grammars: String?
    /// Reads of less confidence keep their text but are not accepted, 0 to 1; nil for the model's own threshold.
    public var abstain: Double?
    /// Plates read at a time; nil for one per processor.
    public var workers: Int? = 1

    public init() {}
}

/// How `track` joins reads into passages.
public struct PipelineTrack: Hashable, Sendable {
    /// A vehicle unseen for longer has left, in event time.
    public var maximumGap = Duration.seconds(1)
    /// Frames in which a vehicle without a plate must be seen to count.
    public var minimumFrames = 3
    /// The same for one whose plate was seen at least once.
    public var minimumPlateFrames = 2
    /// Of the frames between first and last, the part in which a vehicle without a plate must be seen, 0 to 1.
    public var minimumShare = 0.3
    /// Overlap (intersection over union, 0 to 1) from which two boxes in successive frames may be one vehicle.
    public var minimumOverlap = 0.2
    /// A voted text of less confidence is given, but not accepted, 0 to 1.
    public var accept = 0.75
    /// Reads that must give a text for it to be accepted.
    public var minimumVotes = 2
    /// With fewer votes it is accepted only when one accepted read has at least this confidence, 0 to 1.
    public var acceptSingle = 0.9
    /// A vehicle that stood still for so long is parked: reported then, and not again before it moves off; nil for never.
    public var dwell: Duration? = .seconds(120)
    /// Open tracks kept per camera; what is beyond them is shed and counted.
    public var maximumTracks = 256

    public init() {}

    /// For the stage; what the file can't set keeps the stage's defaults.
    public var settings: Associate.Settings {
        var settings = Associate.Settings(maximumGap: maximumGap)
        settings.minimumFrames = minimumFrames
        settings.minimumPlateFrames = minimumPlateFrames
        settings.minimumShare = minimumShare
        settings.minimumOverlap = minimumOverlap
        settings.acceptConfidence = accept
        settings.minimumVotes = minimumVotes
        settings.singleReadConfidence = acceptSingle
        settings.dwell = dwell
        settings.maximumTracks = maximumTracks
        return settings
    }
}

extension Pipeline {
    /// For the stage: the settings of `track`, and what is known about each camera's view.
    public var trackSettings: Associate.Settings {
        var settings = track.settings
        for camera in cameras { settings.views[camera.id] = camera.view }
        return settings
    }
}

/// How `sink` writes passages.
public struct PipelineSink: Hashable, Sendable {
    /// Passages in one transaction at most. A sink takes what is there and waits for no more, so that only one that is
    /// behind reaches it.
    public var batch = 5000

    public init() {}
}

/// Where the answers live.
public struct PipelineDatabase: Hashable, Sendable {
    /// A PostgreSQL address; nil for the cluster under `.gantry`.
    public var url: String?
    /// Aggregates over fewer distinct vehicles are withheld; at least 1.
    public var suppressBelow = 10

    public init() {}
}

/// How plates are pseudonymised.
public struct PipelineCustody: Hashable, Sendable {
    /// Absolute path of the key folder; nil for `.gantry/keys`.
    public var keys: String?
    /// `file:PATH` (absolute), `credential:NAME` or `command:COMMAND`; nil for the key folder's own file.
    public var wrappingKey: String?
    /// What the tokens are made for: those of two domains can't be joined.
    public var domain = "traffic"
    /// Days for which one vehicle keeps its token, fixed when the domain is first used; nil for what is there.
    public var tokenEpochDays: Int?
    /// How far into an epoch a journey of the epoch before is followed, 0 to 12 hours.
    public var tokenOverlap = Duration.seconds(4 * 3600)

    public init() {}
}

/// The Kafka cluster between stages; unused by a run in one process.
public struct PipelineKafka: Hashable, Sendable {
    /// `host:port`, at least one.
    public var brokers = ["127.0.0.1:9092"]
    /// Partitions of topics that Gantry creates: the most copies of a stage that can share the work.
    public var partitions = 4
    /// Brokers that keep each record of topics that Gantry creates.
    public var replicas = 1
    /// A copy silent for so long loses its partitions.
    public var sessionTimeout = Duration.seconds(10)
    /// How long brokers may stay silent before a process gives up and ends.
    public var patience = Duration.seconds(60)
    /// How long whole frames stay on `frames`: they are the one place with raw pixels.
    public var frameRetention = Duration.seconds(600)
    /// Largest message in bytes, key and headers included; a frame's picture is at most 4 MB of it.
    public var maximumMessage = 5_000_000
    /// Further librdkafka settings, such as `security.protocol`.
    public var properties: [String: String] = [:]

    public init() {}
}

/// The port for metrics and health, on 127.0.0.1.
public struct PipelineHTTP: Hashable, Sendable {
    /// 0 switches it off.
    public var port = 9100

    public init() {}
}

/// What a process says.
public struct PipelineLog: Hashable, Sendable {
    public var level = Logger.Level.info
    public var format = LogFormat.text

    public init() {}
}
