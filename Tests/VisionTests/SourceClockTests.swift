import Testing
import Traffic

@testable import Vision

@Suite struct SourceClockTests {
    /// Milliseconds since the start of frames with these presentation times, at 10 frames a second.
    private func times(_ presentations: [Int?]) -> (milliseconds: [Int64], mended: Int) {
        var clock = SourceClock(started: start, framesPerSecond: 10)
        let times = presentations.enumerated().map { frame, presentation in
            clock.time(frame: frame, presentation: presentation.map { .milliseconds($0) })
        }
        return (times.map { ($0 - start).inNanoseconds / 1_000_000 }, clock.mended)
    }

    @Test(
        arguments: [
            ([0, 100, 200], [0, 100, 200], 0),
            ([40, 81, 240], [40, 81, 240], 0),  // begins late, uneven
            ([nil, nil, nil], [0, 100, 200], 3),  // no times at all
            ([0, nil, 200, 300], [0, 100, 200, 300], 1),
            ([0, 100, 100, 50, 300], [0, 100, 200, 300, 400], 3),  // stands still, runs back, is overtaken
            ([500, 600, 0, 100, 200, 1000], [500, 600, 700, 800, 900, 1000], 3),  // restarts in the middle
            ([-40, 60], [0, 60], 1),
            ([0, 400 * 86_400_000, 200], [0, 100, 200], 1),  // leaps by more than a year
            ([0, 2 * 86_400_000, 200], [0, 100, 200], 1),  // leaps by two days
            ([0, 3_600_000, 3_600_100], [0, 3_600_000, 3_600_100], 0),  // an hour's pause is believed
        ] as [([Int?], [Int64], Int)])
    func `times rise strictly and follow the container where it makes sense`(
        presentations: [Int?], expected: [Int64], mended: Int
    ) {
        let (milliseconds, count) = times(presentations)
        #expect(milliseconds == expected)
        #expect(count == mended)
    }

    @Test func `a break is told once, until a clean key frame`() {
        var damage = SourceDamage()
        let frames: [(damaged: Bool, key: Bool)] = [
            (false, true), (true, false), (true, false), (false, false), (true, false), (false, true), (true, false),
            (true, true),
        ]
        #expect(
            frames.map { damage.begins(damaged: $0.damaged, key: $0.key) } == [
                false, true, false, false, false, false, true, false,
            ])
    }

    @Test func `a file is short of what its index or header promised, or of nothing`() {
        func shortfall(frames: Int? = nil, length: Double? = nil, gave packets: Int, failure: String? = nil) -> String?
        {
            SourceEnding(
                promisedFrames: frames, promisedLength: length.map { .milliseconds(Int($0 * 1000)) }, packets: packets,
                length: .milliseconds(100 * packets), interval: .milliseconds(100), failure: failure
            ).shortfall
        }
        #expect(shortfall(frames: 100, length: 10, gave: 100) == nil)
        #expect(shortfall(frames: 100, gave: 99) == "its index promises 100 frames, it holds 99")
        #expect(shortfall(length: 10, gave: 91) == nil)
        #expect(shortfall(length: 10, gave: 60) == "its header promises 10.0 s, it holds 6.0 s")
        #expect(shortfall(gave: 60) == nil)
        #expect(shortfall(frames: 60, gave: 60, failure: "Input/output error") == "Input/output error")
    }

    @Test(arguments: [
        ("rtsp://user:pa@ss@cam.example:554/live/1", "rtsp://cam.example:554/live/1"),
        ("http://cam.example/video?mail=a@b", "http://cam.example/video?mail=a@b"),
        ("https://u@cam.example", "https://cam.example"),
        ("/media/a@b.mp4", "/media/a@b.mp4"),
    ])
    func `an address is shown without its password`(text: String, shown: String) throws {
        #expect(try SourceAddress(text).description == shown)
    }

    @Test func `an address is sorted by its scheme`() throws {
        #expect(try SourceAddress("file:///media/a.mp4") == .path("/media/a.mp4"))
        #expect(try SourceAddress("clips/12:30.mp4") == .path("clips/12:30.mp4"))
        #expect(try SourceAddress("RTSP://cam/1") == .live("RTSP://cam/1"))
        #expect(throws: SourceError.unknownScheme("ftp")) { try SourceAddress("ftp://cam/1") }
    }
}
