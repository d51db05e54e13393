public import Traffic

/// The track stage whole: what ``Associate`` makes of each camera's frames, and when the camera was watched.
///
/// A record's passages come before the coverage that it ends. A stretch of ``Coverage`` ends with its minute, at a gap,
/// with its stream or epoch, and where the frames of more than a minute are missing; so what is told lags by a minute.
public struct Watch: SnapshottingStage, Sendable {
    public typealias Input = StreamRecord<FrameReads>
    public typealias Output = CameraReport

    private var associate: Associate

    /// - Precondition: ``Associate/Settings/problem`` is nil.
    public init(settings: Associate.Settings = Associate.Settings()) { associate = Associate(settings: settings) }

    public mutating func process(_ record: StreamRecord<FrameReads>) -> [CameraReport] {
        let (passages, coverage) = associate.watch(record)
        return passages.map { .passage($0) } + coverage.map { .coverage($0) }
    }

    public mutating func takeTallies() -> [Tally: Int] { associate.takeTallies() }

    public func snapshot(of camera: CameraID) -> [UInt8]? { associate.snapshot(of: camera) }

    public mutating func restore(_ camera: CameraID, from snapshot: [UInt8]) throws(SnapshotError) {
        try associate.restore(camera, from: snapshot)
    }

    public mutating func forget(_ camera: CameraID) { associate.forget(camera) }
}
