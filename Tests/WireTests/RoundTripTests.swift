import GantryTesting
import Testing
import Topics
import Traffic
import Wire

/// Goal: what is written is read back bit for bit. Method: random messages, each under its own seed.
@Suite struct RoundTrips {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `every message comes back bit for bit`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let frame = random.stream(EncodedFrame(jpeg: random.bytes(), width: 1, height: 65_535))
        #expect(try StreamRecord<EncodedFrame>(record: Record(frame: frame)) == frame)
        let detections = random.stream(random.detections())
        #expect(try StreamRecord<Detections>(record: Record(detections: detections)) == detections)
        let reads = random.stream(random.reads())
        #expect(try StreamRecord<FrameReads>(record: Record(reads: reads)) == reads)
        let passage = random.passage()
        #expect(try Passage(record: Record(passage: passage)) == passage)
        #expect(try CameraReport(record: Record(passage: passage)) == .passage(passage))
        let coverage = random.coverage()
        #expect(try CameraReport(record: Record(report: .coverage(coverage))) == .coverage(coverage))
        let rejection = random.rejection()
        #expect(try Rejection(record: Record(rejection: rejection)) == rejection)
        let snapshot = random.snapshot()
        #expect(try Snapshot(record: Record(snapshot: snapshot)) == snapshot)
    }

    @Test func `equal values give equal bytes`() throws {
        var first = SeededGenerator(seed: 7), second = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            #expect(try Record(reads: first.stream(first.reads())) == Record(reads: second.stream(second.reads())))
        }
    }

    @Test func `headers name the message, the version and the frame's trace; the key is the camera`() throws {
        var random = SeededGenerator(seed: 3)
        let frame = StreamRecord<EncodedFrame>(
            id: FrameID(camera: "ring-north", epoch: Epoch(1), frame: 2), time: EventTime(nanoseconds: 5),
            body: .frame(EncodedFrame(jpeg: [1], width: 1, height: 1)))
        let record = try Record(frame: frame)
        #expect(record.header("gantry-type") == "gantry.v1.FrameRecord" && record.header("gantry-schema") == "1")
        #expect(record.key == "ring-north" && record.timestamp == 5)
        let trace = try #require(record.header("traceparent"))
        #expect(trace.wholeMatch(of: #/00-[0-9a-f]{32}-[0-9a-f]{16}-01/#) != nil)

        let detections = StreamRecord(id: frame.id, time: frame.time, body: .frame(random.detections()))
        let next = try #require(try Record(detections: detections).header("traceparent"))
        #expect(next.prefix(36) == trace.prefix(36), "one frame is one trace")
        #expect(next != trace, "each step has its own parent id")
        var other = frame
        other.id.frame = 3
        #expect(try Record(frame: other).header("traceparent")?.prefix(36) != trace.prefix(36))
    }

    @Test func `a rejection of something too large leaves the bytes out and says so`() throws {
        let original = Record(key: "a", value: Array(repeating: 1, count: Schema.maximumFrameBytes + 1))
        let rejection = Rejection(
            code: "DET101", reason: "no picture", stage: "detect", position: nil, original: original)
        let back = try Rejection(record: Record(rejection: rejection))
        #expect(back.original.value == [] && back.reason == "no picture (4000001 original bytes left out)")
    }
}
