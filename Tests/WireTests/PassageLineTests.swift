import Foundation
import Testing
import Traffic
import Wire

/// Goal: scorers outside parse these lines, so the fields are all there, by name, whatever is known.
@Suite struct PassageLineTests {
    private static let all: Set<String> = [
        "id", "camera", "first_seen", "last_seen", "class", "frames", "best", "plate", "direction", "course", "entered",
        "left", "stopped", "parked", "speed", "speed_metres", "not_read", "reads",
    ]

    private static func passage() -> Passage {
        Passage(
            id: PassageID([UInt8](repeating: 7, count: 16)), camera: "ring-north", epoch: Epoch(1), firstFrame: 3,
            lastFrame: 9, firstSeen: EventTime(nanoseconds: 1_772_436_600_000_000_000),
            lastSeen: EventTime(nanoseconds: 1_772_436_600_600_000_000), kind: nil, frames: 7, direction: .stationary,
            best: .init(frame: 5, vehicle: nil, plate: nil, crop: nil), plate: nil, notRead: .noPlateSeen)
    }

    private func fields(_ passage: Passage) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: PassageLine(passage).json()) as? [String: Any])
    }

    @Test func `what is unknown is null, not absent`() throws {
        let fields = try fields(Self.passage())
        #expect(Set(fields.keys) == Self.all)
        for name in ["class", "plate", "course", "entered", "left", "parked", "speed", "speed_metres"] {
            #expect(fields[name] is NSNull, "\(name)")
        }
        #expect(fields["not_read"] as? String == "no-plate-seen")
        #expect(fields["stopped"] as? Double == 0)
    }

    @Test func `what is known has its unit`() throws {
        var passage = Self.passage()
        passage.course = 271.04
        passage.entered = .top
        passage.left = .right
        passage.stopped = .milliseconds(130_500)
        passage.parked = .milliseconds(120_100)
        passage.speed = .init(metresPerSecond: 13.456, metres: 21)
        passage.plate = .init(
            text: PlateText("KLM482")!, confidence: 0.9, accepted: false, votes: 2, reads: 5, region: nil,
            agreement: [1, 1, 1, 0.6, 0.4, 1])
        passage.notRead = .disagreement
        passage.reads = [.init(frame: 5, text: PlateText("KLM482")!, confidence: 0.8, accepted: true)]
        let fields = try fields(passage)
        #expect(Set(fields.keys) == Self.all)
        #expect(fields["course"] as? Double == 271 && fields["speed"] as? Double == 13.46)
        #expect(fields["entered"] as? String == "top" && fields["left"] as? String == "right")
        #expect(fields["stopped"] as? Double == 130.5 && fields["parked"] as? Double == 120.1)
        let plate = try #require(fields["plate"] as? [String: Any])
        #expect(Set(plate.keys) == ["text", "confidence", "accepted", "votes", "against", "agreement"])
        #expect(plate["against"] as? Int == 3 && plate["agreement"] as? [Double] == [1, 1, 1, 0.6, 0.4, 1])
        let read = try #require((fields["reads"] as? [[String: Any]])?.first)
        #expect(read["frame"] as? Int == 5 && read["text"] as? String == "KLM482" && read["accepted"] as? Bool == true)
    }

    @Test func `a line of an earlier build is read`() throws {
        let line = """
            {"best":{"frame":5,"plate":null,"vehicle":[1,2,3,4]},"camera":"a","class":"car","first_seen":"2026-03-02T07:30:00Z",\
            "frames":7,"id":"07","last_seen":"2026-03-02T07:30:01Z",\
            "plate":{"accepted":true,"confidence":0.9,"text":"KLM482","votes":3}}
            """
        let read = try JSONDecoder().decode(PassageLine.self, from: Data(line.utf8))
        #expect(read.plate?.votes == 3 && read.plate?.against == nil && read.reads == nil && read.direction == nil)
    }
}
