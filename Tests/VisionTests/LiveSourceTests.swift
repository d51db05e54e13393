import Fixtures
import Logging
import Stages
import Synchronization
import Testing
import Traffic

@testable import Vision

/// A clock that gains a tenth of a second whenever it is read.
private final class SteppingClock: Sendable {
    private let reads = Atomic<Int>(0)
    func now() -> EventTime {
        start + .milliseconds(100 * reads.add(1, ordering: .relaxed).newValue)
    }
}

private func live(_ address: String, clock: SteppingClock = SteppingClock(), buffer: Int = 8) throws -> CameraSource {
    let settings = CameraSourceSettings(
        camera: "gate", source: try SourceAddress(address),
        live: LiveSettings(
            openTimeout: .seconds(20), readTimeout: .seconds(20), retry: .milliseconds(5) ... .milliseconds(50),
            buffer: buffer))
    return CameraSource(settings, clock: { clock.now() }, jitter: { 0.5 }, logger: Logger(label: "test"))
}

extension CameraSource {
    /// The next record that is not a rejected one.
    fileprivate func record() throws -> StreamRecord<Picture> {
        while let event = try next() {
            if case .record(let record) = event { return record }
        }
        throw SourceEnded()
    }

    /// The next gap; frames before it are skipped.
    fileprivate func gap() throws -> (StreamRecord<Picture>, reason: String) {
        while true {
            let record = try record()
            if case .gap(let reason) = record.body { return (record, reason) }
        }
    }

    private struct SourceEnded: Error {}
}

/// Pictures of 320x240 whose left half is grey, lighter from one to the next, and whose right half is noise: as large as
/// a camera's, because a stream of a few hundred bytes is not recognised before more of it comes.
private func jpegs(_ count: Int) throws -> [[UInt8]] {
    try (0..<count).map { index in
        let pixels = (0..<320 * 240 * 3).map { byte in
            byte / 3 % 320 < 160 ? UInt8(20 * index + 10) : UInt8(truncatingIfNeeded: (byte &* 2_654_435_761) >> 11)
        }
        return try Picture.copying(pixels, width: 320, height: 240, channels: 3).jpeg(quality: 90)
    }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct LiveSourceTests {
    @Test func `MJPEG frames come numbered, timed by the clock, in the epoch of their connection`() throws {
        let server = try MjpegServer()
        server.show(try jpegs(6))
        let source = try live(server.address)
        let records = try (0..<6).map { _ in try source.record() }
        #expect(records.map(\.id.frame) == Array(0..<6))
        let levels = records.compactMap { $0.content?.withPixels { data, _ in Int(data[0]) } }
        #expect(zip(levels, stride(from: 10, to: 130, by: 20)).allSatisfy { abs($0 - $1) <= 2 }, "\(levels)")
        #expect(Set(records.map(\.id.epoch)) == [Epoch(camera: "gate", started: start + .milliseconds(100))])
        #expect(zip(records, records.dropFirst()).allSatisfy { $0.time < $1.time })
        #expect(records[0].time > start + .milliseconds(100))
        source.stop()
        #expect(try source.next() == nil)
    }

    @Test func `a camera that hangs up gives one gap, and comes back as a new epoch`() throws {
        let server = try MjpegServer()
        server.show(try jpegs(3))
        let source = try live(server.address)
        let before = try (0..<3).map { _ in try source.record() }
        server.hangUp()
        let (gap, reason) = try source.gap()
        #expect(gap.id == FrameID(camera: "gate", epoch: before[0].id.epoch, frame: 3))
        #expect(gap.time > before[2].time && reason == "the connection broke off")
        server.show(try jpegs(2))
        let after = try (0..<2).map { _ in try source.record() }
        #expect(after.map(\.id.frame) == [0, 1])
        #expect(after[0].id.epoch != before[0].id.epoch && after[0].time > gap.time)
        #expect(source.takeTallies()["reconnects", default: 0] >= 1)
        source.stop()
    }

    @Test func `a camera that is not there yet is one gap however long it takes, then an epoch`() throws {
        let port = try Loopback.freePort()
        let source = try live("http://user:secret@127.0.0.1:\(port)/video")
        let (gap, reason) = try source.gap()
        #expect(gap.id.frame == 0)
        #expect(reason.contains("Connection refused") && !reason.contains("secret"))
        let server = try MjpegServer(port: port)
        server.show(try jpegs(2))
        let first = try source.record()
        #expect(first.content != nil && first.id.frame == 0 && first.id.epoch != gap.id.epoch)
        source.stop()
    }

    @Test func `a camera that falls silent is lost after the read time`() throws {
        let server = try MjpegServer()
        server.show(try jpegs(2))
        var settings = try live(server.address).settings
        settings.live.readTimeout = .milliseconds(500)
        let source = CameraSource(settings, logger: Logger(label: "test"))
        let (gap, reason) = try source.gap()
        #expect(gap.id.frame == 2)
        #expect(reason == "no frame within the read time")
        source.stop()
    }

    @Test func `an answer that is no video is a gap, not a crash`() throws {
        let server = try LoopbackServer { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.0 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        }
        defer { server.stop() }
        let source = try live("http://127.0.0.1:\(server.port)/video")
        #expect(try source.gap().reason.contains("401"))
        source.stop()
    }

    @Test func `stopping wakes a consumer that waits for a silent camera`() async throws {
        let server = try MjpegServer()
        server.show(try jpegs(1))
        let source = try live(server.address)
        #expect(try source.record().id.frame == 0)
        async let waiting = Task.detached { try source.next() == nil }.value
        source.stop()
        #expect(try await waiting)
    }

    @Test func `RTSP over TCP gives frames, a gap when the connection breaks, and a new epoch`() throws {
        let clips = try Clips()
        let clip = try clips.card("a.mp4", frames: 60, framesPerSecond: 30, size: "320x240", "-g", "10")
        let relay = try RtspRelay(clip: clip, clips: clips)
        let source = try live(relay.address)
        let before = try (0..<10).map { _ in try source.record() }
        #expect(before.allSatisfy { $0.content?.width == 320 && $0.content?.height == 240 })
        relay.breakConnections()
        let (gap, _) = try source.gap()
        #expect(gap.id.epoch == before[0].id.epoch && gap.id.frame >= 10)
        let after = try source.record()
        #expect(after.id.epoch != gap.id.epoch && after.content != nil && after.time > gap.time)
        source.stop()
    }

    @Test func `a VLC server that is killed and restarted gives frames, one gap, and frames of a new epoch`() throws {
        let clips = try Clips()
        let clip = try clips.card("a.mp4", frames: 200, framesPerSecond: 10, size: "320x240", "-g", "5")
        try clips.openToAll("a.mp4")
        let port = try Loopback.freePort()
        let server = try VlcServer(clip: clip, port: port)
        var settings = try live(server.address).settings
        settings.live.readTimeout = .seconds(3)
        let source = CameraSource(settings, logger: Logger(label: "test"))
        let before = try (0..<8).map { _ in try source.record() }.filter { $0.content != nil }
        #expect(before.last?.content?.width == 320)
        server.kill()
        let (gap, reason) = try source.gap()
        #expect(gap.id.epoch == before.last?.id.epoch && !reason.isEmpty)
        let again = try VlcServer(clip: clip, port: port)
        let after = try source.record()
        #expect(after.content?.height == 240)
        #expect(after.id.epoch != gap.id.epoch && after.time > gap.time)
        source.stop()
        #expect(try source.next() == nil)
        again.kill()
    }
}

@Suite struct LiveQueueTests {
    private func frame(_ number: Int) throws -> SourceEvent {
        let id = FrameID(camera: "gate", epoch: Epoch(1), frame: number)
        let picture = try Picture.copying([1, 2, 3], width: 1, height: 1, channels: 3)
        return .record(StreamRecord(id: id, time: start, body: .frame(picture)))
    }

    private func gap(_ number: Int) -> SourceEvent {
        .record(
            StreamRecord(
                id: FrameID(camera: "gate", epoch: Epoch(1), frame: number), time: start, body: .gap(reason: "test")))
    }

    private func number(_ event: SourceEvent?) -> Int? {
        if case .record(let record) = event { record.id.frame } else { nil }
    }

    @Test func `a consumer that lags loses the oldest frames, never a gap, and the loss is counted`() throws {
        let queue = SourceLiveQueue(capacity: 3)
        queue.push(try frame(0))
        queue.push(gap(1))
        for index in 2..<8 { queue.push(try frame(index)) }
        #expect((0..<4).map { _ in number(queue.pop()) } == [1, 5, 6, 7])
        #expect(queue.takeDropped() == 4 && queue.takeDropped() == 0)
    }

    @Test func `gaps have a bound as well`() throws {
        let queue = SourceLiveQueue(capacity: 2)
        for index in 0..<100 { queue.push(gap(index)) }
        #expect(number(queue.pop()) == 36)
        #expect(queue.takeDropped() == 36)
    }

    @Test func `a closed queue gives nothing and takes nothing`() throws {
        let queue = SourceLiveQueue(capacity: 2)
        queue.push(try frame(0))
        queue.close()
        queue.push(try frame(1))
        #expect(queue.pop() == nil)
        #expect(queue.pause(.seconds(1000)) == false)
    }

    @Test func `pauses double up to the longest, within their jitter, and start over`() {
        var backoff = SourceBackoff(.seconds(1) ... .seconds(30))
        #expect((0..<7).map { _ in backoff.next(jitter: 1) } == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        #expect(backoff.next(jitter: 0) == .seconds(15))
        backoff.reset()
        #expect(backoff.next(jitter: 0) == .seconds(1))
        #expect(backoff.next(jitter: 0.5) == .milliseconds(1500))
    }
}
