import StageRunner
import Stages
import Topics
import Traffic
import Wire

/// The stages of some cameras of a replay.
final class ReplayWorker: @unchecked Sendable {
    // Used by one thread at a time: a round's, then the next one's.
    private let steps: ReplaySteps
    private let stages: [PipelineStage]
    private let topics: PipelineTopics
    private let encodes: Bool
    private var filter = RepeatFilter()
    /// Of cameras whose stream has not ended: what ends it.
    private var open: [CameraID: StreamRecord<FrameReads>] = [:]

    private(set) var counts = Replay.Counts()
    /// Of the last round: what came of each record. What the end itself brings has the last place.
    private(set) var made: [(place: Int, camera: CameraID, outputs: Replay.Outputs)] = []

    init(_ steps: ReplaySteps, stages: [PipelineStage], topics: PipelineTopics, encodes: Bool) {
        self.steps = steps
        self.stages = stages
        self.topics = topics
        self.encodes = encodes
    }

    func process(_ round: [(place: Int, record: Record)], isLast: Bool) {
        made = []
        for (place, record) in round {
            var outputs = Replay.Outputs()
            do { try process(record, &outputs) } catch { reject(record, error, &outputs) }
            note(place, CameraID(record.key ?? ""), outputs)
        }
        guard isLast, stages.contains(.track) else { return }
        for (camera, end) in open.sorted(by: { $0.key < $1.key }) {
            var outputs = Replay.Outputs()
            do { try track(end, &outputs) } catch { reject(Record(key: camera.text, value: []), error, &outputs) }
            note(.max, camera, outputs)
        }
    }

    private func note(_ place: Int, _ camera: CameraID, _ outputs: Replay.Outputs) {
        if !outputs.records.isEmpty || !outputs.passages.isEmpty { made.append((place, camera, outputs)) }
    }

    private func process(_ record: Record, _ outputs: inout Replay.Outputs) throws {
        switch stages[0] {
        case .detect:
            let frame = try StreamRecord<EncodedFrame>(record: record)
            if !isRepeat(frame) { try detect(frame, &outputs) }
        case .read:
            let detections = try StreamRecord<Detections>(record: record)
            guard !isRepeat(detections) else { return }
            if let content = detections.content { counts.detections += content.vehicles.count + content.plates.count }
            try read(detections, &outputs)
        default:
            let reads = try StreamRecord<FrameReads>(record: record)
            guard !isRepeat(reads) else { return }
            if let content = reads.content { counts.detections += content.vehicles.count + content.plates.count }
            try track(reads, &outputs)
        }
    }

    private func isRepeat<Content>(_ record: StreamRecord<Content>) -> Bool {
        guard let mark = record.mark, filter.isRepeat(record.camera, mark) else { return false }
        counts.repeated += 1
        return true
    }

    private func detect(_ frame: StreamRecord<EncodedFrame>, _ outputs: inout Replay.Outputs) throws {
        for detections in try steps.detect?(frame) ?? [] {
            if encodes {
                outputs.records.append(.init(topic: topics.vehicles, record: try Record(detections: detections)))
            }
            if stages.contains(.read) { try read(detections, &outputs) }
        }
    }

    private func read(_ detections: StreamRecord<Detections>, _ outputs: inout Replay.Outputs) throws {
        if let content = detections.content {
            counts.plates += content.plates.count
            counts.platesWithoutImage += content.plates.count { plate in
                plate.crop == nil && plate.vehicle.flatMap { content.vehicles[$0].crop } == nil
            }
        }
        for reads in try steps.read?(detections) ?? [] {
            if encodes { outputs.records.append(.init(topic: topics.reads, record: try Record(reads: reads))) }
            if stages.contains(.track) { try track(reads, &outputs) }
        }
    }

    private func track(_ reads: StreamRecord<FrameReads>, _ outputs: inout Replay.Outputs) throws {
        let camera = reads.id.camera
        if case .endOfStream = reads.body {
            open[camera] = nil
        } else {
            var end = StreamRecord<FrameReads>(id: reads.id, time: reads.time, body: .endOfStream)
            end.id.frame += end.id.frame == .max ? 0 : 1
            open[camera] = end
        }
        for report in try steps.track?(reads) ?? [] {
            if let passage = report.passage {
                counts.passages += 1
                outputs.passages.append(passage)
            }
            if encodes { outputs.records.append(.init(topic: topics.passages, record: try Record(report: report))) }
        }
    }

    private func reject(_ record: Record, _ error: any Error, _ outputs: inout Replay.Outputs) {
        let (code, reason) = Rejection.cause(of: error)
        counts.rejected[code, default: 0] += 1
        guard encodes else { return }
        let input = topics.input(of: stages[0]) ?? topics.frames
        let rejection = Rejection(
            code: code, reason: reason, stage: stages.map(\.rawValue).joined(separator: "-"), position: nil,
            original: record)
        // A rejection is bytes and text: encoding it can't fail for what it holds.
        if let rejected = try? Record(rejection: rejection) {
            outputs.records.append(.init(topic: topics.rejected(input), record: rejected))
        }
    }
}
