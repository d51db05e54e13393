import Grammars
import Stages
import Testing

@testable import Vision

@Suite struct GrammarFileTests {
    private let head = "version: 1\nlook_alikes: [0O]\n"

    @Test func `the grammars that come with Gantry are sound and cover what they claim`() throws {
        let grammars = try GrammarFile.load(packageFolder() + "/models/grammars.yaml")
        let regions = Set((4...9).flatMap { grammars.patterns(ofLength: $0).map(\.region) })
        #expect(regions.isSuperset(of: ["be", "br", "de", "es", "fr", "gb", "it", "mx", "nl", "no", "pl", "us"]))
        #expect(regions.subtracting(["us", "br", "mx"]).count >= 25)
        let shares = (1...12).flatMap { grammars.patterns(ofLength: $0).map(\.share) }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        #expect(grammars.excludes(Array("P0LICE".utf8)) && grammars.excludes(Array("20260302".utf8)))
    }

    @Test(arguments: [
        ("fr", "AB123CD"), ("be", "1ABC234"), ("de", "MAB1234"), ("gb", "AB12CDE"), ("es", "1234BCD"),
        ("nl", "GB123K"), ("cz", "1AB2345"), ("sk", "BA123CD"), ("br", "ABC1D23"), ("mx", "ABC123D"),
        ("us", "7ABC123"), ("no", "AB12345"), ("ua", "AA1234BB"), ("at", "W12345A"), ("ie", "121D12345"),
    ])
    func `a typical plate fits its region`(region: String, text: String) throws {
        let grammars = try GrammarFile.load(packageFolder() + "/models/grammars.yaml")
        let fitting = grammars.patterns(ofLength: text.utf8.count).filter { $0.fits(Array(text.utf8)) }
        #expect(fitting.contains { $0.region == region })
    }

    @Test func `every mistake is reported with its line`() throws {
        let text = """
            version: 2
            look_alikes: [0O, a]
            shortest: 40
            colour: red
            regions:
              - {code: fr, name: France, patterns: [LLDDDLL]}
              - {code: fr, name: Again, patterns: [LLW]}
              - {code: it, patterns: ["L{20}"]}
              - {code: de, name: Germany, weight: heavy, patterns: [D]}
            """
        let error = #expect(throws: GrammarError.self) { try GrammarFile.parse(text) }
        guard case .invalid(_, let mistakes) = try #require(error) else {
            Issue.record("not an invalid file: \(String(describing: error))")
            return
        }
        #expect(mistakes.map(\.line).sorted() == [1, 2, 3, 4, 7, 7, 8, 8, 9, 9])
    }

    @Test func `what is not YAML says where`() {
        #expect(throws: GrammarError.self) { try GrammarFile.parse("version: [1\nregions: }") }
        #expect(throws: GrammarError.self) { try GrammarFile.parse("") }
        #expect(throws: GrammarError.missing(path: "/nowhere.yaml")) { try GrammarFile.load("/nowhere.yaml") }
    }

    @Test func `a weight makes a region's plates more likely`() throws {
        let text =
            head + """
                regions:
                  - {code: aa, name: A, weight: 3, patterns: [LLDD, DDLL]}
                  - {code: bb, name: B, weight: 1, patterns: [LLLL]}
                """
        let shares = try GrammarFile.parse(text).patterns(ofLength: 4).map { ($0.region, $0.share) }
        #expect(shares.map(\.0) == ["aa", "aa", "bb"])
        #expect(zip(shares.map(\.1), [0.375, 0.375, 0.25]).allSatisfy { abs($0 - $1) < 1e-12 })
    }
}
