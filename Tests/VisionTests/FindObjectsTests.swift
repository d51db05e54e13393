import Foundation
import Testing
import Traffic

@testable import Stages
@testable import Vision

/// Noise that no average could guess: a linear congruential generator.
private func noise(_ width: Int, _ height: Int, seed: UInt32 = 1) throws -> (picture: Picture, pixels: [UInt8]) {
    var state = seed
    let pixels = (0..<(width * height * 3)).map { _ -> UInt8 in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(state >> 24)
    }
    return (try Picture.copying(pixels, width: width, height: height, channels: 3), pixels)
}

private func bytes(_ picture: Picture) -> [UInt8] {
    picture.withPixels { data, step in
        (0..<picture.height).flatMap { row in (0..<(picture.width * 3)).map { data[row * step + $0] } }
    }
}

@Suite struct RedactTests {
    @Test func `a face is changed, everything else and the original are not`() throws {
        let (picture, pixels) = try noise(80, 60)
        let face = Box(x: 20, y: 10, width: 30, height: 36)
        let redacted = bytes(try picture.redacted(Box(x: 0, y: 0, width: 80, height: 60), hiding: [face]))
        var changed = 0
        for y in 0..<60 {
            for x in 0..<80 {
                let at = (y * 80 + x) * 3
                let same = redacted[at..<(at + 3)] == pixels[at..<(at + 3)]
                if face.contains(Point(x: Double(x), y: Double(y))) {
                    changed += same ? 0 : 1
                } else {
                    #expect(same, "pixel \(x), \(y) outside the face")
                }
            }
        }
        #expect(changed > 30 * 36 * 95 / 100)
        #expect(bytes(picture) == pixels)
    }

    @Test func `what is left of a face is six averages across at most`() throws {
        // Two faces with equal averages in each of 6 x 6 cells and quite different pixels end up alike.
        func chequers(_ even: UInt8, _ odd: UInt8) -> [UInt8] {
            (0..<3600).flatMap { pixel -> [UInt8] in
                let value = (pixel % 60 + pixel / 60).isMultiple(of: 2) ? even : odd
                return [value, value, value]
            }
        }
        let face = Box(x: 0, y: 0, width: 60, height: 60)
        let hidden = try [chequers(200, 40), chequers(40, 200)].map {
            bytes(try Picture.copying($0, width: 60, height: 60, channels: 3).redacted(face, hiding: [face]))
        }
        #expect(hidden[0] == hidden[1])
    }

    @Test func `two plates with the same averages of squares as high as they are end up the same`() throws {
        // Other characters with as much ink in each square, other grain: 1 in 4 columns dark, at another place.
        func plate(_ shift: Int, grain: Int) -> [UInt8] {
            (0..<(40 * 160)).flatMap { pixel -> [UInt8] in
                let x = pixel % 160, y = pixel / 160
                let dark = (x + shift) % 40 / 10 == (y / 10 * shift) % 4
                let value = UInt8(dark ? 40 : 200 + ((x + y).isMultiple(of: 2) ? grain : -grain))
                return [value, value, value]
            }
        }
        let box = Box(x: 0, y: 0, width: 160, height: 40)
        let shown = try [plate(0, grain: 0), plate(10, grain: 9), plate(30, grain: 20)].map {
            try Picture.copying($0, width: 160, height: 40, channels: 3)
        }
        let hidden = try shown.map { bytes(try $0.redacted(box, hiding: [], plates: [box])) }
        #expect(hidden[0] == hidden[1] && hidden[0] == hidden[2])
        let faces = try shown.map { bytes(try $0.redacted(box, hiding: [box])) }
        #expect(faces[0] != faces[1], "six averages across would tell these plates apart")
    }

    @Test func `what is left of a face does not depend on the crop that shows it`() throws {
        // Two crops of one frame, were their averages taken over other pixels, would tell more than one of them.
        let picture = try noise(100, 100).picture
        let face = Box(x: 20, y: 20, width: 50, height: 50)
        let whole = try picture.redacted(Box(x: 0, y: 0, width: 100, height: 100), hiding: [face])
        for part in [Box(x: 33, y: 41, width: 60, height: 50), Box(x: 0, y: 0, width: 43, height: 57)] {
            #expect(bytes(try picture.redacted(part, hiding: [face])) == bytes(try whole.crop(part)))
        }
    }

    @Test func `a face beside a plate does not bring the plate's detail back`() throws {
        let picture = try noise(160, 40).picture
        let plate = Box(x: 0, y: 0, width: 160, height: 40), face = Box(x: 50, y: 0, width: 24, height: 24)
        let values = bytes(try picture.redacted(plate, hiding: [face], plates: [plate]))
        #expect(values.max()! - values.min()! < 30, "finer averages lie on the plate")
    }

    @Test func `a face that reaches over the crop's edge is hidden up to it`() throws {
        let (picture, pixels) = try noise(100, 100)
        let part = Box(x: 30, y: 30, width: 40, height: 40)
        let redacted = try picture.redacted(part, hiding: [Box(x: 0, y: 0, width: 50, height: 50)])
        #expect(redacted.width == 40 && redacted.height == 40)
        let after = bytes(redacted)
        #expect(after[0] != pixels[(30 * 100 + 30) * 3] || after[1] != pixels[(30 * 100 + 30) * 3 + 1])
        let corner = (39 * 40 + 39) * 3
        #expect(after[corner] == pixels[(69 * 100 + 69) * 3])
        // Nowhere near the crop, or of no size: nothing to do.
        let far = try picture.redacted(
            part, hiding: [Box(x: 80, y: 80, width: 10, height: 10), Box(x: 35, y: 35, width: 0, height: 0)])
        #expect(bytes(far) == bytes(try picture.crop(part)))
    }
}

/// The markers of a JPEG's segments, up to its scan.
private func jpegSegments(_ jpeg: [UInt8]) throws -> [UInt8] {
    var at = 2
    var markers: [UInt8] = []
    while at + 4 <= jpeg.count {
        try #require(jpeg[at] == 0xFF)
        markers.append(jpeg[at + 1])
        if jpeg[at + 1] == 0xDA { return markers }
        at += 2 + Int(jpeg[at + 2]) << 8 + Int(jpeg[at + 3])
    }
    return markers
}

/// A finder over scripted networks: one vehicle over most of a 200 x 160 frame, one plate, one face.
@Suite struct FindObjectsTests {
    private let face = ScriptedNetwork(
        width: 64, height: 64, [.init(1, 5, 1, at: [(0, 32), (1, 24), (2, 10), (3, 12), (4, 0.9)])])
    private let frame = Box(x: 0, y: 0, width: 200, height: 160)

    /// - Parameter pixels: Of the face network's input: with 256 the frame is small enough to be looked at as a whole.
    private func finder(_ faces: ScriptedNetwork? = nil, seenBy pixels: Int = 256) throws -> ObjectFinder {
        // Input pixels: the frame at 0.32, so 200 x 160 becomes 64 x 51.2.
        let vehicles = ScriptedNetwork(
            width: 64, height: 64, [.init(1, 5, 1, at: [(0, 32), (1, 25), (2, 50), (3, 40), (4, 0.9)])])
        let plates = ScriptedNetwork(
            width: 64, height: 64, [.init(1, 5, 1, at: [(0, 32), (1, 36), (2, 16), (3, 4), (4, 0.8)])])
        return try ObjectFinder(
            vehicles: Detector(.plain(.vehicles, .yolov8, 64, 64, classes: [0: .bus]), network: vehicles),
            plates: Detector(.plain(.plates, .yolov8, 64, 64), network: plates),
            faces: Detector(.plain(.faces, .yolov8, pixels, pixels), network: faces ?? face))
    }

    private func record(_ image: FrameImage) -> StreamRecord<FrameImage> {
        StreamRecord(
            id: FrameID(camera: "a", epoch: Epoch(1), frame: 0), time: EventTime(nanoseconds: 0), body: .frame(image))
    }

    @Test func `one frame gives vehicle, plate and redacted crops at full resolution`() throws {
        var stage = Detect(finder: try finder())
        let picture = try noise(200, 160).picture
        let made = try #require(try stage.process(record(.pixels(picture)))[0].content)
        #expect(made.vehicles.map(\.kind) == [.bus] && made.plates.map(\.vehicle) == [0])
        #expect(made.plates[0].corners == Quadrilateral(made.plates[0].box))
        #expect(made.redactions == 1 && stage.takeTallies().isEmpty)

        // The face network's find, mapped back from the region that it was given.
        let region = try #require(face.regions.first)
        let scale = min(64 / region.width, 64 / region.height)
        let inFrame = Box(
            x: 27 / scale + region.x, y: 18 / scale + region.y, width: 10 / scale, height: 12 / scale)
        let crop = try #require(made.vehicles[0].crop)
        let shown = try Picture.decoding(crop.jpeg), before = try picture.crop(crop.box)
        #expect(shown.width == Int(crop.box.width) && shown.height == Int(crop.box.height))
        let after = bytes(shown), original = bytes(before)
        func spread(_ pixels: [UInt8], _ box: Box) -> Double {
            var values: [Double] = []
            for y in Int(box.y - crop.box.y)..<Int(box.maxY - crop.box.y) {
                for x in Int(box.x - crop.box.x)..<Int(box.maxX - crop.box.x) {
                    values.append(Double(pixels[(y * shown.width + x) * 3 + 1]))
                }
            }
            let mean = values.reduce(0, +) / Double(values.count)
            return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        }
        #expect(spread(original, inFrame) > 3000)
        #expect(spread(after, inFrame) < 300, "the face kept its detail")
        let elsewhere = Box(x: crop.box.x, y: crop.box.y, width: 20, height: 20)
        #expect(spread(after, elsewhere) > 1500, "what is no face lost its detail")
    }

    @Test func `a plate too faint to be read is hidden in the vehicle's crop, and is in no record`() throws {
        // The vehicle's own plate and, above it, a find of 0.2 where 0.5 is needed for reading.
        let plates = ScriptedNetwork(
            width: 64, height: 64,
            [
                .init(
                    1, 5, 2,
                    at: [
                        (0, 32), (2, 36), (4, 16), (6, 4), (8, 0.8), (1, 32), (3, 12), (5, 16), (7, 4), (9, 0.2),
                    ])
            ])
        let picture = try noise(200, 160).picture
        func crop(hide: Double) throws -> (crop: Crop, plates: Int) {
            let vehicles = ScriptedNetwork(
                width: 64, height: 64, [.init(1, 5, 1, at: [(0, 32), (1, 25), (2, 50), (3, 40), (4, 0.9)])])
            let faces = ScriptedNetwork(width: 64, height: 64, [.init(1, 5, 1, at: [])])
            var stage = Detect(
                finder: try ObjectFinder(
                    vehicles: Detector(.plain(.vehicles, .yolov8, 64, 64, classes: [0: .bus]), network: vehicles),
                    plates: Detector(.plain(.plates, .yolov8, 64, 64), network: plates, score: hide),
                    faces: Detector(.plain(.faces, .yolov8, 64, 64), network: faces)))
            let made = try #require(try stage.process(record(.pixels(picture)))[0].content)
            return (try #require(made.vehicles[0].crop), made.plates.count)
        }
        let faint = Box(x: 75, y: 31.25, width: 50, height: 12.5)
        func spread(_ crop: Crop) throws -> Int {
            let inside = Box(x: faint.x - crop.box.x, y: faint.y - crop.box.y, width: 50, height: 12)
            let values = bytes(try Picture.decoding(crop.jpeg).crop(inside))
            return Int(values.max()!) - Int(values.min()!)
        }
        let hidden = try crop(hide: 0.1), shown = try crop(hide: 0.5)
        #expect(hidden.plates == 1 && shown.plates == 1)
        #expect(try spread(hidden.crop) < 70, "the faint plate kept its detail")
        #expect(try spread(shown.crop) > 150)
    }

    @Test(arguments: [Float.nan, .infinity])
    func `a face network that answers with no numbers has not looked: nothing is cut`(number: Float) throws {
        // Anywhere: a score that is no number would be under every threshold, a place that is none in no picture.
        for place in 0..<5 {
            let face = ScriptedNetwork(
                width: 64, height: 64, [.init(1, 5, 1, at: [(2, 10), (3, 12), (4, 0.9), (place, number)])])
            var stage = Detect(finder: try finder(face))
            let made = try #require(try stage.process(record(.pixels(try noise(200, 160).picture)))[0].content)
            #expect(made.vehicles.map(\.crop) == [nil] && made.plates.map(\.crop) == [nil], "at \(place)")
            #expect(stage.takeTallies() == ["redaction-failed": 1])
        }
    }

    @Test func `a crop is pixels and the tables to decode them, nothing of the frame's file`() throws {
        // A frame that comes with a comment and a block of EXIF in which a thumbnail would lie.
        let clean = try noise(200, 160).picture.jpeg(quality: 90)
        let thumbnail: [UInt8] = [0xFF, 0xE1, 0, 18] + Array("Exif\0\0".utf8) + Array("thumbnail!".utf8)
        let comment: [UInt8] = [0xFF, 0xFE, 0, 9] + Array("comment".utf8)
        let file = Array(clean[0..<2]) + thumbnail + comment + Array(clean[2...])
        #expect(try jpegSegments(file).contains(0xE1))
        var stage = Detect(finder: try finder())
        let made = try #require(try stage.process(record(.jpeg(file)))[0].content)
        for crop in [made.vehicles[0].crop, made.plates[0].crop] {
            // Application 0 (JFIF, without a thumbnail), quantisation, frame, Huffman tables, scan.
            let jpeg = try #require(crop).jpeg
            #expect(Set(try jpegSegments(jpeg)).isSubset(of: [0xE0, 0xDB, 0xC0, 0xC4, 0xDA]))
            #expect(Array(jpeg[2..<20]) == [0xFF, 0xE0, 0, 16, 0x4A, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0])
            #expect(jpeg.suffix(2) == [0xFF, 0xD9])
        }
    }

    @Test func `when the face network fails nothing is cut`() throws {
        face.failure = .internalFault("out of memory")
        var stage = Detect(finder: try finder())
        let made = try #require(try stage.process(record(.pixels(try noise(200, 160).picture)))[0].content)
        #expect(made.vehicles.count == 1 && made.plates.count == 1)
        #expect(made.vehicles[0].crop == nil && made.plates[0].crop == nil && made.redactions == 0)
        #expect(stage.takeTallies() == ["redaction-failed": 1])
    }

    @Test func `a corrupt JPEG is rejected as DET201 and the next frame goes through`() throws {
        var stage = Detect(finder: try finder())
        let error = #expect(throws: BadRecord.self) { try stage.process(record(.jpeg([0xFF, 0xD8, 0xFF, 1, 2, 3]))) }
        #expect(error?.code == "DET201")
        let jpeg = try noise(200, 160).picture.jpeg(quality: 90)
        #expect(try stage.process(record(.jpeg(jpeg)))[0].content?.width == 200)
    }

    @Test func `a large region is looked at in parts as well, those in which nothing leaves excepted`() throws {
        // 64 x 64 of input: from 85 pixels on a side is cut in two.
        var finder = try finder(seenBy: 64)
        let frame = try finder.open(.pixels(try noise(400, 80).picture))
        let left = Box(x: 30, y: 30, width: 20, height: 20), right = Box(x: 350, y: 30, width: 20, height: 20)
        _ = try finder.faces(in: frame, within: [left, right])
        let whole = Box(x: 6, y: 6, width: 388, height: 68)
        #expect(
            face.regions == [whole, Box(x: 6, y: 6, width: 226, height: 68), Box(x: 168, y: 6, width: 226, height: 68)])
        _ = try finder.faces(in: frame, within: [left, Box(x: 30, y: 20, width: 80, height: 20)])
        #expect(face.regions.count == 6, "\(face.regions)")
        _ = try finder.faces(in: frame, within: [left])
        #expect(face.regions.count == 7)
        #expect(try finder.faces(in: frame, within: []).isEmpty && face.regions.count == 7)
        // Of two corners far apart the other two are not looked at.
        let square = try finder.open(.pixels(try noise(400, 400).picture))
        _ = try finder.faces(in: square, within: [left, Box(x: 350, y: 350, width: 20, height: 20)])
        #expect(face.regions.count == 10)
    }

    @Test func `without a face network there is no finder, so nothing starts`() throws {
        // What is installed, but for the networks that find faces.
        let installed = try Installed(), scratch = try ScratchFolder(), files = FileManager.default
        for folder in installed.store.folders.reversed() where files.fileExists(atPath: folder.path) {
            for name in try files.contentsOfDirectory(atPath: folder.path)
            where !name.hasPrefix("yunet") && !name.hasPrefix("centerface") && name != "descriptors" {
                let link = scratch.url.appending(path: name)
                try? files.removeItem(at: link)
                try files.createSymbolicLink(at: link, withDestinationURL: folder.appending(path: name))
            }
            let descriptors = folder.appending(path: "descriptors"), link = scratch.url.appending(path: "descriptors")
            if files.fileExists(atPath: descriptors.path), !files.fileExists(atPath: link.path) {
                try files.createSymbolicLink(at: link, withDestinationURL: descriptors)
            }
        }
        let store = try ModelStore(folders: [scratch.url])
        let runtime = try installed.backend(.auto).runtime
        #expect(throws: Never.self) {
            _ = try store.network(for: .vehicles, on: runtime)
            _ = try store.network(for: .plates, on: runtime)
        }
        #expect(throws: ModelStoreError.self) { try FinderRecipe(FinderSettings(), store: store, home: installed.home) }
    }

    @Test func `a crop outside its face pass is refused`() throws {
        var finder = try finder()
        let opened = try finder.open(.pixels(try noise(200, 160).picture))
        let pass = FacePass(parts: [Box(x: 0, y: 0, width: 100, height: 100)], faces: [])
        let refused: Bool
        do {
            _ = try finder.crop(
                Box(x: 50, y: 50, width: 60, height: 20), of: opened, after: pass, hiding: [], quality: 90)
            refused = false
        } catch { refused = true }
        #expect(refused)
    }
}
