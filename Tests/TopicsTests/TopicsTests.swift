import Glibc
import Testing
import Topics

@Suite struct MemoryLinkTests {
    private func drain(_ inlet: MemoryInlet<Int>, limit: Int = 3) async throws -> [Int] {
        var seen: [Int] = []
        while case .batch(let batch) = try await inlet.next(limit: limit) { seen += batch.compactMap(\.value) }
        return seen
    }

    @Test func `a producer waits for room and nothing is lost`() async throws {
        let link = MemoryLink<Int>(name: "frames", capacity: 2)
        let outlet = link.outlet()
        async let sent: Void = {
            try await outlet.send(Array(0..<1000))
            outlet.finish()
        }()
        let seen = try await drain(link.inlet())
        try await sent
        #expect(seen == Array(0..<1000))
        #expect(link.shed == 0 && link.depth == 0)
    }

    @Test func `six waiting producers share one reader, each in its own order`() async throws {
        let link = MemoryLink<Int>(name: "frames", capacity: 3)
        let outlets = (0..<6).map { _ in link.outlet() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (camera, outlet) in outlets.enumerated() {
                group.addTask {
                    try await outlet.send((0..<200).map { camera * 1000 + $0 })
                    outlet.finish()
                }
            }
            let seen = try await drain(link.inlet(), limit: 4)
            #expect(seen.count == 1200)
            for camera in 0..<6 {
                #expect(seen.filter { $0 / 1000 == camera }.map { $0 % 1000 } == Array(0..<200))
            }
            try await group.waitForAll()
        }
    }

    @Test func `a live source drops its own oldest and counts, and leaves others' and unsheddable elements`()
        async throws
    {
        let link = MemoryLink<Int>(name: "frames", capacity: 3, sheddable: { $0 >= 0 })
        let file = link.outlet(), live = link.outlet(whenFull: .dropOldest)
        try await file.send([100])
        try await live.send([1, 2, 3, 4])
        #expect(link.shed == 2 && link.depth == 3)
        file.finish()
        live.finish()
        #expect(try await drain(link.inlet()) == [100, 3, 4])

        let end = MemoryLink<Int>(name: "frames", capacity: 1, sheddable: { $0 >= 0 })
        let source = end.outlet(whenFull: .dropOldest)
        try await source.send([-1, 7])
        #expect(end.shed == 1)
        source.finish()
        #expect(try await drain(end.inlet()) == [-1])
    }

    @Test func `one lane sees all of one camera's elements, in order`() async throws {
        let link = MemoryLink<Int>(name: "frames", capacity: 8, lanes: 2, lane: { $0 / 1000 })
        let outlet = link.outlet()
        async let sent: Void = {
            for n in 0..<100 { try await outlet.send([0, 1000, 2000, 3000].map { $0 + n }) }
            outlet.finish()
        }()
        async let odd = drain(link.inlet(lane: 1))
        let even = try await drain(link.inlet(lane: 0))
        try await sent
        #expect(even.filter { $0 < 1000 } == Array(0..<100) && even.count == 200)
        #expect(try await odd.filter { $0 < 2000 } == Array(1000..<1100))
    }

    @Test func `a producer fails when its reader stops, and a cancelled reader returns`() async throws {
        let link = MemoryLink<Int>(name: "frames", capacity: 1)
        let outlet = link.outlet()
        let producer = Task { try await outlet.send([1, 2, 3]) }
        _ = try await link.inlet().next(limit: 1)
        link.inlet().close()
        await #expect(throws: LinkError.closed("frames")) { try await producer.value }

        let silent = MemoryLink<Int>(name: "reads", capacity: 1)
        let end = silent.outlet()
        let reader = Task { try await silent.inlet().next(limit: 1) }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        end.finish()
    }

    @Test func `an outlet that is let go counts as finished`() async throws {
        let link = MemoryLink<Int>(name: "frames", capacity: 1)
        do { _ = link.outlet() }
        #expect(try await drain(link.inlet()) == [])
    }
}

@Suite struct BackoffTests {
    struct Busy: RetriableError { var isRetriable: Bool }
    let quick = Backoff(first: .nanoseconds(1), longest: .nanoseconds(3), attempts: 4)

    @Test func `what may pass is tried again, up to the bound`() async throws {
        var calls = 0
        var pauses: [Duration] = []
        await #expect(throws: Busy.self) {
            try await quick.retrying(failed: { pauses.append($1) }) {
                calls += 1
                throw Busy(isRetriable: true)
            }
        }
        #expect(calls == 4)
        #expect(pauses == [.nanoseconds(1), .nanoseconds(2), .nanoseconds(3)])
    }

    @Test func `what can't pass is thrown at once`() async throws {
        var calls = 0
        await #expect(throws: Busy.self) {
            try await quick.retrying {
                calls += 1
                throw Busy(isRetriable: false)
            }
        }
        #expect(calls == 1)
    }
}

@Suite struct ThreadExecutorTests {
    @Test func `a body and what it awaits stay on one thread, off the pool`() async throws {
        @Sendable func here() async -> UInt { UInt(pthread_self()) }
        let threads = try await ThreadExecutor.run(name: "test") {
            let first = await here()
            await Task.yield()
            return [first, await here()]
        }
        #expect(threads[0] == threads[1])
        let other = try await ThreadExecutor.run(name: "other") { await here() }
        #expect(other != 0)
    }
}
