import Dispatch
public import StageRunner
import Stages
public import Topics
public import Traffic

/// Recorded records through stages, in file order, as fast as they go.
///
/// The outputs are in the order of their inputs, whatever the batch and however many workers share the cameras: the
/// same recording gives the same bytes. A record that repeats one seen before is skipped, as the stages' own loop
/// does; one that can't be processed is counted by its code and becomes a record of `<topic>.rejected`. At the end of
/// the recording the tracks that are still open are closed.
public struct Replay {
    /// What a replay did.
    public struct Counts: Equatable, Sendable {
        public var records = 0, repeated = 0
        /// Boxes of vehicles and plates in what the first stage took; a frame for detect counts as none.
        public var detections = 0
        /// Plates that were to be read, and those of them that no picture shows.
        public var plates = 0, platesWithoutImage = 0
        public var passages = 0
        public var rejected: [String: Int] = [:]

        public init() {}
    }

    /// What came of a batch, in the order of its records.
    public struct Outputs: Sendable {
        /// Records of each replayed stage's output topic.
        public var records: [RecordedRecord] = []
        public var passages: [Passage] = []
    }

    /// Neighbours among detect, read and track.
    public let stages: [PipelineStage]
    public let topics: PipelineTopics
    /// Records in one round; workers wait for each other at its end.
    public let batch: Int
    /// Workers that share the cameras, each camera with one of them.
    public let partitions: Int
    /// Whether outputs are also wanted as records; passages are given in any case.
    public let encodes: Bool

    public init(
        through stages: [PipelineStage], topics: PipelineTopics, batch: Int = 256, partitions: Int = 1, encodes: Bool
    ) {
        precondition(batch > 0 && partitions > 0, "a replay has a batch and a worker")
        precondition(
            !stages.isEmpty && stages.allSatisfy { (.detect ... .track).contains($0) },
            "only detect, read and track can be replayed")
        self.stages = stages
        self.topics = topics
        self.batch = batch
        self.partitions = partitions
        self.encodes = encodes
    }

    /// The topic that the first stage reads.
    public var input: String { topics.input(of: stages[0]) ?? topics.frames }

    /// - Parameters:
    ///   - make: The stages of one worker; called `partitions` times.
    ///   - next: The next record of ``input``; nil at the end.
    ///   - write: Told of each round's outputs.
    public func run(
        make: () throws -> ReplaySteps, next: () throws -> Record?, write: (Outputs, Counts) throws -> Void
    ) throws -> Counts {
        let workers = try (0..<partitions).map { _ in
            ReplayWorker(try make(), stages: stages, topics: topics, encodes: encodes)
        }
        var counts = Counts()
        var places: [String: Int] = [:]
        var isOver = false
        while !isOver {
            var rounds = [[(place: Int, record: Record)]](repeating: [], count: partitions)
            for place in 0..<batch {
                guard let record = try next() else {
                    isOver = true
                    break
                }
                let key = record.key ?? ""
                let worker = places[key] ?? places.count % partitions
                places[key] = worker
                rounds[worker].append((place, record))
                counts.records += 1
            }
            try write(Self.round(workers, rounds, isLast: isOver), Self.sum(counts, workers))
        }
        return Self.sum(counts, workers)
    }

    private static func round(
        _ workers: [ReplayWorker], _ rounds: [[(place: Int, record: Record)]], isLast: Bool
    ) -> Outputs {
        if workers.count == 1 {
            workers[0].process(rounds[0], isLast: isLast)
        } else {
            DispatchQueue.concurrentPerform(iterations: workers.count) { index in
                workers[index].process(rounds[index], isLast: isLast)
            }
        }
        var outputs = Outputs()
        let made = workers.flatMap(\.made)
        for (_, _, made) in made.sorted(by: { ($0.place, $0.camera) < ($1.place, $1.camera) }) {
            outputs.records += made.records
            outputs.passages += made.passages
        }
        return outputs
    }

    private static func sum(_ counts: Counts, _ workers: [ReplayWorker]) -> Counts {
        workers.reduce(into: counts) { sum, worker in
            sum.repeated += worker.counts.repeated
            sum.detections += worker.counts.detections
            sum.plates += worker.counts.plates
            sum.platesWithoutImage += worker.counts.platesWithoutImage
            sum.passages += worker.counts.passages
            sum.rejected.merge(worker.counts.rejected, uniquingKeysWith: +)
        }
    }
}
