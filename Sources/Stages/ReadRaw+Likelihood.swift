#if canImport(Glibc)
    import Glibc
#endif

extension RawLine {
    /// Natural logarithm of how probable this look is if the plate says the text, laid along it as fits best.
    func logLikelihood(of text: [UInt8], _ lookAlikes: LookAlikes) -> Double {
        let rows = symbols.count, columns = text.count
        let width = columns + 1
        var cost = [Double](repeating: 0, count: (rows + 1) * width)
        func match(_ row: Int, _ column: Int) -> Double {
            let symbol = symbols[row]
            let best = symbol.best.character
            let least =
                PlateAlphabet.sameShape(as: best) == text[column]
                ? ReadInterpreter.Cost.sameShape
                : lookAlikes.alike(best, text[column]) ? ReadInterpreter.Cost.lookAlike : ReadInterpreter.Cost.other
            return -log(max(symbol.probability(of: text[column]), least))
        }
        for row in 0...rows {
            for column in 0...columns where row + column > 0 {
                var least = Double.infinity
                if row > 0 {
                    let atEdge = (row == 1 && column == 0) || (row == rows && column == columns)
                    let extra = atEdge ? ReadInterpreter.Cost.extraAtEdge : ReadInterpreter.Cost.extra
                    least = cost[(row - 1) * width + column] + extra
                }
                if column > 0 { least = min(least, cost[row * width + column - 1] + ReadInterpreter.Cost.missing) }
                if row > 0, column > 0 {
                    least = min(least, cost[(row - 1) * width + column - 1] + match(row - 1, column - 1))
                }
                cost[row * width + column] = least
            }
        }
        return -cost[rows * width + columns]
    }
}
