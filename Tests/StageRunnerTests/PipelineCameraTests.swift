import Foundation
import StageRunner
import Testing
import Traffic

private let place = "longitude: 4.35, latitude: 50.88"

struct PipelineCameraTests {
    @Test(arguments: [
        BadFile("no cameras", "name: city\n", "1:PIP126"),
        BadFile("an empty list", "name: city\ncameras: []\n", "2:PIP126"),
        BadFile("nothing listed", "name: city\ncameras:\n", "2:PIP126"),
        BadFile("no list", "name: city\ncameras: {id: a}\n", "2:PIP112"),
        BadFile("a word listed", "name: city\ncameras: [ring]\n", "2:PIP112"),
        BadFile("an empty camera", "name: city\ncameras:\n  - {}\n", "3:PIP111", "3:PIP111", "3:PIP111", "3:PIP111"),
        BadFile(
            "a longitude too far east",
            "name: city\ncameras:\n  - {id: a, source: 'rtsp://h/a',\n     longitude: 181, latitude: 5}\n",
            "4:PIP116"),
        BadFile(
            "a latitude beyond the pole",
            "name: city\ncameras:\n  - {id: a, source: 'rtsp://h/a',\n     longitude: 5, latitude: -90.1}\n",
            "4:PIP116"),
        BadFile(
            "an id with a slash", "name: city\ncameras:\n  - {id: a/b, source: 'rtsp://h/a', \(place)}\n", "3:PIP120"),
        BadFile(
            "an id twice",
            "name: city\ncameras:\n  - {id: a, source: 'rtsp://h/a', \(place)}\n  - {id: a, source: 'rtsp://h/b', \(place)}\n",
            "4:PIP121"),
        BadFile(
            "a file that is not there", "name: city\ncameras:\n  - {id: a, source: no.mp4, \(place)}\n", "3:PIP122"),
        BadFile("a source over ftp", "name: city\ncameras:\n  - {id: a, source: 'ftp://h/a', \(place)}\n", "3:PIP123"),
        BadFile(
            "a source without a host", "name: city\ncameras:\n  - {id: a, source: 'rtsp:///a', \(place)}\n", "3:PIP123"),
        BadFile(
            "a start without a zone",
            "name: city\ncameras:\n  - {id: a, source: p.yaml, \(place), started: 2026-03-02 07:30:00}\n", "3:PIP124"),
        BadFile(
            "a start for a live source",
            "name: city\ncameras:\n  - {id: a, source: 'rtsp://h/a', \(place), started: 2026-03-02T07:30:00Z, fps: 10}\n",
            "3:PIP140", "3:PIP140"),
        BadFile("a folder without a rate", "name: city\ncameras:\n  - {id: a, source: ., \(place)}\n", "3:PIP111"),
        BadFile(
            "more samples than frames",
            "name: city\ncameras:\n  - {id: a, source: p.yaml, \(place), fps: 10, sample: 20/s}\n",
            "3:PIP140"),
        BadFile(
            "samples too far apart", "name: city\ncameras:\n  - {id: a, source: p.yaml, \(place), sample: 0.5/s}\n",
            "3:PIP140"),
        BadFile("an unknown key", "name: city\ncameras:\n  - {id: a, source: p.yaml, \(place), lon: 4}\n", "3:PIP110"),
    ])
    func `a bad camera is reported with code and line`(bad: BadFile) throws {
        #expect(codes(try problems(bad.yaml, cameras: .listed)) == bad.expected)
    }

    @Test func `sources are told apart and the pipeline's sampling is inherited`() throws {
        let folder = try PipelineFolder()
        try folder.write("a.mp4", "")
        try folder.write("images/0.jpg", "")
        let file = try folder.write(
            "p.yaml",
            """
            name: city
            decode: {sample: 5/s, motion_gate: 0.5%}
            track: {maximum_gap: 2s}
            cameras:
              - {id: a, source: a.mp4, \(place), started: 2026-03-02T07:30:00.250+01:00, heading: 180,
                 valid_from: 2026-03-01T00:00:00Z}
              - {id: b, source: ./images, \(place), fps: 2, sample: all, motion_gate: off}
              - {id: c, source: "http://127.0.0.1:8080/c.mjpg", \(place)}
              - {id: d, source: "rtsp://viewer:${SECRET}@127.0.0.1/d", \(place)}
            """)
        let cameras = try Pipeline(contentsOf: file, environment: ["SECRET": "a:b@c"]).cameras
        #expect(
            cameras.map(\.source.location) == [
                "\(folder.path)/a.mp4", "\(folder.path)/images", "http://127.0.0.1:8080/c.mjpg",
                "rtsp://viewer:a:b@c@127.0.0.1/d",
            ])
        #expect(cameras.map(\.validFrom) == [EventTime(rfc3339: "2026-03-01T00:00:00Z"), nil, nil, nil])
        #expect(cameras.map(\.source.isLive) == [false, false, true, true])
        #expect(cameras[1].source == .folder("\(folder.path)/images"))
        #expect(cameras[3].source.description == "rtsp://viewer:***@127.0.0.1/d")
        #expect(cameras.map(\.sampling) == [.perSecond(5), .all, .perSecond(5), .perSecond(5)])
        #expect(cameras.map(\.motionGate) == [.share(0.005), .off, .share(0.005), .share(0.005)])
        #expect(cameras[0].started?.rfc3339 == "2026-03-02T06:30:00.250Z")
        #expect(cameras[0].camera.heading == 180)
        #expect(cameras[1].framesPerSecond == 2)
    }

    @Test func `a recording without a start begins at its file's modification time`() throws {
        let folder = try PipelineFolder()
        let clip = try folder.write("a.mp4", "")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_772_436_600)], ofItemAtPath: clip)
        var camera = PipelineCamera(
            camera: Camera(id: "a", longitude: 0, latitude: 0, heading: nil), source: .file(clip))
        #expect(camera.startOfRecording() == EventTime(seconds: 1_772_436_600))
        camera.started = EventTime(seconds: 5)
        #expect(camera.startOfRecording() == EventTime(seconds: 5))
        camera.source = .rtsp("rtsp://127.0.0.1/a")
        #expect(camera.startOfRecording() == nil)
    }

    @Test func `cameras of a media folder replace the file's`() throws {
        let folder = try PipelineFolder()
        try folder.write("media/a.mp4", "")
        try folder.write("media/b.mp4", "")
        try folder.write(
            "media/cameras.json",
            """
            {
            \t"cameras": [
              {"id": "a", "source": "a.mp4", "longitude": 4.3499, "latitude": 50.8792, "heading": 180,
               "started": 1772436600.123456789, "frames": 256, "fps": 10},
              {"id": "b", "source": "b.mp4", "longitude": 4, "latitude": 50, "started": "2026-03-02T07:30:00Z"}
             ],
             "vehicles": 24, "visits": 75
            }
            """)
        let file = try folder.write("p.yaml", "name: city\ndecode: {sample: 5/s}\n")
        let cameras = try Pipeline(contentsOf: file, cameras: .media("\(folder.path)/media")).cameras
        #expect(
            cameras == [
                PipelineCamera(
                    camera: Camera(id: "a", longitude: 4.3499, latitude: 50.8792, heading: 180),
                    source: .file("\(folder.path)/media/a.mp4"),
                    started: EventTime(nanoseconds: 1_772_436_600_123_456_789), framesPerSecond: 10,
                    sampling: .perSecond(5)),
                PipelineCamera(
                    camera: Camera(id: "b", longitude: 4, latitude: 50, heading: nil),
                    source: .file("\(folder.path)/media/b.mp4"), started: EventTime(seconds: 1_772_436_600),
                    sampling: .perSecond(5)),
            ])
    }

    @Test(arguments: [
        BadFile("empty", "", "0:PIP104"),
        BadFile("cut off", #"{"cameras": [{"id": "a","#, "1:PIP105"),
        BadFile("a list", "[]", "1:PIP112"),
        BadFile("no cameras", "{}", "1:PIP126"),
        BadFile("a camera without a source", #"{"cameras": [{"id": "a", "longitude": 4, "latitude": 5}]}"#, "1:PIP111"),
        BadFile(
            "a missing clip",
            #"{"cameras": [{"id": "a", "source": "no.mp4","# + "\n" + #""longitude": 4, "latitude": 5}]}"#,
            "1:PIP122"),
        BadFile(
            "a start in words",
            #"{"cameras": [{"id": "a", "source": "cameras.json", "longitude": 4, "latitude": 5,"# + "\n"
                + #""started": "monday"}]}"#, "2:PIP124"),
        BadFile(
            "a start beyond the calendar",
            #"{"cameras": [{"id": "a", "source": "cameras.json", "longitude": 4, "latitude": 5, "started": 1e30}]}"#,
            "1:PIP124"),
    ])
    func `a bad list of cameras is reported with code and line`(bad: BadFile) throws {
        let folder = try PipelineFolder()
        try folder.write("cameras.json", bad.yaml)
        do {
            _ = try Pipeline.cameras(fromMedia: folder.path)
            Issue.record("the list was accepted")
        } catch {
            guard case .problems(let problems) = error else { return }
            #expect(codes(problems) == bad.expected)
        }
    }

    @Test func `a media folder without a list, or none at all, says so`() throws {
        let folder = try PipelineFolder()
        for path in [folder.path, "\(folder.path)/absent/"] {
            do {
                _ = try Pipeline.cameras(fromMedia: path)
                Issue.record("the folder was accepted")
            } catch {
                guard case .problems(let problems) = error else { return }
                #expect(problems.map(\.code) == [.noCameraList])
                #expect(problems.map(\.file).allSatisfy { $0.hasSuffix("/cameras.json") && !$0.contains("//") })
            }
        }
    }

    @Test func `problems of the pipeline and of the media folder come together`() throws {
        let folder = try PipelineFolder()
        let found = try problems("name: city\nlog: {level: loud}\n", cameras: .media(folder.path))
        #expect(Set(found.map(\.code)) == [.unknownWord, .noCameraList])
    }
}
