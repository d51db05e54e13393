public import Traffic

extension Answer {
    /// - Parameter k: As ``Questions/minimumVehicles``.
    public init(_ counts: [AnomalyCount], minimumVehicles k: Int, zone: String) {
        self.init(
            columns: ["from_camera", "to_camera", "metres", "legs", "vehicles", "highest_kmh"],
            rows: counts.map { count in
                Row(
                    [
                        .text(count.from.id.text), .text(count.to.id.text), .number(count.metres),
                        .count(or: count.legs), .count(or: count.vehicles), .number(or: count.highestKmh),
                    ], shape: .between(count.from, count.to))
            }, minimumVehicles: k, zone: zone)
    }

    /// - Parameter plates: The opened texts of both sights, leg by leg; nil where the day's key was destroyed.
    public init(_ anomalies: [Anomaly], plates: [(from: PlateText?, to: PlateText?)], zone: String) {
        self.init(
            columns: [
                "from_seen", "from_camera", "from_plate", "to_seen", "to_camera", "to_plate", "metres", "seconds",
                "kmh",
            ],
            rows: zip(anomalies, plates).map { anomaly, plate in
                Row(
                    [
                        .moment(anomaly.from.seen), .text(anomaly.from.camera.id.text),
                        plate.from.map { .text($0.text) } ?? .none, .moment(anomaly.to.seen),
                        .text(anomaly.to.camera.id.text), plate.to.map { .text($0.text) } ?? .none,
                        .number(anomaly.metres), .number(anomaly.seconds), .number(anomaly.kmh),
                    ], shape: .between(anomaly.from.camera, anomaly.to.camera))
            }, minimumVehicles: 1, zone: zone)
    }
}
