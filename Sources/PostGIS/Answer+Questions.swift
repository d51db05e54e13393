public import Traffic

extension Answer {
    /// - Parameter k: As ``Questions/minimumVehicles``.
    public init(_ flows: [Flow], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["camera", "from", "passages", "vehicles", "read", "covered"],
            rows: flows.map { flow in
                Row(
                    [
                        .text(flow.camera.id.text), .moment(flow.bucket), .count(or: flow.passages),
                        .count(or: flow.vehicles), .count(or: flow.read), .share(or: flow.covered),
                    ], shape: .of(flow.camera))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ coverage: [CoverageShare], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["camera", "from", "covered", "frames", "gaps", "longest_gap_seconds", "recorded"],
            rows: coverage.map { part in
                Row(
                    [
                        .text(part.camera.id.text), .moment(part.bucket), .share(part.covered), .count(part.frames),
                        .count(part.gaps), .number(part.longestGapSeconds), .truth(part.isRecorded),
                    ], shape: .of(part.camera))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ times: [TravelTime], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: [
                "from_camera", "to_camera", "departed", "trips", "vehicles", "median_seconds", "p85_seconds", "stopped",
            ],
            rows: times.map { time in
                Row(
                    [
                        .text(time.from.id.text), .text(time.to.id.text), .moment(time.bucket), .count(or: time.trips),
                        .count(or: time.vehicles), .number(or: time.medianSeconds), .number(or: time.p85Seconds),
                        .count(or: time.stopped),
                    ], shape: .between(time.from, time.to))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ passing: [Passing], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["camera", "passages", "vehicles"],
            rows: passing.map { row in
                Row(
                    [
                        row.camera.map { .text($0.id.text) } ?? .text("all cameras"), .count(or: row.passages),
                        .count(or: row.vehicles),
                    ], shape: row.camera.map(Shape.of))
            }, minimumVehicles: k, zone: zone)
    }

    /// - Parameters:
    ///   - corrected: Whether estimates were asked for.
    ///   - k: As ``Questions/minimumVehicles``.
    public init(_ cells: [ODCell], corrected: Bool, minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["origin", "destination", "departed", "journeys", "vehicles", "median_seconds"]
                + (corrected ? ["estimated"] : []),
            rows: cells.map { cell in
                // Where the count is shown, an estimate that is missing isn't known.
                let estimate = cell.journeys == nil ? Value.withheld : cell.estimated.map(Value.count) ?? .none
                return Row(
                    [
                        .text(cell.origin), .text(cell.destination), .moment(cell.bucket), .count(or: cell.journeys),
                        .count(or: cell.vehicles), .number(or: cell.medianSeconds),
                    ] + (corrected ? [estimate] : []))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ both: Both, from: Camera, to: Camera, minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["first_camera", "second_camera", "trips", "vehicles", "median_seconds"],
            rows: [
                Row(
                    [
                        .text(from.id.text), .text(to.id.text), .count(or: both.trips), .count(or: both.vehicles),
                        .number(or: both.medianSeconds),
                    ], shape: .between(from, to))
            ], minimumVehicles: k, zone: zone)
    }

    public init(_ steps: [TraceStep], zone: String) {
        self.init(
            columns: [
                "seen", "last_seen", "camera", "match", "confidence", "accepted", "class", "direction", "passage",
            ],
            rows: steps.map { step in
                Row(
                    [
                        .moment(step.seen), .moment(step.last), .text(step.camera.id.text),
                        .text(step.exact ? "exact" : "look-alike"),
                        .number((step.confidence * 1000).rounded() / 1000), .truth(step.accepted),
                        step.kind.map { .text($0.rawValue) } ?? .none,
                        step.direction.map { .text($0.rawValue) } ?? .none, .text(step.reference.text),
                    ], shape: .of(step.camera))
            }, minimumVehicles: 1, zone: zone)
        linkColumns = ["from_camera", "to_camera", "departed", "arrived", "seconds", "metres"]
        links = zip(steps, steps.dropFirst()).filter { $0.camera.id != $1.camera.id }.map { one, next in
            Row(
                [
                    .text(one.camera.id.text), .text(next.camera.id.text), .moment(one.seen), .moment(next.seen),
                    .number((next.seen.time - one.seen.time).inSeconds), next.way.map { .number($0.metres) } ?? .none,
                ], shape: next.way.map { .line($0.line) } ?? .between(one.camera, next.camera))
        }
    }
}

extension Answer.Value {
    static func share(or share: Double?) -> Answer.Value { share.map { .share($0) } ?? .none }
    static func count(or count: Int?) -> Answer.Value { count.map { .count($0) } ?? .withheld }
    static func number(or number: Double?) -> Answer.Value { number.map { .number($0) } ?? .withheld }
    /// A figure that can be absent without being withheld, as where nothing was measured.
    static func number(_ number: Double?, hidden: Bool) -> Answer.Value {
        number.map { .number($0) } ?? (hidden ? .withheld : .none)
    }
}

extension Answer.Shape {
    static func of(_ camera: Camera) -> Answer.Shape { .point(camera.longitude, camera.latitude) }
    static func between(_ a: Camera, _ b: Camera) -> Answer.Shape { .through([a, b]) }
    static func through(_ cameras: [Camera]) -> Answer.Shape { .line(cameras.map { [$0.longitude, $0.latitude] }) }
}
