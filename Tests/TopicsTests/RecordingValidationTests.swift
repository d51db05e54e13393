import Foundation
import Testing
import Topics
import Wire

@Suite struct RecordingValidationTests {
    let folder: RecordingFolder
    init() throws { folder = try RecordingFolder() }

    @Test(arguments: [500, 1 << 20])
    func `a recording of Gantry has nothing wrong`(chunk: Int) throws {
        try Recorded.write(try Recorded.city(300), to: folder.path("a.mcap"), .chunks(chunk))
        let validation = try RecordingValidation(path: folder.path("a.mcap")) { _ in nil }
        #expect(validation.problems.isEmpty && validation.problemCount == 0 && validation.messages == 300)
    }

    @Test func `what the message check says is listed with the chunk's offset`() throws {
        try Recorded.write(try Recorded.city(10), to: folder.path("a.mcap"))
        var seen = 0
        let validation = try RecordingValidation(path: folder.path("a.mcap")) { _ in
            seen += 1
            return seen == 3 ? ("WIR104", "not a message.") : nil
        }
        #expect(validation.problems.map(\.code) == ["WIR104"])
        #expect(validation.problems[0].offset == 8 + 9 + 4 + 6 + 4 + 8)
    }

    /// Checksums over the index are made right again after each change, so that only a look at what the index says can
    /// find it.
    @Test(arguments: [
        (record: UInt8(0x07), at: 2 + 4 + 8, code: "REC131"), (0x08, 0, "REC131"), (0x08, 16, "REC131"),
        (0x08, 24, "REC131"), (0x0B, 0, "REC132"), (0x0B, 22, "REC132"), (0x0B, 26, "REC132"),
    ])
    func `an index that says something else than the file is named`(record: UInt8, at: Int, code: String) throws {
        try Recorded.write(try Recorded.city(60), to: folder.path("a.mcap"), .chunks(3000))
        var file = RecordingPatch(bytes: try folder.bytes("a.mcap"))
        file.change(record: record, at: at)
        let path = try folder.put(file.bytes, "b.mcap")
        let validation = try RecordingValidation(path: path) { _ in nil }
        #expect(!validation.problems.isEmpty)
        #expect(validation.problems.allSatisfy { $0.code == code }, "\(validation.problems)")
    }
}

/// A file of which one byte of one record is changed, with checksums that fit afterwards.
struct RecordingPatch {
    var bytes: [UInt8]

    private func length(_ at: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[at + 1 + $1]) << (8 * $1) } }

    /// - Parameter at: In the content of the first record with that opcode.
    mutating func change(record: UInt8, at offset: Int) {
        var at = 8
        var dataEnd = 0
        var isChanged = false
        while bytes[at] != 0x02 {
            if bytes[at] == record, !isChanged {
                bytes[at + 9 + offset] ^= 1
                isChanged = true
            }
            if bytes[at] == 0x0F { dataEnd = at }
            at += 9 + length(at)
        }
        precondition(isChanged)
        store(crc(bytes[..<dataEnd]), at: dataEnd + 9)
        let summary = dataEnd + 13
        store(crc(bytes[summary..<at + 25]), at: at + 25)
    }

    private mutating func store(_ value: UInt32, at offset: Int) {
        for byte in 0..<4 { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    }

    /// Bit by bit, so that nothing of the library is taken on trust.
    private func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in (value >> 1) ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
    }
}
