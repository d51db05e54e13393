internal import Traffic

/// The same city and the same demand for SUMO, which moves every vehicle and lets them wait for one another.
///
/// Pure: texts in, texts out. `netconvert` makes the network of ``nodes`` and ``edges``, `sumo` drives ``routes`` on it,
/// and ``traffic(_:)`` reads what came of it.
///
/// Source: https://sumo.dlr.de/docs/Simulation/Output/VehRoutes.html.
public struct CitySUMO: Sendable {
    /// With more vehicles a day takes SUMO hours.
    public static let mostVehicles = 100_000

    private struct Planned {
        var trip: CityTrip
        var edges: [Int]
        /// Index into the edges, and seconds.
        var stop: (at: Int, seconds: Int)?
    }

    public let city: SimulatedCity
    private let planned: [Planned]

    /// Plans all trips of the period.
    ///
    /// - Throws: ``CityError/sumoTooLarge(vehicles:limit:)``.
    public init(_ city: SimulatedCity) throws(CityError) {
        guard city.settings.vehicles <= Self.mostVehicles else {
            throw .sumoTooLarge(vehicles: city.settings.vehicles, limit: Self.mostVehicles)
        }
        self.city = city
        var demand = CityDemand(city)
        var planned: [Planned] = []
        while let batch = demand.next() {
            for trip in batch.trips where trip.departed < city.settings.end {
                let edges = demand.route(trip)
                var random = CityRandom(city.settings.seed, .trip, planned.count)
                let share = random.unit()
                let stop = (at: edges.count / 2, seconds: 120 + Int(2580 * share * share))
                planned.append(
                    Planned(trip: trip, edges: edges, stop: trip.stopped && edges.count > 2 ? stop : nil))
            }
        }
        self.planned = planned
    }

    /// Seconds since midnight of day 0 at which SUMO begins, and after which it gives up.
    public var period: (begin: Int, end: Int) {
        let begin = Int((city.settings.begin - city.settings.midnight) / 1000)
        return (begin, begin + city.settings.seconds + 3 * 3600)
    }

    /// `nod.xml` for netconvert.
    public var nodes: String {
        let signals = Set(city.network.edges.filter(\.hasSignal).map(\.to))
        return "<nodes>\n"
            + city.network.nodes.enumerated().map { index, node in
                let type = signals.contains(index) ? "traffic_light" : "priority"
                return "<node id=\"\(index)\" x=\"\(node.x)\" y=\"\(node.y)\" type=\"\(type)\"/>\n"
            }.joined() + "</nodes>\n"
    }

    /// `edg.xml` for netconvert.
    public var edges: String {
        "<edges>\n"
            + city.network.edges.enumerated().map { index, edge in
                let priority = edge.road.lanes + (edge.road == .collector ? 1 : 0)
                return """
                    <edge id="\(index)" from="\(edge.from)" to="\(edge.to)" speed="\(edge.road.speed)" \
                    numLanes="\(edge.road.lanes)" length="\(edge.length)" priority="\(priority)"/>

                    """
            }.joined() + "</edges>\n"
    }

    /// `rou.xml` for sumo: a vehicle for each trip, named by its number.
    public var routes: String {
        var text = "<routes>\n"
        for (kind, name, length) in [
            (VehicleClass.car, "passenger", 4.5), (.truck, "truck", 9), (.bus, "bus", 12),
            (.motorcycle, "motorcycle", 2.2), (.bicycle, "bicycle", 1.8),
        ] {
            text += "<vType id=\"\(kind.rawValue)\" vClass=\"\(name)\" length=\"\(length)\" speedDev=\"0\"/>\n"
        }
        for (number, plan) in planned.enumerated() {
            let vehicle = CityVehicle(plan.trip.vehicle, city.settings, city.places)
            let departed = (plan.trip.departed - city.settings.midnight) / 1000
            text += "<vehicle id=\"\(number)\" type=\"\(vehicle.kind.rawValue)\" depart=\"\(departed)\" "
            text += "speedFactor=\"\(CityFolder.thousandths(vehicle.pace))\" departLane=\"best\">"
            text += "<route edges=\"\(plan.edges.map(String.init).joined(separator: " "))\"/>"
            if let stop = plan.stop {
                text += "<stop lane=\"\(plan.edges[stop.at])_0\" endPos=\"-1\" duration=\"\(stop.seconds)\" "
                text += "parking=\"true\"/>"
            }
            text += "</vehicle>\n"
        }
        return text + "</routes>\n"
    }

    /// The traffic that SUMO drove.
    ///
    /// A trip that was not finished is left out, and one that would begin before the vehicle's last has ended: SUMO's
    /// roads may be slower than those that the day was planned with.
    /// - Parameter output: The text of `--vehroute-output` with exit times.
    public func traffic(_ output: String) -> CityTraffic {
        var driven: [(trip: CityTrip, passes: [CityPass])] = []
        var number = -1, departed = 0.0, arrived = 0.0
        for line in output.split(separator: "\n") {
            if line.contains("<vehicle ") {
                number = Self.value("id", line).flatMap { Int($0) } ?? -1
                departed = Self.value("depart", line).flatMap { Double($0) } ?? -1
                arrived = Self.value("arrival", line).flatMap { Double($0) } ?? -1
            } else if line.contains("<route "), planned.indices.contains(number), arrived >= departed, departed >= 0,
                let exits = Self.value("exitTimes", line)?.split(separator: " ").map({ Double($0) ?? -1 })
            {
                driven.append(drive(planned[number], departed, arrived, exits))
            }
        }
        driven.sort { ($0.trip.departed, $0.trip.vehicle) < ($1.trip.departed, $1.trip.vehicle) }
        var batch = CityBatch()
        batch.completeUntil = .max
        var free: [Int: Int64] = [:]
        for (trip, passes) in driven where trip.departed > free[trip.vehicle] ?? .min {
            free[trip.vehicle] = trip.arrived
            var trip = trip
            let first = batch.passes.count
            batch.passes += passes
            trip.passes = first..<batch.passes.count
            batch.trips.append(trip)
        }
        return CityTraffic(city, trips: Ready(batch: batch))
    }

    private struct Ready: CityTripSource {
        var batch: CityBatch?
        mutating func next() -> CityBatch? { batch.take() }
    }

    /// The value of an attribute.
    private static func value(_ name: String, _ line: Substring) -> Substring? {
        guard let start = line.firstRange(of: " \(name)=\"") else { return nil }
        return line[start.upperBound...].prefix { $0 != "\"" }
    }

    private func drive(
        _ plan: Planned, _ departed: Double, _ arrived: Double, _ exits: [Double]
    ) -> (CityTrip, [CityPass]) {
        let base = Double(city.settings.midnight)
        func milliseconds(_ seconds: Double) -> Int64 { Int64((base + seconds * 1000).rounded()) }
        var passes: [CityPass] = []
        var entered = departed
        for (index, exit) in exits.enumerated() where index < plan.edges.count {
            let site = Int(city.siteOfEdge[plan.edges[index]])
            let parked = plan.stop.map { $0.at == index ? Double($0.seconds) : 0 } ?? 0
            let driving = exit - entered - parked
            // A vehicle that was stuck for long is carried on by SUMO, past cameras that don't see it.
            if site >= 0, driving > 0 {
                let length = city.network.edges[plan.edges[index]].length
                let stay = Int32(max(1, min(60, driving * CityDemand.view / length)) * 1000)
                let after = plan.stop.map { $0.at < index } ?? false
                passes.append(
                    CityPass(
                        site: Int32(site), stay: stay, at: milliseconds(entered + driving * city.sites[site].along),
                        afterStop: after))
            }
            if exit > entered { entered = exit }
        }
        var trip = plan.trip
        trip.departed = milliseconds(departed)
        trip.arrived = milliseconds(arrived)
        trip.stopped = plan.stop != nil
        return (trip, passes)
    }
}

extension CityDemand {
    /// The edges that a trip takes.
    mutating func route(_ trip: CityTrip) -> [Int] {
        let vehicle = CityVehicle(trip.vehicle, city.settings, city.places)
        let start = Double(trip.departed - city.settings.midnight) / 1000
        let destination = city.places.nodes[trip.to]
        let tree = routes.tree(to: trip.to, at: destination, clock.period(start), taste: vehicle.taste)
        var node = city.places.nodes[trip.from], edges: [Int] = []
        while node != destination {
            edges.append(routes.next(at: node, tree: tree))
            node = city.network.edges[edges.last!].to
        }
        return edges
    }
}
