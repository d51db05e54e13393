import Foundation
import GantryTesting
import Testing
import Topics
import Wire

/// Goal: whatever happens to a file, a reader gives only records that were written, says what is wrong, and a repair
/// makes a file of the rest that other programs open.
@Suite struct RecordingDamageTests {
    let folder: RecordingFolder
    init() throws { folder = try RecordingFolder() }

    static let tiny = [RecordingSchema(name: "t.T", data: [1, 2, 3])]

    /// A file of about a kilobyte: six chunks of two records each.
    func small(_ compression: RecordingOptions.Compression) throws -> (bytes: [UInt8], records: [RecordedRecord]) {
        let records = (0..<12).map { index in
            RecordedRecord(
                topic: "t",
                record: Record(
                    key: "k\(index % 2)", value: Array("value \(index)".utf8), headers: [Header("gantry-type", "t.T")],
                    timestamp: 1000 + Int64(index)))
        }
        var writer = try RecordingWriter(
            to: folder.path("small.mcap"), schemas: Self.tiny, options: .chunks(1 << 20, compression))
        for (index, record) in records.enumerated() {
            try writer.append(record.record, to: record.topic)
            if index % 2 == 1 { try writer.flush() }
        }
        _ = try writer.finish()
        return (try folder.bytes("small.mcap"), records)
    }

    /// Where each chunk ends, by its index; found by walking the file's records.
    func chunkEnds(_ bytes: [UInt8]) -> [Int] {
        var ends: [Int] = []
        var at = 8
        while at + 9 <= bytes.count - 8 {
            let length = (0..<8).reduce(0) { $0 | Int(bytes[at + 1 + $1]) << (8 * $1) }
            let opcode = bytes[at]
            at += 9 + length
            if opcode == 0x06 { ends.append(at) }
            if opcode == 0x0F { break }
        }
        return ends
    }

    @Test(arguments: [RecordingOptions.Compression.none, .zstd(level: 1)])
    func `cut at any byte, a file gives exactly the records of its whole chunks, and a repair makes it whole`(
        compression: RecordingOptions.Compression
    ) throws {
        let (bytes, records) = try small(compression)
        let ends = chunkEnds(bytes)
        #expect(ends.count == 6)
        var repaired: [String] = []
        var expected: [Int] = []
        for cut in 1..<bytes.count {
            let path = try folder.put(bytes[..<cut], "cut.mcap")
            let whole = ends.filter { $0 <= cut }.count * 2
            let found = try Recorded.read(path)
            #expect(found.records == Array(records.prefix(whole)), "cut at \(cut)")
            guard found.errors.count == 1, case .truncated(path, let offset) = found.errors[0] else {
                Issue.record("cut at \(cut): \(found.errors)")
                continue
            }
            #expect(offset <= cut)
            let name = "repaired-\(cut).mcap"
            let repair = try RecordingRepair.copy(from: path, to: folder.path(name))
            #expect(repair.problems == found.errors && repair.summary.messages == whole)
            let again = try Recorded.read(folder.path(name))
            #expect(again.records == found.records && again.errors.isEmpty)
            repaired.append(folder.path(name))
            expected.append(whole)
        }
        let counts = try Python.run(["count"] + repaired)
        let lines = String(decoding: counts, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines == expected.map(String.init))
    }

    @Test func `cut anywhere, a larger file gives a prefix of its records`() throws {
        let records = try Recorded.city(3000)
        try Recorded.write(records, to: folder.path("a.mcap"), .chunks(20_000))
        let bytes = try folder.bytes("a.mcap")
        let ends = chunkEnds(bytes)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<60 {
            let cut = Int.random(in: 1..<bytes.count, using: &random)
            let path = try folder.put(bytes[..<cut], "cut.mcap")
            let found = try Recorded.read(path)
            #expect(found.records == Array(records.prefix(found.records.count)), "cut at \(cut)")
            #expect(found.errors.count == 1)
            let chunks = ends.filter { $0 <= cut }.count
            #expect(found.records.isEmpty == (chunks == 0) && (chunks < ends.count || found.records.count == 3000))
        }
    }

    @Test(arguments: [RecordingOptions.Compression.none, .zstd(level: 1)])
    func `a flipped bit anywhere is noticed, and no wrong record is given for it`(
        compression: RecordingOptions.Compression
    ) throws {
        let (bytes, records) = try small(compression)
        let known = Set(records)
        var codes: [String: Int] = [:]
        for at in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[at] ^= 1 << bit
                let path = try folder.put(damaged, "flipped.mcap")
                do {
                    let found = try Recorded.read(path)
                    #expect(!found.errors.isEmpty, "bit \(bit) of byte \(at)")
                    #expect(found.records.allSatisfy(known.contains), "bit \(bit) of byte \(at)")
                    #expect(found.records.count <= records.count)
                    for error in found.errors { codes[error.code, default: 0] += 1 }
                } catch let error as RecordingError {
                    codes[error.code, default: 0] += 1
                }
            }
        }
        // The magic's bits, cut-offs (a length grew), checksums, and structures that no longer fit.
        #expect(Set(codes.keys).isSuperset(of: ["REC102", "REC111", "REC112", "REC113"]))
        #expect(codes["REC112", default: 0] > bytes.count)
    }

    @Test func `a chunk whose bytes changed is named, and the chunks around it are read and repaired`() throws {
        let (bytes, records) = try small(.none)
        let ends = chunkEnds(bytes)
        var damaged = bytes
        // The last byte of the third chunk is the last of a value.
        damaged[ends[2] - 1] ^= 0x20
        let path = try folder.put(damaged, "damaged.mcap")
        let found = try Recorded.read(path)
        #expect(found.records == Array(records[..<4] + records[6...]))
        guard found.errors.count == 1, case .checksum(of: "a chunk", let offset, _, _) = found.errors[0] else {
            Issue.record("\(found.errors)")
            return
        }
        #expect(offset > ends[1] && offset < ends[2])
        let repair = try RecordingRepair.copy(from: path, to: folder.path("repaired.mcap"))
        #expect(repair.problems == found.errors)
        #expect(try Recorded.read(folder.path("repaired.mcap")).records == found.records)
        let validation = try RecordingValidation(path: path) { _ in nil }
        #expect(validation.problems.map(\.code) == ["REC112", "REC133", "REC133"])
        // What is missing stays visible in the repaired file.
        let second = try RecordingValidation(path: folder.path("repaired.mcap")) { _ in nil }
        #expect(second.problems.map(\.code) == ["REC133", "REC133"])
    }

    @Test func `an empty file, zeros, another format and a missing file are refused by what they are`() throws {
        func refusal(_ bytes: [UInt8]) throws -> RecordingError? {
            let path = try folder.put(bytes, "x.mcap")
            do {
                _ = try RecordingReader(path: path)
                return nil
            } catch { return error }
        }
        let path = folder.path("x.mcap")
        #expect(try refusal([]) == .notARecording(path: path, detail: "it is empty"))
        #expect(
            try refusal(Array(repeating: 0, count: 5000)) == .notARecording(path: path, detail: "it begins with zeros"))
        #expect(
            try refusal(Array("#ROSBAG V2.0\n".utf8))
                == .notARecording(path: path, detail: "it does not begin with MCAP's magic bytes"))
        #expect(throws: RecordingError.unreadable(path: "/nowhere.mcap", detail: "No such file or directory")) {
            _ = try RecordingReader(path: "/nowhere.mcap")
        }
        #expect(throws: RecordingError.self) { _ = try RecordingReader(path: folder.url.path) }
    }

    @Test func `zeros behind the last whole chunk, as a power loss leaves them, are a cut`() throws {
        let (bytes, records) = try small(.zstd(level: 1))
        let end = chunkEnds(bytes)[3]
        let path = try folder.put(bytes[..<end] + Array(repeating: 0, count: 8192), "zeros.mcap")
        let found = try Recorded.read(path)
        #expect(found.records == Array(records.prefix(8)))
        #expect(found.errors == [.truncated(path: path, offset: end)])
    }

    @Test func `a length that no file has is refused before memory is asked for`() throws {
        let (bytes, _) = try small(.zstd(level: 1))
        let start = 8 + 9 + Int(bytes[9])
        #expect(bytes[start] == 0x06)
        // The record's own length, the uncompressed size, the compression's name, the records' length.
        let fields = [start + 1, start + 9 + 16, start + 9 + 28, start + 9 + 36]
        for at in fields {
            for value: UInt8 in [0x7F, 0xFF] {
                var damaged = bytes
                for byte in at + 2..<at + (at == fields[2] ? 4 : 8) { damaged[byte] = value }
                let path = try folder.put(damaged, "bomb.mcap")
                let before = Memory.peakKilobytes
                let found = try Recorded.read(path)
                #expect(Memory.peakKilobytes - before < 64_000)
                #expect(!found.errors.isEmpty)
            }
        }
        // A chunk that honestly unpacks to more than is allowed.
        var honest = bytes
        honest.replaceSubrange(start + 9 + 16..<start + 9 + 24, with: [0, 0, 0, 0x11, 0, 0, 0, 0])
        let errors = try Recorded.read(try folder.put(honest, "large.mcap")).errors
        guard case .tooLarge("a chunk", 0x1100_0000, 256 << 20, start) = errors.first else {
            Issue.record("\(errors)")
            return
        }
    }

    /// Seeded; a failure names its round. Every third file has no checksum over its summary, so that nothing keeps a
    /// reader from looking into it.
    @Test func `random damage of several kinds crashes nothing, and no wrong record is given for it`() throws {
        let (bytes, records) = try small(.zstd(level: 1))
        let known = Set(records)
        var random = SeededGenerator(seed: 11)
        for round in 0..<600 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<damaged.count, using: &random)
                let end = min(damaged.count, at + Int.random(in: 1...40, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: for byte in at..<end { damaged[byte] = UInt8.random(in: 0...255, using: &random) }
                case 1: for byte in at..<end { damaged[byte] = 0xFF }
                case 2: damaged.removeSubrange(at..<end)
                default: damaged.insert(contentsOf: damaged[at..<end], at: at)
                }
            }
            if round % 3 == 0, damaged.count > 12 {
                for byte in damaged.count - 12..<damaged.count - 8 { damaged[byte] = 0 }
            }
            let path = try folder.put(damaged, "damaged.mcap")
            for filter in [RecordingFilter(), RecordingFilter(keys: ["k1"], from: 1003, to: 1009)] {
                guard let found = try? Recorded.read(path, filter) else { continue }
                #expect(found.records.allSatisfy(known.contains), "round \(round)")
            }
            var options = RecordingOptions()
            options.overwrites = true
            let target = folder.path("repaired.mcap")
            guard let repair = try? RecordingRepair.copy(from: path, to: target, options: options) else { continue }
            let repaired = try Recorded.read(target)
            #expect(repaired.errors.isEmpty && repaired.records.count == repair.summary.messages, "round \(round)")
            _ = try RecordingValidation(path: path) { _ in nil }
        }
    }

    @Test func `a full disk is named, and what was written before is repairable`() throws {
        let records = try Recorded.city(2000)
        let path = folder.path("full.mcap")
        var failure: RecordingError?
        func fill() throws {
            var writer = try RecordingWriter(to: path, schemas: Schema.recordings, options: .chunks(4000))
            do {
                for record in records { try writer.append(record.record, to: record.topic) }
            } catch { failure = error }
        }
        // As full as a disk for this process, and for new bytes of this file alone.
        try Memory.withFileLimit(30_000) { try fill() }
        let size = try folder.bytes("full.mcap").count
        #expect(failure == .unwritable(path: path, bytes: size, detail: "File too large"))
        let found = try Recorded.read(path)
        #expect(found.records.count > 100 && found.records == Array(records.prefix(found.records.count)))
        #expect(found.errors == [.truncated(path: path, offset: size)])
        let repair = try RecordingRepair.copy(from: path, to: folder.path("repaired.mcap"))
        #expect(repair.summary.messages == found.records.count)
    }

    @Test func `after a full disk the same record can be offered again, and nothing is twice`() throws {
        let records = try Recorded.city(500)
        let path = folder.path("full.mcap")
        var writer = try RecordingWriter(to: path, schemas: Schema.recordings, options: .chunks(4000))
        var refused: Int?
        try Memory.withFileLimit(10_000) {
            for (index, record) in records.enumerated() where refused == nil {
                do { try writer.append(record.record, to: record.topic) } catch { refused = index }
            }
        }
        let from = try #require(refused)
        for record in records[from...] { try writer.append(record.record, to: record.topic) }
        #expect(try writer.finish().messages == 500)
        let found = try Recorded.read(path)
        #expect(found.records == records && found.errors.isEmpty)
    }
}

/// What this process uses and may use.
enum Memory {
    /// The most memory that this process ever had in use.
    static var peakKilobytes: Int {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss
    }

    /// Files can't grow beyond so many bytes meanwhile.
    static func withFileLimit(_ bytes: UInt, _ body: () throws -> Void) throws {
        signal(SIGXFSZ, SIG_IGN)
        var old = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
        var new = rlimit(rlim_cur: bytes, rlim_max: old.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &new)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }
        try body()
    }
}
