import Foundation
import GantryTesting
import Replay
import StageRunner
import Stages
import Testing
import Topics
import Traffic
import Wire

@Suite struct ReplayEngineTests {
    @Test func `a replay through track gives what the stage gives`() throws {
        let reads = traffic()
        var stage = Watch()
        let expected = reads.flatMap { stage.process($0) }
        let found = try replayed(try records(reads))
        #expect(expected.count >= 20 && expected.contains { $0.coverage != nil })
        #expect(found.passages == expected.compactMap(\.passage))
        #expect(try found.records.map { try CameraReport(record: $0.record) } == expected)
        #expect(found.records.allSatisfy { $0.topic == "city.passages" })
    }

    /// Goal: same recording, same bytes: five runs, any batch, any number of workers.
    @Test func `the same recording gives the same bytes at any batch size and with any number of workers`() throws {
        let scratch = try Scratch()
        let input = try records(traffic())
        try write(try replayed(input).records, to: scratch.path("first"))
        let first = try Data(contentsOf: URL(filePath: scratch.path("first")))
        for (number, (batch, workers)) in [(256, 1), (1, 1), (7, 1), (64, 8), (1000, 3), (1, 8)].enumerated() {
            try write(try replayed(input, batch: batch, partitions: workers).records, to: scratch.path("\(number)"))
            let again = try Data(contentsOf: URL(filePath: scratch.path("\(number)")))
            #expect(again == first, "batch \(batch), \(workers) workers")
        }
    }

    @Test func `records that come twice are skipped and counted`() throws {
        let input = try records(traffic(cameras: 2, frames: 120))
        let plain = try replayed(input)
        let twice = Faults(seed: 4, rates: [.duplicate: 0.3]).apply(to: input)
        let found = try replayed(twice.records)
        #expect(found.passages == plain.passages)
        #expect(found.counts.repeated == twice.incidents.count && found.counts.repeated > 10)
    }

    @Test func `what can't be read is counted by its code and kept, and the rest goes on`() throws {
        var input = try records(traffic(cameras: 1, frames: 120))
        let plain = try replayed(input).passages
        let zeros = Record(key: "camera-0", value: [0, 0, 0], headers: input[0].headers)
        var foreign = input[0]
        foreign.headers[1] = Header("gantry-schema", "99")
        input.insert(zeros, at: 50)
        input.insert(foreign, at: 60)
        let found = try replayed(input)
        #expect(found.passages == plain)
        #expect(found.counts.rejected == ["WIR104": 1, "WIR102": 1])
        let rejected = try found.records.filter { $0.topic == "city.reads.rejected" }.map {
            try Rejection(record: $0.record)
        }
        #expect(rejected.map(\.original.value) == [[0, 0, 0], foreign.value])
    }

    @Test func `tracks that are open where a recording ends are closed`() throws {
        var camera = CameraStream("north")
        for frame in 0..<20 {
            camera.frame(.car(at: Box(x: 20.0 * Double(frame), y: 300, width: 200, height: 140), plate: "B123"))
        }
        let found = try replayed(try records(camera.records))
        #expect(found.passages.map(\.frames) == [20])
        camera.end()
        #expect(try replayed(try records(camera.records)).passages == found.passages)
    }

    @Test func `stages before track are played too, and their outputs recorded`() throws {
        var camera = CameraStream("north")
        for frame in 0..<10 {
            camera.frame(.car(at: Box(x: 20.0 * Double(frame), y: 300, width: 200, height: 140), plate: "B123"))
        }
        camera.end()
        let detections = camera.records.map { record in
            record.map {
                Detections(
                    width: $0.width, height: $0.height, vehicles: $0.vehicles, plates: $0.plates.map(\.plate),
                    redactions: 0)
            }
        }
        let replay = Replay(through: [.read, .track], topics: topics, batch: 3, encodes: true)
        var input = try detections.map { try Record(detections: $0) }.makeIterator()
        var outputs: [RecordedRecord] = []
        let counts = try replay.run {
            var steps = trackSteps()
            // A reader that reads the same on every plate.
            steps.read = { record in
                [
                    record.map { content in
                        FrameReads(
                            width: content.width, height: content.height, vehicles: content.vehicles,
                            plates: content.plates.map { plate in
                                var read = ReadPlate.read("XY777", at: plate.box, confidence: 0.9)
                                read.plate = plate
                                return read
                            })
                    }
                ]
            }
            return steps
        } next: {
            input.next()
        } write: { made, _ in
            outputs += made.records
        }
        #expect(counts.plates == 10 && counts.platesWithoutImage == 10 && counts.detections == 20)
        #expect(outputs.filter { $0.topic == "city.reads" }.count == 11)
        let passages = try outputs.filter { $0.topic == "city.passages" }.compactMap {
            try CameraReport(record: $0.record).passage
        }
        #expect(passages.map { $0.plate?.text.text } == ["XY777"])
    }
}
