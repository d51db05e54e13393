import ArgumentParser
import Assembly
import Custody
import Foundation
import Logging
import PostGIS
import Replay
import StageRunner
import Synchronization
import Topics
import Traffic

/// Puts recorded passages into the database.
struct BackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Puts the passages of a recording into the database, or in the place of what a camera has there.",
        discussion: """
            The rows are those that the live path stores: the same keys, the same protection, each passage once, and \
            so is coverage, which tells when a camera was watched. What is there already is recognised, so a backfill \
            that was stopped is simply done again. Journeys and legs are brought up to date at the end.

            With --replace all that one camera has between --from and --to is taken away and the recording's passages \
            and coverage take its place (coverage stays where the recording has none), in one transaction and on record \
            as a revision. A better tracker cuts the same video into other passages with other ids: that is how they \
            get in. What the live path delivers later for that time is rejected (SNK307).

            Exit status: 65 when passages can't be stored (all others are), 66 for the file, 69 without a database, \
            75 when stopped before the end, 77 without keys.

            Examples:
              gantry backfill monday.mcap --pipeline pipelines/city.yaml
              gantry backfill monday.mcap --camera ring-north --from 2026-03-02T07:00:00Z --to 2026-03-02T09:00:00Z
              gantry replay monday.mcap --through track --pipeline new.yaml --record better.mcap
              gantry backfill better.mcap --replace ring-north --from 2026-03-02T00:00:00Z --to 2026-03-03T00:00:00Z
            """)

    @Argument(help: "The recording.")
    var file: String
    @OptionGroup var system: SystemOptions
    @Option(help: ArgumentHelp("Only this camera; may be given several times.", valueName: "camera"))
    var camera: [String] = []
    @Option(help: ArgumentHelp("Only passages first seen then or later, as RFC 3339.", valueName: "time"))
    var from: EventTime?
    @Option(help: ArgumentHelp("Only passages first seen before that.", valueName: "time"))
    var to: EventTime?
    @Option(help: ArgumentHelp("Take away what this camera has between --from and --to first.", valueName: "camera"))
    var replace: String?
    @Flag(help: "No progress line.")
    var quiet = false

    func validate() throws {
        if let from, let to, from >= to { throw ValidationError("--from lies after --to") }
        guard replace != nil else { return }
        if !camera.isEmpty { throw ValidationError("--replace names the camera: leave --camera out") }
        if from == nil || to == nil { throw ValidationError("--replace needs --from and --to") }
    }

    func run() async throws {
        StageProcess.bootstrap(level: .warning)
        let logger = Logger(label: "gantry-backfill")
        let progress = BackfillProgress()
        let backfill: Backfill
        let store: PassageStore
        do {
            let cameras = replace.map { [$0] } ?? camera
            let contents = try RecordingContents(file)
            try contents.check(cameras: cameras)
            let topics = contents.topics.filter { $0.hasSuffix(".passages") }
            guard !topics.isEmpty else {
                throw ReplayError.noSuchTopic(file: file, wanted: "passages", found: contents.topics)
            }
            let pipeline = try system.loaded()
            store = try PassageStore(
                pipeline, database: try system.address(pipeline), home: GantryHome.find(), logger: logger)
            let choice = Backfill.Choice(cameras: cameras.isEmpty ? nil : Set(cameras), from: from, to: to)
            let isQuiet = quiet
            backfill = Backfill(file, topics: Set(topics), choice: choice, into: store) { report in
                if !isQuiet { progress.show(report) }
            }
            if let replace, let from, let to {
                let name = URL(filePath: file).lastPathComponent
                try backfill.replace(Sink.Replacement(camera: CameraID(replace), start: from, end: to, source: name))
            } else {
                try await StageProcess.run([backfill], logger: logger)
                if !quiet { progress.end() }
            }
        } catch {
            complain("\(error)")
            switch error {
            case is RecordingError, is ReplayError, is BackfillError: throw ExitCode(66)
            case is CustodyError: throw ExitCode(77)
            default: throw ExitCode(69)
            }
        }
        try finish(backfill.report, store)
    }

    private func finish(_ report: Backfill.Report, _ store: PassageStore) throws {
        if let revision = report.revision {
            complain("revision \(revision): \(report.removed) rows were taken away")
        }
        complain("\(report.read) passages read, \(report.stored) stored, \(report.repeated) were there already")
        if report.coverage > 0 {
            complain("\(report.coverage) stretches of coverage read, \(report.stretches) of them new")
        }
        for (code, refused) in report.refused.sorted(by: { $0.key < $1.key }) {
            complain("not stored: \(refused.count) with \(code), the first because \(refused.reason)")
        }
        var done = 0
        var shown = ContinuousClock.now
        try answering {
            try store.finishLegs { count in
                done += count
                guard !quiet, shown.duration(to: .now) > .seconds(5) else { return }
                shown = .now
                complain("journeys and legs: \(done) passages done")
            }
        }
        guard report.isWhole else {
            complain("stopped before the end: the same command goes on")
            throw ExitCode(75)
        }
        if !report.refused.isEmpty { throw ExitCode(65) }
    }
}

/// Says now and then how far it is.
private final class BackfillProgress: Sendable {
    private let began = ContinuousClock.now
    private let shown = Mutex(ContinuousClock.now)
    private let isTerminal = isatty(2) == 1

    func show(_ report: Backfill.Report) {
        let isDue = shown.withLock { shown in
            let isDue = shown.duration(to: .now) >= (isTerminal ? .seconds(1) : .seconds(30))
            if isDue { shown = .now }
            return isDue
        }
        guard isDue else { return }
        let done = report.stored + report.repeated
        let line = "\(done) passages, \(Int(Double(done) / began.duration(to: .now).inSeconds)) a second"
        FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[K" + line : line + "\n").utf8))
    }

    func end() {
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
