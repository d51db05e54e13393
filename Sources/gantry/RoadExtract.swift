import Foundation
import PostGIS

/// An extract of OpenStreetMap, on its way into the database.
///
/// osmium takes the roads out of it and sorts them, since osm2pgrouting reads XML alone and loses nodes whose numbers
/// do not rise; osm2pgrouting cuts roads at junctions into edges, in a schema of its own.
///
/// Source: https://github.com/pgRouting/osm2pgrouting/issues/244.
struct RoadExtract {
    let file: String

    func replaceNetwork(_ keeper: RoadKeeper, say: (String) -> Void) throws -> RoadNetwork {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gantry-roads-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appending(path: name).path }
        say("taking the roads out of \(file)")
        // osmium tells formats by names.
        try run("osmium", ["tags-filter", "--no-progress", "-o", path("roads.osm.pbf"), file, "w/highway"], in: folder)
        try run("osmium", ["sort", "--no-progress", "-o", path("roads.osm"), path("roads.osm.pbf")], in: folder)
        say("making edges of them")
        try Data(Self.speeds.utf8).write(to: folder.appending(path: "speeds.xml"))
        let target = try keeper.prepare()
        do {
            let said = try run(
                "osm2pgrouting", ["--file", path("roads.osm"), "--conf", path("speeds.xml")] + target.arguments,
                environment: target.environment, in: folder)
            if let notice = said.split(separator: "\n").first(where: { $0.hasPrefix("NOTICE") }) {
                say("Warning: roads are cut off where the extract ends (\(notice)). Take one that keeps ways whole.")
            }
            say("replacing the network")
            return try keeper.replaceFromOSM(file: file)
        } catch {
            try? keeper.discard()
            throw error
        }
    }

    @discardableResult
    private func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in folder: URL
    ) throws -> String {
        let process = Process()
        guard
            let found = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
                .map({ "\($0)/\(program)" }).first(where: FileManager.default.isExecutableFile)
        else { throw RoadError.programMissing(program) }
        process.executableURL = URL(filePath: found)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let log = folder.appending(path: "\(program).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        (process.standardOutput, process.standardError) = (handle, handle)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        guard process.terminationStatus == 0 else {
            let lines = said.split(separator: "\n").filter { $0.contains { $0.isLetter } }
            let reason = lines.last.map(String.init) ?? "it gave no reason"
            if program == "osmium" { throw RoadError.badFile(file, reason: reason) }
            throw RoadError.programFailed(program, reason: reason)
        }
        return said
    }

    /// Which roads are for cars, and km/h where no `maxspeed` says so: usual ones inside European cities.
    private static let speeds: String = {
        let roads = [
            ("motorway", 110), ("motorway_link", 60), ("trunk", 70), ("trunk_link", 50), ("primary", 50),
            ("primary_link", 50), ("secondary", 50), ("secondary_link", 50), ("tertiary", 50), ("tertiary_link", 50),
            ("unclassified", 50), ("residential", 30), ("road", 30), ("living_street", 20), ("service", 20),
        ]
        let values = roads.enumerated().map { number, road in
            "<tag_value name=\"\(road.0)\" id=\"\(101 + number)\" priority=\"1.0\" maxspeed=\"\(road.1)\"/>\n"
        }
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n<tag_name name=\"highway\" id=\"1\">\n"
            + values.joined() + "</tag_name>\n</configuration>\n"
    }()
}
