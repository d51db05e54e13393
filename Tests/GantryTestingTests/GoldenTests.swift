import Foundation
import GantryTesting
import Testing

@Suite struct GoldenTests {
    private func file(_ text: String) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(path: "golden-\(UUID().uuidString).jsonl")
        try text.write(to: url, atomically: true, encoding: .utf8)
        return url
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == nil))
    func `what differs from the golden file is named by its line`() throws {
        let golden = try file("one\ntwo\nthree\n")
        defer { try? FileManager.default.removeItem(at: golden) }
        try expectGolden(["one", "two", "three"], at: golden)
        let mismatch = #expect(throws: GoldenMismatch.self) { try expectGolden(["one", "2"], at: golden) }
        #expect(
            mismatch?.differences == [
                .init(line: 2, expected: "two", found: "2"), .init(line: 3, expected: "three", found: nil),
            ])
        #expect(throws: GoldenMismatch.self) { try expectGolden(["one", "two", "three", "four"], at: golden) }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == nil))
    func `a golden file that is not there fails and says how to make it`() throws {
        let missing = FileManager.default.temporaryDirectory.appending(path: "golden-\(UUID().uuidString)")
        let mismatch = #expect(throws: GoldenMismatch.self) { try expectGolden(["one"], at: missing) }
        #expect(mismatch?.description.contains("UPDATE_GOLDEN=1") == true)
    }
}
