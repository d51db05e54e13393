/// A pipeline file: cameras, stages, links and settings.
///
/// Only `name` and `cameras` are required; everything else has the defaults of the settings types.
/// The file's form is described in `docs/operations.md`.
public struct Pipeline: Hashable, Sendable {
    /// Prefix of topics and consumer groups: lower-case letters, digits and dashes.
    public var name: String
    /// IANA name, for example `Europe/Brussels`: what analysts mean by a day and an hour.
    public var timezone = "UTC"
    public var cameras: [PipelineCamera] = []
    /// Nil when the file has no `kafka` section: then stages can only run in one process.
    public var kafka: PipelineKafka?
    public var decode = PipelineDecode()
    public var detect = PipelineDetect()
    public var read = PipelineRead()
    public var track = PipelineTrack()
    public var sink = PipelineSink()
    public var database = PipelineDatabase()
    public var custody = PipelineCustody()
    public var retention = PipelineRetention()
    public var http = PipelineHTTP()
    public var log = PipelineLog()

    public init(name: String) { self.name = name }

    public var topics: PipelineTopics { PipelineTopics(name: name) }
}

/// Names on the broker, all under the pipeline's own.
public struct PipelineTopics: Hashable, Sendable {
    public let name: String
    public init(name: String) { self.name = name }

    public var frames: String { "\(name).frames" }
    public var vehicles: String { "\(name).vehicles" }
    public var reads: String { "\(name).reads" }
    public var passages: String { "\(name).passages" }
    /// Snapshots of open tracks, one record per camera; compacted.
    public var trackState: String { "\(name).track-state" }
    /// Where records of a topic go that a stage can't process.
    public func rejected(_ topic: String) -> String { "\(topic).rejected" }
    /// Those that retention.topics limits. Whole frames have a limit of their own, and snapshots of open tracks are
    /// written over.
    public var streams: [String] { [vehicles, reads, passages].flatMap { [$0, rejected($0)] } }
    /// The consumer group of a stage.
    public func group(_ stage: PipelineStage) -> String { "\(name).\(stage.rawValue)" }
    /// What a stage reads; nil for decode, which reads cameras.
    public func input(of stage: PipelineStage) -> String? {
        switch stage {
        case .decode: nil
        case .detect: frames
        case .read: vehicles
        case .track: reads
        case .sink: passages
        }
    }
    /// What a stage writes; nil for sink, which writes to the database.
    public func output(of stage: PipelineStage) -> String? {
        switch stage {
        case .decode: frames
        case .detect: vehicles
        case .read: reads
        case .track: passages
        case .sink: nil
        }
    }
}

/// The stages, in the order in which data flows.
public enum PipelineStage: String, CaseIterable, Comparable, Sendable {
    case decode, detect, read, track, sink

    private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    public static func < (a: PipelineStage, b: PipelineStage) -> Bool { a.place < b.place }

    /// Reads the argument of an option such as `--stages`: names of neighbours, separated by commas.
    ///
    /// - Parameters:
    ///   - option: As messages call it.
    ///   - known: Which stages may be named; neighbours themselves.
    /// - Returns: The stages in the order of the flow.
    /// - Throws: ``PipelineError/problems(_:)`` for an unknown name, a repeated one, or a hole between two.
    public static func neighbours(
        _ text: String, option: String = "--stages", among known: [PipelineStage] = allCases
    ) throws(PipelineError) -> [PipelineStage] {
        func problem(_ what: String) -> PipelineError {
            .problems([
                PipelineProblem(
                    file: option, line: 0, column: 0, code: .unknownStage, what: what,
                    remedy: "name neighbours among \(known.map(\.rawValue).joined(separator: ","))")
            ])
        }
        var stages: [PipelineStage] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = String(part.filter { $0 != " " })
            guard let stage = known.first(where: { $0.rawValue == name }) else {
                throw problem("'\(name)' is not one of them")
            }
            guard !stages.contains(stage) else { throw problem("'\(name)' is named twice") }
            stages.append(stage)
        }
        stages.sort()
        guard let first = stages.first, let last = stages.last, last.place - first.place == stages.count - 1 else {
            throw problem("'\(text)' leaves out a stage between two others")
        }
        return stages
    }
}
