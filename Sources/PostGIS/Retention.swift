public import Traffic

/// Takes away what is older than it may be. One run at a time; calls block.
///
/// A run closes slots, has their keys destroyed, and drops them; each step may be repeated, and begun again after a crash.
/// Source: docs/decisions/0017-retention.md.
public struct Retention: ~Copyable {
    /// A slot whose partitions are gone, and what was in it.
    public struct DroppedSlot: Hashable, Sendable {
        public var period: KeyPeriod
        /// By table; empty where nobody counted, as after a day was dropped by hand.
        public var rows: [String: Int]
        public var droppedAt: EventTime
        /// Of the audit log; nil after a day was dropped by hand.
        public var entry: Int64?
    }

    private let connection: Connection

    /// - Parameter database: A libpq address.
    public init(database: String) throws(QueryError) {
        connection = try Questions.translated { () throws(DatabaseError) in
            try Connection(database, application: "gantry-retention")
        }
    }

    /// Drops a day's sightings, crops, journeys and legs, and closes the day: its passages are rejected (`SNK308`) from
    /// then on. Journeys over its midnights are cut when a ``LegKeeper`` next advances. Safe to repeat.
    ///
    /// - Parameters:
    ///   - day: UTC, as in `2026-03-02`; it must be over.
    ///   - reason: For the record; not blank.
    /// - Returns: Sightings that the day had; 0 when it had none, or was dropped before.
    /// - Throws: ``QueryError/badQuestion(_:)`` for what is not a day that is over.
    public func drop(day: String, reason: String) throws(QueryError) -> Int {
        try ask("SELECT drop_day($1, $2)", [day, reason]).integer(0, 0) ?? 0
    }

    /// Holds other runs off until this value goes; false when one is under way.
    public func begin() throws(QueryError) -> Bool {
        try ask("SELECT pg_try_advisory_lock(hashtext('gantry.retention'))").values[0][0] == "t"
    }

    /// The length of slots that are made from now on, on the record; nothing when it is so already.
    ///
    /// - Parameter minutes: One of ``KeyPeriod/lengths``.
    public func setSlot(minutes: Int) throws(QueryError) { try ask("SELECT set_slot($1)", ["\(minutes)"]) }

    /// Closes slots that began longer ago than is allowed: they take no passages, or no pictures, from now on.
    ///
    /// - Parameters:
    ///   - sightings: How long they may be kept, at least a slot; nil for ever.
    ///   - crops: The same of pictures.
    /// - Returns: Up to where sightings are closed; nil when they never were.
    public func close(
        at now: EventTime, sightings: Duration?, crops: Duration?
    ) throws(QueryError) -> EventTime? {
        try ask("SELECT close_slots($1, $2, $3)", [now.rfc3339, sightings?.interval, crops?.interval])
        // Whoever was let in before has committed when this is had; whoever comes now is refused.
        try ask("SELECT pg_advisory_xact_lock(hashtext('gantry.revision'))")
        return try ask(
            "SELECT extract(epoch FROM sightings)::bigint FROM closed_until WHERE sightings > '-infinity'"
        ).values.first?[0].flatMap { Int64($0) }.map { EventTime(nanoseconds: $0 * 1_000_000_000) }
    }

    /// Closed slots whose partitions are there still, oldest first.
    public func closedSlots() throws(QueryError) -> [KeyPeriod] {
        try periods(
            "SELECT starts, ends FROM slot WHERE dropped_at IS NULL AND ends <= (SELECT sightings FROM closed_until)")
    }

    /// Slots that keep their passages and have lost the right to their pictures, oldest first.
    public func closedCrops() throws(QueryError) -> [KeyPeriod] {
        try periods(
            """
            SELECT starts, ends FROM slot WHERE dropped_at IS NULL AND ends > (SELECT sightings FROM closed_until)
                AND ends <= (SELECT crops FROM closed_until) AND to_regclass('public.crop_' || slot_suffix(starts, ends)) IS NOT NULL
            """)
    }

    /// Counts what a closed slot holds, for ``droppedSlots()``.
    public func count(_ slot: KeyPeriod) throws(QueryError) { try ask("SELECT count_slot($1)", [slot.start.rfc3339]) }

    /// Takes a closed slot away, on the record.
    ///
    /// - Returns: False while a question holds its tables: nothing was done, and nobody waited for long.
    public func drop(_ slot: KeyPeriod, reason: String) throws(QueryError) -> Bool {
        try unlessHeld { () throws(QueryError) in
            try ask("SELECT drop_slot($1, $2)", [slot.start.rfc3339, reason])
        }
    }

    /// Takes the pictures of a slot away, on the record; false as for ``drop(_:reason:)``.
    public func dropCrops(_ slot: KeyPeriod, reason: String) throws(QueryError) -> Bool {
        try unlessHeld { () throws(QueryError) in
            try ask("SELECT drop_crops($1, $2)", [slot.start.rfc3339, reason])
        }
    }

    /// Takes away what hangs on slots that are gone, and old reports; false as for ``drop(_:reason:)``.
    ///
    /// - Parameter reports: How long reports of days may be kept; nil for ever.
    public func dropRest(at now: EventTime, reports: Duration?) throws(QueryError) -> Bool {
        let done = try unlessHeld { () throws(QueryError) in
            try ask("SELECT drop_rest($1, $2)", [now.rfc3339, reports?.interval])
        }
        // Tokens that were taken out of the queue lie in its file until then.
        try ask("VACUUM leg_queue")
        // So do samples of a dropped partition's tokens in the planner's statistics.
        try ask("VACUUM pg_statistic")
        return done
    }

    /// Slots that were dropped and are not forgotten yet, oldest first.
    public func droppedSlots() throws(QueryError) -> [DroppedSlot] {
        let rows = try ask(
            """
            SELECT extract(epoch FROM starts)::bigint, extract(epoch FROM ends - starts)::bigint / 60,
                (extract(epoch FROM dropped_at) * 1000000)::bigint, entry,
                counts ->> 'sighting', counts ->> 'crop', counts ->> 'journey', counts ->> 'leg'
            FROM slot WHERE dropped_at IS NOT NULL ORDER BY starts
            """)
        return rows.values.indices.map { index in
            var counts: [String: Int] = [:]
            for (column, table) in ["sighting", "crop", "journey", "leg"].enumerated() {
                counts[table] = rows.integer(index, 4 + column)
            }
            return DroppedSlot(
                period: Self.period(rows, index),
                rows: counts, droppedAt: EventTime(nanoseconds: Int64(rows.integer(index, 2) ?? 0) * 1000),
                entry: rows.integer(index, 3).map { Int64($0) })
        }
    }

    /// Forgets dropped slots whose keys are destroyed and whose end is certified.
    public func forget(_ slots: [KeyPeriod]) throws(QueryError) {
        let starts = "{" + slots.map(\.start.rfc3339).joined(separator: ",") + "}"
        try ask("DELETE FROM slot WHERE dropped_at IS NOT NULL AND starts = ANY ($1)", [starts])
    }

    /// Puts on record what was done outside the database; the entry.
    ///
    /// - Parameter parameters: JSON.
    public func note(_ action: String, reason: String, parameters: String) throws(QueryError) -> Int64 {
        Int64(try ask("SELECT note_retention($1, $2, $3)", [action, reason, parameters]).integer(0, 0) ?? 0)
    }

    /// The oldest slot that is there, and the oldest that has pictures.
    public func oldest() throws(QueryError) -> (sightings: KeyPeriod?, crops: KeyPeriod?) {
        (
            try periods("SELECT starts, ends FROM slot WHERE dropped_at IS NULL").first,
            try periods(
                """
                SELECT starts, ends FROM slot
                WHERE dropped_at IS NULL AND to_regclass('public.crop_' || slot_suffix(starts, ends)) IS NOT NULL
                """
            ).first
        )
    }

    /// Slots that begin over a day ahead, as a camera with a wild clock makes them: none of them is due for long.
    public func slotsAhead(of now: EventTime) throws(QueryError) -> [KeyPeriod] {
        let day = (now + .seconds(86_400)).rfc3339
        return try periods("SELECT starts, ends FROM slot WHERE dropped_at IS NULL AND starts > '\(day)'")
    }

    /// The first day that schema city has figures of, and how many slots wait for their certificate.
    public func rest() throws(QueryError) -> (reports: EventTime?, uncertified: Int) {
        let rows = try ask(
            """
            SELECT extract(epoch FROM least((SELECT min(bucket) FROM report_flow), (SELECT min(day) FROM capture)))::bigint,
                (SELECT count(*) FROM slot WHERE dropped_at IS NOT NULL)
            """)
        return (
            rows.integer(0, 0).map { EventTime(nanoseconds: Int64($0) * 1_000_000_000) }, rows.integer(0, 1) ?? 0
        )
    }

    private func periods(_ slots: String) throws(QueryError) -> [KeyPeriod] {
        let rows = try ask(
            """
            SELECT extract(epoch FROM starts)::bigint, extract(epoch FROM ends - starts)::bigint / 60
            FROM (\(slots)) AS s ORDER BY starts
            """)
        return rows.values.indices.map { Self.period(rows, $0) }
    }

    private static func period(_ rows: Rows, _ index: Int) -> KeyPeriod {
        KeyPeriod(
            containing: EventTime(nanoseconds: Int64(rows.integer(index, 0) ?? 0) * 1_000_000_000),
            minutes: rows.integer(index, 1) ?? 0)
    }

    private func unlessHeld(_ body: () throws(QueryError) -> Void) throws(QueryError) -> Bool {
        do throws(QueryError) {
            try body()
            return true
        } catch {
            if case .database(.failed("55P03", _, _, _)) = error { return false }
            throw error
        }
    }

    @discardableResult
    private func ask(_ sql: String, _ parameters: [String?] = []) throws(QueryError) -> Rows {
        try Questions.translated { () throws(DatabaseError) in try connection.query(sql, parameters) }
    }
}

extension Duration {
    /// As SQL reads it.
    fileprivate var interval: String { "\(inNanoseconds / 1000) microseconds" }
}
