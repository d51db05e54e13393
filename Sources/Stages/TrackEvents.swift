public import Traffic

/// Tells the tracks of one epoch of a camera apart, in the order of their beginning. With camera and epoch it makes the
/// passage's id.
public struct TrackKey: Hashable, Comparable, Sendable {
    public var firstFrame: Int
    /// Among those that begin in the same frame, from 0.
    public var ordinal: Int

    public init(firstFrame: Int, ordinal: Int) {
        self.firstFrame = firstFrame
        self.ordinal = ordinal
    }

    /// Both in one number: they are asked for at every box. Ordinals are far below 2²⁰.
    public func hash(into hasher: inout Hasher) { hasher.combine(firstFrame << 20 ^ ordinal) }

    public static func < (a: TrackKey, b: TrackKey) -> Bool {
        a.firstFrame != b.firstFrame ? a.firstFrame < b.firstFrame : a.ordinal < b.ordinal
    }
}

extension [TrackKey] {
    /// Whether a key is among these, which are in order.
    func holds(_ key: TrackKey) -> Bool {
        guard let first, let last, first <= key, key <= last else { return false }
        return contains(key)
    }
}

/// What happened to a track, for those who need to know which track owns which box of which frame.
public struct TrackEvent: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// It owns this vehicle of the frame, an index into `FrameReads.vehicles`.
        case saw(vehicle: Int)
        /// It shows the vehicle of another track and is part of it from now on. The whole goes by the second key, that
        /// of the earlier of both.
        case joined(TrackKey, as: TrackKey)
        /// It is over: it became a passage, or was too little for one.
        case closed(isPassage: Bool)
    }

    public var camera: CameraID
    public var track: TrackKey
    public var kind: Kind
}
