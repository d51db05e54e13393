public import ServiceLifecycle
public import StageRunner
import Stages
public import Topics
public import Traffic
public import Vision

/// Cameras of a pipeline file as sources of frames, one thread each.
public enum CameraFeed {
    /// What one source gives for a frame's pixels: as they are within a process, a JPEG over Kafka.
    public typealias Packing<Image: Sendable> = @Sendable (Picture) throws -> Image

    /// The link from cameras to workers: a lane for each worker, and every camera in one lane, so that its records
    /// keep their order.
    public static func lanes(of cameras: [PipelineCamera], workers: Int) -> MemoryLink<StreamRecord<FrameImage>> {
        let lanes = Dictionary(
            uniqueKeysWithValues: cameras.enumerated().map { ($0.element.id, $0.offset % workers) })
        return MemoryLink(name: "frames", capacity: 4, lanes: workers, lane: { lanes[$0.id.camera] ?? 0 })
    }

    /// One source for each camera of the pipeline.
    ///
    /// - Parameters:
    ///   - outlet: Makes a writing end for each.
    ///   - decoded: Told after each frame how many are decoded and how many there will be, if that is known.
    ///   - failed: Told when a source could not be read at all; the other cameras go on.
    public static func runners<Image: Sendable>(
        for pipeline: Pipeline, to outlet: () throws -> any Outlet<StreamRecord<Image>>,
        rejected: () throws -> any Outlet<Rejection>, options: RunnerOptions, progress: StageProgress,
        packing: @escaping Packing<Image>,
        decoded: @escaping @Sendable (CameraID, SourceProgress) -> Void = { _, _ in },
        failed: @escaping @Sendable (CameraID, any Error) -> Void
    ) rethrows -> [any Service] {
        try pipeline.cameras.map { camera in
            runner(
                for: camera, decode: pipeline.decode, to: try outlet(), rejected: try rejected(), options: options,
                progress: progress, packing: packing, decoded: decoded, failed: failed)
        }
    }

    private static func runner<Image: Sendable>(
        for camera: PipelineCamera, decode: PipelineDecode, to outlet: any Outlet<StreamRecord<Image>>,
        rejected: any Outlet<Rejection>, options: RunnerOptions, progress: StageProgress,
        packing: @escaping Packing<Image>, decoded: @escaping @Sendable (CameraID, SourceProgress) -> Void,
        failed: @escaping @Sendable (CameraID, any Error) -> Void
    ) -> SourceRunner<StreamRecord<Image>> {
        SourceRunner("decode", to: outlet, rejected: rejected, options: options, progress: progress) { emitter in
            do {
                let settings = try CameraSourceSettings(camera, decode: decode)
                let source = CameraSource(settings, logger: options.logger)
                try await pull(source, into: emitter, packing: packing, decoded: decoded)
            } catch let error as SourceError {
                // One camera that can't be read must not take the others down.
                failed(camera.id, error)
                try await emitter.reject(
                    camera: camera.id.text, code: String("\(error)".prefix(6)), reason: "\(error)")
            }
        }
    }

    /// A lost live camera keeps `next` waiting, so a stop must reach the source and not only the loop.
    private static func pull<Image: Sendable>(
        _ source: CameraSource, into emitter: SourceEmitter<StreamRecord<Image>>, packing: @escaping Packing<Image>,
        decoded: @escaping @Sendable (CameraID, SourceProgress) -> Void
    ) async throws {
        let camera = source.settings.camera
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                while !emitter.isStopping, let event = try source.next() {
                    switch event {
                    case .record(let record): try await emitter.send(try record.map(packing))
                    case .rejected(let bad, _, _):
                        try await emitter.reject(camera: camera.text, code: bad.code, reason: bad.reason)
                    }
                    decoded(camera, source.progress)
                    for (reason, count) in source.takeTallies() { emitter.tally(reason.description, count) }
                }
            } onGracefulShutdown: {
                source.stop()
            }
        } onCancel: {
            source.stop()
        }
        source.stop()
    }
}

extension CameraSourceSettings {
    public init(_ camera: PipelineCamera, decode: PipelineDecode) throws {
        self.init(
            camera: camera.id, source: try SourceAddress(camera.source.location), started: camera.started,
            framesPerSecond: camera.framesPerSecond, decoderThreads: decode.threads,
            live: LiveSettings(
                openTimeout: decode.openTimeout, readTimeout: decode.readTimeout,
                retry: decode.reconnectFirst...decode.reconnectLast, buffer: decode.queue))
        switch camera.sampling {
        case .all: sampling = .all
        case .perSecond(let rate): sampling = .perSecond(rate)
        }
        if case .share(let share) = camera.motionGate { motion = MotionGate.Settings(area: share) }
    }
}
