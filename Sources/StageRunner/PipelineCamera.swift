internal import Foundation
public import Stages
public import Traffic

/// Where a camera's pictures come from.
public enum PipelineSource: Hashable, Sendable {
    /// Absolute path of a video file.
    case file(String)
    /// Absolute path of a folder of images, shown in the order of their names.
    case folder(String)
    /// MJPEG over HTTP.
    case http(String)
    case rtsp(String)

    /// Whether pictures are stamped with the wall clock as they come.
    public var isLive: Bool {
        switch self {
        case .file, .folder: false
        case .http, .rtsp: true
        }
    }

    /// The path or address with everything in it.
    public var location: String {
        switch self {
        case .file(let text), .folder(let text), .http(let text), .rtsp(let text): text
        }
    }
}

extension PipelineSource: CustomStringConvertible {
    /// For logs: the password of an address is hidden.
    public var description: String { Self.hidingPassword(location) }

    /// Replaces what stands between `user:` and `@host` in an address.
    static func hidingPassword(_ address: String) -> String {
        guard let scheme = address.range(of: "://") else { return address }
        let rest = address[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return address
        }
        return address[..<colon] + ":***" + address[at...]
    }
}

/// A camera of the pipeline, with everything that decode needs.
public struct PipelineCamera: Hashable, Sendable {
    public var camera: Camera
    /// From when on it stands there, for `gantry cameras import`; nil when the file doesn't say.
    public var validFrom: EventTime?
    public var source: PipelineSource
    /// When the first frame of a file or folder was taken; nil for live sources and where the file doesn't say.
    public var started: EventTime?
    /// Frames a second: needed for a folder, overrides a file's own, nil for live sources.
    public var framesPerSecond: Double?
    /// The camera's own or the pipeline's.
    public var sampling: PipelineSampling
    /// The camera's own or the pipeline's.
    public var motionGate: PipelineMotionGate
    /// Nil where speeds are not wanted.
    public var calibration: RoadCalibration?

    public init(
        camera: Camera, validFrom: EventTime? = nil, source: PipelineSource, started: EventTime? = nil,
        framesPerSecond: Double? = nil,
        sampling: PipelineSampling = .all, motionGate: PipelineMotionGate = .off,
        calibration: RoadCalibration? = nil
    ) {
        self.camera = camera
        self.validFrom = validFrom
        self.source = source
        self.started = started
        self.framesPerSecond = framesPerSecond
        self.sampling = sampling
        self.motionGate = motionGate
        self.calibration = calibration
    }

    public var id: CameraID { camera.id }
    public var view: CameraView { CameraView(heading: camera.heading, calibration: calibration) }

    /// When a recorded source began: as given, else the modification time of the file or folder.
    ///
    /// Nil for live sources, and for a path that isn't there.
    public func startOfRecording() -> EventTime? {
        guard !source.isLive else { return nil }
        if let started { return started }
        let attributes = try? FileManager.default.attributesOfItem(atPath: source.location)
        guard let modified = attributes?[.modificationDate] as? Date else { return nil }
        return EventTime(seconds: modified.timeIntervalSince1970)
    }
}
