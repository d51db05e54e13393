internal import Traffic

extension SimulatedCity {
    /// What lies in the folder, and what its words mean.
    func readme(_ options: CityFolder.Options, _ counts: CityCounts) -> String {
        let suffix = options.compresses ? ".csv.zst" : ".csv"
        let faults = settings.faults
        let told =
            options.tellsPassages
            ? "| `truth/passages\(suffix)` | per passage of the recording, in its order: passage id, trip, which of the trip's passes (from 0), fault (`none`, `misread`, `unread`), copy (`first`, `torn`, `repeated`) |\n"
            : "`truth/passages.csv` was left out (`--thin`).\n"
        let recording =
            options.records
            ? "`passages.mcap` | topic `\(settings.name).passages`, keyed by camera, in the order of delivery: passages, and coverage (when each camera was watched)"
            : "(no `passages.mcap`) | passages and coverage went to the topic `\(settings.name).passages`"
        return """
            # A simulated city

            Invented roads, vehicles and plates; made by `gantry simulate city --engine \(options.engine)`, seed \
            \(settings.seed). Trips begin from \(settings.start.rfc3339) \
            for \(settings.seconds) seconds. A trip that began earlier is nowhere in it; one that began in time is \
            in it to its end, even past the period's. All days and hours are UTC.

            \(sites.count) cameras, \(settings.vehicles) vehicles, \(zones.zones.count) zones, \(counts.trips) trips, \
            \(counts.passes) true passes, \(counts.passages) passages told (\(counts.torn) torn, \(counts.repeated) repeated, \
            \(counts.misread) misread, \(counts.unread) unread), \(counts.stretches) stretches of coverage, \(counts.legs) legs, \(counts.journeys) journeys.

            ## Files

            | file | content |
            |---|---|
            | \(recording) |
            | `pipeline.yaml`, `cameras.json` | the cameras, for `gantry-sink`, `gantry replay` and `gantry run --media` |
            | `zones.geojson` | rectangles that tile the city; a point on a south or west side belongs to the zone |
            | `network.geojson` | one-way edges: source and target junction, length in metres, speed in m/s, class, camera |
            | `truth/trips\(suffix)` | per trip: zones and times of both ends, whether it stopped, cameras in order, milliseconds from departure to each |
            | `truth/legs\(suffix)` | per leg, in the order of trips |
            | `truth/journeys\(suffix)` | per journey, as they end |
            | `truth/od\(suffix)` | per pair of zones and hour: trips, journeys |
            | `truth/travel_times\(suffix)` | per pair of cameras and bucket of \(settings.bucket / 60) minutes with at least \(settings.leastTrips) trips |
            | `truth/outages.csv`, `truth/skew.csv` | when cameras saw nothing; what their clocks show beyond the truth |
            \(told)
            ## Words

            All times of the truth are by the true clock. A camera's own clock shows `skew_ms` more, and messages have that.

            *Pass*: a vehicle comes into a camera's view. The truth has every pass, also those that the camera missed or that fell \
            into an outage. A pass's time is when the vehicle comes into view: `first_seen` of its passage, less the \
            skew, is up to a frame (100 ms) later.

            *Journey*: successive passes of one vehicle, each at most \(settings.journeyGap) seconds after the one before; a pass \
            alone is a journey of one. A journey may hold several trips with short visits between, and a trip with a long stop \
            or a long way between cameras may be several journeys. `departed` and `arrived` are its first pass and its last.

            *Leg*: two successive passes of one journey at two different cameras. A pass at the same camera again makes no \
            leg, but the next one starts from it. `departed` and `arrived` are the two passes.

            Both are the words of `movement` in the database, made from every true pass instead of accepted reads.

            *OD*: `trips` are counted by the zones of the places where they truly begin and end, in the hour of departure; \
            `journeys`, of two passes or more, by the zones of first and last camera, in the hour of the first pass. Cells with \
            neither are left out.

            *Travel times*: over all pairs of cameras on one trip, the later of several departures before an arrival counting, \
            by the bucket of the true departure. `trips` and `median_seconds` are of trips that did not stop between the two; \
            `stopped_trips` are the others.

            ## Faults

            Of passes outside outages \(faults.miss) are missed. Of the passages \(faults.unread) have no text; of \
            those with a text \(faults.misread) have one wrong character, a look-alike in most cases. Right texts have confidence \
            0.65 to 0.999, wrong ones 0.45 to 0.95; from 0.8 they are accepted. \(faults.duplicate) of the passages come twice: \
            mostly torn in two by the tracker (two ids), else as the same record again 5 to 60 seconds later. \(faults.late) are \
            delivered 30 seconds to two hours late, the others 1.2 to 4 seconds after the last frame. Clocks deviate by \
            \(faults.clockSkew) s (standard deviation). \(outages.count) outages.

            *Coverage*: from the start of the period to the last delivery every camera is watched at 10 frames a second, but for \
            its outages; told by the minute of its own clock, as the tracker tells it, and never late.

            """
    }
}
