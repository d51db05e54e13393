public import ArgumentParser
import Custody
import Foundation
public import PostGIS
import StageRunner
import Traffic

/// Which system a command is about.
struct SystemOptions: ParsableArguments {
    @Option(help: "Pipeline file that names database, keys and time zone.")
    var pipeline: String?
    @Option(
        help: "libpq address of the database (default: GANTRY_DATABASE, the pipeline's, or the cluster in .gantry).")
    var database: String?
    @Option(
        help: ArgumentHelp(
            "Where the wrapping key comes from: file:PATH, credential:NAME or command:COMMAND (default: the pipeline's, or wrapping.key in the key folder).",
            valueName: "source"))
    var wrappingKey: String?

    func validate() throws {
        if let wrappingKey, WrappingKeySource(wrappingKey) == nil {
            throw ValidationError(
                "--wrapping-key takes file:PATH, credential:NAME or command:COMMAND, not '\(wrappingKey)'")
        }
    }

    func loaded() throws -> Pipeline? {
        try pipeline.map { try Pipeline(contentsOf: $0, cameras: .elsewhere) }
    }

    func address(_ pipeline: Pipeline?) throws -> String {
        if let named = database ?? ProcessInfo.processInfo.environment["GANTRY_DATABASE"], !named.isEmpty {
            return named
        }
        if let url = pipeline?.database.url { return url }
        return try LocalCluster.address(folder: GantryHome.find().postgres.path)
    }

    func keyFolder(_ pipeline: Pipeline?) throws -> String {
        try pipeline?.custody.keys ?? GantryHome.find().keys.path
    }

    /// - Parameter create: Make the folder and its settings when there is none.
    func keys(_ pipeline: Pipeline?, create: Bool = false, epochDays: Int? = nil) throws -> KeyStore {
        let source = (wrappingKey ?? pipeline?.custody.wrappingKey).flatMap { WrappingKeySource($0) }
        return try KeyStore(
            folder: keyFolder(pipeline), create: create, domain: pipeline?.custody.domain ?? KeyStore.traffic,
            epochDays: epochDays, wrappedBy: source ?? .folder)
    }

    /// The keys for a look at single vehicles; nil where there are none and the look will be refused.
    func vault(_ pipeline: Pipeline?, purpose: String?, caseNumber: String?) throws -> Vault? {
        do {
            return Vault(keys: try keys(pipeline))
        } catch {
            // An attempt without authority is put on record even where there are no keys to look with.
            guard (purpose ?? "").isEmpty || (caseNumber ?? "").isEmpty else { throw error }
            return nil
        }
    }
}

/// When, and how the answer is shown.
struct QueryOptions: ParsableArguments {
    @OptionGroup var system: SystemOptions
    @Option(help: "The local day asked about, for example 2026-03-02 (default: all days there are).")
    var day: String?
    @Option(help: "Local times of that day, for example 07:30,07:45; the second is not part of it.")
    var between: String?
    @Option(help: "Time zone of days and hours (default: the pipeline's, or UTC).")
    var timezone: String?
    @Option(
        help:
            "table, json, csv, geojson; trace also has mfjson (OGC Moving Features); flows and travel-times have datex2."
    )
    var format: QueryFormat = .table
    @Option(
        help: ArgumentHelp(
            "Draw the answer into this file instead: .png, .svg, .html, or .vl.json, its Vega-Lite specification.",
            valueName: "file"))
    var plot: String?

    func validate() throws {
        if let plot, PlotFile(plot) == nil {
            throw ValidationError("--plot takes a file that ends in .png, .svg, .html or .vl.json, not '\(plot)'")
        }
        if between != nil, day == nil { throw ValidationError("--between needs --day") }
        if let between, between.split(separator: ",").count != 2 {
            throw ValidationError("--between takes two times, for example 07:30,07:45")
        }
    }

    /// - Parameter question: The command that asks, which must have the format that is wanted.
    func open(_ pipeline: Pipeline?, for question: CommandConfiguration) throws -> Questions {
        if let only = format.only, !only.contains(question.commandName ?? "") {
            throw ValidationError(
                "--format \(format.rawValue) is for \(only.joined(separator: " and ")) alone; take json or geojson")
        }
        return try Questions(
            database: system.address(pipeline), zone: timezone ?? pipeline?.timezone ?? "UTC",
            application: "gantry-query (\(NSUserName()))")
    }

    /// All days there are, when none was asked for; in an empty database some day or other.
    func period(_ questions: borrowing Questions) throws -> Questions.Period {
        guard let day else {
            let someDay = Questions.Period(start: EventTime(seconds: 0), end: EventTime(seconds: 86_400))
            return try questions.extent() ?? someDay
        }
        let times = between?.split(separator: ",").map { String($0) }
        return try questions.period(day: day, between: times.map { ($0[0], $0[1]) })
    }

    /// Opens the database, asks about the period that is meant, and shows what comes back; nil shows nothing.
    ///
    /// - Parameters:
    ///   - question: The command that asks; a picture is titled by its abstract.
    ///   - every: The length of a stretch of time; nil without stretches.
    ///   - cameras: Those that the answer rests on; nil where it says itself how they were watched.
    ///   - none: As of ``show(_:to:every:none:)``; nil for the usual.
    func answer(
        _ question: CommandConfiguration, every: Span? = nil, watching cameras: AskedCameras?,
        none: ((borrowing Questions) -> String)? = nil,
        _ ask: (borrowing Questions, Questions.Period) throws -> Answer?
    ) throws {
        try answering {
            let pipeline = try system.loaded()
            let questions = try open(pipeline, for: question)
            let period = try period(questions)
            guard let answer = try ask(questions, period) else { return }
            if format == .datex2, plot == nil, !answer.rows.isEmpty, let every {
                let document = answer.datex2(
                    every: every.duration, in: period, creator: pipeline?.name ?? "gantry",
                    published: EventTime(seconds: Date().timeIntervalSince1970.rounded()))
                print(document ?? "", terminator: "")
            } else if let none {
                try show(answer, to: question, every: every, none: none(questions))
            } else {
                try show(answer, to: question, every: every)
            }
            if format == .table, plot == nil, !answer.rows.isEmpty, questions.countStep > 1 {
                complain("Counts are multiples of \(questions.countStep), rounded up or down at random.")
            }
            if let cameras { try remark(on: cameras, questions, period) }
        }
    }

    /// Says on standard error which of these cameras nobody watched for part of the time: what did not pass there is not
    /// known.
    func remark(on cameras: AskedCameras, _ questions: borrowing Questions, _ period: Questions.Period) throws {
        let unwatched = try questions.unwatched(cameras, in: period)
        guard !unwatched.isEmpty else { return }
        let most = 5
        let named = unwatched.prefix(most).map { "\($0.camera) (\(Self.percent($0.covered)))" }
        let others = unwatched.count - named.count
        complain(
            "Not watched all the time, with the share that was: \(named.joined(separator: ", "))"
                + (others > 0 ? " and \(others) more" : "") + ". `gantry query coverage` shows when.")
    }

    /// Not 100 % for what is not whole, nor 0 % for what is not nothing.
    private static func percent(_ share: Double) -> String {
        let rounded = (share * 1000).rounded() / 10
        return "\(share <= 0 ? 0 : share >= 1 ? 100 : min(99.9, max(0.1, rounded))) %"
    }

    /// The text of a file that an option names; exit status 66 without it.
    static func geoJSON(_ path: String, option: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            complain("can't read \(path): \(option) takes a GeoJSON file")
            throw ExitCode(66)
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// - Parameter none: What an answer without a row means.
    func show(
        _ answer: Answer, to question: CommandConfiguration, every: Span? = nil,
        none: String =
            "No passage was seen there and then. Check day and camera; `gantry query flows` shows what there is."
    ) throws {
        if answer.rows.isEmpty {
            complain(none)
            if !format.canBeEmpty, plot == nil { return }
        }
        if let plot, let file = PlotFile(plot) {
            let times = between.map { " " + $0.replacing(",", with: "–") } ?? ""
            let drawn = answer.plot(
                question: question.abstract, period: day.map { $0 + times } ?? "all days there are",
                every: every?.duration)
            guard let drawn else { throw PlotError.nothingToDraw }
            return try file.write(drawn)
        }
        let text =
            switch format {
            case .table: answer.rendered(.table)
            case .json: answer.rendered(.json)
            case .csv: answer.rendered(.csv)
            case .geojson: answer.rendered(.geojson)
            case .mfjson: answer.movingFeature ?? ""
            // Written where the period is known.
            case .datex2: ""
            }
        print(text, terminator: "")
    }
}

extension Answer.Format: ExpressibleByArgument {}

/// How an answer is written: as any answer can be, or in a standard's form that few can have.
enum QueryFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv, geojson, mfjson, datex2

    /// The only questions whose answers have the format; nil for all.
    var only: [String]? {
        switch self {
        case .table, .json, .csv, .geojson: nil
        case .mfjson: ["trace"]
        case .datex2: ["flows", "travel-times"]
        }
    }
    /// Whether an answer without a row has a form.
    var canBeEmpty: Bool { self == .json || self == .csv || self == .geojson }
}

/// A length of time such as `90s`, `15m`, `1h` or `1d`.
struct Span: ExpressibleByArgument {
    var duration: Duration
    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int(argument.dropLast()), count > 0,
            count < 1_000_000
        else { return nil }
        duration = .seconds(count * unit)
    }
    var defaultValueDescription: String { "\(Int(duration.inSeconds))s" }
}

/// Writes a line to standard error.
func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

/// Tells whoever looked at single vehicles so.
func sayOnRecord(_ entry: Int64?) {
    complain("This look is on record" + (entry.map { ", as entry \($0) of the audit log." } ?? "."))
}

/// Runs a command's work; what goes wrong is said once, and the exit status tells its kind: 1 a record that is not what was
/// signed, 65 a question that can't be
/// answered or drawn, or a file without what it should have, 66 a file that can't be read, 69 no database or renderer, 74 a
/// file that can't be written, 77 refused.
func answering(_ work: () throws -> Void) throws {
    do {
        try work()
    } catch let error as QueryError {
        complain("\(error)")
        switch error {
        case .refused, .spent: throw ExitCode(77)
        case .database, .schema: throw ExitCode(69)
        case .unknownCamera, .badQuestion: throw ExitCode(65)
        }
    } catch let error as DatabaseError {
        complain("\(error)")
        throw ExitCode(69)
    } catch let error as RoadError {
        complain("\(error)")
        switch error {
        case .unreadable: throw ExitCode(66)
        case .badFile, .noNetwork: throw ExitCode(65)
        case .programMissing, .programFailed, .database: throw ExitCode(69)
        }
    } catch let error as PlaceError {
        complain("\(error)")
        throw ExitCode(65)
    } catch let error as CustodyError {
        complain("\(error)")
        throw ExitCode(77)
    } catch let error as SignatureError {
        complain("\(error)")
        switch error {
        case .noKey: throw ExitCode(66)
        case .keyTooOpen, .badKey: throw ExitCode(77)
        case .unwritable, .keyExists, .otherKey: throw ExitCode(74)
        case .altered, .notSigned, .contradiction, .noCheckpoints: throw ExitCode(1)
        }
    } catch let error as PlotError {
        complain("\(error)")
        throw ExitCode(error == .nothingToDraw ? 65 : 69)
    } catch let error as WholeFileError {
        complain("\(error)")
        throw ExitCode(74)
    }
}
