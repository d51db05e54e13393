import Testing
import Topics
import Wire

@testable import KafkaTopics

@Suite(.timeLimit(.minutes(2))) struct SnapshotStoreTests {
    private func store(_ cluster: KafkaCluster, _ topic: String) throws -> KafkaSnapshotStore {
        try cluster.snapshots(topic: topic, encode: Record.init(snapshot:), decode: Snapshot.init(record:))
    }
    private func snapshot(_ key: String, _ offset: Int64, _ state: [UInt8]? = [7]) -> Snapshot {
        Snapshot(key: key, inputOffset: offset, marks: [Snapshot.Mark(epoch: 1, frame: Int(offset))], state: state)
    }

    @Test func `the highest input offset of each camera counts, whenever it was written`() async throws {
        let cluster = try cluster()
        let topic = try await topic("state", partitions: 2, on: cluster)
        let owner = try store(cluster, topic), zombie = try store(cluster, topic)
        _ = try await owner.save([snapshot("a", 10), snapshot("b", 10)], partition: 1)
        _ = try await owner.save([snapshot("a", 20, nil)], partition: 1)
        _ = try await zombie.save([snapshot("a", 15)], partition: 1)
        let found = try await store(cluster, topic).newest(partition: 1, note: "")
        #expect(found == [snapshot("a", 20, nil), snapshot("b", 10)])
        #expect(try await store(cluster, topic).newest(partition: 0, note: "") == [])
    }

    @Test func `the note leads past everything that is no longer needed`() async throws {
        let cluster = try cluster()
        let topic = try await topic("note", partitions: 1, on: cluster)
        let owner = try store(cluster, topic)
        #expect(try await owner.save([], partition: 0) == "")
        var note = ""
        for offset in 0..<50 { note = try await owner.save([snapshot("a", Int64(offset))], partition: 0) }
        #expect(note == "from=49")
        note = try await owner.save([snapshot("b", 60)], partition: 0)
        #expect(note == "from=49", "a's newest is still needed")
        let successor = try store(cluster, topic)
        #expect(try await successor.newest(partition: 0, note: note).map(\.inputOffset) == [49, 60])
        #expect(try await successor.save([snapshot("a", 70)], partition: 0) == "from=50")
    }

    @Test func `a state topic with too few partitions is told`() async throws {
        let cluster = try cluster()
        let topic = try await topic("few", partitions: 1, on: cluster)
        await #expect(throws: KafkaError.partitionsDiffer(topic: topic, found: 1, needed: 3)) {
            try await store(cluster, topic).newest(partition: 2, note: "")
        }
    }

    @Test func `a snapshot that can't be read stops the restoration`() async throws {
        let cluster = try cluster()
        let topic = try await topic("corrupt", partitions: 1, on: cluster)
        try await cluster.raw(topic).put([Record(key: "a", value: [0, 0])])
        await #expect(throws: WireError.self) { try await store(cluster, topic).newest(partition: 0, note: "") }
    }
}
