public import Traffic

/// Why a sink can't go on. Codes are stable: `SNK1xx` configuration, `SNK2xx` database, `SNK3xx` single passages.
public enum SinkError: Error, Equatable, CustomStringConvertible {
    /// A position lies before what was stored already.
    case offsetBehind(topic: String, partition: Int32, stored: Int64, asked: Int64)
    /// The database answers, but its migrations are behind this build.
    case schemaBehind(found: Int, needed: Int)
    case schemaAhead(found: Int, known: Int)
    /// Another sink stored records of this partition since this one last looked.
    case fenced(topic: String, partition: Int32, believed: Int64?, stored: Int64?)
    /// The database failed again and again.
    case exhausted(attempts: Int, last: DatabaseError)
    case database(DatabaseError)
    /// The keys are out of reach.
    case unprotected(ProtectionError)

    public var description: String {
        switch self {
        case .offsetBehind(let topic, let partition, let stored, let asked):
            "SNK101 \(topic)/\(partition) is stored up to offset \(stored); \(asked) lies before it. Read on from \(stored)."
        case .schemaBehind(let found, let needed):
            """
            SNK201 the database is at schema version \(found); this build needs \(needed). \
            Run `gantry migrate`, then start again.
            """
        case .schemaAhead(let found, let known):
            "SNK202 the database is at schema version \(found); this build knows \(known). Use the build that migrated it, or a newer one."
        case .fenced(let topic, let partition, let believed, let stored):
            """
            SNK203 another sink writes \(topic)/\(partition): stored up to \(stored.map(String.init) ?? "nothing"), \
            where this one left \(believed.map(String.init) ?? "nothing"). This one wrote nothing; let the group reassign.
            """
        case .exhausted(let attempts, let last): "SNK204 gave up after \(attempts) attempts: \(last)"
        case .database(let error): "SNK205 \(error)"
        case .unprotected(let error): "SNK206 plates can't be protected, so nothing is stored: \(error)"
        }
    }
}

/// A camera that the pipeline file has in another place than the database.
public struct PlaceConflict: Hashable, Sendable, CustomStringConvertible {
    public var file, database: Camera

    public var description: String {
        """
        SNK102 \(file.id) is at \(file.place) in the pipeline file, and at \(database.place) in the database, which \
        is what counts. If it was moved, run `gantry cameras import FILE --from DATE-TIME` with the time it stands there \
        since; if it always stood there, with `--from beginning`; else correct the file.
        """
    }
}

extension Camera {
    /// For people: longitude, latitude and heading.
    public var place: String {
        "longitude \(longitude), latitude \(latitude)" + (heading.map { ", heading \(Float($0))" } ?? ", no heading")
    }
}

/// A passage that can't be stored: the rest of its batch is.
public struct Rejection: Hashable, Sendable {
    /// Its place in the batch.
    public var index: Int
    /// `SNK3xx`, or the code of the keeper of the keys.
    public var code: String
    public var reason: String
}

/// How a sink bears a failing database.
public struct RetryPolicy: Sendable {
    /// Failures in a row before it gives up; positive.
    public var attempts: Int
    /// The first pause; each next one is twice as long, up to `longest`.
    public var first, longest: Duration
    /// The same for a full disk, at intervals of `longest`: people need time to free space.
    public var diskFullAttempts: Int
    /// Waits; returns false to give up at once, for example because the process is shutting down.
    public var pause: @Sendable (Duration) -> Bool

    /// - Parameter pause: By default it blocks the thread.
    public init(
        attempts: Int = 20, first: Duration = .milliseconds(100), longest: Duration = .seconds(10),
        diskFullAttempts: Int = 360, pause: (@Sendable (Duration) -> Bool)? = nil
    ) {
        precondition(attempts > 0 && diskFullAttempts > 0, "a policy allows at least one attempt")
        self.attempts = attempts
        self.first = first
        self.longest = longest
        self.diskFullAttempts = diskFullAttempts
        self.pause = pause ?? Self.block
    }

    /// - Parameter failures: So far, from 1.
    func delay(after failures: Int) -> Duration { min(longest, first * (1 << min(failures - 1, 20))) }
}
