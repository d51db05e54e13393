import Traffic

/// One batch on one connection: the transaction that stores rows and offsets together.
struct SinkBatch {
    let rows: [SightingRow]
    let next: [Sink.Partition: Int64]
    let believed: [Sink.Partition: Int64]
    /// A commit of this very batch may have succeeded before its connection broke.
    let mayBeStored: Bool
    let onStep: ((Sink.Step) -> Void)?

    func store(_ connection: borrowing Connection, _ outcome: inout Sink.Outcome) throws(SinkError) {
        try run(connection, "BEGIN")
        onStep?(.began)
        // Offsets first: they hold off another sink on the same partition until this one has committed.
        for (partition, offset) in next.sorted(by: { ($0.key.topic, $0.key.number) < ($1.key.topic, $1.key.number) }) {
            try advance(partition, to: offset, connection)
        }
        if !rows.isEmpty {
            try run(connection, "SAVEPOINT rows")
            try land(rows[...], connection, &outcome)
        }
        onStep?(.committing)
        try run(connection, "COMMIT")
        onStep?(.committed)
    }

    private func advance(
        _ partition: Sink.Partition, to offset: Int64, _ connection: borrowing Connection
    ) throws(SinkError) {
        let place = [partition.topic, String(partition.number), String(offset)]
        let known = believed[partition]
        if let known {
            let moved = try query(
                connection,
                "UPDATE sink_offset SET next_offset = $3, updated_at = now() WHERE topic = $1 AND partition = $2 AND next_offset = $4",
                place + [String(known)])
            if moved.changed == 1 { return }
        }
        // The first batch of a partition, whatever offset its log begins with.
        let added = try query(
            connection,
            "INSERT INTO sink_offset (topic, partition, next_offset) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", place)
        if added.changed == 1 { return }
        let rows = try query(
            connection, "SELECT next_offset FROM sink_offset WHERE topic = $1 AND partition = $2",
            Array(place.prefix(2)))
        let stored = rows.values.first.flatMap { $0[0] }.flatMap { Int64($0) }
        // The offset stands where this batch takes it: the commit before the break did succeed. The rows are there
        // too, and inserting them again does nothing.
        if mayBeStored, stored == offset { return }
        throw .fenced(topic: partition.topic, partition: partition.number, believed: known, stored: stored)
    }

    /// Copies and inserts rows; when the database objects to their content, halves them until the culprits are alone.
    private func land(
        _ rows: ArraySlice<SightingRow>, _ connection: borrowing Connection, _ outcome: inout Sink.Outcome
    ) throws(SinkError) {
        do throws(SinkError) {
            try copy(rows, connection)
            onStep?(.copied)
            let counted = try query(
                connection,
                """
                WITH stored AS (
                    INSERT INTO sighting (\(SightingRow.columns)) SELECT \(SightingRow.columns) FROM sink_stage
                    ORDER BY camera_id, seen_at, passage_id ON CONFLICT DO NOTHING RETURNING token, seen_at, accepted
                ), queued AS (
                    INSERT INTO leg_queue (token, seen_at) SELECT token, seen_at FROM stored WHERE accepted
                )
                SELECT count(*) FROM stored
                """)
            let stored = counted.values[0][0].flatMap { Int($0) } ?? 0
            try query(
                connection,
                """
                INSERT INTO crop (camera_id, seen_at, passage_id, sealed)
                SELECT camera_id, seen_at, passage_id, sealed_crop FROM sink_stage WHERE sealed_crop IS NOT NULL
                ORDER BY camera_id, seen_at, passage_id ON CONFLICT DO NOTHING
                """)
            try run(connection, "DELETE FROM sink_stage; SAVEPOINT rows")
            outcome.stored += stored
            outcome.repeated += rows.count - stored
            onStep?(.inserted)
        } catch {
            guard case .database(.failed(let state, let message, _, _)) = error, case .database(let cause) = error,
                cause.isAboutData, !message.contains("no partition of relation")
            else { throw error }
            try run(connection, "ROLLBACK TO SAVEPOINT rows")
            guard rows.count > 1 else {
                outcome.rejected.append(
                    Rejection(
                        index: rows[rows.startIndex].index, code: "SNK306", reason: "SQLSTATE \(state): \(message)"))
                return
            }
            let middle = rows.startIndex + rows.count / 2
            try land(rows[..<middle], connection, &outcome)
            try land(rows[middle...], connection, &outcome)
        }
    }

    private func copy(_ rows: ArraySlice<SightingRow>, _ connection: borrowing Connection) throws(SinkError) {
        var encoder = CopyBinary()
        var at = rows.startIndex
        var ended = false
        let piece = 1 << 20
        try Sink.database { () throws(DatabaseError) in
            try connection.copy(
                "COPY sink_stage (\(SightingRow.columns), sealed_crop) FROM STDIN (FORMAT binary)"
            ) { () throws(DatabaseError) in
                if ended { return nil }
                while at < rows.endIndex, encoder.bytes.count < piece {
                    rows[at].encode(into: &encoder)
                    at += 1
                    if at == (rows.startIndex + rows.endIndex + 1) / 2 { onStep?(.copying) }
                }
                if at == rows.endIndex, encoder.bytes.count < piece {
                    encoder.end()
                    ended = true
                }
                return encoder.take()
            }
        }
    }

    private func run(_ connection: borrowing Connection, _ sql: String) throws(SinkError) {
        try Sink.database { () throws(DatabaseError) in _ = try connection.execute(sql) }
    }

    @discardableResult
    private func query(
        _ connection: borrowing Connection, _ sql: String, _ parameters: [String?] = []
    ) throws(SinkError) -> Rows {
        try Sink.database { () throws(DatabaseError) in try connection.query(sql, parameters) }
    }
}
