import Fixtures
import Logging
import Stages
import Testing
import Traffic

@testable import Vision

/// Everything one source yields.
struct Yield {
    var frames: [StreamRecord<Picture>] = []
    var rejected: [(fault: BadRecord, id: FrameID, time: EventTime)] = []
    var gaps: [StreamRecord<Picture>] = []
    var ends: [StreamRecord<Picture>] = []
    var tallies: [Tally: Int] = [:]

    var numbers: [Int] { frames.map(\.id.frame) }
    var codes: [String] { rejected.map(\.fault.code) }
    func seconds(since start: EventTime) -> [Double] { frames.map { ($0.time - start).inSeconds } }

    mutating func add(_ event: SourceEvent) {
        switch event {
        case .record(let record):
            #expect(ends.isEmpty, "nothing follows the end")
            switch record.body {
            case .frame: frames.append(record)
            case .gap: gaps.append(record)
            case .endOfStream: ends.append(record)
            }
        case .rejected(let fault, let id, let time): rejected.append((fault, id, time))
        }
    }

    init(_ settings: CameraSourceSettings) throws {
        let source = CameraSource(settings, logger: Logger(label: "test"))
        while let event = try source.next() { add(event) }
        #expect(try source.next() == nil)
        tallies = source.takeTallies()
    }
}

let start = EventTime(rfc3339: "2026-03-02T07:30:00Z")!

func settings(_ path: String, fps: Double? = nil, started: EventTime? = start) -> CameraSourceSettings {
    CameraSourceSettings(camera: "gate", source: .path(path), started: started, framesPerSecond: fps)
}

@Suite struct VideoFileTests {
    @Test func `a file gives every frame once, numbered and timed by its presentation times`() throws {
        let clips = try Clips()
        let yield = try Yield(settings(try clips.card("a.mp4", frames: 25, framesPerSecond: 10)))
        #expect(yield.numbers == Array(0..<25))
        #expect(yield.seconds(since: start) == (0..<25).map { Double($0) / 10 })
        #expect(Set(yield.frames.map(\.id.epoch)) == [Epoch(camera: "gate", started: start)])
        #expect(yield.rejected.isEmpty && yield.ends.count == 1)
        #expect(yield.ends.first?.id.frame == 25)
        #expect(yield.frames.allSatisfy { $0.content?.width == 160 && $0.content?.height == 120 })
        #expect(yield.tallies == [:])
    }

    @Test(arguments: ["mp4", "mkv", "avi", "ts", "mov"])
    func `every container gives all its frames and no complaint`(kind: String) throws {
        let clips = try Clips()
        let yield = try Yield(settings(try clips.card("a.\(kind)", frames: 40, framesPerSecond: 25)))
        #expect(yield.numbers == Array(0..<40))
        #expect(yield.codes == [])
        for (index, seconds) in yield.seconds(since: start).enumerated() {
            #expect(abs(seconds - Double(index) / 25) <= 0.001)
        }
    }

    @Test func `pixels come out in their colours, and later frames leave them alone`() throws {
        let clips = try Clips()
        let path = try clips.make(
            "a.mp4", "-f", "lavfi", "-i", "color=red:size=64x48:rate=5:duration=1", "-f", "lavfi", "-i",
            "color=blue:size=64x48:rate=5:duration=1", "-filter_complex", "[0][1]concat", "-pix_fmt", "yuv420p")
        let pictures = try Yield(settings(path)).frames.compactMap(\.content)
        #expect(pictures.count == 10)
        let colours = pictures.map { picture in
            picture.withPixels { data, step in (0..<3).map { data[20 * step + 60 + $0] } }
        }
        for colour in colours.prefix(5) { #expect(colour[0] < 20 && colour[1] < 20 && colour[2] > 230) }
        for colour in colours.suffix(5) { #expect(colour[0] > 230 && colour[1] < 20 && colour[2] < 20) }
    }

    @Test func `a recording turned on its side comes out upright`() throws {
        let clips = try Clips()
        try clips.make(
            "flat.mp4", "-f", "lavfi", "-i", "color=black:size=64x48:rate=5:duration=1", "-vf",
            "drawbox=x=0:y=0:w=32:h=48:color=white:t=fill", "-pix_fmt", "yuv420p")
        let path = try clips.make("side.mp4", "-i", clips.path("flat.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90")
        let picture = try #require(try Yield(settings(path)).frames.first?.content)
        #expect(picture.width == 48 && picture.height == 64)
        // The display matrix asks for a quarter turn counterclockwise: the white left half comes to the bottom.
        let (top, bottom) = picture.withPixels { data, step in (data[10 * step + 60], data[50 * step + 60]) }
        #expect(top < 50 && bottom > 200)
    }

    @Test func `a variable frame rate keeps each frame's own time`() throws {
        let clips = try Clips()
        let path = try clips.make(
            "v.mkv", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=3", "-vf",
            "select='not(between(n,5,9))*gt(mod(n+1,7),0)'", "-vsync", "vfr", "-pix_fmt", "yuv420p")
        let kept = (0..<30).filter { !(5...9).contains($0) && ($0 + 1) % 7 != 0 }
        let yield = try Yield(settings(path))
        #expect(yield.numbers == Array(kept.indices))
        #expect(yield.seconds(since: start) == kept.map { Double($0) / 10 })
        #expect(yield.codes == [])
    }

    @Test func `sound beside the pictures changes nothing`() throws {
        let clips = try Clips()
        let path = try clips.make(
            "s.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=2", "-f", "lavfi", "-i",
            "sine=duration=4", "-pix_fmt", "yuv420p")
        let yield = try Yield(settings(path))
        #expect(yield.numbers == Array(0..<20) && yield.codes == [])
    }

    @Test func `a start that nobody told is the file's modification time, always the same`() throws {
        let clips = try Clips()
        let path = try clips.card("a.mp4", frames: 3)
        let first = try Yield(settings(path, started: nil)), second = try Yield(settings(path, started: nil))
        #expect(first.frames.map(\.id) == second.frames.map(\.id))
        #expect(first.frames.first?.time == (try SourceFiles.status(of: path).modified))
    }

    @Test func `a recording cut off before its index was written is rejected whole`() throws {
        let clips = try Clips()
        try clips.card("a.mp4", frames: 50)
        let bytes = try clips.bytes("a.mp4")
        let path = try clips.write("cut.mp4", Array(bytes.prefix(bytes.count / 2)))
        let yield = try Yield(settings(path))
        #expect(yield.frames.isEmpty && yield.ends.count == 1)
        #expect(yield.codes == [SourceFault.notVideo])
        #expect(yield.rejected.first?.fault.reason.contains("moov atom not found") == true)
    }

    @Test(arguments: ["mp4", "mkv", "avi"])
    func `a truncated file gives the frames it has, then says where it broke`(kind: String) throws {
        let clips = try Clips()
        try clips.card(
            "a.\(kind)", frames: 100, framesPerSecond: 10, size: "320x240", "-movflags", "+faststart", "-g", "10")
        let whole = try Yield(settings(clips.path("a.\(kind)")))
        #expect(whole.numbers == Array(0..<100) && whole.codes == [])
        let bytes = try clips.bytes("a.\(kind)")
        let path = try clips.write("cut.\(kind)", Array(bytes.prefix(bytes.count * 6 / 10)))
        let yield = try Yield(settings(path))
        #expect((30..<90).contains(yield.frames.count))
        #expect(yield.numbers == Array(yield.frames.indices))
        #expect(yield.ends.count == 1)
        let last = try #require(yield.rejected.last)
        #expect(last.fault.code == SourceFault.endsEarly)
        #expect(last.id.frame == yield.frames.count)
        #expect(last.fault.reason.contains("after frame \(yield.frames.count - 1), \(yield.frames.last!.time.rfc3339)"))
    }

    @Test(arguments: ["mp4", "mkv", "avi", "ts"])
    func `damage in the middle is reported where it is, and the frames behind it still come`(kind: String) throws {
        let clips = try Clips()
        try clips.card(
            "a.\(kind)", frames: 100, framesPerSecond: 10, size: "320x240", "-movflags", "+faststart", "-g", "10")
        var bytes = try clips.bytes("a.\(kind)")
        let middle = bytes.count / 2
        for index in middle..<middle + 3000 { bytes[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 7) }
        let yield = try Yield(settings(try clips.write("bad.\(kind)", bytes)))
        let fault = try #require(yield.rejected.first)
        #expect(fault.fault.code == SourceFault.damaged)
        #expect((20..<80).contains(fault.id.frame))
        #expect(fault.fault.reason.contains("frame \(fault.id.frame), \(fault.time.rfc3339)"))
        #expect(yield.rejected.count <= 4)
        #expect((yield.frames.last!.time - start).inSeconds > 9.5, "the last frame is there")
        #expect(yield.frames.count > 80)
        #expect(zip(yield.frames, yield.frames.dropFirst()).allSatisfy { $0.time < $1.time })
        #expect(yield.tallies["damaged", default: 0] > 0)
    }

    @Test(arguments: ["empty.mp4", "words.mp4", "words.txt", "list.m3u8", "noise.mp4", "picture.mp4"])
    func `what is no video is rejected, and the camera's stream ends`(name: String) throws {
        let clips = try Clips()
        let bytes: [UInt8] =
            switch name {
            case "empty.mp4": []
            case "list.m3u8": Array("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n".utf8)
            case "noise.mp4": (0..<50_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 9) }
            case "picture.mp4":
                try Picture.copying(Array(repeating: 7, count: 300), width: 10, height: 10, channels: 3).png()
            default: Array(String(repeating: "this is no video, it is a line of text\n", count: 500).utf8)
            }
        let yield = try Yield(settings(try clips.write(name, bytes)))
        #expect(yield.frames.isEmpty && yield.ends.map(\.id.frame) == [0])
        #expect(yield.codes == [SourceFault.notVideo])
    }

    @Test func `a missing file is a failing world, not a bad record`() throws {
        #expect(throws: SourceError.missing(path: "/nowhere/a.mp4", reason: "No such file or directory")) {
            _ = try Yield(settings("/nowhere/a.mp4"))
        }
    }

    @Test func `sampling keeps the rate, the numbers and the count of what it left out`() throws {
        let clips = try Clips()
        var settings = settings(try clips.card("a.mp4", frames: 50, framesPerSecond: 25))
        settings.sampling = .perSecond(5)
        let yield = try Yield(settings)
        #expect(yield.numbers == Array(stride(from: 0, to: 50, by: 5)))
        #expect(yield.tallies == ["sampled-out": 40])
        #expect(yield.ends.first?.id.frame == 50)
    }

    @Test func `a gate drops the still frames of a file but for one a second, and counts them`() throws {
        let clips = try Clips()
        // Ten still seconds, in the fourth and fifth of which a square crosses.
        let path = try clips.make(
            "a.mp4", "-f", "lavfi", "-i", "color=gray:size=320x180:rate=10:duration=10", "-f", "lavfi", "-i",
            "color=white:size=40x40:rate=10:duration=10", "-filter_complex",
            "[0][1]overlay=x='(t-3)*160':y=60:enable='between(t,3,4.9)'", "-pix_fmt", "yuv420p")
        var settings = settings(path)
        settings.motion = MotionGate.Settings(hold: .milliseconds(500))
        let yield = try Yield(settings)
        #expect(Set(30...49).isSubset(of: yield.numbers))
        #expect((28...45).contains(yield.frames.count))
        #expect(yield.frames.count + yield.tallies["gated", default: 0] == 100)
        #expect(zip(yield.frames, yield.frames.dropFirst()).allSatisfy { $1.time - $0.time <= .seconds(1) })
    }

    @Test func `a source that is stopped says nothing more`() throws {
        let clips = try Clips()
        let source = CameraSource(settings(try clips.card("a.mp4", frames: 50)), logger: Logger(label: "test"))
        for _ in 0..<3 { #expect(try source.next() != nil) }
        #expect(source.progress == SourceProgress(frames: 3, total: 50))
        source.stop()
        #expect(try source.next() == nil)
        #expect(try source.next() == nil)
    }
}
