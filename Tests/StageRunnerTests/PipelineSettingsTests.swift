import Foundation
import GantryTesting
import Logging
import StageRunner
import Stages
import Testing
import Traffic

private let everything = """
    name: city
    timezone: Europe/Brussels
    cameras:
      - id: ring-north
        source: "rtsp://viewer:pass word@127.0.0.1/ring"
        longitude: 4.3499
        latitude: -50.8792
        heading: 180.5
        sample: 4/s
        motion_gate: 7%
      - id: Old.Clip_2
        source: /clips/old.mp4
        longitude: -180
        latitude: 90
        started: 2026-03-02T07:30:00.000000001Z
        fps: 12.5
    kafka:
      brokers: [10.0.0.1:9092, broker-2:9093]
      partitions: 12
      replicas: 3
      session_timeout: 20s
      patience: 2m
      frame_retention: 5m
      maximum_message: 2.5MB
      properties:
        security.protocol: SASL_SSL
        sasl.password: "a 'quoted' \\"secret\\""
    decode:
      sample: 5/s
      motion_gate: 0.5%
      queue: 6
      threads: 2
      open_timeout: 3s
      read_timeout: 2500ms
      reconnect: 500ms..1m
    detect:
      vehicles: cars
      plates: signs
      faces: people
      backend: opencv
      threads: 2
      workers: 3
      vehicle_score: 0.4
      plate_score: 0.25
      face_score: 0.1
      vehicle_quality: 80
      plate_quality: 90
    read:
      reader: other
      model: fine
      grammars: p.yaml
      abstain: 0.55
      workers: auto
    track:
      maximum_gap: 1.5s
      minimum_frames: 2
      minimum_plate_frames: 1
      minimum_share: 0.4
      minimum_overlap: 0.3
      accept: 0.8
      minimum_votes: 3
      accept_single: 0.95
      dwell: 5m
      maximum_tracks: 64
    sink:
      batch: 100
    database:
      url: postgresql://gantry:secret@db/gantry
      suppress_below: 5
    custody:
      keys: keys
      wrapping_key: file:custody/wrapping.key
      domain: enforcement
      token_epoch: week
      token_overlap: 90m
    http:
      port: 0
    log:
      level: debug
      format: json
    """

struct PipelineSettingsTests {
    @Test func `every setting is read`() throws {
        let folder = try PipelineFolder()
        let pipeline = try Pipeline(contentsOf: folder.write("p.yaml", everything), cameras: .elsewhere)
        var expected = Pipeline(name: "city")
        expected.timezone = "Europe/Brussels"
        expected.cameras = [
            PipelineCamera(
                camera: Camera(id: "ring-north", longitude: 4.3499, latitude: -50.8792, heading: 180.5),
                source: .rtsp("rtsp://viewer:pass word@127.0.0.1/ring"), sampling: .perSecond(4),
                motionGate: .share(0.07)),
            PipelineCamera(
                camera: Camera(id: "Old.Clip_2", longitude: -180, latitude: 90, heading: nil),
                source: .file("/clips/old.mp4"), started: EventTime(nanoseconds: 1_772_436_600_000_000_001),
                framesPerSecond: 12.5, sampling: .perSecond(5), motionGate: .share(0.005)),
        ]
        var kafka = PipelineKafka()
        kafka.brokers = ["10.0.0.1:9092", "broker-2:9093"]
        kafka.partitions = 12
        kafka.replicas = 3
        kafka.sessionTimeout = .seconds(20)
        kafka.patience = .seconds(120)
        kafka.frameRetention = .seconds(300)
        kafka.maximumMessage = 2_500_000
        kafka.properties = ["security.protocol": "SASL_SSL", "sasl.password": #"a 'quoted' "secret""#]
        expected.kafka = kafka
        expected.decode.sampling = .perSecond(5)
        expected.decode.motionGate = .share(0.005)
        expected.decode.queue = 6
        expected.decode.threads = 2
        expected.decode.openTimeout = .seconds(3)
        expected.decode.readTimeout = .milliseconds(2500)
        expected.decode.reconnectFirst = .milliseconds(500)
        expected.decode.reconnectLast = .seconds(60)
        expected.detect.vehicles = "cars"
        expected.detect.plates = "signs"
        expected.detect.faces = "people"
        expected.detect.backend = .opencv
        expected.detect.threads = 2
        expected.detect.workers = 3
        expected.detect.vehicleScore = 0.4
        expected.detect.plateScore = 0.25
        expected.detect.faceScore = 0.1
        expected.detect.vehicleQuality = 80
        expected.detect.plateQuality = 90
        expected.read.reader = "other"
        expected.read.model = "fine"
        expected.read.grammars = "\(folder.path)/p.yaml"
        expected.read.abstain = 0.55
        expected.read.workers = nil
        expected.track.maximumGap = .milliseconds(1500)
        expected.track.minimumFrames = 2
        expected.track.minimumOverlap = 0.3
        expected.track.minimumPlateFrames = 1
        expected.track.minimumShare = 0.4
        expected.track.accept = 0.8
        expected.track.minimumVotes = 3
        expected.track.acceptSingle = 0.95
        expected.track.dwell = .seconds(300)
        expected.track.maximumTracks = 64
        expected.sink.batch = 100
        expected.database.url = "postgresql://gantry:secret@db/gantry"
        expected.database.suppressBelow = 5
        expected.custody.keys = "\(folder.path)/keys"
        expected.custody.wrappingKey = "file:\(folder.path)/custody/wrapping.key"
        expected.custody.domain = "enforcement"
        expected.custody.tokenEpochDays = 7
        expected.custody.tokenOverlap = .seconds(5400)
        expected.http.port = 0
        expected.log.level = .debug
        expected.log.format = .json
        #expect(pipeline == expected)
    }

    @Test func `a pipeline written out reads back the same`() throws {
        let folder = try PipelineFolder()
        let pipeline = try Pipeline(contentsOf: folder.write("p.yaml", everything), cameras: .elsewhere)
        let again = try Pipeline(
            contentsOf: folder.write("again.yaml", pipeline.yaml(hidingPasswords: false)), cameras: .elsewhere)
        #expect(again == pipeline)
        let plain = Pipeline(name: "plain")
        let written = try folder.write("plain.yaml", plain.yaml(hidingPasswords: false))
        #expect(try Pipeline(contentsOf: written, cameras: .elsewhere) == plain)
    }

    @Test func `a pipeline written for people hides its passwords`() throws {
        let folder = try PipelineFolder()
        var pipeline = try Pipeline(contentsOf: folder.write("p.yaml", everything), cameras: .elsewhere)
        let text = pipeline.yaml(hidingPasswords: true)
        #expect(!text.contains("secret"))
        #expect(!text.contains("pass word"))
        #expect(text.contains("gantry:***@db"))
        pipeline.database.url = "host=db password=secret dbname=city"
        #expect(pipeline.yaml(hidingPasswords: true).contains("host=db password=*** dbname=city"))
    }

    /// Goal: no misspelt key is ever taken for a default.
    /// Method: change one letter of one key of a full file, seeded; the file must be refused at that line.
    @Test(arguments: 0..<300)
    func `a misspelt key is always reported`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var lines = everything.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        // What stands below `properties` belongs to librdkafka, which judges its own names.
        let free = Set(
            lines.indices.filter { lines[$0].contains("sasl.password") || lines[$0].contains("security.protocol") })
        let at = try #require(lines.indices.filter { !free.contains($0) }.randomElement(using: &random))
        let line = lines[at]
        let key = try #require(line.split(separator: ":").first).drop { $0 == " " || $0 == "-" }
        var letters = Array(key)
        let place = Int.random(in: 0..<letters.count, using: &random)
        let letter = try #require(
            "abcdefghijklmnopqrstuvwxyz_".filter { $0 != letters[place] }.randomElement(using: &random))
        switch Int.random(in: 0..<3, using: &random) {
        case 0: letters[place] = letter
        case 1: letters.insert(letter, at: place)
        default: letters.remove(at: place)
        }
        let typo = String(letters)
        lines[at] = line.replacingCharacters(in: key.startIndex..<key.endIndex, with: typo)
        let found = try problems(lines.joined(separator: "\n"))
        #expect(
            found.contains { $0.line == at + 1 && ($0.code == .unknownKey || $0.code == .duplicateKey) },
            "seed \(seed): '\(key)' became '\(typo)' in line \(at + 1), found \(found)")
    }

    @Test func `the world is asked once about each thing, and its troubles have a line`() throws {
        let asked = Asked()
        let probes = PipelineProbes(
            model: { name, task in
                asked.note("\(task):\(name ?? "any")")
                return task == .faces ? .init(what: "no model for faces", remedy: "run make models") : nil
            },
            broker: { brokers in
                asked.note(brokers.joined())
                return .init(what: "no broker answers", remedy: "run make broker")
            },
            database: { url in
                asked.note("database:\(url ?? "own")")
                return .init(what: "no database answers", remedy: "run make database")
            })
        let found = try problems(
            "name: city\ndetect:\n  faces: people\nkafka:\n  brokers: h:1\ndatabase:\n  suppress_below: 3\n",
            probes: probes)
        #expect(codes(found) == ["3:PIP130", "5:PIP131", "7:PIP132"])
        #expect(
            asked.all.sorted() == ["database:own", "faces:people", "h:1", "plates:any", "reader:any", "vehicles:any"])
    }

    @Test func `an untouched track section is the stage's own defaults`() {
        #expect(PipelineTrack().settings == Associate.Settings())
    }

    @Test func `topics and groups are named for the pipeline`() {
        let topics = Pipeline(name: "city").topics
        #expect(
            PipelineStage.allCases.map { topics.input(of: $0) } == [
                nil, "city.frames", "city.vehicles", "city.reads", "city.passages",
            ])
        #expect(
            PipelineStage.allCases.map { topics.output(of: $0) } == [
                "city.frames", "city.vehicles", "city.reads", "city.passages", nil,
            ])
        #expect(topics.trackState == "city.track-state")
        #expect(topics.rejected(topics.frames) == "city.frames.rejected")
        #expect(topics.group(.track) == "city.track")
    }

    @Test func `neighbouring stages are fused in the order of the flow`() throws {
        #expect(try PipelineStage.neighbours("detect, decode") == [.decode, .detect])
        #expect(try PipelineStage.neighbours("sink") == [.sink])
        for bad in ["", "decode,read", "decode,decode", "detect,", "sniff"] {
            #expect(throws: PipelineError.self, "\(bad)") { try PipelineStage.neighbours(bad) }
        }
    }
}

/// What a probe was asked, from any thread.
private final class Asked: @unchecked Sendable {
    private let lock = NSLock()
    private var notes: [String] = []
    func note(_ text: String) { lock.withLock { notes.append(text) } }
    var all: [String] { lock.withLock { notes } }
}
