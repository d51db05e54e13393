import Fixtures
import Testing
import Topics

@testable import KafkaTopics

/// All against a real broker.
@Suite(.timeLimit(.minutes(2))) struct KafkaLinkTests {
    @Test func `the library in use is one that can talk to the broker`() async throws {
        try await cluster().connect()
        #expect(KafkaCluster.libraryVersion != "", "found \(KafkaCluster.libraryVersion)")
    }

    @Test func `key, value, headers and time arrive as sent, in order for each key`() async throws {
        let cluster = try cluster()
        let topic = try await topic("order", partitions: 4, on: cluster)
        let records = (0..<500).map { n in
            Record(
                key: "camera-\(n % 7)", value: Array("\(n)".utf8),
                headers: [Header("gantry-type", "x"), Header("blob", [0, 255, 0]), Header("none", [])],
                timestamp: 1_772_000_000_000_000_000 + Int64(n) * 1_000_000)
        }
        let refusals = try await cluster.raw(topic).send(records)
        #expect(refusals.isEmpty)
        let seen = try await cluster.read(500, of: topic)
        for camera in 0..<7 {
            let mine = seen.filter { $0.record?.key == "camera-\(camera)" }
            #expect(mine.compactMap(\.value) == records.filter { $0.key == "camera-\(camera)" })
            #expect(Set(mine.map { $0.position!.partition }).count == 1, "a camera keeps its partition")
        }
        #expect(Set(seen.map { $0.position!.partition }).count > 1)
    }

    @Test func `a key has the same partition on every topic with as many partitions`() async throws {
        let cluster = try cluster()
        let records = (0..<20).map { Record(key: "camera-\($0)", value: [1]) }
        var places: [[String: Int32]] = []
        for name in ["reads", "state"] {
            let topic = try await topic(name, partitions: 4, on: cluster)
            try await cluster.raw(topic).put(records)
            let seen = try await cluster.read(20, of: topic)
            places.append(
                Dictionary(uniqueKeysWithValues: seen.map { ($0.record!.key!, $0.position!.partition.number) }))
        }
        #expect(places[0] == places[1])
    }

    @Test func `a successor begins where the last commit says`() async throws {
        let cluster = try cluster()
        let topic = try await topic("commit", partitions: 1, on: cluster)
        try await cluster.raw(topic).put((0..<10).map { Record(key: "a", value: [UInt8($0)]) })
        let first = try cluster.raw(topic, group: topic)
        let batch = try await nextBatch(first, limit: 4)
        #expect(batch.count == 4)
        let partition = Partition(topic: topic, number: 0)
        try await first.commit([Assignment(partition: partition, start: 4, note: "from=17")])
        await first.close()

        let second = try cluster.raw(topic, group: topic)
        while true {
            if case .assigned(let assignments) = try await second.next(limit: 1) {
                // Not every broker keeps the note that goes with a commit; this one doesn't.
                #expect(assignments.map(\.partition) == [partition] && assignments.map(\.start) == [4])
                #expect(["", "from=17"].contains(assignments[0].note))
                break
            }
        }
        #expect(try await nextBatch(second).first?.value?.value == [4])
        await second.close()
    }

    @Test func `a sink's own offsets win over the group's`() async throws {
        let cluster = try cluster()
        let topic = try await topic("own", partitions: 1, on: cluster)
        try await cluster.raw(topic).put((0..<10).map { Record(key: "a", value: [UInt8($0)]) })
        let partition = Partition(topic: topic, number: 0)
        let inlet = try cluster.inlet(topic: topic, group: topic, decode: { $0 }) { partitions in
            #expect(partitions == [partition])
            return [partition: 7]
        }
        #expect(try await nextBatch(inlet).map(\.value?.value) == [[7], [8], [9]])
        await inlet.close()
    }

    @Test func `4 MB go through, and what is too large is refused alone`() async throws {
        let cluster = try cluster()
        let topic = try await topic("large", partitions: 1, on: cluster)
        let large = Record(key: "a", value: (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let tooLarge = Record(key: "a", value: Array(repeating: 0, count: 6_000_000))
        let refusals = try await cluster.raw(topic).send([large, tooLarge, Record(key: "a", value: [3])])
        #expect(refusals.map(\.index) == [1] && refusals.map(\.code) == ["KAF116"])
        let seen = try await cluster.read(2, of: topic)
        #expect(seen.map { $0.value?.value } == [large.value, [3]])
    }

    @Test func `what can't be decoded comes with its bytes and the code of its error`() async throws {
        struct Wrong: CodedError {
            var code: String { "TST101" }
            var reason: String { "odd" }
        }
        let cluster = try cluster()
        let topic = try await topic("decode", partitions: 1, on: cluster)
        try await cluster.raw(topic).put([Record(key: "a", value: [1]), Record(key: "a", value: [2])])
        let inlet = try cluster.inlet(topic: topic, group: topic) { record in
            guard record.value[0] % 2 == 0 else { throw Wrong() }
            return Int(record.value[0])
        }
        let batch = try await nextBatch(inlet)
        guard case .undecodable("TST101", "odd") = batch[0].content else {
            Issue.record("\(batch[0].content)")
            return
        }
        #expect(batch[0].record?.value == [1] && batch[1].value == 2)
        await inlet.close()
    }

    @Test func `topics are created once, and a wrong number of partitions is told`() async throws {
        let cluster = try cluster()
        let plans = TopicPlan.pipeline("made", partitions: 3)
        #expect(try await cluster.create(plans).count == 9)
        #expect(try await cluster.create(plans) == [])
        #expect(try await cluster.partitionCount(of: "made.track-state") == 3)
        await #expect(throws: KafkaError.partitionsDiffer(topic: "made.reads", found: 3, needed: 5)) {
            try await cluster.create([TopicPlan("made.reads", partitions: 5)])
        }
    }

    @Test func `lag is what a group has not committed`() async throws {
        let cluster = try cluster()
        let topic = try await topic("lag", partitions: 1, on: cluster)
        // One record a batch, so that the broker's idea of the end is exact.
        for n in 0..<6 { try await cluster.raw(topic).put([Record(key: "a", value: [UInt8(n)])]) }
        let partition = Partition(topic: topic, number: 0)
        #expect(try await cluster.lag(of: topic, on: topic) == [partition: 6])
        let inlet = try cluster.raw(topic, group: topic)
        let batch = try await nextBatch(inlet, limit: 2)
        #expect(inlet.lag == 4)
        try await inlet.commit(committing(batch))
        await inlet.close()
        #expect(try await cluster.lag(of: topic, on: topic) == [partition: 4])
    }

    @Test func `a setting that librdkafka does not know is named`() throws {
        var options = KafkaOptions()
        options.settings = ["no.such.setting": "1"]
        #expect(throws: KafkaError.self) {
            _ = try KafkaCluster("127.0.0.1:1", options: options).outlet(topic: "x") { (record: Record) in record }
        }
    }
}
