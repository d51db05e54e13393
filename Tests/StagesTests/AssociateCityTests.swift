import Foundation
import Stages
import Testing
import Traffic

/// Goal: visits like those of recorded cameras become one passage each, under the misses and misreads of real models.
/// Method: the boxes of the recorded truth with simulated detector and reader noise; without the data it says so.
@Suite struct AssociateCityTests {
    struct Visit: Decodable {
        var camera, plate: String
        var first_frame, last_frame: Int
        var plate_boxes: [[Double]]
    }

    static let truth: [Visit] = {
        let folder = ProcessInfo.processInfo.environment["GANTRY_DATA"] ?? "../shared/data"
        guard let text = try? String(contentsOfFile: folder + "/city/truth.jsonl", encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Visit.self, from: Data($0.utf8)) }
    }()

    @Test(.disabled(if: truth.isEmpty, "skipped: no data (set GANTRY_DATA)"), arguments: [1, 2, 3, 4] as [UInt64])
    func `recorded approaches under noise become one passage a visit`(seed: UInt64) throws {
        var visits = 0
        var single = 0
        var extra = 0
        var accepted = 0
        var wrong = 0
        for camera in Set(Self.truth.map(\.camera)).sorted() {
            let here = Self.truth.filter { $0.camera == camera }
            let visitors = here.map(Self.visitor)
            let scene = Scene(visitors: visitors, noise: .init(double: 0.1, clutter: 0.05))
            let passages = scene.passages(seed: seed)
            var shown = [Int](repeating: 0, count: visitors.count)
            for passage in passages {
                let match = Self.shown(by: passage, among: visitors)
                if let match { shown[match] += 1 } else { extra += 1 }
                if let plate = passage.plate, plate.accepted {
                    accepted += 1
                    if match.map({ PlateText(visitors[$0].text) != plate.text }) ?? true { wrong += 1 }
                }
            }
            visits += visitors.count
            single += shown.count { $0 == 1 }
        }
        let summary =
            "seed \(seed): \(single) of \(visits) single, \(extra) extra, \(accepted) accepted, \(wrong) wrong"
        #expect(Double(single) >= 0.95 * Double(visits), "\(summary)")
        #expect(Double(wrong) <= 0.05 * Double(accepted), "\(summary)")
        #expect(extra <= visits / 20, "\(summary)")
        #expect(Double(accepted) >= 0.8 * Double(visits), "\(summary)")
        print(summary)
    }

    /// The visit that a best frame shows: by its plate, else by a vehicle around the plate.
    private static func shown(by passage: Passage, among visitors: [Scene.Visitor]) -> Int? {
        let plates = visitors.map { $0.plate(in: passage.best.frame) }
        let byPlate = plates.firstIndex { plate in
            guard let plate, let seen = passage.best.plate else { return false }
            return seen.overlap(plate) >= 0.3
        }
        return byPlate
            ?? plates.firstIndex { plate in
                guard let plate, let seen = passage.best.vehicle else { return false }
                return seen.cover(of: plate) > 0.9
            }
    }

    static func visitor(_ visit: Visit) -> Scene.Visitor {
        let plates = visit.plate_boxes.map { Box(x: $0[0], y: $0[1], width: $0[2], height: $0[3]) }
        let boxes = plates.map { plate -> Box? in
            let width = plate.width * 4.5
            return Box(
                x: plate.center.x - width / 2, y: plate.center.y - width * 0.55, width: width, height: width * 0.8
            ).clamped(width: 1920, height: 1080)
        }
        return Scene.Visitor(first: visit.first_frame, boxes: boxes, text: visit.plate, plates: plates)
    }
}
