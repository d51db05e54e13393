import Foundation
import PostGIS
import Testing
import Traffic

@Suite struct AnswerTests {
    let moment = Moment(time: EventTime(rfc3339: "2026-03-02T07:30:00Z")!, local: "2026-03-02 08:30:00")

    var answer: Answer {
        var answer = Answer(
            columns: ["camera", "from", "vehicles", "median_seconds"],
            rows: [
                .init(
                    [.text("a \"north\", b\\c\n\u{1}é"), .moment(moment), .count(12), .number(700.25)],
                    shape: .point(4.35, 50.88)),
                .init(
                    [.text("south"), .moment(moment), .withheld, .none],
                    shape: .line([[4.35, 50.88], [4.34, 50.84]])),
                .init([.text("all"), .moment(moment), .count(9), .none]),
            ], minimumVehicles: 5, zone: "Europe/Brussels")
        answer.linkColumns = ["seconds"]
        answer.links = [.init([.number(61)], shape: .line([[4.35, 50.88], [4.34, 50.84]]))]
        return answer
    }

    @Test func `GeoJSON is a feature collection with valid geometries`() throws {
        let object = try JSONSerialization.jsonObject(with: Data(answer.rendered(.geojson).utf8))
        let collection = try #require(object as? [String: Any])
        #expect(collection["type"] as? String == "FeatureCollection")
        let features = try #require(collection["features"] as? [[String: Any]])
        #expect(features.count == 4)
        #expect(features.allSatisfy { $0["type"] as? String == "Feature" && $0["properties"] is [String: Any] })
        let geometries = features.map { $0["geometry"] as? [String: Any] }
        #expect(geometries.map { $0?["type"] as? String } == ["Point", "LineString", nil, "LineString"])
        #expect(geometries[0]?["coordinates"] as? [Double] == [4.35, 50.88])
        #expect(features[2]["geometry"] is NSNull)
        let empty = Answer(columns: [], rows: [], minimumVehicles: 1, zone: "UTC")
        #expect(try JSONSerialization.jsonObject(with: Data(empty.rendered(.geojson).utf8)) is [String: Any])
    }

    @Test func `JSON has UTC times, nulls for what is withheld, and survives any text`() throws {
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(answer.rendered(.json).utf8)) as? [[String: Any]])
        #expect(rows[0]["camera"] as? String == "a \"north\", b\\c\n\u{1}é")
        #expect(rows[0]["from"] as? String == "2026-03-02T07:30:00.000Z")
        #expect(rows[0]["median_seconds"] as? Double == 700.25 && rows[0]["suppressed"] == nil)
        #expect(rows[1]["vehicles"] is NSNull && rows[1]["suppressed"] as? Bool == true)
    }

    @Test func `CSV quotes what needs it`() {
        let lines = answer.rendered(.csv)
        #expect(lines.hasPrefix("camera,from,vehicles,median_seconds\n\"a \"\"north\"\", b\\c\n"))
        #expect(lines.contains("south,2026-03-02T07:30:00.000Z,<5,\n"))
    }

    @Test func `tables line up, say their time zone and what is withheld`() {
        var short = answer
        short.rows[0].values[0] = .text("north")
        #expect(
            short.rendered(.table) == """
                camera  from                 vehicles  median seconds
                ------  -------------------  --------  --------------
                north   2026-03-02 08:30:00        12           700.3
                south   2026-03-02 08:30:00        <5               -
                all     2026-03-02 08:30:00         9               -
                Times: Europe/Brussels.
                <5: fewer than 5 vehicles, withheld.

                """)
    }
}
