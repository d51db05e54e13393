import Traffic

/// Which track each detection of a MOT Challenge file belongs to, as ``Associate`` says.
public struct MotTracks: Sendable {
    /// By row of the detections: a track from 1, in the order in which they begin; 0 where it belongs to none.
    public private(set) var owners: [Int32]
    /// How many tracks there are.
    public private(set) var count = 0

    /// - Parameters:
    ///   - framesPerSecond: Sets the times of the frames; positive.
    ///   - width: Of the frames, pixels; 0 where it is not known.
    public init(
        _ detections: MotDetections, framesPerSecond: Double, width: Int = 0, height: Int = 0,
        settings: Associate.Settings = .boxesAlone
    ) {
        var follower = TrackFollower(rows: detections.rows.count)
        let scores = MotScores(detections)
        var settings = settings
        settings.sureScore = scores.sure
        // At a very low rate a second and a half is not even two frames.
        settings.maximumGap = max(settings.maximumGap, .seconds(4 / framesPerSecond))
        var stage = Associate(settings: settings, notesEvents: true)
        let bound = detections.bound
        let size = (width: width > 0 ? width : bound.width, height: height > 0 ? height : bound.height)
        // After so many empty frames nothing is left to close.
        let quiet = Int((settings.maximumGap.inSeconds * framesPerSecond).rounded(.up)) + 1
        var row = 0
        var frame = detections.rows.first?.frame ?? 0
        func record(_ body: StreamRecord<FrameReads>.Body) -> StreamRecord<FrameReads> {
            let nanoseconds = (Double(frame) * 1e9 / framesPerSecond).rounded()
            return StreamRecord(
                id: FrameID(camera: Self.camera, epoch: Epoch(0), frame: frame),
                time: EventTime(nanoseconds: Int64(min(nanoseconds, 9e18))), body: body)
        }
        while row < detections.rows.count {
            let start = row
            var reads = FrameReads(width: size.width, height: size.height, vehicles: [], plates: [])
            while row < detections.rows.count, detections.rows[row].frame == frame { row += 1 }
            reads.vehicles.reserveCapacity(row - start)
            for row in start..<row {
                reads.vehicles.append(
                    Vehicle(box: detections.rows[row].box, kind: .car, score: scores.share(row), crop: nil))
            }
            _ = stage.process(record(.frame(reads)))
            follower.follow(stage.takeEvents(), from: start)
            frame += 1
            if row < detections.rows.count { frame = max(frame, detections.rows[row].frame - quiet) }
        }
        _ = stage.process(record(.endOfStream))
        follower.follow(stage.takeEvents(), from: row)
        (owners, count) = follower.owners(detections)
    }

    private static let camera: CameraID = "mot"

    /// The result in the same format: one line for each detection with a track, by frame, then track; boxes and scores
    /// as they were given, 1 for a score that was not.
    public func text(_ detections: MotDetections) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(detections.text.count + 12 * owners.count)
        func write(_ number: Int) { out += String(number).utf8 }
        var start = 0
        while start < owners.count {
            let frame = detections.rows[start].frame
            var end = start
            while end < owners.count, detections.rows[end].frame == frame { end += 1 }
            for row in (start..<end).filter({ owners[$0] > 0 }).sorted(by: { owners[$0] < owners[$1] }) {
                write(frame)
                out.append(44)
                write(Int(owners[row]))
                out.append(44)
                detections.writePlace(of: row, to: &out)
                out += ",-1,-1,-1\n".utf8
            }
            start = end
        }
        return out
    }
}

extension MotDetections {
    /// x, y, w, h and the score with commas between.
    fileprivate func writePlace(of row: Int, to out: inout [UInt8]) {
        var inGap = false
        for byte in text[rows[row].place] {
            if byte == 44 || byte == 32 || byte == 9 || byte == 59 {
                inGap = true
                continue
            }
            if inGap { out.append(44) }
            inGap = false
            out.append(byte)
        }
        if rows[row].score == nil { out += ",1".utf8 }
    }

    /// A frame that holds every box.
    fileprivate var bound: (width: Int, height: Int) {
        var right = 1.0
        var bottom = 1.0
        for row in rows {
            right = max(right, row.box.maxX)
            bottom = max(bottom, row.box.maxY)
        }
        return (Int(min(right, 1e6).rounded(.up)), Int(min(bottom, 1e6).rounded(.up)))
    }
}

/// Gathers the events of one camera into an owner for each row.
private struct TrackFollower {
    private var places: [TrackKey: Int] = [:]
    /// By track: what it became part of, or itself; and whether it counts.
    private var parents: [Int] = []
    private var counts: [Bool] = []
    private var seen: [Int32]

    init(rows: Int) { seen = Array(repeating: -1, count: rows) }

    mutating func follow(_ events: [TrackEvent], from row: Int) {
        for event in events {
            switch event.kind {
            case .saw(let vehicle): seen[row + vehicle] = Int32(place(of: event.track))
            case .joined(let other, let name):
                let gone = place(of: event.track)
                let kept = place(of: other)
                parents[gone] = kept
                places[other] = nil
                places[name] = kept
            case .closed(let isPassage): counts[place(of: event.track)] = isPassage
            }
        }
    }

    private mutating func place(of key: TrackKey) -> Int {
        if let known = places[key] { return known }
        places[key] = parents.count
        parents.append(parents.count)
        counts.append(false)
        return parents.count - 1
    }

    private func root(_ place: Int) -> Int {
        var place = place
        while parents[place] != place { place = parents[place] }
        return place
    }

    /// Numbers the tracks that count by their first row. Where two of a frame's boxes came to one track, the one of the
    /// higher score stays.
    func owners(_ detections: MotDetections) -> (owners: [Int32], count: Int) {
        var owners = [Int32](repeating: 0, count: seen.count)
        var names = [Int32](repeating: 0, count: parents.count)
        var last = [Int](repeating: -1, count: parents.count)
        var count: Int32 = 0
        for row in seen.indices where seen[row] >= 0 {
            let track = root(Int(seen[row]))
            guard counts[track] else { continue }
            if names[track] == 0 {
                count += 1
                names[track] = count
            }
            let before = last[track]
            if before >= 0, detections.rows[before].frame == detections.rows[row].frame {
                guard (detections.rows[row].score ?? 1) > (detections.rows[before].score ?? 1) else { continue }
                owners[before] = 0
            }
            owners[row] = names[track]
            last[track] = row
        }
        return (owners, Int(count))
    }
}
