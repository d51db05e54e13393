import CoreMetrics
import Fixtures
import GantryTesting
import Logging
import StageRunner
import Stages
import Synchronization
import Testing
import Topics
import Traffic
import Wire

@testable import KafkaTopics

/// Joins every three records of a camera into one: what it gives depends on where it stood, as tracks do.
private struct Triples: SnapshottingStage {
    typealias Input = StreamRecord<FrameReads>
    typealias Output = String
    var open: [CameraID: [Int]] = [:]

    mutating func process(_ input: StreamRecord<FrameReads>) -> [String] {
        var frames = open[input.id.camera] ?? []
        defer { open[input.id.camera] = frames.isEmpty ? nil : frames }
        if case .frame = input.body { frames.append(input.id.frame) }
        guard frames.count == 3 || (input.content == nil && !frames.isEmpty) else { return [] }
        defer { frames = [] }
        return ["\(input.id.camera) \(frames)"]
    }
    func snapshot(of camera: CameraID) -> [UInt8]? {
        open[camera].map { Array($0.map(String.init).joined(separator: ",").utf8) }
    }
    mutating func restore(_ camera: CameraID, from snapshot: [UInt8]) throws(SnapshotError) {
        open[camera] = String(decoding: snapshot, as: UTF8.self).split(separator: ",").compactMap { Int($0) }
    }
    mutating func forget(_ camera: CameraID) { open[camera] = nil }
}

@Suite(.timeLimit(.minutes(4))) struct CrashTests {
    /// Goal: whatever moment a stateful stage dies at, the union of what it and its successors wrote is exactly what
    /// an undisturbed run writes: nothing lost, nothing extra, repeats identical.
    /// Method: a stage whose output depends on where it stood; crashes at seeded calls around send, save and commit;
    /// the input itself holds repeats. The last process runs to the end.
    @Test(arguments: [1, 2] as [UInt64])
    func `a stateful stage that dies at any moment leaves what an undisturbed one does`(seed: UInt64) async throws {
        let cluster = try cluster()
        let input = try await topic("reads", partitions: 2, on: cluster)
        let output = try await topic("triples", partitions: 2, on: cluster)
        let state = try await topic("track-state", partitions: 2, on: cluster)
        let cameras = ["a", "b", "c", "d", "e"]
        let empty = FrameReads(width: 1, height: 1, vehicles: [], plates: [])
        var expected: Set<String> = []
        var records: [Record] = []
        // What a stage before this one leaves that went back a few times: runs of records that come twice.
        let frames = [0..<40, 25..<60, 41..<62, 50..<100].flatMap(Array.init)
        for frame in frames {
            for camera in cameras {
                let id = FrameID(camera: CameraID(camera), epoch: Epoch(9), frame: frame)
                let record = StreamRecord(id: id, time: EventTime(nanoseconds: 0), body: .frame(empty))
                records.append(try Record(reads: record))
                if frame % 3 == 2 { expected.insert("\(camera) \([frame - 2, frame - 1, frame])") }
            }
        }
        for camera in cameras {
            let id = FrameID(camera: CameraID(camera), epoch: Epoch(9), frame: 99)
            records.append(
                try Record(
                    reads: StreamRecord<FrameReads>(id: id, time: EventTime(nanoseconds: 0), body: .endOfStream)))
            expected.insert("\(camera) [99]")
        }
        try await cluster.raw(input).put(records)

        var options = RunnerOptions(
            batch: 16, checkpointRecords: 32,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: NOOPMetricsHandler.instance)
        options.checkpointInterval = .milliseconds(200)
        let ended = Mutex<Set<String>>([])
        func process(dyingAfter calls: Int?) async throws {
            let fuse = Fuse(after: calls)
            let inner = try cluster.inlet(topic: input, group: input, decode: StreamRecord<FrameReads>.init(record:))
            let inlet = FusedInlet(inner, fuse: fuse) { inner.abandon() }
            let outlet = FusedOutlet(
                try cluster.outlet(topic: output) { (line: String) in
                    Record(key: String(line.prefix(1)), value: Array(line.utf8))
                }, fuse: fuse
            ) { lines in
                let all = ended.withLock { state in
                    for line in lines where line.hasSuffix("99]") { state.insert(String(line.prefix(1))) }
                    return state.count == cameras.count
                }
                if all { inner.stop() }
            }
            let store = FusedStore(
                try cluster.snapshots(
                    topic: state, encode: Record.init(snapshot:), decode: Snapshot.init(record:)), fuse: fuse)
            try await StageRunner(
                "triples", from: inlet, to: outlet, snapshots: store, options: options
            ) { Triples() }.run()
        }
        var random = SeededGenerator(seed: seed)
        var crashes = 0
        for _ in 0..<6 where ended.withLock({ $0.count }) < cameras.count {
            do { try await process(dyingAfter: Int.random(in: 5...40, using: &random)) } catch is Fuse.Blown {
                crashes += 1
            }
        }
        if ended.withLock({ $0.count }) < cameras.count { try await process(dyingAfter: nil) }
        #expect(crashes > 2, "seed \(seed) must make it die")

        var lines: [String] = []
        let check = try cluster.raw(output, group: "check-\(output)")
        // A camera's lines are in order, so nothing of it follows its last one.
        while Set(lines.filter { $0.hasSuffix("99]") }.map { $0.prefix(1) }).count < cameras.count {
            if let batch = try await check.next(limit: 1000).batch { lines += batch.compactMap(\.value).map(text) }
        }
        await check.close()
        #expect(Set(lines) == expected, "seed \(seed), \(crashes) crashes")
    }

    @Test func `what a stage refuses is on the rejected topic with its original bytes`() async throws {
        let cluster = try cluster()
        let input = try await topic("reads", partitions: 1, on: cluster)
        let rejected = try await topic("reads.rejected", partitions: 1, on: cluster)
        let good = try Record(
            reads: StreamRecord<FrameReads>(
                id: FrameID(camera: "a", epoch: Epoch(1), frame: 0), time: EventTime(nanoseconds: 0),
                body: .endOfStream))
        var foreign = good
        foreign.headers[1] = Header("gantry-schema", "99")
        let zeros = Record(key: "a", value: [0, 0, 0], headers: good.headers)
        try await cluster.raw(input).put([zeros, foreign, good])

        let inlet = try cluster.inlet(topic: input, group: input, decode: StreamRecord<FrameReads>.init(record:))
        let sink = MemoryLink<String>(name: "out", capacity: 10)
        let options = RunnerOptions(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: NOOPMetricsHandler.instance)
        let runner = StageRunner(
            "triples", from: inlet, to: sink.outlet(),
            rejected: try cluster.outlet(topic: rejected, encode: Record.init(rejection:)), options: options
        ) { Triples() }
        async let ran: Void = runner.run()
        let seen = try await cluster.read(2, of: rejected, group: "check-\(rejected)")
        inlet.stop()
        try await ran
        let rejections = try seen.map { try Rejection(record: $0.value!) }
        #expect(rejections.map(\.code) == ["WIR104", "WIR102"])
        #expect(rejections.map(\.original.value) == [[0, 0, 0], good.value])
        #expect(rejections.map { $0.position?.offset } == [0, 1] && rejections.allSatisfy { $0.stage == "triples" })
        #expect(rejections[1].original.header("gantry-schema") == "99")
        #expect(try await cluster.lag(of: input, on: input).values.max()! <= 0)
    }
}
