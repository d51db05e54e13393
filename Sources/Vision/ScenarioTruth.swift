internal import Foundation
public import Traffic

/// One line of `truth.jsonl`: who is in which frames of which clip, and where its plate is.
public struct ScenarioTruth: Sendable, Equatable {
    public var camera: CameraID
    public var vehicle: Int
    public var plate: String
    /// Whether a person could read the plate in some frame.
    public var readable: Bool
    public var vehicleClass: String
    public var lane: Int
    public var firstFrame, lastFrame: Int
    /// Seconds since 1970 UTC.
    public var firstSeen, lastSeen: Double
    /// One upright box around the plate for each frame from first to last.
    public var plateBoxes: [Box]

    /// One line of JSON, without its end. Boxes are rounded to a tenth of a pixel.
    public var json: String {
        let tenth = { (value: Double) in String(format: "%.1f", value) }
        let boxes = plateBoxes.map { "[\(tenth($0.x)), \(tenth($0.y)), \(tenth($0.width)), \(tenth($0.height))]" }
        return """
            {"camera": "\(camera)", "vehicle": \(vehicle), "plate": "\(plate)", "readable": \(readable), \
            "class": "\(vehicleClass)", "lane": \(lane), "first_frame": \(firstFrame), "last_frame": \(lastFrame), \
            "first_seen": \(String(format: "%.3f", firstSeen)), "last_seen": \(String(format: "%.3f", lastSeen)), \
            "plate_boxes": [\(boxes.joined(separator: ", "))]}
            """
    }
}

extension Scenario {
    /// Where a visit's plate is in a frame; nil where it is not wholly in the picture or under 3.5% of its width.
    func plate(_ visit: Visit, frame: Int, view: ScenarioView) -> Quadrilateral? {
        let time = Double(frame) / Double(settings.framesPerSecond)
        guard let corners = plateCorners(visit, at: time, view: view) else { return nil }
        let box = corners.bounds, margin = 2.0
        let inside =
            box.x >= margin && box.y >= margin && box.maxX <= Double(settings.width) - margin
            && box.maxY <= Double(settings.height) - margin
        return inside && box.width >= 0.035 * Double(settings.width) ? corners : nil
    }

    /// The plate's corners wherever they fall; nil behind the camera.
    func plateCorners(_ visit: Visit, at time: Double, view: ScenarioView) -> Quadrilateral? {
        let vehicle = vehicles[visit.vehicle]
        let local = BodyShape(vehicle.body).plateCorners(vehicle, front: sites[visit.site].approaching)
        let origin = position(visit, at: time)
        guard origin.z > 0, let seen = view.outline(local.map { $0 + origin }) else { return nil }
        return Quadrilateral(topLeft: seen[0], topRight: seen[1], bottomRight: seen[2], bottomLeft: seen[3])
    }

    /// Where the middle of the vehicle's near end touches the road.
    func position(_ visit: Visit, at time: Double) -> SIMD3<Double> {
        SIMD3(visit.lane == 0 ? -Self.laneOffset : Self.laneOffset, 0, distance(visit, at: time))
    }

    /// The camera's view in one frame, its shake included.
    func view(site: Int, frame: Int) -> ScenarioView {
        let offset = shake(site: site, frame: frame)
        return view(site: site).moved(x: offset.x, y: offset.y)
    }

    func shake(site: Int, frame: Int) -> Point {
        let shake = ScenarioShake(seed: settings.seed, camera: sites[site].camera.id.text)
        let offset = shake.offset(at: Double(frame) / Double(settings.framesPerSecond))
        let scale = Double(settings.width) / 1280
        return Point(x: offset.x * scale, y: offset.y * scale)
    }

    /// The truth about every visit, in the order of ``visits``.
    public func truth() -> [ScenarioTruth] {
        visits.compactMap { visit in
            let frames = (0..<framesPerClip).compactMap { frame in
                plate(visit, frame: frame, view: view(site: visit.site, frame: frame)).map { (frame, $0.bounds) }
            }
            guard let first = frames.first?.0, let last = frames.last?.0, last - first + 1 == frames.count else {
                return nil
            }
            let vehicle = vehicles[visit.vehicle], site = sites[visit.site]
            let seconds = { (frame: Int) in Double(site.started) + Double(frame) / Double(settings.framesPerSecond) }
            return ScenarioTruth(
                camera: site.camera.id, vehicle: vehicle.number, plate: vehicle.plate,
                readable: vehicle.hangs == .straight, vehicleClass: vehicle.body.name, lane: visit.lane,
                firstFrame: first, lastFrame: last, firstSeen: seconds(first), lastSeen: seconds(last),
                plateBoxes: frames.map(\.1))
        }
    }

    /// Raised with every change of the drawing, so that clips of an earlier one are rendered anew.
    static let drawing = 1

    /// The whole of `cameras.json`.
    public func camerasJSON() -> String {
        let cameras = sites.map { site in
            """
              {
               "id": "\(site.camera.id)",
               "source": "\(site.camera.id).mp4",
               "longitude": \(site.camera.longitude),
               "latitude": \(site.camera.latitude),
               "heading": \(Int(site.camera.heading ?? 0)),
               "started": \(site.started),
               "frames": \(framesPerClip),
               "fps": \(settings.framesPerSecond)
              }
            """
        }
        return """
            {
             "rendered": true,
             "cameras": [
            \(cameras.joined(separator: ",\n"))
             ],
             "vehicles": \(vehicles.count),
             "visits": \(truth().count),
             "simulation": {"drawing": \(Self.drawing), "seed": \(settings.seed), "cameras": \(settings.cameras), \
            "vehicles": \(settings.vehicles), "seconds": \(settings.seconds), "width": \(settings.width), \
            "height": \(settings.height), "fps": \(settings.framesPerSecond)}
            }

            """
    }
}
