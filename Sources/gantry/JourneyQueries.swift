import ArgumentParser
import PostGIS
import Traffic

struct JourneysQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journeys",
        abstract: "How many journeys begin when, how long they take and how many cameras see them.",
        discussion: """
            A journey is what one vehicle does without being unseen for half an hour. Those of a single passage are counted, \
            and left out of the medians.
            """)
    @OptionGroup var options: QueryOptions
    @Option(help: "Journeys are grouped by their start in stretches of this length.")
    var every = Span(argument: "1h")!

    func run() async throws {
        try options.answer(Self.configuration, every: every, watching: .all) { questions, period in
            let journeys = try questions.journeys(in: period, every: every.duration)
            return Answer(journeys, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct RoutesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "The ways vehicles take from one camera to another, and their shares.",
        discussion: "A way is told by the cameras passed in between. Rare ways are shown together, as other routes.")
    @OptionGroup var options: QueryOptions
    @OptionGroup var pair: CameraPair
    @Option(help: "What takes longer is not one trip.")
    var longest = Span(argument: "2h")!

    func run() async throws {
        try options.answer(Self.configuration, watching: pair.asked) { questions, period in
            let routes = try questions.routes(
                from: CameraID(pair.from), to: CameraID(pair.to), in: period, longest: longest.duration)
            let (first, second) = try pair.cameras(questions, period)
            return Answer(
                routes, from: first, to: second, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}

struct AllTravelTimesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all-travel-times",
        abstract: "Time between all pairs of cameras that vehicles pass one after the other.")
    @OptionGroup var options: QueryOptions
    @Option(help: "Only pairs with so many vehicles.")
    var least = 50

    func run() async throws {
        let least = least
        try options.answer(
            Self.configuration, watching: .all,
            none: { "No pair of cameras has \(max(least, $0.minimumVehicles)) vehicles there and then." }
        ) { questions, period in
            let times = try questions.allTravelTimes(in: period, least: least)
            return Answer(times, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}
