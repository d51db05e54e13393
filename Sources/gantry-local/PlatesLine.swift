import Foundation
import Stages
import Traffic

/// One line of `gantry plates --json`: what was found in one image. Boxes are pixels, to a tenth.
struct PlatesLine: Encodable {
    struct Milliseconds: Encodable {
        var decode = 0.0, detect = 0.0, read = 0.0
    }

    struct FoundVehicle: Encodable {
        var box: [Double]
        var `class`: String
        var score: Double

        init(_ vehicle: Vehicle) {
            box = PlatesLine.numbers(vehicle.box)
            `class` = vehicle.kind.rawValue
            score = PlatesLine.rounded(vehicle.score, 1000)
        }
    }

    struct FoundPlate: Encodable {
        struct Candidate: Encodable {
            var text: String
            var confidence: Double
        }
        /// A region whose patterns the text follows, and its share of what makes the text likely.
        struct Region: Encodable {
            var region: String
            var share: Double
        }
        var text: String?
        var accepted: Bool
        var reason: String?
        var confidence: Double
        var region: String?
        var regions: [Region]
        var box: [Double]
        var corners: [[Double]]
        var candidates: [Candidate]
        /// Only with `--evidence`.
        var evidence: [String: Double]?

        init(_ plate: ReadPlate, _ interpreter: ReadInterpreter, evidence: ReadEvidence? = nil) {
            let read = plate.read
            text = read.text?.text
            accepted = read.accepted
            reason = read.reason?.rawValue
            confidence = PlatesLine.rounded(read.confidence, 10_000)
            region = read.region
            regions = (read.text.map { interpreter.regions(of: $0) } ?? []).map {
                Region(region: $0.region, share: PlatesLine.rounded($0.share, 1000))
            }
            box = PlatesLine.numbers(plate.plate.box)
            corners = plate.plate.corners.points.map { [PlatesLine.rounded($0.x, 10), PlatesLine.rounded($0.y, 10)] }
            candidates = read.candidates.map {
                Candidate(text: $0.text.text, confidence: PlatesLine.rounded($0.confidence, 10_000))
            }
            self.evidence = evidence.map {
                ["posterior": $0.posterior, "agreement": $0.agreement, "fits": $0.fits ? 1 : 0]
            }
        }

        private enum Key: CodingKey {
            case text, accepted, reason, confidence, region, regions, box, corners, candidates, evidence
        }

        /// Absent texts, reasons and regions are written as null: a reader of these lines finds every key.
        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(text, forKey: .text)
            try values.encode(accepted, forKey: .accepted)
            try values.encode(reason, forKey: .reason)
            try values.encode(confidence, forKey: .confidence)
            try values.encode(region, forKey: .region)
            try values.encode(regions, forKey: .regions)
            try values.encode(box, forKey: .box)
            try values.encode(corners, forKey: .corners)
            try values.encode(candidates, forKey: .candidates)
            try values.encodeIfPresent(evidence, forKey: .evidence)
        }
    }

    var file: String
    /// 0 for an image that could not be read.
    var width = 0, height = 0
    var ms = Milliseconds()
    var vehicles: [FoundVehicle] = []
    var plates: [FoundPlate] = []
    var redactions = 0
    /// Present only when the image could not be read.
    var error: String?

    /// One line, without its end.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// For people: a line for the image and one for each plate.
    var table: String {
        if let error { return "\(file): \(error)" }
        let total = ms.decode + ms.detect + ms.read
        let head =
            "\(file): \(width)x\(height), \(vehicles.count) vehicles, \(plates.count) plates, "
            + String(format: "%.0f ms", total)
        return ([head] + plates.map(Self.row)).joined(separator: "\n")
    }

    private static func row(_ plate: FoundPlate) -> String {
        let text = (plate.text ?? "-").padding(toLength: 10, withPad: " ", startingAt: 0)
        let verdict = plate.accepted ? "accepted" : plate.reason ?? ""
        let place = plate.box.map { String(format: "%.0f", $0) }.joined(separator: ",")
        return "    \(text) \(String(format: "%.2f", plate.confidence)) \(verdict)"
            + Self.regions(plate) + " at \(place)"
    }

    /// The region; or, where the text is at home in several, the likeliest three of them with question marks.
    private static func regions(_ plate: FoundPlate) -> String {
        if let region = plate.region { return " (\(region))" }
        guard !plate.regions.isEmpty else { return "" }
        return " (" + plate.regions.prefix(3).map { "\($0.region)?" }.joined(separator: " ") + ")"
    }

    static func rounded(_ value: Double, _ parts: Double) -> Double { (value * parts).rounded() / parts }

    static func numbers(_ box: Box) -> [Double] { [box.x, box.y, box.width, box.height].map { rounded($0, 10) } }
}
