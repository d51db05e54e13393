import Custody
import Fixtures
import Foundation
import PostGIS
import Testing
import Traffic

/// `gantry query` as its user runs it.
@Suite final class QueryCommandTests {
    let database: TestDatabase
    let folder = URL(filePath: "/tmp/gantry-query-\(UUID().uuidString.prefix(8))")

    init() throws {
        database = try TestDatabase()
        _ = try database.sink().write(
            City.passages(0..<20) + [
                City.passage("canal-bridge", at: City.moment("2026-03-02T08:10:00Z"), plate: "GAN1003"),
                City.passage("station-south", at: City.moment("2026-03-02T08:20:00Z"), plate: "GAN1003"),
                City.passage("ring-north", at: City.moment("2026-03-02T09:30:00Z"), plate: "GAN1003"),
            ])
        try LegKeeper(database: database.address).finish()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try AuditLog(database: database.address).setMinimumVehicles(5)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func query(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, errors: String, output: String) {
        try gantry(["query"] + arguments, environment: environment)
    }

    func gantry(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, errors: String, output: String) {
        try database.gantry(arguments, environment: environment)
    }

    @Test func `pictures of every kind are drawn, and say what was asked and what is withheld`() throws {
        for kind in ["png", "svg", "html", "vl.json"] {
            let made = try query(["flows", "--day", "2026-03-02", "--plot", path("flows.\(kind)")])
            #expect(made.status == 0 && made.errors.isEmpty && made.output.isEmpty, "\(kind): \(made)")
        }
        let png = try Data(contentsOf: folder.appending(path: "flows.png"))
        #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]) && png.count > 10_000)
        let svg = try String(contentsOf: folder.appending(path: "flows.svg"), encoding: .utf8)
        for text in ["Passages and distinct vehicles", "fewer than 5 vehicles", "local time (UTC)", ">ring-north<"] {
            #expect(svg.contains(text), "\(text)")
        }
        // Needs no network.
        let html = try String(contentsOf: folder.appending(path: "flows.html"), encoding: .utf8)
        #expect(
            html.contains("fewer than 5 vehicles")
                && html.range(of: "<script[^>]* src=", options: .regularExpression) == nil)
        let specification = try Data(contentsOf: folder.appending(path: "flows.vl.json"))
        #expect(try JSONSerialization.jsonObject(with: specification) is [String: Any])
    }

    /// What the standard demands of a moving feature, OGC 19-045r3 section 7.2 and its JSON schema.
    @Test func `a trace is a moving feature of OGC 19-045r3, and stays one that needs authority`() throws {
        let pipeline = path("pipeline.yaml")
        let text = """
            name: city
            custody: {keys: \(database.keys)}
            cameras: [{id: ring-north, source: rtsp://127.0.0.1:1/none, longitude: 4.3499, latitude: 50.8792}]
            """
        try Data(text.utf8).write(to: URL(filePath: pipeline))
        let asked = ["trace", "--plate", "GAN1003", "--pipeline", pipeline, "--format", "mfjson"]
        let purposes = """
            purposes:
              - {name: theft, legal_basis: "invented", alone: 100 years, approved: 100 years}
            """
        try purposes.write(toFile: path("purposes.yaml"), atomically: true, encoding: .utf8)
        #expect(try gantry(["purposes", "import", path("purposes.yaml")]).output.contains("new theft"))
        let investigator = try ["GANTRY_DATABASE": database.login()]
        let refused = try query(asked, environment: investigator)
        #expect(refused.status == 77 && refused.output.isEmpty)
        let made = try query(asked + ["--purpose", "theft", "--case", "2026/117"], environment: investigator)
        #expect(made.status == 0 && made.errors.contains("This look is on record"), "\(made)")

        let feature = try #require(
            try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
        #expect(feature["type"] as? String == "Feature")
        #expect((feature["crs"] as? [String: Any])?["type"] as? String == "Name")
        #expect((feature["trs"] as? [String: Any])?["type"] as? String == "Name")
        let movement = try #require(feature["temporalGeometry"] as? [String: Any])
        #expect(movement["type"] as? String == "MovingPoint" && movement["interpolation"] as? String == "Discrete")
        let datetimes = try #require(movement["datetimes"] as? [String])
        // First and last sight at four places, in rising order without repeats.
        #expect(datetimes.count == 8 && datetimes == Set(datetimes).sorted())
        #expect(datetimes[0] == "2026-03-02T07:30:03.000Z" && datetimes[1] == "2026-03-02T07:30:08.000Z")
        let coordinates = try #require(movement["coordinates"] as? [[Double]])
        let places = City.cameras.map { [$0.longitude, $0.latitude] }
        #expect(coordinates == [0, 0, 1, 1, 2, 2, 0, 0].map { places[$0] })
        #expect(feature["time"] as? [String] == [datetimes[0], datetimes[7]])
        let properties = try #require((feature["temporalProperties"] as? [[String: Any]])?.first)
        #expect(properties["datetimes"] as? [String] == datetimes)
        let camera = try #require(properties["camera"] as? [String: Any])
        #expect(camera["type"] as? String == "Text")
        #expect((camera["values"] as? [String])?.prefix(3) == ["ring-north", "ring-north", "canal-bridge"])
        let confidence = try #require(properties["confidence"] as? [String: Any])
        #expect(confidence["type"] as? String == "Measure" && (confidence["form"] as? String)?.count == 3)
        #expect(confidence["values"] as? [Double] == Array(repeating: 0.75, count: 8))

        let other = try query(["flows", "--day", "2026-03-02", "--format", "mfjson"])
        #expect(other.status == 64 && other.errors.contains("--format mfjson is for trace alone"), "\(other)")
        try FileManager.default.removeItem(atPath: pipeline)
        try FileManager.default.removeItem(atPath: path("purposes.yaml"))
    }

    /// An investigator, and the second person, each with a login of their own.
    @Test func `an old look is refused, approved by another, granted, and a passage of it revealed`() throws {
        let pipeline = path("pipeline.yaml")
        try """
        name: city
        custody: {keys: \(database.keys)}
        cameras: [{id: ring-north, source: rtsp://127.0.0.1:1/none, longitude: 4.3499, latitude: 50.8792}]
        """.write(toFile: pipeline, atomically: true, encoding: .utf8)
        let purposes = "purposes:\n  - {name: theft, legal_basis: invented, alone: 1 day, approved: 100 years}\n"
        try purposes.write(toFile: path("purposes.yaml"), atomically: true, encoding: .utf8)
        let planned = try gantry(["purposes", "import", path("purposes.yaml"), "--dry-run"])
        #expect(planned.status == 0 && planned.output == "new theft\n1 purposes. Nothing was done: --dry-run.\n")
        #expect(try gantry(["purposes", "list", "--format", "csv"]).errors.contains("gantry purposes import"))
        #expect(try gantry(["purposes", "import", path("purposes.yaml")]).status == 0)
        let listed = try gantry(["purposes", "list", "--format", "csv"])
        #expect(listed.output.contains("theft,invented,gantry_investigator,1 day,100 years,50,200,100,200\n"))
        #expect(try gantry(["purposes", "import", path("none.yaml")]).status == 66)
        for wrong in ["purposes: 3", "purposes: [", "purposes: [{name: theft}]"] {
            try wrong.write(toFile: path("purposes.yaml"), atomically: true, encoding: .utf8)
            let refused = try gantry(["purposes", "import", path("purposes.yaml")])
            #expect(refused.status == 65 && refused.errors.hasPrefix("QRY102"), "\(refused)")
        }

        let ada = try ["GANTRY_DATABASE": database.login()]
        let sue = try ["GANTRY_DATABASE": database.login("sue", as: "gantry_supervisor")]
        let under = ["--purpose", "theft", "--case", "2026/117", "--pipeline", pipeline]
        let asked = ["trace", "--plate", "GAN1003", "--day", "2026-03-02", "--format", "json"] + under
        let refused = try query(asked, environment: ada)
        #expect(refused.status == 77 && refused.errors.contains("gantry approve "), "\(refused)")
        let waiting = try gantry(["requests", "--format", "csv"], environment: sue)
        let line = try #require(waiting.output.split(separator: "\n").last)
        #expect(line.contains(",trace,theft,invented,2026/117,2026-03-02T00:00:00.000000Z,"), "\(waiting)")
        let number = String(line.prefix { $0 != "," })
        #expect(refused.errors.contains("gantry approve \(number) "))
        let own = try gantry(["approve", number, "--reason", "seen"], environment: ada)
        #expect(own.status == 69 && own.errors.contains("42501"), "\(own)")
        let approved = try gantry(["approve", number, "--reason", "seen"], environment: sue)
        #expect(approved.status == 0 && approved.output.contains("Request \(number) is approved"), "\(approved)")
        #expect(try gantry(["approve", number, "--reason", "seen"], environment: sue).status == 65)
        #expect(try gantry(["requests"], environment: sue).errors.contains("No look waits"))

        let made = try query(asked, environment: ada)
        #expect(made.status == 0 && !made.output.contains("GAN1003"), "\(made)")
        let steps = try #require(
            try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [[String: Any]])
        let passage = try #require(steps.first?["passage"] as? String)
        let reveal = ["reveal", passage, "--format", "csv"] + under
        let revealed = try gantry(reveal + ["--crop", path("car.jpg")], environment: ada)
        #expect(revealed.status == 0 && revealed.output.contains("\(passage),ring-north,GAN1003\n"), "\(revealed)")
        #expect(revealed.errors.contains("on record") && revealed.errors.contains("no crop"), "\(revealed)")
        #expect(try gantry(["reveal", "x"] + under, environment: ada).status == 64)
        #expect(try gantry(reveal, environment: sue).status == 69)
        let without = try gantry(["reveal", passage, "--pipeline", pipeline], environment: ada)
        #expect(without.status == 77 && without.output.isEmpty, "\(without)")
        let key = try KeyStore(folder: database.keys, create: false)
        try key.destroy(day: Day(City.moment("2026-03-02T07:30:00Z")))
        let destroyed = try gantry(reveal, environment: ada)
        #expect(destroyed.status == 77 && destroyed.errors.contains("CUS105"), "\(destroyed)")
        try FileManager.default.removeItem(atPath: pipeline)
        try FileManager.default.removeItem(atPath: path("purposes.yaml"))
    }

    @Test func `flows and travel times are DATEX II documents, and nothing else is`() throws {
        let flows = try query(["flows", "--day", "2026-03-02", "--format", "datex2"])
        #expect(flows.status == 0, "\(flows)")
        // 20 passages in the first hour; of the other cameras only that they were there.
        #expect(flows.output.contains("<com:vehicleFlowRate>20</com:vehicleFlowRate>"))
        #expect(flows.output.components(separatedBy: "<roa:vehicleFlow ").count == 2)
        #expect(flows.output.components(separatedBy: "id=\"station-south\"").count == 2)
        let pair = ["--from", "canal-bridge", "--to", "station-south"]
        let times = try query(["travel-times", "--day", "2026-03-02", "--format", "datex2"] + pair)
        #expect(times.status == 0 && times.output.contains("id=\"canal-bridge/station-south\""), "\(times)")
        #expect(!times.output.contains("<roa:duration>"))
        let none = try query(["flows", "--day", "2026-03-05", "--format", "datex2"])
        #expect(none.status == 0 && none.output.isEmpty && none.errors.contains("No passage was seen"), "\(none)")
        let other = try query(["speeds", "--day", "2026-03-02", "--format", "datex2"] + pair)
        #expect(other.status == 64 && other.errors.contains("flows and travel-times alone"), "\(other)")
    }

    @Test func `what can't be drawn says why, and leaves no file`() throws {
        let day = ["flows", "--day", "2026-03-02", "--plot"]
        let strange = try query(day + [path("flows.pdf")])
        #expect(strange.status == 64 && strange.errors.contains(".png, .svg, .html or .vl.json"))
        let nowhere = try query(day + [path("nowhere/flows.vl.json")])
        #expect(nowhere.status == 74 && nowhere.errors.contains("RUN301"), "\(nowhere)")
        let withheld = try query(["flows", "--day", "2026-03-02", "--camera", "canal-bridge", "--plot", path("a.svg")])
        #expect(withheld.status == 65 && withheld.errors.contains("PLT101"), "\(withheld)")
        let without = try query(day + [path("b.svg")], environment: ["GANTRY_HOME": folder.path])
        #expect(without.status == 69 && without.errors.contains("PLT102"), "\(without)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    /// Cameras and zones from files, as an operator keeps them, and a question that needs no file of its own afterwards.
    @Test func `cameras are moved from a time on, zones are stored, and od-matrix takes them`() throws {
        let moved = """
            {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "station-south"},
              "geometry": {"type": "Point", "coordinates": [4.34, 50.81]}}]}
            """
        try moved.write(toFile: path("moved.geojson"), atomically: true, encoding: .utf8)
        let undated = try gantry(["cameras", "import", path("moved.geojson")])
        #expect(undated.status == 65 && undated.errors.contains("PLC105"), "\(undated)")
        let dated = ["cameras", "import", path("moved.geojson"), "--from", "2026-03-02T12:00:00Z"]
        let planned = try gantry(dated + ["--dry-run"])
        #expect(planned.status == 0 && planned.output.contains("station-south"), "\(planned)")
        let before = try gantry(["cameras", "list", "--format", "csv"])
        #expect(try gantry(dated).status == 0)
        let after = try gantry(["cameras", "list", "--format", "csv"])
        let then = try gantry(["cameras", "list", "--at", "2026-03-02T11:59:59Z", "--format", "csv"])
        #expect(after.output.contains("4.34,50.81") && !before.output.contains("4.34,50.81"), "\(after)")
        #expect(then.output == before.output)
        #expect(try gantry(dated).output.contains("unchanged"))
        #expect(try gantry(["cameras", "import", path("none.geojson")]).status == 66)

        let without = try query(["od-matrix", "--day", "2026-03-02"])
        #expect(without.status == 65 && without.errors.contains("gantry zones import"), "\(without)")
        let zones = """
            {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "all"},
              "geometry": {"type": "Polygon", "coordinates": [[[4,50],[5,50],[5,51],[4,51],[4,50]]]}}]}
            """
        try zones.write(toFile: path("zones.geojson"), atomically: true, encoding: .utf8)
        #expect(try gantry(["zones", "import", path("zones.geojson")]).status == 0)
        #expect(try gantry(["zones", "list", "--format", "csv"]).output.contains("all,"))
        let cells = try query(["od-matrix", "--day", "2026-03-02", "--format", "csv"])
        #expect(cells.status == 0 && cells.output.contains("all,all,2026-03-02T08:"), "\(cells)")
    }

    @Test func `reports are pages made from what is there, and name no vehicle, user or case`() throws {
        try database.permit("theft")
        _ = try query(["trace", "--plate", "GAN1003", "--purpose", "theft", "--case", "2026/117"])
        _ = try query(["trace", "--plate", "GAN1003", "--purpose", "theft"])
        // What somebody wrote for a purpose.
        _ = try query(["trace", "--plate", "GAN1003", "--purpose", "who is GAN1003", "--case", "2026/117"])
        for paper in ["dpia", "policy", "transparency"] {
            let made = try gantry(["report", paper, "--out", path("\(paper).html")])
            #expect(made.status == 0, "\(made.errors)")
            #expect(made.errors.contains("for the operator to fill in"))
            #expect(made.errors.contains("Aggregates are shown from 5 vehicles on"))
            let page = try String(contentsOfFile: path("\(paper).html"), encoding: .utf8)
            for secret in ["GAN1003", "2026/117", NSUserName() == "root" ? "gantry-query" : NSUserName()] {
                #expect(!page.contains(secret), "\(paper): \(secret)")
            }
        }
        let seen = try String(contentsOfFile: path("transparency.html"), encoding: .utf8)
        #expect(seen.contains("<td>theft</td><td>trace</td>") && seen.contains("<td>3</td>"))
        let assessment = try String(contentsOfFile: path("dpia.html"), encoding: .utf8)
        #expect(assessment.contains("<svg") && assessment.contains("yunet-640"))
        #expect(try gantry(["report", "dpia", "--out", "/nonexistent/dpia.html"]).status == 74)
        #expect(try gantry(["report", "novel"]).status == 64)
    }
}
