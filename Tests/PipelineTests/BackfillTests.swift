import Fixtures
import Foundation
import PostGIS
import Stages
import Testing
import Topics
import Traffic
import Wire

/// `gantry backfill` as its user runs it.
@Suite(.serialized, .timeLimit(.minutes(4))) struct BackfillTests {
    private let folder: URL
    private let database: String

    init() throws {
        folder = URL(filePath: "/tmp/gantry-backfill-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        database = try Postgres.shared().makeDatabase()
        _ = try gantry(["migrate"])
        let text = """
            name: city
            cameras:
              - {id: north, source: "rtsp://127.0.0.1:1/none", longitude: 4.1, latitude: 50.8}
              - {id: south, source: "rtsp://127.0.0.1:1/none", longitude: 4.2, latitude: 50.8}
            database: {url: "\(database)"}
            custody: {keys: \(folder.appending(path: "keys").path)}
            """
        try Data(text.utf8).write(to: folder.appending(path: "pipeline.yaml"))
    }

    private func gantry(
        _ arguments: [String], program: String = "gantry"
    ) throws -> (status: Int32, errors: String, output: String) {
        let process = Process()
        process.executableURL = CityFixture.products.appending(path: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: Postgres.root)
        process.environment = ProcessInfo.processInfo.environment.merging(["GANTRY_DATABASE": database]) { $1 }
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

    private func backfill(_ arguments: String...) throws -> (status: Int32, errors: String, output: String) {
        try gantry(["backfill", "--pipeline", folder.appending(path: "pipeline.yaml").path] + arguments)
    }

    private func query(_ sql: String) throws -> [[String?]] {
        try Connection(database, application: "test").query(sql).values
    }

    private func passage(_ camera: CameraID, _ second: Int, ordinal: Int = 0) -> Passage {
        let time = EventTime(rfc3339: "2026-03-02T07:30:00Z")! + .seconds(second)
        return Passage(
            id: PassageID(camera: camera, epoch: Epoch(7), firstFrame: second * 10, ordinal: ordinal), camera: camera,
            epoch: Epoch(7), firstFrame: second * 10, lastFrame: second * 10 + 9, firstSeen: time,
            lastSeen: time + .milliseconds(900), kind: .car, frames: 10, direction: .receding,
            best: Passage.Best(frame: second * 10 + 5, vehicle: nil, plate: nil, crop: nil),
            plate: Passage.VotedPlate(
                text: PlateText("1ABC\(100 + second)")!, confidence: 0.9, accepted: true, votes: 3, reads: 3,
                region: "be"),
            notRead: nil)
    }

    private func record(_ passages: [Passage], coverage: [Coverage] = [], _ name: String) throws -> String {
        let path = folder.appending(path: name).path
        var writer = try RecordingWriter(to: path, schemas: Schema.recordings)
        for passage in passages { try writer.append(try Record(passage: passage), to: "city.passages") }
        for coverage in coverage { try writer.append(try Record(coverage: coverage), to: "city.passages") }
        _ = try writer.finish()
        return path
    }

    @Test func `a recording's passages are stored once, those of unknown cameras named`() throws {
        let file = try record((0..<50).flatMap { [passage("north", $0), passage("south", $0)] }, "day.mcap")
        let first = try backfill(file)
        #expect(first.status == 0 && first.errors.contains("100 passages read, 100 stored, 0 were there already"))
        let again = try backfill(file)
        #expect(again.status == 0 && again.errors.contains("100 passages read, 0 stored, 100 were there already"))
        #expect(
            try query("SELECT count(*), count(DISTINCT token), min(seen_at), max(last_seen) FROM sighting") == [
                ["100", "50", "2026-03-02 07:30:00+00", "2026-03-02 07:30:49.9+00"]
            ])
        #expect(try query("SELECT count(*) FROM leg_queue") == [["0"]])
        #expect(try query("SELECT count(*) FROM journey") == [["50"]])
        let strange = try backfill(try record([passage("cellar", 1), passage("north", 99)], "strange.mcap"))
        #expect(strange.status == 65 && strange.errors.contains("SNK302"))
        #expect(try query("SELECT count(*) FROM sighting") == [["101"]])
    }

    @Test func `a camera's time is replaced, and what it replaced does not come back`() throws {
        let old = try record((0..<50).flatMap { [passage("north", $0), passage("south", $0)] }, "old.mcap")
        _ = try backfill(old)
        let new = try record(
            (0..<50).map { passage("north", $0, ordinal: 5) } + [passage("south", 3, ordinal: 5)], "new.mcap")
        let answer = try backfill(
            new, "--replace", "north", "--from", "2026-03-02T07:30:10Z", "--to", "2026-03-02T07:30:20Z")
        #expect(answer.status == 0 && answer.errors.contains("revision 1: 10 rows were taken away"))
        #expect(try query("SELECT count(*), count(revision) FROM sighting") == [["100", "10"]])
        let again = try backfill(old)
        #expect(again.status == 65 && again.errors.contains("not stored: 10 with SNK307"))
        #expect(try query("SELECT count(*), count(revision) FROM sighting") == [["100", "10"]])
        #expect(try gantry(["movement", "rebuild", "--check"]).status == 0)
        // What is taken away is gone: a recording that has nothing of that time must not do that.
        let empty = try backfill(
            new, "--replace", "south", "--from", "2026-03-02T07:30:10Z", "--to", "2026-03-02T07:30:20Z")
        #expect(empty.status == 66 && empty.errors.contains("ASM203"), "\(empty.errors)")
        #expect(try query("SELECT count(*), count(revision) FROM sighting") == [["100", "10"]])
    }

    @Test func `a recording's coverage is stored once, and replaced with the rest`() throws {
        func watched(_ minutes: Range<Int>, frames: Int) -> [Coverage] {
            minutes.map { minute in
                let start = EventTime(rfc3339: "2026-03-02T07:30:00Z")! + .seconds(60 * minute)
                return Coverage(
                    camera: "north", epoch: Epoch(7), start: start, end: start + .seconds(60), frames: frames)
            }
        }
        func stored() throws -> [[String?]] {
            try query("SELECT range_agg(watched), sum((SELECT sum(f) FROM unnest(frames) AS f)) FROM coverage")
        }
        let old = try record([passage("north", 5)], coverage: watched(0..<5, frames: 600), "covered.mcap")
        #expect(try backfill(old).errors.contains("5 stretches of coverage read, 5 of them new"))
        #expect(try backfill(old).errors.contains("5 stretches of coverage read, 0 of them new"))
        let whole = "{[\"2026-03-02 07:30:00+00\",\"2026-03-02 07:35:00+00\"]}"
        #expect(try stored() == [[whole, "3000"]])
        let new = try record([passage("north", 95)], coverage: watched(1..<2, frames: 300), "recovered.mcap")
        let answer = try backfill(
            new, "--replace", "north", "--from", "2026-03-02T07:31:30Z", "--to", "2026-03-02T07:33:00Z")
        #expect(answer.status == 0 && answer.errors.contains("1 stretches of coverage read, 1 of them new"))
        let holed =
            "{[\"2026-03-02 07:30:00+00\",\"2026-03-02 07:32:00+00\"],[\"2026-03-02 07:33:00+00\",\"2026-03-02 07:35:00+00\"]}"
        #expect(try stored() == [[holed, "2100"]])

        _ = try query("UPDATE settings SET min_vehicles = 1")
        let day = ["--day", "2026-03-02", "--between", "07:30,07:35"]
        let flows = try gantry(["query", "flows", "--camera", "north", "--every", "1m", "--format", "csv"] + day)
        #expect(
            flows.output.split(separator: "\n").map { $0.split(separator: ",").last } == [
                "covered", "1.0", "1.0", "1.0", "1.0",
            ])
        #expect(flows.errors == "")
        let shares = try gantry(["query", "coverage", "--every", "1d", "--format", "json"] + day)
        #expect(shares.status == 0 && shares.errors == "")
        #expect(
            shares.output.contains("\"camera\": \"north\"")
                && shares.output.contains(
                    "\"covered\": 0.8, \"frames\": 2100, \"gaps\": 1, \"longest_gap_seconds\": 60.0, \"recorded\": true"
                ))
        _ = try query("UPDATE camera SET covered_since = '2026-03-01'")
        for question in [
            ["travel-times", "--from", "south", "--to", "north"], ["both", "--from", "north", "--to", "south"],
            ["journeys"], ["dwell"], ["spot-speeds"], ["speeds", "--from", "north", "--to", "south"],
        ] {
            let answer = try gantry(["query"] + question + day)
            #expect(answer.status == 0 && answer.errors.contains("south (0.0 %)"), "\(question): \(answer.errors)")
        }
        let north = try gantry(["query", "spot-speeds", "--camera", "north"] + day)
        #expect(!north.errors.contains("Not watched"), "\(north.errors)")
    }

    @Test func `a file that is cut off gives what it has, and says so`() throws {
        let file = try record((0..<5000).map { passage("north", $0) }, "cut.mcap")
        let bytes = try Data(contentsOf: URL(filePath: file))
        try bytes.prefix(bytes.count * 2 / 3).write(to: URL(filePath: file))
        let answer = try backfill(file)
        #expect(answer.status == 66 && answer.errors.contains("repair"), "\(answer)")
        let missing = try backfill(folder.appending(path: "nothing.mcap").path)
        #expect(missing.status == 66)
    }

    /// The figures are for `gantry bench`'s readers; here only that each question is asked and has an answer.
    @Test func `benchmarks of questions and of ingest ask what they say`() throws {
        struct Asked: Decodable {
            struct Question: Decodable {
                var name: String
                var answers: Int
                var median_milliseconds, plain_milliseconds: Double
            }
            var cameras: Int
            var questions: [Question]
        }
        _ = try query("UPDATE settings SET min_vehicles = 1")
        let passages = (0..<50).flatMap { [passage("north", $0), passage("south", $0 + 300)] }.map { passage in
            var passage = passage
            if passage.camera == "south" {
                passage.plate?.text = PlateText("1ABC\(100 + passage.firstFrame / 10 - 300)")!
            }
            return passage
        }
        _ = try backfill(try record(passages, "city.mcap"))
        let asked = try gantry(["bench", "queries", "--rounds", "1", "--format", "json"], program: "gantry-local")
        let report = try JSONDecoder().decode(Asked.self, from: Data(asked.output.utf8))
        #expect(report.cameras == 2 && report.questions.count == 8)
        for name in ["A then B, one day", "travel times, all days", "all pairs, one day", "dwell, top 100, one day"] {
            #expect(report.questions.first { $0.name == name }.map { $0.answers > 0 } == true, "\(name)")
        }
        let stored = try gantry(
            ["bench", "ingest", "--passages", "10000", "--filled", "700", "--cameras", "5"], program: "gantry-local")
        #expect(stored.status == 0 && stored.output.contains("all blocks"), "\(stored)")
    }
}
