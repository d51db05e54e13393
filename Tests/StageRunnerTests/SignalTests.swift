import CoreMetrics
import Foundation
import Logging
import Synchronization
import Testing
import Topics
import Traffic

@testable import StageRunner

/// Signals belong to the whole process, so these take turns.
@Suite(.serialized) struct SignalTests {
    /// Sends itself SIGTERM while a batch is on its way, and ends only when it is asked to stop.
    private final class Interrupted: Inlet, Sendable {
        let script: Script
        private let calls = Atomic<Int>(0)
        private let stopped = DispatchSemaphore(value: 0)
        init(_ script: Script) { self.script = script }

        func next(limit: Int) throws -> InletEvent<StreamRecord<Int>> {
            if calls.wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
                kill(getpid(), SIGTERM)
                return .batch(deliver([record("a", 0, 1)], from: 0))
            }
            stopped.wait()
            return .end
        }
        func commit(_ positions: [Assignment]) throws { try script.commit(positions) }
        var lag: Int? { nil }
        func stop() {
            script.note("stop")
            stopped.signal()
        }
        func close() { script.note("close") }
    }

    @Test func `SIGTERM finishes the batch at hand, commits and leaves`() async throws {
        let script = Script([])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let runner = StageRunner(
            "toy", from: Interrupted(script), to: Script.Out(script: script),
            options: RunnerOptions(logger: logger, metrics: NOOPMetricsHandler.instance)
        ) { RunningSum() }
        try await runner.runUntilSignalled(logger: logger)
        #expect(script.log.filter { $0 != "stop" } == ["send a 0 1", "commit 1", "finish", "close"])
        #expect(script.log.contains("stop"))
    }

    @Test(arguments: [(SIGTERM, Int32(143)), (SIGINT, Int32(130))])
    func `a second signal exits at once, with its own status`(number: Int32, status: Int32) async {
        let (events, heard) = AsyncStream.makeStream(of: Int32.self)
        let signals = StopSignals(exit: { heard.yield($0) }, first: { heard.yield(0) })
        var listener = events.makeAsyncIterator()
        kill(getpid(), number)
        #expect(await listener.next() == 0)
        kill(getpid(), number)
        #expect(await listener.next() == status)
        signals.cancel()
    }
}
