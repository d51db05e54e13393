import CoreMetrics
import GantryTesting
import Logging
import StageRunner
import Stages
import Synchronization
import Testing
import Topics
import Traffic
import Wire

private let options: RunnerOptions = {
    var options = RunnerOptions(
        batch: 16, checkpointRecords: 32, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        metrics: NOOPMetricsHandler.instance)
    options.checkpointInterval = .seconds(3600)
    return options
}()

/// Five cameras, each with cars that come and go, in the order in which a camera's frames would arrive.
private func traffic(cameras: Int = 5, frames: Int = 120) -> [StreamRecord<FrameReads>] {
    var streams = (0..<cameras).map {
        CameraStream(
            CameraID("camera-\($0)"), epoch: UInt64($0 + 1),
            // Three seconds before a minute ends, so that a stretch of coverage ends on the way.
            start: EventTime(rfc3339: "2026-03-02T07:29:57Z")!)
    }
    for frame in 0..<frames {
        for index in streams.indices {
            let phase = (frame + 7 * index) % 40
            let box = Box(x: 40.0 * Double(phase), y: 300, width: 200, height: 140)
            streams[index].frame(phase < 25 ? [.car(at: box, plate: "B\(100 + index)CD\(frame / 40)")] : [])
        }
    }
    for index in streams.indices { streams[index].end() }
    return (0...frames).flatMap { place in streams.map { $0.records[place] } }
}

private func expected(_ records: [StreamRecord<FrameReads>]) -> [CameraReport] {
    var stage = Watch()
    return records.flatMap { stage.process($0) }
}

extension CameraReport {
    /// What a repeat is recognised by.
    fileprivate var identity: String {
        switch self {
        case .passage(let passage): "\(passage.id)"
        case .coverage(let coverage): "\(coverage.camera) \(coverage.epoch) \(coverage.start.nanoseconds)"
        }
    }
}

@Suite struct MemoryBrokerTests {
    @Test(arguments: [1, 3, 8])
    func `a stage over it gives what the stage alone gives, camera by camera`(partitions: Int) async throws {
        let records = traffic()
        let broker = MemoryBroker(partitions: partitions)
        broker.append(try records.map { try Record(reads: $0) }, to: "reads")
        try await StageRunner(
            "track", from: broker.inlet(topic: "reads", group: "track") { try StreamRecord<FrameReads>(record: $0) },
            to: broker.outlet(topic: "passages") { try Record(report: $0) }, options: options
        ) { Watch() }.run()
        let found = try broker.records(of: "passages").map { try CameraReport(record: $0) }
        let wanted = expected(records)
        #expect(!wanted.isEmpty && found.count == wanted.count)
        for camera in Set(wanted.map(\.camera)) {
            #expect(found.filter { $0.camera == camera } == wanted.filter { $0.camera == camera })
        }
        let committed = broker.committed(group: "track", topic: "reads")
        #expect(committed.values.reduce(0, +) == Int64(records.count))
    }

    /// Goal: whatever call a tracker dies at, it and its successors leave what an undisturbed one does.
    /// Method: count the calls of an undisturbed run, then die at each of them; the links are those of Kafka in small.
    @Test func `a tracker that dies at any call loses nothing and doubles nothing`() async throws {
        let records = traffic(cameras: 3, frames: 60)
        let wanted = Set(expected(records).map(\.identity))
        #expect(wanted.count > 5)
        let calls = try await leave(records, dyingAfter: nil).calls
        #expect(calls > 10)
        for call in 0..<calls {
            let (found, _) = try await leave(records, dyingAfter: call)
            // Repeats are allowed between stages, if they are the same: the id tells.
            #expect(Set(found.map(\.identity)) == wanted, "died at call \(call)")
            for (_, repeats) in Dictionary(grouping: found, by: \.identity) {
                #expect(Set(repeats).count == 1, "died at call \(call)")
            }
        }
    }

    private func leave(
        _ records: [StreamRecord<FrameReads>], dyingAfter call: Int?
    ) async throws -> (found: [CameraReport], calls: Int) {
        let broker = MemoryBroker(partitions: 2)
        broker.append(try records.map { try Record(reads: $0) }, to: "reads")
        var calls = 0
        for fuse in [Fuse(after: call), Fuse()] {
            let inner = broker.inlet(topic: "reads", group: "track") { try StreamRecord<FrameReads>(record: $0) }
            let inlet = FusedInlet(inner, fuse: fuse) { inner.close() }
            let outlet = FusedOutlet(broker.outlet(topic: "passages") { try Record(report: $0) }, fuse: fuse)
            let store = FusedStore(
                broker.snapshots(
                    topic: "track-state", encode: { try Record(snapshot: $0) }, decode: { try Snapshot(record: $0) }),
                fuse: fuse)
            do {
                try await StageRunner("track", from: inlet, to: outlet, snapshots: store, options: options) {
                    Watch()
                }.run()
            } catch is Fuse.Blown {}
            if calls == 0 { calls = fuse.count }
        }
        return (try broker.records(of: "passages").map { try CameraReport(record: $0) }, calls)
    }

    @Test func `members share partitions, and what one leaves another takes`() async throws {
        let broker = MemoryBroker(partitions: 4)
        broker.append((0..<40).map { Record(key: "k\($0)", value: [UInt8($0)]) }, to: "t")
        let first = broker.inlet(topic: "t", group: "g") { $0 }
        guard case .assigned(let all) = await first.next(limit: 5) else { throw Unexpected() }
        #expect(all.count == 4)
        guard case .batch(let read) = await first.next(limit: 5) else { throw Unexpected() }
        let position = try #require(read.last?.position)
        first.commit([Assignment(partition: position.partition, start: position.offset + 1)])
        let second = broker.inlet(topic: "t", group: "g") { $0 }
        guard case .revoked(let held) = await first.next(limit: 5) else { throw Unexpected() }
        #expect(held.count == 4)
        async let mine = first.next(limit: 100)
        guard case .assigned(let theirs) = await second.next(limit: 100) else { throw Unexpected() }
        guard case .assigned(let kept) = await mine else { throw Unexpected() }
        #expect(kept.count == 2 && theirs.count == 2)
        first.close()
        guard case .revoked = await second.next(limit: 100) else { throw Unexpected() }
        guard case .assigned(let taken) = await second.next(limit: 100) else { throw Unexpected() }
        #expect(taken.count == 4)
        guard case .batch(let rest) = await second.next(limit: 100) else { throw Unexpected() }
        #expect(rest.count == 40 - read.count)
    }

    private struct Unexpected: Error {}
}
