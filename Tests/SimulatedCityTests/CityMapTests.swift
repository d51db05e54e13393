import SimulatedCity
import Testing
import Traffic

@Suite struct CityMapTests {
    @Test(arguments: [2, 6, 60, 300])
    func `every junction reaches every other`(cameras: Int) throws {
        let network = try SimulatedCity(CitySettings(cameras: cameras)).network
        func reached(_ next: (CityNetwork.Edge) -> (from: Int, to: Int)) -> Int {
            var ways: [[Int]] = Array(repeating: [], count: network.nodes.count)
            for edge in network.edges { ways[next(edge).from].append(next(edge).to) }
            var seen: Set = [0], open = [0]
            while let node = open.popLast() {
                for other in ways[node] where seen.insert(other).inserted { open.append(other) }
            }
            return seen.count
        }
        #expect(reached { ($0.from, $0.to) } == network.nodes.count)
        #expect(reached { ($0.to, $0.from) } == network.nodes.count)
    }

    @Test func `edges lie in order of their junctions and are no shorter than the straight way`() throws {
        let network = try SimulatedCity(CitySettings(cameras: 300)).network
        for node in network.nodes.indices {
            #expect(network.edges(from: node).allSatisfy { network.edges[$0].from == node })
        }
        for edge in network.edges {
            let (a, b) = (network.nodes[edge.from], network.nodes[edge.to])
            let straight = ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot()
            #expect(edge.length >= straight - 0.06 && edge.length < straight * 1.11)
        }
        #expect(Set(network.edges.map(\.road)) == Set(RoadClass.allCases))
    }

    @Test(arguments: [(6, 1), (6, 7), (300, 50), (300, 200)])
    func `zones tile the city`(cameras: Int, count: Int) throws {
        let city = try SimulatedCity(CitySettings(cameras: cameras, zones: count))
        #expect(city.zones.zones.count == count && Set(city.zones.names).count == count)
        let zones = city.zones.zones
        #expect(zones.allSatisfy { $0.west < $0.east && $0.south < $0.north })
        for node in city.network.nodes {
            let degrees = CityNetwork.degrees(x: node.x, y: node.y)
            let holding = zones.filter {
                $0.west <= degrees.longitude && degrees.longitude < $0.east && $0.south <= degrees.latitude
                    && degrees.latitude < $0.north
            }
            #expect(holding.count == 1)
        }
        // Together as large as the rectangle around them: no gap, no overlap.
        let area = zones.reduce(0) { $0 + ($1.east - $1.west) * ($1.north - $1.south) }
        let whole =
            (zones.map(\.east).max()! - zones.map(\.west).min()!)
            * (zones.map(\.north).max()! - zones.map(\.south).min()!)
        #expect(abs(area - whole) < whole * 1e-9)
    }

    @Test func `cameras have names, edges and zones of their own`() throws {
        let city = try SimulatedCity(CitySettings(cameras: 300))
        #expect(Set(city.sites.map(\.camera.id)).count == 300 && Set(city.sites.map(\.edge)).count == 300)
        for site in city.sites {
            let zone = city.zones.zone(longitude: site.camera.longitude, latitude: site.camera.latitude)
            #expect(zone == site.zone)
            #expect((0..<360).contains(site.camera.heading!))
        }
    }

    @Test func `plates are unique and follow their grammar`() throws {
        let morning = try CityUnderTest.morning.get()
        let plates = Dictionary(grouping: morning.trips, by: \.plate)
        #expect(plates.values.allSatisfy { Set($0.map(\.vehicle)).count == 1 })
        #expect(plates.count == Set(morning.trips.map(\.vehicle)).count)
        let form = /[A-HJ-NPR-TV-Z]{2}[0-9]{4}[A-HJ-NPR-TV-Z]/
        #expect(plates.keys.allSatisfy { $0.wholeMatch(of: form) != nil })
    }

    @Test(arguments: [
        CitySettings(cameras: 1), CitySettings(cameras: 6000), CitySettings(vehicles: 0), CitySettings(seconds: 59),
        CitySettings(cameras: 6, zones: 37),
    ])
    func `settings outside their range are refused`(settings: CitySettings) {
        #expect(throws: CityError.self) { try SimulatedCity(settings) }
    }
}
