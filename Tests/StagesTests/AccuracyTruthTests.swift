import Testing
import Traffic

@testable import Stages

@Suite struct AccuracyTruthTests {
    private func truth(_ tsv: String, whole: Bool = false) throws(PlateTruthError) -> PlateTruth {
        try PlateTruth(tsv: tsv, path: "truth.tsv", allowsWholeImages: whole) { ["a.jpg", "b.jpg"].contains($0) }
    }

    @Test func `rows become labels, image by image`() throws {
        let read = try truth("a.jpg\t1\t2\t30\t10\tab-12\nb.jpg\t0\t0.5\t9\t3\tX1\n\na.jpg\t5\t2\t30\t10\tCD34\n")
        #expect(read.images.map(\.file) == ["a.jpg", "b.jpg"])
        #expect(read.images[0].labels.map(\.text.text) == ["AB12", "CD34"])
        #expect(read.labels[1].box == Box(x: 0, y: 0.5, width: 9, height: 3))
        #expect(read.labels.map(\.line) == [1, 2, 4])
    }

    @Test func `a heading and line ends of Windows don't matter`() throws {
        let read = try truth("file\tx\ty\twidth\theight\ttext\r\na.jpg\t1\t2\t30\t10\tAB12\r\n")
        #expect(read.labels.map(\.line) == [2])
        #expect(read.labels.map(\.text.text) == ["AB12"])
    }

    @Test func `whole images need no box, where they are allowed`() throws {
        #expect(try truth("a.jpg\tAB12\n", whole: true).labels[0].box == nil)
        #expect(throws: PlateTruthError.self) { try truth("a.jpg\tAB12\n") }
    }

    @Test(arguments: [
        ("a.jpg 1 2 30 10 AB12", "1 column instead of 6"), ("a.jpg\tAB12", "2 columns instead of 6"),
        ("a.jpg\t1\t2\t30\t10", "5 columns instead of 6"), ("a.jpg\t1\t2\t30\t10\tA\tB", "7 columns instead of 6"),
        ("c.jpg\t1\t2\t30\t10\tAB12", "there is no image 'c.jpg' beside it"),
        ("a.jpg\tone\t2\t30\t10\tAB12", "x is 'one', which is no number"),
        ("a.jpg\t1\t2\t30\tnan\tAB12", "height is 'nan', which is no number"),
        ("a.jpg\t1\t2\t0\t10\tAB12", "the plate is 0 wide and 10 high"),
        ("a.jpg\t1\t2\t30\t10\t--", "the text '--' has no letter A-Z or digit"),
        ("a.jpg\t1\t2\t30\t8\tAB12", "the same plate as line 1"),
    ])
    func `a faulty row is named with its line`(row: String, what: String) throws {
        let error = #expect(throws: PlateTruthError.self) { try truth("a.jpg\t1\t2\t30\t8\tAB12\n\(row)\n") }
        guard case .problems("truth.tsv", let problems) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(problems.map(\.line) == [2])
        #expect(problems.map(\.what) == [what])
    }

    @Test func `all faulty rows are reported at once, but not without end`() {
        let error = #expect(throws: PlateTruthError.self) { try truth(String(repeating: "nothing\n", count: 40)) }
        let lines = "\(error as Any)".split(separator: "\n")
        #expect(lines.count < 20 && lines.last?.contains("and 28 more") == true)
    }

    @Test func `no row at all is an error`() {
        #expect(throws: PlateTruthError.empty(path: "truth.tsv")) { try truth("\n\n") }
    }
}
