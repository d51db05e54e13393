public import Traffic

/// What the runner has to know of a record: whose it is, and which.
public protocol CameraRecord: Sendable {
    var camera: CameraID { get }
    /// Its place in its camera's stream, by which repeats are recognised; nil for a record that carries its own
    /// identity, as a passage does.
    var mark: StreamMark? { get }
}

/// A place in one camera's stream.
public struct StreamMark: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case frame, gap, end }

    public var epoch: Epoch
    public var frame: Int
    public var kind: Kind

    public init(epoch: Epoch, frame: Int, kind: Kind) {
        self.epoch = epoch
        self.frame = frame
        self.kind = kind
    }
}

extension StreamRecord: CameraRecord {
    public var camera: CameraID { id.camera }
    public var mark: StreamMark? {
        let kind: StreamMark.Kind =
            switch body {
            case .frame: .frame
            case .gap: .gap
            case .endOfStream: .end
            }
        return StreamMark(epoch: id.epoch, frame: id.frame, kind: kind)
    }
}

extension CameraReport: CameraRecord {
    public var mark: StreamMark? { nil }
}
