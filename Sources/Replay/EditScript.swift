/// The fewest changes that make one text of another.
///
/// Source: Wagner and Fischer, "The string-to-string correction problem", 1974.
enum EditScript {
    /// One step of the cheapest way from one text to another, with places in both.
    enum Step: Equatable {
        case keep(from: Int, to: Int)
        case change(from: Int, to: Int)
        case leaveOut(from: Int)
        case add(to: Int)
    }

    /// The cheapest way, from the beginning; of equal ways always the same.
    static func steps(from a: [UInt8], to b: [UInt8]) -> [Step] {
        let cost = table(a, b)
        var steps: [Step] = []
        var i = a.count
        var j = b.count
        while i > 0 || j > 0 {
            if i > 0, j > 0, a[i - 1] == b[j - 1], cost[i][j] == cost[i - 1][j - 1] {
                steps.append(.keep(from: i - 1, to: j - 1))
                (i, j) = (i - 1, j - 1)
            } else if i > 0, j > 0, cost[i][j] == cost[i - 1][j - 1] + 1 {
                steps.append(.change(from: i - 1, to: j - 1))
                (i, j) = (i - 1, j - 1)
            } else if i > 0, cost[i][j] == cost[i - 1][j] + 1 {
                steps.append(.leaveOut(from: i - 1))
                i -= 1
            } else {
                steps.append(.add(to: j - 1))
                j -= 1
            }
        }
        return steps.reversed()
    }

    private static func table(_ a: [UInt8], _ b: [UInt8]) -> [[Int]] {
        var cost = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                row.append(min(cost[i][j] + (a[i] == b[j] ? 0 : 1), cost[i][j + 1] + 1, row[j] + 1))
            }
            cost.append(row)
        }
        return cost
    }
}
