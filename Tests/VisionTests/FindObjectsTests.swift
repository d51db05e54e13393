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

/// A finder over scripted networks: one vehicle over most of a 200 x 160 frame, one plate, one face.
@Suite struct FindObjectsTests {
    private let face = ScriptedNetwork(
        width: 64, height: 64, [.init(1, 5, 1, at: [(0, 32), (1, 24), (2, 10), (3, 12), (4, 0.9)])])
    private let frame = Box(x: 0, y: 0, width: 200, height: 160)

    private func finder() throws -> ObjectFinder {
        // Input pixels: the frame at 0.32, so 200 x 160 becomes 64 x 51.2.
        let vehicles = ScriptedNetwork(
            width: 64, height: 64, [.init(1, 5, 1, at: [(0, 32), (1, 25), (2, 50), (3, 40), (4, 0.9)])])
        let plates = ScriptedNetwork(
            width: 64, height: 64, [.init(1, 5, 1, at: [(0, 32), (1, 36), (2, 16), (3, 4), (4, 0.8)])])
        return try ObjectFinder(
            vehicles: Detector(.plain(.vehicles, .yolov8, 64, 64, classes: [0: .bus]), network: vehicles),
            plates: Detector(.plain(.plates, .yolov8, 64, 64), network: plates),
            faces: Detector(.plain(.faces, .yolov8, 64, 64), network: face))
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

    @Test func `a crop outside its face pass is refused`() throws {
        var finder = try finder()
        let opened = try finder.open(.pixels(try noise(200, 160).picture))
        let pass = FacePass(region: Box(x: 0, y: 0, width: 100, height: 100), faces: [])
        let refused: Bool
        do {
            _ = try finder.crop(Box(x: 50, y: 50, width: 60, height: 20), of: opened, after: pass, quality: 90)
            refused = false
        } catch { refused = true }
        #expect(refused)
    }
}
