import Traffic

/// Since when a camera is watched without a break: the stretch that is not told yet.
struct TrackCoverage: Hashable, Sendable {
    struct Open: Hashable, Sendable {
        var start, last: EventTime
        var frames: Int
    }

    var open: Open?

    /// Notes an analysed frame.
    ///
    /// - Returns: The stretch that it ends; nil where it goes on.
    mutating func see(_ time: EventTime, of camera: CameraID, _ epoch: Epoch) -> Coverage? {
        guard let before = open else {
            open = Open(start: time, last: time, frames: 1)
            return nil
        }
        let silence = time.seconds(since: before.last)
        guard silence >= 0, silence <= Coverage.longestSilence.inSeconds else {
            let ended = end(of: camera, epoch)
            open = Open(start: time, last: time, frames: 1)
            return ended
        }
        if time.minute == before.start.minute {
            open?.last = time
            open?.frames += 1
            return nil
        }
        // No whole minute lies between: the silence is too short for that.
        open = Open(start: time.minute, last: time, frames: 1)
        return Coverage(camera: camera, epoch: epoch, start: before.start, end: time.minute, frames: before.frames)
    }

    /// Ends the stretch at its last frame.
    mutating func end(of camera: CameraID, _ epoch: Epoch?) -> Coverage? {
        defer { open = nil }
        guard let open, let epoch else { return nil }
        return Coverage(camera: camera, epoch: epoch, start: open.start, end: open.last, frames: open.frames)
    }
}
