/// Pairs rows with columns so that the summed cost is least.
///
/// Shortest augmenting paths with potentials, O(rows² × columns). Ties are resolved by index, so that the same costs give
/// the same pairs everywhere. Source: Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse
/// linear assignment problems", Computing 38 (1987).
enum Assignment {
    /// - Parameters:
    ///   - cost: Of a row and a column; nil where they may not be paired. Asked once for each.
    ///   - limit: What leaving a row unpaired costs: a dearer pair is never made.
    /// - Returns: The column of each row, or nil.
    static func solve(rows: Int, columns: Int, limit: Double, cost: (Int, Int) -> Double?) -> [Int?] {
        guard rows > 0, columns > 0 else { return Array(repeating: nil, count: rows) }
        // One spare column a row, so that every row can stay unpaired at the price of the limit.
        let width = columns + rows
        let forbidden = 1e9
        var costs = [Double](repeating: limit, count: rows * width)
        var possible = false
        for row in 0..<rows {
            for column in 0..<columns {
                let value = cost(row, column) ?? forbidden
                let usable = value <= limit
                costs[row * width + column] = usable ? value : forbidden
                possible = possible || usable
            }
        }
        guard possible else { return Array(repeating: nil, count: rows) }
        let owner = shortestPaths(costs, rows: rows, width: width)
        var result = [Int?](repeating: nil, count: rows)
        for column in 0..<columns where owner[column] >= 0 && costs[owner[column] * width + column] < forbidden {
            result[owner[column]] = column
        }
        return result
    }

    /// The row that owns each column, or -1.
    private static func shortestPaths(_ costs: [Double], rows: Int, width: Int) -> [Int] {
        var rowPrice = [Double](repeating: 0, count: rows)
        var columnPrice = [Double](repeating: 0, count: width)
        var owner = [Int](repeating: -1, count: width)
        var distance = [Double](repeating: 0, count: width)
        var previous = [Int](repeating: -1, count: width)
        var done = [Bool](repeating: false, count: width)
        for start in 0..<rows {
            for column in 0..<width {
                distance[column] = .infinity
                previous[column] = -1
                done[column] = false
            }
            var row = start
            var last = -1
            var reached = 0.0
            while true {
                var next = -1
                var least = Double.infinity
                for column in 0..<width where !done[column] {
                    let through = reached + costs[row * width + column] - rowPrice[row] - columnPrice[column]
                    if through < distance[column] {
                        distance[column] = through
                        previous[column] = last
                    }
                    if distance[column] < least {
                        least = distance[column]
                        next = column
                    }
                }
                reached = least
                last = next
                done[next] = true
                if owner[next] < 0 { break }
                row = owner[next]
            }
            for column in 0..<width where done[column] && column != last {
                columnPrice[column] += distance[column] - reached
                rowPrice[owner[column]] += reached - distance[column]
            }
            rowPrice[start] += reached
            while last >= 0 {
                let before = previous[last]
                owner[last] = before < 0 ? start : owner[before]
                last = before
            }
        }
        return owner
    }
}
