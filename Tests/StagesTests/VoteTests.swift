import Foundation
import GantryTesting
import Testing
import Traffic

@testable import Stages

@Suite struct VoteTests {
    private func vote(_ reads: [PlateRead], sharpness: Double = 200, settings: Associate.Settings = .init()) -> Vote {
        var vote = Vote()
        var tallies = TrackTallies()
        for (frame, read) in reads.enumerated() {
            vote.add(read, in: frame, sharpness: sharpness, settings: settings, tallies: &tallies)
        }
        return vote
    }

    private func decide(_ reads: [PlateRead]) -> Vote.Decision { vote(reads).decide(settings: .init()) }

    /// Seen on real clips: two sure reads of a plate cut off at both ends, and forty that all say something else.
    @Test func `a few sure reads that most of the track contradicts are not accepted`() {
        let reads =
            [Scene.read("P587A", 0.95), Scene.read("P587A", 0.95)]
            + (0..<20).map { Scene.read("PP\(500 + $0)AO", 0.05, accepted: false) }
        var lenient = Associate.Settings()
        lenient.minimumAgreement = 0
        #expect(vote(reads).decide(settings: lenient).plate?.accepted == true)
        let decision = decide(reads)
        #expect(decision.plate?.text.text == "P587A" && decision.plate?.accepted == false)
        #expect(decision.reason == .disagreement)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var reads: [PlateRead]
        var text: String?
        var accepted: Bool
        var reason: ReadReason?
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing seen", reads: [], text: nil, accepted: false, reason: .noPlateSeen),
        Case(
            testDescription: "seen, never read", reads: [Scene.read("", 0), Scene.read("", 0)], text: nil,
            accepted: false, reason: .noText),
        Case(
            testDescription: "one sure read", reads: [Scene.read("KLM482", 0.95)], text: "KLM482", accepted: true,
            reason: nil),
        Case(
            testDescription: "one sure read that the reader did not accept",
            reads: [Scene.read("KLM482", 0.95, accepted: false)], text: "KLM482", accepted: false,
            reason: .singleRead),
        Case(
            testDescription: "one unsure read", reads: [Scene.read("KLM482", 0.6)], text: "KLM482", accepted: false,
            reason: .lowConfidence),
        Case(
            testDescription: "many middling reads that agree",
            reads: Array(repeating: Scene.read("KLM482", 0.6, accepted: false), count: 6), text: "KLM482",
            accepted: true, reason: nil),
        Case(
            testDescription: "two that contradict each other",
            reads: [Scene.read("KLM482", 0.8), Scene.read("XRT917", 0.8)], text: "KLM482", accepted: false,
            reason: .disagreement),
        Case(
            testDescription: "a repeated weak misread against few strong reads",
            reads: [Scene.read("KLM482", 0.95), Scene.read("KLM482", 0.93)]
                + Array(repeating: Scene.read("KLM4B2", 0.2, accepted: false), count: 5),
            text: "KLM482", accepted: true, reason: nil),
        Case(
            testDescription: "cut-off reads among whole ones",
            reads: [
                Scene.read("LM482", 0.6, accepted: false), Scene.read("KLM482", 0.9), Scene.read("KLM48", 0.5),
                Scene.read("KLM482", 0.92),
            ], text: "KLM482", accepted: true, reason: nil),
        Case(
            testDescription: "a sign",
            reads: Array(repeating: Scene.read("TAXI", 0.99, accepted: false, reason: .notAPlate), count: 9),
            text: nil, accepted: false, reason: .notAPlate),
        Case(
            testDescription: "seen, but too small",
            reads: Array(
                repeating: PlateRead(candidates: [], accepted: false, reason: .tooSmall, region: nil), count: 4),
            text: nil, accepted: false, reason: .tooSmall),
        Case(
            testDescription: "half hidden in every frame",
            reads: Array(repeating: Scene.read("M482", 0.9, accepted: false, reason: .cutOff), count: 4), text: nil,
            accepted: false, reason: .cutOff),
        Case(
            testDescription: "a crop that can't be decoded",
            reads: [PlateRead(candidates: [], accepted: false, reason: .unreadableCrop, region: nil)], text: nil,
            accepted: false, reason: .unreadableCrop),
        Case(
            testDescription: "few sure reads that take a sticker for a digit, many unsure ones that don't",
            reads: Array(repeating: Scene.read("KLM482", 0.65, accepted: false), count: 14)
                + Array(repeating: Scene.read("KLM4829", 0.96), count: 5),
            text: "KLM482", accepted: false, reason: .disagreement),
        Case(
            testDescription: "withheld crops among one read",
            reads: [
                PlateRead(candidates: [], accepted: false, reason: .notRedacted, region: nil),
                Scene.read("KLM482", 0.96),
            ], text: "KLM482", accepted: true, reason: nil),
    ]

    @Test(arguments: cases)
    func `votes come out as an operator would decide`(example: Case) {
        let decision = decide(example.reads)
        #expect(decision.plate?.text.text == example.text)
        #expect((decision.plate?.accepted ?? false) == example.accepted)
        #expect(decision.reason == example.reason)
        #expect(decision.plate.map { (0...1).contains($0.confidence) } ?? true)
    }

    @Test func `where each frame errs elsewhere, the characters still add up, but are not accepted`() throws {
        let reads = ["KLM4X2", "KLH482", "1LM482", "KLM482X", "KLM42"].map { Scene.read($0, 0.4, accepted: false) }
        let plate = try #require(decide(reads).plate)
        #expect(plate.text.text == "KLM482")
        #expect(!plate.accepted)
        #expect(plate.votes == 0 && plate.reads == 5)
    }

    @Test func `confidence per character outweighs the number of reads`() throws {
        func read(_ text: String, _ characters: [Double]) throws -> PlateRead {
            let candidate = Candidate(text: try #require(PlateText(text)), confidence: 0.4, characters: characters)
            return PlateRead(candidates: [candidate], accepted: false, reason: .lowConfidence, region: nil)
        }
        let reads = [
            try read("KLM482", [0.9, 0.9, 0.9, 0.9, 0.95, 0.9]), try read("KLM4B2", [0.9, 0.9, 0.9, 0.9, 0.1, 0.9]),
            try read("KLM4B2", [0.9, 0.9, 0.9, 0.9, 0.1, 0.9]),
        ]
        #expect(vote(reads).consensus()?.text.text == "KLM482")
    }

    /// Each frame spreads its confidence over spellings that look alike; which of them is first is chance.
    @Test func `a shape that no frame can spell is written with the fewest turns between letters and digits`() throws {
        func read(_ texts: [String]) throws -> PlateRead {
            let candidates = try texts.map { text in
                let plate = try #require(PlateText(text))
                return Candidate(text: plate, confidence: 0.2, characters: plate.text.utf8.map { _ in 0.9 })
            }
            return PlateRead(candidates: candidates, accepted: false, reason: .lowConfidence, region: nil)
        }
        let spellings = ["K1MMIAN", "KIMM1AN", "K1MM1AN", "KIMMIAN"]
        let reads = try (0..<8).map { turn in try read((0..<4).map { spellings[(turn + $0) % 4] }) }
        let decision = decide(reads)
        let plate = try #require(decision.plate)
        #expect(plate.text.text == "KIMMIAN" && !plate.accepted && decision.reason == .disagreement)
        // Where frames do tell them apart, they are believed.
        let clear = decide(Array(repeating: Scene.read("K1MM1AN", 0.9), count: 3) + [Scene.read("KIMMIAN", 0.3)])
        #expect(clear.plate?.text.text == "K1MM1AN")
    }

    @Test func `votes for, votes against and the agreement on each character are told`() throws {
        let texts = ["KLM482", "KLM482", "KLM4B2", "LM482", "KLM482"]
        let vote = vote(texts.map { Scene.read($0, 0.8) })
        let plate = try #require(vote.decide(settings: .init()).plate)
        #expect(plate.text.text == "KLM482" && plate.votes == 3 && plate.against == 2 && plate.reads == 5)
        #expect(plate.agreement == [0.8, 1, 1, 1, 0.8, 1])
        #expect(vote.evidence.map(\.text.text) == texts && vote.evidence.map(\.frame) == [0, 1, 2, 3, 4])
        #expect(vote.evidence.allSatisfy { $0.accepted && $0.confidence == 0.8 })
    }

    @Test func `the surest read is always among those that are kept`() throws {
        var settings = Associate.Settings()
        settings.maximumReads = 3
        var vote = Vote()
        var tallies = TrackTallies()
        for frame in 0..<40 {
            let sure = frame == 7
            vote.add(
                Scene.read("KLM482", sure ? 0.95 : 0.8, accepted: !sure), in: frame, sharpness: sure ? 1 : 4000,
                settings: settings, tallies: &tallies)
        }
        #expect(vote.evidence.count == 3 && vote.evidence.contains { $0.frame == 7 })
    }

    @Test func `confidence rises with agreement and falls with dissent`() throws {
        let agree = try (1...6).map { count in
            try #require(decide(Array(repeating: Scene.read("KLM482", 0.7), count: count)).plate).confidence
        }
        #expect(zip(agree, agree.dropFirst()).allSatisfy { $0 < $1 })
        let dissent = [Scene.read("KLM482", 0.7), Scene.read("KLM482", 0.7), Scene.read("PQR111", 0.7)]
        #expect(try #require(decide(dissent).plate).confidence < agree[1])
    }

    @Test func `the region is that of the text that wins`() throws {
        let reads = [
            Scene.read("KLM482", 0.95, region: "fr"), Scene.read("XLM482", 0.3, accepted: false, region: "de"),
            Scene.read("KLM482", 0.9, region: "fr"),
        ]
        #expect(try #require(decide(reads).plate).region == "fr")
    }

    @Test func `what is kept stays bounded, and votes stay exact`() throws {
        var settings = Associate.Settings()
        settings.maximumTexts = 6
        settings.maximumReads = 5
        var vote = Vote()
        var tallies = TrackTallies()
        var random = SeededGenerator(seed: 5)
        for frame in 0..<500 {
            let text = random.chance(0.5) ? "KLM482" : "X\(random.index(10_000))"
            vote.add(
                Scene.read(text, text == "KLM482" ? 0.9 : 0.3), in: frame, sharpness: 100, settings: settings,
                tallies: &tallies)
        }
        #expect(vote.texts.count <= 6 && vote.shapes.count <= 6 && vote.reads.count <= 5)
        #expect(vote.texts.allSatisfy { $0.confidences.count <= Vote.keptConfidences })
        let plate = try #require(vote.decide(settings: settings).plate)
        #expect(plate.text.text == "KLM482" && plate.reads == 500)
        #expect((200...300).contains(plate.votes))
        #expect(tallies.take()["shed-text"] ?? 0 > 100)
    }

    @Test func `confidences that are no numbers do no harm`() {
        for confidence in [Double.nan, .infinity, -3, 7] {
            let decision = decide([Scene.read("KLM482", confidence), Scene.read("KLM482", 0.9)])
            #expect(decision.plate.map { (0...1).contains($0.confidence) } ?? false)
        }
    }

    @Test func `logarithm and exponential agree with the C library's`() {
        for step in 1...2000 {
            let value = Double(step) * 0.37
            #expect(abs(VoteMath.log(value) - Foundation.log(value)) < 1e-12)
            #expect(abs(VoteMath.log(1 / value) + Foundation.log(value)) < 1e-12)
        }
        for step in -600...600 {
            let value = Double(step) * 0.05
            let expected = Foundation.exp(value)
            #expect(abs(VoteMath.exp(value) - expected) <= 1e-12 * expected)
        }
    }

    struct Pair: Sendable {
        var a, b: String
        var similarity: Double
    }

    static let pairs: [Pair] = [
        Pair(a: "KLM482", b: "KLM482", similarity: 1), Pair(a: "KLM482", b: "", similarity: 0),
        Pair(a: "", b: "", similarity: 0), Pair(a: "KLM480", b: "KLM48O", similarity: 0.933_333),
        Pair(a: "KLM482", b: "LM482", similarity: 0.866_667), Pair(a: "AAAA", b: "7777", similarity: 0),
    ]

    @Test(arguments: pairs)
    func `similarity counts look-alikes as near`(pair: Pair) {
        let similarity = VoteAlignment.similarity(Array(pair.a.utf8), Array(pair.b.utf8))
        #expect(abs(similarity - pair.similarity) < 1e-5)
    }

    @Test func `a missing character shifts nothing`() {
        let steps = VoteAlignment.align(Array("KLM482".utf8), Array("KM482".utf8))
        #expect(steps.filter { $0.other == nil }.map(\.pivot) == [1])
        #expect(steps.last == VoteAlignment.Step(pivot: 5, other: 4))
    }
}
