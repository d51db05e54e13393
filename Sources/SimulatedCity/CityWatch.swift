internal import Traffic

/// Tells when each camera was watched: always, but for its outages. As track tells it, by the camera's clock.
struct CityWatch {
    private struct Site {
        var epoch: Epoch
        /// Milliseconds since 1970 by the camera's clock: frame 0, and where the stretch begins that is told next.
        var started, next: Int64
        /// The next outage of the camera, as an index into the city's.
        var outage: Int
        var isOver = false
    }

    /// From what a stretch ends with to its delivery, in milliseconds.
    static let way: Int64 = 1200
    private let city: SimulatedCity
    private var sites: [Site]

    init(_ city: SimulatedCity) {
        self.city = city
        sites = city.sites.indices.map { index in
            let started = CityObserver.firstStart(of: index, in: city)
            // Watched before too, but nothing is told of that.
            let begin = city.settings.begin + Int64(city.sites[index].skew)
            return Site(
                epoch: CityObserver.epoch(city.sites[index], started), started: started,
                next: started + Self.frames(begin - started) * CityObserver.frame,
                outage: city.outages.firstIndex { $0.site == index } ?? city.outages.count)
        }
    }

    /// Frames that begin within so many milliseconds from frame 0.
    private static func frames(_ length: Int64) -> Int64 { (length + CityObserver.frame - 1) / CityObserver.frame }

    /// The stretches that are delivered before a moment, in the order of delivery.
    ///
    /// - Parameters:
    ///   - time: Milliseconds since 1970 by the true clock.
    ///   - isLast: Whether all streams end then.
    mutating func tell(before time: Int64, isLast: Bool) -> [CityStretch] {
        var told: [(site: Int, stretch: CityStretch)] = []
        for index in sites.indices {
            while let stretch = next(of: index, before: time, isLast: isLast) { told.append((index, stretch)) }
        }
        return told.sorted { ($0.stretch.delivered, $0.site) < ($1.stretch.delivered, $1.site) }.map(\.stretch)
    }

    private mutating func next(of index: Int, before time: Int64, isLast: Bool) -> CityStretch? {
        let camera = city.sites[index], skew = Int64(camera.skew)
        while !sites[index].isOver {
            let site = sites[index]
            let outage = site.outage < city.outages.count ? city.outages[site.outage] : nil
            let failure = outage.flatMap { $0.site == index ? $0.from + skew : nil }
            let end = min(failure ?? .max, isLast ? time + skew : .max)
            let minute = (site.next / 60_000 + 1) * 60_000
            let following = site.started + Self.frames(minute - site.started) * CityObserver.frame
            let goesOn = following < end
            let delivered = (goesOn ? following : end) - skew + Self.way
            guard isLast || delivered < time else { return nil }
            let frames = Self.frames((goesOn ? minute : end) - site.started)
            let count = frames - Self.frames(site.next - site.started)
            let last = goesOn ? minute : site.started + (frames - 1) * CityObserver.frame
            if goesOn {
                sites[index].next = minute
            } else if let outage, failure == end {
                // A source that comes back begins a new epoch.
                sites[index].started = outage.to + skew
                sites[index].next = outage.to + skew
                sites[index].epoch = CityObserver.epoch(camera, outage.to + skew)
                sites[index].outage += 1
            } else {
                sites[index].isOver = true
            }
            guard count > 0 else { continue }
            return CityStretch(
                coverage: Coverage(
                    camera: camera.camera.id, epoch: site.epoch, start: EventTime(nanoseconds: site.next * 1_000_000),
                    end: EventTime(nanoseconds: last * 1_000_000), frames: Int(count)),
                delivered: delivered)
        }
        return nil
    }
}
