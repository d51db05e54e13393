public import Assembly
public import Logging
public import StageRunner
import Stages
import Topics
import Traffic
import Vision

/// Neighbouring stages in one process, with Kafka on the open sides.
///
/// Behind cameras the stages are joined by memory links. Behind Kafka they are chained into one, so that an input is
/// committed only after everything that came of it is acknowledged.
public struct FusedStages {
    private let pipeline: Pipeline
    private let kafka: KafkaLinks
    private let home: GantryHome
    private let logger: Logger
    private let database: String?

    /// - Parameter database: In place of the pipeline's.
    public init(_ pipeline: Pipeline, kafka: KafkaLinks, home: GantryHome, logger: Logger, database: String? = nil) {
        self.pipeline = pipeline
        self.kafka = kafka
        self.home = home
        self.logger = logger
        self.database = database
    }

    /// - Parameter stages: Neighbours, in the order of the flow; not all five.
    public func services(for stages: [PipelineStage]) throws -> StageServices {
        let last = stages.last ?? .sink
        switch stages.first ?? .sink {
        case .decode: return try afterCameras(until: last)
        case .detect: return try keepingLegs(afterFrames(until: last), until: last)
        case .read: return try keepingLegs(afterVehicles(until: last), until: last)
        case .track:
            return last == .track
                ? try .track(pipeline, kafka, logger: logger)
                : try .trackAndSink(pipeline, kafka, try store(), logger: logger)
        case .sink: return try .sink(pipeline, kafka, try store(), logger: logger)
        }
    }

    // MARK: - Behind cameras

    private func afterCameras(until last: PipelineStage) throws -> StageServices {
        let decode = StageProgress(stage: "decode")
        let rejected = { try kafka.rejected(kafka.topics.frames) }
        let failed: @Sendable (CameraID, any Error) -> Void = { [logger] camera, error in
            logger.error("camera can't be read: \(error)", metadata: ["camera": "\(camera)"])
        }
        if last == .decode {
            let services = try CameraFeed.runners(
                for: pipeline, to: { try kafka.toFrames() }, rejected: rejected, options: options(1), progress: decode,
                packing: Self.encoded, failed: failed)
            return StageServices(services: services, progress: [decode])
        }
        let vision = try VisionStages(pipeline, home: home, logger: logger)
        let workers = vision.workers(for: pipeline.cameras.count)
        let frames = CameraFeed.lanes(of: pipeline.cameras, workers: workers)
        var made = StageServices(
            services: try CameraFeed.runners(
                for: pipeline, to: { frames.outlet() }, rejected: rejected, options: options(1), progress: decode,
                packing: { .pixels($0) }, failed: failed),
            progress: [decode])
        if last == .detect {
            for worker in 0..<workers {
                made.add(
                    StageRunner(
                        "detect", from: frames.inlet(lane: worker), to: try kafka.toVehicles(),
                        rejected: try rejected(),
                        options: options(1)
                    ) { try vision.makeDetect() })
            }
            return made
        }
        // Only here may a memory link follow: what it loses in a crash the cameras' next run gives again.
        let reads = MemoryLink<StreamRecord<FrameReads>>(name: "reads", capacity: 64)
        for worker in 0..<workers {
            let outlet: any Outlet<StreamRecord<FrameReads>> =
                last == .read ? try kafka.toReads() : reads.outlet()
            made.add(
                StageRunner(
                    "detect-read", from: frames.inlet(lane: worker), to: outlet, rejected: try rejected(),
                    options: options(1)
                ) { Chain(try vision.makeDetect(), try vision.makeRead()) })
        }
        if last == .track {
            made.add(
                StageRunner("track", from: reads.inlet(), to: try kafka.toPassages(), options: options(64)) {
                    [pipeline] in Watch(settings: pipeline.trackSettings)
                })
        }
        return made
    }

    /// A JPEG for the one link that carries whole frames.
    private static let encoded: CameraFeed.Packing<EncodedFrame> = { picture in
        EncodedFrame(jpeg: try picture.jpeg(quality: 90), width: picture.width, height: picture.height)
    }

    // MARK: - Behind Kafka

    private func afterFrames(until last: PipelineStage) throws -> StageServices {
        let vision = try VisionStages(pipeline, home: home, logger: logger)
        let frames = try kafka.frames { FrameImage.jpeg($0.jpeg) }
        let rejected = try kafka.rejected(kafka.topics.frames)
        switch last {
        case .decode, .detect:
            return StageServices(
                StageRunner(
                    "detect", from: frames, to: try kafka.toVehicles(), rejected: rejected, options: options(4)
                ) { try vision.makeDetect() })
        case .read:
            return StageServices(
                StageRunner(
                    "detect-read", from: frames, to: try kafka.toReads(), rejected: rejected, options: options(4)
                ) { Chain(try vision.makeDetect(), try vision.makeRead()) })
        case .track, .sink:
            return StageServices(
                StageRunner(
                    "detect-read-track", from: frames, to: try passages(until: last), rejected: rejected,
                    snapshots: try kafka.snapshots(), options: options(4)
                ) { [pipeline] in
                    Chain(
                        Chain(try vision.makeDetect(), try vision.makeRead()),
                        Watch(settings: pipeline.trackSettings))
                })
        }
    }

    private func afterVehicles(until last: PipelineStage) throws -> StageServices {
        let vision = try VisionStages(pipeline, home: home, logger: logger)
        let vehicles = try kafka.vehicles()
        let rejected = try kafka.rejected(kafka.topics.vehicles)
        guard last > .read else {
            return StageServices(
                StageRunner(
                    "read", from: vehicles, to: try kafka.toReads(), rejected: rejected, options: options(16)
                ) { try vision.makeRead() })
        }
        return StageServices(
            StageRunner(
                "read-track", from: vehicles, to: try passages(until: last), rejected: rejected,
                snapshots: try kafka.snapshots(), options: options(16)
            ) { [pipeline] in Chain(try vision.makeRead(), Watch(settings: pipeline.trackSettings)) })
    }

    private func keepingLegs(_ made: StageServices, until last: PipelineStage) throws -> StageServices {
        guard last == .sink else { return made }
        let address = try database ?? pipeline.database.address(home: home.path)
        var all = made
        all.services.append(LegService(database: address, logger: logger))
        return all
    }

    private func passages(until last: PipelineStage) throws -> any Outlet<CameraReport> {
        last == .sink ? StoreOutlet(try store()) : try kafka.toPassages()
    }

    private func store() throws -> PassageStore {
        try PassageStore(
            pipeline, database: try database ?? pipeline.database.address(home: home.path), migrate: false,
            home: home, logger: logger)
    }

    private func options(_ batch: Int) -> RunnerOptions { RunnerOptions(batch: batch, logger: logger) }
}

extension StageServices {
    init<S>(_ runner: StageRunner<S>) where S: ~Copyable { self.init(services: [runner], progress: [runner.progress]) }

    mutating func add<S>(_ runner: StageRunner<S>) where S: ~Copyable {
        services.append(runner)
        progress.append(runner.progress)
    }
}
