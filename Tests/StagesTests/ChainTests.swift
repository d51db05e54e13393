import Stages
import Testing
import Traffic

@Suite struct ChainTests {
    /// Repeats its input; refuses 13.
    private struct Repeat: Stage {
        let times: Int
        var refused = 0
        mutating func process(_ input: Int) throws(BadRecord) -> [Int] {
            if input == 13 {
                refused += 1
                throw BadRecord(code: "TST101", reason: "thirteen")
            }
            return Array(repeating: input + 1, count: times)
        }
        mutating func takeTallies() -> [Tally: Int] {
            defer { refused = 0 }
            return refused == 0 ? [:] : ["refused": refused]
        }
    }

    @Test func `outputs of the first stage feed the second, in order`() throws {
        var chain = Chain(Repeat(times: 2), Repeat(times: 3))
        #expect(try chain.process(5) == [7, 7, 7, 7, 7, 7])
    }

    @Test func `a refusal of either stage refuses the input, and tallies add up`() throws {
        var chain = Chain(Repeat(times: 1), Repeat(times: 1))
        #expect(throws: BadRecord.self) { try chain.process(13) }
        #expect(throws: BadRecord.self) { try chain.process(12) }
        #expect(try chain.process(1) == [3])
        #expect(chain.takeTallies() == ["refused": 2])
        #expect(chain.takeTallies() == [:])
    }
}
