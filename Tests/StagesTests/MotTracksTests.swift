import Testing
import Traffic

@testable import Stages

/// Boxes in the text format of the MOT Challenge, in and out.
@Suite struct MotTracksTests {
    private func rows(_ text: String) throws -> [MotDetections.Row] { try MotDetections(text: Array(text.utf8)).rows }

    private func tracked(_ text: String, framesPerSecond: Double = 10) throws -> [String] {
        let boxes = try MotDetections(text: Array(text.utf8))
        let tracks = MotTracks(boxes, framesPerSecond: framesPerSecond)
        return String(decoding: tracks.text(boxes), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Two people walking apart, ten frames; the second's scores sink.
    private static func pair(_ line: (_ frame: Int, _ person: Int, _ x: Double, _ score: Double) -> String) -> [String]
    {
        (1...10).flatMap { frame in
            [line(frame, 1, 100 + 4 * Double(frame), 0.95), line(frame, 2, 500 - 4 * Double(frame), 0.8)]
        }
    }

    @Test(arguments: [
        "3,-1,10,20.5,30,40,0.9,-1,-1,-1", "3 -1 10 20.5 30 40 0.9", " 3, -1, 10, 20.5, 30, 40, 0.9 ",
        "3\t-1\t10\t20.5\t30\t40\t0.9\t1\t0.8", "3.0;7;1e1;20.5;30;40;0.9", "3,-1,10,20.5,30,40,0.9\r\n\r\n",
        "\u{feff}3,-1,10,20.5,30,40,.9,-1",
    ])
    func `a line is read however its columns are parted`(text: String) throws {
        let row = try #require(try rows(text).first)
        #expect(row.frame == 3 && row.box == Box(x: 10, y: 20.5, width: 30, height: 40) && row.score == 0.9)
    }

    @Test func `a missing score is no score`() throws {
        #expect(try rows("1,-1,1,2,3,4\n1,-1,1,2,3,4,\n").map(\.score) == [nil, nil])
    }

    @Test func `numbers are read to the last bit`() throws {
        for text in ["0.1", "1234.5678", "-0.000123", "123456789012345678", "3.141592653589793", "6.02e3", "+5"] {
            #expect(try rows("1,-1,\(text),2,3,4,5").map(\.box.x) == [Double(text)!], "\(text)")
        }
    }

    @Test(arguments: [
        ("1,-1,1,2,3", 1), ("1,-1,1,2,3,4,0.5\n\nframe,id,x,y,w,h\n", 3), ("1,-1,1,2,nan,4,0.5", 1),
        ("1.5,-1,1,2,3,4,0.5", 1), ("-1,-1,1,2,3,4,0.5", 1), ("1,-1,1,,3,4,0.5", 1), ("1,-1,1,2,3,4,high", 1),
        ("99999999999,-1,1,2,3,4,1", 1),
    ])
    func `a bad line is named`(text: String, line: Int) {
        #expect {
            try rows(text)
        } throws: { error in
            guard case MotError.line(let number, _)? = error as? MotError else { return false }
            return number == line && "\(error)".contains("frame,id,x,y,w,h,score")
        }
    }

    @Test func `each box that was given comes back once, as it was written, with the id of its track`() throws {
        let lines = Self.pair { "\($0),-1,\($2),200.10,60,150,\($3),-1,-1,-1" }
        let out = try tracked(lines.joined(separator: "\n"))
        let expected = Self.pair { "\($0),\($1),\($2),200.10,60,150,\($3),-1,-1,-1" }
        #expect(out == expected)
        let late = (lines[12...] + lines[4..<12] + lines[..<4]).joined(separator: "\n")
        #expect(try tracked(late) == expected, "in whatever order the frames came")
        #expect(try tracked(lines.map { $0.replacing(",", with: " ") }.joined(separator: "\n")) == expected)
    }

    @Test(arguments: [1.0, 100, 37, 0.3])
    func `the range of the scores changes nothing`(scale: Double) throws {
        let ids = try tracked(Self.pair { "\($0),-1,\($2),200,60,150,\($3 * scale)" }.joined(separator: "\n"))
        #expect(ids.map { $0.split(separator: ",")[1] } == (1...10).flatMap { _ in ["1", "2"] })
    }

    @Test(arguments: ["", ",1", ",-1", ",0"])
    func `scores that say nothing make every box sure`(score: String) throws {
        let out = try tracked(
            Self.pair { (frame, _, x, _) in "\(frame),-1,\(x),200,60,150\(score)" }.joined(separator: "\n"))
        #expect(out.count == 20 && out.allSatisfy { $0.hasSuffix("\(score.isEmpty ? ",1" : score),-1,-1,-1") })
    }

    @Test func `margins below zero are odds against a box`() throws {
        let lines = Self.pair { (frame, person, x, _) in "\(frame),-1,\(x),200,60,150,\(person == 1 ? 1.4 : -4)" }
        #expect(try tracked(lines.joined(separator: "\n")).count == 10)
    }

    @Test func `a box that shows up in one frame alone is left out, and so is clutter that is never sure`() throws {
        var lines = Self.pair { "\($0),-1,\($2),200,60,150,\($3)" } + ["4,-1,900,300,60,150,0.99"]
        lines += (1...10).map { "\($0),-1,1300,300,60,150,0.4" }
        #expect(try tracked(lines.joined(separator: "\n")).count == 20)
    }

    @Test func `long silence closes tracks, and their ids are not used again`() throws {
        let early = Self.pair { "\($0),-1,\($2),200,60,150,\($3)" }
        let late = Self.pair { "\($0 + 900_000_000),-1,\($2),200,60,150,\($3)" }
        let ids = try tracked((late + early).joined(separator: "\n")).map { $0.split(separator: ",")[1] }
        #expect(Set(ids) == ["1", "2", "3", "4"] && ids.prefix(20).allSatisfy { $0 < "3" })
    }

    @Test func `nothing in, nothing out`() throws {
        #expect(try tracked("") == [] && tracked("\n \n") == [])
    }

    @Test func `people side by side stay two`() throws {
        let lines = (1...10).flatMap { frame in
            [0.0, 18].map { "\(frame),-1,\(100 + 4 * Double(frame) + $0),200,60,150,0.9" }
        }
        let ids = try tracked(lines.joined(separator: "\n")).map { $0.split(separator: ",")[1] }
        #expect(ids == (1...10).flatMap { _ in ["1", "2"] })
    }

    @Test func `a jolt of the camera breaks no track`() throws {
        // In one frame the picture jumps by most of a width: no box overlaps its own of the frame before by enough.
        let lines = (1...20).flatMap { frame in
            (0..<6).map { person in
                let x = 60 + 130 * Double(person) + 3 * Double(frame) + (frame > 10 ? 46 : 0)
                return "\(frame),-1,\(x),\(100 + 30 * person),60,150,0.9"
            }
        }
        let boxes = try MotDetections(text: Array(lines.joined(separator: "\n").utf8))
        #expect(MotTracks(boxes, framesPerSecond: 10).count == 6)
        var fixed = Associate.Settings.boxesAlone
        fixed.followsCamera = false
        #expect(MotTracks(boxes, framesPerSecond: 10, settings: fixed).count > 6, "the jolt is what it follows")
    }

    @Test func `seqinfo gives rate and size`() throws {
        let info = try MotSequence(ini: "[Sequence]\r\nname=A\r\nframeRate = 14\r\nimWidth=640\r\nimHeight=480\r\n")
        #expect(info.framesPerSecond == 14 && info.width == 640 && info.height == 480)
        for text in ["", "frameRate=0", "frameRate=fast", "frameRate=nan"] {
            #expect(throws: MotError.self) { try MotSequence(ini: text) }
        }
    }
}
