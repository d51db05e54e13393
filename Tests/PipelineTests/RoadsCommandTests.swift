import Assembly
import Fixtures
import Foundation
import Logging
import PostGIS
import Testing

/// `gantry roads` as its user runs it, with osmium and osm2pgrouting.
@Suite(.serialized, .timeLimit(.minutes(4))) struct RoadsCommandTests {
    private let folder: URL
    private let database: String

    init() throws {
        folder = URL(filePath: "/tmp/gantry-roads-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        database = try Postgres.shared().makeDatabase()
        try Migrator(folder: "\(Postgres.root)/schemas/sql").migrate(database)
        try Data(Self.extract.utf8).write(to: folder.appending(path: "town.osm"))
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }
    private func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Four streets that meet in node 2, whose number is below that of the node before it; a footpath; a motorway that by
    /// OpenStreetMap's rules leads one way though nothing says so.
    private static let extract = """
        <?xml version="1.0" encoding="UTF-8"?>
        <osm version="0.6" generator="by hand">
         <node id="9000000001" lat="50.8700" lon="4.3400"/>
         <node id="2" lat="50.8700" lon="4.3450"/>
         <node id="3" lat="50.8700" lon="4.3500"/>
         <node id="4" lat="50.8750" lon="4.3450"/>
         <node id="5" lat="50.8760" lon="4.3470"/>
         <node id="6" lat="50.8650" lon="4.3450"/>
         <way id="100"><nd ref="9000000001"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="maxspeed" v="70"/></way>
         <way id="101"><nd ref="2"/><nd ref="4"/><tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
         <way id="102"><nd ref="3"/><nd ref="5"/><nd ref="4"/><tag k="highway" v="residential"/><tag k="oneway" v="-1"/></way>
         <way id="103"><nd ref="2"/><nd ref="5"/><tag k="highway" v="footway"/></way>
         <way id="104"><nd ref="2"/><nd ref="6"/><tag k="highway" v="motorway"/></way>
        </osm>
        """

    private func run(
        _ program: URL, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, errors: String, output: String) {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: Postgres.root)
        process.environment = ProcessInfo.processInfo.environment.merging(["GANTRY_DATABASE": database]) { $1 }
            .merging(environment) { $1 }
        let (errors, output) = (Pipe(), Pipe())
        process.standardError = errors
        process.standardOutput = output
        try process.run()
        // What a command says on one of them fits into the pipe while the other is read.
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        let shown = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: said, as: UTF8.self), String(decoding: shown, as: UTF8.self)
        )
    }

    private func roads(
        _ arguments: String..., environment: [String: String] = [:]
    ) throws -> (status: Int32, errors: String, output: String) {
        try run(CityFixture.products.appending(path: "gantry"), ["roads"] + arguments, environment: environment)
    }

    private func query(_ sql: String) throws -> [[String?]] {
        try Connection(database, application: "test").query(sql).values
    }

    @Test func `an extract of OpenStreetMap becomes edges from junction to junction`() throws {
        defer { remove() }
        let compressed = try run(
            URL(filePath: "/usr/bin/osmium"), ["cat", path("town.osm"), "-o", path("town.osm.pbf")])
        #expect(compressed.status == 0, "\(compressed.errors)")
        for name in ["town.osm", "town.osm.pbf"] {
            let made = try roads("import", path(name))
            #expect(made.status == 0 && made.output.contains("nodes, 6 edges, 3 km."), "\(made)")
            // Way by way: km/h, forward allowed, back allowed.
            let edges = try query(
                "SELECT origin, kmh, seconds_forward IS NOT NULL, seconds_back IS NOT NULL FROM road_edge ORDER BY origin, id"
            )
            #expect(
                edges == [
                    ["100", "70", "t", "t"], ["100", "70", "t", "t"], ["101", "30", "t", "f"],
                    ["102", "30", "f", "t"], ["102", "30", "f", "t"], ["104", "110", "t", "f"],
                ])
            #expect(try query("SELECT to_regnamespace('gantry_roads_import')") == [[nil]])
        }
        let seconds = try query("SELECT bool_and(abs(seconds_forward - metres * 3.6 / kmh) < 0.01) FROM road_edge")
        #expect(seconds == [["t"]])
    }

    @Test func `mistakes have a status and a remedy, and leave the network`() throws {
        defer { remove() }
        #expect(try roads("import", path("town.osm")).status == 0)
        try Data("rubbish".utf8).write(to: folder.appending(path: "rubbish.osm"))
        try Data("{}".utf8).write(to: folder.appending(path: "empty.geojson"))
        let footpath =
            "<osm version=\"0.6\"><node id=\"1\" lat=\"50\" lon=\"4\"/><node id=\"2\" lat=\"50.1\" lon=\"4\"/>"
            + "<way id=\"1\"><nd ref=\"1\"/><nd ref=\"2\"/><tag k=\"highway\" v=\"footway\"/></way></osm>"
        try Data(footpath.utf8).write(to: folder.appending(path: "footpath.osm"))
        let mistakes: [(name: String, status: Int32, code: String)] = [
            ("nowhere.osm", 66, "RDS101"), ("rubbish.osm", 65, "RDS102"), ("empty.geojson", 65, "RDS102"),
            ("footpath.osm", 65, "RDS102"),
        ]
        for mistake in mistakes {
            let made = try roads("import", path(mistake.name))
            #expect(made.status == mistake.status && made.errors.contains(mistake.code), "\(mistake.name): \(made)")
        }
        let without = try roads("import", path("town.osm"), environment: ["PATH": folder.path])
        #expect(without.status == 69 && without.errors.contains("RDS103 there is no osmium"), "\(without)")
        #expect(try query("SELECT count(*) FROM road_edge") == [["6"]])
        #expect(try query("SELECT to_regnamespace('gantry_roads_import')") == [[nil]])
    }

    @Test func `a check names cameras without a road, and fails`() throws {
        defer { remove() }
        let before = try roads("check")
        #expect(before.status == 65 && before.errors.contains("RDS105"))
        #expect(try roads("import", path("town.osm")).errors.contains("Warning: the network is badly connected"))
        let camera = "INSERT INTO camera (name, position, heading) VALUES"
        _ = try query("\(camera) ('bridge', 'SRID=4326;POINT(4.3475 50.8701)', 90)")
        let well = try roads("check", "--format", "csv")
        #expect(well.status == 0 && well.output.contains("\nbridge,11."), "\(well)")
        _ = try query("\(camera) ('field', 'SRID=4326;POINT(4.4 50.9)', NULL)")
        let far = try roads("check", "--format", "json")
        #expect(far.status == 1 && far.output.contains("\"camera\": \"field\", \"metres\": null"), "\(far)")
        #expect(far.errors.contains("1 of 2 cameras are more than 100 m away"))
        let routed = try roads("route")
        #expect(routed.status == 0 && routed.output.hasPrefix("Pairs of cameras: 0 with a way"))
    }

    @Test func `a sink finds the ways between new pairs of cameras while it has nothing else to do`() async throws {
        defer { remove() }
        #expect(try roads("import", path("town.osm")).status == 0)
        _ = try query(
            """
            INSERT INTO camera (name, position) VALUES ('west', 'SRID=4326;POINT(4.341 50.87)'), ('east', 'SRID=4326;POINT(4.349 50.87)')
            """)
        _ = try query(
            "INSERT INTO camera_path (from_camera, to_camera) SELECT a.id, b.id FROM camera a, camera b WHERE a.id < b.id"
        )
        let service = LegService(database: database, logger: Logger(label: "test"))
        let running = Task { try await service.run() }
        let deadline = ContinuousClock.now + .seconds(60)
        while try query("SELECT count(*) FROM camera_path WHERE metres BETWEEN 550 AND 570") == [["0"]],
            ContinuousClock.now < deadline
        {
            usleep(20_000)
        }
        running.cancel()
        try await running.value
        #expect(try query("SELECT count(metres) FROM camera_path") == [["1"]])
    }
}
