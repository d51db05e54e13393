/// Keeps journeys and legs, and the reports made of them, up to date with the sightings that sinks have stored.
///
/// Any number may run; one at a time does the work. What it writes follows from the sightings alone, so it may be
/// stopped, killed and started again at any moment. Calls block; use one thread.
public final class LegKeeper {
    /// How long passages at an epoch's beginning wait for late ones at the end of the epoch before.
    public static let settlingAge = Duration.seconds(6 * 3600)
    /// Passages in one transaction: about half a second's work.
    public static let batch = 20_000

    private let address: String
    private var connection: Connection?

    /// - Parameter address: A libpq address.
    public init(database address: String) { self.address = address }

    /// Does one batch.
    ///
    /// - Returns: Passages done; 0 when none waits, or another process is at it.
    /// - Throws: What the database said; the next call tries a new connection.
    public func advance() throws(DatabaseError) -> Int {
        do throws(DatabaseError) {
            if connection == nil { connection = try Connection(address, application: "gantry-legs") }
            let rows = try connection!.query("SELECT advance_legs($1)", [String(Self.batch)])
            return rows.values[0][0].flatMap { Int($0) } ?? 0
        } catch {
            connection = nil
            throw error
        }
    }

    /// Estimates what cameras captured on a day whose legs changed since it was last done so long ago.
    ///
    /// - Returns: The day, `2026-03-02`; nil when none is due.
    public func estimateCapture(after age: Duration) throws(DatabaseError) -> String? {
        do throws(DatabaseError) {
            if connection == nil { connection = try Connection(address, application: "gantry-legs") }
            let rows = try connection!.query(
                "SELECT estimate_capture(make_interval(secs => $1))", ["\(age.components.seconds)"])
            return rows.values[0][0]
        } catch {
            connection = nil
            throw error
        }
    }

    /// Counts a day anew for the views of schema `city`, where its legs changed since that was last done so long ago.
    ///
    /// - Returns: The day, `2026-03-02`; nil when none is due.
    public func makeReport(after age: Duration) throws(DatabaseError) -> String? {
        do throws(DatabaseError) {
            if connection == nil { connection = try Connection(address, application: "gantry-legs") }
            let rows = try connection!.query(
                "SELECT make_report(make_interval(secs => $1))", ["\(age.components.seconds)"])
            return rows.values[0][0]
        } catch {
            connection = nil
            throw error
        }
    }

    /// Forgets which tokens of two epochs are one vehicle, for passages that were seen and stored so long ago.
    ///
    /// - Returns: Passages.
    public func settleEpochs(after age: Duration) throws(DatabaseError) -> Int {
        do throws(DatabaseError) {
            if connection == nil { connection = try Connection(address, application: "gantry-legs") }
            let rows = try connection!.query(
                "SELECT settle_epochs(make_interval(secs => $1))", ["\(age.components.seconds)"])
            return rows.values[0][0].flatMap { Int($0) } ?? 0
        } catch {
            connection = nil
            throw error
        }
    }

    /// Does everything that waits now.
    ///
    /// - Parameter progress: Told after each batch how many passages it held.
    public func finish(progress: (Int) -> Void = { _ in }) throws(DatabaseError) {
        while case let count = try advance(), count > 0 { progress(count) }
        while try estimateCapture(after: .zero) != nil {}
        while try makeReport(after: .zero) != nil {}
        _ = try settleEpochs(after: Self.settlingAge)
    }

    /// Empties both and queues every passage again; ``finish()`` makes them anew.
    public func rebuild() throws(DatabaseError) {
        if connection == nil { connection = try Connection(address, application: "gantry-legs") }
        _ = try connection!.query("SELECT rebuild_legs()")
    }

    /// Rows that legs and journeys lack, and that they should not have, compared with those made from scratch; and sightings
    /// that lack the token of the epoch in which their journey began, or should not have it.
    public func check() throws(DatabaseError) -> [(what: String, missing: Int, surplus: Int)] {
        if connection == nil { connection = try Connection(address, application: "gantry-legs") }
        return try connection!.query("SELECT what, missing, surplus FROM check_legs()").values.map {
            ($0[0] ?? "", Int($0[1] ?? "") ?? 0, Int($0[2] ?? "") ?? 0)
        }
    }
}
