public import Traffic

/// One step of the pipeline: one input in, zero or more outputs out, in order.
///
/// A stage reads no clock, starts no task and touches no file. Event time arrives in the input.
/// The same inputs give the same outputs, whatever the batches they came in.
public protocol Stage: ~Copyable {
    associatedtype Input: Sendable
    associatedtype Output: Sendable
    /// Thrown for an input that can't be processed: the runner rejects that record and goes on.
    associatedtype Failure: Error = Never
    mutating func process(_ input: Input) throws(Failure) -> [Output]

    /// What was shed, withheld or skipped since the last call, by reason, for the metrics.
    mutating func takeTallies() -> [Tally: Int]
}

extension Stage where Self: ~Copyable {
    public mutating func takeTallies() -> [Tally: Int] { [:] }
}

/// A countable thing that a stage did, as it appears in a metric's `reason` label. Kebab-case.
public struct Tally: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let description: String
    public init(stringLiteral value: String) { description = value }
    public init(_ value: String) { description = value }
}

/// A stage whose state must outlive its process: one snapshot per camera.
public protocol SnapshottingStage: Stage, ~Copyable {
    /// Everything this stage remembers of one camera, versioned; nil when it remembers nothing.
    func snapshot(of camera: CameraID) -> [UInt8]?
    /// Replaces what is remembered of one camera. After it, outputs are those of a stage that never stopped.
    mutating func restore(_ camera: CameraID, from snapshot: [UInt8]) throws(SnapshotError)
    /// Drops a camera that another process now owns.
    mutating func forget(_ camera: CameraID)
}

public enum SnapshotError: Error, Equatable, CustomStringConvertible {
    case unknownVersion(Int)
    case corrupt(String)

    public var description: String {
        switch self {
        case .unknownVersion(let version):
            "STG101 the snapshot has version \(version), which this build does not know. Run the build that wrote it until its tracks close, or drop the track-state topic and accept split passages."
        case .corrupt(let what):
            "STG102 the snapshot can't be read (\(what)). Drop the camera's record from the track-state topic and accept split passages."
        }
    }
}

/// A record that a stage can't process: it goes to `<topic>.rejected` with this code and reason.
public struct BadRecord: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable and greppable, for example `DET201`.
    public var code: String
    public var reason: String

    public init(code: String, reason: String) {
        self.code = code
        self.reason = reason
    }
    public var description: String { "\(code) \(reason)" }
}
