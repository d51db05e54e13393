import Traffic

/// One stretch on its way into `coverage`.
struct CoverageRow {
    /// Its place in the batch.
    var index: Int
    var coverage: Coverage
    var camera: Int32 = 0

    /// What `store_coverage` takes.
    ///
    /// - Parameter replacing: Whether these take the place of what a revision cleared.
    static func parameters(_ rows: [CoverageRow], replacing: Bool) -> [String?] {
        func array(_ value: (CoverageRow) -> String) -> String { "{" + rows.map(value).joined(separator: ",") + "}" }
        // Cut to microseconds, as the times of sightings are: PostgreSQL would round.
        func moment(_ time: EventTime) -> String {
            let rest = time.nanoseconds % 1000
            return EventTime(nanoseconds: time.nanoseconds - (rest < 0 ? rest + 1000 : rest)).rfc3339
        }
        return [
            array { String($0.camera) }, array { String(Int64(bitPattern: $0.coverage.epoch.value)) },
            array { moment($0.coverage.start) }, array { moment($0.coverage.end) },
            array { String(Int32(clamping: $0.coverage.frames)) }, replacing ? "t" : "f",
        ]
    }
}
