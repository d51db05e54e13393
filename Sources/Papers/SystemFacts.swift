public import Traffic

/// What is known of a running system, for the papers that its operator must produce. Nothing here tells of a vehicle or
/// a person; nil and empty mean "not known here" or "not set", and the papers say so.
public struct SystemFacts: Sendable {
    /// A step of the processing, and who hands over to whom.
    public struct Stage: Hashable, Sendable {
        public var name, does: String
        /// What it hands on, as people say it.
        public var gives: String

        public init(name: String, does: String, gives: String) {
            self.name = name
            self.does = does
            self.gives = gives
        }
    }

    public struct Model: Hashable, Sendable {
        public var task, name, licence, origin: String

        public init(task: String, name: String, licence: String, origin: String) {
            self.task = task
            self.name = name
            self.licence = licence
            self.origin = origin
        }
    }

    public struct Purpose: Hashable, Sendable {
        public var name, legalBasis: String
        /// Further cells of its row, by column title.
        public var details: [(title: String, value: String)] = []

        public init(name: String, legalBasis: String, details: [(title: String, value: String)] = []) {
            self.name = name
            self.legalBasis = legalBasis
            self.details = details
        }

        public static func == (a: Self, b: Self) -> Bool { a.name == b.name && a.legalBasis == b.legalBasis }
        public func hash(into hasher: inout Hasher) { hasher.combine(name) }
    }

    /// A class of data and how long it is kept.
    public struct Retention: Hashable, Sendable {
        public var data: String
        /// As the operator wrote it, for example `30d`; nil: no end is set.
        public var limit: String?
        /// The oldest that is there; nil where there is none, or it is not known.
        public var oldest: String?

        public init(data: String, limit: String?, oldest: String? = nil) {
            self.data = data
            self.limit = limit
            self.oldest = oldest
        }
    }

    /// Who may use the database, and for what.
    public struct Role: Hashable, Sendable {
        public var name, may: String
        /// Logins that have it.
        public var members: Int

        public init(name: String, may: String, members: Int) {
            self.name = name
            self.may = may
            self.members = members
        }
    }

    /// Looks at single vehicles, as the audit log counts them.
    public struct Looks: Hashable, Sendable {
        public var purpose, action: String
        public var granted, refused: Int
        /// Granted ones that returned a row; nil where that was not recorded.
        public var hits: Int?

        public init(purpose: String, action: String, granted: Int, refused: Int, hits: Int?) {
            self.purpose = purpose
            self.action = action
            self.granted = granted
            self.refused = refused
            self.hits = hits
        }
    }

    /// How aggregates are published.
    public struct Publication: Hashable, Sendable {
        public var minimumVehicles: Int
        public var roundTo: Int
        /// For example `5 minutes`.
        public var shortestBucket: String
        public var noiseEpsilon: Double?

        public init(minimumVehicles: Int, roundTo: Int, shortestBucket: String, noiseEpsilon: Double?) {
            self.minimumVehicles = minimumVehicles
            self.roundTo = roundTo
            self.shortestBucket = shortestBucket
            self.noiseEpsilon = noiseEpsilon
        }
    }

    /// What the pseudonyms rest on.
    public struct Keys: Hashable, Sendable {
        public var domain: String?
        /// Where the key that wraps all others comes from, as people say it.
        public var source: String
        /// For example `7 days`.
        public var tokenEpoch: String
        public var days, destroyedDays: Int

        public init(domain: String? = nil, source: String, tokenEpoch: String, days: Int, destroyedDays: Int) {
            self.domain = domain
            self.source = source
            self.tokenEpoch = tokenEpoch
            self.days = days
            self.destroyedDays = destroyedDays
        }
    }

    /// What is in the database now.
    public struct Stored: Hashable, Sendable {
        public var cameras, days: Int
        /// UTC days; nil without any.
        public var firstDay, lastDay: String?
        /// As the planner estimates it.
        public var passages: Int
        /// Median over cameras and days of the last week there is, 0...1; nil where not estimated.
        public var captured: Double?

        public init(cameras: Int, days: Int, firstDay: String?, lastDay: String?, passages: Int, captured: Double?) {
            self.cameras = cameras
            self.days = days
            self.firstDay = firstDay
            self.lastDay = lastDay
            self.passages = passages
            self.captured = captured
        }
    }

    /// Figures of how well plates are read: rows of a table, the first its head.
    public typealias Table = [[String]]

    public var system: String
    public var zone: String
    public var made: EventTime
    public var stages: [Stage] = []
    public var models: [Model] = []
    public var purposes: [Purpose] = []
    public var retention: [Retention] = []
    public var roles: [Role] = []
    public var looks: [Looks] = []
    /// The days that ``looks`` counts, as people say it.
    public var looksPeriod = ""
    public var auditEntries = 0
    public var publication: Publication?
    public var keys: Keys?
    public var stored: Stored?
    public var accuracy: Table = []

    public init(system: String, zone: String, made: EventTime) {
        self.system = system
        self.zone = zone
        self.made = made
    }
}
