import Stages
import Testing
import Traffic

/// Says what it is told, one answer a plate, and remembers what it was asked.
private struct ScriptedReader: PlateReading, ~Copyable {
    final class Asked { var corners: [Quadrilateral] = [] }
    var answers: [Result<RawRead, PlateRefusal>]
    var asked = Asked()

    mutating func read(jpeg: [UInt8], corners: Quadrilateral) throws(PlateRefusal) -> RawRead {
        asked.corners.append(corners)
        return try answers.removeFirst().get()
    }
}

/// A look that is sure of every character.
func sureLine(_ text: String) -> RawLine {
    RawLine(symbols: text.utf8.map { RawSymbol(choices: [RawChoice(character: $0, probability: 0.999)]) })
}

@Suite struct ReadTests {
    private func plate(crop: Crop?, vehicle: Int? = nil, isDoubtful: Bool = false) -> Plate {
        let box = Box(x: 110, y: 220, width: 100, height: 25)
        return Plate(
            box: box, corners: Quadrilateral(box), score: 0.9, vehicle: vehicle, crop: crop, isDoubtful: isDoubtful)
    }

    private let crop = Crop(jpeg: [1, 2, 3], box: Box(x: 100, y: 200, width: 130, height: 60))

    private func frame(_ plates: [Plate]) -> StreamRecord<Detections> {
        StreamRecord(
            id: FrameID(camera: "ring-north", epoch: Epoch(7), frame: 3), time: EventTime(nanoseconds: 5),
            body: .frame(Detections(width: 1920, height: 1080, vehicles: [], plates: plates, redactions: 2)))
    }

    private func stage(_ answers: [Result<RawRead, PlateRefusal>]) -> Read<ScriptedReader> {
        Read(reader: ScriptedReader(answers: answers), interpreter: ReadInterpreter(grammars: .none))
    }

    @Test(arguments: [
        (PlateRefusal.unreadableCrop, ReadReason.unreadableCrop), (.tooSmall, .tooSmall),
        (.fault("out of memory"), .unreadableCrop),
    ])
    func `what the reader refuses becomes a reason`(refusal: PlateRefusal, reason: ReadReason) throws {
        var stage = stage([.failure(refusal)])
        let read = try #require(stage.process(frame([plate(crop: crop)])).first?.content?.plates.first?.read)
        #expect(read == PlateRead(candidates: [], accepted: false, reason: reason, region: nil))
        #expect(stage.takeTallies()[Tally(reason.rawValue)] == 1)
        #expect(stage.takeTallies().isEmpty)
    }

    @Test func `a withheld crop is never shown to the reader`() throws {
        var stage = stage([])
        let read = try #require(stage.process(frame([plate(crop: nil)])).first?.content?.plates.first)
        #expect(read.read.reason == .notRedacted)
    }

    @Test func `what the detector doubts is a plate only when it can be read`() throws {
        func unsure(_ text: String) -> RawLine {
            RawLine(
                symbols: text.utf8.map {
                    RawSymbol(choices: [.init(character: $0, probability: 0.4), .init(character: 48, probability: 0.3)])
                })
        }
        let reads: [Result<RawRead, PlateRefusal>] = [
            .success(RawRead(lines: [sureLine("1ABC234")], sharpness: 1)), .failure(.tooSmall),
            .success(RawRead(lines: [], sharpness: 1)), .success(RawRead(lines: [unsure("IHIH")], sharpness: 1)),
        ]
        var stage = stage(reads + reads)
        let doubted = reads.map { _ in plate(crop: crop, isDoubtful: true) }
        let kept = try #require(stage.process(frame(doubted)).first?.content?.plates)
        #expect(kept.map { $0.read.text?.text } == ["1ABC234"])
        #expect(stage.takeTallies() == ["doubtful-plate": 3])
        // The same plates, vouched for: none is lost, whatever it reads as.
        let all = try #require(stage.process(frame(reads.map { _ in plate(crop: crop) })).first?.content?.plates)
        #expect(all.count == 4)
    }

    @Test func `one bad plate does not stop the next`() throws {
        var stage = stage([
            .failure(.unreadableCrop), .success(RawRead(lines: [sureLine("1ABC234")], sharpness: 41)),
        ])
        let plates = try #require(
            stage.process(frame([plate(crop: crop), plate(crop: crop)])).first?.content?.plates)
        #expect(plates.map { $0.read.text?.text } == [nil, "1ABC234"])
        #expect(plates[1].sharpness == 41)
        #expect(plates[1].read.accepted && plates[1].read.reason == nil)
    }

    @Test func `corners reach the reader in pixels of the crop`() {
        let reader = ScriptedReader(answers: [.success(RawRead(lines: [], sharpness: 0))])
        let asked = reader.asked
        var stage = Read(reader: reader, interpreter: ReadInterpreter(grammars: .none))
        _ = stage.process(frame([plate(crop: crop)]))
        #expect(asked.corners == [Quadrilateral(Box(x: 10, y: 20, width: 100, height: 25))])
    }

    @Test func `a plate keeps its crop only when no vehicle shows it`() throws {
        let answer = Result<RawRead, PlateRefusal>.success(RawRead(lines: [], sharpness: 0))
        var stage = stage([answer, answer])
        let plates = try #require(
            stage.process(frame([plate(crop: crop), plate(crop: crop, vehicle: 0)])).first?.content?.plates)
        #expect(plates.map(\.plate.crop) == [crop, nil])
    }

    @Test func `empty frames, gaps and ends pass through`() {
        var stage = stage([])
        let empty = stage.process(frame([]))
        #expect(empty.map { $0.content?.plates.count } == [0])
        let id = FrameID(camera: "ring-north", epoch: Epoch(7), frame: 4)
        for body in [StreamRecord<Detections>.Body.gap(reason: "unplugged"), .endOfStream] {
            let out = stage.process(StreamRecord(id: id, time: EventTime(nanoseconds: 6), body: body))
            #expect(out.count == 1 && out[0].id == id && out[0].content == nil)
        }
    }
}
