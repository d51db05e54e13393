internal import Traffic

/// Where the rows of a plate with two lie, found by how busy its lines of pixels are.
///
/// Such plates divide their height in many ways: half and half in Europe, below a band with the state or the town in
/// South America. Between the rows, and between them and what is printed above, there are lines with few edges.
enum PlateRows {
    /// The plate is looked at in this size: a line of pixels is a hundredth of its height.
    private static let columns = 96
    private static let lines = 100
    /// The gap between the rows lies here.
    private static let gaps = 40..<66
    /// No row is lower or taller than this many hundredths of the plate.
    private static let least = 22
    private static let most = 48
    /// Rows are cut so much further, in hundredths: seldom are they quite level.
    private static let slack = 2

    /// The upper and the lower row, as parts of the plate's height: 0 is its top, 1 its bottom. They overlap a little
    /// and may reach a little beyond the plate.
    ///
    /// Source of the numbers: docs/decisions/0006-reading.md.
    static func find(in source: Picture, _ corners: Quadrilateral) throws(VisionError) -> [ClosedRange<Double>] {
        let busy = try profile(source, corners)
        let gap = calmest(busy, gaps)
        // What is printed above the upper row ends at its calmest line; without such a line the row ends with the plate.
        let above = calmest(busy, 0..<(gap - least - 3))
        let top = gap - above <= most ? above : max(-3, gap - most + 3)
        let bottom = max(calmest(busy, min(gap + least, lines - 1)..<lines), min(lines + 3, gap + 30))
        func share(_ line: Int) -> Double { Double(line) / Double(lines) }
        return [share(top - slack)...share(gap + slack), share(gap - slack)...share(bottom + slack)]
    }

    /// For each line of pixels the mean step of brightness from one pixel to the next, smoothed over seven lines.
    private static func profile(_ source: Picture, _ corners: Quadrilateral) throws(VisionError) -> [Int] {
        let plate = try source.rectified(corners, width: columns, height: lines).grey()
        let steps = plate.withPixels { data, step in
            (0..<lines).map { line in
                (1..<columns).reduce(0) { sum, column in
                    sum + abs(Int(data[line * step + column]) - Int(data[line * step + column - 1]))
                }
            }
        }
        let weights = [1, 2, 3, 4, 3, 2, 1]
        return (0..<lines).map { line in
            weights.indices.reduce(0) { sum, at in
                sum + weights[at] * steps[min(lines - 1, max(0, line + at - 3))]
            }
        }
    }

    private static func calmest(_ busy: [Int], _ lines: Range<Int>) -> Int {
        lines.min { busy[$0] < busy[$1] }!  // the callers' ranges are never empty
    }
}
