import ArgumentParser
import Foundation
import SimulatedCity
import StageRunner
import Topics
import Traffic
import Wire

struct SimulateCityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "city",
        abstract: "Invents a city's traffic as its cameras would tell it, with the truth beside it.",
        discussion: """
            Vehicles make trips on a road network; cameras tell of those that pass, with the faults of cameras, readers and \
            networks. No pictures: the result is passages and coverage, as gantry-track sends them, for what comes after. \
            Beside them lies the truth of every trip, leg and journey, the origin-destination matrix and travel times; README.md in \
            the folder says what each word means. The same options give the same bytes.

            Examples:
              gantry simulate city --out small
              gantry simulate city --out day --size medium --outages 20
              gantry simulate city --out week --size large --compress
              gantry simulate city --out rush --cameras 40 --engine sumo
              gantry simulate city --out live --brokers 127.0.0.1:9092 --rate 200

            Sizes: small is 6 cameras, 10,000 vehicles, 1 hour; medium 300, 50,000, 1 day; large 3,000, 500,000, 7 days \
            (about 22 million passages and 30 million minutes of coverage). Single options win over --size.

            Afterwards: gantry replay DIR/passages.mcap --pipeline DIR/pipeline.yaml, gantry-sink --pipeline \
            DIR/pipeline.yaml.
            """)

    enum Size: String, ExpressibleByArgument, CaseIterable {
        case small, medium, large

        var settings: CitySettings {
            switch self {
            case .small: CitySettings()
            case .medium: CitySettings(cameras: 300, vehicles: 50_000, seconds: 86_400)
            case .large: CitySettings(cameras: 3000, vehicles: 500_000, seconds: 7 * 86_400)
            }
        }
    }
    enum Engine: String, ExpressibleByArgument, CaseIterable { case fast, sumo }

    @Option(help: "Folder to make; it appears when it is whole, until then its name ends in .unfinished.")
    var out: String
    @Option(help: "small, medium or large.")
    var size = Size.small
    @Option(help: "Another number gives another city.")
    var seed: UInt64 = 1
    @Option(help: "2 to 5000. The city grows with them: 4 junctions a camera, in a large one up to 9.")
    var cameras: Int?
    @Option(help: "1 to 5000000; by default the size's, or 167 a camera where --cameras is given.")
    var vehicles: Int?
    @Option(help: "Rectangles of zones.geojson, 1 to 1000; by default 4 to 50.")
    var zones: Int?
    @Option(help: "Trips begin within so long: 90m, 1d, 7d. By default the size's.", transform: CityDuration.parse)
    var length: CityDuration?
    @Option(
        help: "When the period begins; by default Monday 2026-03-02, at 7:00 if it is shorter than a day.",
        transform: Self.time)
    var start: EventTime?
    @Option(help: "fast: own model. sumo: every vehicle moved by SUMO (apt-get install sumo), up to a medium city.")
    var engine = Engine.fast
    @Option(help: "The pipeline's name, and the topic's: NAME.passages.")
    var name = "city"

    @Option(help: "Share of the passes that give no passage.")
    var miss = CityFaults().miss
    @Option(help: "Share of the texts with one wrong character.")
    var misread = CityFaults().misread
    @Option(help: "Share of the passages without a text.")
    var unread = CityFaults().unread
    @Option(help: "Share of the passages that come twice: torn in two by the tracker, or delivered again.")
    var duplicate = CityFaults().duplicate
    @Option(help: "Share of the passages that come 30 s to 2 h late.")
    var late = CityFaults().late
    @Option(help: "Standard deviation of the cameras' clocks, by default 2s.", transform: CityDuration.parse)
    var clockSkew: CityDuration?
    @Option(help: "Outages in all, each of one camera for 5 minutes to 3 hours; fewer where they would touch.")
    var outages = 0

    @Option(
        help: "Journeys end where no camera sees the vehicle for longer, by default 30m.", transform: CityDuration.parse
    )
    var journeyGap: CityDuration?
    @Option(help: "Buckets of true travel times, by default 15m.", transform: CityDuration.parse)
    var bucket: CityDuration?
    @Flag(help: "Write the truth's tables as .csv.zst, by the program zstd.")
    var compress = false
    @Flag(help: "Leave out truth/passages.csv, the largest table: what became of each passage.")
    var thin = false
    @Option(help: ArgumentHelp("Send the passages to Kafka instead of passages.mcap.", valueName: "host:port"))
    var brokers: String?
    @Option(help: "Into Kafka: at most so many records a second.")
    var rate: Double?
    @Flag(help: "No progress.")
    var quiet = false

    func validate() throws {
        if rate != nil, brokers == nil { throw ValidationError("--rate is for Kafka: add --brokers HOST:PORT") }
        if let rate, !(rate > 0 && rate.isFinite) { throw ValidationError("--rate is \(rate), not positive") }
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
        if name.isEmpty || name.count > 63 || !allowed || !(name.first!.isLetter) {
            throw ValidationError("--name is '\(name)': write lower-case letters, digits and dashes, a letter first")
        }
    }

    func run() async throws {
        let settings = settings()
        try settings.validate()
        var options = CityFolder.Options()
        options.compresses = compress
        options.tellsPassages = !thin
        options.records = brokers == nil
        options.brokers = brokers ?? options.brokers
        options.engine = engine.rawValue
        let city = try SimulatedCity(settings)
        let run = CityRun(
            city: city, options: options, folder: Self.plain(out), brokers: brokers, rate: rate,
            usesSUMO: engine == .sumo, quiet: quiet)
        let counts = try await run.run()
        if !quiet { FileHandle.standardError.write(Data("simulate: \(run.summary(counts))\n".utf8)) }
        print(out)
    }

    private func settings() -> CitySettings {
        let base = size.settings
        let count = cameras ?? base.cameras
        var settings = CitySettings(
            cameras: count, vehicles: vehicles ?? (cameras.map { $0 * 167 } ?? base.vehicles), zones: zones,
            seconds: length?.seconds ?? base.seconds)
        settings.name = name
        settings.seed = seed
        if let start { settings.start = start }
        if let journeyGap { settings.journeyGap = journeyGap.seconds }
        if let bucket { settings.bucket = bucket.seconds }
        settings.faults.miss = miss
        settings.faults.misread = misread
        settings.faults.unread = unread
        settings.faults.duplicate = duplicate
        settings.faults.late = late
        if let clockSkew { settings.faults.clockSkew = clockSkew.exact }
        settings.faults.outages = outages
        return settings
    }

    private static func time(_ text: String) throws -> EventTime {
        guard let time = EventTime(rfc3339: text) else {
            throw ValidationError("'\(text)' is no time with a zone, as in 2026-03-02T07:30:00Z")
        }
        return time
    }

    /// Without a slash at the end, to which `.unfinished` would be added.
    private static func plain(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }
}

/// A length of time, written `90s`, `15m`, `1h` or `7d`.
struct CityDuration {
    /// Seconds.
    var exact: Double
    var seconds: Int { Int(exact) }

    static func parse(_ text: String) throws -> CityDuration {
        let units = ["ms": 0.001, "s": 1.0, "m": 60, "h": 3600, "d": 86_400]
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), let unit = units[String(text.dropFirst(digits.count))], number < 1e9 else {
            throw ValidationError("'\(text)' is no length of time; write a number with ms, s, m, h or d, such as 15m")
        }
        return CityDuration(exact: number * unit)
    }
}
