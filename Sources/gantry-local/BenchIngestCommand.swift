import ArgumentParser
import Custody
import Foundation
import Logging
import PostGIS
import StageRunner
import Stages
import Topics
import Traffic
import Wire

/// `gantry bench ingest`: what storing passages costs beside a plain COPY.
struct BenchIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Passages a second from records to committed rows, beside a plain COPY of the same rows.",
        discussion: """
            Works in a database of its own beside the one that is named, and drops it in the end. In turns it takes a \
            block of records the way of the sink (decoded, protected, staged, inserted into one day with all indexes, \
            offsets and the queue of journeys in the same transaction) and copies the same rows, protected and encoded \
            beforehand, with COPY BINARY into another day of the same fill. Then journeys and legs are made of what the \
            sink stored.

            Examples:
              gantry bench ingest
              gantry bench ingest --filled 20000000 --passages 500000
            """)

    @Option(
        help: "libpq address of a database on the server to use (default: GANTRY_DATABASE, or the cluster in .gantry).")
    var database: String?
    @Option(help: "Passages to store, 10000 to 10000000.")
    var passages = 200_000
    @Option(help: "Passages in one transaction of the sink, 1 to 100000.")
    var batch = 5_000
    @Option(help: "Rows that are there before, over seven days.")
    var filled = 0
    @Option(help: "Cameras, 1 to 10000.")
    var cameras = 300
    @Option(help: "text or json.")
    var format: BenchPlatesCommand.Format = .text

    static let block = 20_000

    func validate() throws {
        guard (10_000...10_000_000).contains(passages) else {
            throw ValidationError("--passages is \(passages); give 10000 to 10000000")
        }
        guard (1...100_000).contains(batch) else { throw ValidationError("--batch is \(batch); give 1 to 100000") }
        guard (0...1_000_000_000).contains(filled) else { throw ValidationError("--filled can't be \(filled)") }
        guard (1...10_000).contains(cameras) else { throw ValidationError("--cameras is \(cameras); give 1 to 10000") }
    }

    func run() async throws {
        StageProcess.bootstrap(level: .warning)
        let base =
            try database ?? ProcessInfo.processInfo.environment["GANTRY_DATABASE"]
            ?? LocalCluster.address(folder: GantryHome.find().postgres.path)
        let name = "gantry_bench_\(getpid())"
        let server = try Connection(base, application: "gantry-bench")
        try server.execute("CREATE DATABASE \(name)")
        let keys = FileManager.default.temporaryDirectory.appending(path: name).path
        let result: Result<IngestBenchReport, any Error>
        do { result = .success(try measure(Self.address(of: name, beside: base), keys: keys)) } catch {
            result = .failure(error)
        }
        try? FileManager.default.removeItem(atPath: keys)
        try server.execute("DROP DATABASE \(name) WITH (FORCE)")
        let report = try result.get()
        print(format == .json ? try report.json() : report.text)
    }

    /// The same server's other database; of a keyword twice in an address the last one counts.
    static func address(of name: String, beside base: String) -> String {
        guard base.hasPrefix("postgres"), var parts = URLComponents(string: base) else {
            return base + " dbname=\(name)"
        }
        parts.path = "/\(name)"
        return parts.string ?? base
    }

    private func measure(_ address: String, keys: String) throws -> IngestBenchReport {
        guard let folder = Migrator.folder() else { throw MigrationError.noFolder("schemas/sql") }
        _ = try Migrator(folder: folder).migrate(address)
        let vault = Vault(keys: try KeyStore(folder: keys, create: true))
        let sink = try Sink(database: address, protection: vault)
        let traffic = IngestTraffic(cameras: cameras)
        try sink.register(traffic.cameras)
        let plain = try PlainCopy(database: address)
        if filled > 0 { note("filling \(filled) rows") }
        try plain.fill(filled, from: IngestTraffic.days.0, days: 7)

        var report = IngestBenchReport(passages: passages, batch: batch, filled: filled)
        var offset: Int64 = 0
        for start in stride(from: 0, to: passages, by: Self.block) {
            let numbers = start..<min(passages, start + Self.block)
            let records = try numbers.map { try Record(passage: traffic.passage($0, on: IngestTraffic.days.0)) }
            let rows = try plain.prepare(
                numbers.map { traffic.passage($0, on: IngestTraffic.days.1) }, protection: vault)
            let clock = ContinuousClock()
            let ours = try clock.measure {
                for first in stride(from: 0, to: records.count, by: batch) {
                    let part = records[first..<min(records.count, first + batch)]
                    let next = offset + Int64(part.count)
                    _ = try sink.write(
                        try part.map { try Passage(record: $0) },
                        reaching: [Sink.Position(topic: "bench.passages", partition: 0, from: offset, next: next)])
                    offset = next
                }
            }
            let copied = try clock.measure { try plain.copy(rows) }
            report.blocks.append(
                .init(
                    rows: numbers.count, sinkPerSecond: Double(numbers.count) / ours.inSeconds,
                    copyPerSecond: Double(numbers.count) / copied.inSeconds))
            note("\(numbers.upperBound) of \(passages)")
        }
        let keeper = LegKeeper(database: address)
        report.legsPerSecond =
            Double(passages) / (try ContinuousClock().measure { while try keeper.advance() > 0 {} }).inSeconds
        return report
    }

    private func note(_ text: String) {
        if isatty(2) == 1 { FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8)) }
    }
}

/// Invented passages in the order of time, two million a day: 50,000 vehicles, a tenth of the passages without a plate.
struct IngestTraffic {
    static let days = (
        EventTime(rfc3339: "2026-03-02T00:00:00Z")!, EventTime(rfc3339: "2026-03-05T00:00:00Z")!
    )
    let cameras: [Camera]

    init(cameras: Int) {
        self.cameras = (0..<cameras).map { number in
            Camera(
                id: CameraID("bench-\(number)"), longitude: 4.3 + Double(number % 100) / 1000,
                latitude: 50.8 + Double(number / 100) / 1000, heading: nil)
        }
    }

    func passage(_ number: Int, on day: EventTime) -> Passage {
        var random = BenchRandom(state: UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1)
        let camera = cameras[Int.random(in: 0..<cameras.count, using: &random)]
        let first = day + .nanoseconds(Int64(number) * 40_000_000)
        let vehicle = Int.random(in: 0..<50_000, using: &random)
        let letters = Array("ABCDEFGHJKLMNPRSTUVWXYZ")
        let text = "\(1 + vehicle % 9)\(letters[vehicle / 9 % 23])\(letters[vehicle / 207 % 23])K\(1000 + vehicle / 61)"
        let isRead = Int.random(in: 0..<10, using: &random) > 0
        let plate =
            isRead
            ? Passage.VotedPlate(
                text: PlateText(text)!, confidence: 0.97, accepted: true, votes: 9, reads: 10, region: nil)
            : nil
        return Passage(
            id: PassageID(camera: camera.id, epoch: Epoch(1), firstFrame: number, ordinal: 0), camera: camera.id,
            epoch: Epoch(1), firstFrame: number, lastFrame: number + 24, firstSeen: first,
            lastSeen: first + .seconds(2), kind: .car, frames: 24, direction: .approaching, course: 90,
            best: Passage.Best(frame: number + 20, vehicle: nil, plate: nil, crop: nil), plate: plate,
            notRead: isRead ? nil : .noText)
    }
}

struct IngestBenchReport: Encodable {
    struct Block: Encodable {
        var rows: Int
        var sinkPerSecond, copyPerSecond: Double
    }

    var passages, batch, filled: Int
    var blocks: [Block] = []
    var legsPerSecond = 0.0

    init(passages: Int, batch: Int, filled: Int) {
        (self.passages, self.batch, self.filled) = (passages, batch, filled)
    }

    enum CodingKeys: String, CodingKey {
        case passages, batch, filled, blocks
        case legsPerSecond = "legs_per_second"
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let tenth = max(1, blocks.count / 10)
        func line(_ name: String, _ part: ArraySlice<Block>) -> String {
            let (ours, plain) = (middle(part.map(\.sinkPerSecond)), middle(part.map(\.copyPerSecond)))
            let ratio = middle(part.map { $0.sinkPerSecond / $0.copyPerSecond })
            return String(
                format: "%@ %9.0f %12.0f %8.2f\n", name.padding(toLength: 18, withPad: " ", startingAt: 0), ours, plain,
                ratio)
        }
        return
            "\(passages) passages in transactions of \(batch), after \(filled) rows; rows a second, medians of blocks\n"
            + "                        sink   plain COPY    ratio\n"
            + line("all blocks", blocks[...]) + line("the first", blocks.prefix(tenth))
            + line("the last", blocks.suffix(tenth))
            + String(format: "journeys and legs  %9.0f passages/s", legsPerSecond)
    }
}
