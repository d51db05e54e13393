public import Topics
public import Traffic

/// Recognises records that were delivered before, by camera, epoch and frame.
///
/// Frames of an epoch arrive in order, so the last one is memory enough. Bounded: the eight newest epochs of each
/// camera, and `maximumCameras` cameras; what falls out is no longer recognised, and the next stage drops it.
public struct RepeatFilter: Sendable {
    private static let epochsPerCamera = 8
    private let maximumCameras: Int
    private var marks: [CameraID: [Snapshot.Mark]] = [:]
    /// Cameras forgotten for want of room.
    public private(set) var evicted = 0

    public init(maximumCameras: Int = 100_000) { self.maximumCameras = maximumCameras }

    /// Whether this place was passed before; if not, it is now.
    public mutating func isRepeat(_ camera: CameraID, _ mark: StreamMark) -> Bool {
        var epochs = marks[camera] ?? []
        let index: Int
        if let known = epochs.lastIndex(where: { $0.epoch == mark.epoch.value }) {
            index = known
        } else {
            if epochs.count == Self.epochsPerCamera { epochs.removeFirst() }
            epochs.append(Snapshot.Mark(epoch: mark.epoch.value))
            index = epochs.count - 1
        }
        switch mark.kind {
        case .frame:
            if mark.frame <= epochs[index].frame { return true }
            epochs[index].frame = mark.frame
        case .gap:
            if mark.frame <= epochs[index].gap { return true }
            epochs[index].gap = mark.frame
        case .end:
            if epochs[index].ended { return true }
            epochs[index].ended = true
        }
        if marks[camera] == nil, marks.count >= maximumCameras, let victim = marks.keys.first {
            marks[victim] = nil
            evicted += 1
        }
        marks[camera] = epochs
        return false
    }

    public subscript(camera: CameraID) -> [Snapshot.Mark] {
        get { marks[camera] ?? [] }
        set { marks[camera] = newValue.isEmpty ? nil : Array(newValue.suffix(Self.epochsPerCamera)) }
    }
}
