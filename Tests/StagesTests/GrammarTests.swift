import Stages
import Testing

@Suite struct GrammarTests {
    @Test(arguments: [
        ("LLDDDLL", "AB123CD", true), ("LLDDDLL", "AB12CCD", false), ("LLDDDLL", "AB123C", false),
        ("L{1,2}D{3}", "A123", true), ("L{1,2}D{3}", "AB123", true), ("L{1,2}D{3}", "ABC123", false),
        ("[AB]X0", "AZ0", true), ("[AB]X0", "B90", true), ("[AB]X0", "C90", false), ("[AB]X0", "A91", false),
    ])
    func `a pattern fits by place and length`(pattern: String, text: String, fits: Bool) throws {
        let shapes = try GrammarSyntax.expand(pattern, letters: .letters)
        let patterns = shapes.map { GrammarPattern(region: "test", places: $0, share: 1) }
        #expect(patterns.contains { $0.fits(Array(text.utf8)) } == fits)
    }

    @Test(arguments: [
        ("", GrammarSyntaxError.empty), ("LLW", .unknown("W")), ("L[AB", .unclosed("[")), ("L{2", .unclosed("{")),
        ("[]", .badSet), ("[AA]", .badSet), ("[A-C]", .badSet), ("L{0}", .badRepeat), ("L{3,1}", .badRepeat),
        ("L{}", .badRepeat), ("L{1,2,3}", .badRepeat), ("L{1,9}D{1,9}L{1,9}", .tooMany),
    ])
    func `a malformed pattern is refused`(pattern: String, expected: GrammarSyntaxError) {
        #expect(throws: expected) { try GrammarSyntax.expand(pattern, letters: .letters) }
    }

    @Test func `a region's letters are what L means in it`() throws {
        let vowelless = PlateCharacters("BCDF".utf8)
        let places = try GrammarSyntax.expand("LX", letters: vowelless)[0]
        #expect(!places[0].contains(UInt8(ascii: "A")) && places[1].contains(UInt8(ascii: "7")))
        #expect(!places[1].contains(UInt8(ascii: "A")))
    }
}

@Suite struct LookAlikesTests {
    private let lookAlikes = LookAlikes(["0ODQ", "8B", "6G", "CG"])

    @Test(arguments: [
        ("0", "O", true), ("O", "0", true), ("D", "Q", true), ("8", "B", true), ("8", "0", false), ("G", "C", true),
        ("6", "C", false), ("A", "A", false),
    ])
    func `characters of one class look alike`(a: String, b: String, alike: Bool) {
        #expect(lookAlikes.alike(a.utf8.first!, b.utf8.first!) == alike)
    }

    @Test func `texts that look alike fold to one`() {
        #expect(lookAlikes.folded(Array("FORD8".utf8)) == lookAlikes.folded(Array("F0R0B".utf8)))
        #expect(lookAlikes.folded(Array("A1".utf8)) == Array("A1".utf8))
    }

    @Test func `a text at home in several regions names them all, likeliest first`() throws {
        func pattern(_ region: String, _ text: String, share: Double) throws -> GrammarPattern {
            GrammarPattern(region: region, places: try GrammarSyntax.expand(text, letters: .letters)[0], share: share)
        }
        let set = GrammarSet(
            patterns: [
                try pattern("it", "LLDDDLL", share: 1), try pattern("fr", "LLDDDLL", share: 3),
                try pattern("us", "DDDLLL", share: 5),
            ], lookAlikes: LookAlikes([]))
        let both = set.regions(of: Array("AB123CD".utf8))
        #expect(both.map(\.region) == ["fr", "it"])
        #expect(abs(both[0].share - 0.75) < 1e-9 && abs(both[1].share - 0.25) < 1e-9)
        #expect(set.regions(of: Array("123ABC".utf8)).map(\.region) == ["us"])
        #expect(set.regions(of: Array("12345".utf8)).isEmpty)
    }
}
