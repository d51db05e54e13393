import Foundation
import Stages
import Traffic

/// What became of one plate, or of one false box.
struct PlateBenchRow: Encodable {
    var file: String
    /// Pixels: the label's, or the false box's.
    var box: [Double]
    /// Null for a false box.
    var truth: String?
    /// Intersection over union with the nearest find.
    var overlap: Double
    var captured: Bool
    var read: String?
    var exact: Bool
    var accepted: Bool
    var confidence: Double
    var reason: String?
    /// Mean grey level around the plate, 0...255.
    var surroundings: Double?

    static func rows(_ file: String, _ outcome: ImageOutcome) -> [PlateBenchRow] {
        outcome.labels.map { label in
            PlateBenchRow(
                file: file, label.plate.box, truth: label.plate.text.text, label.find?.read, overlap: label.overlap,
                captured: label.find != nil, exact: label.isExact,
                surroundings: label.plate.surroundings.map { PlatesLine.rounded($0, 10) })
        }
            + outcome.strays.map {
                PlateBenchRow(
                    file: file, $0.box, truth: nil, $0.read, overlap: 0, captured: false, exact: false,
                    surroundings: nil)
            }
    }

    private init(
        file: String, _ box: Box, truth: String?, _ read: PlateRead?, overlap: Double, captured: Bool, exact: Bool,
        surroundings: Double?
    ) {
        self.file = file
        self.box = PlatesLine.numbers(box)
        self.truth = truth
        self.overlap = PlatesLine.rounded(overlap, 1000)
        self.captured = captured
        self.read = read?.text?.text
        self.exact = exact
        accepted = read?.accepted ?? false
        confidence = PlatesLine.rounded(read?.confidence ?? 0, 10_000)
        reason = read?.reason?.rawValue
        self.surroundings = surroundings
    }

    private enum Key: CodingKey {
        case file, box, truth, overlap, captured, read, exact, accepted, confidence, reason, surroundings
    }

    /// Absent values are written as null: a reader of the rows finds every key.
    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(file, forKey: .file)
        try values.encode(box, forKey: .box)
        try values.encode(truth, forKey: .truth)
        try values.encode(overlap, forKey: .overlap)
        try values.encode(captured, forKey: .captured)
        try values.encode(read, forKey: .read)
        try values.encode(exact, forKey: .exact)
        try values.encode(accepted, forKey: .accepted)
        try values.encode(confidence, forKey: .confidence)
        try values.encode(reason, forKey: .reason)
        try values.encode(surroundings, forKey: .surroundings)
    }

    var text: String {
        func cell(_ text: String, _ width: Int) -> String {
            text.padding(toLength: max(width, text.count + 1), withPad: " ", startingAt: 0)
        }
        let verdict = truth == nil ? "false box" : exact ? "exact" : captured ? "wrong" : "not found"
        return cell(verdict, 11) + cell(truth ?? "-", 11) + cell(read ?? "-", 11)
            + String(format: "%.2f ", confidence) + cell(accepted ? "accepted" : reason ?? "-", 19) + file
    }
}
