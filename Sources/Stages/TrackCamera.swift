import Traffic

/// The open tracks of one camera, and where its stream stands.
struct TrackCamera: Hashable, Sendable {
    /// Epochs that ended, and passages that closed, are remembered up to these counts.
    static let maximumRetired = 16
    static let maximumClosed = 64

    let camera: CameraID
    var epoch: Epoch?
    /// Epochs that are over: what still comes from them is a repeat.
    var retired: [Epoch] = []
    var lastFrame: Int?
    var lastTime: EventTime?
    /// Seconds between analysed frames, smoothed; 0 until two were seen.
    var step = 0.0
    var agitation = 1.0
    /// In the order of their keys.
    var tracks: [Track] = []
    /// Tracks of this epoch that lately became passages.
    var closed: [Track.Key] = []
    /// Vehicles that were reported as parked. They outlive an epoch: a camera that reconnects sees them still.
    var parked: [Parked] = []
    var coverage = TrackCoverage()

    init(camera: CameraID) { self.camera = camera }

    mutating func process(
        _ record: StreamRecord<FrameReads>, settings: Associate.Settings, coverage told: inout [Coverage],
        tallies: inout TrackTallies
    ) -> [Passage] {
        guard !retired.contains(record.id.epoch) else {
            tallies.add("repeated-epoch")
            return []
        }
        var passages: [Passage] = []
        if epoch != record.id.epoch {
            passages = closeAll(settings: settings, tallies: &tallies)
            endCoverage(&told)
            retire()
            epoch = record.id.epoch
        }
        switch record.body {
        case .endOfStream:
            passages += closeAll(settings: settings, tallies: &tallies)
            endCoverage(&told)
            retire()
        case .gap:
            // The frame that ends a gap may carry the same number, so a gap moves no watermark.
            if let lastFrame, record.id.frame < lastFrame {
                tallies.add("late-record")
            } else {
                passages += closeUnseen(at: record.time, settings: settings, tallies: &tallies)
                endCoverage(&told)
            }
        case .frame(let content):
            if let lastFrame, record.id.frame <= lastFrame {
                tallies.add(record.id.frame == lastFrame ? "repeated-frame" : "late-record")
                return passages
            }
            passages += advance(to: record, settings: settings, tallies: &tallies)
            if let ended = coverage.see(lastTime ?? record.time, of: camera, record.id.epoch) { told.append(ended) }
            let observed = TrackObservations(content, settings: settings, tallies: &tallies)
            observe(
                observed, frame: record.id.frame, time: lastTime ?? record.time,
                area: Double(content.width) * Double(content.height), settings: settings, tallies: &tallies)
            passages += park(at: lastTime ?? record.time, settings: settings, tallies: &tallies)
            passages += shedTracks(settings: settings, tallies: &tallies)
        }
        return passages
    }

    mutating func endCoverage(_ told: inout [Coverage]) {
        if let ended = coverage.end(of: camera, epoch) { told.append(ended) }
    }

    /// Closes every track, in the order of their keys.
    mutating func closeAll(settings: Associate.Settings, tallies: inout TrackTallies) -> [Passage] {
        close(tracks.map(\.key), settings: settings, tallies: &tallies)
    }

    private mutating func retire() {
        if let epoch { retired.append(epoch) }
        if retired.count > Self.maximumRetired { retired.removeFirst() }
        epoch = nil
        lastFrame = nil
        lastTime = nil
        step = 0
        closed = []
    }

    /// Moves the watermark, and closes what was unseen too long.
    private mutating func advance(
        to record: StreamRecord<FrameReads>, settings: Associate.Settings, tallies: inout TrackTallies
    ) -> [Passage] {
        var passages: [Passage] = []
        var time = record.time
        if let lastTime {
            let seconds = time.seconds(since: lastTime)
            if seconds < 0 {
                tallies.add("clock-step")
                // A small step back is jitter; after a large one nothing before it can be compared.
                if -seconds < settings.maximumGap.inSeconds {
                    time = lastTime
                } else {
                    passages = closeAll(settings: settings, tallies: &tallies)
                }
            } else if seconds < settings.maximumGap.inSeconds {
                step = step == 0 ? seconds : step + 0.1 * (seconds - step)
            }
        }
        passages += closeUnseen(at: time, settings: settings, tallies: &tallies)
        lastFrame = record.id.frame
        lastTime = time
        return passages
    }

    private mutating func closeUnseen(
        at time: EventTime, settings: Associate.Settings, tallies: inout TrackTallies
    ) -> [Passage] {
        let limit = settings.maximumGap.inNanoseconds
        // By index: an iterator would copy each track, and a track is large.
        let unseen = tracks.indices.filter { tracks[$0].isUnseen(for: limit, at: time) }.map { tracks[$0].key }
        return close(unseen, settings: settings, tallies: &tallies)
    }

    /// Beyond the bound, the tracks with least to say close early.
    private mutating func shedTracks(settings: Associate.Settings, tallies: inout TrackTallies) -> [Passage] {
        let excess = tracks.count - settings.maximumTracks
        guard excess > 0 else { return [] }
        let order = tracks.sorted {
            if $0.lastSeen != $1.lastSeen { return $0.lastSeen < $1.lastSeen }
            return $0.frames != $1.frames ? $0.frames < $1.frames : $0.key > $1.key
        }
        tallies.add("shed-track", excess)
        return close(order.prefix(excess).map(\.key).sorted(), settings: settings, tallies: &tallies)
    }

    /// Takes these tracks out and makes passages of those that count.
    ///
    /// - Parameter keys: In their order.
    private mutating func close(
        _ keys: [Track.Key], settings: Associate.Settings, tallies: inout TrackTallies
    ) -> [Passage] {
        guard let epoch, !keys.isEmpty else { return [] }
        foldDuplicates(among: keys, settings: settings, tallies: &tallies)
        var passages: [Passage] = []
        // By index, and taken out one by one: anything else would copy the others, and a track is large.
        let over = tracks.indices.filter { keys.holds(tracks[$0].key) }
        for index in over {
            let key = tracks[index].key
            let verdict = tracks[index].verdict(settings: settings)
            tallies.note(.closed(isPassage: verdict == .passage), of: key, camera: camera)
            switch verdict {
            case .passage:
                passages.append(tracks[index].passage(camera: camera, epoch: epoch, settings: settings))
                closed.append(key)
            case .unconfirmed: tallies.add("unconfirmed-track")
            case .flicker: tallies.add("flicker")
            }
        }
        forgetClosed()
        for index in over.reversed() { tracks.remove(at: index) }
        return passages
    }

    mutating func forgetClosed() {
        if closed.count > Self.maximumClosed { closed.removeFirst(closed.count - Self.maximumClosed) }
    }
}
