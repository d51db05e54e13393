public import Traffic

extension Answer {
    /// Where cameras stood at a moment, by name; valid_from is `beginning` for a camera's first place.
    public init(_ places: CameraPlaces, at time: EventTime) {
        self.init(
            columns: ["camera", "longitude", "latitude", "heading", "valid_from"],
            rows: places.stays.keys.sorted().compactMap { places.stay($0, at: time) }.map { (stay: CameraPlaces.Stay) in
                let camera = stay.camera
                return Row(
                    [
                        .text(camera.id.text), .degrees(camera.longitude), .degrees(camera.latitude),
                        camera.heading.map { .degrees($0) } ?? .none,
                        stay.from.map { from in
                            .moment(
                                Moment(time: from, local: String(from.rfc3339.prefix(19)).replacing("T", with: " ")))
                        } ?? .text("beginning"),
                    ], shape: .of(camera))
            }, minimumVehicles: 1, zone: "UTC")
    }

    /// - Parameter zones: As ``Questions/zones()``.
    public init(zones: [(name: String, area: String, cameras: Int)]) {
        self.init(
            columns: ["name", "cameras"],
            rows: zones.map { Row([.text($0.name), .count($0.cameras)], shape: .geometry($0.area)) },
            minimumVehicles: 1, zone: "UTC")
    }
}
