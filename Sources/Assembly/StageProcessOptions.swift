public import ArgumentParser
public import Logging
public import StageRunner

/// What every stage executable is told. How data flows is in the pipeline file; these say how this process behaves.
public struct StageProcessOptions: ParsableArguments {
    @Option(help: "Pipeline file that names the topics this stage reads and writes.")
    public var pipeline: String
    @Option(help: "Port of /metrics, /health and /ready on 127.0.0.1 in place of the file's; 0 for none.")
    public var httpPort: UInt16?
    @Option(help: "trace, debug, info, notice, warning, error or critical, in place of the file's.")
    public var logLevel: String?
    @Option(help: "text or json, in place of the file's.")
    public var logFormat: String?

    public init() {}

    public func validate() throws {
        if let logLevel, Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("'\(logLevel)' is no log level")
        }
        if let logFormat, LogFormat(rawValue: logFormat) == nil {
            throw ValidationError("'\(logFormat)' is no log format: text or json")
        }
    }

    /// Runs until the stages end or a signal stops them: the first finishes the batch, a second exits at once.
    ///
    /// - Parameter make: Builds the loops, once Kafka answers and its topics exist.
    public func run(
        _ name: String, cameras: PipelineCameraList = .elsewhere,
        make: (Pipeline, KafkaLinks, GantryHome, Logger) throws -> StageServices
    ) async throws {
        let file = try Pipeline(contentsOf: pipeline, cameras: cameras)
        let registry = StageProcess.bootstrap(
            log: LogFormat(rawValue: logFormat ?? file.log.format.rawValue) ?? .text,
            level: Logger.Level(rawValue: logLevel ?? file.log.level.rawValue) ?? .info)
        try await StageServices.run(
            file, name: name, httpPort: httpPort ?? UInt16(file.http.port), metrics: registry, make: make)
    }
}

extension StageServices {
    /// Waits for Kafka, builds the loops and runs them.
    public static func run(
        _ pipeline: Pipeline, name: String, httpPort: UInt16, metrics: PrometheusRegistry,
        make: (Pipeline, KafkaLinks, GantryHome, Logger) throws -> StageServices
    ) async throws {
        let logger = Logger(label: name)
        let kafka = try KafkaLinks(pipeline, logger: logger)
        let created = try await kafka.prepare()
        if !created.isEmpty { logger.notice("created topics", metadata: ["topics": "\(created)"]) }
        let made = try make(pipeline, kafka, try GantryHome.find(), logger)
        let status = httpPort == 0 ? nil : StatusServer(port: httpPort, metrics: metrics, stages: made.progress)
        try await StageProcess.run(made.services, logger: logger, status: status)
        logger.notice("stopped")
    }
}
