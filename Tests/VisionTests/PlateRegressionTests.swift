import Foundation
import Stages
import Testing
import Traffic

@testable import Vision

/// Goal: a change of reader, model or grammars that reads fewer plates is noticed before it is merged.
/// Method: read the committed plates as `gantry plates --crops` does, with the model that the manifest chooses, and
/// compare with `baseline.txt` beside them.
/// After an intended change: `UPDATE_GOLDEN=1 scripts/test --filter PlateRegressionTests`, then read the diff.
@Suite struct PlateRegressionTests {
    @Test func `the committed plates are read as well as before`() throws {
        let read = try SyntheticPlates(folder: SyntheticPlates.committed).read()
        let file = SyntheticPlates.committed + "/baseline.txt"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
            try PlateBaseline(read.share).text.write(toFile: file, atomically: true, encoding: .utf8)
        }
        let baseline = try #require(
            PlateBaseline(text: (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""),
            "\(file) says nothing usable; \(read.share.count) of \(read.share.total) are read: \(PlateBaseline.remedy)")
        let complaint = baseline.complaint(about: read.share)
        #expect(complaint == nil, "\(complaint ?? ""); wrong: \(read.wrong.prefix(20).joined(separator: ", "))")
    }

    @Test func `most plates rendered here are read, and a reader that looks amiss is found out`() throws {
        let folder = try RenderedPlates(count: 40)
        let plates = try SyntheticPlates(folder: folder.path)
        let good = try plates.read()
        #expect(good.share.total == 40 && good.share.count >= 36, "wrong: \(good.wrong.joined(separator: ", "))")
        // Cuts off an eighth at each end.
        let broken = try plates.read(TesseractReader.Settings(margins: [.init(across: -0.125, down: 0)]))
        #expect(PlateBaseline(good.share).complaint(about: broken.share) != nil, "\(broken.share)")
    }

    @Test(arguments: [
        (98, 100, true), (96, 100, true), (95, 100, false), (100, 100, true), (49, 50, false), (0, 0, false),
    ])
    func `two points less are borne, three are not, nor another number of plates`(
        count: Int, total: Int, passes: Bool
    ) {
        #expect((PlateBaseline(Share(98, of: 100)).complaint(about: Share(count, of: total)) == nil) == passes)
    }

    @Test func `a baseline survives its file`() throws {
        let baseline = PlateBaseline(Share(287, of: 300))
        #expect(PlateBaseline(text: baseline.text) == baseline)
        for text in ["", "exact", "exact 3 of", "exact 4 of 3", "exact -1 of 3"] {
            #expect(PlateBaseline(text: text) == nil)
        }
    }
}

/// What was read when it was last looked at.
struct PlateBaseline: Equatable {
    let share: Share
    /// Shares may fall by this much: less is a plate or two that a harmless change turns.
    static let allowance = 0.02
    static let remedy = "UPDATE_GOLDEN=1 scripts/test --filter PlateRegressionTests, if that is meant"

    init(_ share: Share) { self.share = share }

    /// Reads `exact 287 of 300`; lines that begin with # are for people.
    init?(text: String) {
        let line = text.split(whereSeparator: \.isNewline).first { !$0.hasPrefix("#") }
        let words = line?.split(separator: " ") ?? []
        guard words.count == 4, words[0] == "exact", words[2] == "of", let count = Int(words[1]),
            let total = Int(words[3]), (0...max(0, total)).contains(count)
        else { return nil }
        share = Share(count, of: total)
    }

    var text: String {
        """
        # Committed plates read exactly. After an intended change: UPDATE_GOLDEN=1 scripts/test --filter PlateRegressionTests
        exact \(share.count) of \(share.total)

        """
    }

    /// Nil when the reader is as good as before.
    func complaint(about now: Share) -> String? {
        guard now.total == share.total, let value = now.value, let before = share.value else {
            return "there are \(now.total) plates, and the baseline speaks of \(share.total): \(Self.remedy)"
        }
        // The last digits of a share decide nothing.
        guard value + Self.allowance + 1e-9 < before else { return nil }
        return "\(now.count) of \(now.total) read exactly, \(share.count) before: \(Self.remedy)"
    }
}

/// A folder of images that are one plate each, with `truth.tsv`.
struct SyntheticPlates {
    let folder: String
    private let truth: PlateTruth

    static let committed = packageFolder() + "/Tests/VisionTests/Plates"

    init(folder: String) throws {
        self.folder = folder
        truth = try PlateTruth(
            tsv: String(contentsOfFile: folder + "/truth.tsv", encoding: .utf8), path: folder + "/truth.tsv",
            allowsWholeImages: true
        ) { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    }

    /// - Returns: How many are read exactly, and for the others truth and read.
    func read(_ settings: TesseractReader.Settings = .exact) throws -> (share: Share, wrong: [String]) {
        let store = try ModelStore(folders: [URL(filePath: packageFolder() + "/models")])
        let recipe = try PlateReaderRecipe(ReaderSettings(), store: store)
        var reader = try recipe.makeReader(settings)
        var wrong: [String] = []
        for label in truth.labels {
            let bytes = try #require(FileManager.default.contents(atPath: "\(folder)/\(label.file)"))
            let picture = try Picture.decoding(Array(bytes))
            let whole = Box(x: 0, y: 0, width: Double(picture.width), height: Double(picture.height))
            let raw = try? reader.read(picture, corners: Quadrilateral(label.box ?? whole))
            let text = raw.flatMap { recipe.interpreter.interpret($0).text }
            if text != label.text { wrong.append("\(label.file): \(label.text) read as \(text?.text ?? "nothing")") }
        }
        return (Share(truth.labels.count - wrong.count, of: truth.labels.count), wrong)
    }
}

/// A temporary folder of rendered plates, small as a camera sees them; goes away with its owner.
private final class RenderedPlates {
    let path: String

    init(count: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gantry-plates-\(UUID().uuidString)")
        path = folder.path
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let renderer = try PlateRenderer()
        var random = SeededRandom(seed: 1, part: "regression")
        var rows = ""
        for number in 0..<count {
            // Not the American one: in the wide typeface its characters are a quarter of the plate's height, half of
            // what real ones have, and the committed plates have better ones.
            let style = [PlateRenderer.Style.belgian, .french, .dutch][number % 3]
            let text = Self.text(style, &random)
            let plate = try renderer.plate(text: text, style: style)
            let width = 90 + random.index(80)
            let height = Int((Double(width) * style.size.height / style.size.width).rounded())
            let name = "\(number).jpg"
            let small = try plate.resized(width: width, height: height)
            try Data(small.jpeg(quality: 85)).write(to: folder.appending(path: name))
            rows += "\(name)\t\(text)\n"
        }
        try rows.write(to: folder.appending(path: "truth.tsv"), atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Of the pattern that the style's country uses: 9 stands for a digit, A for a letter.
    private static func text(_ style: PlateRenderer.Style, _ random: inout SeededRandom) -> String {
        let pattern =
            switch style {
            case .belgian: "1AAA999"
            case .french: "AA999AA"
            case .dutch: "AA999A"
            case .american: "9AAA999"
            }
        let letters = Array("ABCDEFGHJKLMNPRSTUVWXYZ")
        return String(
            pattern.map { place in
                switch place {
                case "9": Character("\(random.index(10))")
                case "A": letters[random.index(letters.count)]
                default: place
                }
            })
    }
}
