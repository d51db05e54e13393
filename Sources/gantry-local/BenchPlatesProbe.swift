import Foundation
import Logging
import StageRunner
import Stages
import Traffic
import Vision
import VisionAssembly

/// An image as a measurement sees it.
struct ProbedImage {
    var picture: Picture
    var finds: [PlateFind]

    /// A label with its box, and how bright it is around the plate.
    ///
    /// - Throws: ``PlateTruthError/image(path:line:what:)`` for a box outside the picture.
    func plate(_ label: PlateLabel, truthPath: String) throws -> LabelledPlate {
        let box = label.box ?? picture.bounds
        guard box.intersection(picture.bounds) > 0 else {
            throw PlateTruthError.image(
                path: truthPath, line: label.line,
                what: "the plate lies outside \(label.file), which is \(picture.width)x\(picture.height)")
        }
        return LabelledPlate(box: box, text: label.text, surroundings: try picture.brightness(around: box))
    }
}

/// Looks at one image after another, in the way that is to be measured.
protocol PlateProbing: ~Copyable {
    mutating func look(
        at file: String, _ labels: [PlateLabel], timing milliseconds: inout PlatesLine.Milliseconds
    ) throws -> ProbedImage
}

/// The stages of the pipeline, over the whole image.
struct ImageProbe: PlateProbing, ~Copyable {
    var reader: PlateImageReader

    mutating func look(
        at file: String, _ labels: [PlateLabel], timing milliseconds: inout PlatesLine.Milliseconds
    ) throws -> ProbedImage {
        let seen = try reader.look(at: file, timing: &milliseconds)
        return ProbedImage(
            picture: seen.picture, finds: seen.plates.map { PlateFind(box: $0.plate.box, read: $0.read) })
    }
}

/// The reader alone, on plates cut where the labels say. Needs no network.
struct LabelProbe: PlateProbing, ~Copyable {
    private var reader: TesseractReader
    private let interpreter: ReadInterpreter
    /// Of the reader.
    let model: String

    init(_ pipeline: Pipeline, home: GantryHome) throws {
        OpenCV.setThreads(1)
        let store = try ModelStore.standard(home: home.directory)
        let recipe = try PlateReaderRecipe(ReaderSettings(pipeline.read), store: store)
        let reader = try recipe.makeReader(.exact)
        interpreter = recipe.interpreter
        model = recipe.model.deletingPathExtension().lastPathComponent
        self.reader = reader
    }

    mutating func look(
        at file: String, _ labels: [PlateLabel], timing milliseconds: inout PlatesLine.Milliseconds
    ) throws -> ProbedImage {
        let picture = try timed(&milliseconds.decode) { try Picture.decoding(file: file) }
        let finds = timed(&milliseconds.read) {
            labels.map { label in
                let box = label.box ?? picture.bounds
                return PlateFind(box: box, read: read(picture, box))
            }
        }
        return ProbedImage(picture: picture, finds: finds)
    }

    private mutating func read(_ picture: Picture, _ box: Box) -> PlateRead {
        do throws(PlateRefusal) {
            return interpreter.interpret(try reader.read(picture, corners: Quadrilateral(box)))
        } catch {
            return PlateRead(refused: error)
        }
    }
}

/// Hides the faces of a picture that a person will look at.
struct FaceCover: ~Copyable {
    private var finder: ObjectFinder

    init(_ stages: VisionStages) throws { finder = try stages.makeFinder() }

    init(_ pipeline: Pipeline, home: GantryHome, logger: Logger) throws {
        try self.init(VisionStages(pipeline, home: home, logger: logger))
    }

    mutating func covered(_ picture: Picture) throws -> Picture {
        let margin = DetectSettings().faceMargin
        let frame = try finder.open(.pixels(picture))
        let faces = try finder.faces(in: frame, within: [picture.bounds]).map { $0.padded(x: margin, y: margin) }
        return try picture.redacted(picture.bounds, hiding: faces)
    }
}

extension Picture {
    /// All of it, in its own pixels.
    var bounds: Box { Box(x: 0, y: 0, width: Double(width), height: Double(height)) }

    /// Mean grey level, 0...255, of a frame around a box: half of its width and all of its height on each side.
    ///
    /// - Returns: Nil when the box fills the picture.
    func brightness(around box: Box) throws -> Double? {
        guard let around = box.padded(x: 0.5, y: 1).clamped(width: bounds.width, height: bounds.height),
            let inside = box.clamped(width: bounds.width, height: bounds.height)
        else { return nil }
        let (outer, inner) = (try sum(in: around), try sum(in: inside))
        return outer.pixels > inner.pixels ? (outer.grey - inner.grey) / (outer.pixels - inner.pixels) : nil
    }

    private func sum(in box: Box) throws -> (grey: Double, pixels: Double) {
        let part = try crop(box).grey()
        let grey = part.withPixels { data, step in
            (0..<part.height).reduce(0) { sum, y in
                (0..<part.width).reduce(sum) { $0 + Int(data[y * step + $1]) }
            }
        }
        return (Double(grey), Double(part.width * part.height))
    }
}
