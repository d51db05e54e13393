import ArgumentParser
import Foundation
import Topics
import Wire

struct BenchRecordingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recording",
        abstract: "Writing and reading a recording, against plain zstd over the same bytes.",
        discussion: """
            Invented detections and reads are encoded once; then, round by round, plain zstd compresses and writes their \
            bytes in blocks of a chunk's size, and a recording is made of the same messages at the same level. Both files \
            are read back. A recording adds checksums, indexes, channels and times. Ratios are plain time over ours: 1 \
            would be free, and the aim is 0.5.

            Example:
              gantry bench recording --messages 1000000 --level 3
            """)

    @Option(help: "Messages in a file.")
    var messages = 1_000_000
    @Option(help: "zstd's level.")
    var level = 1
    @Option(help: "Uncompressed bytes of a chunk.")
    var chunkBytes = 1 << 20
    @Option(help: "Bytes of a picture in each vehicle's place; pictures don't compress. 0 for none.")
    var cropBytes = 0
    @Option(help: "Rounds, of which the median counts.")
    var rounds = 3
    @Option(help: ArgumentHelp("Where the files are written, and removed afterwards.", valueName: "dir"))
    var directory = FileManager.default.temporaryDirectory.path
    @Option(help: "Seed of what is invented.")
    var seed: UInt64 = 1
    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard messages > 0, rounds > 0, chunkBytes > 0, cropBytes >= 0, (1...22).contains(level) else {
            throw ValidationError("--messages, --rounds and --chunk-bytes are positive, --level is 1 to 22")
        }
    }

    func run() async throws {
        FileHandle.standardError.write(Data("encoding\n".utf8))
        let traffic = try BenchTraffic(messages: messages, cropBytes: cropBytes, seed: seed)
        let folder = URL(filePath: directory).appending(path: "gantry-bench-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let plain = PlainZstd(
            path: folder.appending(path: "plain.zst").path, blocks: traffic.blocks(of: chunkBytes), level: level)
        var options = RecordingOptions()
        options.compression = .zstd(level: level)
        options.chunkBytes = chunkBytes
        options.overwrites = true
        let path = folder.appending(path: "recording.mcap").path

        var report = RecordingBenchReport(messages: messages, level: level, chunkBytes: chunkBytes, rounds: rounds)
        for round in 1...rounds {
            FileHandle.standardError.write(Data("round \(round) of \(rounds)\n".utf8))
            var sizes: [Int] = []
            report.plainWrite.append(try await Spent.on { sizes = try plain.write() })
            report.plainRead.append(try await Spent.on { try plain.read(sizes) })
            var summary = RecordingSummary()
            report.write.append(try await Spent.on { summary = try traffic.record(to: path, options) })
            report.read.append(try await Spent.on { try Self.readInPlace(path, expecting: messages) })
            report.readRecords.append(try await Spent.on { try Self.readRecords(path, expecting: messages) })
            report.bytes = summary.uncompressedBytes
            report.fileBytes = summary.bytes
            report.plainBytes = plain.bytes
            report.plainFileBytes = sizes.reduce(0, +)
        }
        print(json ? try report.json() : report.text)
    }

    /// Touches each message's last byte, as a decoder would at least.
    private static func readInPlace(_ path: String, expecting messages: Int) throws {
        var reader = try RecordingReader(path: path)
        var count = 0
        var sum = 0
        while try reader.advance() {
            count += 1
            sum &+= reader.withValue {
                $0.isEmpty ? 0 : Int($0.unsafeLoad(fromByteOffset: $0.byteCount - 1, as: UInt8.self))
            }
        }
        guard count == messages, sum > 0 else { throw BenchRecordingError.miscounted(count, messages) }
    }

    private static func readRecords(_ path: String, expecting messages: Int) throws {
        var reader = try RecordingReader(path: path)
        var count = 0
        while let record = try reader.next() { count += record.record.value.isEmpty ? 0 : 1 }
        guard count == messages else { throw BenchRecordingError.miscounted(count, messages) }
    }
}

enum BenchRecordingError: Error, CustomStringConvertible {
    case miscounted(Int, Int)
    case file(String)
    case notEqual

    var description: String {
        switch self {
        case .miscounted(let found, let expected):
            "BEN105 \(found) messages were read back of \(expected). That is a fault of the library: please report it."
        case .file(let detail): "BEN106 the benchmark's file failed: \(detail). Choose another --directory."
        case .notEqual: "BEN107 plain zstd did not give back what it took. Check the machine's memory."
        }
    }
}
