import GantryTesting
import Testing

@testable import Stages

@Suite struct AssignmentTests {
    /// Goal: the pairs cost least, leaving a row alone at the price of the limit.
    /// Method: every assignment of small seeded matrices, forbidden pairs included, is tried by hand.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no assignment is cheaper than the one found`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let rows = 1 + random.index(5)
            let columns = 1 + random.index(5)
            let costs = (0..<rows).map { _ in
                (0..<columns).map { _ in random.chance(0.25) ? nil : Double(random.index(40)) / 20 }
            }
            let found = Assignment.solve(rows: rows, columns: columns, limit: 1.2) { costs[$0][$1] }
            let taken = found.compactMap { $0 }
            #expect(Set(taken).count == taken.count, "seed \(seed), round \(round)")
            for (row, column) in found.enumerated() {
                if let column { #expect((costs[row][column] ?? .infinity) <= 1.2, "seed \(seed), round \(round)") }
            }
            var price = 0.0
            for (row, column) in found.enumerated() { price += column.flatMap { costs[row][$0] } ?? 1.2 }
            let best = Self.cheapest(costs, row: 0, free: Set(0..<columns), limit: 1.2)
            #expect(abs(price - best) < 1e-9, "seed \(seed), round \(round): \(price) against \(best)")
        }
    }

    private static func cheapest(_ costs: [[Double?]], row: Int, free: Set<Int>, limit: Double) -> Double {
        guard row < costs.count else { return 0 }
        var best = limit + cheapest(costs, row: row + 1, free: free, limit: limit)
        for column in free {
            guard let cost = costs[row][column], cost <= limit else { continue }
            best = min(best, cost + cheapest(costs, row: row + 1, free: free.subtracting([column]), limit: limit))
        }
        return best
    }

    @Test func `nothing is paired where nothing may be`() {
        #expect(Assignment.solve(rows: 2, columns: 2, limit: 1) { _, _ in nil } == [nil, nil])
        #expect(Assignment.solve(rows: 2, columns: 0, limit: 1) { _, _ in 0 } == [nil, nil])
        #expect(Assignment.solve(rows: 0, columns: 2, limit: 1) { _, _ in 0 } == [])
        #expect(Assignment.solve(rows: 1, columns: 1, limit: 1) { _, _ in .nan } == [nil])
    }

    @Test func `a greedy choice gives way to the cheaper whole`() {
        let costs = [[0.1, 0.2], [0.15, 0.9]]
        #expect(Assignment.solve(rows: 2, columns: 2, limit: 1) { costs[$0][$1] } == [1, 0])
    }

    @Test func `equal costs go by index`() {
        #expect(Assignment.solve(rows: 3, columns: 3, limit: 1) { _, _ in 0.5 } == [0, 1, 2])
    }
}
