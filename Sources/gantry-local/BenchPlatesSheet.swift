import Foundation
import Stages
import Traffic
import Vision

/// The failures of a measurement as one HTML page that holds its own pictures, to be skimmed by a person.
///
/// Images appear with faces hidden; when no face pass is to be had, only the lines appear.
struct FailureSheet {
    /// Worst first: what is accepted and wrong enters a database.
    private enum Kind: Int, CaseIterable {
        case acceptedWrong, acceptedStray, wrong, unread, missed

        var heading: String {
            switch self {
            case .acceptedWrong: "Accepted, and wrong"
            case .acceptedStray: "Accepted where no plate is labelled"
            case .wrong: "Read wrongly, not accepted"
            case .unread: "Found, not read"
            case .missed: "Not found"
            }
        }
    }

    /// A page of more would be too big to open.
    static let most = 500
    /// Pixels of the pictures on the page.
    private static let width = 420, cropWidth = 280

    private var cards: [Kind: [String]] = [:]
    private var kept = 0
    /// Failures so far, those beyond ``most`` included.
    private(set) var count = 0

    /// Adds a card for each failure in an image.
    ///
    /// - Parameters:
    ///   - isWhole: Whether detection was part of the measurement.
    ///   - covered: The picture with faces hidden; nil when that can't be done.
    mutating func add(
        _ file: String, _ picture: Picture, _ outcome: ImageOutcome, isWhole: Bool,
        covered: (Picture) throws -> Picture?
    ) throws {
        var failures: [(kind: Kind, label: LabelOutcome?, find: PlateFind?)] = outcome.labels.indices.compactMap {
            index in
            let label = outcome.labels[index]
            guard !label.isExact else { return nil }
            // What lies there too loosely to count as found is worth seeing all the same.
            let loose = outcome.hits.first { $0.label == index }
            guard let find = label.find else {
                let isWrong = loose.map { $0.find.read.accepted && !$0.isExact } ?? false
                return (isWrong ? .acceptedWrong : .missed, label, loose?.find)
            }
            if find.read.accepted { return (.acceptedWrong, label, find) }
            return (find.read.text == nil ? .unread : .wrong, label, find)
        }
        failures += outcome.strays.filter(\.read.accepted).map { (.acceptedStray, nil, $0) }
        count += failures.count
        failures = Array(failures.prefix(max(0, Self.most - kept)))
        guard !failures.isEmpty else { return }
        kept += failures.count
        let shown = try covered(picture)
        let whole = try shown.map { try self.whole($0, outcome) } ?? ""
        for failure in failures {
            let box = failure.find?.box ?? failure.label?.plate.box ?? picture.bounds
            cards[failure.kind, default: []].append(
                """
                <article>\(whole)<div>\(try shown.map { try close($0, failure.label?.plate.box ?? box) } ?? "")\
                \(try line(shown ?? picture, box, isWhole: isWhole))
                <p><b>\(Self.escaped(failure.label?.plate.text.text ?? "no label"))</b> truth<br>
                <b>\(Self.escaped(failure.find?.read.text?.text ?? "–"))</b> read\
                \(Self.verdict(failure.find, failure.label))<br>
                <small>\(Self.escaped(file))</small></p></div></article>
                """)
        }
    }

    func page(title: String) -> String {
        let sections = Kind.allCases.compactMap { kind -> String? in
            guard let cards = cards[kind] else { return nil }
            return "<h2>\(kind.heading): \(cards.count)</h2>\n<section>\(cards.joined(separator: "\n"))</section>"
        }
        return """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Gantry: plates that failed</title>
            <style>\(Self.style)</style>
            <h1>\(count) \(count == 1 ? "failure" : "failures")</h1>
            <p>\(Self.escaped(title)). <b>Real plates: personal data.</b> Keep this page where the images are kept.
            <span class="label">Green</span>: label. <span class="find">Red</span>: found. Beside each image: the \
            plate, the line as the reader sees it first (144 by 40), what it is and what was read.\
            \(count > kept ? " The last \(count - kept) are left out." : "")</p>
            \(sections.isEmpty ? "<p>None.</p>" : sections.joined(separator: "\n"))
            </html>
            """
    }

    /// The image scaled down, with the boxes drawn over it.
    private func whole(_ picture: Picture, _ outcome: ImageOutcome) throws -> String {
        let height = max(1, picture.height * Self.width / picture.width)
        let small = try picture.resized(width: Self.width, height: height)
        func drawn(_ boxes: [Box], _ name: String) -> String {
            boxes.map { box in
                String(
                    format: "<rect class='%@' x='%.1f' y='%.1f' width='%.1f' height='%.1f'/>", name, box.x, box.y,
                    box.width, box.height)
            }.joined()
        }
        let found = outcome.labels.compactMap(\.find?.box) + outcome.hits.map(\.find.box) + outcome.strays.map(\.box)
        return """
            <figure>\(try Self.image(small, "the image"))<svg viewBox="0 0 \(picture.width) \(picture.height)">\
            \(drawn(outcome.labels.map(\.plate.box), "label"))\(drawn(found, "find"))</svg></figure>
            """
    }

    /// The plate with some of what is around it.
    private func close(_ picture: Picture, _ box: Box) throws -> String {
        guard
            let part = box.padded(x: 0.25, y: 0.5).clamped(width: picture.bounds.width, height: picture.bounds.height)
        else { return "" }
        let crop = try picture.crop(part)
        let height = max(1, crop.height * Self.cropWidth / crop.width)
        return try Self.image(try crop.resized(width: Self.cropWidth, height: min(height, Self.cropWidth)), "the plate")
    }

    /// The reader's first look.
    private func line(_ picture: Picture, _ box: Box, isWhole: Bool) throws -> String {
        let settings = isWhole ? TesseractReader.Settings() : .exact
        let line = try LineImage(picture, corners: Quadrilateral(box), margin: settings.margins[0])
        return try Self.image(line.picture, "the line")
    }

    private static func verdict(_ find: PlateFind?, _ label: LabelOutcome?) -> String {
        var text = ""
        if let find {
            text = String(format: ", %.2f, ", find.read.confidence)
            text += find.read.accepted ? "accepted" : find.read.reason?.rawValue ?? ""
        }
        guard let label, label.find == nil else { return text }
        return text + String(format: "; not found (nearest box IoU %.2f)", label.overlap)
    }

    private static func image(_ picture: Picture, _ what: String) throws -> String {
        let data = Data(try picture.jpeg(quality: 80)).base64EncodedString()
        return "<img alt=\"\(what)\" width=\(picture.width) src=\"data:image/jpeg;base64,\(data)\">"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }

    private static let style = """
        body{font:15px/1.4 sans-serif;margin:1.5em;color:#222;background:#fafafa}
        section{display:flex;flex-wrap:wrap;gap:12px}
        article{display:flex;gap:8px;background:#fff;border:1px solid #ddd;padding:8px}
        article div{display:flex;flex-direction:column;gap:6px;width:280px}
        figure{position:relative;margin:0;width:420px}img{display:block}p{margin:0;overflow-wrap:anywhere}
        h1+p{margin-bottom:1em;max-width:60em}svg{position:absolute;inset:0;width:100%}b{font-family:monospace}
        rect{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
        rect.label{stroke:#0a0}rect.find{stroke:#e00;stroke-dasharray:4 2}
        span.label{color:#070;font-weight:bold}span.find{color:#c00;font-weight:bold}
        """
}
