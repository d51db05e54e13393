import Fixtures
import Foundation
import Logging
import Synchronization
import Testing
import Topics
import Traffic

@testable import KafkaTopics

/// The broker that all tests of this process share, with the short times that suit it.
func cluster(_ address: String? = nil, patience: Duration = .seconds(20)) throws -> KafkaCluster {
    var options = KafkaOptions()
    options.patience = patience
    options.sessionTimeout = .seconds(2)
    var logger = Logger(label: "kafka-test") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = debugging ? .debug : .error
    return KafkaCluster(try address ?? Broker.shared().address, options: options, logger: logger)
}

private let debugging = ProcessInfo.processInfo.environment["KAFKA_TEST_DEBUG"] != nil
private let counter = Atomic<Int>(0)

/// A topic of its own for each test.
func topic(_ name: String, partitions: Int, on cluster: KafkaCluster) async throws -> String {
    let topic = "\(name)-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    try await cluster.create([TopicPlan(topic, partitions: partitions)])
    return topic
}

extension KafkaCluster {
    func raw(_ topic: String, group: String) throws -> KafkaInlet<Record> {
        try inlet(topic: topic, group: group) { $0 }
    }
    func raw(_ topic: String) throws -> KafkaOutlet<Record> { try outlet(topic: topic) { $0 } }

    /// Everything on a topic up to a number of records, in order within each partition.
    func read(_ count: Int, of topic: String, group: String = "check") async throws -> [Delivery<Record>] {
        let inlet = try raw(topic, group: group)
        var all: [Delivery<Record>] = []
        while all.count < count {
            if case .batch(let batch) = try await inlet.next(limit: 1000) { all += batch }
        }
        await inlet.close()
        return all
    }
}

extension InletEvent {
    var batch: [Delivery<Element>]? { if case .batch(let batch) = self { batch } else { nil } }
}

/// The next batch, whatever comes before it.
func nextBatch<Element>(_ inlet: KafkaInlet<Element>, limit: Int = 1000) async throws -> [Delivery<Element>] {
    while true { if let batch = try await inlet.next(limit: limit).batch { return batch } }
}

func committing(_ deliveries: [Delivery<Record>]) -> [Assignment] {
    var next: [Partition: Int64] = [:]
    for position in deliveries.compactMap(\.position) { next[position.partition] = position.offset + 1 }
    return next.map { Assignment(partition: $0.key, start: $0.value) }
}

func text(_ record: Record) -> String { String(decoding: record.value, as: UTF8.self) }

extension KafkaOutlet {
    /// Sends what must not be refused.
    func put(_ elements: [Element]) async throws {
        let refusals = try await send(elements)
        #expect(refusals.isEmpty)
    }
}

/// A value that tests wait on: a wait ends with the change that fulfils it.
final class Board<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var waiters: [(isMet: @Sendable (Value) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state: Mutex<State>

    init(_ value: Value) { state = Mutex(State(value: value)) }

    var value: Value { state.withLock { $0.value } }

    func change(_ body: (inout Value) -> Void) {
        let met = state.withLock { state in
            body(&state.value)
            let value = state.value
            let met = state.waiters.filter { $0.isMet(value) }
            state.waiters.removeAll { $0.isMet(value) }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    func wait(until isMet: @escaping @Sendable (Value) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetNow = state.withLock { state in
                if isMet(state.value) { return true }
                state.waiters.append((isMet, continuation))
                return false
            }
            if isMetNow { continuation.resume() }
        }
    }
}
