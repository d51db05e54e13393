import SimulatedCity
import Traffic

/// A city with everything that it told, made once for several tests.
struct CityUnderTest {
    var city: SimulatedCity
    var windows: [CityWindow] = []
    var matrix: [(from: Int, to: Int, hour: Int64, cell: ODCell)]

    init(_ settings: CitySettings) throws {
        city = try SimulatedCity(settings)
        var traffic = CityTraffic(city)
        while let window = traffic.next() { windows.append(window) }
        matrix = traffic.matrix()
    }

    var trips: [TripTruth] { windows.flatMap(\.trips) }
    var legs: [LegTruth] { windows.flatMap(\.legs) }
    var journeys: [JourneyTruth] { windows.flatMap(\.journeys) }
    var sightings: [CitySighting] { windows.flatMap(\.sightings) }

    /// 60 cameras, 30,000 vehicles, a morning; the default faults and some outages.
    static let morning = Result {
        var settings = CitySettings(cameras: 60, vehicles: 30_000, seconds: 4 * 3600)
        settings.faults.outages = 12
        settings.leastTrips = 5
        return try CityUnderTest(settings)
    }
    /// The same without any fault.
    static let faultless = Result {
        var settings = CitySettings(cameras: 60, vehicles: 30_000, seconds: 4 * 3600)
        (settings.faults.miss, settings.faults.misread, settings.faults.unread) = (0, 0, 0)
        (settings.faults.duplicate, settings.faults.late, settings.faults.clockSkew) = (0, 0, 0)
        return try CityUnderTest(settings)
    }
    /// Two days of few vehicles, over midnight.
    static let twoDays = Result { try CityUnderTest(CitySettings(cameras: 40, vehicles: 1500, seconds: 2 * 86_400)) }
}

/// Whether a share found among so many is within four standard deviations of the one asked for: one seed in 16,000 is
/// further off.
func isPlausible(_ found: Int, of count: Int, share: Double) -> Bool {
    let deviation = (Double(count) * share * (1 - share)).squareRoot()
    return abs(Double(found) - Double(count) * share) <= 4 * deviation
}
