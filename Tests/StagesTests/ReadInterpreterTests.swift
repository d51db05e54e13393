import Stages
import Testing
import Traffic

@Suite struct ReadInterpreterTests {
    private let grammars: GrammarSet

    init() throws {
        func pattern(_ region: String, _ text: String, _ share: Double = 1) throws -> GrammarPattern {
            GrammarPattern(
                region: region, places: try GrammarSyntax.expand(text, letters: .letters)[0], share: share)
        }
        grammars = GrammarSet(
            patterns: [
                try pattern("fr", "LLDDDLL"), try pattern("it", "LLDDDLL"), try pattern("br", "LLLDDDD"),
                try pattern("mo", "LLDLDL"),
            ],
            lookAlikes: LookAlikes(["0ODQ", "1IL", "8B", "5S", "2Z"]), excludedWords: ["STOP", "FORD"],
            excludedPatterns: try GrammarSyntax.expand("20[0123]D", letters: .letters))
    }

    /// Each symbol as `A` (sure) or `A/B` (0.6 against 0.4).
    private func line(_ text: String) -> RawLine {
        RawLine(
            symbols: text.split(separator: " ").map { place in
                let characters = place.split(separator: "/").map { $0.utf8.first! }
                let beliefs = characters.count == 1 ? [0.999] : [0.6, 0.4]
                return RawSymbol(choices: zip(characters, beliefs).map { RawChoice(character: $0, probability: $1) })
            })
    }

    private func read(_ lines: String...) -> PlateRead {
        ReadInterpreter(grammars: grammars).interpret(RawRead(lines: lines.map(line), sharpness: 1))
    }

    @Test(arguments: [
        // A digit's place takes the digit, a letter's place the letter.
        ("A B O/0 1 2 C D", "AB012CD"), ("A B 1 2 I/1 C D", "AB121CD"), ("A 8/B 1 2 3 C D", "AB123CD"),
        ("A B C 0/O 1 5/S 3", "ABC0153"), ("D L 9 E I/1 U", "DL9E1U"),
        // Even seen clearly: many countries give O and 0, and I and 1, one shape.
        ("A B O 1 2 C D", "AB012CD"), ("D L 9 E I U", "DL9E1U"), ("A B C 1 2 3 O", "ABC1230"),
    ])
    func `a pattern settles a look-alike by its place`(seen: String, text: String) {
        #expect(read(seen).text?.text == text)
    }

    @Test(arguments: ["A B 8 1 2 C D", "I A M C O O L", "B I M M I A N", "A 8 1 2 3 C D"])
    func `a pattern never moves a character that was seen clearly`(seen: String) {
        #expect(read(seen).text?.text == seen.filter { $0 != " " })
    }

    @Test func `a text that fits no pattern stays, with less confidence`() {
        let fitting = read("A B 1 2 3 C D"), free = read("A B 1 2 3 C D E 7")
        #expect(free.text?.text == "AB123CDE7" && free.region == nil)
        #expect(free.confidence < fitting.confidence)
    }

    @Test func `between two patterns the one wins that does not need a letter O`() throws {
        func pattern(_ text: String, _ share: Double) throws -> GrammarPattern {
            GrammarPattern(
                region: text, places: try GrammarSyntax.expand(text, letters: .letters)[0], share: share)
        }
        // As probable as each other: LLDLDL has 2.6 times as many texts.
        let both = GrammarSet(
            patterns: [try pattern("LLDDDL", 1), try pattern("LLDLDL", 2.6)], lookAlikes: LookAlikes(["0OQ", "1I"]))
        let raw = RawRead(lines: [line("E G 1 O 6 X")], sharpness: 1)
        #expect(ReadInterpreter(grammars: both).interpret(raw).text?.text == "EG106X")
    }

    @Test(arguments: ["7 A B 1 2 3 C D", "A B 1 2 3 C D 7"])
    func `a sticker beside a plate that follows a pattern is left out`(seen: String) {
        #expect(read(seen).text?.text == "AB123CD")
    }

    @Test func `the region is named only when one explains the text`() {
        #expect(read("A B C 1 2 3 4").region == "br")
        #expect(read("A B 1 2 3 C D").region == nil)
    }

    @Test func `looks vote, and one that lost a symbol does not shorten the plate`() {
        let read = read("A B 1 2 3 C D", "A B 1 2 C D", "A B 1 2 3 C D")
        #expect(read.text?.text == "AB123CD")
        let unanimous = self.read("A B 1 2 3 C D", "A B 1 2 3 C D", "A B 1 2 3 C D")
        #expect(read.confidence < unanimous.confidence)
    }

    @Test(arguments: [
        ("S T O P", ReadReason.notAPlate), ("S T 0/O P", .notAPlate), ("F O R D", .notAPlate), ("2 0 2 6", .notAPlate),
        ("A B", .implausibleLength), ("A B C D E F G 1 2 3", .implausibleLength), ("", .noText),
    ])
    func `what is no plate has a reason and no text`(seen: String, reason: ReadReason) {
        let read = read(seen)
        #expect(read.reason == reason && read.text == nil && !read.accepted)
    }

    @Test func `a doubtful read keeps its text but is not accepted`() {
        let read = read("A/4 B/8 1/7 2/3 3/9 C/G D/P")
        #expect(read.text != nil && !read.accepted && read.reason == .lowConfidence)
    }

    @Test func `candidates fall in confidence and have one belief a character`() {
        let read = read("A B O/0 1 2 C/G D")
        #expect(read.candidates.count > 1)
        #expect(read.candidates.map(\.confidence) == read.candidates.map(\.confidence).sorted(by: >))
        for candidate in read.candidates {
            #expect(candidate.characters.count == candidate.text.text.utf8.count)
            #expect(candidate.characters.allSatisfy { (0...1).contains($0) })
        }
        #expect(read.candidates[0].characters[0] > read.candidates[0].characters[5])
    }

    /// Goal: any input gives a bounded, repeatable answer. Method: seeded random symbols, read twice.
    @Test func `random symbols give the same sound answer twice`() {
        var state: UInt64 = 0x5EED
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        for round in 0..<200 {
            let lines = (0..<1 + random(3)).map { _ in
                RawLine(
                    symbols: (0..<random(12)).map { _ in
                        let sure = Double(random(1000)) / 1000
                        let first = alphabet[random(36)], second = alphabet[random(36)]
                        return RawSymbol(
                            choices: [
                                RawChoice(character: first, probability: max(sure, 1 - sure)),
                                RawChoice(character: second, probability: min(sure, 1 - sure)),
                            ])
                    })
            }
            let interpreter = ReadInterpreter(grammars: grammars)
            let raw = RawRead(lines: lines, sharpness: 0)
            let read = interpreter.interpret(raw)
            #expect(read == interpreter.interpret(raw), "seed 0x5EED, round \(round)")
            #expect((0...1).contains(read.confidence), "seed 0x5EED, round \(round)")
            #expect(read.accepted == (read.reason == nil), "seed 0x5EED, round \(round)")
            #expect(read.candidates.count <= 5 && Set(read.candidates.map(\.text)).count == read.candidates.count)
        }
    }
}
