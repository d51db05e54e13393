public import Topics
import Traffic
import Wire

/// What is taken out of records before a recording is given away.
public struct Sharing: Sendable {
    /// Records that were left out, by topic: whole frames, and bytes that nobody can look into.
    public private(set) var leftOut: [String: Int] = [:]
    private var pseudonyms: Pseudonyms?

    /// Takes out pictures; with pseudonyms also every plate's text, which the pictures would show.
    public init(pseudonyms: Pseudonyms? = nil) { self.pseudonyms = pseudonyms }

    /// The record as it may be shared; nil when it may not. Throws for a record that can't be read: it may hold
    /// anything.
    public mutating func shared(_ recorded: RecordedRecord) throws -> RecordedRecord? {
        var result = recorded
        guard Schema.names.contains(recorded.record.messageType ?? "") else {
            leftOut[recorded.topic, default: 0] += 1
            return nil
        }
        switch try TopicMessage(record: recorded.record) {
        case .detections(let detections):
            result.record = try Record(detections: detections.map(Self.withoutImages))
        case .reads(let reads):
            let id = reads.id
            result.record = try Record(reads: reads.map { withoutImages($0, id) })
        case .coverage: break
        case .passage(let passage): result.record = try Record(passage: withoutImages(passage))
        case .frame, .rejection, .snapshot:
            leftOut[recorded.topic, default: 0] += 1
            return nil
        }
        return result
    }

    private static func withoutImages(_ detections: Detections) -> Detections {
        var result = detections
        for index in result.vehicles.indices { result.vehicles[index].crop = nil }
        for index in result.plates.indices { result.plates[index].crop = nil }
        return result
    }

    private mutating func withoutImages(_ reads: FrameReads, _ id: FrameID) -> FrameReads {
        var result = reads
        for index in result.vehicles.indices { result.vehicles[index].crop = nil }
        for index in result.plates.indices {
            result.plates[index].plate.crop = nil
            guard pseudonyms != nil else { continue }
            for candidate in result.plates[index].read.candidates.indices {
                let text = result.plates[index].read.candidates[candidate].text
                result.plates[index].read.candidates[candidate].text = replaced(text, id)
            }
        }
        return result
    }

    private mutating func withoutImages(_ passage: Passage) -> Passage {
        var result = passage
        result.best.crop = nil
        for index in result.reads.indices {
            let id = FrameID(camera: passage.camera, epoch: passage.epoch, frame: result.reads[index].frame)
            result.reads[index].text = replaced(result.reads[index].text, id)
        }
        if let text = passage.plate?.text {
            let id = FrameID(camera: passage.camera, epoch: passage.epoch, frame: passage.best.frame)
            result.plate?.text = replaced(text, id)
        }
        return result
    }

    private mutating func replaced(_ text: PlateText, _ id: FrameID) -> PlateText {
        pseudonyms?.pseudonym(of: text, at: id.camera, epoch: id.epoch, frame: id.frame) ?? text
    }
}
