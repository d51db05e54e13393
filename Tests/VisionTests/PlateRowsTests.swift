import Testing
import Traffic

@testable import Vision

@Suite struct PlateRowsTests {
    /// Upright bars on the given lines of a plate of 140 by 100, grey elsewhere; at 30, 20 in a larger picture.
    private func picture(_ printed: [Range<Int>]) throws -> Picture {
        var pixels = [UInt8](repeating: 128, count: 200 * 140)
        for line in printed.joined() {
            for column in 0..<140 { pixels[(20 + line) * 200 + 30 + column] = column % 8 < 4 ? 20 : 230 }
        }
        return try Picture.copying(pixels, width: 200, height: 140, channels: 1)
    }
    private let corners = Quadrilateral(Box(x: 30, y: 20, width: 140, height: 100))

    @Test(arguments: [
        ("half and half", [8..<46, 54..<92]), ("below a band with the state", [2..<14, 26..<57, 63..<95]),
        ("uneven", [6..<40, 48..<94]),
    ])
    func `each row is cut whole, and without the other`(name: String, printed: [Range<Int>]) throws {
        let rows = try PlateRows.find(in: picture(printed), corners)
        #expect(rows.count == 2)
        for (row, ink) in zip(rows, printed.suffix(2)) {
            let cut = (low: row.lowerBound * 100, high: row.upperBound * 100)
            #expect(cut.low <= Double(ink.lowerBound) && cut.high >= Double(ink.upperBound), "\(name): \(row)")
            // A row may show the edge of its neighbour, not a quarter of it.
            for other in printed where other != ink {
                let shared = min(cut.high, Double(other.upperBound)) - max(cut.low, Double(other.lowerBound))
                #expect(shared < Double(other.count) / 4, "\(name): \(row) shows \(other)")
            }
        }
    }

    @Test func `a blank plate has rows all the same`() throws {
        let rows = try PlateRows.find(in: picture([]), corners)
        #expect(rows.count == 2 && rows.allSatisfy { $0.upperBound - $0.lowerBound > 0.2 })
    }
}
