import Testing
import Traffic

@testable import Vision

@Suite struct ScenarioTests {
    static func settings(seed: UInt64) -> Scenario.Settings {
        var settings = Scenario.Settings()
        settings.seed = seed
        return settings
    }

    @Test func `the same seed gives the same truth, another seed another`() throws {
        let first = try Scenario(Self.settings(seed: 5)), second = try Scenario(Self.settings(seed: 5))
        #expect(first.truth() == second.truth())
        #expect(first.camerasJSON() == second.camerasJSON())
        #expect(try Scenario(Self.settings(seed: 6)).truth() != first.truth())
    }

    @Test(arguments: [1, 2, 3, 77] as [UInt64])
    func `every visit is a run of frames with a plate in the picture`(seed: UInt64) throws {
        let scenario = try Scenario(Self.settings(seed: seed))
        let truth = scenario.truth()
        #expect(truth.count == scenario.visits.count)
        // Most vehicles pass every camera, so that travel times between the ends can be told without naming anyone.
        let ends = scenario.sites.map { site in Set(truth.filter { $0.camera == site.camera.id }.map(\.vehicle)) }
        #expect(ends.first!.intersection(ends.last!).count >= 10, "seed \(seed)")
        for visit in truth {
            #expect(visit.plateBoxes.count == visit.lastFrame - visit.firstFrame + 1)
            #expect(visit.plateBoxes.count >= 8)
            #expect(visit.lastFrame < scenario.framesPerClip)
            for box in visit.plateBoxes {
                #expect(box.x >= 0 && box.y >= 0 && box.maxX <= 1280 && box.maxY <= 720)
                #expect((40...260).contains(box.width), "\(box.width) pixels wide")
            }
        }
    }

    @Test func `vehicles travel forward and take minutes between cameras`() throws {
        let scenario = try Scenario(Self.settings(seed: 3))
        let truth = scenario.truth()
        for (from, to) in zip(scenario.sites, scenario.sites.dropFirst()) {
            let nominal = Double(Scenario.travelTime(from: from, to: to))
            for vehicle in scenario.vehicles {
                let left = truth.first { $0.camera == from.camera.id && $0.vehicle == vehicle.number }
                let came = truth.first { $0.camera == to.camera.id && $0.vehicle == vehicle.number }
                guard let left, let came else { continue }
                let took = came.firstSeen - left.firstSeen
                #expect(abs(took - nominal) < 30, "\(vehicle.number) took \(took) s")
                #expect(took > 120)
            }
        }
    }

    @Test func `lanes overlap in time, and some vehicles stand at the light`() throws {
        let scenario = try Scenario(Self.settings(seed: 1))
        let truth = scenario.truth()
        let overlapping = truth.filter { visit in
            truth.contains {
                $0.camera == visit.camera && $0.lane != visit.lane && $0.firstFrame <= visit.lastFrame
                    && $0.lastFrame >= visit.firstFrame
            }
        }
        #expect(overlapping.count >= 10)
        #expect(scenario.visits.contains { $0.motion.stop != nil })
        let together = truth.filter { visit in
            truth.contains {
                $0.camera == visit.camera && $0.lane == visit.lane && $0.vehicle != visit.vehicle
                    && $0.firstFrame <= visit.lastFrame && $0.lastFrame >= visit.firstFrame
            }
        }
        #expect(together.isEmpty, "two plates in one lane would hide each other")
    }

    @Test func `a stop is braked into, waited out and left again`() {
        let motion = ScenarioMotion(start: 2, speed: 8, stop: .init(at: 50, wait: 3))
        #expect(motion.travelled(at: 1) == 0)
        #expect(motion.travelled(at: 4) == 16)
        let arrival = motion.time(reaching: 49.99)
        #expect(abs(motion.travelled(at: arrival + 2) - 50) < 0.01)
        #expect(motion.stands(at: arrival + 2) && !motion.stands(at: 4))
        #expect(motion.travelled(at: arrival + 6) > 55)
        let steps = stride(from: 0.0, to: 20, by: 0.1).map { motion.travelled(at: $0) }
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 && $1 - $0 < 0.81 })
    }

    @Test func `requests outside the range are refused with their remedy`() {
        var settings = Scenario.Settings()
        settings.cameras = 7
        #expect(throws: RenderError.outOfRange("7 cameras; give 1 to 6")) { _ = try Scenario(settings) }
        settings.cameras = 2
        settings.width = 641
        #expect(throws: RenderError.self) { _ = try Scenario(settings) }
    }

    @Test func `plates keep to their country's pattern`() {
        for number in 0..<200 {
            let vehicle = ScenarioVehicle(number: number, seed: 9)
            let shape = vehicle.plate.map { $0.isNumber ? "D" : "L" }.joined()
            switch vehicle.style {
            case .belgian: #expect(shape == "DLLLDDD")
            case .french: #expect(shape == "LLDDDLL")
            case .dutch: #expect(shape == "LLDDDL")
            case .american: #expect(shape == "LLLDDDD")
            }
        }
    }
}
