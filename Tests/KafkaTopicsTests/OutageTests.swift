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

    @Test func `what starts before its broker waits for it`() async throws {
        let port = try Broker.freePort()
        let cluster = try cluster("127.0.0.1:\(port)", patience: .seconds(30))
        async let early: [String] = cluster.create([TopicPlan("back", partitions: 1)])
        let broker = try Broker(port: port)
        #expect(try await early == ["back"])
        try await cluster.raw("back").put([Record(key: "a", value: [2])])
        let inlet = try cluster.raw("back", group: "g")
        #expect(try await nextBatch(inlet).first?.value?.value == [2])
        broker.kill()
    }
}
