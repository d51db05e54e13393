/// Pairs rows with columns so that the summed cost is least.
///
/// Shortest augmenting paths with potentials, O(rows² × columns). Ties are resolved by index, so that the same costs give
/// the same pairs everywhere. Source: Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse
/// linear assignment problems", Computing 38 (1987).
enum Assignment {
    /// A pair that may be made, and its cost.
    struct Pair {
        var row, column: Int
        var cost: Double
    }

    /// - Parameters:
    ///   - cost: Of a row and a column; nil where they may not be paired. Asked once for each.
    ///   - limit: What leaving a row unpaired costs: a dearer pair is never made.
    /// - Returns: The column of each row, or nil.
    static func solve(rows: Int, columns: Int, limit: Double, cost: (Int, Int) -> Double?) -> [Int?] {
        var pairs: [Pair] = []
        for row in 0..<rows {
            for column in 0..<columns {
                if let value = cost(row, column), value <= limit {
                    pairs.append(Pair(row: row, column: column, cost: value))
                }
            }
        }
        return solve(rows: rows, columns: columns, limit: limit, pairs: pairs)
    }

    /// - Parameter pairs: In any order; each at most once, none dearer than the limit.
    ///
    /// Rows and columns that share no possible pair don't touch each other, so each group of them is solved alone: on a
    /// road most groups are one row and one column.
    static func solve(rows: Int, columns: Int, limit: Double, pairs: [Pair]) -> [Int?] {
        var result = [Int?](repeating: nil, count: rows)
        guard !pairs.isEmpty else { return result }
        // How many pairs each row and, after them, each column has.
        var degree = [Int](repeating: 0, count: rows + columns)
        for pair in pairs {
            degree[pair.row] += 1
            degree[rows + pair.column] += 1
        }
        var tangled: [Pair] = []
        for pair in pairs {
            if degree[pair.row] == 1, degree[rows + pair.column] == 1 {
                result[pair.row] = pair.column
            } else {
                tangled.append(pair)
            }
        }
        if !tangled.isEmpty { untangle(tangled, rows: rows, columns: columns, limit: limit, result: &result) }
        return result
    }

    /// Solves the groups of more than one row and one column.
    private static func untangle(
        _ pairs: [Pair], rows: Int, columns: Int, limit: Double, result: inout [Int?]
    ) {
        // Rows, then columns; each points to one of its group with a lower place, the first of all to itself.
        var parents = Array(0..<rows + columns)
        for pair in pairs {
            let a = root(of: pair.row, in: &parents)
            let b = root(of: rows + pair.column, in: &parents)
            if a != b { parents[max(a, b)] = min(a, b) }
        }
        // By group, in the order of their first rows; within one, by row, then column.
        let ordered = pairs.map { (group: root(of: $0.row, in: &parents), pair: $0) }.sorted {
            if $0.group != $1.group { return $0.group < $1.group }
            return $0.pair.row != $1.pair.row ? $0.pair.row < $1.pair.row : $0.pair.column < $1.pair.column
        }
        var place = [Int](repeating: -1, count: columns)
        var start = 0
        while start < ordered.count {
            var end = start
            while end < ordered.count, ordered[end].group == ordered[start].group { end += 1 }
            solve(group: ordered[start..<end], limit: limit, place: &place, result: &result)
            start = end
        }
    }

    private static func root(of place: Int, in parents: inout [Int]) -> Int {
        var place = place
        while parents[place] != place {
            parents[place] = parents[parents[place]]
            place = parents[place]
        }
        return place
    }

    /// - Parameters:
    ///   - group: The pairs of one group, by row, then column.
    ///   - place: -1 for each column, and so again on return.
    private static func solve(
        group: ArraySlice<(group: Int, pair: Pair)>, limit: Double, place: inout [Int], result: inout [Int?]
    ) {
        var groupRows: [Int] = []
        var groupColumns: [Int] = []
        for (_, pair) in group {
            if groupRows.last != pair.row { groupRows.append(pair.row) }
            if place[pair.column] < 0 {
                place[pair.column] = groupColumns.count
                groupColumns.append(pair.column)
            }
        }
        defer { for column in groupColumns { place[column] = -1 } }
        if groupRows.count == 1 || groupColumns.count == 1 {
            var best = group[group.startIndex].pair
            for (_, pair) in group where pair.cost < best.cost { best = pair }
            result[best.row] = best.column
            return
        }
        // One spare column a row, so that every row can stay unpaired at the price of the limit.
        let width = groupColumns.count + groupRows.count
        var costs = [Double](repeating: limit, count: groupRows.count * width)
        var row = -1
        var last = -1
        for (_, pair) in group {
            if pair.row != last {
                row += 1
                last = pair.row
                for column in groupColumns.indices { costs[row * width + column] = forbidden }
            }
            costs[row * width + place[pair.column]] = pair.cost
        }
        let owner = shortestPaths(costs, rows: groupRows.count, width: width)
        for column in groupColumns.indices where owner[column] >= 0 {
            guard costs[owner[column] * width + column] < forbidden else { continue }
            result[groupRows[owner[column]]] = groupColumns[column]
        }
    }

    private static let forbidden = 1e9

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
