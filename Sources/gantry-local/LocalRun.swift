import Assembly
import Logging
import Metrics
import ServiceLifecycle
import StageRunner
import Stages
import Synchronization
import Topics
import Traffic
import Vision
import VisionAssembly

/// All stages in one process, joined by bounded memory links.
///
///     camera threads ─▶ frames (a lane per worker) ─▶ workers: detect, read ─▶ reads ─▶ track ─▶ passages ─▶ sink
///
/// A camera belongs to one worker, so its records keep their order.
final class LocalRun: Sendable {
    let pipeline: Pipeline
    let stages: VisionStages
    let logger: Logger
    let counts: RunCounts
    /// Puts passages where they stay; called by the sink's own thread, once for each batch.
    let store: @Sendable (SinkBatch<CameraReport>) throws -> [Refusal]
    /// Where every stage's output is recorded; nil for nowhere.
    let recording: RunRecording?

    let decode = StageProgress(stage: "decode")
    private let failures = Mutex([String]())

    /// Cameras that could not be read at all, with the reason.
    var unreadable: [String] { failures.withLock { $0 } }

    init(
        _ pipeline: Pipeline, stages: VisionStages, logger: Logger, counts: RunCounts, recording: RunRecording? = nil,
        store: @escaping @Sendable (SinkBatch<CameraReport>) throws -> [Refusal]
    ) {
        self.pipeline = pipeline
        self.stages = stages
        self.logger = logger
        self.counts = counts
        self.recording = recording
        self.store = store
    }

    /// The services, in any order, and what they have done so far.
    func services() -> (services: [any Service], progress: [StageProgress]) {
        let workers = stages.workers(for: pipeline.cameras.count)
        let frames = CameraFeed.lanes(of: pipeline.cameras, workers: workers)
        let reads = MemoryLink<StreamRecord<FrameReads>>(name: "reads", capacity: 64)
        let passages = MemoryLink<CameraReport>(name: "passages", capacity: 256)
        let options = RunnerOptions(batch: 64, logger: logger)

        var progress = [decode]
        var services = CameraFeed.runners(
            for: pipeline, to: { recording?.tapping(frames: frames.outlet()) ?? frames.outlet() },
            rejected: { Discard() }, options: options, progress: decode,
            packing: { .pixels($0) },
            decoded: { [counts] in counts.decoded($0, done: $1.frames, total: $1.total) },
            failed: { [self] camera, error in failures.withLock { $0.append("\(camera): \(error)") } })
        for worker in 0..<workers {
            let runner = StageRunner(
                "detect-read", from: frames.inlet(lane: worker),
                to: TappedOutlet(outlet: reads.outlet()) { [counts, recording] records in
                    counts.saw(records)
                    try recording?.append(reads: records)
                },
                options: RunnerOptions(batch: 1, logger: logger)
            ) { [stages, recording] in
                Chain(
                    Tapped(try stages.makeDetect()) { try recording?.append(detections: $0) }, try stages.makeRead())
            }
            services.append(runner)
            progress.append(runner.progress)
        }
        let track = StageRunner("track", from: reads.inlet(), to: passages.outlet(), options: options) { [pipeline] in
            Watch(settings: pipeline.trackSettings)
        }
        let sink = SinkRunner("sink", from: passages.inlet(), options: options) { [store] in try store($0) }
        services += [track, sink]
        progress += [track.progress, sink.progress]
        return (services, progress)
    }
}
