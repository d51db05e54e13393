-- 0011_coverage: when each camera was watched, so that "no vehicles" and "camera down" are different answers.
-- Why: a stretch a minute and camera would be more rows than there are passages. So a row holds an hour of a camera's epoch:
-- the stretches as one set of ranges, which is a single range for a camera that never failed, and the frames by the minute.
BEGIN;

ALTER TABLE camera ADD COLUMN covered_since timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN camera.covered_since IS 'From here on a time without coverage was not watched; before it nothing is known. The first coverage of the camera, or when it became known to a database that keeps coverage.';

CREATE TABLE coverage (
    camera_id integer NOT NULL CONSTRAINT coverage_camera REFERENCES camera,
    hour      timestamptz NOT NULL,
    epoch     bigint NOT NULL,
    watched   tstzmultirange NOT NULL,
    frames    integer[] NOT NULL CONSTRAINT coverage_frames CHECK (cardinality(frames) = 60),
    CONSTRAINT coverage_pkey PRIMARY KEY (camera_id, hour, epoch)
) PARTITION BY RANGE (hour);
COMMENT ON TABLE coverage IS 'Which parts of an hour a camera was analysed. Partitions by UTC day.';
COMMENT ON COLUMN coverage.hour IS 'The full hour of UTC in which the stretches begin.';
COMMENT ON COLUMN coverage.epoch IS 'The source''s run, as in sighting. Stretches of one epoch don''t overlap, so one that is in watched already is a repeat.';
COMMENT ON COLUMN coverage.watched IS 'Stretches between frames that follow each other without a gap, by the camera''s clock; both ends are part of them.';
COMMENT ON COLUMN coverage.frames IS 'Analysed frames of each minute of the hour, 60 counts.';

CREATE FUNCTION store_coverage(cameras integer[], epochs bigint[], starts timestamptz[], ends timestamptz[], frames integer[], replacing boolean)
RETURNS TABLE (place integer, revision integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- In variables, so that days without a stretch are not looked at.
    first constant timestamptz := (SELECT date_trunc('hour', min(s), 'UTC') FROM unnest(starts) AS s);
    last  constant timestamptz := (SELECT date_trunc('hour', max(s), 'UTC') FROM unnest(starts) AS s);
BEGIN
    -- Whoever brings the same stretches waits here, and then finds them.
    PERFORM FROM coverage c
        JOIN (SELECT DISTINCT t.camera_id, date_trunc('hour', t.start, 'UTC') AS hour, t.epoch
              FROM unnest(cameras, starts, epochs) AS t(camera_id, start, epoch)) k
        ON k.camera_id = c.camera_id AND k.hour = c.hour AND k.epoch = c.epoch
        WHERE c.hour BETWEEN first AND last
        ORDER BY c.camera_id, c.hour, c.epoch FOR UPDATE OF c;
    RETURN QUERY
    WITH told AS (
        SELECT t.camera_id, t.epoch, date_trunc('hour', t.start, 'UTC') AS hour, t.frames, t.place,
               tstzrange(t.start, t.until, '[]') AS stretch,
               extract(minute FROM t.start AT TIME ZONE 'UTC')::integer AS minute
        FROM unnest(cameras, epochs, starts, ends, frames) WITH ORDINALITY AS t(camera_id, epoch, start, until, frames, place)
    ), judged AS (
        -- The first of those that say the same counts.
        SELECT t.*, c.watched @> t.stretch OR row_number() OVER (PARTITION BY t.camera_id, t.epoch, t.stretch ORDER BY t.place) > 1 AS known, (
            SELECT max(r.id) FROM revision r
            WHERE NOT replacing AND r.camera_id = t.camera_id
              AND lower(t.stretch) >= date_trunc('minute', lower(r.period)) AND lower(t.stretch) < upper(r.period)
        ) AS replaced
        FROM told t LEFT JOIN coverage c
            ON c.camera_id = t.camera_id AND c.hour = t.hour AND c.epoch = t.epoch AND c.hour BETWEEN first AND last
    ), fresh AS (
        SELECT * FROM judged WHERE known IS NOT TRUE AND replaced IS NULL
    ), by_minute AS (
        SELECT camera_id, hour, epoch, minute, range_agg(stretch) AS watched, sum(frames) AS frames
        FROM fresh GROUP BY 1, 2, 3, 4
    ), stored AS (
        INSERT INTO coverage AS c (camera_id, hour, epoch, watched, frames)
        SELECT m.camera_id, m.hour, m.epoch, m.watched,
               (SELECT array_agg(least(coalesce((m.counts ->> n::text)::numeric, 0), 1000000)::integer ORDER BY n) FROM generate_series(0, 59) AS n)
        FROM (SELECT camera_id, hour, epoch, range_agg(watched) AS watched, jsonb_object_agg(minute, frames) AS counts
              FROM by_minute GROUP BY 1, 2, 3) m
        ORDER BY 1, 2, 3
        ON CONFLICT (camera_id, hour, epoch) DO UPDATE SET
            watched = c.watched + excluded.watched,
            frames = CASE WHEN c.watched @> excluded.watched THEN c.frames
                ELSE (SELECT array_agg(least(a + b, 1000000) ORDER BY n) FROM unnest(c.frames, excluded.frames) WITH ORDINALITY AS f(a, b, n)) END
    ), since AS (
        UPDATE camera c SET covered_since = f.first
        FROM (SELECT camera_id, min(lower(stretch)) AS first FROM fresh GROUP BY 1) f
        WHERE c.id = f.camera_id AND f.first < c.covered_since
    )
    SELECT j.place::integer, CASE WHEN j.known IS NOT TRUE THEN j.replaced END FROM judged j WHERE j.known OR j.replaced IS NOT NULL ORDER BY 1;
END $$;
REVOKE ALL ON FUNCTION store_coverage(integer[], bigint[], timestamptz[], timestamptz[], integer[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION store_coverage(integer[], bigint[], timestamptz[], timestamptz[], integer[], boolean) IS
    'Takes stretches in which cameras were watched, each within an hour of UTC whose day has its partition. Returns the places, from 1, of those that were not new: with a revision where that replaced their time.';

CREATE FUNCTION clear_coverage(camera text, period_start timestamptz, period_end timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    place integer := movement.camera_id(camera);
    -- Whole minutes, as stretches are cut and as store_coverage takes a revision's period.
    first constant timestamptz := date_trunc('minute', period_start);
    last  constant timestamptz := date_trunc('minute', period_end + interval '59.999999 seconds');
BEGIN
    UPDATE coverage c SET
        -- Without its ends, which the minutes before and after have too: they must be found to hold their stretches still.
        watched = c.watched - tstzmultirange(tstzrange(first, last, '()')),
        frames = (SELECT array_agg(CASE WHEN c.hour + (n - 1) * interval '1 minute' >= first AND c.hour + (n - 1) * interval '1 minute' < last
                                        THEN 0 ELSE f END ORDER BY n)
                  FROM unnest(c.frames) WITH ORDINALITY AS m(f, n))
    WHERE c.camera_id = place AND c.hour >= date_trunc('hour', period_start, 'UTC') AND c.hour < period_end;
END $$;
REVOKE ALL ON FUNCTION clear_coverage(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clear_coverage(text, timestamptz, timestamptz) IS
    'Takes a camera''s coverage of a period away, to whole minutes; the caller stores what takes its place in the same transaction.';

-- Without frames, which flows need not count.
CREATE FUNCTION coverage_parts(wanted_id integer, period_start timestamptz, period_end timestamptz, every interval, zone text)
RETURNS TABLE (camera_id integer, camera text, bucket timestamptz, low timestamptz, high timestamptz, missing interval, gaps integer, longest interval, recorded boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    midnight timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
    first    timestamptz := date_trunc('hour', period_start, 'UTC');
BEGIN
    RETURN QUERY
    WITH cut AS (
        -- As movement.bucket has them.
        SELECT s AS start, s + every AS until FROM generate_series(date_bin(every, period_start, midnight), period_end, every) AS s
        WHERE every < interval '1 day'
        UNION ALL
        SELECT s AT TIME ZONE zone, (s + every) AT TIME ZONE zone
        FROM generate_series(date_bin(every, period_start AT TIME ZONE zone, midnight AT TIME ZONE zone), period_end AT TIME ZONE zone, every) AS s
        WHERE every >= interval '1 day'
    ), part AS (
        SELECT b.start AS bucket, greatest(b.start, period_start) AS low, least(b.until, period_end) AS high
        FROM cut b WHERE b.start < period_end AND b.until > period_start
    ), watched AS (
        SELECT v.camera_id, range_agg(v.watched) AS watched
        FROM coverage v WHERE v.hour >= first AND v.hour < period_end AND (wanted_id IS NULL OR v.camera_id = wanted_id)
        GROUP BY 1
    )
    SELECT c.id, c.name, p.bucket, p.low, p.high, coalesce(g.missing, interval '0'), g.gaps, coalesce(g.longest, interval '0'), p.high > c.covered_since
    FROM camera c CROSS JOIN part p LEFT JOIN watched w ON w.camera_id = c.id
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS gaps, sum(upper(r) - lower(r)) AS missing, max(upper(r) - lower(r)) AS longest
        FROM unnest(tstzmultirange(tstzrange(p.low, p.high)) - coalesce(w.watched, '{}'::tstzmultirange)) AS r
    ) g
    WHERE wanted_id IS NULL OR c.id = wanted_id;
END $$;
REVOKE ALL ON FUNCTION coverage_parts(integer, timestamptz, timestamptz, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION coverage_parts(integer, timestamptz, timestamptz, interval, text) IS
    'For each camera (null: all) and bucket: the part of it inside the period, how much of that was not watched, in how many stretches, and the longest.';

CREATE FUNCTION movement.coverage(at_camera text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (camera text, bucket timestamptz, covered double precision, frames bigint, gaps integer, longest_gap_seconds double precision, recorded boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted_id integer := CASE WHEN at_camera IS NOT NULL THEN movement.camera_id(at_camera) END;
    first     timestamptz := date_trunc('hour', period_start, 'UTC');
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    RETURN QUERY
    WITH part AS (
        SELECT * FROM coverage_parts(wanted_id, period_start, period_end, every, zone)
    ), counted AS (
        SELECT h.camera_id, p.bucket, sum((
            SELECT sum(f) FROM unnest(h.frames[greatest(1, 1 + ceil(extract(epoch FROM p.low - h.hour) / 60)::integer)
                                              :least(60, ceil(extract(epoch FROM p.high - h.hour) / 60)::integer)]) AS f)) AS frames
        FROM coverage h JOIN (SELECT DISTINCT bucket, low, high FROM part) p ON p.low < h.hour + interval '1 hour' AND p.high > h.hour
        WHERE h.hour >= first AND h.hour < period_end AND (wanted_id IS NULL OR h.camera_id = wanted_id)
        GROUP BY 1, 2
    )
    SELECT p.camera, p.bucket, 1 - (extract(epoch FROM p.missing) / extract(epoch FROM p.high - p.low))::double precision,
           coalesce(n.frames, 0)::bigint, p.gaps, extract(epoch FROM p.longest)::double precision, p.recorded
    FROM part p LEFT JOIN counted n ON n.camera_id = p.camera_id AND n.bucket = p.bucket
    ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION movement.coverage(text, timestamptz, timestamptz, interval, text) IS
    'Aggregate: per camera (null: all) and bucket, the share of the bucket inside the period that was watched (0 to 1), analysed frames (of the minutes that begin in it), the stretches that were not watched and the longest of these in seconds. Every camera has a row for every bucket; recorded is false where coverage was not kept yet, so that 0 says nothing. No vehicle is in it, so nothing is suppressed. What is watched now is told a minute later. The period''s end is not part of it.';

CREATE FUNCTION movement.unwatched(cameras text[], period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, covered double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    first timestamptz := date_trunc('hour', period_start, 'UTC');
    -- What is watched now is told a minute later.
    told  timestamptz := least(period_end, now() - interval '2 minutes');
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    WITH watched AS (
        SELECT v.camera_id, range_agg(v.watched) AS watched
        FROM coverage v
        WHERE v.hour >= first AND v.hour < told AND (cameras IS NULL OR v.camera_id = ANY (ARRAY(SELECT c.id FROM camera c WHERE c.name = ANY (cameras))))
        GROUP BY 1
    ), missing AS (
        SELECT c.name, told - greatest(period_start, c.covered_since) AS length, (
            SELECT sum(upper(r) - lower(r))
            FROM unnest(tstzmultirange(tstzrange(greatest(period_start, c.covered_since), told)) - coalesce(w.watched, '{}'::tstzmultirange)) AS r
        ) AS missing
        FROM camera c LEFT JOIN watched w ON w.camera_id = c.id
        WHERE greatest(period_start, c.covered_since) < told AND (cameras IS NULL OR c.name = ANY (cameras))
    )
    SELECT m.name, 1 - (extract(epoch FROM m.missing) / extract(epoch FROM m.length))::double precision
    FROM missing m WHERE m.missing > interval '1 minute'
    ORDER BY 2, 1;
END $$;
COMMENT ON FUNCTION movement.unwatched(text[], timestamptz, timestamptz) IS
    'Aggregate: those of the cameras (null: all) that were not watched for more than a minute of the period, as far as coverage was kept then, and the share that was watched (0 to 1), least first. No vehicle is in it, so nothing is suppressed.';

-- As in 0008, and coverage.
DROP FUNCTION movement.flows(text, timestamptz, timestamptz, interval, text);
CREATE FUNCTION movement.flows(at_camera text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (camera text, bucket timestamptz, passages bigint, vehicles bigint, read bigint, covered double precision, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k         integer := (SELECT min_vehicles FROM settings);
    wanted_id integer := CASE WHEN at_camera IS NOT NULL THEN movement.camera_id(at_camera) END;
    midnight  timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    RETURN QUERY
    WITH passage AS (
        -- movement.bucket, written out: called for each of millions of passages it would take most of the time.
        SELECT s.camera_id,
               CASE WHEN every < interval '1 day' THEN date_bin(every, s.seen_at, midnight)
                    ELSE date_bin(every, s.seen_at AT TIME ZONE zone, midnight AT TIME ZONE zone) AT TIME ZONE zone END AS start,
               CASE WHEN s.accepted THEN s.token ELSE s.passage_id END AS who, s.accepted
        FROM sighting s
        WHERE s.seen_at >= period_start AND s.seen_at < period_end AND (wanted_id IS NULL OR s.camera_id = wanted_id)
    ), grouped AS (
        SELECT camera_id, start, count(*) AS passages, count(DISTINCT who) AS vehicles, count(*) FILTER (WHERE accepted) AS read
        FROM passage GROUP BY 1, 2
    ), part AS (
        SELECT v.*, 1 - (extract(epoch FROM v.missing) / extract(epoch FROM v.high - v.low))::double precision AS covered
        FROM coverage_parts(wanted_id, period_start, period_end, every, zone) v
    )
    -- A zero is shown: that nobody passed is nothing about anybody, and where a few did a row has always said so.
    SELECT p.camera, p.bucket,
           CASE WHEN n.vehicles IS NULL THEN 0 WHEN n.vehicles >= k THEN n.passages END,
           CASE WHEN n.vehicles IS NULL THEN 0 WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles IS NULL THEN 0 WHEN n.vehicles >= k THEN n.read END,
           -- Passages without coverage came from before it was kept, whatever the camera's date says.
           CASE WHEN p.covered > 0 THEN p.covered END, coalesce(n.vehicles < k, false)
    FROM part p LEFT JOIN grouped n ON n.camera_id = p.camera_id AND n.start = p.bucket
    WHERE n.vehicles IS NOT NULL OR p.covered > 0
    ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION movement.flows(text, timestamptz, timestamptz, interval, text) IS
    'Aggregate: passages, distinct vehicles and passages with an accepted read, per camera (null: all) and bucket, and the share of the bucket that was watched (0 to 1; null where coverage was not kept). Where nobody passed there are zeros, which are not suppressed; where nobody watched there is no row. The period''s end is not part of it.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA movement FROM PUBLIC;

INSERT INTO schema_version (version) VALUES (11);
COMMIT;
