import ArgumentParser
import Foundation
import StageRunner

/// Says what this machine has of what Gantry needs.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Shows versions and presence of everything that Gantry needs, and what mends what is missing.",
        discussion: "The exit status is 1 when something is missing that a run needs.")

    @Option(help: "Also look at the broker, database and keys that this pipeline file names.")
    var pipeline: String?
    @Option(help: "text or json.")
    var format: Format = .text

    enum Format: String, ExpressibleByArgument { case text, json }

    private struct Answer: Encodable {
        var healthy: Bool
        var lines: [DoctorLine]
    }

    func run() async throws {
        let file = try pipeline.map { try Pipeline(contentsOf: $0, cameras: .elsewhere) }
        var homeTrouble: String?
        var home: GantryHome?
        do {
            home = try GantryHome.find()
        } catch {
            homeTrouble = error.reason
        }
        let world = DoctorWorld(home: home)
        let checks = world.checks
        var lines = [checks.build, checks.homeLine(homeTrouble), checks.openVINO]
        switch VisionReport.ask() {
        case .success(let report): lines += report.doctorLines
        case .failure(let none): lines.append(none.line)
        }
        lines.append(world.librdkafka)
        lines.append(world.broker(file?.kafka))
        lines.append(world.database(file?.database ?? PipelineDatabase()))
        lines.append(checks.keys(file?.custody.keys))
        if let line = world.wrappingKey(file?.custody ?? PipelineCustody()) { lines.append(line) }
        lines.append(checks.disk)
        let report = DoctorReport(lines)
        switch format {
        case .text: print(report.table)
        case .json:
            let answer = Answer(healthy: report.isHealthy, lines: lines)
            print(String(decoding: try JSONEncoder.sorted.encode(answer), as: UTF8.self))
        }
        if !report.isHealthy { throw ExitCode.failure }
    }
}
