public import Traffic

/// Joins the reads of each camera's frames into passages: one per vehicle and stay.
///
/// Detections are linked by motion and overlap (docs/decisions/0004-association.md), the reads of a track vote on its
/// text, and a track closes when its vehicle is unseen for ``Settings/maximumGap``, at the end of its stream or when a
/// new epoch begins. One that stood for ``Settings/dwell`` is parked: it closes then, and its vehicle is kept silent
/// until it moves off. Passages that close together come in the order of their first frame.
///
/// Tallies: `repeated-frame`, `late-record`, `repeated-epoch`, `clock-step`, `bad-box`, `duplicate-box`,
/// `duplicate-track`, `unconfirmed-track`, `flicker`, `shed-detection`, `shed-track`, `shed-text`, `shed-parked`,
/// `shed-camera`.
public struct Associate: SnapshottingStage, Sendable {
    public typealias Input = StreamRecord<FrameReads>
    public typealias Output = Passage

    private let settings: Settings
    private var cameras: [CameraID: TrackCamera] = [:]
    /// When each camera was last heard, in records of this stage: decides who is shed.
    private var heard: [CameraID: UInt64] = [:]
    private var records: UInt64 = 0
    private var tallies = TrackTallies()

    /// - Precondition: ``Settings/problem`` is nil.
    public init(settings: Settings = Settings()) {
        precondition(settings.problem == nil, settings.problem ?? "")
        self.settings = settings
    }

    /// The same, noting what happens to each track for ``takeEvents()``. Without it nothing is noted.
    public init(settings: Settings = Settings(), notesEvents: Bool) {
        self.init(settings: settings)
        if notesEvents { tallies.events = [] }
    }

    public mutating func process(_ record: StreamRecord<FrameReads>) -> [Passage] { watch(record).passages }

    /// The same, and the stretches of time that ended.
    mutating func watch(_ record: StreamRecord<FrameReads>) -> (passages: [Passage], coverage: [Coverage]) {
        let camera = record.id.camera
        var passages: [Passage] = []
        var coverage: [Coverage] = []
        // Out of the dictionary while it changes: the value then has one owner, and its arrays are changed in place.
        var state: TrackCamera
        if let known = cameras.removeValue(forKey: camera) {
            state = known
        } else {
            passages = shed(toLeave: settings.maximumCameras - 1, &coverage)
            state = TrackCamera(camera: camera)
        }
        passages += state.process(record, settings: settings, coverage: &coverage, tallies: &tallies)
        cameras[camera] = state
        records += 1
        heard[camera] = records
        return (passages, coverage)
    }

    public mutating func takeTallies() -> [Tally: Int] { tallies.take() }

    /// What happened to tracks since the last call, in order. They are kept until taken: call it after each record.
    public mutating func takeEvents() -> [TrackEvent] { tallies.takeEvents() }

    public func snapshot(of camera: CameraID) -> [UInt8]? { cameras[camera]?.snapshot() }

    public mutating func restore(_ camera: CameraID, from snapshot: [UInt8]) throws(SnapshotError) {
        let state = try TrackCamera(camera: camera, snapshot: snapshot)
        cameras[camera] = state
        records += 1
        heard[camera] = records
    }

    public mutating func forget(_ camera: CameraID) {
        cameras[camera] = nil
        heard[camera] = nil
    }

    /// Closes the tracks of the cameras that were silent longest.
    private mutating func shed(toLeave count: Int, _ coverage: inout [Coverage]) -> [Passage] {
        var passages: [Passage] = []
        while cameras.count > count, let (silent, _) = heard.min(by: { $0.value < $1.value }) {
            if var state = cameras.removeValue(forKey: silent) {
                passages += state.closeAll(settings: settings, tallies: &tallies)
                state.endCoverage(&coverage)
            }
            heard[silent] = nil
            tallies.add("shed-camera")
        }
        return passages
    }
}

/// Counts by reason since they were last taken; and what happened to tracks, where that is wanted.
struct TrackTallies: Sendable {
    private var counts: [Tally: Int] = [:]
    /// Nil when nobody wants to know.
    var events: [TrackEvent]?

    mutating func add(_ tally: Tally, _ count: Int = 1) {
        if count > 0 { counts[tally, default: 0] += count }
    }

    mutating func take() -> [Tally: Int] {
        defer { counts = [:] }
        return counts
    }

    mutating func note(_ kind: TrackEvent.Kind, of track: Track.Key, camera: CameraID) {
        events?.append(TrackEvent(camera: camera, track: track, kind: kind))
    }

    mutating func takeEvents() -> [TrackEvent] {
        guard let taken = events else { return [] }
        events = []
        events?.reserveCapacity(taken.count)
        return taken
    }
}
