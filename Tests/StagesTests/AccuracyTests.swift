import Testing
import Traffic

@testable import Stages

@Suite struct AccuracyTests {
    private func label(_ x: Double, _ text: String, height: Double = 20, surroundings: Double? = nil) -> LabelledPlate {
        LabelledPlate(
            box: Box(x: x, y: 0, width: 100, height: height), text: PlateText(text)!, surroundings: surroundings)
    }

    private func find(
        _ x: Double, _ text: String?, _ confidence: Double = 0.9, accepted: Bool = true, height: Double = 20
    ) -> PlateFind {
        let candidates = text.map {
            [Candidate(text: PlateText($0)!, confidence: confidence, characters: [])]
        }
        let read = PlateRead(
            candidates: candidates ?? [], accepted: text != nil && accepted, reason: accepted ? nil : .lowConfidence,
            region: nil)
        return PlateFind(box: Box(x: x, y: 0, width: 100, height: height), read: read)
    }

    private func report(_ outcomes: [ImageOutcome]) -> PlateAccuracy {
        PlateAccuracy(outcomes.map { PlateTrial(outcome: $0, decode: 1, detect: 2, read: 3) })
    }

    @Test func `each label takes the find that overlaps it most`() {
        // Two plates side by side, and two finds on the first: the better one counts, whatever their order.
        let outcome = ImageOutcome(
            labels: [label(0, "AB12"), label(100, "CD34")], finds: [find(20, "XX"), find(98, "CD34"), find(4, "AB12")])
        #expect(outcome.labels.map(\.isExact) == [true, true])
        #expect(outcome.labels[0].overlap == 96.0 / 104)
        #expect(outcome.hits.map(\.label) == [0, 1, 0])
        #expect(outcome.strays.isEmpty)
    }

    @Test func `one find is not taken for two plates`() {
        let outcome = ImageOutcome(labels: [label(0, "AB12"), label(10, "AB12")], finds: [find(4, "AB12")])
        #expect(outcome.labels.map { $0.find != nil } == [true, false])
    }

    @Test func `a find that is placed badly is neither found nor false`() {
        // 40 of 160 pixels: 0.25; 60 of 140: 0.43; 70 of 130: 0.54.
        #expect(ImageOutcome(labels: [label(0, "AB12")], finds: [find(60, nil)]).strays.count == 1)
        let loose = ImageOutcome(labels: [label(0, "AB12")], finds: [find(40, "AB12")])
        #expect(loose.strays.isEmpty && loose.hits.count == 1 && loose.labels[0].find == nil)
        #expect(ImageOutcome(labels: [label(0, "AB12")], finds: [find(30, nil)]).labels[0].find != nil)
    }

    @Test func `figures count plates, characters and accepted reads`() {
        let report = report([
            ImageOutcome(labels: [label(0, "AB12")], finds: [find(0, "AB12")]),
            ImageOutcome(labels: [label(0, "AB12")], finds: [find(0, "AB1")]),
            ImageOutcome(labels: [label(0, "AB12")], finds: [find(0, "AB12", 0.5, accepted: false)]),
            // Two accepted reads of one plate are one plate covered.
            ImageOutcome(labels: [label(0, "AB12")], finds: [find(0, "AB12"), find(10, "AB1Z")]),
            ImageOutcome(labels: [label(0, "AB12")], finds: [find(500, "ZZ"), find(700, nil)]),
        ])
        #expect(report.images == 5 && report.plates == 5)
        #expect(report.all.captured == Share(4, of: 5))
        #expect(report.all.exact == Share(3, of: 5))
        #expect(report.all.characters == Share(4 + 3 + 4 + 4 + 0, of: 20))
        #expect(report.all.precision == Share(2, of: 4))
        #expect(report.all.coverage == Share(3, of: 5))
        #expect(report.strays == PlateAccuracy.Strays(images: 5, accepted: 1, others: 1))
        #expect(report.milliseconds.detect.median == 2)
    }

    @Test func `a text much longer than the truth has no characters right, not fewer than none`() {
        let outcome = ImageOutcome(labels: [label(0, "AB12")], finds: [find(0, "ZZZZZZZZZZZZ")])
        #expect(outcome.labels[0].rightCharacters == 0)
    }

    @Test func `plates are told apart by height and surroundings`() {
        let heights = [15.9, 16, 23, 24, 39, 40, 90]
        let report = report(
            heights.enumerated().map { index, height in
                ImageOutcome(
                    labels: [label(0, "AB12", height: height, surroundings: Double(index))],
                    finds: [find(0, index < 3 ? "AB12" : "ZZ", height: height)])
            })
        #expect(report.byHeight.map(\.figures.exact.total) == [1, 2, 2, 2])
        #expect(report.byHeight.map(\.figures.exact.count) == [1, 2, 0, 0])
        #expect(report.byBrightness.map(\.figures.exact) == [Share(3, of: 3), Share(0, of: 4)])
    }

    @Test func `calibration compares what is said with what is right`() throws {
        let samples =
            (0..<10).map { Calibration.Sample(confidence: 0.85, isRight: $0 < 5, plate: $0) }
            + (10..<20).map { Calibration.Sample(confidence: 1, isRight: true, plate: $0) }
        let calibration = Calibration(samples, plates: 40)
        #expect(calibration.bins.map(\.right.total) == [0, 0, 0, 0, 0, 0, 0, 0, 10, 10])
        #expect(calibration.bins[8].said == 0.85 && calibration.bins[0].said == nil)
        #expect(calibration.expectedError == 0.175)
        let row = try #require(calibration.thresholds.first)
        #expect(row.confidence == 1 && row.precision == Share(10, of: 10) && row.coverage == Share(10, of: 40))
        #expect(Calibration([], plates: 3).expectedError == nil)
    }

    @Test func `the threshold is the lowest that is right often enough`() {
        // From the most confident down: right, wrong, then eight right. Half are right at two, nine of ten at last.
        let right = [true, false] + Array(repeating: true, count: 8)
        let samples = right.enumerated().map {
            Calibration.Sample(confidence: Double(95 - 5 * $0) / 100, isRight: $1, plate: $0)
        }
        let rows = Calibration(samples, plates: 10, targets: [0.9, 0.95]).thresholds
        #expect(rows[0].confidence == 0.5 && rows[0].precision == Share(9, of: 10))
        #expect(rows[1].confidence == 0.95 && rows[1].coverage == Share(1, of: 10))
    }

    @Test func `reads of equal confidence are accepted together or not at all`() {
        let samples = [true, true, false].map { Calibration.Sample(confidence: 0.9, isRight: $0, plate: 0) }
        #expect(Calibration(samples, plates: 3, targets: [0.9]).thresholds[0].confidence == nil)
    }
}
