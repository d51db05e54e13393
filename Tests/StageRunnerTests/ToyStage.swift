import Stages
import Synchronization
import Topics
import Traffic

/// Adds up what it sees of each camera and says the sum after every frame: wrong after any loss or repeat.
struct RunningSum: SnapshottingStage {
    typealias Input = StreamRecord<Int>
    typealias Output = String
    var sums: [CameraID: Int] = [:]
    var shed = 0

    mutating func process(_ input: StreamRecord<Int>) throws(BadRecord) -> [String] {
        guard let content = input.content else { return ["\(input.id.camera) end \(sums[input.id.camera] ?? 0)"] }
        if content < 0 { throw BadRecord(code: "TOY101", reason: "\(content) is negative") }
        if content == 13 { shed += 1 }
        sums[input.id.camera, default: 0] += content
        return ["\(input.id.camera) \(input.id.frame) \(sums[input.id.camera]!)"]
    }
    mutating func takeTallies() -> [Tally: Int] {
        defer { shed = 0 }
        return shed > 0 ? ["unlucky": shed] : [:]
    }
    func snapshot(of camera: CameraID) -> [UInt8]? { sums[camera].map { Array("\($0)".utf8) } }
    mutating func restore(_ camera: CameraID, from snapshot: [UInt8]) throws(SnapshotError) {
        guard let sum = Int(String(decoding: snapshot, as: UTF8.self)) else { throw .corrupt("not a number") }
        sums[camera] = sum
    }
    mutating func forget(_ camera: CameraID) { sums[camera] = nil }
}

func record(_ camera: String, _ frame: Int, _ content: Int, epoch: UInt64 = 1) -> StreamRecord<Int> {
    StreamRecord(
        id: FrameID(camera: CameraID(camera), epoch: Epoch(epoch), frame: frame), time: EventTime(nanoseconds: 0),
        body: .frame(content))
}

func end(_ camera: String, _ frame: Int) -> StreamRecord<Int> {
    StreamRecord(
        id: FrameID(camera: CameraID(camera), epoch: Epoch(1), frame: frame), time: EventTime(nanoseconds: 0),
        body: .endOfStream)
}

let reads = Partition(topic: "reads", number: 0)

func deliver(_ records: [StreamRecord<Int>], from offset: Int64) -> [Delivery<StreamRecord<Int>>] {
    records.enumerated().map { index, record in
        Delivery(
            content: .value(record), position: Position(partition: reads, offset: offset + Int64(index)),
            record: Record(key: record.id.camera.text, value: [1, 2, 3]))
    }
}

/// A world that happens exactly as written, and a log of what the runner did to it, in order.
final class Script: Inlet, Sendable {
    private let state: Mutex<(events: [InletEvent<StreamRecord<Int>>], log: [String])>
    let snapshots = Mutex<[Snapshot]>([])
    let failsCommits: Bool

    init(_ events: [InletEvent<StreamRecord<Int>>], failsCommits: Bool = false) {
        state = Mutex((events, []))
        self.failsCommits = failsCommits
    }

    var log: [String] { state.withLock { $0.log } }
    func note(_ line: String) { state.withLock { $0.log.append(line) } }

    struct Down: Error, Equatable {}

    func next(limit: Int) throws -> InletEvent<StreamRecord<Int>> {
        state.withLock { $0.events.isEmpty ? .end : $0.events.removeFirst() }
    }
    func commit(_ positions: [Assignment]) throws {
        if failsCommits { throw Down() }
        note("commit " + positions.map { "\($0.start!)" }.joined(separator: ","))
    }
    var lag: Int? { 7 }
    func stop() {}
    func close() { note("close") }

    struct Out: Outlet {
        let script: Script
        var refuses: String?
        func send(_ elements: [String]) -> [Refusal] {
            script.note("send " + elements.joined(separator: "; "))
            return elements.indices.filter { elements[$0] == refuses }.map {
                Refusal(index: $0, code: "TOY201", reason: "too large")
            }
        }
        func finish() { script.note("finish") }
    }

    struct Rejected: Outlet {
        let script: Script
        func send(_ elements: [Rejection]) -> [Refusal] {
            script.note("reject " + elements.map { "\($0.code) \($0.original.value)" }.joined(separator: "; "))
            return []
        }
        func finish() {}
    }
}

extension Script: SnapshotStore {
    func newest(partition: Int32, note: String) -> [Snapshot] {
        self.note("restore \(note)")
        return snapshots.withLock { all in
            Dictionary(grouping: all, by: \.key).values.map { $0.max { $0.inputOffset < $1.inputOffset }! }
        }
    }
    func save(_ saved: [Snapshot], partition: Int32) -> String {
        note("snapshot " + saved.map { "\($0.key)@\($0.inputOffset)" }.joined(separator: ","))
        snapshots.withLock { $0 += saved }
        return "from-here"
    }
}
