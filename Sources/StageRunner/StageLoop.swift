import Logging
import Stages
public import Topics
import Traffic

/// One turn of a stage's loop after another, with all it has to remember between them.
struct StageLoop<S: Stage & SendableMetatype & ~Copyable>: ~Copyable where S.Input: CameraRecord {
    private var stage: S
    private let outlet: any Outlet<S.Output>
    private let rejected: any Outlet<Rejection>
    private let hooks: StateHooks<S>?
    private let options: RunnerOptions
    private let metrics: StageMetrics

    private var filter = RepeatFilter()
    /// The next offset to read, of each partition with work that is done but not committed.
    private var uncommitted: [Partition: Int64] = [:]
    /// Which partition each camera's records come from; empty for in-process links.
    private var homes: [CameraID: Partition] = [:]
    /// Cameras whose state has changed since the last checkpoint.
    private var changed: Set<CameraID> = []
    /// Records below these offsets are inside the restored state.
    private var restored: [CameraID: Int64] = [:]
    private var sinceCheckpoint = 0
    private var lastCheckpoint = ContinuousClock.now

    init(
        stage: consuming S, outlet: any Outlet<S.Output>, rejected: any Outlet<Rejection>, hooks: StateHooks<S>?,
        options: RunnerOptions, metrics: StageMetrics
    ) {
        self.stage = stage
        self.outlet = outlet
        self.rejected = rejected
        self.hooks = hooks
        self.options = options
        self.metrics = metrics
    }

    /// - Returns: Whether that was the last event.
    mutating func handle(_ event: InletEvent<S.Input>, inlet: any Inlet<S.Input>) async throws -> Bool {
        switch event {
        case .batch(let deliveries):
            try await process(deliveries)
            if hooks == nil || sinceCheckpoint >= options.checkpointRecords || isDue { try await checkpoint(inlet) }
        case .idle:
            if isDue { try await checkpoint(inlet) }
        case .assigned(let assignments):
            try await adopt(assignments)
        case .revoked(let partitions):
            try await checkpoint(inlet)
            release(partitions)
        case .lost(let partitions):
            release(partitions)
        case .end:
            try await checkpoint(inlet)
            return true
        }
        return false
    }

    private var isDue: Bool {
        !uncommitted.isEmpty && lastCheckpoint.duration(to: .now) >= options.checkpointInterval
    }

    private mutating func process(_ deliveries: [Delivery<S.Input>]) async throws {
        var outputs: [S.Output] = []
        var rejections: [Rejection] = []
        metrics.took(deliveries.count)
        for delivery in deliveries {
            process(delivery, &outputs, &rejections)
            // In process there is nothing to commit, so nothing is gained by holding results back.
            if delivery.position == nil { try await pass(&outputs, &rejections) }
        }
        try await pass(&outputs, &rejections)
        metrics.tallied(stage.takeTallies())
        for delivery in deliveries {
            guard let position = delivery.position else { continue }
            uncommitted[position.partition] = position.offset + 1
        }
        sinceCheckpoint += deliveries.count
    }

    private mutating func process(
        _ delivery: Delivery<S.Input>, _ outputs: inout [S.Output], _ rejections: inout [Rejection]
    ) {
        func reject(_ code: String, _ reason: String, camera: CameraID?) {
            rejections.append(
                Rejection(
                    code: code, reason: reason, stage: metrics.progress.stage, position: delivery.position,
                    original: delivery.record ?? Record(key: camera?.text, value: [])))
        }
        switch delivery.content {
        case .undecodable(let code, let reason): reject(code, reason, camera: nil)
        case .value(let input):
            let camera = input.camera
            if let position = delivery.position {
                if let done = restored[camera], position.offset < done { return metrics.repeated(1) }
                homes[camera] = position.partition
            }
            if let mark = input.mark, filter.isRepeat(camera, mark) { return metrics.repeated(1) }
            changed.insert(camera)
            let start = ContinuousClock.now
            do { outputs += try stage.process(input) } catch {
                let (code, reason) = Rejection.cause(of: error)
                reject(code, reason, camera: camera)
            }
            metrics.spent(start.duration(to: .now))
        }
    }

    /// Writes what there is and returns once it is acknowledged.
    private func pass(_ outputs: inout [S.Output], _ rejections: inout [Rejection]) async throws {
        if !outputs.isEmpty {
            let refusals = try await outlet.send(outputs)
            metrics.gave(outputs.count - refusals.count)
            for refusal in refusals {
                let camera = (outputs[refusal.index] as? any CameraRecord)?.camera
                rejections.append(
                    Rejection(
                        code: refusal.code, reason: refusal.reason, stage: metrics.progress.stage, position: nil,
                        original: Record(key: camera?.text, value: [])))
            }
            outputs = []
        }
        if !rejections.isEmpty {
            for rejection in rejections { metrics.refused(rejection) }
            try await rejected.send(rejections)
            rejections = []
        }
    }

    /// Snapshots first, then the commit: a successor may find a snapshot ahead of the commit, never one behind it.
    private mutating func checkpoint(_ inlet: any Inlet<S.Input>) async throws {
        defer {
            sinceCheckpoint = 0
            lastCheckpoint = .now
        }
        guard !uncommitted.isEmpty else { return }
        var positions: [Assignment] = []
        for (partition, next) in uncommitted.sorted(by: { $0.key < $1.key }) {
            var note = ""
            if let hooks {
                let cameras = changed.filter { homes[$0] == partition }.sorted()
                let snapshots = cameras.map { camera in
                    Snapshot(
                        key: camera.text, inputOffset: next, marks: filter[camera],
                        state: hooks.snapshot(stage, camera))
                }
                note = try await hooks.store.save(snapshots, partition: partition.number)
            }
            positions.append(Assignment(partition: partition, start: next, note: note))
        }
        try await inlet.commit(positions)
        uncommitted = [:]
        changed = []
    }

    private mutating func adopt(_ assignments: [Assignment]) async throws {
        let list = assignments.map { "\($0.partition) from \($0.start.map(String.init) ?? "the oldest")" }
        options.logger.info(
            "partitions assigned", metadata: ["stage": "\(metrics.progress.stage)", "partitions": "\(list)"])
        guard let hooks else { return }
        for assignment in assignments {
            for snapshot in try await hooks.store.newest(
                partition: assignment.partition.number, note: assignment.note)
            {
                let camera = CameraID(snapshot.key)
                if let state = snapshot.state {
                    try hooks.restore(&stage, camera, state)
                } else {
                    hooks.forget(&stage, camera)
                }
                filter[camera] = snapshot.marks
                restored[camera] = snapshot.inputOffset
                homes[camera] = assignment.partition
            }
        }
    }

    /// Forgets what belongs to partitions that another process owns from now on.
    private mutating func release(_ partitions: [Partition]) {
        options.logger.info(
            "partitions released", metadata: ["stage": "\(metrics.progress.stage)", "partitions": "\(partitions)"])
        for partition in partitions {
            uncommitted[partition] = nil
            for camera in homes.filter({ $0.value == partition }).keys {
                hooks?.forget(&stage, camera)
                filter[camera] = []
                restored[camera] = nil
                homes[camera] = nil
                changed.remove(camera)
            }
        }
    }
}

extension Rejection {
    /// The code and the reason of any error: its own, or what its description begins with.
    public static func cause(of error: any Error) -> (code: String, reason: String) {
        if let bad = error as? BadRecord { return (bad.code, bad.reason) }
        if let coded = error as? any CodedError { return (coded.code, coded.reason) }
        let text = "\(error)"
        if let match = text.prefixMatch(of: #/([A-Z]{3}[0-9]{3}) /#) {
            return (String(match.1), String(text[match.range.upperBound...]))
        }
        return ("RUN100", "the stage failed without a code: \(text)")
    }
}
