import Assembly
import StageRunner
import Stages
import Topics
import Traffic
import Vision
import Wire

/// Writes down what the stages of a run give to each other, as it would be on Kafka topics.
struct RunRecording: Sendable {
    let target: RecordingTarget
    let topics: PipelineTopics
    let includesFrames: Bool

    func append(detections: [StreamRecord<Detections>]) throws {
        try target.append(detections.map { try Record(detections: $0) }, to: topics.vehicles)
    }

    func append(reads: [StreamRecord<FrameReads>]) throws {
        try target.append(reads.map { try Record(reads: $0) }, to: topics.reads)
    }

    func append(reports: [CameraReport]) throws {
        try target.append(reports.map { try Record(report: $0) }, to: topics.passages)
    }

    /// Also writes down whole frames, when those are wanted.
    func tapping(frames outlet: any Outlet<StreamRecord<FrameImage>>) -> any Outlet<StreamRecord<FrameImage>> {
        guard includesFrames else { return outlet }
        return TappedOutlet(outlet: outlet) { records in
            for record in records {
                let frame = try record.map { image in
                    let picture = try image.picture()
                    return EncodedFrame(
                        jpeg: try picture.jpeg(quality: 90), width: picture.width, height: picture.height)
                }
                try target.append([try Record(frame: frame)], to: topics.frames)
            }
        }
    }
}

/// A stage whose outputs something else sees before the next stage does.
struct Tapped<S: Stage & ~Copyable>: Stage, ~Copyable {
    private var stage: S
    private let tap: ([S.Output]) throws -> Void

    init(_ stage: consuming S, tap: @escaping ([S.Output]) throws -> Void) {
        self.stage = stage
        self.tap = tap
    }

    mutating func process(_ input: S.Input) throws -> [S.Output] {
        let outputs = try stage.process(input)
        try tap(outputs)
        return outputs
    }

    mutating func takeTallies() -> [Tally: Int] { stage.takeTallies() }
}
