import ArgumentParser
import PostGIS
import Traffic

struct SpeedsQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "speeds", abstract: "How fast vehicles drive from one camera to another.",
        discussion: """
            The mean is that of traffic engineering: the way of all trips together over their time. Trips that stopped on \
            the way, which took more than three times the quickest quarter's time, are left out and counted as stopped.
            """)
    @OptionGroup var options: QueryOptions
    @OptionGroup var pair: CameraPair
    @Option(help: "Trips are grouped by departure in stretches of this length.")
    var every = Span(argument: "1h")!
    @Option(help: "Metres along the road (default: those of the road network, else the straight line, a lower bound).")
    var metres: Double?
    @Option(help: "What takes longer is not one trip.")
    var longest = Span(argument: "2h")!

    func run() async throws {
        try options.answer(Self.configuration, every: every, watching: pair.asked) { questions, period in
            let speeds = try questions.speeds(
                from: CameraID(pair.from), to: CameraID(pair.to), in: period, every: every.duration, metres: metres,
                longest: longest.duration)
            return Answer(speeds, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct SpotSpeedsQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spot-speeds",
        abstract: "How fast vehicles drive past calibrated cameras, and how many stop there.")
    @OptionGroup var options: QueryOptions
    @Option(help: "Only this camera (default: all).")
    var camera: String?
    @Option(help: "Length of a stretch: 15m, 1h, 1d ...")
    var every = Span(argument: "1h")!

    func run() async throws {
        try options.answer(Self.configuration, every: every, watching: .one(camera)) { questions, period in
            let speeds = try questions.spotSpeeds(
                camera: camera.map { CameraID($0) }, in: period, every: every.duration)
            return Answer(speeds, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct CoursesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "courses", abstract: "Which way vehicles drive past the cameras, by eighths of the compass.")
    @OptionGroup var options: QueryOptions
    @Option(help: "Only this camera (default: all).")
    var camera: String?

    func run() async throws {
        try options.answer(Self.configuration, watching: .one(camera)) { questions, period in
            let courses = try questions.courses(camera: camera.map { CameraID($0) }, in: period)
            return Answer(courses, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct DwellQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dwell", abstract: "The cameras where vehicles stay in view longest.")
    @OptionGroup var options: QueryOptions
    @Option(help: "Show so many cameras at most.")
    var most = 100

    func run() async throws {
        try options.answer(Self.configuration, watching: .all, none: { $0.tooFew }) { questions, period in
            let dwell = try questions.dwell(in: period, most: most)
            return Answer(dwell, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct RoadFlowsQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "road-flows", abstract: "What flows on the streets between the cameras.",
        discussion: """
            Needs a road network: `gantry roads import`. Each vehicle is taken to drive the quickest way from camera to \
            camera. Only pairs of cameras that enough vehicles drove between in a stretch of time are counted, so what \
            flows where few drive is missing: ask for long stretches. A road driven both ways has two rows.

            Example:
              gantry query road-flows --day 2026-03-02 --format geojson > flows.geojson
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "Departures are grouped in stretches of this length: 1h, 1d ...")
    var every = Span(argument: "1d")!

    func run() async throws {
        try options.answer(
            Self.configuration, every: every, watching: .all,
            none: { questions in
                "No pair of cameras with a way along roads has \(questions.minimumVehicles) vehicles there and then. Ask about "
                    + "a longer period; `gantry roads check` says what ways there are."
            }
        ) { questions, period in
            let flows = try questions.roadFlows(in: period, every: every.duration)
            return Answer(flows, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

/// Where trips begin and end.
struct CameraPair: ParsableArguments {
    @Option(help: "Camera where the trip begins.")
    var from: String
    @Option(help: "Camera where it ends.")
    var to: String

    var asked: AskedCameras { .these([CameraID(from), CameraID(to)]) }

    /// Where both stood when the period ended; asked after a question about both, which fails for an unknown one.
    func cameras(_ questions: borrowing Questions, _ period: Questions.Period) throws -> (Camera, Camera) {
        let places = try questions.places()
        return (try places.camera(from, at: period.last), try places.camera(to, at: period.last))
    }
}

extension AskedCameras {
    /// - Parameter camera: Nil for all.
    static func one(_ camera: String?) -> AskedCameras { camera.map { .these([CameraID($0)]) } ?? .all }
}

extension Questions {
    /// What no row means where rows under k are left out.
    var tooFew: String { "Nothing there and then has \(minimumVehicles) vehicles. Ask about a longer period." }
}

struct CaptureRatesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture-rates",
        abstract: "Which share of the vehicles each camera sees and reads, day by day (UTC).",
        discussion: """
            Vehicles seen before a camera and after it, with no other way between, must have passed it: the share of them that \
            it has itself is what it captures. A camera with few such witnesses gets the city's share, by its own share of \
            accepted reads. A falling share says that a lens is dirty, or a camera has moved. Sinks estimate it once an hour.
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "Only this camera (default: all).")
    var camera: String?

    func run() async throws {
        try options.answer(Self.configuration, watching: .one(camera)) { questions, period in
            let rates = try questions.captureRates(camera: camera.map { CameraID($0) }, in: period)
            return Answer(rates, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}
