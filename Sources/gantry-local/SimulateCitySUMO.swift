import Foundation
import SimulatedCity

/// Runs netconvert and sumo in a folder of their own, which goes when they are done.
struct SUMORun {
    let city: SimulatedCity
    /// Says what is going on.
    let report: (String) -> Void

    func traffic() throws -> CityTraffic {
        let sumo = try CitySUMO(city)
        for program in ["netconvert", "sumo"] where Self.find(program) == nil {
            throw CityError.sumoMissing(program: program)
        }
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "gantry-sumo-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        for (name, text) in [("nod.xml", sumo.nodes), ("edg.xml", sumo.edges), ("rou.xml", sumo.routes)] {
            try text.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
        }
        report("netconvert builds the roads")
        try Self.start(
            "netconvert",
            [
                "--node-files", "nod.xml", "--edge-files", "edg.xml", "--output-file", "net.xml", "--no-warnings",
                "--no-turnarounds", "true",
            ], in: folder)
        report("sumo drives the trips")
        try Self.start(
            "sumo",
            [
                "--net-file", "net.xml", "--route-files", "rou.xml", "--begin", "\(sumo.period.begin)", "--end",
                "\(sumo.period.end)", "--seed", "\(city.settings.seed % 1_000_000_000)", "--vehroute-output",
                "driven.xml", "--vehroute-output.exit-times", "true", "--no-step-log", "true", "--no-warnings", "true",
                "--duration-log.disable", "true",
            ], in: folder)
        return sumo.traffic(try String(contentsOf: folder.appending(path: "driven.xml"), encoding: .utf8))
    }

    private static func find(_ program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func start(_ program: String, _ arguments: [String], in folder: URL) throws {
        guard let path = find(program) else { throw CityError.sumoMissing(program: program) }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let log = folder.appending(path: "\(program).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        (process.standardOutput, process.standardError) = (handle, handle)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            let said = text.split(separator: "\n").first { $0.hasPrefix("Error") } ?? "it gave no reason"
            throw CityError.sumoFailed(program: program, detail: String(said))
        }
    }
}
