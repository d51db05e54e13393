/// How many frames of a camera are analysed.
public enum PipelineSampling: Hashable, Sendable {
    case all
    /// Frames a second, above 0; a camera slower than that is analysed whole.
    case perSecond(Double)
}

/// Whether frames without motion are skipped.
public enum PipelineMotionGate: Hashable, Sendable {
    case off
    /// A frame passes when more than this share of its pixels changed, above 0 and up to 1.
    case share(Double)
}

/// How `decode` takes frames from cameras.
public struct PipelineDecode: Hashable, Sendable {
    /// For cameras that don't say otherwise.
    public var sampling = PipelineSampling.all
    /// For cameras that don't say otherwise.
    public var motionGate = PipelineMotionGate.off
    /// Decoded frames that wait per camera. A full queue stops a file and drops a live source's oldest.
    public var queue = 8
    /// A live source silent for so long is taken for lost.
    public var readTimeout = Duration.seconds(5)
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
    /// JPEG quality of crops, 1 to 100.
    public var cropQuality = 90

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
    /// Shorter tracks are counted and dropped.
    public var minimumFrames = 3
    /// Overlap (intersection over union, 0 to 1) from which two boxes in successive frames may be one vehicle.
    public var minimumOverlap = 0.2
    /// Open tracks kept per camera; the longest unseen is closed to make room.
    public var maximumOpen = 256

    public init() {}
}

/// How `sink` writes passages.
public struct PipelineSink: Hashable, Sendable {
    /// Passages in one transaction at most.
    public var batch = 500
    /// A smaller batch is written after so long.
    public var flush = Duration.seconds(1)

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
    /// Tokens of different domains can't be joined.
    public var domain = "traffic"
    /// How long one vehicle keeps its token; epochs begin at multiples of it since 1970 UTC.
    public var tokenEpoch = Duration.seconds(86_400)

    public init() {}
}

/// The Kafka cluster between stages; unused by a run in one process.
public struct PipelineKafka: Hashable, Sendable {
    /// `host:port`, at least one.
    public var brokers = ["127.0.0.1:9092"]
    /// Partitions of topics that Gantry creates: the most copies of a stage that can share the work.
    public var partitions = 4
    /// A copy silent for so long loses its partitions.
    public var sessionTimeout = Duration.seconds(6)
    /// How long whole frames stay on `frames`: they are the one place with raw pixels.
    public var frameRetention = Duration.seconds(600)
    /// Largest message in bytes.
    public var maximumMessage = 4_000_000
    /// Further librdkafka settings, such as `security.protocol`.
    public var properties: [String: String] = [:]

    public init() {}
}

/// The port for metrics and health.
public struct PipelineHTTP: Hashable, Sendable {
    public var address = "127.0.0.1"
    /// 0 switches it off.
    public var port = 9100

    public init() {}
}

/// What a process says.
public struct PipelineLog: Hashable, Sendable {
    public enum Level: String, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }
    public enum Format: String, Hashable, Sendable, CaseIterable {
        case text, json
    }

    public var level = Level.info
    public var format = Format.text

    public init() {}
}
