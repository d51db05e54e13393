import Foundation
import StageRunner
import Stages
import Traffic
import Vision
import VisionAssembly

/// Whole and bare times of the same work, pair by pair. Milliseconds.
struct PairedTimes: Encodable {
    private(set) var whole: [Double] = []
    private(set) var bare: [Double] = []

    mutating func add(whole: Double, bare: Double) {
        self.whole.append(whole)
        self.bare.append(bare)
    }

    /// The median of whole over bare; nil without any.
    var ratio: Double? {
        // A frame on which nothing was called has no ratio.
        let ratios = zip(whole, bare).filter { $1 > 0 }.map { $0 / $1 }
        return ratios.isEmpty ? nil : Spread(ratios).median
    }

    private enum Key: CodingKey { case n, whole, bare, ratio }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(whole.count, forKey: .n)
        try values.encode(Spread(whole), forKey: .whole)
        try values.encode(Spread(bare), forKey: .bare)
        try values.encode(ratio, forKey: .ratio)
    }
}

/// The detect stage against the forward passes that it makes.
struct DetectBench: ~Copyable {
    struct Times {
        /// One forward pass of each network.
        var networks: [ModelTask: [Double]] = [:]
        var stage = PairedTimes()
    }

    private(set) var times = Times()
    /// Plates with crops that were found on the way.
    private(set) var plates: [Plate] = []
    private let stages: VisionStages
    private var detect: Detect<ObjectFinder>
    private var finder: ObjectFinder
    static let tasks: [ModelTask] = [.vehicles, .plates, .faces]

    init(_ stages: VisionStages) throws {
        let detect = try stages.makeDetect()
        let finder = try stages.makeFinder()
        self.stages = stages
        self.detect = detect
        self.finder = finder
    }

    mutating func measure(_ pictures: [Picture], done: (Int) -> Void) throws {
        // First runs allocate; and bare passes are to run on a real frame's values.
        if let first = pictures.first {
            _ = try runWhole(first)
            let frame = try finder.open(.pixels(first))
            _ = (try finder.vehicles(in: frame), try finder.plates(in: frame))
            _ = try finder.faces(in: frame, within: [first.bounds])
        }
        for (number, picture) in pictures.enumerated() {
            var calls: [ModelTask: Int] = [:], whole = 0.0, bare: [ModelTask: Double] = [:]
            if number.isMultiple(of: 2) {
                (whole, calls) = try runWhole(picture)
                bare = try runBare()
            } else {
                bare = try runBare()
                (whole, calls) = try runWhole(picture)
            }
            for (task, spent) in bare { times.networks[task, default: []].append(spent) }
            // An empty road costs no face pass, so it is not counted there.
            let made = calls.map { Double($0.value) * (bare[$0.key] ?? 0) }.reduce(0, +)
            times.stage.add(whole: whole, bare: made)
            done(number + 1)
        }
    }

    private mutating func runWhole(_ picture: Picture) throws -> (Double, calls: [ModelTask: Int]) {
        let before = stages.calls
        let record = StreamRecord(
            id: FrameID(camera: "bench", epoch: Epoch(0), frame: 0), time: EventTime(nanoseconds: 0),
            body: .frame(FrameImage.pixels(picture)))
        var found: [StreamRecord<Detections>] = []
        let spent = try milliseconds { found = try detect.process(record) }
        plates += found.flatMap { $0.content?.plates ?? [] }.filter { $0.crop != nil }
        return (spent, stages.calls.merging(before) { $0 - $1 })
    }

    private mutating func runBare() throws -> [ModelTask: Double] {
        var spent: [ModelTask: Double] = [:]
        for task in Self.tasks { spent[task] = try milliseconds { try finder.runBare([task: 1]) } }
        return spent
    }
}

/// The read stage against the recognitions of lines that it makes.
struct ReadBench: ~Copyable {
    struct Times {
        /// One bare recognition.
        var line: [Double] = []
        var stage = PairedTimes()
        /// Recognitions made by the stage.
        var lines = 0
        /// Whether the plates were rendered, because the frames showed none.
        var rendered = false
    }

    private(set) var times = Times()
    private let stages: VisionStages
    private var read: Read<TesseractReader>
    private var reader: TesseractReader
    /// Plates measured at most, and at least (the same ones again, if need be).
    private static let most = 200, least = 20

    init(_ stages: VisionStages) throws {
        let read = try stages.makeRead()
        let reader = try stages.makeReader()
        self.stages = stages
        self.read = read
        self.reader = reader
    }

    mutating func measure(_ found: [Plate]) throws {
        var plates = Array(found.prefix(Self.most))
        if plates.isEmpty {
            plates = [try Self.rendered()]
            times.rendered = true
        }
        for number in 0..<max(plates.count, Self.least) {
            let plate = plates[number % plates.count]
            guard let crop = plate.crop else { continue }
            let picture = try Picture.decoding(crop.jpeg)
            let line = try reader.firstLine(of: picture, corners: plate.corners.moved(by: crop.box))
            // How many lines it takes is only known afterwards; and the first run allocates.
            let lines = runWhole(plate).lines
            guard lines > 0 else { continue }  // refused before anything was recognised
            var whole = 0.0, bare = 0.0
            if number.isMultiple(of: 2) {
                whole = runWhole(plate).milliseconds
                bare = try runBare(line, times: lines)
            } else {
                bare = try runBare(line, times: lines)
                whole = runWhole(plate).milliseconds
            }
            times.lines += lines
            times.line.append(bare / Double(lines))
            times.stage.add(whole: whole, bare: bare)
        }
    }

    private mutating func runWhole(_ plate: Plate) -> (milliseconds: Double, lines: Int) {
        let before = stages.calls[.reader] ?? 0
        let frame = Detections(width: 0, height: 0, vehicles: [], plates: [plate], redactions: 0)
        let record = StreamRecord(
            id: FrameID(camera: "bench", epoch: Epoch(0), frame: 0), time: EventTime(nanoseconds: 0),
            body: .frame(frame))
        let spent = milliseconds { _ = read.process(record) }
        return (spent, (stages.calls[.reader] ?? 0) - before)
    }

    private mutating func runBare(_ line: LineImage, times: Int) throws -> Double {
        try milliseconds { try reader.runBare(on: line, times: times) }
    }

    private static func rendered() throws -> Plate {
        let picture = try PlateRenderer().plate(text: "1GNT482", style: .belgian).resized(width: 156, height: 33)
        return Plate(
            box: picture.bounds, corners: Quadrilateral(picture.bounds), score: 1, vehicle: nil,
            crop: Crop(jpeg: try picture.jpeg(quality: DetectSettings().plateQuality), box: picture.bounds))
    }
}

/// How long something takes.
private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .milliseconds(1)
}
