import CoreMetrics
import Logging
import StageRunner
import Stages
import Synchronization
import Testing
import Topics
import Traffic

private let quiet = RunnerOptions(
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: NOOPMetricsHandler.instance)

@Suite struct StatelessRunner {
    @Test func `a batch is committed after its results and rejections are acknowledged, never before`() async throws {
        let script = Script([
            .assigned([Assignment(partition: reads, start: nil)]),
            .batch(deliver([record("a", 0, 1), record("a", 1, -4), record("a", 2, 13)], from: 5)),
        ])
        let runner = StageRunner(
            "toy", from: script, to: Script.Out(script: script), rejected: Script.Rejected(script: script),
            options: quiet
        ) { RunningSum() }
        try await runner.run()
        #expect(
            script.log == [
                "send a 0 1; a 2 14", "reject TOY101 [1, 2, 3]", "commit 8", "finish", "close",
            ])
        #expect(runner.progress.recordsIn == 3 && runner.progress.recordsOut == 2)
        #expect(runner.progress.rejected == ["TOY101": 1] && runner.progress.tallies == ["unlucky": 1])
        #expect(runner.progress.isReady)
    }

    @Test func `a record that can't be decoded is rejected with its bytes and the camera goes on`() async throws {
        var deliveries = deliver([record("a", 0, 1), record("a", 1, 1)], from: 0)
        deliveries[0].content = .undecodable(code: "WIR104", reason: "zeros")
        let script = Script([.batch(deliveries)])
        let runner = StageRunner(
            "toy", from: script, to: Script.Out(script: script), rejected: Script.Rejected(script: script),
            options: quiet
        ) { RunningSum() }
        try await runner.run()
        #expect(script.log.prefix(3) == ["send a 1 1", "reject WIR104 [1, 2, 3]", "commit 2"])
    }

    @Test func `a result that the link can't carry is rejected, and the batch is committed`() async throws {
        let script = Script([.batch(deliver([record("a", 0, 1), record("a", 1, 1)], from: 0))])
        let runner = StageRunner(
            "toy", from: script, to: Script.Out(script: script, refuses: "a 0 1"),
            rejected: Script.Rejected(script: script), options: quiet
        ) { RunningSum() }
        try await runner.run()
        #expect(script.log.prefix(3) == ["send a 0 1; a 1 2", "reject TOY201 []", "commit 2"])
        #expect(runner.progress.recordsOut == 1)
    }

    @Test func `repeats are dropped by camera, epoch and frame; gaps and ends are not frames`() async throws {
        let script = Script([
            .batch(deliver([record("a", 4, 1), record("b", 4, 1), record("a", 5, 1)], from: 0)),
            .batch(
                deliver([record("a", 4, 1), record("a", 5, 1), record("a", 6, 1), end("a", 6), end("a", 6)], from: 3)),
            .batch(deliver([record("a", 0, 1, epoch: 2)], from: 8)),
        ])
        let runner = StageRunner("toy", from: script, to: Script.Out(script: script), options: quiet) { RunningSum() }
        try await runner.run()
        #expect(
            script.log.filter { $0.hasPrefix("send") } == [
                "send a 4 1; b 4 1; a 5 2", "send a 6 3; a end 3", "send a 0 4",
            ])
        #expect(runner.progress.repeats == 3)
    }

    @Test func `a failing world ends the run, with the link closed`() async throws {
        let script = Script([.batch(deliver([record("a", 0, 1)], from: 0))], failsCommits: true)
        let runner = StageRunner("toy", from: script, to: Script.Out(script: script), options: quiet) { RunningSum() }
        await #expect(throws: Script.Down.self) { try await runner.run() }
        #expect(script.log == ["send a 0 1", "close"])
    }

    @Test func `a recipe that fails ends the run`() async throws {
        struct NoModel: Error {}
        let script = Script([])
        let runner = StageRunner<RunningSum>("toy", from: script, to: Script.Out(script: script), options: quiet) {
            throw NoModel()
        }
        await #expect(throws: NoModel.self) { try await runner.run() }
        #expect(script.log == ["close"])
    }

    @Test func `after a partition comes back its records are not taken for repeats`() async throws {
        let script = Script([
            .batch(deliver([record("a", 0, 1), record("a", 1, 1)], from: 0)),
            .lost([reads]),
            .assigned([Assignment(partition: reads, start: 1)]),
            .batch(deliver([record("a", 1, 1)], from: 1)),
        ])
        let runner = StageRunner("toy", from: script, to: Script.Out(script: script), options: quiet) { RunningSum() }
        try await runner.run()
        #expect(script.log.filter { $0.hasPrefix("send") } == ["send a 0 1; a 1 2", "send a 1 3"])
    }

    @Test func `stages in one process pass on what they have, and the end of input travels down`() async throws {
        let numbers = MemoryLink<StreamRecord<Int>>(name: "frames", capacity: 2)
        let sums = MemoryLink<String>(name: "sums", capacity: 2)
        let source = SourceRunner("source", to: numbers.outlet(), options: quiet) { emit in
            for frame in 0..<100 { try await emit.send(record("a", frame, 1)) }
        }
        let runner = StageRunner("toy", from: numbers.inlet(), to: sums.outlet(), options: quiet) { RunningSum() }
        async let first: Void = source.run()
        async let second: Void = runner.run()
        var seen: [String] = []
        while case .batch(let batch) = try await sums.inlet().next(limit: 5) { seen += batch.compactMap(\.value) }
        try await first
        try await second
        #expect(seen == (0..<100).map { "a \($0) \($0 + 1)" })
        #expect(source.progress.recordsOut == 100 && runner.progress.recordsIn == 100)
    }
}

@Suite struct StatefulRunner {
    private func runner(_ script: Script, every records: Int = 1000) -> StageRunner<RunningSum> {
        var options = quiet
        options.checkpointRecords = records
        options.checkpointInterval = .seconds(3600)
        return StageRunner(
            "toy", from: script, to: Script.Out(script: script), rejected: Script.Rejected(script: script),
            snapshots: script, options: options
        ) { RunningSum() }
    }

    @Test func `results, then snapshots, then the commit`() async throws {
        let script = Script([
            .batch(deliver([record("b", 0, 1), record("a", 0, 2)], from: 0)),
            .batch(deliver([record("a", 1, 3)], from: 2)),
            .batch(deliver([record("a", 2, 4)], from: 3)),
        ])
        try await runner(script, every: 3).run()
        #expect(
            script.log == [
                "send b 0 1; a 0 2", "send a 1 5", "snapshot a@3,b@3", "commit 3", "send a 2 9", "snapshot a@4",
                "commit 4", "finish", "close",
            ])
    }

    @Test func `a successor goes on as if nothing had happened, from before and after a late snapshot`() async throws {
        let all = [record("a", 0, 5), record("b", 0, 7), record("a", 1, 6), record("a", 1, 6), record("b", 1, 8)]
        // The first process snapshots after three records and dies before its commit: the successor starts at 0.
        let first = Script([.batch(deliver(Array(all[..<3]), from: 0))], failsCommits: true)
        await #expect(throws: Script.Down.self) { try await runner(first, every: 1).run() }
        let saved = first.snapshots.withLock { $0 }
        #expect(saved.map(\.inputOffset) == [3, 3])

        let second = Script([
            .assigned([Assignment(partition: reads, start: nil, note: "hint")]),
            .batch(deliver(all, from: 0)),
        ])
        second.snapshots.withLock { $0 = saved }
        let successor = runner(second)
        try await successor.run()
        // Offset 3 repeats frame 1 of a, which lies inside the snapshot: the marks travel with the state.
        #expect(second.log.prefix(2) == ["restore hint", "send b 1 15"])
        #expect(successor.progress.repeats == 4)
    }

    @Test func `on revocation everything is saved and forgotten; on loss nothing is written`() async throws {
        let revoked = Script([
            .batch(deliver([record("a", 0, 5)], from: 0)), .revoked([reads]),
            .batch(deliver([record("a", 1, 6)], from: 1)),
        ])
        try await runner(revoked).run()
        #expect(
            revoked.log.prefix(4) == ["send a 0 5", "snapshot a@1", "commit 1", "send a 1 6"],
            "the sum starts again because the state was dropped")

        let lost = Script([.batch(deliver([record("a", 0, 5)], from: 0)), .lost([reads])])
        try await runner(lost).run()
        #expect(lost.log == ["send a 0 5", "finish", "close"])
    }

    @Test func `a snapshot that can't be read stops the process instead of starting over`() async throws {
        let script = Script([.assigned([Assignment(partition: reads, start: 3)])])
        script.snapshots.withLock { $0 = [Snapshot(key: "a", inputOffset: 3, marks: [], state: [1, 2])] }
        await #expect(throws: SnapshotError.corrupt("not a number")) { try await runner(script).run() }
    }
}

@Suite struct SinkRunnerTests {
    struct Busy: Error {}

    @Test func `a write is tried again, and its offsets cover what was rejected`() async throws {
        var deliveries = deliver([record("a", 0, 1), record("a", 1, 2), record("a", 2, 3)], from: 10)
        deliveries[0].content = .undecodable(code: "WIR104", reason: "zeros")
        let script = Script([.batch(deliveries)])
        var options = quiet
        options.backoff = Backoff(first: .nanoseconds(1), attempts: 3)
        let runner = SinkRunner(
            "sink", from: script, rejected: Script.Rejected(script: script), options: options,
            isRetriable: { $0 is Busy }
        ) { batch in
            script.note("write \(batch.elements.map(\.id.frame)) \(batch.offsets[reads]!)")
            if script.log.count < 4 { throw Busy() }
            return [Refusal(index: 1, code: "SNK301", reason: "no such camera")]
        }
        try await runner.run()
        let write = "write [1, 2] 10..<13"
        #expect(
            script.log == [
                "reject WIR104 [1, 2, 3]", write, write, write, "reject SNK301 [1, 2, 3]", "commit 13", "close",
            ])
        #expect(runner.progress.recordsOut == 1)
    }

    @Test func `a write that keeps failing ends the run uncommitted`() async throws {
        let script = Script([.batch(deliver([record("a", 0, 1)], from: 0))])
        var options = quiet
        options.backoff = Backoff(first: .nanoseconds(1), attempts: 2)
        let runner = SinkRunner("sink", from: script, options: options, isRetriable: { _ in true }) { _ in
            script.note("write")
            throw Busy()
        }
        await #expect(throws: Busy.self) { try await runner.run() }
        #expect(script.log == ["write", "write", "close"])
    }
}
