#if canImport(Glibc)
    import Glibc
#endif

/// One look at a plate laid along a text in the way that explains it best.
struct Alignment {
    /// Natural logarithm of how probable this look is if the plate says the text.
    let logLikelihood: Double
    /// The reader's belief in each character of the text, in its order; 0 where the look has no symbol.
    let belief: [Double]

    init(_ line: RawLine, _ text: [UInt8], _ lookAlikes: LookAlikes) {
        let rows = line.symbols.count, columns = text.count
        let width = columns + 1
        var cost = [Double](repeating: 0, count: (rows + 1) * width)
        func match(_ row: Int, _ column: Int) -> Double {
            let symbol = line.symbols[row]
            let least =
                lookAlikes.alike(symbol.best.character, text[column])
                ? ReadInterpreter.Cost.lookAlike : ReadInterpreter.Cost.other
            return -log(max(symbol.probability(of: text[column]), least))
        }
        for row in 0...rows {
            for column in 0...columns where row + column > 0 {
                var least = Double.infinity
                if row > 0 { least = cost[(row - 1) * width + column] + ReadInterpreter.Cost.extra }
                if column > 0 { least = min(least, cost[row * width + column - 1] + ReadInterpreter.Cost.missing) }
                if row > 0, column > 0 {
                    least = min(least, cost[(row - 1) * width + column - 1] + match(row - 1, column - 1))
                }
                cost[row * width + column] = least
            }
        }
        logLikelihood = -cost[rows * width + columns]

        var belief = [Double](repeating: 0, count: columns)
        var row = rows, column = columns
        while row > 0 || column > 0 {
            let here = cost[row * width + column]
            if row > 0, column > 0, here == cost[(row - 1) * width + column - 1] + match(row - 1, column - 1) {
                row -= 1
                column -= 1
                belief[column] = line.symbols[row].probability(of: text[column])
            } else if row > 0, here == cost[(row - 1) * width + column] + ReadInterpreter.Cost.extra {
                row -= 1
            } else {
                column -= 1
            }
        }
        self.belief = belief
    }
}
