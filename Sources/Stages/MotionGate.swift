public import Traffic

/// Lets frames through while something moves, by comparing small grey pictures with a slowly learnt background.
///
/// A closed gate still lets one frame a second through: an empty road must be able to close a track. It fails
/// open: the first frames, a change of scenery or a shaken camera count as movement.
public struct MotionGate: Sendable {
    public struct Settings: Hashable, Sendable {
        /// Grey levels by which a cell must differ from the background; 1...254.
        public var levels: Int
        /// Part of the picture that must differ; 0...1. The default is five cells: a car some 60 pixels wide in 1080p.
        public var area: Double
        /// How long the gate stays open after the last movement, so that a vehicle that halts is still seen standing.
        public var hold: Duration
        /// Longest pause between frames while nothing moves.
        public var heartbeat: Duration
        /// Time in which the background takes on two thirds of a change.
        public var adaptation: Duration

        public init(
            levels: Int = 12, area: Double = 0.001, hold: Duration = .seconds(2), heartbeat: Duration = .seconds(1),
            adaptation: Duration = .seconds(20)
        ) {
            self.levels = levels
            self.area = area
            self.hold = hold
            self.heartbeat = heartbeat
            self.adaptation = adaptation
        }
    }

    public enum Decision: Hashable, Sendable {
        case moving
        /// Nothing moves, but it is time for a sign of life.
        case heartbeat
        case still
        public var letsThrough: Bool { self != .still }
    }

    /// Cells across and down: 20 pixels each in 1080p, small enough for a distant car, large enough to average noise away.
    public static let width = 96, height = 54

    private let settings: Settings
    private var background: [Float] = []
    private var lastSeen, lastMoving, lastLetThrough: EventTime?

    public init(_ settings: Settings = Settings()) {
        precondition((1...254).contains(settings.levels), "levels outside 1...254: \(settings.levels)")
        precondition((0...1).contains(settings.area), "area outside 0...1: \(settings.area)")
        precondition(settings.adaptation > .zero, "a background that forgets at once sees no movement")
        self.settings = settings
    }

    /// Judges one frame. Call for each sampled frame, in order.
    ///
    /// - Parameter cells: Grey levels, ``height`` rows of ``width``.
    public mutating func judge(_ cells: [UInt8], at time: EventTime) -> Decision {
        precondition(cells.count == Self.width * Self.height, "\(cells.count) cells")
        defer { lastSeen = time }
        if changes(cells, at: time) { lastMoving = time }
        if let lastMoving, time - lastMoving <= settings.hold {
            lastLetThrough = time
            return .moving
        }
        if let lastLetThrough, time - lastLetThrough < settings.heartbeat { return .still }
        lastLetThrough = time
        return .heartbeat
    }

    private mutating func changes(_ cells: [UInt8], at time: EventTime) -> Bool {
        guard let lastSeen else {
            background = cells.map { Float($0) }
            return true
        }
        // The camera's own exposure moves all cells together; only what departs from that is movement.
        var shift: Float = 0
        for index in cells.indices { shift += Float(cells[index]) - background[index] }
        shift /= Float(cells.count)

        let elapsed = max(0, (time - lastSeen).inSeconds)
        let share = Float(min(1, elapsed / settings.adaptation.inSeconds))
        let levels = Float(settings.levels)
        var changed = 0
        for index in cells.indices {
            let difference = Float(cells[index]) - background[index]
            if abs(difference - shift) > levels { changed += 1 }
            background[index] += difference * share
        }
        return changed > 0 && Double(changed) >= settings.area * Double(cells.count)
    }
}
