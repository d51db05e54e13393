import Traffic

/// One batch on one connection: the transaction that stores rows and offsets together.
struct SinkBatch {
    let rows: [SightingRow]
    let coverage: [CoverageRow]
    /// That its rows go to, and were sealed for.
    let slots: [SinkSlots.Slot]
    let next: [Sink.Partition: Int64]
    let believed: [Sink.Partition: Int64]
    /// A commit of this very batch may have succeeded before its connection broke.
    let mayBeStored: Bool
    /// Whether some of the rows may be stored already, so that it is not worth while to copy them straight in.
    let expectsRepeats: Bool
    /// What these rows take the place of; nil for what comes in the ordinary way.
    var replacement: Sink.Replacement?
    let onStep: ((Sink.Step) -> Void)?

    func store(_ connection: borrowing Connection, _ outcome: inout Sink.Outcome) throws(SinkError) {
        try run(connection, "BEGIN")
        onStep?(.began)
        // Offsets first: they hold off another sink on the same partition until this one has committed.
        for (partition, offset) in next.sorted(by: { ($0.key.topic, $0.key.number) < ($1.key.topic, $1.key.number) }) {
            try advance(partition, to: offset, connection)
        }
        let periods = slots.map(\.period)
        try query(
            connection, "SELECT hold_slots($1, $2)",
            [periods.map(\.start), periods.map(\.end)].map { "{" + $0.map(\.rfc3339).joined(separator: ",") + "}" })
        let way: Way
        if let replacement {
            way = try begin(replacement, connection, &outcome)
        } else {
            way = try ordinary(connection)
        }
        if !rows.isEmpty {
            try run(connection, "SAVEPOINT rows")
            if case .ordinary(isReplaced: false) = way, !expectsRepeats, try copyStraight(connection) {
                outcome.stored += rows.count
            } else {
                try land(rows[...], way, connection, &outcome)
            }
        }
        try storeCoverage(connection, &outcome)
        if case .revision(let number) = way {
            try query(
                connection, "UPDATE revision SET stored = $2 WHERE id = $1", [String(number), String(outcome.stored)])
            outcome.revision = number
        }
        onStep?(.committing)
        try run(connection, "COMMIT")
        onStep?(.committed)
    }

    /// How rows enter: as a revision, or beside revisions or none.
    private enum Way {
        case revision(Int)
        /// Whether something of their time was replaced.
        case ordinary(isReplaced: Bool)
    }

    /// Replacements are held off by now, until the end of this transaction.
    private func ordinary(_ connection: borrowing Connection) throws(SinkError) -> Way {
        let times = rows.map(\.passage.firstSeen)
        let answer = try query(
            connection,
            """
            SELECT EXISTS (SELECT FROM revision WHERE period && tstzrange($1, $2, '[]'))
            """, [times.min()?.rfc3339, times.max()?.rfc3339])
        return .ordinary(isReplaced: answer.values[0][0] == "t")
    }

    private func begin(
        _ what: Sink.Replacement, _ connection: borrowing Connection, _ outcome: inout Sink.Outcome
    ) throws(SinkError) -> Way {
        let answer = try query(
            connection, "SELECT revision, removed FROM begin_revision($1, $2, $3, $4)",
            [what.camera.text, what.start.rfc3339, what.end.rfc3339, what.source])
        outcome.removed = answer.values[0][1].flatMap { Int($0) } ?? 0
        return .revision(answer.values[0][0].flatMap { Int($0) } ?? 0)
    }

    /// After the rows, which take longer: what it locks is held the shorter.
    private func storeCoverage(
        _ connection: borrowing Connection, _ outcome: inout Sink.Outcome
    ) throws(SinkError) {
        guard !coverage.isEmpty else { return }
        if let replacement {
            try query(
                connection, "SELECT clear_coverage($1, $2, $3)",
                [replacement.camera.text, replacement.start.rfc3339, replacement.end.rfc3339])
        }
        let left = try query(
            connection, "SELECT place, revision FROM store_coverage($1, $2, $3, $4, $5, $6)",
            CoverageRow.parameters(coverage, replacing: replacement != nil))
        outcome.stretches += coverage.count - left.values.count
        for row in left.values {
            guard let place = row[0].flatMap({ Int($0) }), let revision = row[1] else { continue }
            let row = coverage[place - 1]
            outcome.rejected.append(
                Rejection(
                    index: row.index, code: "SNK307",
                    reason:
                        "revision \(revision) replaced what \(row.coverage.camera) saw at \(row.coverage.start.rfc3339)"
                ))
        }
    }

    /// Takes out what begins in a replaced period, unless it is stored: the replacement is what counts there.
    private func leaveOutReplaced(
        _ rows: ArraySlice<SightingRow>, _ connection: borrowing Connection, _ outcome: inout Sink.Outcome
    ) throws(SinkError) -> Int {
        let gone = try query(
            connection,
            """
            DELETE FROM sink_stage s USING revision r WHERE r.camera_id = s.camera_id AND r.period @> s.seen_at
                AND NOT EXISTS (SELECT FROM sighting t
                    WHERE t.camera_id = s.camera_id AND t.seen_at = s.seen_at AND t.passage_id = s.passage_id)
            RETURNING s.passage_id, r.id
            """)
        guard !gone.values.isEmpty else { return 0 }
        var revisions: [PassageID: String] = [:]
        for row in gone.values {
            let bytes = try Sink.database { () throws(DatabaseError) in try Literal.bytes(row[0] ?? "") }
            revisions[PassageID(bytes)] = row[1] ?? ""
        }
        var count = 0
        for row in rows {
            guard let revision = revisions[row.passage.id] else { continue }
            count += 1
            outcome.rejected.append(
                Rejection(
                    index: row.index, code: "SNK307",
                    reason:
                        "revision \(revision) replaced what \(row.passage.camera) saw at \(row.passage.firstSeen.rfc3339)"
                ))
        }
        return count
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

    /// Copies rows into their partitions without a stage: as fast as it goes, where none is there yet.
    ///
    /// - Returns: False when the database objected to one of them, or knows one, and nothing was kept.
    private func copyStraight(_ connection: borrowing Connection) throws(SinkError) -> Bool {
        // In the order of the key, as all writers do, so that no two wait for each other.
        let rows = rows.sorted { $0.comesBefore($1) }
        do throws(SinkError) {
            try copy(rows[...], "sighting (\(SightingRow.columns))", connection) { row, encoder in
                row.encode(into: &encoder, forStage: false)
            }
            onStep?(.copied)
            let queued = rows.filter { $0.protection.plate != nil }
            try copy(queued[...], "leg_queue (token, seen_at)", connection) { row, encoder in
                encoder.beginRow(fields: 2)
                encoder.append(row.protection.plate?.token)
                encoder.append(row.passage.firstSeen)
            }
            let astride = rows.filter { $0.protection.plate?.previous != nil }
            try copy(astride[...], "epoch_bridge (\(SightingRow.bridgeColumns))", connection) { row, encoder in
                row.encodeBridge(into: &encoder)
            }
            let pictured = rows.filter { $0.protection.sealedCrop != nil }
            try copy(pictured[...], "crop (camera_id, seen_at, passage_id, sealed)", connection) { row, encoder in
                encoder.beginRow(fields: 4)
                encoder.append(row.camera)
                encoder.append(row.passage.firstSeen)
                encoder.append(row.passage.id.bytes)
                encoder.append(row.protection.sealedCrop)
            }
            onStep?(.inserted)
            return true
        } catch {
            guard case .database(.failed(let state, let message, _, _)) = error, case .database(let cause) = error,
                state == "23505" || cause.isAboutData, !message.contains("no partition of relation")
            else { throw error }
            try run(connection, "ROLLBACK TO SAVEPOINT rows")
            return false
        }
    }

    /// Copies and inserts rows; when the database objects to their content, halves them until the culprits are alone.
    private func land(
        _ rows: ArraySlice<SightingRow>, _ way: Way, _ connection: borrowing Connection, _ outcome: inout Sink.Outcome
    ) throws(SinkError) {
        let before = outcome
        do throws(SinkError) {
            try copy(
                rows, "sink_stage (\(SightingRow.columns), sealed_crop, previous_token, previous_look_alike)",
                connection
            ) { row, encoder in
                row.encode(into: &encoder)
            }
            onStep?(.copied)
            var leftOut = 0
            var revision = "NULL::integer"
            switch way {
            case .revision(let number): revision = String(number)
            case .ordinary(let isReplaced):
                if isReplaced { leftOut = try leaveOutReplaced(rows, connection, &outcome) }
            }
            let counted = try query(
                connection,
                """
                WITH stored AS (
                    INSERT INTO sighting (\(SightingRow.columns), revision) SELECT \(SightingRow.columns), \(revision) FROM sink_stage
                    ORDER BY camera_id, seen_at, passage_id ON CONFLICT DO NOTHING RETURNING camera_id, seen_at, passage_id
                ), queued AS (
                    -- From the stage, which may hold a row twice: a sink may read the keys of sightings, and no token.
                    INSERT INTO leg_queue (token, seen_at)
                    SELECT DISTINCT token, seen_at FROM sink_stage JOIN stored USING (camera_id, seen_at, passage_id) WHERE token IS NOT NULL
                ), astride AS (
                    INSERT INTO epoch_bridge (\(SightingRow.bridgeColumns))
                    SELECT DISTINCT ON (camera_id, seen_at, passage_id) \(SightingRow.bridgeColumns)
                    FROM sink_stage JOIN stored USING (camera_id, seen_at, passage_id) WHERE previous_token IS NOT NULL
                    ON CONFLICT DO NOTHING
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
            outcome.repeated += rows.count - stored - leftOut
            onStep?(.inserted)
        } catch {
            guard case .database(.failed(let state, let message, _, _)) = error, case .database(let cause) = error,
                cause.isAboutData, !message.contains("no partition of relation")
            else { throw error }
            try run(connection, "ROLLBACK TO SAVEPOINT rows")
            outcome = before
            guard rows.count > 1 else {
                outcome.rejected.append(
                    Rejection(
                        index: rows[rows.startIndex].index, code: "SNK306", reason: "SQLSTATE \(state): \(message)"))
                return
            }
            let middle = rows.startIndex + rows.count / 2
            try land(rows[..<middle], way, connection, &outcome)
            try land(rows[middle...], way, connection, &outcome)
        }
    }

    private func copy(
        _ rows: ArraySlice<SightingRow>, _ table: String, _ connection: borrowing Connection,
        encode: (SightingRow, inout CopyBinary) -> Void
    ) throws(SinkError) {
        guard !rows.isEmpty else { return }
        var encoder = CopyBinary()
        var at = rows.startIndex
        var ended = false
        let piece = 1 << 20
        try Sink.database { () throws(DatabaseError) in
            try connection.copy("COPY \(table) FROM STDIN (FORMAT binary)") { () throws(DatabaseError) in
                if ended { return nil }
                while at < rows.endIndex, encoder.bytes.count < piece {
                    encode(rows[at], &encoder)
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
