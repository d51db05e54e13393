/// Where trips begin and end: junctions with people, jobs or shops, and the ways into the city.
struct CityPlaces {
    /// At most so many: routes are kept for each.
    static let most = 1200

    let network: CityNetwork
    /// Junctions by place, the gates last.
    let nodes: [Int]
    /// Places from here on are gates.
    let firstGate: Int
    /// Running sums of weights, without gates.
    let homes, jobs, shops: [Double]

    init(_ network: CityNetwork, seed: UInt64) {
        self.network = network
        var random = CityRandom(seed, .places)
        var all = Array(network.nodes.indices)
        // The first so many of a shuffle.
        let count = min(Self.most, all.count)
        for index in 0..<count { all.swapAt(index, index + random.index(all.count - index)) }
        let inner = all[..<count].sorted()
        let side = network.side
        let gates = network.nodes.indices.filter { index in
            let node = network.nodes[index]
            let atEnd = node.row == 0 || node.column == 0 || node.row == side - 1 || node.column == side - 1
            let larger = network.edges(from: index).contains { network.edges[$0].road == .arterial }
            let motorway = network.edges(from: index).contains { network.edges[$0].road == .motorway }
            // Many arterials reach the edge of a large city; a third of them go on.
            return atEnd && (motorway || larger && (side < 24 || (node.row + node.column) % 3 == 0))
        }
        nodes = inner + gates
        firstGate = inner.count
        let middle = Double(side) / 2
        func sums(_ weight: (Double) -> Double) -> [Double] {
            var sum = 0.0
            return inner.map { index in
                let node = network.nodes[index]
                let (east, north) = ((node.x / CityNetwork.block - middle), (node.y / CityNetwork.block - middle))
                // 1 at the middle of a side.
                sum += weight((east * east + north * north) / (middle * middle)) * random.double(0.3...1.7)
                return sum
            }
        }
        // Fewer people and far fewer jobs further out.
        homes = sums { 1 / (1 + 2.5 * $0) }
        jobs = sums { 1 / ((1 + 5 * $0) * (1 + 5 * $0)) }
        shops = sums { 1 / (1 + 4 * $0) }
    }

    /// Blocks between two places, along the grid.
    func blocks(_ a: Int, _ b: Int) -> Int {
        let (first, second) = (network.nodes[nodes[a]], network.nodes[nodes[b]])
        return abs(first.row - second.row) + abs(first.column - second.column)
    }

    /// A place other than the present one, nearer ones likelier: halved at 5 km, a fifth at 10 km.
    func choose(_ sums: [Double], from origin: Int, _ random: inout CityRandom) -> Int {
        var best = origin, total = 0.0
        for _ in 0..<6 {
            let candidate = random.index(sums: sums)
            if candidate == origin { continue }
            let distance = Double(blocks(origin, candidate)) * CityNetwork.block / 5000
            let weight = 1 / (1 + distance * distance)
            total += weight
            if random.unit() * total < weight { best = candidate }
        }
        // A city of one popular place is no reason to stay.
        return best == origin ? (origin + 1 + random.index(firstGate - 1)) % firstGate : best
    }

    func gate(_ random: inout CityRandom) -> Int { firstGate + random.index(nodes.count - firstGate) }
}
