public import Traffic

/// One of the city's vehicles, or a visitor. Worked out anew from seed and number whenever it is needed.
public struct CityVehicle: Sendable, Hashable {
    public enum Use: Sendable, Hashable {
        /// Drives to work on most weekdays, and on errands.
        case worker
        /// Errands alone.
        case errands
        /// A lorry's or van's round of many stops.
        case deliveries
        /// A bus between two ends.
        case line
        /// Comes into the city and leaves it.
        case through
    }

    public var number: Int
    public var use: Use
    public var kind: VehicleClass
    public var plate: String
    /// Places: where the day begins, and work or the line's other end.
    var home, work: Int
    /// Speed as a share of the limit on a free road.
    var pace: Double
    /// Which routes its driver prefers.
    var taste: Int

    /// The shares: 88% cars of residents, 5% lorries and vans, 0.4% buses, 6.6% visitors.
    init(_ number: Int, _ settings: CitySettings, _ places: CityPlaces) {
        var random = CityRandom(settings.seed, .vehicle, number)
        let draw = random.unit()
        self.number = number
        plate = CityPlate.text(number, seed: settings.seed)
        switch draw {
        case ..<0.62: use = .worker
        case ..<0.88: use = .errands
        case ..<0.93: use = .deliveries
        case ..<0.934: use = .line
        default: use = .through
        }
        let second = random.unit()
        switch use {
        case .worker, .errands: kind = second < 0.96 ? .car : .motorcycle
        case .deliveries: kind = .truck
        case .line: kind = .bus
        case .through: kind = second < 0.8 ? .car : .truck
        }
        let home = use == .through ? places.gate(&random) : random.index(sums: places.homes)
        self.home = home
        switch use {
        case .through:
            let other = places.gate(&random)
            work = other != home ? other : random.index(sums: places.jobs)
        case .line: work = places.choose(places.shops, from: home, &random)
        default: work = places.choose(places.jobs, from: home, &random)
        }
        pace = min(CityNetwork.fastest, max(0.8, 1 + 0.06 * random.normal() - (kind == .bus ? 0.2 : 0)))
        taste = random.index(CityRoutes.tastes)
    }
}

/// An invented country's plates: two letters, four digits, one letter, without I, O, Q and U.
enum CityPlate {
    static let letters = Array("ABCDEFGHJKLMNPRSTVWXYZ".utf8)
    /// What a passage says of the country: a code that ISO 3166 keeps for private use.
    static let region = "zz"
    private static let series = letters.count * letters.count * letters.count * 10_000

    /// One for each number below 100 million, scattered, so that neighbours have nothing in common.
    static func text(_ number: Int, seed: UInt64) -> String {
        // The step is a prime that doesn't divide the series, so no text comes twice.
        var rest = (number * 60_000_011 + Int(seed % UInt64(series))) % series
        func take(_ count: Int) -> Int {
            defer { rest /= count }
            return rest % count
        }
        let last = letters[take(letters.count)]
        let digits = (0..<4).map { _ in UInt8(48 + take(10)) }
        let first = letters[take(letters.count)], second = letters[take(letters.count)]
        return String(decoding: [first, second] + digits + [last], as: UTF8.self)
    }

    static func fits(_ text: [UInt8]) -> Bool {
        text.count == 7
            && text.enumerated().allSatisfy { place, character in
                (2...5).contains(place) ? (48...57).contains(character) : letters.contains(character)
            }
    }
}
