public import Traffic

/// Rows copied as they are into their partition: the limit that benchmarks hold the sink against, and nothing else.
///
/// No repeat is recognised, no offset is kept and a bad row fails the whole.
public struct PlainCopy: ~Copyable {
    /// Rows ready to be sent.
    public struct Rows: Sendable {
        fileprivate var pieces: [[UInt8]]
    }

    private let connection: Connection
    private let cameras: [CameraID: Int32]

    /// - Parameter address: Of a database whose cameras are registered.
    public init(database address: String) throws(SinkError) {
        let opened = try Sink.database { () throws(DatabaseError) in
            try Connection(address, application: "gantry-bench")
        }
        cameras = try Sink.cameras(opened)
        connection = opened
    }

    /// Protects and encodes passages of registered cameras; without their crops.
    public func prepare(
        _ passages: [Passage], protection: any PassageProtecting
    ) throws(ProtectionError) -> Rows {
        var encoder = CopyBinary()
        var pieces: [[UInt8]] = []
        for (index, passage) in passages.enumerated() {
            let row = SightingRow(
                index: index, passage: passage,
                protection: try protection.protect(passage, in: .day(passage.firstSeen)),
                camera: cameras[passage.camera] ?? 0)
            row.encode(into: &encoder, forStage: false)
            if encoder.bytes.count >= 1 << 20 { pieces.append(encoder.take()) }
        }
        encoder.end()
        pieces.append(encoder.take())
        return Rows(pieces: pieces)
    }

    /// One `COPY`, which is one transaction.
    public func copy(_ rows: Rows) throws(SinkError) {
        var left = rows.pieces[...]
        try Sink.database { () throws(DatabaseError) in
            try connection.copy("COPY sighting (\(SightingRow.columns)) FROM STDIN (FORMAT binary)") {
                left.popFirst()
            }
        }
    }

    /// Makes partitions, and rows of many vehicles in them, so that a measurement finds a database that is not empty.
    ///
    /// - Parameters:
    ///   - count: Rows in all, spread evenly over the days, the cameras and a fortieth as many vehicles.
    ///   - from: The first of the days, in UTC.
    public func fill(_ count: Int, from day: EventTime, days: Int) throws(SinkError) {
        let vehicles = max(1, count / 40)
        try Sink.database { () throws(DatabaseError) in
            _ = try connection.query(
                "SELECT count(*) FROM ensure_days((SELECT array_agg($1::date + d) FROM generate_series(0, $2 - 1) AS d))",
                [day.utcDay, String(days)])
            for part in 0..<days {
                let rows = count * (part + 1) / days - count * part / days
                _ = try connection.query(
                    """
                    INSERT INTO sighting (camera_id, seen_at, passage_id, last_seen, vehicle, direction, epoch, first_frame, last_frame,
                        best_frame, frames, token, look_alike, token_epoch, sealed_text, confidence, accepted, votes, reads)
                    SELECT c.id, t.at, substring(sha256(convert_to('p' || $3::text || g, 'UTF8')), 1, 16), t.at + interval '2 seconds', 'car',
                        'approaching', 1, g, g + 24, g + 20, 24, substring(v.digest, 1, 16), substring(v.digest, 17, 16), 0,
                        v.digest || substring(v.digest, 1, 12), 0.97, true, 9, 10
                    FROM generate_series(1, $2::integer) AS g
                    CROSS JOIN LATERAL (SELECT ($1::date + $3::integer)::timestamp AT TIME ZONE 'UTC' + make_interval(secs => 86400.0 * g / ($2::integer + 1)) AS at) AS t
                    CROSS JOIN LATERAL (SELECT sha256(convert_to('v' || (random() * $4::integer)::integer, 'UTF8')) AS digest) AS v
                    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS nth, count(*) OVER () AS cameras FROM camera) AS c ON c.nth = 1 + g % c.cameras
                    """, [day.utcDay, String(rows), String(part), String(vehicles)])
            }
            _ = try connection.execute("ANALYZE sighting")
        }
    }
}
