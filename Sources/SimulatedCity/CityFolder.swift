internal import Foundation
public import Topics
internal import Traffic
internal import Wire

/// A simulated city on disk: what Gantry reads, and the truth beside it.
///
/// Everything is written to `<path>.unfinished`, which takes its name when it is whole; so a folder of that name is
/// complete, whatever ended the process.
public struct CityFolder: ~Copyable {
    public struct Options: Sendable, Hashable {
        /// Tables become `.csv.zst`.
        public var compresses = false
        /// Whether `truth/passages.csv` is written, the largest table: a row for each passage.
        public var tellsPassages = true
        /// Whether `passages.mcap` is written.
        public var records = true
        /// For `pipeline.yaml`.
        public var brokers = "127.0.0.1:9092"
        /// How the trips were made: `fast` or `sumo`; for the README.
        public var engine = "fast"

        public init() {}
    }

    private static let marker = ".gantry-simulated-city"

    private let city: SimulatedCity
    private let options: Options
    private let path, unfinished: String
    private let trips, legs, journeys, travelTimes: CityTable
    private let passages: CityTable?
    private var recording: RecordingWriter?
    private let topic: String
    private var counts = CityCounts()

    /// Makes the folder with everything that is known before the first trip.
    ///
    /// - Throws: ``CityError`` or, for the recording, `RecordingError`.
    public init(_ city: SimulatedCity, path: String, options: Options) throws {
        let folder = path + ".unfinished"
        try Self.check(path)
        try Self.clear(folder)
        if options.compresses, system("zstd --version >/dev/null 2>&1") != 0 { throw CityError.noCompressor }
        do {
            try FileManager.default.createDirectory(atPath: folder + "/truth", withIntermediateDirectories: true)
        } catch {
            throw CityError.unwritable(path: folder, detail: error.localizedDescription)
        }
        func table(_ name: String, _ header: String) throws(CityError) -> CityTable {
            try CityTable("\(folder)/truth/\(name).csv", header: header, compressed: options.compresses)
        }
        try Self.write("", to: folder + "/" + Self.marker)
        try Self.write(city.camerasJSON(), to: folder + "/cameras.json")
        try Self.write(city.pipelineYAML(brokers: options.brokers), to: folder + "/pipeline.yaml")
        try Self.write(city.zonesGeoJSON(), to: folder + "/zones.geojson")
        try Self.write(city.networkGeoJSON(), to: folder + "/network.geojson")
        try Self.write(city.outagesCSV(), to: folder + "/truth/outages.csv")
        try Self.write(city.skewCSV(), to: folder + "/truth/skew.csv")
        let trips = try table(
            "trips", "trip,vehicle,plate,class,from_zone,to_zone,departed,arrived,stopped,cameras,passed_ms")
        let legs = try table("legs", "vehicle,plate,from_camera,to_camera,departed,arrived,journey")
        let journeys = try table(
            "journeys", "journey,vehicle,plate,from_camera,to_camera,from_zone,to_zone,departed,arrived,passes")
        let travelTimes = try table(
            "travel_times", "from_camera,to_camera,bucket,trips,median_seconds,stopped_trips")
        let passages = options.tellsPassages ? try table("passages", "passage,trip,pass,fault,copy") : nil
        let recording =
            options.records ? try RecordingWriter(to: folder + "/passages.mcap", schemas: Schema.recordings) : nil
        // Last, and all at once: what can't be copied can't be half set either.
        self.city = city
        self.options = options
        self.path = path
        unfinished = folder
        topic = city.settings.name + ".passages"
        (self.trips, self.legs, self.journeys, self.travelTimes) = (trips, legs, journeys, travelTimes)
        self.passages = passages
        self.recording = recording
    }

    /// Adds what happened. Windows come in their order.
    ///
    /// - Parameter records: Of the window's reports, in their order.
    public mutating func write(_ window: CityWindow, records: [Record]) throws {
        for record in records { try recording?.append(record, to: topic) }
        for trip in window.trips { try write(trip) }
        for leg in window.legs { try write(leg) }
        for journey in window.journeys { try write(journey) }
        for row in window.travelTimes {
            travelTimes.add(camera(row.from))
            travelTimes.add(camera(row.to))
            travelTimes.add(time: row.bucket)
            travelTimes.add(row.trips)
            travelTimes.add(Self.thousandths(row.median))
            travelTimes.add(row.stopped)
            try travelTimes.end()
        }
        if let passages {
            for sighting in window.sightings {
                passages.add(hexadecimal: sighting.passage.id.bytes)
                passages.add(sighting.trip)
                passages.add(sighting.pass)
                passages.add(sighting.fault.rawValue)
                passages.add(sighting.copy.rawValue)
                try passages.end()
            }
        }
        counts.add(window)
    }

    /// Writes what is only known at the end, and gives the folder its name.
    ///
    /// - Parameter traffic: After its last window.
    public consuming func finish(_ traffic: borrowing CityTraffic) throws -> CityCounts {
        let matrix = try CityTable(
            unfinished + "/truth/od.csv", header: "from_zone,to_zone,hour,trips,journeys",
            compressed: options.compresses)
        for (from, to, hour, cell) in traffic.matrix() {
            matrix.add(city.zones.names[from])
            matrix.add(city.zones.names[to])
            matrix.add(time: hour)
            matrix.add(cell.trips)
            matrix.add(cell.journeys)
            try matrix.end()
        }
        for table in [trips, legs, journeys, travelTimes, matrix] { try table.finish() }
        try passages?.finish()
        _ = try recording.take()?.finish()
        try Self.write(city.readme(options, counts), to: unfinished + "/README.md")
        unlink(unfinished + "/" + Self.marker)
        guard rename(unfinished, path) == 0 else {
            throw CityError.unwritable(path: path, detail: String(cString: strerror(errno)))
        }
        return counts
    }

    private func write(_ trip: TripTruth) throws(CityError) {
        trips.add(trip.number)
        trips.add(trip.vehicle)
        trips.add(trip.plate)
        trips.add(trip.kind.rawValue)
        trips.add(city.zones.names[trip.fromZone])
        trips.add(city.zones.names[trip.toZone])
        trips.add(time: trip.departed)
        trips.add(time: trip.arrived)
        trips.add(trip.stopped ? 1 : 0)
        trips.add(trip.passes.map { camera($0.site) }.joined(separator: " "))
        trips.add(trip.passes.map { String($0.at - trip.departed) }.joined(separator: " "))
        try trips.end()
    }

    private func write(_ leg: LegTruth) throws(CityError) {
        legs.add(leg.vehicle)
        legs.add(leg.plate)
        legs.add(camera(leg.from))
        legs.add(camera(leg.to))
        legs.add(time: leg.departed)
        legs.add(time: leg.arrived)
        legs.add(leg.journey)
        try legs.end()
    }

    private func write(_ journey: JourneyTruth) throws(CityError) {
        journeys.add(journey.number)
        journeys.add(journey.vehicle)
        journeys.add(journey.plate)
        journeys.add(camera(journey.from))
        journeys.add(camera(journey.to))
        journeys.add(city.zones.names[city.sites[journey.from].zone])
        journeys.add(city.zones.names[city.sites[journey.to].zone])
        journeys.add(time: journey.departed)
        journeys.add(time: journey.arrived)
        journeys.add(journey.passes)
        try journeys.end()
    }

    private func camera(_ site: Int) -> String { city.sites[site].camera.id.text }

    /// Seconds with three decimals.
    static func thousandths(_ seconds: Double) -> String {
        let whole = Int((seconds * 1000).rounded())
        let rest = String(whole % 1000)
        return "\(whole / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    private static func write(_ text: String, to path: String) throws(CityError) {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw .unwritable(path: path, detail: String(cString: strerror(errno)))
        }
    }

    /// An empty folder may be there.
    private static func check(_ path: String) throws(CityError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path), names.isEmpty else {
            throw .exists(path: path)
        }
    }

    /// Removes what an interrupted run left.
    private static func clear(_ path: String) throws(CityError) {
        let files = FileManager.default
        guard files.fileExists(atPath: path) else { return }
        guard files.fileExists(atPath: path + "/" + marker) else { throw .foreignFolder(path: path) }
        do { try files.removeItem(atPath: path) } catch {
            throw .unwritable(path: path, detail: error.localizedDescription)
        }
    }
}

/// How much there is of everything.
public struct CityCounts: Sendable, Hashable {
    public var trips = 0, passes = 0, legs = 0, journeys = 0
    /// Records of passages, torn ones and repetitions included; and of coverage.
    public var passages = 0, stretches = 0
    public var misread = 0, unread = 0, torn = 0, repeated = 0

    public init() {}

    public mutating func add(_ window: CityWindow) {
        trips += window.trips.count
        passes += window.trips.reduce(0) { $0 + $1.passes.count }
        legs += window.legs.count
        journeys += window.journeys.count
        passages += window.sightings.count
        stretches += window.stretches.count
        for sighting in window.sightings {
            if sighting.fault == .misread { misread += 1 }
            if sighting.fault == .unread { unread += 1 }
            if sighting.copy == .torn { torn += 1 }
            if sighting.copy == .repeated { repeated += 1 }
        }
    }
}
