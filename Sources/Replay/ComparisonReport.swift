public import Foundation
import Traffic
public import Wire

/// What a comparison says, for people and for machines.
public struct ComparisonReport: Encodable, Sendable {
    public enum Verdict: String, Codable, Sendable, CaseIterable {
        case same, different, worse

        /// The exit status of a command that ends with this verdict. 1 and 64 are left for failures and wrong usage.
        public var exitStatus: Int32 {
            switch self {
            case .same: 0
            case .different: 3
            case .worse: 4
            }
        }
    }

    /// Passages of one run.
    public struct Run: Encodable, Equatable, Sendable {
        public var passages, withPlate, accepted: Int

        enum CodingKeys: String, CodingKey {
            case passages, withPlate = "with_plate", accepted
        }
    }

    /// How a number of all vehicles shifted: how many shifted at all, the mean of those, and the largest.
    public struct Shift: Encodable, Equatable, Sendable {
        public var count: Int
        public var mean, largest: Double

        init(_ shifts: [Double]) {
            let moved = shifts.filter { $0 != 0 }
            count = moved.count
            mean = moved.isEmpty ? 0 : moved.reduce(0, +) / Double(moved.count)
            largest = moved.max { abs($0) < abs($1) } ?? 0
        }
    }

    /// One vehicle of which the runs say different things.
    public struct Vehicle: Encodable, Sendable {
        /// `lost`, `gained` or `changed`.
        public var what: String
        public var camera: String
        /// In what a changed one differs.
        public var differences: [String]
        public var baseline, candidate: PassageLine?
        /// For a lost or gained one, the id of the other run's passage that covers its vehicle.
        public var coveredBy: String?

        enum CodingKeys: String, CodingKey {
            case what, camera, differences, baseline, candidate, coveredBy = "covered_by"
        }
    }

    public var verdict: Verdict
    public var baseline, candidate: Run
    public var unchanged, lost, gained, platesChanged, acceptanceChanged: Int
    /// Of the same text, candidate minus baseline.
    public var confidence: Shift
    /// Seconds, candidate minus baseline.
    public var firstSeen, lastSeen: Shift
    /// Baseline passages lost, torn apart, or whose accepted plate is no longer accepted as it was.
    public var worse: Int
    public var worseShare: Double
    /// The verdict is `worse` above this share.
    public var tolerance: Double
    /// Everything that differs, in the order of lost, gained, changed.
    public var vehicles: [Vehicle]

    enum CodingKeys: String, CodingKey {
        case verdict, baseline, candidate, unchanged, lost, gained, platesChanged = "plates_changed"
        case acceptanceChanged = "acceptance_changed"
        case confidence, firstSeen = "first_seen", lastSeen = "last_seen", worse, worseShare = "worse_share"
        case tolerance, vehicles
    }

    /// - Parameter tolerance: Share of the baseline's passages, 0...1, that may be worse.
    public init(_ comparison: Comparison, tolerance: Double) {
        verdict = comparison.isSame ? .same : comparison.worseShare > tolerance ? .worse : .different
        baseline = Run(comparison.pairs.map(\.baseline) + comparison.lost.map(\.passage))
        candidate = Run(comparison.pairs.map(\.candidate) + comparison.gained.map(\.passage))
        unchanged = comparison.pairs.count { $0.differences.isEmpty }
        lost = comparison.lost.count
        gained = comparison.gained.count
        platesChanged = comparison.differing(in: .plate).count
        acceptanceChanged = comparison.differing(in: .acceptance).count
        confidence = Shift(comparison.pairs.compactMap(\.confidenceShift))
        firstSeen = Shift(comparison.pairs.map(\.timeShift.first))
        lastSeen = Shift(comparison.pairs.map(\.timeShift.last))
        worse = comparison.worse
        worseShare = comparison.worseShare
        self.tolerance = tolerance
        vehicles =
            comparison.lost.map { Vehicle($0, what: "lost") } + comparison.gained.map { Vehicle($0, what: "gained") }
            + comparison.pairs.filter { !$0.differences.isEmpty }.map(Vehicle.init)
    }

    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// The figures, and up to `limit` vehicles by name.
    public func text(limit: Int = 20) -> String {
        var lines = ["\(verdict.rawValue)"]
        lines += summary.map { name, value in name.padding(toLength: 34, withPad: " ", startingAt: 0) + value }
        for vehicle in vehicles.prefix(limit) { lines.append("  \(vehicle.line)") }
        if vehicles.count > limit { lines.append("  and \(vehicles.count - limit) more") }
        return lines.joined(separator: "\n")
    }

    /// The figures by name, for the text and the page.
    var summary: [(String, String)] {
        func count(_ run: Run) -> String { "\(run.passages), \(run.withPlate) with a plate, \(run.accepted) accepted" }
        func shift(_ shift: Shift, _ unit: String) -> String {
            guard shift.count > 0 else { return "none" }
            return String(
                format: "%d, by %+.3f%@ on average, at most %+.3f%@", shift.count, shift.mean, unit, shift.largest, unit
            )
        }
        return [
            ("passages of the baseline", count(baseline)), ("passages now", count(candidate)),
            ("unchanged", "\(unchanged)"), ("lost", "\(lost)"), ("gained", "\(gained)"),
            ("another plate", "\(platesChanged)"), ("accepted in one only", "\(acceptanceChanged)"),
            ("confidence shifted", shift(confidence, "")), ("first sight shifted", shift(firstSeen, " s")),
            ("last sight shifted", shift(lastSeen, " s")),
            (
                "worse",
                String(format: "%d (%.1f%%; tolerated %.1f%%)", worse, worseShare * 100, tolerance * 100)
            ),
        ]
    }
}

extension ComparisonReport.Run {
    init(_ passages: [Passage]) {
        self.init(
            passages: passages.count, withPlate: passages.count { $0.plate != nil },
            accepted: passages.count { $0.plate?.accepted == true })
    }
}

extension ComparisonReport.Vehicle {
    init(_ single: Comparison.Single, what: String) {
        let line = PassageLine(single.passage)
        self.init(
            what: what, camera: line.camera, differences: [], baseline: what == "lost" ? line : nil,
            candidate: what == "lost" ? nil : line, coveredBy: single.coveredBy?.id.description)
    }

    init(_ pair: Comparison.Pair) {
        let names = Comparison.Difference.allCases.filter(pair.differences.contains).map(\.rawValue)
        self.init(
            what: "changed", camera: pair.baseline.camera.text, differences: names,
            baseline: PassageLine(pair.baseline), candidate: PassageLine(pair.candidate), coveredBy: nil)
    }

    /// On one line: where, when, what was read.
    var line: String {
        func plate(_ line: PassageLine?) -> String {
            guard let plate = line?.plate else { return "no plate" }
            return plate.text + (plate.accepted ? "" : "?") + String(format: " %.2f", plate.confidence)
        }
        let seen = baseline ?? candidate
        let place = "\(camera) \(seen?.firstSeen ?? "")"
        switch what {
        case "lost", "gained":
            let cover = coveredBy.map { _ in
                what == "lost" ? " (part of another passage now)" : " (torn from another passage)"
            }
            return "\(what)  \(place)  \(plate(seen))\(cover ?? "")"
        default:
            let plates =
                plate(baseline) == plate(candidate) ? plate(baseline) : "\(plate(baseline)) -> \(plate(candidate))"
            return "changed  \(place)  \(plates)  (\(differences.joined(separator: ", ")))"
        }
    }
}
