import Foundation
import Grammars
import Stages
import Testing
import Traffic

@testable import Vision

/// The folder of this package, from which tests find `models/`.
func packageFolder(_ file: String = #filePath) -> String {
    file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
}

private let plateModel = packageFolder() + "/models/gantry.traineddata"

@Suite struct TesseractTests {
    /// Rendered plates in the middle of a grey picture, their corners known.
    private func scene(
        _ text: String, _ style: PlateRenderer.Style, width: Int = 200, lean: Double = 0
    ) throws -> (Picture, Quadrilateral) {
        let plate = try PlateRenderer().plate(text: text, style: style)
        let height = (Double(width) * style.size.height / style.size.width).rounded()
        let (margin, w) = (30.0, Double(width))
        // Sampling from a leaning quadrilateral of the plate makes a picture in which the plate leans the other way.
        let x = margin / w * Double(plate.width), y = margin / height * Double(plate.height)
        let l = lean * Double(plate.height)
        let seen = Quadrilateral(
            topLeft: Point(x: -x, y: -y - l), topRight: Point(x: Double(plate.width) + x, y: -y + l),
            bottomRight: Point(x: Double(plate.width) + x, y: Double(plate.height) + y + l),
            bottomLeft: Point(x: -x, y: Double(plate.height) + y - l))
        let picture = try plate.rectified(seen, width: width + 60, height: Int(height) + 60)
        return (picture, Quadrilateral(Box(x: margin, y: margin, width: w, height: height)))
    }

    @Test(arguments: [
        ("1GNT482", PlateRenderer.Style.belgian), ("KV483HX", .french), ("HK274P", .dutch),
    ])
    func `a rendered plate is read exactly`(text: String, style: PlateRenderer.Style) throws {
        var reader = try TesseractReader(model: plateModel)
        let (picture, corners) = try scene(text, style)
        let raw = try reader.read(jpeg: try picture.jpeg(quality: 95), corners: corners)
        let grammars = try GrammarFile.load(packageFolder() + "/models/grammars.yaml")
        let read = ReadInterpreter(grammars: grammars).interpret(raw)
        #expect(read.text?.text == text)
        #expect(raw.sharpness > 0)
    }

    @Test func `one handle reads many plates alike`() throws {
        var reader = try TesseractReader(model: plateModel)
        let (picture, corners) = try scene("KV483HX", .french)
        let first = try reader.read(picture, corners: corners)
        let (other, otherCorners) = try scene("7GNT385", .american)
        _ = try reader.read(other, corners: otherCorners)
        #expect(try reader.read(picture, corners: corners) == first)
        #expect(
            first.lines.allSatisfy {
                $0.symbols.allSatisfy { (0.99...1.001).contains($0.choices.map(\.probability).reduce(0, +)) }
            })
    }

    @Test func `a plate with two rows is read from the upper to the lower`() throws {
        // Two rendered plates without their blue bands, one above the other, 170 by 120.
        let rows = try ["KV48", "3HXA"].map { text in
            let plate = try PlateRenderer().plate(text: text, style: .belgian)
            let bare = Box(
                x: Double(plate.width) * 0.16, y: 6, width: Double(plate.width) * 0.82,
                height: Double(plate.height) - 12)
            return try plate.crop(bare).grey().resized(width: 170, height: 60)
        }
        let pixels = rows.flatMap { row in
            row.withPixels { data, step in (0..<60).flatMap { y in (0..<170).map { data[y * step + $0] } } }
        }
        let picture = try Picture.copying(pixels, width: 170, height: 120, channels: 1)
        var reader = try TesseractReader(model: plateModel)
        let corners = Quadrilateral(Box(x: 0, y: 0, width: 170, height: 120))
        let read = ReadInterpreter(grammars: .none).interpret(try reader.read(picture, corners: corners))
        #expect(read.text?.text == "KV483HXA")
    }

    @Test func `a leaning plate is straightened by its corners`() throws {
        var reader = try TesseractReader(model: plateModel)
        let (picture, corners) = try scene("KV483HX", .french, lean: 0.25)
        // The scene leans by a quarter of the plate's height at each side.
        let shift = 0.25 * (corners.bottomLeft.y - corners.topLeft.y)
        let leaning = Quadrilateral(
            topLeft: Point(x: corners.topLeft.x, y: corners.topLeft.y + shift),
            topRight: Point(x: corners.topRight.x, y: corners.topRight.y - shift),
            bottomRight: Point(x: corners.bottomRight.x, y: corners.bottomRight.y - shift),
            bottomLeft: Point(x: corners.bottomLeft.x, y: corners.bottomLeft.y + shift))
        let grammars = try GrammarFile.load(packageFolder() + "/models/grammars.yaml")
        let read = ReadInterpreter(grammars: grammars).interpret(try reader.read(picture, corners: leaning))
        #expect(read.text?.text == "KV483HX")
    }

    @Test func `bytes that are no image are an unreadable crop`() throws {
        var reader = try TesseractReader(model: plateModel)
        let corners = Quadrilateral(Box(x: 0, y: 0, width: 100, height: 25))
        #expect(throws: PlateRefusal.unreadableCrop) { try reader.read(jpeg: [1, 2, 3], corners: corners) }
        let (picture, _) = try scene("KV483HX", .french)
        let jpeg = try picture.jpeg(quality: 90)
        #expect(throws: PlateRefusal.unreadableCrop) { try reader.read(jpeg: [], corners: corners) }
        #expect(throws: PlateRefusal.unreadableCrop) {
            try reader.read(jpeg: Array(jpeg.prefix(20)), corners: corners)
        }
    }

    @Test func `a plate of a few pixels is too small`() throws {
        var reader = try TesseractReader(model: plateModel)
        let (picture, _) = try scene("KV483HX", .french)
        #expect(throws: PlateRefusal.tooSmall) {
            try reader.read(picture, corners: Quadrilateral(Box(x: 3, y: 3, width: 30, height: 6)))
        }
    }

    @Test func `an empty picture has no text`() throws {
        var reader = try TesseractReader(model: plateModel)
        let grey = try Picture.copying(Array(repeating: 128, count: 200 * 60), width: 200, height: 60, channels: 1)
        let raw = try reader.read(grey, corners: Quadrilateral(Box(x: 10, y: 10, width: 180, height: 40)))
        let read = ReadInterpreter(grammars: .none).interpret(raw)
        #expect(!read.accepted && raw.sharpness == 0)
    }

    @Test func `a missing or damaged model is an error that names the remedy`() throws {
        #expect(throws: TesseractError.modelMissing(path: "/nowhere/plates.traineddata")) {
            _ = try TesseractReader(model: "/nowhere/plates.traineddata")
        }
        #expect("\(TesseractError.modelMissing(path: "x"))".contains("make models"))
        let folder = FileManager.default.temporaryDirectory.appending(path: "gantry-reader-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, bytes) in [("empty", []), ("noise", [UInt8](repeating: 0xA5, count: 4096))] {
            let model = folder.appending(path: "\(name).traineddata")
            try Data(bytes).write(to: model)
            #expect(throws: TesseractError.modelRefused(path: model.path)) {
                _ = try TesseractReader(model: model.path)
            }
        }
    }
}
