import Testing
import Traffic

@Suite struct GeometryTests {
    private let box = Box(x: 10, y: 20, width: 100, height: 50)

    @Test func `a box knows its edges, centre and area`() {
        #expect(box.maxX == 110 && box.maxY == 70 && box.area == 5000)
        #expect(box.center == Point(x: 60, y: 45))
        #expect(box.contains(Point(x: 10, y: 20)) && !box.contains(Point(x: 110, y: 20)))
        #expect(Box(x: 0, y: 0, width: -5, height: 5).area == 0)
    }

    struct Pair: Sendable {
        var other: Box
        var overlap, cover: Double
    }

    @Test(arguments: [
        Pair(other: Box(x: 10, y: 20, width: 100, height: 50), overlap: 1, cover: 1),
        Pair(other: Box(x: 60, y: 20, width: 100, height: 50), overlap: 1.0 / 3, cover: 0.5),
        Pair(other: Box(x: 20, y: 30, width: 10, height: 10), overlap: 0.02, cover: 1),
        Pair(other: Box(x: 110, y: 20, width: 10, height: 10), overlap: 0, cover: 0),
        Pair(other: Box(x: 20, y: 30, width: 0, height: 0), overlap: 0, cover: 0),
    ])
    func `overlap and cover are shares`(pair: Pair) {
        #expect(abs(box.overlap(pair.other) - pair.overlap) < 1e-12)
        #expect(abs(pair.other.overlap(box) - pair.overlap) < 1e-12)
        #expect(abs(box.cover(of: pair.other) - pair.cover) < 1e-12)
    }

    @Test func `two empty boxes overlap by nothing, not by no number`() {
        let empty = Box(x: 0, y: 0, width: 0, height: 0)
        #expect(empty.overlap(empty) == 0)
    }

    @Test func `padding grows each side, clamping keeps what is in the frame`() {
        #expect(box.padded(x: 0.1, y: 0.2) == Box(x: 0, y: 10, width: 120, height: 70))
        #expect(box.clamped(width: 50, height: 40) == Box(x: 10, y: 20, width: 40, height: 20))
        #expect(box.clamped(width: 10, height: 40) == nil)
    }

    @Test func `a quadrilateral of a box is bounded by that box`() {
        #expect(Quadrilateral(box).bounds == box)
        #expect(Quadrilateral(box).points.map(\.x) == [10, 110, 110, 10])
    }
}
