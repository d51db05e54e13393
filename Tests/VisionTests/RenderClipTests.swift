import Foundation
import Testing
import Traffic

@testable import Vision

@Suite struct RenderClipTests {
    static func small(seed: UInt64) throws -> Scenario {
        var settings = Scenario.Settings()
        settings.seed = seed
        settings.cameras = 1
        settings.vehicles = 2
        settings.seconds = 10
        settings.width = 640
        settings.height = 360
        settings.framesPerSecond = 5
        return try Scenario(settings)
    }

    @Test func `the same seed gives the same pixels, another seed others`() throws {
        let first = try ClipRenderer(Self.small(seed: 4), site: 0).frame(12).png()
        #expect(try ClipRenderer(Self.small(seed: 4), site: 0).frame(12).png() == first)
        #expect(try ClipRenderer(Self.small(seed: 8), site: 0).frame(12).png() != first)
    }

    /// Goal: truth and picture agree on where the plates are.
    /// Method: the boxes' middle band holds both light ground and dark ink, in every style but the bent ones.
    @Test func `truth boxes lie on plates`() throws {
        var settings = Scenario.Settings()
        settings.cameras = 2
        settings.vehicles = 5
        settings.seconds = 20
        let scenario = try Scenario(settings)
        let truth = scenario.truth().filter(\.readable)
        for (index, site) in scenario.sites.enumerated() {
            let renderer = try ClipRenderer(scenario, site: index)
            let visits = truth.filter { $0.camera == site.camera.id }
            #expect(visits.count >= 3)
            for visit in visits {
                let widest = visit.plateBoxes.indices.max { visit.plateBoxes[$0].width < visit.plateBoxes[$1].width }!
                let box = visit.plateBoxes[widest]
                let plate = try renderer.frame(visit.firstFrame + widest).crop(box)
                let levels = try middleBand(of: plate)
                let light = levels[levels.count * 9 / 10], dark = levels[levels.count / 20]
                #expect(light > 130 && light - dark > 60, "\(visit.plate): \(dark)...\(light) in \(box)")
            }
        }
    }

    /// Grey levels, sorted, of the plate's characters and what is between them.
    private func middleBand(of plate: Picture) throws -> [Int] {
        let grey = try plate.grey()
        let rows = (grey.height / 3)..<(grey.height * 2 / 3), columns = (grey.width / 5)..<(grey.width * 9 / 10)
        return grey.withPixels { data, step in
            rows.flatMap { row in columns.map { Int(data[row * step + $0]) } }
        }.sorted()
    }

    @Test func `a folder of clips is whole, decodes to the promised frames, and is used again`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clips-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let scenario = try Self.small(seed: 4)
        let clips = SimulatedClips(scenario, folder: folder)
        #expect(try clips.write(force: false) { _ in } == .rendered)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names == ["cameras.json", "ring-north.mp4", "truth.jsonl"])

        let stop = StopSignal()
        var capture = try VideoCapture(
            folder + "/ring-north.mp4", threads: 1, openTimeout: .seconds(30), readTimeout: .seconds(30), stop: stop)
        var frames = 0, packets = 0
        while case .frame = try capture.step(packets: &packets) { frames += 1 }
        #expect(frames == scenario.framesPerClip)

        #expect(try clips.write(force: false) { _ in } == .reused)
        try FileManager.default.removeItem(atPath: folder + "/truth.jsonl")
        try "half".write(toFile: folder + "/.old.unfinished.mp4", atomically: true, encoding: .utf8)
        #expect(try clips.write(force: false) { _ in } == .rendered, "an incomplete folder is no city")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == names)
        #expect(try SimulatedClips(Self.small(seed: 5), folder: folder).write(force: false) { _ in } == .rendered)
    }

    @Test func `a folder of real footage is left alone`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clips-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try #"{"cameras": []}"#.write(toFile: folder + "/cameras.json", atomically: true, encoding: .utf8)
        let clips = SimulatedClips(try Self.small(seed: 4), folder: folder)
        #expect(throws: RenderError.foreignFolder(folder)) { _ = try clips.write(force: true) { _ in } }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["cameras.json"])
    }
}
