import GantryTesting
import SwiftProtobuf
import Testing
import Topics
import Traffic
import Wire

/// Goal: whatever lies on a topic, a stage gets a value that keeps its promises, or a typed reason.
@Suite struct BadRecords {
    private let good: Record = {
        var random = SeededGenerator(seed: 1)
        return try! Record(
            detections: StreamRecord(
                id: random.id(), time: EventTime(nanoseconds: 0), body: .frame(random.detections())))
    }()

    private func error(reading record: Record) -> WireError? {
        do {
            _ = try StreamRecord<Detections>(record: record)
            return nil
        } catch { return error }
    }

    private func changed(_ change: (inout Gantry_V1_VehiclesRecord) -> Void) throws -> WireError? {
        var message = try Gantry_V1_VehiclesRecord(serializedBytes: good.value)
        message.detections = .with {
            $0.width = 10
            $0.height = 10
            $0.vehicles = [
                .with {
                    $0.box = .with { $0.width = 1 }
                    $0.kind = .car
                }
            ]
            $0.plates = [
                .with {
                    $0.box = .with { $0.width = 1 }
                    $0.corners = .with {
                        $0.topLeft = .init()
                        $0.topRight = .init()
                        $0.bottomRight = .init()
                        $0.bottomLeft = .init()
                    }
                }
            ]
        }
        change(&message)
        var record = good
        record.value = try message.serializedBytes()
        return error(reading: record)
    }

    @Test func `the untouched record is read`() throws {
        #expect(error(reading: good) == nil)
        #expect(try changed { _ in } == nil)
    }

    @Test func `a foreign type, a foreign version and missing headers are told apart`() throws {
        var record = good
        record.headers[0] = Header("gantry-type", "gantry.v1.PassageRecord")
        #expect(
            error(reading: record)
                == .wrongType(found: "gantry.v1.PassageRecord", expected: "gantry.v1.VehiclesRecord"))
        record.headers[0] = good.headers[0]
        record.headers[1] = Header("gantry-schema", "2")
        #expect(error(reading: record) == .unknownVersion(found: "2"))
        record.headers = []
        #expect(error(reading: record)?.code == "WIR101")
        record.headers = [good.headers[0]]
        #expect(error(reading: record) == .unknownVersion(found: ""))
    }

    @Test func `no value, zeros, text and every truncation are refused`() {
        var record = good
        record.value = []
        #expect(error(reading: record) == .empty(type: "gantry.v1.VehiclesRecord"))
        record.value = Array(repeating: 0, count: 64)
        #expect(error(reading: record) == .malformed(type: "gantry.v1.VehiclesRecord", bytes: 64))
        record.value = Array("GET / HTTP/1.1".utf8)
        #expect(error(reading: record) != nil)
        for count in 1..<good.value.count {
            record.value = Array(good.value.prefix(count))
            #expect(error(reading: record) != nil, "cut after \(count) of \(good.value.count) bytes")
        }
    }

    /// Flipped bytes may make another valid message, but never a crash and never a value out of range.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `overwritten bytes never get past the checks`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var record = good
        for _ in 0...random.count(3) { record.value[random.count(record.value.count - 1)] = random.bytes()[0] }
        guard let read = try? StreamRecord<Detections>(record: record), let content = read.content else { return }
        for box in content.vehicles.map(\.box) + content.plates.map(\.box) {
            #expect(box.width >= 0 && box.height >= 0 && box.x.isFinite && box.y.isFinite)
        }
        for plate in content.plates { #expect(plate.vehicle.map { $0 < content.vehicles.count } ?? true) }
    }

    @Test func `missing parts are named`() throws {
        #expect(try changed { $0.clearID() } == .missing("id"))
        #expect(try changed { $0.body = nil } == .missing("body"))
        #expect(try changed { $0.id.camera = "" } == .missing("id.camera"))
        #expect(try changed { $0.detections.vehicles[0].clearBox() } == .missing("vehicle.box"))
        #expect(try changed { $0.detections.vehicles[0].kind = .unspecified } == .missing("vehicle.kind"))
        #expect(try changed { $0.detections.plates[0].corners.clearTopLeft() } == .missing("a corner of the plate"))
        #expect(try changed { $0.detections.plates[0].crop = .with { $0.box = .init() } } == .missing("crop.jpeg"))
    }

    @Test func `numbers that are none, negative or too large are refused`() throws {
        #expect(try changed { $0.id.frame = -1 } == .outOfRange("id.frame", value: "-1"))
        #expect(try changed { $0.detections.width = 0 } == .outOfRange("width", value: "0"))
        #expect(try changed { $0.detections.height = -5 } == .outOfRange("height", value: "-5"))
        #expect(try changed { $0.detections.redactions = -1 } == .outOfRange("redactions", value: "-1"))
        #expect(try changed { $0.detections.vehicles[0].box.x = .nan } == .outOfRange("box.x", value: "nan"))
        #expect(try changed { $0.detections.vehicles[0].box.y = .infinity } == .outOfRange("box.y", value: "inf"))
        #expect(try changed { $0.detections.vehicles[0].box.width = -2 } == .outOfRange("box.width", value: "-2.0"))
        #expect(try changed { $0.detections.vehicles[0].score = 1.5 } == .outOfRange("vehicle.score", value: "1.5"))
        #expect(try changed { $0.detections.plates[0].vehicle = 1 } == .outOfRange("plate.vehicle", value: "1"))
    }

    @Test func `an unknown class is refused, not guessed`() throws {
        #expect(
            try changed { $0.detections.vehicles[0].kind = .UNRECOGNIZED(77) }
                == .unknownCase("vehicle class", value: 77))
    }

    @Test func `plate text that is not A to Z and 0 to 9 is refused`() throws {
        var random = SeededGenerator(seed: 5)
        let reads = FrameReads(
            width: 10, height: 10, vehicles: [],
            plates: [
                ReadPlate(
                    plate: random.plate(vehicles: 0),
                    read: PlateRead(candidates: [random.candidate()], accepted: true, reason: nil, region: nil),
                    sharpness: 1)
            ])
        let good = try Record(
            reads: StreamRecord(id: random.id(), time: EventTime(nanoseconds: 0), body: .frame(reads)))
        func error(_ change: (inout Gantry_V1_PlateRead) -> Void) throws -> WireError? {
            var message = try Gantry_V1_ReadsRecord(serializedBytes: good.value)
            change(&message.reads.plates[0].read)
            var record = good
            record.value = try message.serializedBytes()
            do {
                _ = try StreamRecord<FrameReads>(record: record)
                return nil
            } catch { return error }
        }
        #expect(try error { _ in } == nil)
        #expect(try error { $0.candidates[0].text = "ab-1" } == .badText("candidate.text", value: "ab-1"))
        #expect(try error { $0.candidates[0].text = "" } == .badText("candidate.text", value: ""))
        #expect(try error { $0.candidates[0].characters = [] }?.code == "WIR106")
        #expect(try error { $0.candidates = [] } == .missing("read.candidates of an accepted read"))
        #expect(try error { $0.accepted = false } == .missing("read.reason of a read that is not accepted"))
    }

    @Test func `a passage with a short id or a last frame before its first is refused`() throws {
        var random = SeededGenerator(seed: 6)
        let good = try Record(passage: random.passage())
        func error(_ change: (inout Gantry_V1_PassageRecord) -> Void) throws -> WireError? {
            var message = try Gantry_V1_PassageRecord(serializedBytes: good.value)
            change(&message)
            var record = good
            record.value = try message.serializedBytes()
            do {
                _ = try Passage(record: record)
                return nil
            } catch { return error }
        }
        #expect(try error { _ in } == nil)
        #expect(try error { $0.id.removeLast() } == .outOfRange("the length of id", value: "15"))
        #expect(try error { $0.lastFrame = $0.firstFrame - 1 }?.code == "WIR106")
        #expect(try error { $0.direction = .unspecified } == .missing("direction"))
        #expect(try error { $0.clearBest() } == .missing("best"))
    }

    @Test func `coverage over more than its minute, or of no frame, is refused`() throws {
        let minute = EventTime(rfc3339: "2026-03-02T07:30:00Z")!
        func error(from start: Int, to end: Int, frames: Int = 1) -> WireError? {
            do {
                let coverage = Coverage(
                    camera: "north", epoch: Epoch(1), start: minute + .seconds(start), end: minute + .seconds(end),
                    frames: frames)
                #expect(try Coverage(record: Record(coverage: coverage)) == coverage)
                return nil
            } catch { return error }
        }
        #expect(error(from: 0, to: 60) == nil && error(from: 59, to: 60) == nil && error(from: 9, to: 9) == nil)
        #expect(error(from: 0, to: 61)?.code == "WIR106" && error(from: 9, to: 8)?.code == "WIR106")
        #expect(error(from: 0, to: 60, frames: 0) == .outOfRange("frames", value: "0"))
    }

    @Test func `a frame over 4 MB is not sent`() throws {
        let frame = StreamRecord(
            id: FrameID(camera: "a", epoch: Epoch(1), frame: 0), time: EventTime(nanoseconds: 0),
            body: .frame(EncodedFrame(jpeg: Array(repeating: 0, count: 4_000_001), width: 1, height: 1)))
        #expect(throws: WireError.tooLarge("frame.jpeg", bytes: 4_000_001, limit: 4_000_000)) {
            try Record(frame: frame)
        }
    }
}
