import Foundation
import StageRunner
import Testing
import Traffic

/// A folder of files that lasts as long as a test.
final class PipelineFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("pipeline-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Data(text.utf8))
    }

    @discardableResult
    func write(_ name: String, _ bytes: Data) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: file).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try bytes.write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// `line:CODE` of every problem with a pipeline file, in order; empty when it is fine.
func problems(
    _ yaml: String, cameras: PipelineCameraList = .elsewhere, probes: PipelineProbes = PipelineProbes(),
    environment: [String: String] = [:]
) throws -> [PipelineProblem] {
    let folder = try PipelineFolder()
    let file = try folder.write("p.yaml", yaml)
    do {
        _ = try Pipeline(contentsOf: file, cameras: cameras, probes: probes, environment: environment)
        return []
    } catch {
        guard case .problems(let problems) = error else { return [] }
        return problems
    }
}

func codes(_ problems: [PipelineProblem]) -> [String] { problems.map { "\($0.line):\($0.code.rawValue)" } }

struct BadFile: Sendable, CustomTestStringConvertible {
    var name: String
    var yaml: String
    var expected: [String]
    var testDescription: String { name }

    init(_ name: String, _ yaml: String, _ expected: String...) {
        self.name = name
        self.yaml = yaml
        self.expected = expected
    }
}

struct PipelineFileTests {
    @Test func `a file with name and cameras has the documented defaults`() throws {
        let folder = try PipelineFolder()
        try folder.write("clips/ring.mp4", "not looked into")
        let file = try folder.write(
            "p.yaml",
            """
            name: city
            cameras:
              - id: ring-north
                source: clips/ring.mp4
                longitude: 4.3499
                latitude: 50.8792
            """)
        var expected = Pipeline(name: "city")
        expected.cameras = [
            PipelineCamera(
                camera: Camera(id: "ring-north", longitude: 4.3499, latitude: 50.8792, heading: nil),
                source: .file("\(folder.path)/clips/ring.mp4"))
        ]
        let pipeline = try Pipeline(contentsOf: file)
        #expect(pipeline == expected)
        #expect(pipeline.timezone == "UTC")
        #expect(pipeline.kafka == nil)
        #expect(pipeline.decode.sampling == .all)
        #expect(pipeline.database.suppressBelow == 10)
    }

    @Test(arguments: [
        BadFile("empty", "", "0:PIP104"),
        BadFile("comments only", "# nothing\n", "0:PIP104"),
        BadFile("an explicit nothing", "---\n", "0:PIP104"),
        BadFile("a word", "city\n", "1:PIP112"),
        BadFile("a list", "- name: city\n", "1:PIP112"),
        BadFile("tabs", "name: city\ndecode:\n\tqueue: 8\n", "3:PIP105"),
        BadFile("an open quote", "name: 'city\n", "2:PIP105"),
        BadFile("an open bracket", "name: city\nhttp: {port: 1\n", "3:PIP105"),
        BadFile("two documents", "name: city\n---\nname: town\n", "2:PIP105"),
        BadFile("an undefined alias", "name: *city\n", "1:PIP105"),
        BadFile("a control character", "name: city\nlog: \u{1}\n", "2:PIP105"),
        BadFile("a key twice", "name: city\nlog:\n  level: info\n  level: debug\n", "3:PIP106"),
        BadFile("a list as key", "name: city\n? [a, b]\n: 1\n", "2:PIP112"),
        BadFile("deep nesting", "name: city\nlog: " + String(repeating: "[", count: 20_000), "2:PIP105"),
    ])
    func `a broken file is reported at its line`(bad: BadFile) throws {
        #expect(codes(try problems(bad.yaml)) == bad.expected)
    }

    @Test func `a file that can't be text is refused before it is parsed`() throws {
        let folder = try PipelineFolder()
        func code(_ file: String) -> [PipelineProblem.Code] {
            do {
                _ = try Pipeline(contentsOf: file)
                return []
            } catch {
                guard case .problems(let problems) = error else { return [] }
                return problems.map(\.code)
            }
        }
        #expect(code("\(folder.path)/absent.yaml") == [.unreadable])
        #expect(code(folder.path) == [.unreadable])
        #expect(code(try folder.write("latin.yaml", Data([0x6E, 0x3A, 0x20, 0xE9, 0x0A]))) == [.notUTF8])
        #expect(code(try folder.write("large.yaml", Data(repeating: 0x23, count: 10_000_000))) == [.tooLarge])
    }

    @Test(arguments: [
        BadFile("no name", "http: {port: 1}", "1:PIP111"),
        BadFile("a name with a space", "name: my city", "1:PIP120"),
        BadFile("a name in capitals", "name: City", "1:PIP120"),
        BadFile("a name too long", "name: " + String(repeating: "a", count: 64), "1:PIP120"),
        BadFile("an unknown key", "name: city\nkafak: {}\n", "2:PIP110"),
        BadFile("an unknown key below", "name: city\ndecode:\n  queue: 4\n  quue: 4\n", "4:PIP110"),
        BadFile("a merge key", "name: city\nlog: &l {level: info}\nhttp:\n  <<: *l\n", "4:PIP110"),
        BadFile("a section that is a word", "name: city\ndecode: fast\n", "2:PIP112"),
        BadFile("a value that is a list", "name: city\ndecode:\n  queue: [8]\n", "3:PIP112"),
        BadFile("a value left out", "name: city\ndecode:\n  queue:\n", "3:PIP112"),
        BadFile("a precision out of reach", "name: city\nread:\n  precision: 100%\n", "3:PIP116"),
        BadFile("precision and abstain", "name: city\nread:\n  abstain: 0.5\n  precision: 95%\n", "4:PIP140"),
        BadFile("a word for a number", "name: city\ndecode:\n  queue: many\n", "3:PIP113"),
        BadFile("a fraction for a whole number", "name: city\ndecode:\n  queue: 1.5\n", "3:PIP113"),
        BadFile("a number too large for any integer", "name: city\nsink:\n  batch: 99999999999999999999\n", "3:PIP113"),
        BadFile("a duration without a unit", "name: city\ntrack:\n  maximum_gap: 2\n", "3:PIP114"),
        BadFile("a duration with a rate's unit", "name: city\ntrack:\n  maximum_gap: 2/s\n", "3:PIP115"),
        BadFile("a duration in years", "name: city\ntrack:\n  maximum_gap: 1y\n", "3:PIP115"),
        BadFile("a duration without a number", "name: city\ntrack:\n  maximum_gap: soon\n", "3:PIP113"),
        BadFile("a negative duration", "name: city\ntrack:\n  maximum_gap: -1s\n", "3:PIP116"),
        BadFile("an endless duration", "name: city\ntrack:\n  maximum_gap: 1e300s\n", "3:PIP116"),
        BadFile("a duration that is not a number", "name: city\ntrack:\n  maximum_gap: nan s\n", "3:PIP113"),
        BadFile("a rate without a unit", "name: city\ndecode:\n  sample: 5\n", "3:PIP114"),
        BadFile("a share without a unit", "name: city\ndecode:\n  motion_gate: 0.5\n", "3:PIP114"),
        BadFile("a share of more than all", "name: city\ndecode:\n  motion_gate: 101%\n", "3:PIP116"),
        BadFile("a backward range", "name: city\ndecode:\n  reconnect: 30s..1s\n", "3:PIP140"),
        BadFile("half a range", "name: city\ndecode:\n  reconnect: 30s\n", "3:PIP113"),
        BadFile("a size without a unit", "name: city\nkafka:\n  maximum_message: 4000000\n", "3:PIP114"),
        BadFile("a size too large", "name: city\nkafka:\n  maximum_message: 4GB\n", "3:PIP116"),
        BadFile("an unknown back end", "name: city\ndetect:\n  backend: cuda\n", "3:PIP117"),
        BadFile("an unknown level", "name: city\nlog:\n  level: verbose\n", "3:PIP117"),
        BadFile("a score above 1", "name: city\ndetect:\n  plate_score: 50\n", "3:PIP116"),
        BadFile("a port too high", "name: city\nhttp:\n  port: 70000\n", "3:PIP116"),
        BadFile("no time zone", "name: city\ntimezone: Europe/Brussel\n", "2:PIP125"),
        BadFile("an offset for a time zone", "name: city\ntimezone: GMT+2\n", "2:PIP125"),
        BadFile("a broker without a port", "name: city\nkafka:\n  brokers: localhost\n", "3:PIP123"),
        BadFile("a broker list with a hole", "name: city\nkafka:\n  brokers: [a:1, ]\n  partitions: 0\n", "4:PIP116"),
        BadFile("a property of ours", "name: city\nkafka:\n  properties:\n    group.id: x\n", "4:PIP140"),
        BadFile("a database that is a file", "name: city\ndatabase:\n  url: city.db\n", "3:PIP123"),
        BadFile("no count withheld", "name: city\ndatabase:\n  suppress_below: 0\n", "3:PIP116"),
        BadFile("faces switched off", "name: city\ndetect:\n  faces: off\n", "3:PIP140"),
        BadFile("grammars that are not there", "name: city\nread:\n  grammars: no/such.yaml\n", "3:PIP128"),
        BadFile("an epoch of a day and a half", "name: city\ncustody:\n  token_epoch: 36h\n", "3:PIP116"),
        BadFile(
            "a gate that closes tracks", "name: city\ndecode:\n  motion_gate: 0.5%\ntrack: {maximum_gap: 1s}\n",
            "3:PIP140"),
        BadFile("a domain with a dash", "name: city\ncustody:\n  domain: city-north\n", "3:PIP120"),
        BadFile("an overlap of a day", "name: city\ncustody:\n  token_overlap: 24h\n", "3:PIP116"),
        BadFile("a wrapping key in clear", "name: city\ncustody:\n  wrapping_key: c2VjcmV0\n", "3:PIP123"),
        BadFile("a credential by path", "name: city\ncustody:\n  wrapping_key: credential:/etc/key\n", "3:PIP123"),
        BadFile("an epoch of a second", "name: city\ncustody:\n  token_epoch: 1s\n", "3:PIP116"),
        BadFile("frames too far apart", "name: city\ndecode:\n  sample: 1/min\n", "3:PIP140"),
        BadFile("an unset variable", "name: city\ndatabase:\n  url: postgresql://u:${PW}@h/d\n", "3:PIP127"),
    ])
    func `a bad setting is reported with code and line`(bad: BadFile) throws {
        #expect(codes(try problems(bad.yaml)) == bad.expected)
    }

    @Test func `everything wrong is reported at once and in order`() throws {
        let found = try problems(
            """
            name: My City
            timezone: Mars/Olympus
            kafka:
              brokers: 127.0.0.1
              partitions: 0
            decode:
              sample: 5
              quue: 8
            track:
              maximum_gap: 2
            """)
        #expect(
            codes(found) == [
                "1:PIP120", "2:PIP125", "4:PIP123", "5:PIP116", "7:PIP114", "8:PIP110", "10:PIP114",
            ])
        #expect(found.allSatisfy { !$0.remedy.isEmpty && !$0.what.isEmpty })
    }

    @Test func `a misspelt or misplaced key is sent home`() throws {
        func remedy(_ yaml: String) throws -> String? { try problems(yaml).first?.remedy }
        #expect(try remedy("name: city\nkafak: {}\n") == "did you mean 'kafka'?")
        #expect(try remedy("name: city\ntrack: {maximum-gap: 1s}\n") == "did you mean 'maximum_gap'?")
        #expect(try remedy("name: city\ntrack: {read_timeout: 1s}\n") == "move it into 'decode'")
        #expect(try remedy("name: city\nlog: {timezone: UTC}\n") == "move it to the top")
        #expect(try remedy("name: city\nlog: {level: inof}\n") == "write 'info'")
        #expect(
            try remedy("name: city\nlog: {xyzzy: 1}\n") == "remove it; known here: format, level")
    }

    @Test func `a problem reads as file, place, code, cause and remedy`() throws {
        let problem = PipelineProblem(
            file: "p.yaml", line: 3, column: 10, code: .missingUnit, what: "track.maximum_gap is '2'", remedy: "add s")
        #expect(problem.description == "p.yaml:3:10: PIP114 track.maximum_gap is '2'; add s")
    }

    @Test func `column and line point at the value, or at an unknown key`() throws {
        let found = try problems("name: city\ntrack: {maximum_gap: 2, é: 1, typo: 3}\n")
        #expect(found.map { "\($0.line):\($0.column)" } == ["2:22", "2:25", "2:31"])
    }

    /// The files in `pipelines` are what users copy from.
    @Test(arguments: [("90%", 0.562), ("95%", 0.841), ("95.5%", 0.896)])
    func `a wanted precision becomes the least confidence that reaches it`(precision: String, confidence: Double) throws
    {
        let folder = try PipelineFolder()  // goes away with its owner
        let file = try folder.write("p.yaml", "name: city\nread:\n  precision: \(precision)\n")
        #expect(try Pipeline(contentsOf: file, cameras: .elsewhere).read.abstain == confidence)
    }

    @Test(arguments: ["city", "edge", "live"])
    func `the example pipelines are right`(name: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appendingPathComponent("pipelines/\(name).yaml").path
        let passwords = ["RING_PASSWORD": "a", "TUNNEL_PASSWORD": "b", "DATABASE_PASSWORD": "c"]
        let list: PipelineCameraList = name == "city" ? .elsewhere : .listed
        let pipeline = try Pipeline(contentsOf: file, cameras: list, environment: passwords)
        #expect(pipeline.name == name)
        #expect((pipeline.kafka != nil) == (name == "edge"))
    }
}
