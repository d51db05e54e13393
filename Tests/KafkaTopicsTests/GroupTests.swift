import Synchronization
import Testing
import Topics

@testable import KafkaTopics

/// What the members of a group hold and have read, by member.
private struct Group: Sendable {
    var seen: [[String]] = [[], []]
    var assigned = [0, 0]
    var numbers: [Int] { seen.joined().compactMap { Int($0) } }
}

/// Reads and commits as a stage's loop does.
private final class Member: Sendable {
    let inlet: KafkaInlet<Record>
    private let number: Int
    private let board: Board<Group>
    private let dies = Atomic<Bool>(false)

    init(_ number: Int, _ cluster: KafkaCluster, _ topic: String, _ board: Board<Group>) throws {
        self.number = number
        self.board = board
        inlet = try cluster.raw(topic, group: topic)
    }

    /// Stops without a commit and without leaving the group.
    func die() { dies.store(true, ordering: .relaxed) }

    func run() async throws {
        try await ThreadExecutor.run(name: "member") { try await self.loop() }
    }

    private func loop() async throws {
        while true {
            let event = try await inlet.next(limit: 20)
            if dies.load(ordering: .relaxed) { return inlet.abandon() }
            switch event {
            case .assigned(let partitions): board.change { $0.assigned[number] = partitions.count }
            case .revoked, .lost: board.change { $0.assigned[number] = 0 }
            case .batch(let batch):
                board.change { $0.seen[number] += batch.compactMap(\.value).map(text) }
                try await inlet.commit(committing(batch))
            case .idle: break
            case .end: return await inlet.close()
            }
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct GroupTests {
    private func send(_ range: Range<Int>, to topic: String, on cluster: KafkaCluster) async throws {
        let records = range.map { Record(key: "camera-\($0 % 10)", value: Array("\($0)".utf8)) }
        try await cluster.raw(topic).put(records)
    }

    /// Goal: two members share the partitions; when one dies, the other takes over; nothing is lost, and each
    /// camera keeps its order in what the survivor reads.
    @Test func `members share partitions and a survivor takes over what a dead one held`() async throws {
        let cluster = try cluster()
        let topic = try await topic("group", partitions: 4, on: cluster)
        let board = Board(Group())
        let first = try Member(0, cluster, topic, board), second = try Member(1, cluster, topic, board)
        async let one: Void = first.run()
        async let two: Void = second.run()
        await board.wait { $0.assigned == [2, 2] }
        try await send(0..<1000, to: topic, on: cluster)
        await board.wait { $0.numbers.count >= 1000 }
        #expect(board.value.seen.allSatisfy { !$0.isEmpty })

        second.die()
        try await two
        try await send(1000..<2000, to: topic, on: cluster)
        await board.wait { Set($0.numbers).count == 2000 }
        first.inlet.stop()
        try await one
        #expect(board.value.assigned[0] == 4)
        #expect(Set(board.value.numbers) == Set(0..<2000))
        for camera in 0..<10 {
            let mine = board.value.seen[0].compactMap { Int($0) }.filter { $0 % 10 == camera }
            var fresh: [Int] = []
            for number in mine where fresh.last.map({ number > $0 }) ?? true { fresh.append(number) }
            #expect(fresh == Set(mine).sorted(), "camera \(camera) keeps its order")
        }
    }

    @Test func `a member that leaves gives its partitions back committed`() async throws {
        let cluster = try cluster()
        let topic = try await topic("leave", partitions: 2, on: cluster)
        try await send(0..<100, to: topic, on: cluster)
        let board = Board(Group())
        let first = try Member(0, cluster, topic, board)
        async let one: Void = first.run()
        await board.wait { $0.seen[0].count == 100 }
        first.inlet.stop()
        try await one
        let second = try Member(1, cluster, topic, board)
        async let two: Void = second.run()
        await board.wait { $0.assigned[1] == 2 }
        try await send(100..<101, to: topic, on: cluster)
        await board.wait { !$0.seen[1].isEmpty }
        second.inlet.stop()
        try await two
        #expect(board.value.seen[1] == ["100"])
    }
}
