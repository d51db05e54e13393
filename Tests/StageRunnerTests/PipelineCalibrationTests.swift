import Foundation
import StageRunner
import Stages
import Testing
import Traffic

private let head = """
    name: city
    cameras:
      - id: ring-north
        source: rtsp://h/a
        longitude: 4.35
        latitude: 50.88
        heading: 30
        calibration:

    """

/// The file's lines from 9 on.
private func calibrated(_ rest: String) -> String {
    head + rest.split(separator: "\n", omittingEmptySubsequences: false).map { "      \($0)\n" }.joined()
}

private let corners = [
    "  - {x: 652, y: 985, across: -4, along: 12}", "  - {x: 1268, y: 985, across: 4, along: 12}",
    "  - {x: 1059, y: 635, across: 4, along: 40}", "  - {x: 861, y: 635, across: -4, along: 40}",
]

struct PipelineCalibrationTests {
    @Test func `a calibration is read, reaches the stage and is written out again`() throws {
        let folder = try PipelineFolder()
        let text = calibrated((["  heading: 350", "  points:"] + corners).joined(separator: "\n"))
        let pipeline = try Pipeline(contentsOf: folder.write("p.yaml", text), cameras: .elsewhere)
        let calibration = try #require(pipeline.cameras[0].calibration)
        #expect(calibration.heading == 350 && calibration.points.count == 4)
        let middle = try #require(calibration.homography.road(at: Point(x: 960, y: 985)))
        #expect(abs(middle.x) < 0.01 && abs(middle.y - 12) < 0.01)
        let views = pipeline.trackSettings.views
        #expect(views == ["ring-north": CameraView(heading: 30, calibration: calibration)])
        let again = try folder.write("again.yaml", pipeline.yaml(hidingPasswords: false))
        #expect(try Pipeline(contentsOf: again, cameras: .elsewhere) == pipeline)
    }

    @Test(arguments: [
        BadFile("no points", calibrated("  heading: 10"), "9:PIP111"),
        BadFile("three points", calibrated((["  points:"] + corners.prefix(3)).joined(separator: "\n")), "10:PIP129"),
        BadFile(
            "points in a line",
            calibrated(
                (["  points:"] + (0..<4).map { "  - {x: 900, y: \(600 + 90 * $0), across: 0, along: \(40 - 9 * $0)}" })
                    .joined(separator: "\n")), "10:PIP129"),
        BadFile(
            "one point measured wrong",
            calibrated(
                (["  points:"] + corners + [
                    "  - {x: 960, y: 985, across: 0, along: 12}", "  - {x: 960, y: 635, across: 0, along: 90}",
                ]).joined(separator: "\n")), "15:PIP129"),
        BadFile(
            "a point without its metres",
            calibrated(
                (["  points:"] + corners.dropLast() + ["  - {x: 861, y: 635, along: 40}"]).joined(separator: "\n")),
            "13:PIP111"),
        BadFile(
            "a heading beyond the circle",
            calibrated((["  heading: 400", "  points:"] + corners).joined(separator: "\n")), "9:PIP116"),
        BadFile(
            "a key of another name",
            calibrated((["  points:"] + corners + ["  north: 12"]).joined(separator: "\n")), "14:PIP110"),
    ])
    func `a calibration that can't be used is reported at its line`(bad: BadFile) throws {
        #expect(codes(try problems(bad.yaml)) == bad.expected)
    }

    @Test func `a dwell time is a duration, or off`() throws {
        let folder = try PipelineFolder()
        func dwell(_ text: String) throws -> Duration? {
            let file = try folder.write("p.yaml", "name: city\ntrack: {dwell: \(text)}\n")
            return try Pipeline(contentsOf: file, cameras: .elsewhere).trackSettings.dwell
        }
        #expect(try dwell("5m") == .seconds(300))
        #expect(try dwell("off") == nil)
        #expect(codes(try problems("name: city\ntrack:\n  dwell: 1s\n")) == ["3:PIP116"])
        #expect(codes(try problems("name: city\ntrack:\n  dwell: never\n")) == ["3:PIP113"])
    }
}
