import ArgumentParser
import Foundation
import Traffic
import Wire

/// Compares the passages of a run with the known truth of its clips.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Compares passages with known truth: visits found once, missed, split; plates right and wrong.",
        discussion: """
            The truth is the truth.jsonl that lies beside simulated clips: one visit a line. A passage belongs to the \
            visit whose plate its best frame shows (plate boxes overlap by 0.3, or the vehicle's box holds the plate). \
            Beside the voted texts it says what the best single frames would have read: of each passage, the read with \
            the highest confidence.
            """)

    @Option(help: "Passages, as `gantry run --passages FILE` writes them.")
    var passages: String
    @Option(help: "Truth, one visit a line.")
    var truth: String
    @Option(help: "table or json.")
    var format: Format = .table
    @Flag(help: "List each visit that was missed, split or misread, and each passage without a visit.")
    var details = false

    enum Format: String, ExpressibleByArgument { case table, json }

    func run() async throws {
        let decoder = JSONDecoder()
        let visits = try lines(truth).map { try decoder.decode(Visit.self, from: $0) }
        let found = try lines(passages).map { try decoder.decode(PassageLine.self, from: $0) }
        let score = Score(visits: visits, passages: found)
        switch format {
        case .json: print(String(decoding: try JSONEncoder.sorted.encode(score), as: UTF8.self))
        case .table:
            print(score.table)
            if details { for line in score.details { print(line) } }
        }
    }

    private func lines(_ path: String) throws -> [Data] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("can't read \(path)")
        }
        return data.split(separator: UInt8(ascii: "\n")).map { Data($0) }
    }
}

extension JSONEncoder {
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return encoder
    }
}

/// One visit of one vehicle to one camera, as truth.jsonl says.
struct Visit: Decodable {
    var camera: String
    var plate: String
    var firstFrame: Int
    var lastFrame: Int
    /// One `[x, y, width, height]` for each frame from `firstFrame` to `lastFrame`; null where it is hidden.
    var plateBoxes: [[Double]?]

    enum CodingKeys: String, CodingKey {
        case camera, plate, firstFrame = "first_frame", lastFrame = "last_frame", plateBoxes = "plate_boxes"
    }

    func plateBox(in frame: Int) -> Box? {
        guard frame >= firstFrame, frame - firstFrame < plateBoxes.count else { return nil }
        return plateBoxes[frame - firstFrame].flatMap(Box.init(numbers:))
    }
}

extension Box {
    init?(numbers: [Double]) {
        guard numbers.count == 4 else { return nil }
        self.init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    }
}

struct Score: Encodable {
    var visits = 0
    /// Visits with exactly one passage, with several, with none.
    var once = 0, split = 0, missed = 0
    /// Passages that show no visit.
    var strays = 0
    var passages = 0
    /// Visits with exactly one passage whose text is exactly the plate, accepted or not.
    var exact = 0
    /// The same for the read with the highest confidence among the passage's; nil when the passages carry no reads.
    var exactSingle: Int?
    var accepted = 0
    /// Accepted texts that are the plate of no visit at that camera and time.
    var acceptedWrong = 0
    var details: [String] = []

    enum CodingKeys: String, CodingKey {
        case visits, once, split, missed, strays, passages, exact, exactSingle = "exact_single", accepted
        case acceptedWrong = "accepted_wrong"
    }

    init(visits: [Visit], passages: [PassageLine]) {
        self.visits = visits.count
        self.passages = passages.count
        if passages.contains(where: { $0.reads != nil }) { exactSingle = 0 }
        var shown: [[Int]] = Array(repeating: [], count: visits.count)
        for (index, passage) in passages.enumerated() {
            let matches = visits.indices.compactMap { visit in
                Self.match(passage, visits[visit]).map { (visit: visit, overlap: $0) }
            }
            if let best = matches.max(by: { $0.overlap < $1.overlap }) {
                shown[best.visit].append(index)
            } else {
                strays += 1
                details.append("no visit: \(passage.camera) \(passage.firstSeen) frame \(passage.best.frame)")
            }
            guard let plate = passage.plate, plate.accepted else { continue }
            accepted += 1
            let belongs = visits.contains {
                $0.camera == passage.camera && $0.plate == plate.text
                    && ($0.firstFrame - 10...$0.lastFrame + 10).contains(passage.best.frame)
            }
            if !belongs {
                acceptedWrong += 1
                details.append("accepted, wrong: \(passage.camera) frame \(passage.best.frame) \(plate.text)")
            }
        }
        for (visit, indices) in zip(visits, shown) {
            let label = "\(visit.camera) frames \(visit.firstFrame)-\(visit.lastFrame) \(visit.plate)"
            switch indices.count {
            case 0:
                missed += 1
                details.append("missed: \(label)")
            case 1:
                once += 1
                let text = passages[indices[0]].plate?.text
                if text == visit.plate { exact += 1 } else { details.append("read as \(text ?? "nothing"): \(label)") }
                let single = Self.best(passages[indices[0]].reads ?? [])?.text
                if single == visit.plate { exactSingle? += 1 }
                if (single == visit.plate) != (text == visit.plate) {
                    details.append(
                        "best single frame read \(single ?? "nothing"), voted \(text ?? "nothing"): \(label)")
                }
            default:
                split += 1
                details.append("split in \(indices.count): \(label)")
            }
        }
    }

    /// The first of those with the highest confidence.
    private static func best(_ reads: [PassageLine.Read]) -> PassageLine.Read? {
        reads.reduce(nil) { best, read in
            best.map { read.confidence > $0.confidence } ?? true ? read : best
        }
    }

    /// How well the passage's best frame shows the visit, or nil when it does not.
    private static func match(_ passage: PassageLine, _ visit: Visit) -> Double? {
        guard passage.camera == visit.camera, let truth = visit.plateBox(in: passage.best.frame) else { return nil }
        if let plate = passage.best.plate.flatMap(Box.init(numbers:)), plate.overlap(truth) >= 0.3 {
            return 1 + plate.overlap(truth)
        }
        guard let vehicle = passage.best.vehicle.flatMap(Box.init(numbers:)), vehicle.contains(truth.center) else {
            return nil
        }
        return vehicle.cover(of: truth)
    }

    var table: String {
        func share(_ count: Int, of total: Int) -> String {
            total == 0 ? "-" : "\(count) of \(total) (\(Int((100 * Double(count) / Double(total)).rounded()))%)"
        }
        return """
            visits with exactly one passage   \(share(once, of: visits))
            visits split / missed             \(split) / \(missed)
            passages that show no visit       \(strays) of \(passages)
            plates read exactly, voted        \(share(exact, of: visits))
            by the best single frame          \(exactSingle.map { share($0, of: visits) } ?? "unknown: no reads given")
            accepted plates                   \(accepted), of which wrong \(share(acceptedWrong, of: accepted))
            """
    }
}
