import Foundation
public import Logging
public import StageRunner
public import Stages
public import Vision

/// Recipes for the stages that touch pixels, made from a pipeline file.
///
/// Everything that can be wrong about models and grammars is found here, before a stage starts.
public struct VisionStages: Sendable {
    private let detect: PipelineDetect
    private let finder: FinderRecipe
    private let reader: PlateReaderRecipe

    /// Logs the back end and the models in use, once.
    public init(_ pipeline: Pipeline, home: GantryHome, logger: Logger) throws {
        OpenCV.setThreads(1)
        detect = pipeline.detect
        let store = try ModelStore.standard(home: home.directory)
        var settings = FinderSettings()
        settings.vehicles = detect.vehicles
        settings.plates = detect.plates
        settings.faces = detect.faces
        settings.threads = detect.threads
        settings.vehicleScore = detect.vehicleScore
        settings.plateScore = detect.plateScore
        settings.faceScore = detect.faceScore
        switch detect.backend {
        case .auto: settings.backend = .auto
        case .openvino: settings.backend = .openvino
        case .opencv: settings.backend = .opencv
        }
        finder = try FinderRecipe(settings, store: store, home: home.directory)
        reader = try PlateReaderRecipe(ReaderSettings(pipeline.read), store: store)
        logger.info(
            "models",
            metadata: [
                "backend": "\(finder.backend)", "vehicles": "\(finder.vehicles.name)",
                "plates": "\(finder.plates.name)", "faces": "\(finder.faces.name)", "reader": "\(reader.model.path)",
            ])
    }

    /// How often each network, and the reader's, has run so far, over all workers.
    public var calls: [ModelTask: Int] { finder.calls.byTask.merging(reader.calls.byTask, uniquingKeysWith: +) }

    /// The bare networks and the bare reader, for the benchmark.
    public func makeFinder() throws -> ObjectFinder { try finder.makeFinder() }
    public func makeReader() throws -> TesseractReader { try reader.makeReader() }

    /// What is known about plates; shared by all workers.
    public var interpreter: ReadInterpreter { reader.interpreter }

    /// The back end and why it was chosen.
    public var backend: InferenceBackend { finder.backend }
    public var models: [InstalledModel] { [finder.vehicles, finder.plates, finder.faces] }

    /// The name of the reader's model.
    public var readerModel: String { reader.model.deletingPathExtension().lastPathComponent }

    /// Workers for so many cameras: never more than cameras, for a camera belongs to one worker.
    public func workers(for cameras: Int) -> Int {
        max(1, min(cameras, detect.workers ?? ProcessInfo.processInfo.activeProcessorCount))
    }

    /// Loads the networks: 0.2 to 0.6 s.
    public func makeDetect() throws -> Detect<ObjectFinder> {
        Detect(finder: try finder.makeFinder(), settings: DetectSettings())
    }

    /// Loads the reader: about 0.1 s.
    public func makeRead() throws -> Read<TesseractReader> { try reader.makeStage() }
}

extension ReaderSettings {
    public init(_ read: PipelineRead) {
        self.init()
        reader = read.reader
        model = read.model
        grammars = read.grammars.map { URL(filePath: $0) }
        abstain = read.abstain
    }
}
