import ArgumentParser
import Custody
import Foundation
import PostGIS
import StageRunner
import Traffic

/// The questions of analysts and investigators.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Answers questions about movement from the database.",
        discussion: """
            Each is a call of the SQL function of the same name in schema movement. Counts over too few vehicles are \
            withheld. Where nobody watched a camera for part of the time, a line on standard error names it. \
            With --plot an answer is drawn: curves, a heat map or a map. Exit status: 65 for a question that can't be answered, 69 without a database, 77 when refused.
            """,
        subcommands: [
            FlowsQuery.self, CoverageQuery.self, TravelTimesQuery.self, AllTravelTimesQuery.self, PassingQuery.self,
            ODMatrixQuery.self,
            BothQuery.self, SpeedsQuery.self, SpotSpeedsQuery.self, CoursesQuery.self, DwellQuery.self,
            JourneysQuery.self, RoutesQuery.self, RoadFlowsQuery.self, CaptureRatesQuery.self, AnomaliesQuery.self,
            ClockOffsetsQuery.self, TraceQuery.self,
        ])
}

struct FlowsQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flows", abstract: "Passages and distinct vehicles per camera and stretch of time.",
        discussion: """
            covered is the share of the stretch in which the camera was watched, 0 to 1: no passage at 1 is an empty road. \
            Where nobody watched there is no row; it is empty for what was stored before coverage was kept.
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "Only this camera (default: all).")
    var camera: String?
    @Option(help: "Length of a stretch: 15m, 1h, 1d ...")
    var every = Span(argument: "1h")!

    func run() async throws {
        try options.answer(Self.configuration, every: every, watching: nil) { questions, period in
            let flows = try questions.flows(camera: camera.map { CameraID($0) }, in: period, every: every.duration)
            return Answer(flows, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct CoverageQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage", abstract: "When the cameras were watched, per camera and stretch of time.",
        discussion: """
            covered is the share of the stretch in which frames of the camera were analysed, 0 to 1; gaps are the times \
            when none were, by a camera's fault or ours. Every camera has a row for every stretch. Where recorded is no, \
            coverage was not kept yet, and 0 says nothing. What is watched now is told a minute later.

            Example:
              gantry query coverage --day 2026-03-02 --every 1d
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "Only this camera (default: all).")
    var camera: String?
    @Option(help: "Length of a stretch: 15m, 1h, 1d ...")
    var every = Span(argument: "1h")!

    func run() async throws {
        try options.answer(Self.configuration, every: every, watching: nil, none: { _ in "There is no camera yet." }) {
            questions, period in
            let coverage = try questions.coverage(
                camera: camera.map { CameraID($0) }, in: period, every: every.duration)
            return Answer(coverage, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct TravelTimesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "travel-times", abstract: "Time from first sight at one camera to first sight at another.",
        discussion:
            """
            Trips that stopped on the way, which took more than three times the quickest quarter's time, are left out and \
            counted as stopped. Who stays unseen for half an hour on the way (settings.journey_gap) makes two journeys, \
            and no trip.
            """)
    @OptionGroup var options: QueryOptions
    @OptionGroup var pair: CameraPair
    @Option(help: "Trips are grouped by departure in stretches of this length.")
    var every = Span(argument: "1h")!
    @Option(help: "What takes longer is not one trip.")
    var longest = Span(argument: "2h")!

    func run() async throws {
        try options.answer(Self.configuration, every: every, watching: pair.asked) { questions, period in
            let times = try questions.travelTimes(
                from: CameraID(pair.from), to: CameraID(pair.to), in: period, every: every.duration,
                longest: longest.duration)
            return Answer(times, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct PassingQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passing", abstract: "How many vehicles passed the cameras inside an area.")
    @OptionGroup var options: QueryOptions
    @Option(help: "GeoJSON file with a polygon, or several.")
    var area: String

    func run() async throws {
        let area = try QueryOptions.geoJSON(area, option: "--area")
        try options.answer(Self.configuration, watching: .inside(area)) { questions, period in
            let passing = try questions.passing(area: area, in: period)
            return Answer(passing, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct ODMatrixQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "od-matrix", abstract: "Journeys from zone to zone, by the time of departure.",
        discussion: """
            A journey is what one vehicle does without being unseen for half an hour. It begins in the zone of its first \
            camera and ends in that of its last; cameras outside of all zones count for none. With --corrected it says too \
            how many journeys there were, by what each camera captures (gantry query capture-rates), since one that its \
            first or last camera missed counts for another zone, or for none.
            """)
    @OptionGroup var options: QueryOptions
    @Option(
        help:
            "GeoJSON file with a feature collection of polygons, named by their property name (default: those stored).")
    var zones: String?
    @Option(help: "Journeys are grouped by departure in stretches of this length.")
    var every = Span(argument: "1h")!
    @Flag(help: "Estimate the true numbers as well; takes five times as long.")
    var corrected = false

    func run() async throws {
        let zones = try zones.map { try QueryOptions.geoJSON($0, option: "--zones") }
        try options.answer(Self.configuration, every: every, watching: zones.map { .inside($0) } ?? .all) {
            questions, period in
            let cells = try questions.odMatrix(
                zones: zones, in: period, every: every.duration, corrected: corrected)
            return Answer(cells, corrected: corrected, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct BothQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "both", abstract: "How many vehicles were seen at one camera and then at another.")
    @OptionGroup var options: QueryOptions
    @OptionGroup var pair: CameraPair
    @Option(help: "The longest time between both.")
    var within = Span(argument: "30m")!

    func run() async throws {
        try options.answer(Self.configuration, watching: pair.asked) { questions, period in
            let both = try questions.both(CameraID(pair.from), CameraID(pair.to), in: period, within: within.duration)
            let (first, second) = try pair.cameras(questions, period)
            return Answer(
                both, from: first, to: second, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct TraceQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Where one vehicle was seen. Needs purpose and case; goes on record.",
        discussion: """
            The look is entered in the audit log before a row is shown, refused ones too. Log in as yourself, a member of \
            gantry_investigator (GANTRY_DATABASE or --database); --purpose is one of `gantry purposes list`, which says how far \
            back it reaches and how often. Older data needs a second person: the refusal names the request that a supervisor \
            approves; ask again for the same --day then. The plate does not leave this process: the database sees its tokens. \
            No text of another plate is shown; `gantry reveal PASSAGE` opens one passage. With --format \
            mfjson the trace is a moving feature of OGC 19-045r3, whose instants are the first and the last of each sight.

            Example:
              gantry query trace --plate 1ABC234 --purpose theft --case 2026/117 --day 2026-03-02
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "The plate; case, spaces and dashes don't matter.")
    var plate: String
    @Option(help: "What the look is for: a name of `gantry purposes list`.")
    var purpose: String?
    @Option(name: .customLong("case"), help: "The case it belongs to.")
    var caseNumber: String?
    @Flag(help: "Also texts that a reader may have confused with it, such as 0 for O.")
    var lookAlikes = false

    func run() async throws {
        guard let text = PlateText(plate) else { throw ValidationError("'\(plate)' holds no letter or digit") }
        try answering {
            let pipeline = try options.system.loaded()
            let questions = try options.open(pipeline, for: Self.configuration)
            let period = try options.period(questions)
            let vault = try options.system.vault(pipeline, purpose: purpose, caseNumber: caseNumber)
            let searches = try vault?.search(for: text, from: period.start, to: period.end) ?? []
            let steps = try questions.trace(
                tokens: searches.map(\.token), lookAlikes: lookAlikes ? searches.map(\.lookAlikeToken) : [],
                purpose: purpose, caseNumber: caseNumber, in: period)
            try options.show(Answer(steps, zone: questions.zone), to: Self.configuration)
            try options.remark(on: .all, questions, period)
            sayOnRecord(steps.first?.auditID)
        }
    }
}
