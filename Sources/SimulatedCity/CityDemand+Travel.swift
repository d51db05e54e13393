extension CityDemand {
    /// Share of trips with a stop on the way, for fuel or bread.
    static let stopping = 0.08
    /// Metres of road in a camera's view.
    static let view = 35.0

    /// Drives a trip and adds it to the batch.
    ///
    /// On an edge a vehicle is never faster than ``CityNetwork/fastest`` times the limit. Vehicles don't see each other:
    /// delays come from the hour and the edge, not from those in front.
    /// - Parameter start: Seconds since midnight of day 0.
    /// - Returns: The arrival, likewise.
    mutating func travel(
        _ vehicle: CityVehicle, from: Int, to: Int, at start: Double, _ random: inout CityRandom
    ) -> Double {
        let network = city.network
        let tree = routes.tree(to: to, at: city.places.nodes[to], clock.period(start), taste: vehicle.taste)
        var node = city.places.nodes[from]
        let destination = city.places.nodes[to]
        let first = batch.passes.count
        let base = Double(city.settings.midnight)
        // Some days go better than others, for this trip as a whole.
        let luck = vehicle.pace * (1 - 0.08 * random.unit())
        var stopAfter =
            random.chance(Self.stopping) ? 1 + random.index(max(1, city.places.blocks(from, to))) : Int.max
        var time = start, stopped = false
        var now = clock.congestion(start), asked = start
        while node != destination {
            if time - asked > 120 { (now, asked) = (clock.congestion(time), time) }
            let index = routes.next(at: node, tree: tree)
            let edge = network.edges[index]
            let delay = now.morning * edge.morning + now.evening * edge.evening
            let drive = edge.length / (edge.road.speed * luck) * (1 + delay * (0.7 + 0.6 * random.unit()))
            let red = edge.hasSignal && random.chance(0.45) ? 45 * random.unit() : 0
            let site = Int(city.siteOfEdge[index])
            if site >= 0 {
                let along = city.sites[site].along
                let seconds = time + drive * along
                // Those who wait at the lights may wait in view.
                let queued = red > 20 && random.chance(0.3) ? red : 0
                batch.passes.append(
                    CityPass(
                        site: Int32(site), stay: Int32(min(60, drive * Self.view / edge.length + queued) * 1000),
                        at: Int64((base + seconds * 1000).rounded()), afterStop: stopped))
            }
            time += drive + red
            node = edge.to
            stopAfter -= 1
            if stopAfter == 0, node != destination {
                // Two minutes to three quarters of an hour, short ones likelier.
                let share = random.unit()
                time += 120 + 2580 * share * share
                stopped = true
            }
        }
        let milliseconds = { (seconds: Double) in Int64((base + seconds * 1000).rounded()) }
        batch.trips.append(
            CityTrip(
                vehicle: vehicle.number, from: from, to: to, departed: milliseconds(start),
                arrived: milliseconds(time), passes: first..<batch.passes.count, stopped: stopped))
        return time
    }
}
