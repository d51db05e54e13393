import StageRunner
import Testing

@Suite struct PipelineRetentionTests {
    private func pipeline(_ section: String, more: String = "") throws -> Pipeline {
        let folder = try PipelineFolder()
        let file = try folder.write("p.yaml", "name: city\ncameras: []\nretention: {\(section)}\n\(more)")
        return try Pipeline(contentsOf: file, cameras: .elsewhere, environment: [:])
    }

    @Test(arguments: [
        ("sightings: 3m", 1), ("sightings: 1h", 20), ("sightings: 1d", 480), ("sightings: 90d", 1440),
        ("sightings: 7d, crops: 12h", 240), ("reports: 30d", nil),
    ])
    func `slots are a third of the shortest limit at most`(section: String, minutes: Int?) throws {
        #expect(try pipeline(section).retention.slotMinutes == minutes)
    }

    @Test(arguments: [
        ("sightings: 2m", "PIP116"), ("sightings: 90", "PIP114"), ("sightings: 1h, crops: 2h", "PIP140"),
        ("recordings: 7d", "PIP140"), ("recordings_folder: here", "PIP140"), ("crops: 1h", "PIP140"),
        ("sightings: 90d, crops: 1h", "PIP140"), ("sitings: 90d", "PIP110"),
    ])
    func `limits that can't be kept are named`(section: String, code: String) throws {
        let found = try problems("name: city\ncameras: []\nretention: {\(section)}\n")
        #expect(found.map(\.code.rawValue) == [code] && found.allSatisfy { $0.line == 3 })
    }

    @Test(arguments: [
        ("sightings: 90d, topics: 1d", 0), ("sightings: 90d, topics: 30m", 1), ("sightings: 90d", 1),
        ("sightings: 90d, topics: 100d", 1), ("sightings: 1d, topics: 1d, recordings: 2d, recordings_folder: here", 2),
    ])
    func `limits that are hardly meant are warnings, and the file can be used`(section: String, count: Int) throws {
        let warnings = try pipeline(section, more: "kafka: {brokers: \"127.0.0.1:9092\"}\n").warnings(file: "p.yaml")
        #expect(warnings.count == count && warnings.allSatisfy { $0.code == .doubtful }, "\(warnings)")
    }

    @Test func `limits are read back as they were written`() throws {
        let section =
            "sightings: 90d, crops: 30d, recordings: 7d, recordings_folder: /srv/r, topics: 1d, reports: 730d, folder: /srv/c"
        let pipeline = try pipeline(section)
        let folder = try PipelineFolder()
        let file = try folder.write("q.yaml", pipeline.yaml(hidingPasswords: false))
        #expect(try Pipeline(contentsOf: file, cameras: .elsewhere, environment: [:]).retention == pipeline.retention)
        #expect(pipeline.retention.crops == .seconds(30 * 86_400) && pipeline.retention.folder == "/srv/c")
    }
}
