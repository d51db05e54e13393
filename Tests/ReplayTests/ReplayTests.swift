import Foundation
import GantryTesting
import Stages
import Testing
import Topics
import Traffic
import Wire

private func path(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).jsonl")
}
private func fixture(_ name: String) throws -> TopicFile { try TopicFile(path(name)) }

/// Goal: a recorded topic always gives the same output, however it is cut.
/// Method: feed `NAME.in` in order, compare with `NAME.out`.
/// After an intended change: `UPDATE_GOLDEN=1 scripts/test --filter ReplayTests`, then read the diff.
@Suite struct TrackReplay {
    @Test(arguments: ["crossing", "two-cameras"])
    func `associate replays to its golden output`(name: String) throws {
        var stage = Associate()
        let passages = try fixture("\(name).in").reads().flatMap { stage.process($0) }
        #expect(!passages.isEmpty)
        try expectGolden(passages.map { try $0.topicLine() }, at: path("\(name).out"))
    }

    @Test(arguments: ["crossing", "two-cameras"])
    func `a successor that restores the snapshots gives the same, wherever the first one stopped`(
        name: String
    ) throws {
        let records = try fixture("\(name).in").reads()
        var undisturbed = Associate()
        let expected = records.flatMap { undisturbed.process($0) }
        for cut in records.indices {
            var first = Associate()
            var passages = records[..<cut].flatMap { first.process($0) }
            var second = Associate()
            for camera in Set(records[..<cut].map(\.id.camera)) {
                guard let state = first.snapshot(of: camera) else { continue }
                let written = Snapshot(key: camera.text, inputOffset: Int64(cut), marks: [], state: state)
                let read = try Snapshot(record: Record(snapshot: written))
                try second.restore(camera, from: #require(read.state))
            }
            passages += records[cut...].flatMap { second.process($0) }
            #expect(passages == expected, "cut before record \(cut)")
        }
    }

    @Test(arguments: ["crossing", "two-cameras"])
    func `a recording survives the way over a topic bit for bit`(name: String) throws {
        for record in try fixture("\(name).in").reads() {
            #expect(try StreamRecord<FrameReads>(record: Record(reads: record)) == record)
        }
    }
}
