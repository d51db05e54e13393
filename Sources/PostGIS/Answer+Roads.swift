import Traffic

extension Answer {
    /// - Parameter k: As ``Questions/minimumVehicles``.
    public init(_ speeds: [RoadSpeed], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: [
                "from_camera", "to_camera", "departed", "trips", "vehicles", "metres", "straight", "mean_kmh",
                "p15_kmh",
                "p85_kmh", "stopped",
            ],
            rows: speeds.map { speed in
                Row(
                    [
                        .text(speed.from.id.text), .text(speed.to.id.text), .moment(speed.bucket),
                        .count(or: speed.trips),
                        .count(or: speed.vehicles), .number(speed.metres), .truth(speed.straight),
                        .number(speed.meanKmh, hidden: speed.suppressed),
                        .number(speed.p15Kmh, hidden: speed.suppressed),
                        .number(speed.p85Kmh, hidden: speed.suppressed), .count(or: speed.stopped),
                    ], shape: .between(speed.from, speed.to))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ speeds: [SpotSpeed], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: [
                "camera", "from", "passages", "vehicles", "measured", "unmeasured", "mean_kmh", "median_kmh", "p85_kmh",
                "stopped_share", "mean_stopped_seconds",
            ],
            rows: speeds.map { speed in
                // Where nothing was measured there is nothing to withhold.
                let hidden = speed.suppressed && speed.measured != 0
                return Row(
                    [
                        .text(speed.camera.id.text), .moment(speed.bucket), .count(or: speed.passages),
                        .count(or: speed.vehicles), .count(or: speed.measured), .count(or: speed.unmeasured),
                        .number(speed.meanKmh, hidden: hidden), .number(speed.medianKmh, hidden: hidden),
                        .number(speed.p85Kmh, hidden: hidden), .number(speed.stoppedShare, hidden: speed.suppressed),
                        .number(speed.meanStoppedSeconds, hidden: speed.suppressed),
                    ], shape: .of(speed.camera))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ flows: [RoadFlow], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["road", "edge", "departed", "legs", "vehicles_at_least"],
            rows: flows.map { flow in
                Row(
                    [
                        flow.road.map { .count($0) } ?? .none, .count(flow.edge), .moment(flow.bucket),
                        .count(flow.legs), .count(flow.vehiclesAtLeast),
                    ], shape: .line(flow.line))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ courses: [Course], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["camera", "sector", "passages", "vehicles"],
            rows: courses.map { course in
                Row(
                    [
                        .text(course.camera.id.text), .text(course.sector), .count(or: course.passages),
                        .count(or: course.vehicles),
                    ], shape: .of(course.camera))
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ dwells: [Dwell], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: [
                "camera", "passages", "vehicles", "median_seconds", "p95_seconds", "mean_stopped_seconds", "parked",
            ],
            rows: dwells.map { dwell in
                Row(
                    [
                        .text(dwell.camera.id.text), .count(dwell.passages), .count(dwell.vehicles),
                        .number(dwell.medianSeconds), .number(dwell.p95Seconds),
                        .number(dwell.meanStoppedSeconds, hidden: dwell.suppressed), .count(dwell.parked),
                    ], shape: .of(dwell.camera))
            }, minimumVehicles: k, zone: zone)
    }
}
