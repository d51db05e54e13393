import Foundation
import Testing
import Traffic

@testable import PostGIS

/// Specifications of pictures; that the renderer takes them is tested with the command.
@Suite struct AnswerPlotTests {
    let day = EventTime(rfc3339: "2026-03-02T06:00:00Z")!
    let north = Camera(id: "ring-north", longitude: 4.35, latitude: 50.88, heading: nil)

    /// The hour so many hours after 7:00 in Brussels.
    func hour(_ hour: Int) -> Moment {
        Moment(time: day + .seconds(3600 * hour), local: "2026-03-02 \(hour < 3 ? "0" : "")\(7 + hour):00:00")
    }

    func flow(_ passages: Int?, at hour: Int, camera: Camera? = nil) -> Flow {
        Flow(camera: camera ?? north, bucket: self.hour(hour), passages: passages, vehicles: passages, read: passages)
    }

    func plot(_ flows: [Flow]) throws -> [String: Any]? {
        let answer = Answer(flows, minimumVehicles: 5, zone: "Europe/Brussels")
        return try parsed(answer.plot(question: "Passages. And more.", period: "2026-03-02", every: .seconds(3600)))
    }

    func parsed(_ text: String?) throws -> [String: Any]? {
        try text.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }

    /// The rows of data of all layers, one after the other.
    func data(_ part: [String: Any]) -> [[String: Any]] {
        let own = (part["data"] as? [String: Any])?["values"] as? [[String: Any]] ?? []
        let parts = (part["vconcat"] ?? part["layer"]) as? [[String: Any]] ?? []
        return own + parts.flatMap(data)
    }

    func title(_ plot: [String: Any]) -> [String] {
        let title = plot["title"] as? [String: Any] ?? [:]
        return [title["text"] as? String ?? ""] + (title["subtitle"] as? [String] ?? [])
    }

    @Test func `a curve breaks where figures are withheld and where nothing was seen, and is never zero there`() throws
    {
        let plot = try #require(try plot([flow(9, at: 0), flow(nil, at: 1), flow(8, at: 2), flow(7, at: 5)]))
        #expect(
            title(plot) == [
                "Passages: ring-north", "2026-03-02, by 1 h, Europe/Brussels",
                "Grey: withheld, fewer than 5 vehicles.",
            ])
        let passages = data(plot).filter { $0["curve"] as? String == "passages" }
        #expect(passages.map { $0["value"] as? Double } == [9, nil, 8, nil, 7])
        // Local time, as the axis shows it, at the middle of the hour.
        let seven = try Date("2026-03-02T07:00:00Z", strategy: .iso8601).timeIntervalSince1970 * 1000
        let halfHours = passages.map { (($0["time"] as? Double ?? 0) - seven) / 1_800_000 }
        #expect(halfHours == [1, 3, 5, 7, 11])
        let grey = data(plot).filter { $0["until"] != nil }
        #expect(grey.map { (($0["time"] as? Double ?? 0) - seven) / 3_600_000 } == [1])
        #expect(grey.map { (($0["until"] as? Double ?? 0) - seven) / 3_600_000 } == [2])
    }

    @Test func `seven cameras have a curve each, and more a map of sums`() throws {
        func flows(_ cameras: Int) -> [Flow] {
            (0..<cameras).flatMap { number in
                let camera = Camera(
                    id: CameraID("camera-\(number)"), longitude: 4.3 + Double(number) / 100, latitude: 50.8,
                    heading: nil)
                return [
                    flow(number == 3 ? nil : 10, at: 0, camera: camera), flow(nil, at: 1, camera: camera),
                    flow(number == 3 ? nil : 20, at: 2, camera: camera),
                ]
            }
        }
        let curves = try #require(try plot(flows(7)))
        #expect(Set(data(curves).compactMap { $0["curve"] as? String }).count == 7)
        let map = try #require(try plot(flows(8)))
        let circles = data(map).filter { $0["amount"] != nil }
        #expect(circles.count == 7 && circles.allSatisfy { $0["amount"] as? Double == 30 })
        // The one without a shown figure has a place, and no size.
        #expect(data(map).contains { $0["longitude"] as? Double == 4.33 && $0["amount"] == nil })
        #expect(title(map).contains("Hollow: withheld, fewer than 5 vehicles."))
        #expect(title(map).contains("Sums over all stretches of time; what is withheld is left out of them."))
    }

    @Test func `speeds are drawn above the counts they rest on, each in its unit`() throws {
        let south = Camera(id: "south", longitude: 4.36, latitude: 50.83, heading: nil)
        let speeds = [0, 1].map { hour in
            RoadSpeed(
                from: north, to: south, bucket: self.hour(hour), trips: 9, vehicles: 9, metres: 500, straight: false,
                meanKmh: 40, p15Kmh: 30,
                p85Kmh: 50, stopped: 0, suppressed: false)
        }
        let answer = Answer(speeds, minimumVehicles: 5, zone: "UTC")
        let text = answer.plot(question: "How fast.", period: "2026-03-02", every: .seconds(3600))
        let plot = try #require(try parsed(text))
        let panels = try #require(plot["vconcat"] as? [[String: Any]])
        #expect(
            panels.map { Set(data($0).compactMap { $0["curve"] as? String }) }
                == [["mean", "p15", "p85"], ["trips", "vehicles", "stopped"]])
        #expect(text?.contains("\"title\":\"km/h\"") == true && text?.contains("local time (UTC)") == true)
        #expect(title(plot)[0] == "How fast: ring-north → south")
    }

    @Test func `a matrix sums what is shown, and leaves white what has no row`() throws {
        func cell(_ origin: String, _ destination: String, _ journeys: Int?, at hour: Int) -> ODCell {
            ODCell(
                origin: origin, destination: destination, bucket: self.hour(hour), journeys: journeys,
                vehicles: journeys, medianSeconds: journeys.map { _ in 60 })
        }
        let answer = Answer(
            [
                cell("z2", "z10", 6, at: 0), cell("z2", "z10", nil, at: 1), cell("z2", "z10", 7, at: 2),
                cell("z10", "z2", nil, at: 0),
            ], corrected: false, minimumVehicles: 5, zone: "UTC")
        let text = answer.plot(question: "Journeys.", period: "2026-03-02", every: .seconds(3600))
        let plot = try #require(try parsed(text))
        let cells = data(plot)
        #expect(cells.map { $0["text"] as? String } == ["<5", "13"])
        #expect(cells.map { $0["value"] as? Double } == [nil, 13])
        #expect(title(plot).contains("White: no journey."))
        // Zone 2 comes before zone 10.
        #expect(text?.contains("\"domain\":[\"z2\",\"z10\"]") == true)
    }

    @Test func `an estimate that is not known is no withheld one`() throws {
        let cells = [("a", 9, 11), ("b", 9, nil), ("c", nil, nil)].map { zone, journeys, estimated in
            ODCell(
                origin: zone, destination: "d", bucket: hour(0), journeys: journeys, vehicles: journeys,
                medianSeconds: nil, estimated: estimated)
        }
        let answer = Answer(cells, corrected: true, minimumVehicles: 5, zone: "UTC")
        let plot = try #require(try parsed(answer.plot(question: "J.", period: "2026-03-02", every: .seconds(3600))))
        #expect(data(plot).map { $0["text"] as? String } == ["11", "?", "<5"])
    }

    @Test func `streets are lines of both directions together`() throws {
        let line = [[4.35, 50.88], [4.36, 50.89], [4.37, 50.89]]
        let flows = [(1, line, 6), (-1, line.reversed(), 7), (2, [line[2], [4.4, 50.9]], 5)].map { edge, line, legs in
            RoadFlow(edge: edge, road: nil, bucket: hour(0), legs: legs, vehiclesAtLeast: legs, line: line)
        }
        let answer = Answer(flows, minimumVehicles: 5, zone: "UTC")
        let plot = try #require(try parsed(answer.plot(question: "Streets.", period: "2026-03-02", every: nil)))
        let amounts = data(plot).compactMap { ($0["properties"] as? [String: Any])?["amount"] as? Double }
        #expect(amounts == [5, 13])
        #expect(title(plot).contains("Both directions together."))
    }

    @Test func `a trace is drawn as the places where the vehicle was seen, by how often, and the lines between them`()
        throws
    {
        let south = Camera(id: "south", longitude: 4.36, latitude: 50.83, heading: nil)
        let steps = [(0, north), (1, south), (2, north)].map { hour, camera in
            TraceStep(
                auditID: 1, seen: self.hour(hour), last: self.hour(hour), camera: camera, kind: nil, direction: nil,
                confidence: 0.5, accepted: true, exact: true,
                passage: PassageID([UInt8](repeating: UInt8(hour), count: 16)), way: nil)
        }
        let answer = Answer(steps, zone: "UTC")
        let plot = try #require(try parsed(answer.plot(question: "Where.", period: "2026-03-02", every: nil)))
        let sights = data(plot).filter { $0["amount"] != nil }
        #expect(sights.map { $0["name"] as? String } == ["ring-north", "south"])
        #expect(sights.map { $0["amount"] as? Double } == [2, 1])
        let lines = data(plot).filter { ($0["properties"] as? [String: Any])?["amount"] != nil }
        #expect(lines.count == 1)
    }

    @Test func `where all is withheld, or nothing is there, nothing is drawn`() throws {
        #expect(try plot([]) == nil)
        #expect(try plot([flow(nil, at: 0), flow(nil, at: 1)]) == nil)
    }
}
