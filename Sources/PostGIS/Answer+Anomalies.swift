import Traffic

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

    public init(_ anomalies: [Anomaly], zone: String) {
        self.init(
            columns: [
                "from_seen", "from_camera", "to_seen", "to_camera", "metres", "seconds", "kmh", "from_passage",
                "to_passage",
            ],
            rows: anomalies.map { anomaly in
                Row(
                    [
                        .moment(anomaly.from.seen), .text(anomaly.from.camera.id.text), .moment(anomaly.to.seen),
                        .text(anomaly.to.camera.id.text), .number(anomaly.metres), .number(anomaly.seconds),
                        .number(anomaly.kmh), .text(anomaly.from.reference.text), .text(anomaly.to.reference.text),
                    ], shape: .between(anomaly.from.camera, anomaly.to.camera))
            }, minimumVehicles: 1, zone: zone)
    }
}
