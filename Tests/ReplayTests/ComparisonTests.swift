import GantryTesting
import Replay
import Stages
import Testing
import Topics
import Traffic
import Wire

@Suite struct ComparisonTests {
    private let baseline: [Passage]
    private let input: [Record]

    init() throws {
        input = try records(traffic(crops: true))
        baseline = try replayed(input).passages
    }

    private func compared(with candidate: [Passage], tolerance: Double = 0) -> (Comparison, ComparisonReport) {
        let comparison = Comparison(baseline: baseline, candidate: candidate)
        return (comparison, ComparisonReport(comparison, tolerance: tolerance))
    }

    @Test func `the same passages are the same, in any order of cameras`() {
        let (comparison, report) = compared(with: baseline.sorted { $0.camera > $1.camera })
        #expect(comparison.isSame && report.verdict == .same && report.verdict.exitStatus == 0)
        #expect(report.unchanged == baseline.count && report.vehicles.isEmpty)
    }

    /// Goal: a tracker that was broken on purpose is reported with the right vehicles.
    /// Method: a gap so short that a car which is hidden for half a second becomes two; those cars are known.
    @Test func `a tracker that tears hidden vehicles apart is reported with those vehicles`() throws {
        var settings = Associate.Settings()
        settings.maximumGap = .milliseconds(300)
        let (comparison, report) = compared(with: try replayed(input, settings: settings).passages)
        let torn = Set(comparison.gained.compactMap { $0.coveredBy?.plate?.text.text })
        // Every second car of each camera is hidden once; the first may begin, the last may end before that.
        let hidden = Set((0..<5).flatMap { camera in [1, 3].map { plate(camera: camera, number: $0) } })
        #expect(torn == hidden)
        #expect(comparison.lost.isEmpty)
        #expect(report.verdict == .worse && report.verdict.exitStatus == 4)
        #expect(report.worse >= hidden.count)
    }

    @Test func `a reader that confuses two letters is reported with exactly the plates that have them`() throws {
        var broken = baseline
        for index in broken.indices {
            guard let text = broken[index].plate?.text.text, text.hasPrefix("BK") else { continue }
            broken[index].plate?.text = PlateText("BX" + text.dropFirst(2))!
        }
        let (comparison, report) = compared(with: broken)
        let changed = comparison.differing(in: .plate)
        #expect(changed.map(\.baseline) == baseline.filter { $0.plate!.text.text.hasPrefix("BK") })
        #expect(changed.allSatisfy { $0.candidate.plate!.text.text.hasPrefix("BX") && $0.differences == [.plate] })
        #expect(report.platesChanged == changed.count && !changed.isEmpty && report.worse == changed.count)
        #expect(comparison.lost.isEmpty && comparison.gained.isEmpty)
    }

    @Test func `vehicles that one run lacks are lost or gained, and nothing else is touched`() {
        let without = baseline.filter { $0.camera != "camera-2" }
        let (comparison, report) = compared(with: without)
        #expect(comparison.lost.map(\.passage) == baseline.filter { $0.camera == "camera-2" })
        #expect(report.lost == comparison.lost.count && report.gained == 0 && report.verdict == .worse)
        let back = Comparison(baseline: without, candidate: baseline)
        #expect(back.gained.map(\.passage) == comparison.lost.map(\.passage) && back.lost.isEmpty)
        #expect(back.worse == 0 && ComparisonReport(back, tolerance: 0).verdict == .different)
    }

    @Test func `what is worse counts against the tolerance`() {
        var candidate = baseline
        candidate[3].plate?.accepted = false
        let share = 1 / Double(baseline.count)
        #expect(compared(with: candidate).1.verdict == .worse)
        #expect(compared(with: candidate, tolerance: share).1.verdict == .different)
        #expect(compared(with: candidate, tolerance: share * 0.99).1.verdict == .worse)
        #expect(compared(with: candidate).1.acceptanceChanged == 1)
    }

    @Test func `shifts of confidence and time are measured`() {
        var candidate = baseline
        candidate[0].plate?.confidence -= 0.125
        candidate[1].lastSeen = candidate[1].lastSeen + .milliseconds(250)
        let report = compared(with: candidate).1
        #expect(report.confidence.count == 1 && report.confidence.mean == -0.125)
        #expect(report.lastSeen.count == 1 && report.lastSeen.largest == 0.25 && report.firstSeen.count == 0)
        #expect(report.verdict == .different && report.worse == 0)
        #expect(report.vehicles.map(\.differences).sorted { $0[0] < $1[0] } == [["confidence"], ["times"]])
    }

    @Test func `a run that knows no headings differs in the way alone`() {
        var candidate = baseline
        candidate[0].course = candidate[0].course == nil ? 90 : nil
        candidate[1].stopped = .seconds(7)
        let report = compared(with: candidate).1
        #expect(report.vehicles.map(\.differences) == [["way"], ["way"]] && report.verdict == .different)
    }

    /// Two vehicles side by side have the same times; the text tells which is which.
    @Test func `vehicles side by side are not taken for each other`() throws {
        var camera = CameraStream("bridge")
        for frame in 0..<30 {
            let y = 300.0 + 4 * Double(frame)
            camera.frame(
                .car(at: Box(x: 300, y: y, width: 220, height: 150), plate: "LEFT1"),
                .car(at: Box(x: 900, y: y, width: 220, height: 150), plate: "RIGHT2"))
        }
        camera.end()
        let passages = try replayed(try records(camera.records)).passages
        #expect(passages.count == 2)
        var swapped = passages
        swapped.swapAt(0, 1)
        #expect(Comparison(baseline: passages, candidate: swapped).isSame)
        let one = Comparison(baseline: passages, candidate: [passages[1]])
        #expect(one.lost.map(\.passage) == [passages[0]] && one.pairs.map(\.baseline) == [passages[1]])
    }

    @Test func `the page shows what differs, with pictures, and escapes what it is told`() throws {
        var candidate = baseline
        candidate[0].plate?.text = PlateText("OTHER1")!
        candidate.remove(at: 5)
        let (comparison, report) = compared(with: candidate)
        let page = ComparisonPage(comparison, report: report, title: "<before> & after").html()
        #expect(page.contains("&lt;before&gt; &amp; after") && !page.contains("<before>"))
        #expect(page.contains("OTHER1") && page.contains(baseline[0].plate!.text.text))
        #expect(page.contains(baseline[5].plate!.text.text))
        #expect(page.contains("data:image/jpeg;base64,/9gBAgP/2Q=="))
        #expect(!page.contains(baseline[7].plate!.text.text), "what is unchanged is not shown")
    }
}
