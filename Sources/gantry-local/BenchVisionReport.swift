import Foundation
import Stages
import Vision
import VisionAssembly

/// What `gantry bench vision` prints. Milliseconds.
struct VisionBenchReport: Encodable {
    struct Network: Encodable {
        var task, model: String
        var bare: Spread
    }

    var backend: String
    var source: String
    var width = BenchFrames.width, height = BenchFrames.height
    var networks: [Network]
    var detect: PairedTimes
    /// One bare recognition of a line.
    var line: Spread
    var read: PairedTimes
    var linesPerPlate: Double?
    var platesRendered: Bool

    enum CodingKeys: String, CodingKey {
        case backend, source, width, height, networks, detect, line, read
        case linesPerPlate = "lines_per_plate", platesRendered = "plates_rendered"
    }

    init(_ input: BenchFrames, _ stages: VisionStages, detect: DetectBench.Times, read: ReadBench.Times) {
        backend = "\(stages.backend)"
        source = input.source
        networks = zip(DetectBench.tasks, stages.models).map { task, model in
            Network(task: task.rawValue, model: model.name, bare: Spread(detect.networks[task] ?? []))
        }
        self.detect = detect.stage
        line = Spread(read.line)
        self.read = read.stage
        let plates = read.stage.whole.count
        linesPerPlate = plates == 0 ? nil : PlatesLine.rounded(Double(read.lines) / Double(plates), 100)
        platesRendered = read.rendered
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        func row(_ name: String, _ spread: Spread, _ note: String = "") -> String {
            name.padding(toLength: 40, withPad: " ", startingAt: 0)
                + String(format: "%8.1f %8.1f", spread.median, spread.p95) + (note.isEmpty ? "" : "   \(note)")
        }
        func ratio(_ times: PairedTimes) -> String {
            times.ratio.map { String(format: "whole / bare %.2f", $0) } ?? "nothing to compare"
        }
        let lines = linesPerPlate.map { String(format: "%.1f lines a plate", $0) } ?? ""
        let plates = "\(read.whole.count) readings\(platesRendered ? " of a rendered plate" : "")"
        return
            ([
                backend,
                "\(detect.whole.count) frames of \(width)x\(height) from \(source), one thread; \(plates)",
                "ms".padding(toLength: 40, withPad: " ", startingAt: 0) + "  median      p95",
            ]
            + networks.map { row("\($0.task), one pass of \($0.model)", $0.bare) } + [
                row("detect stage, its passes bare", Spread(detect.bare)),
                row("detect stage, whole", Spread(detect.whole), ratio(detect)),
                row("Tesseract, one line", line),
                row("read stage, its lines bare", Spread(read.bare), lines),
                row("read stage, whole", Spread(read.whole), ratio(read)),
            ]).joined(separator: "\n")
    }
}
