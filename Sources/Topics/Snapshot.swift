/// What a stateful stage remembers of one camera, with the input offset it belongs to.
public struct Snapshot: Hashable, Sendable {
    /// How far one epoch of the camera got: repeats up to here are dropped.
    public struct Mark: Hashable, Sendable {
        public var epoch: UInt64
        /// The last frame and the last gap seen; -1 for none.
        public var frame, gap: Int
        public var ended: Bool

        public init(epoch: UInt64, frame: Int = -1, gap: Int = -1, ended: Bool = false) {
            self.epoch = epoch
            self.frame = frame
            self.gap = gap
            self.ended = ended
        }
    }

    /// The camera id.
    public var key: String
    /// Every record of this camera below this offset of the input partition is inside the state.
    public var inputOffset: Int64
    /// Oldest epoch first.
    public var marks: [Mark]
    /// The stage's own bytes; nil when it remembers nothing of the camera.
    public var state: [UInt8]?

    public init(key: String, inputOffset: Int64, marks: [Mark], state: [UInt8]?) {
        self.key = key
        self.inputOffset = inputOffset
        self.marks = marks
        self.state = state
    }
}

/// Where snapshots outlive a process.
///
/// For one key the snapshot with the highest input offset counts, whenever it was written: equal offsets mean
/// equal states, so a late write by a process that was replaced does no harm.
public protocol SnapshotStore: Sendable {
    /// The newest snapshot of each key of one input partition.
    ///
    /// - Parameter note: What ``save(_:partition:)`` returned before the last commit; empty to look at everything.
    func newest(partition: Int32, note: String) async throws -> [Snapshot]

    /// Returns once all are acknowledged.
    ///
    /// - Returns: A note to commit along with the input offset, which tells ``newest(partition:note:)`` where to
    ///   begin.
    func save(_ snapshots: [Snapshot], partition: Int32) async throws -> String
}
