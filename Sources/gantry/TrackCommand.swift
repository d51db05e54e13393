import ArgumentParser
import Foundation
import StageRunner
import Stages
import Traffic

/// Tracks from boxes alone, in the format of the MOT Challenge.
struct TrackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "track",
        abstract: "Links boxes of a detector into tracks: MOT Challenge text in, MOT Challenge text out.",
        discussion: """
            Runs the stage that `gantry run` uses, without plates. Each line of the input is one box:

                frame,id,x,y,w,h,score          for example  1,-1,912.5,484,97,109,0.93

            with frames from 1, boxes in pixels from the top left, in any order. The id is not looked at. Scores that \
            are missing, all the same or outside 0...1 are dealt with, and standard error says how. Each line of the \
            output is one box with the id of its track, from 1: only boxes of the input, by frame, then id. A \
            track's boxes from before it was sure are among them; boxes that belong to no track are left out.

              gantry track --detections det.txt --seqinfo seqinfo.ini --out tracks.txt
              detector video.mp4 | gantry track --detections - --out - --fps 25
            """)

    @Option(help: ArgumentHelp("Boxes to link; - for standard input.", valueName: "file"))
    var detections: String
    @Option(help: ArgumentHelp("Where the tracks go; - for standard output.", valueName: "file"))
    var out: String
    @Option(help: "Frames a second of the video: who is unseen for a second and a half has left (default: 30).")
    var fps: Double?
    @Option(help: ArgumentHelp("The sequence's seqinfo.ini: frame rate and size of the picture.", valueName: "file"))
    var seqinfo: String?

    func validate() throws {
        if fps != nil, seqinfo != nil { throw ValidationError("give --fps or --seqinfo, not both") }
        if let fps, !(fps > 0 && fps <= 1000) { throw ValidationError("--fps takes a number above 0, up to 1000") }
    }

    func run() async throws {
        do {
            if WholeFile.areSame(detections, out) { throw MotError.unwritable(out, why: "it is the input") }
            let sequence = try sequence()
            let boxes = try MotDetections(text: read(detections))
            let started = ContinuousClock.now
            let tracks = MotTracks(
                boxes, framesPerSecond: sequence.framesPerSecond, width: sequence.width, height: sequence.height,
                settings: .boxesAlone)
            let spent = started.duration(to: .now)
            let text = tracks.text(boxes)
            do { try write(text) } catch { throw MotError.unwritable(out, why: error.localizedDescription) }
            let linked = spent.inSeconds
            say(
                """
                \(boxes.rows.count) boxes, \(tracks.owners.count { $0 > 0 }) of them in \(tracks.count) tracks; \
                \(MotScores(boxes).note); linked in \(String(format: "%.6f", linked)) s
                """)
        } catch let error as MotError {
            if case .line = error {
                say("\(detections == "-" ? "standard input" : detections): \(error)")
            } else {
                say("\(error)")
            }
            throw ExitCode(1)
        }
    }

    private func sequence() throws -> MotSequence {
        guard let seqinfo else { return MotSequence(framesPerSecond: fps ?? 30) }
        return try MotSequence(ini: String(decoding: read(seqinfo), as: UTF8.self))
    }

    private func read(_ path: String) throws -> [UInt8] {
        if path == "-" { return Array(try FileHandle.standardInput.readToEnd() ?? Data()) }
        guard let data = FileManager.default.contents(atPath: path) else { throw MotError.unreadable(path) }
        return Array(data)
    }

    private func write(_ text: [UInt8]) throws {
        if out == "-" {
            try FileHandle.standardOutput.write(contentsOf: Data(text))
            return
        }
        try WholeFile.write(Data(text), to: out)
    }

    private func say(_ text: String) { FileHandle.standardError.write(Data("gantry track: \(text)\n".utf8)) }
}
