/// How full the roads are at a moment of the week, and how much people are about.
///
/// The shapes are drawn by hand after what surveys say of peaks; see docs/decisions/0011-simulated-city.md.
struct CityClock: Sendable {
    /// Congestion by the hour, 0 free to 1 worst; between hours in a straight line.
    private static let weekday: [Double] = [
        0, 0, 0, 0, 0, 0.05, 0.25, 0.8, 1, 0.7, 0.4, 0.35, 0.4, 0.4, 0.45, 0.65, 0.9, 1, 0.8, 0.45, 0.25, 0.15, 0.1,
        0.05, 0,
    ]
    private static let weekend: [Double] = [
        0.05, 0, 0, 0, 0, 0, 0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.4, 0.35, 0.4, 0.4, 0.4, 0.35, 0.3, 0.25, 0.15, 0.1, 0.1,
        0.05, 0.05,
    ]

    /// The weekday of day 0: 0 for Monday.
    private let firstWeekday: Int
    /// How bad each day is, about 1.
    private let days: [Double]

    init(_ settings: CitySettings) {
        // 1970 began on a Thursday.
        firstWeekday = Int((settings.midnight / 86_400_000 + 3) % 7)
        let count = Int((settings.end - settings.midnight) / 86_400_000) + 3
        var random = CityRandom(settings.seed, .days)
        days = (0..<count).map { _ in random.double(0.85...1.15) }
    }

    func isWeekend(day: Int) -> Bool { (firstWeekday + day) % 7 >= 5 }

    /// - Parameter seconds: Since midnight of day 0.
    /// - Returns: Factors for an edge's delays of the morning and of the evening.
    func congestion(_ seconds: Double) -> (morning: Double, evening: Double) {
        let day = min(days.count - 1, Int(seconds / 86_400))
        let hour = seconds / 3600 - Double(day * 24)
        let whole = min(23, Int(hour))
        let table = isWeekend(day: day) ? Self.weekend : Self.weekday
        let level = table[whole] + (table[whole + 1] - table[whole]) * min(1, hour - Double(whole))
        // From ten to three the directions change over.
        let later = min(1, max(0, (hour - 10) / 5))
        return (level * (1 - later) * days[day], level * later * days[day])
    }

    /// Which of the three sets of routes drivers know to be best.
    func period(_ seconds: Double) -> CityRoutes.Period {
        let now = congestion(seconds)
        if now.morning + now.evening < 0.5 { return .free }
        return now.morning > now.evening ? .morning : .evening
    }
}
