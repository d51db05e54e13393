/// What a road is for; the order is from fast to slow.
public enum RoadClass: String, Sendable, CaseIterable {
    case motorway, arterial, collector, residential

    /// Metres per second that are allowed: 90, 50, 50 and 30 km/h.
    public var speed: Double {
        switch self {
        case .motorway: 25
        case .arterial, .collector: 13.9
        case .residential: 8.3
        }
    }

    public var lanes: Int {
        switch self {
        case .motorway: 3
        case .arterial: 2
        case .collector, .residential: 1
        }
    }

    /// How much longer a drive takes at the worst hour, on average, as a share of the free time.
    var delay: Double {
        switch self {
        case .motorway: 1.0
        case .arterial: 0.9
        case .collector: 0.6
        case .residential: 0.3
        }
    }
}

/// Junctions and the one-way edges between them: a grid with streets of four classes.
///
/// Every fourth line is an arterial, the lines between in turn residential streets and collectors; a city of 24 lines
/// or more has a square ring of motorway and four ways out. Junctions are moved by up to a fifth of a block, one
/// residential street in eight is missing. Every junction reaches every other.
public struct CityNetwork: Sendable {
    public struct Node: Sendable, Hashable {
        public var row, column: Int
        /// Metres east and north of the south-west corner.
        public var x, y: Double
    }

    public struct Edge: Sendable, Hashable {
        /// Indices into ``CityNetwork/nodes``.
        public var from, to: Int
        /// Metres along the carriageway, at least the straight distance.
        public var length: Double
        public var road: RoadClass
        /// Whether it ends at traffic lights.
        public var hasSignal: Bool
        /// Extra driving time at the worst of the morning and of the evening, as a share of the free time.
        var morning, evening: Double
    }

    /// Junctions between neighbouring lines, in metres.
    static let block = 250.0
    /// Above the limit a driver is at most so much faster.
    public static let fastest = 1.15
    /// WGS 84 degrees of the south-west corner, and how many a metre makes there.
    static let west = 4.3, south = 50.8
    static let degreesEast = 1 / 70_400.0, degreesNorth = 1 / 111_250.0

    public let side: Int
    public let nodes: [Node]
    /// By ``Edge/from``.
    public let edges: [Edge]
    /// Of each node, the index of its first edge; one more for the end.
    public let firstEdge: [Int]
    /// Of each node, the edges that end there.
    let incoming: [[Int]]

    public func edges(from node: Int) -> Range<Int> { firstEdge[node]..<firstEdge[node + 1] }

    /// WGS 84 degrees, rounded to six decimals (a tenth of a metre).
    public static func degrees(x: Double, y: Double) -> (longitude: Double, latitude: Double) {
        func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
        return (rounded(west + x * degreesEast), rounded(south + y * degreesNorth))
    }

    /// Lines of the grid in each direction: 4 junctions for each camera, and more in a large city, whose streets are
    /// watched less closely.
    public static func side(cameras: Int) -> Int {
        let junctions = Double(cameras) * (4 + Double(cameras) / 1000)
        return max(6, Int(junctions.squareRoot().rounded(.up)))
    }

    init(side: Int, seed: UInt64) {
        self.side = side
        var random = CityRandom(seed, .network)
        let nodes = (0..<side * side).map { index in
            let row = index / side, column = index % side
            func place(_ line: Int) -> Double { (Double(line) + 0.5 + random.double(-0.2...0.2)) * Self.block }
            return Node(row: row, column: column, x: place(column), y: place(row))
        }
        let grid = CityGrid(side: side)
        var streets: [(a: Int, b: Int, road: RoadClass)] = []
        for index in nodes.indices {
            let (row, column) = (index / side, index % side)
            if column + 1 < side { streets.append((index, index + 1, grid.alongRow(row, from: column))) }
            if row + 1 < side { streets.append((index, index + side, grid.alongColumn(column, from: row))) }
        }
        var degree = Array(repeating: 0, count: nodes.count)
        for street in streets {
            degree[street.a] += 1
            degree[street.b] += 1
        }
        streets.removeAll { street in
            guard street.road == .residential, random.chance(0.125), degree[street.a] > 2, degree[street.b] > 2 else {
                return false
            }
            degree[street.a] -= 1
            degree[street.b] -= 1
            return true
        }
        let middle = Double(side) * Self.block / 2
        let edges = streets.flatMap { street in
            let bend = random.double(1...1.1)
            return [(street.a, street.b), (street.b, street.a)].map { from, to in
                Self.edge(from: from, to: to, road: street.road, bend: bend, nodes, middle: middle, &random)
            }
        }.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
        var firstEdge = Array(repeating: 0, count: nodes.count + 1)
        var incoming: [[Int]] = Array(repeating: [], count: nodes.count)
        for (index, edge) in edges.enumerated() {
            firstEdge[edge.from + 1] = index + 1
            incoming[edge.to].append(index)
        }
        for node in nodes.indices { firstEdge[node + 1] = max(firstEdge[node + 1], firstEdge[node]) }
        (self.nodes, self.edges, self.firstEdge, self.incoming) = (nodes, edges, firstEdge, incoming)
    }

    private static func edge(
        from: Int, to: Int, road: RoadClass, bend: Double, _ nodes: [Node], middle: Double, _ random: inout CityRandom
    ) -> Edge {
        let (a, b) = (nodes[from], nodes[to])
        func fromMiddle(_ node: Node) -> Double {
            ((node.x - middle) * (node.x - middle) + (node.y - middle) * (node.y - middle)).squareRoot()
        }
        let length = ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot() * bend
        let central = 1.4 - 0.8 * min(1, fromMiddle(a) / middle)
        let usual = road.delay * central * random.double(0.4...1.6)
        // Into the city in the morning, out of it in the evening.
        let inward = fromMiddle(b) < fromMiddle(a)
        let ends = CityGrid(side: Int((Double(nodes.count)).squareRoot().rounded()))
        return Edge(
            from: from, to: to, length: (length * 10).rounded() / 10, road: road,
            hasSignal: road != .motorway && ends.isMain(row: b.row, column: b.column),
            morning: usual * (inward ? 1.4 : 0.6), evening: usual * (inward ? 0.6 : 1.4))
    }
}

/// Which lines of the grid are which roads.
struct CityGrid {
    let side: Int

    /// The lines of the ring; nil in a small city.
    private var ring: (low: Int, high: Int)? { side >= 24 ? (side / 5, side - 1 - side / 5) : nil }

    private func ordinary(_ line: Int) -> RoadClass {
        line % 4 == 2 ? .arterial : line % 2 == 0 ? .collector : .residential
    }

    /// The street along a line, from one crossing line to the next.
    private func road(_ line: Int, from: Int) -> RoadClass {
        guard let ring else { return ordinary(line) }
        if line == ring.low || line == ring.high, from >= ring.low, from < ring.high { return .motorway }
        if line == side / 2, from < ring.low || from >= ring.high { return .motorway }
        return ordinary(line)
    }

    func alongRow(_ row: Int, from column: Int) -> RoadClass { road(row, from: column) }
    func alongColumn(_ column: Int, from row: Int) -> RoadClass { road(column, from: row) }

    /// Whether two larger roads cross there.
    func isMain(row: Int, column: Int) -> Bool { row % 2 == 0 && column % 2 == 0 && (row % 4 == 2 || column % 4 == 2) }
}
