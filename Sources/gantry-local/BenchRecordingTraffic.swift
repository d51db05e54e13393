import Foundation
import Topics
import Traffic
import Wire

/// Invented records of a city, encoded once: half detections, half reads, of 16 cameras.
struct BenchTraffic {
    /// Repeated with other times until there are enough; more than fit into a chunk, so that zstd can't profit.
    private let pool: [(topic: String, record: Record)]
    private let messages: Int
    private static let start: Int64 = 1_772_433_000_000_000_000

    init(messages: Int, cropBytes: Int, seed: UInt64) throws {
        var random = BenchRandom(state: seed)
        let wanted = min(messages, cropBytes > 0 ? 5_000 : 50_000)
        self.messages = messages
        pool = try (0..<wanted).map { index in
            let camera = CameraID("camera-\(Int.random(in: 1...16, using: &random))")
            let id = FrameID(camera: camera, epoch: Epoch(0x1234_5678_9ABC_DEF0), frame: index / 16)
            let time = EventTime(nanoseconds: Self.start + Int64(index) * 6_250_000)
            // Many frames are empty; a full road has half a dozen vehicles.
            let vehicles = (0..<[0, 0, 1, 1, 2, 3, 6].randomElement(using: &random)!).map { _ in
                Self.vehicle(cropBytes, &random)
            }
            let plates = vehicles.indices.filter { _ in Bool.random(using: &random) }.map { vehicle in
                Self.plate(on: vehicle, vehicles[vehicle].box, &random)
            }
            if index % 2 == 0 {
                let found = Detections(width: 1920, height: 1080, vehicles: vehicles, plates: plates, redactions: 0)
                return ("city.vehicles", try Record(detections: StreamRecord(id: id, time: time, body: .frame(found))))
            }
            let reads = plates.map { ReadPlate(plate: $0, read: Self.read(&random), sharpness: random.number(5...400)) }
            let found = FrameReads(width: 1920, height: 1080, vehicles: vehicles, plates: reads)
            return ("city.reads", try Record(reads: StreamRecord(id: id, time: time, body: .frame(found))))
        }
    }

    private static func box(_ random: inout BenchRandom, _ width: ClosedRange<Float>) -> Box {
        let width = random.number(width)
        return Box(
            x: random.number(0...1600), y: random.number(0...900), width: width,
            height: width * random.number(0.6...0.9))
    }

    private static func vehicle(_ cropBytes: Int, _ random: inout BenchRandom) -> Vehicle {
        let box = box(&random, 60...400)
        let jpeg = (0..<cropBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        return Vehicle(
            box: box, kind: VehicleClass.allCases.randomElement(using: &random)!,
            score: random.number(0.3...1), crop: jpeg.isEmpty ? nil : Crop(jpeg: jpeg, box: box))
    }

    private static func plate(on vehicle: Int, _ box: Box, _ random: inout BenchRandom) -> Plate {
        func point(_ x: Double, _ y: Double) -> Point {
            Point(x: box.x + x + random.number(-2...2), y: box.y + y + random.number(-2...2))
        }
        let corners = Quadrilateral(
            topLeft: point(10, 40), topRight: point(90, 40), bottomRight: point(90, 60), bottomLeft: point(10, 60))
        return Plate(
            box: box, corners: corners, score: random.number(0.1...1), vehicle: vehicle, crop: nil,
            isDoubtful: Int.random(in: 0...9, using: &random) == 0)
    }

    private static func read(_ random: inout BenchRandom) -> PlateRead {
        let letters = Array("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")
        let candidates = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let text = String((0..<7).map { _ in letters.randomElement(using: &random)! })
            return Candidate(
                text: PlateText(text)!, confidence: random.number(0...1),
                characters: (0..<7).map { _ in random.number(0...1) })
        }
        return PlateRead(candidates: candidates, accepted: true, reason: nil, region: "be")
    }

    private func time(_ index: Int) -> Int64 { Self.start + Int64(index) * 6_250_000 }

    func record(to path: String, _ options: RecordingOptions) throws -> RecordingSummary {
        var writer = try RecordingWriter(to: path, schemas: Schema.recordings, options: options)
        for index in 0..<messages {
            let item = pool[index % pool.count]
            var record = item.record
            record.timestamp = time(index)
            try writer.append(record, to: item.topic)
        }
        return try writer.finish()
    }

    /// The bytes that a recording's chunks have, without those that declare channels: each message with its head.
    func blocks(of size: Int) -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        var block: [UInt8] = []
        for index in 0..<messages {
            let value = pool[index % pool.count].record.value
            if !block.isEmpty, block.count + value.count + 31 > size {
                blocks.append(block)
                block = []
            }
            func append(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.littleEndian) { block += $0 } }
            append(UInt8(5))
            append(UInt64(value.count + 22))
            append(UInt16(index % 32))
            append(UInt32(index / 32))
            append(UInt64(time(index)))
            append(UInt64(time(index)))
            block += value
        }
        blocks.append(block)
        return blocks
    }
}

/// SplitMix64: the same traffic for the same seed, everywhere.
struct BenchRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// With the 24 significant bits that networks give, not a double's 53.
    mutating func number(_ range: ClosedRange<Float>) -> Double { Double(Float.random(in: range, using: &self)) }
}
