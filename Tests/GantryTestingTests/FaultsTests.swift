import GantryTesting
import Stages
import Testing
import Topics
import Traffic
import Wire

@Suite struct FaultsTests {
    private static let records: [Record] = (0..<400).map {
        Record(key: "k\($0 % 3)", value: [UInt8($0 & 0xff), UInt8($0 >> 8), 7])
    }

    private func arrivals(_ kind: Faults.Kind, rate: Double = 0.2, seed: UInt64 = 3) -> (
        records: [Record], incidents: [Faults.Incident]
    ) {
        Faults(seed: seed, rates: [kind: rate]).apply(to: Self.records)
    }

    @Test func `the same seed does the same, another one something else`() {
        let all = Dictionary(uniqueKeysWithValues: Faults.Kind.allCases.map { ($0, 0.1) })
        let first = Faults(seed: 1, rates: all).apply(to: Self.records)
        #expect(first == Faults(seed: 1, rates: all).apply(to: Self.records))
        #expect(first.incidents != Faults(seed: 2, rates: all).apply(to: Self.records).incidents)
        #expect(Set(first.incidents.map(\.kind)) == Set(Faults.Kind.allCases))
    }

    @Test func `without rates nothing happens`() {
        let (records, incidents) = Faults(seed: 1, rates: [:]).apply(to: Self.records)
        #expect(records == Self.records && incidents.isEmpty)
    }

    @Test func `each fault does what it says and nothing else`() {
        let duplicated = arrivals(.duplicate)
        #expect(duplicated.records.count == 400 + duplicated.incidents.count && !duplicated.incidents.isEmpty)
        #expect(Set(duplicated.records) == Set(Self.records))
        let dropped = arrivals(.drop)
        let gone = Set(dropped.incidents.map(\.index))
        #expect(dropped.records == Self.records.indices.filter { !gone.contains($0) }.map { Self.records[$0] })
        let delayed = arrivals(.delay)
        #expect(delayed.records != Self.records && Set(delayed.records) == Set(Self.records))
        for incident in delayed.incidents {
            let place = delayed.records.firstIndex(of: Self.records[incident.index])!
            #expect(place >= incident.index - 8 && place <= incident.index + 8)
        }
        let corrupt = arrivals(.corrupt)
        let broken = Set(corrupt.incidents.map(\.index))
        #expect(corrupt.records.count == 400)
        for (index, record) in corrupt.records.enumerated() {
            #expect((record != Self.records[index]) == broken.contains(index))
        }
        let reordered = arrivals(.reorder)
        #expect(reordered.records != Self.records && Set(reordered.records) == Set(Self.records))
    }

    /// Goal: no fault between two stages makes a tracker report a vehicle twice or crash, and repeats change nothing.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a tracker takes whatever arrives`(seed: UInt64) throws {
        var camera = CameraStream("north-1")
        for frame in 0..<60 {
            camera.frame(.car(at: Box(x: 20.0 * Double(frame), y: 300, width: 240, height: 160), plate: "B123CD"))
        }
        camera.end()
        let records = try camera.records.map { try Record(reads: $0) }
        func passages(_ records: [Record]) -> [Passage] {
            var stage = Associate()
            return records.compactMap { try? StreamRecord<FrameReads>(record: $0) }.flatMap { stage.process($0) }
        }
        let plain = passages(records)
        #expect(plain.count == 1)
        let repeated = Faults(seed: seed, rates: [.duplicate: 0.5]).apply(to: records).records
        #expect(passages(repeated) == plain, "seed \(seed)")
        let kinds = Faults.Kind.allCases
        let rough = Faults(seed: seed, rates: Dictionary(uniqueKeysWithValues: kinds.map { ($0, 0.06) }))
        // A broken record may still parse and say anything, so only what came whole counts here.
        let arrived = rough.apply(to: records)
        let whole = Set(records)
        #expect(passages(arrived.records.filter { whole.contains($0) }).count <= 1, "seed \(seed)")
        _ = passages(arrived.records)
    }
}
