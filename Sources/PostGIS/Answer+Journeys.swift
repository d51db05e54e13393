public import Traffic

extension Answer {
    /// - Parameter k: As ``Questions/minimumVehicles``.
    public init(_ counts: [JourneyCount], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["started", "journeys", "vehicles", "single", "median_seconds", "median_passages"],
            rows: counts.map { count in
                Row([
                    .moment(count.bucket), .count(or: count.journeys), .count(or: count.vehicles),
                    .count(or: count.single), .number(count.medianSeconds, hidden: count.suppressed),
                    .number(count.medianPassages, hidden: count.suppressed),
                ])
            }, minimumVehicles: k, zone: zone)
    }

    /// The column `via` holds the cameras in between, `direct` without one, and `other routes` for those too rare to show.
    public init(_ routes: [Route], from: Camera, to: Camera, minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["from_camera", "via", "to_camera", "trips", "vehicles", "share", "median_seconds"],
            rows: routes.map { route in
                let names = route.via.map { $0.map(\.id.text).joined(separator: " > ") }
                return Row(
                    [
                        .text(from.id.text), .text(names.map { $0.isEmpty ? "direct" : $0 } ?? "other routes"),
                        .text(to.id.text), .count(or: route.trips), .count(or: route.vehicles),
                        .number(or: route.share), .number(or: route.medianSeconds),
                    ], shape: route.via.map { .through([from] + $0 + [to]) })
            }, minimumVehicles: k, zone: zone)
    }

    public init(_ times: [NeighbourTime], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["from_camera", "to_camera", "trips", "vehicles", "median_seconds", "p85_seconds"],
            rows: times.map { time in
                Row(
                    [
                        .text(time.from.id.text), .text(time.to.id.text), .count(time.trips), .count(time.vehicles),
                        .number(time.medianSeconds), .number(time.p85Seconds),
                    ], shape: .between(time.from, time.to))
            }, minimumVehicles: k, zone: zone)
    }
}
