import Foundation
import Stages
import Traffic

/// What `gantry bench plates` prints.
struct PlateBenchReport: Encodable {
    var folders: [String]
    var crops: Bool
    /// Names of those in use, by task.
    var models: [String: String]
    var accuracy: PlateAccuracy
    /// Only with `--details`.
    var details: [PlateBenchRow]?

    var title: String {
        "\(accuracy.plates) plates in \(accuracy.images) images of \(folders.joined(separator: ", ")), "
            + (crops ? "cut out by their labels and read" : "found and read")
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var text: String {
        var parts = [title + "\n" + rates, groups, calibration, thresholds, times]
        if let details { parts.append(details.map(\.text).joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    private var rates: String {
        let all = accuracy.all, strays = accuracy.strays
        func perImage(_ count: Int) -> String { String(format: "%.2f", Double(count) / Double(max(1, strays.images))) }
        let rows: [(String, String)] =
            (crops ? [] : [("captured (IoU >= 0.5)", Self.share(all.captured))]) + [
                ("read exactly", Self.share(all.exact)),
                ("characters right", Self.share(all.characters)),
                ("precision of accepted reads", Self.share(all.precision)),
                ("plates with an accepted read", Self.share(all.coverage)),
            ]
            + (crops
                ? []
                : [
                    (
                        "false boxes an image",
                        "\(perImage(strays.accepted + strays.others)): \(strays.accepted) accepted, "
                            + "\(strays.others) others"
                    )
                ])
        return rows.map { Self.cell($0.0, 30) + $0.1 }.joined(separator: "\n")
    }

    private var groups: String {
        let heading =
            Self.cell("plate height, px", 18) + Self.cell("n", 6) + (crops ? "" : Self.cell("captured", 22))
            + Self.cell("exact", 22) + Self.cell("precision", 22) + "accepted"
        let rows = accuracy.byHeight + accuracy.byBrightness
        return
            ([heading]
            + rows.map { group in
                let figures = group.figures
                let shares = (crops ? [] : [figures.captured]) + [figures.exact, figures.precision, figures.coverage]
                return Self.cell(group.name, 18) + Self.cell("\(figures.exact.total)", 6)
                    + shares.map { Self.cell(Self.brief($0), 22) }.joined().trimmedEnd
            }).joined(separator: "\n")
    }

    private var calibration: String {
        let heading = Self.cell("confidence", 18) + Self.cell("n", 6) + Self.cell("said", 8) + "right"
        let rows = accuracy.calibration.bins.map { bin in
            Self.cell(String(format: "%.1f-%.1f", bin.low, bin.high), 18) + Self.cell("\(bin.right.total)", 6)
                + Self.cell(bin.said.map { String(format: "%.2f", $0) } ?? "-", 8) + Self.brief(bin.right)
        }
        let error = accuracy.calibration.expectedError.map { String(format: "%.3f", $0) } ?? "-"
        return ([heading] + rows + ["expected calibration error  \(error)"]).joined(separator: "\n")
    }

    private var thresholds: String {
        let heading =
            Self.cell("right, at least", 18) + Self.cell("accept from", 13) + Self.cell("right", 32) + "plates"
        let rows = accuracy.calibration.thresholds.map { row -> String in
            let target = Self.cell(String(format: "%.2f", row.target), 18)
            guard let from = row.confidence, let precision = row.precision, let coverage = row.coverage else {
                return target + "no threshold reaches it here"
            }
            return target + Self.cell(String(format: "%.3f", from), 13) + Self.cell(Self.share(precision), 32)
                + Self.share(coverage)
        }
        return ([heading] + rows).joined(separator: "\n")
    }

    private var times: String {
        let spent = accuracy.milliseconds
        let steps: [(String, Spread)] =
            [("decode", spent.decode)] + (crops ? [] : [("detect", spent.detect)]) + [("read", spent.read)]
        return
            ([Self.cell("ms an image", 18) + Self.cell("median", 10) + "p95"]
            + steps.map { name, spread in
                Self.cell(name, 18) + Self.cell(String(format: "%.1f", spread.median), 10)
                    + String(format: "%.1f", spread.p95)
            }).joined(separator: "\n")
    }

    /// `95.5%  [90.1, 98.0]  106 of 111`
    private static func share(_ share: Share) -> String {
        guard let value = share.value, let interval = share.interval else { return "-" }
        return String(
            format: "%.1f%% [%.1f, %.1f] %d of %d", 100 * value, 100 * interval.lowerBound,
            100 * interval.upperBound, share.count, share.total)
    }

    /// `95.5% [90.1, 98.0]`
    private static func brief(_ share: Share) -> String {
        guard let value = share.value, let interval = share.interval else { return "-" }
        return String(
            format: "%.1f%% [%.1f, %.1f]", 100 * value, 100 * interval.lowerBound, 100 * interval.upperBound)
    }

    private static func cell(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count + 1), withPad: " ", startingAt: 0)
    }
}

extension String {
    fileprivate var trimmedEnd: String { String(reversed().drop(while: \.isWhitespace).reversed()) }
}
