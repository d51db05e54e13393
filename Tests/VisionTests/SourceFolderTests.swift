import Fixtures
import Stages
import Testing
import Traffic

@testable import Vision

@Suite struct SourceFolderTests {
    @Test func `images come in natural order at the given rate`() throws {
        let clips = try Clips()
        for (name, level) in [("img10.png", 10), ("img2.jpg", 2), ("img1.png", 1)] {
            let picture = try Picture.copying(
                Array(repeating: UInt8(level * 20), count: 1200), width: 20, height: 20, channels: 3)
            try clips.write(name, name.hasSuffix("png") ? try picture.png() : try picture.jpeg(quality: 95))
        }
        try clips.write("notes.txt", [1])
        try clips.write(".hidden.png", [1])
        let yield = try Yield(settings(clips.folder, fps: 4))
        #expect(yield.numbers == [0, 1, 2] && yield.codes == [] && yield.ends.count == 1)
        #expect(yield.seconds(since: start) == [0, 0.25, 0.5])
        #expect(yield.frames.map { $0.content!.withPixels { data, _ in Int(data[0]) } } == [20, 40, 200])
    }

    @Test func `an unreadable image is rejected alone and keeps its number`() throws {
        let clips = try Clips()
        let good = try Picture.copying(Array(repeating: 9, count: 300), width: 10, height: 10, channels: 3).png()
        try clips.write("1.png", good)
        try clips.write("2.png", Array("not an image".utf8))
        try clips.write("3.png", [])
        try clips.write("4.png", good)
        let yield = try Yield(settings(clips.folder, fps: 10))
        #expect(yield.numbers == [0, 3] && yield.ends.map(\.id.frame) == [4])
        #expect(yield.codes == [SourceFault.badImage, SourceFault.badImage])
        #expect(yield.rejected.map(\.id.frame) == [1, 2])
        #expect(yield.rejected.first?.fault.reason.contains("2.png, frame 1, 2026-03-02T07:30:00.100Z") == true)
    }

    @Test func `a folder without images or without a rate is refused`() throws {
        let clips = try Clips()
        #expect(throws: SourceError.emptyFolder(path: clips.folder)) { _ = try Yield(settings(clips.folder, fps: 5)) }
        #expect(throws: SourceError.noRate(path: clips.folder)) { _ = try Yield(settings(clips.folder)) }
    }

    @Test func `natural order compares numbers of any length`() {
        let names = [
            "a10", "a9", "a", "b1", "a09", "a10b2", "a10b10", "99999999999999999999999", "100000000000000000000000",
        ]
        #expect(
            ImageFolder.inNaturalOrder(names)
                == [
                    "99999999999999999999999", "100000000000000000000000", "a", "a09", "a9", "a10", "a10b2", "a10b10",
                    "b1",
                ])
    }
}
