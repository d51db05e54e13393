import Fixtures
import Testing
import Topics

@testable import KafkaTopics

@Suite(.timeLimit(.minutes(2))) struct OutageTests {
    private func isUnreachable(_ error: any Error) -> Bool {
        guard let error = error as? KafkaError else { return false }
        return error.code == "KAF101" || error.code == "KAF111"
    }

    @Test func `with no broker at the start, everything says so after its patience`() async throws {
        let address = "127.0.0.1:\(try Broker.freePort())"
        let cluster = try cluster(address, patience: .milliseconds(800))
        await #expect(performing: { try await cluster.connect() }, throws: isUnreachable)
        await #expect(
            performing: { try await cluster.raw("frames").send([Record(key: "a", value: [1])]) }, throws: isUnreachable)
        await #expect(
            performing: {
                let inlet = try cluster.raw("frames", group: "g")
                while true { _ = try await inlet.next(limit: 1) }
            }, throws: isUnreachable)
        do { try await cluster.connect() } catch let error as KafkaError {
            #expect(error.description.contains(address) && error.description.contains("scripts/broker start"))
            #expect(error.isRetriable)
        }
    }

    @Test func `a broker that dies midway fails readers and writers after their patience`() async throws {
        let broker = try Broker()
        let cluster = try cluster(broker.address, patience: .seconds(2))
        let topic = try await topic("dies", partitions: 1, on: cluster)
        let outlet = try cluster.raw(topic)
        let inlet = try cluster.raw(topic, group: "g")
        try await outlet.put([Record(key: "a", value: [1])])
        #expect(try await nextBatch(inlet).count == 1)
        broker.kill()
        await #expect(performing: { try await outlet.send([Record(key: "a", value: [2])]) }, throws: isUnreachable)
        await #expect(
            performing: { while true { _ = try await inlet.next(limit: 1) } }, throws: isUnreachable)
    }

    @Test func `what starts before its broker waits for it, and outlives a broker that comes back`() async throws {
        let port = try Broker.freePort()
        let cluster = try cluster("127.0.0.1:\(port)", patience: .seconds(30))
        let plan = TopicPlan("back", partitions: 1)
        async let early: [String] = cluster.create([plan])
        async let arrived: Delivery<Record>? = ThreadExecutor.run(name: "reader") {
            let inlet = try cluster.raw("back", group: "g")
            return try await nextBatch(inlet).first
        }
        let broker = try Broker(port: port)
        #expect(try await early == ["back"])
        broker.kill()
        // A broker in memory has forgotten the topic; what matters is that the reader is still there.
        let again = try Broker(port: port)
        try await cluster.create([plan])
        try await cluster.raw("back").put([Record(key: "a", value: [2])])
        #expect(try await arrived?.value?.value == [2])
        again.kill()
    }
}
