/// The quickest ways to a place, from everywhere.
///
/// Drivers know the usual delays of free roads, of the morning and of the evening, and each has one of two tastes: the
/// plain times, or times that are off by some tenths on every edge. A tree to one place takes a byte a junction and is
/// made when first asked for; all trees of the largest city take about 90 MB.
struct CityRoutes {
    enum Period: Int, CaseIterable { case free, morning, evening }
    static let tastes = 2

    private let network: CityNetwork
    /// Seconds, by period and taste, then edge.
    private let weights: [[Float]]
    /// By destination, period and taste; empty until needed. Of each junction, which of its edges to take.
    private var trees: [[UInt8]]
    private var distance: [Float] = []
    private var heap = CityHeap()

    /// - Parameter places: How many destinations there are.
    init(_ network: CityNetwork, places: Int, seed: UInt64) {
        self.network = network
        var random = CityRandom(seed, .taste)
        let taste = network.edges.map { _ in 1 + 0.35 * random.unit() }
        weights = Period.allCases.flatMap { period in
            (0..<Self.tastes).map { number in
                network.edges.enumerated().map { index, edge in
                    let delay =
                        switch period {
                        case .free: 0.15 * (edge.morning + edge.evening)
                        case .morning: 0.8 * edge.morning
                        case .evening: 0.8 * edge.evening
                        }
                    let seconds = edge.length / edge.road.speed * (1 + delay) + (edge.hasSignal ? 10 : 0)
                    return Float(number == 0 ? seconds : seconds * taste[index])
                }
            }
        }
        trees = Array(repeating: [], count: places * Period.allCases.count * Self.tastes)
    }

    /// Where ``next(at:tree:)`` finds the way.
    ///
    /// - Parameters:
    ///   - place: The destination's number.
    ///   - node: Its junction.
    mutating func tree(to place: Int, at node: Int, _ period: Period, taste: Int) -> Int {
        let way = period.rawValue * Self.tastes + taste
        let index = place * Period.allCases.count * Self.tastes + way
        if trees[index].isEmpty { trees[index] = grow(to: node, weights[way]) }
        return index
    }

    /// The edge to take at a junction, which is not the tree's destination.
    func next(at node: Int, tree: Int) -> Int { network.firstEdge[node] + Int(trees[tree][node]) }

    /// Dijkstra's algorithm, backwards from the destination.
    private mutating func grow(to destination: Int, _ weights: [Float]) -> [UInt8] {
        var tree = [UInt8](repeating: 0, count: network.nodes.count)
        distance = Array(repeating: .infinity, count: network.nodes.count)
        distance[destination] = 0
        heap.push(0, destination)
        while let (far, node) = heap.pop() {
            if far > distance[node] { continue }
            for edge in network.incoming[node] {
                let from = network.edges[edge].from
                let through = far + weights[edge]
                guard through < distance[from] else { continue }
                distance[from] = through
                tree[from] = UInt8(edge - network.firstEdge[from])
                heap.push(through, from)
            }
        }
        return tree
    }
}

/// A binary heap, the least first. Of equal ones either.
struct CityHeap {
    private var items: [(key: Float, node: Int32)] = []

    mutating func push(_ key: Float, _ node: Int) {
        var at = items.count
        items.append((key, Int32(node)))
        while at > 0, items[(at - 1) / 2].key > key {
            items[at] = items[(at - 1) / 2]
            at = (at - 1) / 2
        }
        items[at] = (key, Int32(node))
    }

    mutating func pop() -> (key: Float, node: Int)? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        if items.isEmpty { return (first.key, Int(first.node)) }
        var at = 0
        while true {
            var child = 2 * at + 1
            if child >= items.count { break }
            if child + 1 < items.count, items[child + 1].key < items[child].key { child += 1 }
            if items[child].key >= last.key { break }
            items[at] = items[child]
            at = child
        }
        items[at] = last
        return (first.key, Int(first.node))
    }
}
