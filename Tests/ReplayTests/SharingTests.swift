import Foundation
import GantryTesting
import Grammars
import Replay
import Stages
import Testing
import Topics
import Traffic
import Wire

@Suite struct SharingTests {
    private let scratch: Scratch
    private let original: [RecordedRecord]
    private let grammars: GrammarSet
    private let key = Array("sixteen bytes at least".utf8)

    init() throws {
        scratch = try Scratch()
        let input = try records(traffic(crops: true))
        original = input.map { RecordedRecord(topic: "city.reads", record: $0) } + (try replayed(input).records)
        try write(original, to: scratch.path("original"))
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        grammars = try GrammarFile.load(root.appending(path: "models/grammars.yaml").path)
    }

    private func shared(_ name: String, key: [UInt8]? = nil, pseudonymise: Bool = true) throws -> [RecordedRecord] {
        _ = try ShareRecording.copy(
            scratch.path("original"), to: scratch.path(name), pseudonymise: pseudonymise ? grammars : nil,
            key: key ?? self.key)
        return try read(scratch.path(name))
    }

    private func reads(_ records: [RecordedRecord]) throws -> [StreamRecord<FrameReads>] {
        try records.filter { $0.topic == "city.reads" }.map { try StreamRecord<FrameReads>(record: $0.record) }
    }

    private func passages(_ records: [RecordedRecord]) throws -> [Passage] {
        try records.filter { $0.topic == "city.passages" }.compactMap { try CameraReport(record: $0.record).passage }
    }

    @Test func `no picture is left, and nothing else is changed`() throws {
        let copy = try shared("stripped", pseudonymise: false)
        #expect(copy.count == original.count)
        func coverage(_ records: [RecordedRecord]) throws -> [Coverage] {
            try records.filter { $0.topic == "city.passages" }.compactMap {
                try CameraReport(record: $0.record).coverage
            }
        }
        #expect(try coverage(copy) == coverage(original) && !coverage(copy).isEmpty)
        #expect(try reads(copy).allSatisfy { $0.content?.vehicles.allSatisfy { $0.crop == nil } ?? true })
        for (before, after) in zip(try passages(original), try passages(copy)) {
            var expected = before
            expected.best.crop = nil
            #expect(after == expected && before.best.crop != nil)
        }
    }

    @Test func `no real text is left anywhere in the file`() throws {
        let texts = Set(try passages(original).compactMap { $0.plate?.text.text })
            .union(try reads(original).flatMap { $0.content?.plates.compactMap { $0.read.text?.text } ?? [] })
        #expect(texts.count > 20)
        for record in try shared("fake") {
            for text in texts { #expect(record.record.value.firstRange(of: Array(text.utf8)) == nil, "\(text)") }
        }
    }

    @Test func `one plate has one pseudonym of the same grammar, and two have two`() throws {
        let pairs = zip(try passages(original), try passages(try shared("fake"))).map {
            ($0.plate!.text.text, $1.plate!.text.text)
        }
        let byPlate = Dictionary(grouping: pairs, by: \.0).mapValues { Set($0.map(\.1)) }
        #expect(byPlate.values.allSatisfy { $0.count == 1 })
        #expect(Set(byPlate.values.flatMap { $0 }).count == byPlate.count)
        for (plate, invented) in pairs {
            let region = grammars.regions(of: Array(plate.utf8)).first?.region
            #expect(
                region != nil && grammars.regions(of: Array(invented.utf8)).contains { $0.region == region },
                "\(plate) \(invented)")
        }
    }

    @Test func `the same key gives the same pseudonyms, another one others`() throws {
        let first = try passages(try shared("a")).map { $0.plate?.text }
        #expect(try passages(try shared("b")).map { $0.plate?.text } == first)
        #expect(try passages(try shared("c", key: Array("another key, as long".utf8))).map { $0.plate?.text } != first)
    }

    /// Goal: what is shared still shows what a developer needs: votes come out as they did on the real texts.
    @Test func `a replay of the copy gives the same passages but for the texts`() throws {
        let copy = try shared("fake")
        let replayed = try replayed(copy.filter { $0.topic == "city.reads" }.map(\.record)).passages
        let real = try passages(original)
        let recorded = try passages(copy)
        #expect(replayed.count == real.count)
        for (index, passage) in replayed.enumerated() {
            #expect(passage.plate?.text == recorded[index].plate?.text)
            #expect(
                passage.plate?.votes == real[index].plate?.votes && passage.plate?.reads == real[index].plate?.reads)
            #expect(passage.plate?.accepted == real[index].plate?.accepted && passage.frames == real[index].frames)
        }
    }

    /// Goal: a vote that weighs look-alikes comes out nearly as it did. Method: reads with several candidates each, of
    /// plates full of characters that look alike, read now one way and now the other. B for 8 may become V for 8, which
    /// the vote does not take for alike: that much may differ.
    @Test func `votes on hard reads come out nearly as on the real texts`() throws {
        var (passages, differing) = (0, 0)
        for seed in 1...12 as ClosedRange<UInt64> {
            for (real, copy) in try hardPassages(seed: seed) {
                let (a, b) = (real.plate, copy.plate)
                #expect(a?.text != b?.text && a?.text.text.utf8.count == b?.text.text.utf8.count, "seed \(seed)")
                passages += 1
                if a?.accepted != b?.accepted || a?.votes != b?.votes { differing += 1 }
            }
        }
        #expect(passages == 72 && differing <= 7, "\(differing) of \(passages) differ")
    }

    private func hardPassages(seed: UInt64) throws -> [(real: Passage, copy: Passage)] {
        var random = SeededGenerator(seed: seed)
        var camera = CameraStream("north")
        for number in 0..<6 {
            let plate = ["B0I1DO", "KO10IS", "RK6O5AB", "1ABC0I1", "OI0188", "MZ2Z8B"][number]
            for step in 0..<30 {
                let box = Box(x: 40.0 * Double(step), y: 300, width: 220, height: 150)
                var sight = CameraStream.Sight.car(at: box, plate: plate)
                sight.plate?.read.candidates = (0..<3).map { rank in
                    let text = PlateText(misread(plate, &random))!
                    let share = (0.3 + 0.65 * random.share()) / Double(rank + 1)
                    return Candidate(
                        text: text, confidence: share, characters: text.text.utf8.map { _ in random.share() })
                }
                camera.frame(sight)
            }
            camera.empty(30)
        }
        camera.end()
        let input = try records(camera.records).map { RecordedRecord(topic: "city.reads", record: $0) }
        try write(input, to: scratch.path("hard\(seed)"))
        _ = try ShareRecording.copy(
            scratch.path("hard\(seed)"), to: scratch.path("copy\(seed)"), pseudonymise: grammars, key: key)
        let real = try replayed(input.map(\.record)).passages
        let copy = try replayed(try read(scratch.path("copy\(seed)")).map(\.record)).passages
        #expect(real.count == 6 && copy.count == 6, "seed \(seed)")
        return Array(zip(real, copy))
    }

    private func misread(_ plate: String, _ random: inout SeededGenerator) -> String {
        var text = Array(plate.utf8)
        let pairs = Array("0OO01II18BB85SS52ZZ2".utf8)
        for index in text.indices where random.chance(0.3) {
            if let at = stride(from: 0, to: pairs.count, by: 2).first(where: { pairs[$0] == text[index] }) {
                text[index] = pairs[at + 1]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `frames and bytes that nobody can look into are left out and counted`() throws {
        let frame = StreamRecord(
            id: FrameID(camera: "a", epoch: Epoch(1), frame: 0), time: EventTime(nanoseconds: 5),
            body: .frame(EncodedFrame(jpeg: [0xff, 0xd8, 0xff, 0xd9], width: 2, height: 2)))
        let snapshot = Snapshot(key: "a", inputOffset: 1, marks: [], state: [1, 2])
        try write(
            [
                RecordedRecord(topic: "city.frames", record: try Record(frame: frame)),
                RecordedRecord(topic: "city.track-state", record: try Record(snapshot: snapshot)), original[0],
            ], to: scratch.path("mixed"))
        let result = try ShareRecording.copy(scratch.path("mixed"), to: scratch.path("out"))
        #expect(result.records == 1 && result.leftOut == ["city.frames": 1, "city.track-state": 1])
    }

    @Test func `a copy never takes the place of what is there`() throws {
        let path = scratch.path("original")
        let before = try Data(contentsOf: URL(filePath: path))
        #expect(throws: RecordingError.exists(path: path)) { try ShareRecording.copy(path, to: path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test func `a record that can't be read stops the copy, and no file is left`() throws {
        let broken = Record(key: "a", value: [0, 0, 0], headers: original[0].record.headers, timestamp: 9)
        try write([original[0], RecordedRecord(topic: "city.reads", record: broken)], to: scratch.path("broken"))
        #expect(throws: WireError.self) { try ShareRecording.copy(scratch.path("broken"), to: scratch.path("none")) }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).sorted() == ["broken", "original"])
    }
}
