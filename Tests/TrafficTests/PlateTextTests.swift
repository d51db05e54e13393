import Testing
import Traffic

@Suite struct PlateTextTests {
    @Test(arguments: [
        ("klm 482", "KLM482"), ("KL-M.48·2", "KLM482"), ("1abc234", "1ABC234"), ("Ä-1É2", "12"), ("ß4", "SS4"),
        ("٣K", "K"),
    ])
    func `only capitals and digits remain`(raw: String, text: String) {
        #expect(PlateText(raw)?.text == text)
    }

    @Test(arguments: ["", " - .", "äö", "🚗"])
    func `nothing is no text`(raw: String) {
        #expect(PlateText(raw) == nil)
    }

    @Test func `texts compare by their characters`() throws {
        let texts = try ["B2", "A1", "b 2"].map { try #require(PlateText($0)) }
        #expect(texts.sorted().map(\.text) == ["A1", "B2", "B2"])
        #expect(texts[0] == texts[2])
    }

    @Test func `a read gives its best candidate, or nothing`() throws {
        let text = try #require(PlateText("KLM482"))
        let candidate = Candidate(text: text, confidence: 0.8, characters: [])
        let read = PlateRead(candidates: [candidate], accepted: true, reason: nil, region: "fr")
        #expect(read.text == text && read.confidence == 0.8)
        let none = PlateRead(candidates: [], accepted: false, reason: .noText, region: nil)
        #expect(none.text == nil && none.confidence == 0)
    }

    @Test func `ids and epochs are written in hexadecimal of fixed length`() {
        #expect(PassageID([0, 1, 255] + Array(repeating: 16, count: 13)).description.hasPrefix("0001ff10"))
        #expect(Epoch(255).description == "00000000000000ff")
    }

    @Test func `a record keeps its identity when its content changes, and gaps pass through`() {
        let id = FrameID(camera: "north-1", epoch: Epoch(1), frame: 4)
        let time = EventTime(nanoseconds: 5)
        let frame = StreamRecord(id: id, time: time, body: .frame(2)).map { "\($0)" }
        #expect(frame == StreamRecord(id: id, time: time, body: .frame("2")) && frame.content == "2")
        let gap = StreamRecord<Int>(id: id, time: time, body: .gap(reason: "gone")).map { "\($0)" }
        #expect(gap.body == .gap(reason: "gone") && gap.content == nil)
        #expect(StreamRecord<Int>(id: id, time: time, body: .endOfStream).map { "\($0)" }.body == .endOfStream)
    }
}
