import Traffic

/// The slots that a sink knows of: where the partitions that its rows go to begin and end, as the database last said.
///
/// What it says here may have passed by the time a batch is stored; `hold_slots` finds that out, in the batch's transaction.
struct SinkSlots {
    struct Slot: Hashable {
        var period: KeyPeriod
        /// False when the pictures of that time are gone, or would be.
        var keepsCrops: Bool
    }

    /// By their start; none overlaps another. Bounded by `settings.days_max`.
    private var known: [Slot] = []
    /// By minute since 1970: what the database would not make when it was last asked.
    private var refused: [Int64: (code: String, reason: String)] = [:]

    /// The slot in which a moment lies, if it is known.
    subscript(time: EventTime) -> Slot? {
        var low = 0, high = known.count
        while low < high {
            let middle = (low + high) / 2
            if known[middle].period.start <= time { low = middle + 1 } else { high = middle }
        }
        guard low > 0, known[low - 1].period.contains(time) else { return nil }
        return known[low - 1]
    }

    func refusal(of time: EventTime) -> (code: String, reason: String)? { refused[Self.minute(time)] }

    /// Those of a batch, by their start.
    func slots(of reports: [CameraReport]) -> [Slot] {
        var found: Set<Slot> = []
        var last: Slot?
        for report in reports {
            let time = Self.time(report)
            if last?.period.contains(time) == true { continue }
            last = self[time]
            if let last { found.insert(last) }
        }
        return found.sorted { $0.period < $1.period }
    }

    /// Asks for the slots of a batch that are not known. Reports that can't be stored in any case ask for none.
    mutating func learn(
        _ reports: [CameraReport], check: PassageCheck, _ connection: borrowing Connection
    ) throws(SinkError) {
        refused = [:]
        var missing: Set<Int64> = []
        var last: Slot?
        for report in reports {
            let time = Self.time(report)
            if last?.period.contains(time) == true { continue }
            last = self[time]
            let minute = Self.minute(time)
            guard last == nil, !missing.contains(minute) else { continue }
            let problem =
                switch report {
                case .passage(let passage): check.problem(passage)
                case .coverage(let coverage): check.problem(coverage)
                }
            if problem == nil { missing.insert(minute) }
        }
        guard !missing.isEmpty else { return }
        let list = missing.sorted().map { EventTime(nanoseconds: $0 * 60_000_000_000).rfc3339 }
        let answer = try Sink.database { () throws(DatabaseError) in
            try connection.query(
                """
                SELECT extract(epoch FROM moment)::bigint / 60, extract(epoch FROM starts)::bigint / 60,
                    extract(epoch FROM ends - starts)::bigint / 60, crops, code, reason FROM ensure_slots($1)
                """, ["{" + list.joined(separator: ",") + "}"])
        }
        for (index, row) in answer.values.enumerated() {
            if let code = row[4] {
                refused[Int64(answer.integer(index, 0) ?? 0)] = (code, row[5] ?? "")
            } else {
                let start = EventTime(nanoseconds: Int64(answer.integer(index, 1) ?? 0) * 60_000_000_000)
                let period = KeyPeriod(containing: start, minutes: answer.integer(index, 2) ?? 0)
                known.append(Slot(period: period, keepsCrops: row[3] == "t"))
            }
        }
        known.sort { $0.period < $1.period }
    }

    private static func minute(_ time: EventTime) -> Int64 {
        let (minute, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 60_000_000_000)
        return rest < 0 ? minute - 1 : minute
    }

    private static func time(_ report: CameraReport) -> EventTime {
        switch report {
        case .passage(let passage): passage.firstSeen
        case .coverage(let coverage): coverage.start
        }
    }
}
