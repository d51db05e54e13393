/// Scores of detections as shares of 1, whatever range the detector gave them in.
///
/// The stage's thresholds are meant for shares of which a good box has 0.7 or more. What is not like that is stretched
/// so that the middle one of all scores becomes 0.75: a detection file is mostly right boxes, or nobody would track it.
public struct MotScores: Sendable {
    private let values: [Double]
    /// How the scores were taken, in words.
    public let note: String
    /// A score that at least a third of the boxes reach, 0...0.7: a track without one such box is clutter.
    public let sure: Double

    public init(_ detections: MotDetections) {
        let given = detections.rows.map { $0.score ?? 1 }
        guard let least = given.min(), let most = given.max(), least < most else {
            values = Array(repeating: 1, count: given.count)
            note = "no scores, or all the same: every box counts as sure"
            sure = 0
            return
        }
        // A few thousand, evenly spread over the file, stand for all.
        let sorted = stride(from: 0, to: given.count, by: 1 + given.count / 4096).map { given[$0] }.sorted()
        let middle = sorted[sorted.count / 2]
        let top = sorted[sorted.count * 19 / 20]
        let share: (Double) -> Double
        if least >= 0, most <= 1, top >= 0.6 {
            share = { $0 }
            note = "scores taken as they are"
        } else if least >= 0, most > 1, most <= 100, top >= 60 {
            share = { $0 / 100 }
            note = "scores up to \(most): taken as percent"
        } else if least < 0 {
            // Margins of a support vector machine, 0 being its boundary.
            share = { 1 / (1 + VoteMath.exp(-min(50, max(-50, $0)))) }
            note = "scores from \(least) to \(most): taken as margins, 0 as even odds"
        } else {
            let scale = middle > 0 ? middle : most
            share = { $0 / ($0 + scale / 3) }
            note = "scores from \(least) to \(most): stretched, so that \(scale) becomes 0.75"
        }
        values = given.map(share)
        sure = min(0.7, share(sorted[sorted.count * 2 / 3]))
    }

    func share(_ row: Int) -> Double { values[row] }
}

extension Associate.Settings {
    /// For boxes alone, of people as well as vehicles, fixed camera or not, as benchmarks give them: what is near in the
    /// picture is no duplicate, since people walk side by side.
    ///
    /// Chosen on seeded scenes by `scripts/bench-tracking`; see docs/decisions/0004-association.md.
    public static var boxesAlone: Associate.Settings {
        var settings = Associate.Settings(maximumGap: .milliseconds(1500))
        settings.countsClosingGap = false
        settings.dwell = nil
        settings.duplicateOverlap = 1
        settings.matchesTogether = true
        settings.scoreCost = 0.4
        settings.followsCamera = true
        settings.minimumOverlap = 0.25
        settings.minimumLowOverlap = 0.3
        settings.maximumTracks = 1024
        settings.maximumDetections = 1024
        return settings
    }
}
