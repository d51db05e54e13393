import ArgumentParser
import Foundation
import PostGIS
import Traffic

/// The road network under the cameras.
struct RoadsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roads", abstract: "Puts roads under the cameras, so that ways between them follow streets.",
        discussion: """
            With a network, speeds are those along the road, flows can be shown on streets, and a trace follows them.

            Exit status: 65 for a file that holds no roads, 66 for one that can't be read, 69 without a database or a \
            program that an import needs.
            """,
        subcommands: [RoadsImport.self, RoadsCheck.self, RoadsRoute.self])
}

struct RoadsImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Replaces the road network by that of a file.",
        discussion: """
            FILE is an extract of OpenStreetMap (.osm, .osm.pbf, also compressed) that covers the cameras and the ways \
            between them, or GeoJSON (.geojson, .json): a feature collection of LineStrings, one for each direction of \
            travel, with the numbers source and target (junctions), speed_mps (metres a second that are allowed) and, \
            where the line is simplified, length_m (metres). Until the new network is there whole, questions see the old one.

            Examples:
              gantry roads import brussels.osm.pbf --pipeline pipelines/city.yaml
              gantry roads import simulated-city/network.geojson
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "Extract of OpenStreetMap, or GeoJSON.", completion: .file())
    var file: String

    func run() async throws {
        try answering {
            let keeper = RoadKeeper(database: try system.address(system.loaded()))
            guard FileManager.default.isReadableFile(atPath: file) else { throw RoadError.unreadable(file: file) }
            let network =
                if [".geojson", ".json"].contains(where: file.hasSuffix) {
                    try geoJSON(keeper)
                } else {
                    try RoadExtract(file: file).replaceNetwork(keeper, say: complain)
                }
            let share = (network.largestShare * 1000).rounded() / 10
            print("\(network.nodes) nodes, \(network.edges) edges, \(Int(network.kilometres.rounded())) km.")
            print("Connected parts: \(network.components); the largest has \(share)% of the nodes.")
            if network.largestShare < 0.9 {
                complain(
                    "Warning: the network is badly connected, and many cameras may have no way to each other. Is the extract cut through the city, or do its edges lack a direction?"
                )
            }
            let far = try keeper.cameras().filter { $0.metres == nil }
            if !far.isEmpty { complain("\(far.count) cameras are far from any road: see `gantry roads check`.") }
            if try keeper.pairs().waiting > 0 { complain("Now find the ways between cameras: `gantry roads route`.") }
        }
    }

    private func geoJSON(_ keeper: RoadKeeper) throws -> RoadNetwork {
        complain("reading \(file)")
        guard let data = FileManager.default.contents(atPath: file) else { throw RoadError.unreadable(file: file) }
        return try keeper.replace(geoJSON: String(decoding: data, as: UTF8.self), file: file)
    }
}

struct RoadsCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Shows cameras that are far from any road, and the farthest others.",
        discussion: """
            A camera belongs to the nearest road within 100 m whose traffic drives as the camera saw it. Wrong \
            coordinates and missing roads show here first. Exit status 1 when a camera has no road.

            directions: 2 where both ways are watched, or where nobody has been seen yet.
            """)
    /// Beside those without a road.
    private static let shown = 20

    @OptionGroup var system: SystemOptions
    @Option(help: "table, json, csv or geojson.")
    var format: Answer.Format = .table

    func run() async throws {
        var far = 0
        try answering {
            let keeper = RoadKeeper(database: try system.address(system.loaded()))
            try keeper.snap()
            let cameras = try keeper.cameras()
            far = cameras.count { $0.metres == nil }
            print(Answer(Array(cameras.prefix(far + Self.shown))).rendered(format), terminator: "")
            complain("\(far) of \(cameras.count) cameras are more than 100 m away from any road.")
            let pairs = try keeper.pairs()
            complain("Pairs of cameras: \(pairs.text), \(pairs.waiting) not looked for yet.")
        }
        if far > 0 { throw ExitCode.failure }
    }
}

struct RoadsRoute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "Finds the quickest ways between cameras that vehicles pass in turn.",
        discussion: """
            Sinks do so while they have nothing else to do; this does all that waits now, as after an import. It may be \
            stopped at any time, and goes on from there.
            """)
    @OptionGroup var system: SystemOptions

    func run() async throws {
        try answering {
            let keeper = RoadKeeper(database: try system.address(system.loaded()))
            try keeper.snap()
            var done = 0
            while case let count = try keeper.advance(budget: .seconds(2)), count > 0 {
                done += count
                complain("\(done) pairs of cameras done")
            }
            let pairs = try keeper.pairs()
            print("Pairs of cameras: \(pairs.text).")
            if pairs.waiting > 0 { complain("\(pairs.waiting) pairs wait: another process is at them.") }
        }
    }
}

extension RoutedPairs {
    fileprivate var text: String {
        "\(found) with a way, \(noWay) without, \(farFromRoad) far from roads, \(samePlace) at one place"
    }
}

extension Answer {
    init(_ cameras: [CameraOnRoad]) {
        self.init(
            columns: ["camera", "metres", "road", "directions"],
            rows: cameras.map { place in
                Row(
                    [
                        .text(place.camera.id.text), place.metres.map { .number($0) } ?? .none,
                        place.road.map { .count($0) } ?? .none, .count(place.directions),
                    ], shape: .point(place.camera.longitude, place.camera.latitude))
            }, minimumVehicles: 1, zone: "UTC")
    }
}
