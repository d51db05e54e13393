-- 0009_capture: reads that others bear out, and how many vehicles a camera captures.
-- Why: a city that loses 15% of the passages (not seen, not read, read wrongly) counts 11% too few journeys between two
-- zones, since one that loses its first camera begins in another zone. What a camera captures can be told from those who
-- were seen before it and after it, and the loss be taken back.
BEGIN;

-- Where journeys begin and end, but for their outermost camera. Null: made before this, and due in leg_queue.
ALTER TABLE journey ADD COLUMN legs integer CONSTRAINT journey_legs CHECK (legs >= 0),
    ADD COLUMN second_camera integer, ADD COLUMN before_last integer;
COMMENT ON COLUMN journey.legs IS 'Its legs: 0 when it never left one camera.';
COMMENT ON COLUMN journey.second_camera IS 'The camera after from_camera; null with fewer than two legs.';
COMMENT ON COLUMN journey.before_last IS 'The camera before to_camera; null with fewer than two legs.';
COMMENT ON TABLE journey IS 'Passages of one token that count, without a gap over settings.journey_gap; a single passage is a journey too. A passage counts when its read is accepted, or when the same token has an accepted one within that gap. Partitions by UTC day of its start.';
COMMENT ON TABLE leg_queue IS 'Passages with a token that were stored or taken away since legs and journeys were last brought up to date; written in the same transaction.';

CREATE TABLE capture_day (
    day          date CONSTRAINT capture_day_pkey PRIMARY KEY,
    changed_at   timestamptz NOT NULL,
    estimated_at timestamptz
);
COMMENT ON TABLE capture_day IS 'UTC days with legs: when one was last written, and when capture was last estimated from them.';

CREATE TABLE capture (
    day            date NOT NULL,
    camera_id      integer NOT NULL CONSTRAINT capture_camera REFERENCES camera,
    passages       integer NOT NULL CONSTRAINT capture_passages CHECK (passages >= 1),
    read_share     real NOT NULL CONSTRAINT capture_read_share CHECK (read_share BETWEEN 0 AND 1),
    captured       real NOT NULL CONSTRAINT capture_captured CHECK (captured > 0 AND captured < 1),
    standard_error real NOT NULL CONSTRAINT capture_standard_error CHECK (standard_error >= 0),
    witnesses      integer NOT NULL CONSTRAINT capture_witnesses CHECK (witnesses >= 0),
    CONSTRAINT capture_pkey PRIMARY KEY (day, camera_id)
);
COMMENT ON TABLE capture IS 'How well a camera saw and read on a UTC day, estimated from its neighbours. No row: nothing to go by.';
COMMENT ON COLUMN capture.read_share IS 'Of the passages that were seen, those with an accepted read, 0 to 1.';
COMMENT ON COLUMN capture.captured IS 'Of the vehicles that passed, those that enter journeys and legs, 0 to 1: estimated, see estimate_capture.';
COMMENT ON COLUMN capture.standard_error IS 'Of captured.';
COMMENT ON COLUMN capture.witnesses IS 'Vehicles seen before and after, that this camera must have passed; few: captured is the city''s, by this camera''s read_share.';

CREATE OR REPLACE FUNCTION advance_legs(most integer DEFAULT 50000) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gap     interval := (SELECT journey_gap FROM settings);
    longest interval := (SELECT longest_journey FROM settings);
    taken   integer;
BEGIN
    -- One at a time: two would delete and write the same vehicle's legs.
    IF NOT pg_try_advisory_xact_lock(hashtext('gantry.legs')) THEN RETURN 0; END IF;
    CREATE TEMPORARY TABLE IF NOT EXISTS touched (token bytea, vehicle bigint, low timestamptz, high timestamptz) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS chained (vehicle bigint, camera_id integer, seen_at timestamptz, camera_before integer,
        seen_before timestamptz, journey_at timestamptz, nth integer) ON COMMIT DELETE ROWS;
    TRUNCATE touched, chained;
    WITH chosen AS (
        DELETE FROM leg_queue WHERE id <= (SELECT max(q.id) FROM (SELECT id FROM leg_queue ORDER BY id LIMIT most) AS q) RETURNING token, seen_at
    ), grouped AS (
        SELECT token, min(seen_at) AS low, max(seen_at) AS high, count(*) AS entries FROM chosen GROUP BY token
    ), kept AS (
        -- A passage can make others count, or no longer, within the gap on both sides.
        INSERT INTO touched SELECT token, vehicle_key(token), low - gap, high + gap FROM grouped RETURNING 1
    )
    SELECT coalesce(sum(entries), 0) INTO taken FROM grouped;
    IF taken = 0 THEN RETURN 0; END IF;
    ANALYZE touched;

    -- What a passage touches is the journeys that it falls into or that it, or one that it makes count, joins.
    UPDATE touched t SET low = least(t.low, j.low), high = greatest(t.high, j.high)
    FROM (SELECT t.vehicle, min(j.started) AS low, max(j.ended) AS high
          FROM touched t JOIN journey j ON j.vehicle = t.vehicle
              AND j.started >= t.low - gap - longest AND j.started <= t.high + gap AND j.ended >= t.low - gap
          GROUP BY t.vehicle) AS j
    WHERE j.vehicle = t.vehicle;

    DELETE FROM journey j USING touched t WHERE j.vehicle = t.vehicle AND j.started >= t.low AND j.started <= t.high;
    DELETE FROM leg l USING touched t WHERE l.vehicle = t.vehicle AND l.departed >= t.low AND l.departed <= t.high;

    INSERT INTO chained
    WITH read AS (
        SELECT t.vehicle, s.camera_id, s.seen_at, s.passage_id, s.accepted,
               max(s.seen_at) FILTER (WHERE s.accepted) OVER (PARTITION BY t.vehicle ORDER BY s.seen_at) AS sure_before,
               min(s.seen_at) FILTER (WHERE s.accepted) OVER (PARTITION BY t.vehicle ORDER BY s.seen_at DESC) AS sure_after
        FROM touched t JOIN sighting s ON s.token = t.token AND s.seen_at >= t.low AND s.seen_at <= t.high
    ), seen AS (
        SELECT vehicle, camera_id, seen_at, passage_id, lag(camera_id) OVER one AS camera_before, lag(seen_at) OVER one AS seen_before
        FROM read WHERE accepted OR seen_at - sure_before <= gap OR sure_after - seen_at <= gap
        WINDOW one AS (PARTITION BY vehicle ORDER BY seen_at, passage_id)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE seen_before IS NULL OR seen_at - seen_before > gap)
                      OVER (PARTITION BY vehicle ORDER BY seen_at, passage_id) AS journey
        FROM seen
    )
    SELECT vehicle, camera_id, seen_at, camera_before, seen_before, min(seen_at) OVER one,
           row_number() OVER (PARTITION BY vehicle, journey ORDER BY seen_at, passage_id)::integer - 1
    FROM numbered WINDOW one AS (PARTITION BY vehicle, journey);

    INSERT INTO journey (vehicle, started, ended, from_camera, to_camera, passages, legs, second_camera, before_last)
    SELECT vehicle, journey_at, ended, cameras[1], cameras[passages], passages, cardinality(hops), hops[2],
           CASE WHEN cardinality(hops) > 1 THEN hops[cardinality(hops)] END
    FROM (SELECT vehicle, journey_at, max(seen_at) AS ended, count(*)::integer AS passages, array_agg(camera_id ORDER BY nth) AS cameras,
                 coalesce(array_agg(camera_before ORDER BY nth) FILTER (WHERE nth > 0 AND camera_id <> camera_before), '{}') AS hops
          FROM chained GROUP BY vehicle, journey_at) AS whole;
    INSERT INTO leg (vehicle, journey_at, nth, from_camera, to_camera, departed, arrived)
    SELECT vehicle, journey_at, nth, camera_before, camera_id, seen_before, seen_at
    FROM chained WHERE nth > 0 AND camera_id <> camera_before;

    UPDATE settings SET longest_journey = longer.span
    FROM (SELECT max(span) AS span FROM (SELECT max(seen_at) - journey_at AS span FROM chained GROUP BY vehicle, journey_at) AS spans) AS longer
    WHERE longer.span > longest_journey;
    INSERT INTO capture_day (day, changed_at)
    SELECT day, now() FROM (SELECT DISTINCT (seen_at AT TIME ZONE 'UTC')::date AS day FROM chained) AS days
    ON CONFLICT (day) DO UPDATE SET changed_at = excluded.changed_at;
    RETURN taken;
END $$;

CREATE OR REPLACE FUNCTION chained_passages() RETURNS TABLE (vehicle bigint, camera_id integer, seen_at timestamptz, camera_before integer,
    seen_before timestamptz, journey_at timestamptz, nth integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH read AS (
        SELECT vehicle_key(s.token) AS vehicle, s.camera_id, s.seen_at, s.passage_id, s.accepted,
               max(s.seen_at) FILTER (WHERE s.accepted) OVER (PARTITION BY s.token ORDER BY s.seen_at) AS sure_before,
               min(s.seen_at) FILTER (WHERE s.accepted) OVER (PARTITION BY s.token ORDER BY s.seen_at DESC) AS sure_after
        FROM sighting s WHERE s.token IS NOT NULL
    ), seen AS (
        SELECT r.*, lag(camera_id) OVER one AS camera_before, lag(seen_at) OVER one AS seen_before
        FROM read r, settings WHERE accepted OR seen_at - sure_before <= journey_gap OR sure_after - seen_at <= journey_gap
        WINDOW one AS (PARTITION BY vehicle ORDER BY seen_at, passage_id)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE seen_before IS NULL OR seen_at - seen_before > (SELECT journey_gap FROM settings))
                      OVER (PARTITION BY vehicle ORDER BY seen_at, passage_id) AS journey
        FROM seen
    )
    SELECT vehicle, camera_id, seen_at, camera_before, seen_before, min(seen_at) OVER one,
           row_number() OVER (PARTITION BY vehicle, journey ORDER BY seen_at, passage_id)::integer - 1
    FROM numbered WINDOW one AS (PARTITION BY vehicle, journey)
$$;
COMMENT ON FUNCTION chained_passages() IS 'Every passage that counts with the one before it and its place in its journey: what legs and journeys are made of, from scratch.';

CREATE OR REPLACE FUNCTION check_legs() RETURNS TABLE (what text, missing bigint, surplus bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS afresh (LIKE leg) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS afresh_journey (LIKE journey) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS all_chained (vehicle bigint, camera_id integer, seen_at timestamptz, camera_before integer,
        seen_before timestamptz, journey_at timestamptz, nth integer) ON COMMIT DELETE ROWS;
    TRUNCATE afresh, afresh_journey, all_chained;
    INSERT INTO all_chained SELECT * FROM chained_passages();
    INSERT INTO afresh (vehicle, journey_at, nth, from_camera, to_camera, departed, arrived)
    SELECT c.vehicle, c.journey_at, c.nth, c.camera_before, c.camera_id, c.seen_before, c.seen_at
    FROM all_chained c WHERE c.nth > 0 AND c.camera_id <> c.camera_before;
    INSERT INTO afresh_journey (vehicle, started, ended, from_camera, to_camera, passages, legs, second_camera, before_last)
    SELECT vehicle, journey_at, ended, cameras[1], cameras[passages], passages, cardinality(hops), hops[2],
           CASE WHEN cardinality(hops) > 1 THEN hops[cardinality(hops)] END
    FROM (SELECT vehicle, journey_at, max(seen_at) AS ended, count(*)::integer AS passages, array_agg(camera_id ORDER BY nth) AS cameras,
                 coalesce(array_agg(camera_before ORDER BY nth) FILTER (WHERE nth > 0 AND camera_id <> camera_before), '{}') AS hops
          FROM all_chained GROUP BY vehicle, journey_at) AS whole;
    RETURN QUERY
    SELECT 'leg', (SELECT count(*) FROM (SELECT * FROM afresh EXCEPT SELECT * FROM leg) AS d),
                  (SELECT count(*) FROM (SELECT * FROM leg EXCEPT SELECT * FROM afresh) AS d)
    UNION ALL
    SELECT 'journey', (SELECT count(*) FROM (SELECT * FROM afresh_journey EXCEPT SELECT * FROM journey) AS d),
                      (SELECT count(*) FROM (SELECT * FROM journey EXCEPT SELECT * FROM afresh_journey) AS d);
END $$;

CREATE OR REPLACE FUNCTION rebuild_legs() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('gantry.legs'));
    TRUNCATE leg, journey, leg_queue;
    UPDATE settings SET longest_journey = '0';
    INSERT INTO leg_queue (token, seen_at) SELECT token, seen_at FROM sighting WHERE token IS NOT NULL ORDER BY seen_at;
END $$;
COMMENT ON FUNCTION rebuild_legs() IS 'Empties legs and journeys and queues every passage with a token again, as after a change of settings.journey_gap.';

CREATE OR REPLACE FUNCTION begin_revision(camera text, period_start timestamptz, period_end timestamptz, source text)
RETURNS TABLE (revision integer, removed bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    place integer := movement.camera_id(camera);
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    -- Batches hold this lock shared: none is under way now, and none begins before this transaction ends.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.revision'));
    DELETE FROM crop c WHERE c.camera_id = place AND c.seen_at >= period_start AND c.seen_at < period_end;
    WITH gone AS (
        DELETE FROM sighting s WHERE s.camera_id = place AND s.seen_at >= period_start AND s.seen_at < period_end
        RETURNING s.token, s.seen_at
    ), queued AS (
        INSERT INTO leg_queue (token, seen_at) SELECT g.token, g.seen_at FROM gone g WHERE g.token IS NOT NULL
    )
    SELECT count(*) INTO removed FROM gone;
    INSERT INTO revision AS r (camera_id, period, source, removed)
    VALUES (place, tstzrange(period_start, period_end), source, removed) RETURNING r.id INTO revision;
    RETURN NEXT;
END $$;

CREATE FUNCTION estimate_capture(least_age interval DEFAULT '1 hour') RETURNS date
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET work_mem = '64MB' AS $$
DECLARE
    chosen date;
    least  CONSTANT integer := 10;            -- vehicles, below which a triple says too little
    lowest CONSTANT double precision := 0.4;  -- fewer of those at a and c were at b: most went another way
    weight CONSTANT double precision := 100;  -- vehicles that the city's share counts for, at each camera
    usual  double precision := 0.95;          -- captured, as a share of read_share: the city's
    clean  double precision := 0.8;           -- of those triples, the share whose every vehicle passed the middle camera
BEGIN
    -- One at a time, and not in the way of advance_legs.
    IF NOT pg_try_advisory_xact_lock(hashtext('gantry.capture')) THEN RETURN NULL; END IF;
    SELECT d.day INTO chosen FROM capture_day d
    WHERE d.estimated_at IS NULL OR (d.changed_at > d.estimated_at AND d.estimated_at <= now() - least_age)
    ORDER BY d.estimated_at NULLS FIRST, d.day LIMIT 1;
    IF chosen IS NULL THEN RETURN NULL; END IF;
    UPDATE capture_day SET estimated_at = now() WHERE day = chosen;
    DELETE FROM capture WHERE day = chosen;

    -- Of those seen at a and later at c, how many were seen at b between them, and at nothing between a and c.
    CREATE TEMPORARY TABLE triple ON COMMIT DROP AS
    WITH step AS (
        SELECT from_camera AS a, to_camera AS b, lead(to_camera) OVER (PARTITION BY vehicle, journey_at ORDER BY nth) AS c
        FROM leg WHERE departed >= chosen::timestamp AT TIME ZONE 'UTC' AND departed < (chosen + 1)::timestamp AT TIME ZONE 'UTC'
    ), by_way AS (
        SELECT a, b, c, count(*) AS seen FROM step WHERE c <> a GROUP BY a, b, c
    ), direct AS (
        SELECT a, b, count(*) AS seen FROM step GROUP BY a, b
    )
    SELECT w.b AS camera_id, w.seen::double precision AS seen, (w.seen + coalesce(d.seen, 0))::double precision AS passed,
           0::double precision AS ways
    FROM by_way w LEFT JOIN direct d ON d.a = w.a AND d.b = w.c
    WHERE w.seen + coalesce(d.seen, 0) >= least AND w.seen >= lowest * (w.seen + coalesce(d.seen, 0));
    -- The binomial coefficient's logarithm, after Stirling; for n = 1 it is off by a thousandth.
    UPDATE triple SET ways = CASE WHEN seen = passed THEN 0 ELSE
        passed * ln(passed) - seen * ln(seen) - (passed - seen) * ln(passed - seen)
        + 0.5 * ln(passed / (2 * pi() * seen * (passed - seen))) + (1 / passed - 1 / seen - 1 / (passed - seen)) / 12 END;
    ANALYZE triple;

    CREATE TEMPORARY TABLE guess ON COMMIT DROP AS
    SELECT s.camera_id, count(*)::integer AS passages, (count(*) FILTER (WHERE s.accepted))::double precision / count(*) AS read_share,
           usual AS ratio, 0::double precision AS passed
    FROM sighting s WHERE s.seen_at >= chosen::timestamp AT TIME ZONE 'UTC' AND s.seen_at < (chosen + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY s.camera_id HAVING count(*) FILTER (WHERE s.accepted) > 0;
    ANALYZE guess;
    -- A camera with thirty witnesses begins with their median, so that one far below the city's share is found as well.
    UPDATE guess g SET ratio = m.ratio / g.read_share
    FROM (SELECT camera_id, min(ratio) AS ratio
          FROM (SELECT camera_id, seen / passed AS ratio, sum(passed) OVER (PARTITION BY camera_id ORDER BY seen / passed) AS so_far,
                       sum(passed) OVER (PARTITION BY camera_id) AS in_all FROM triple) AS sorted
          WHERE so_far >= in_all / 2 AND in_all >= 30 GROUP BY camera_id) AS m
    WHERE m.camera_id = g.camera_id;

    -- Expectation and maximization. A triple is clean when b lies on every way from a to c: then b saw a binomial share of
    -- those who passed. Otherwise some went another way, and every count from the lowest on is as likely as any other.
    FOR round IN 1..20 LOOP
        CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
        SELECT t.camera_id, sum(f.share * t.seen) AS seen, sum(f.share * t.passed * g.read_share) AS passed, sum(f.share) AS clean, count(*) AS triples
        FROM triple t JOIN guess g USING (camera_id)
            CROSS JOIN LATERAL (SELECT least(greatest(g.read_share * g.ratio, 0.01), 0.995) AS p) AS rate
            CROSS JOIN LATERAL (SELECT clean * exp(greatest(t.ways + t.seen * ln(rate.p) + (t.passed - t.seen) * ln(1 - rate.p), -600)) AS likely) AS fit
            CROSS JOIN LATERAL (SELECT fit.likely / (fit.likely + (1 - clean) / ((1 - lowest) * t.passed + 1)) AS share) AS f
        GROUP BY t.camera_id;
        SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY j.seen / j.passed) FILTER (WHERE j.passed > 30), sum(j.seen) / sum(j.passed)),
               least(greatest(sum(j.clean) / sum(j.triples), 0.01), 0.99) INTO usual, clean FROM judged j;
        EXIT WHEN usual IS NULL;
        UPDATE guess g SET ratio = (weight * usual + coalesce(j.seen, 0)) / (weight + coalesce(j.passed, 0)), passed = coalesce(j.passed, 0)
        FROM guess o LEFT JOIN judged j USING (camera_id) WHERE o.camera_id = g.camera_id;
        DROP TABLE judged;
    END LOOP;

    -- A city without a hundred witnesses says nothing.
    IF (SELECT sum(passed) >= 100 FROM guess) THEN
        INSERT INTO capture (day, camera_id, passages, read_share, captured, standard_error, witnesses)
        SELECT chosen, camera_id, passages, read_share, p, sqrt(p * (1 - p) / (weight + passed)), round(passed)
        FROM (SELECT g.*, least(greatest(read_share * ratio, 0.01), 0.995) AS p FROM guess g) AS g;
    END IF;
    DROP TABLE triple, guess;
    DROP TABLE IF EXISTS judged;
    RETURN chosen;
END $$;
REVOKE ALL ON FUNCTION estimate_capture(interval) FROM PUBLIC;
COMMENT ON FUNCTION estimate_capture(interval) IS
    'Estimates capture of one UTC day: of those whose legs were never judged, or changed since that was last done so long ago, the one that waits longest; null when none does. The vehicles seen at a camera before and at one after it are the witnesses, where all of them must have passed between; which pairs those are is not known, and a mixture of both kinds is fitted (Dempster, Laird, Rubin, JRSS B 39, 1977). After the capture of marked animals between two others, as by Jolly and Seber (1965).';

CREATE FUNCTION movement.capture_rates(at_camera text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, day date, passages integer, read_share double precision, captured double precision,
               standard_error double precision, witnesses integer, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k         integer := (SELECT min_vehicles FROM settings);
    wanted_id integer := CASE WHEN at_camera IS NOT NULL THEN movement.camera_id(at_camera) END;
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    SELECT c.name, p.day, CASE WHEN p.passages >= k THEN p.passages END, CASE WHEN p.passages >= k THEN p.read_share::double precision END,
           CASE WHEN p.passages >= k THEN p.captured::double precision END,
           CASE WHEN p.passages >= k THEN p.standard_error::double precision END,
           CASE WHEN p.witnesses >= k THEN p.witnesses END, p.passages < k
    FROM capture p JOIN camera c ON c.id = p.camera_id
    WHERE p.day >= (period_start AT TIME ZONE 'UTC')::date AND p.day < ((period_end AT TIME ZONE 'UTC') + interval '1 day' - interval '1 microsecond')::date
        AND (wanted_id IS NULL OR p.camera_id = wanted_id)
    ORDER BY c.name, p.day;
END $$;
COMMENT ON FUNCTION movement.capture_rates(text, timestamptz, timestamptz) IS
    'Aggregate: how well a camera (null: all) saw and read on the UTC days that a period touches: the share of its passages with an accepted read, and the share of passing vehicles that enter journeys (captured, with its standard error), both 0 to 1; estimated from vehicles seen before and after it (witnesses). Fewer than k witnesses are null. No row: nothing to go by.';

DROP FUNCTION movement.travel_times(text, text, timestamptz, timestamptz, interval, text, interval);
CREATE FUNCTION movement.travel_times(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz,
                                      every interval, zone text DEFAULT 'UTC', longest interval DEFAULT '2 hours')
RETURNS TABLE (bucket timestamptz, trips bigint, vehicles bigint, median_seconds double precision, p85_seconds double precision,
               stopped bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k       integer := (SELECT min_vehicles FROM settings);
    from_id integer := movement.camera_id(from_camera);
    to_id   integer := movement.camera_id(to_camera);
    midnight timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    PERFORM movement.check_pair(from_camera, to_camera, longest);
    RETURN QUERY
    WITH trip AS (
        -- movement.bucket, written out: called for each of a busy pair's trips it would take most of the time.
        SELECT CASE WHEN every < interval '1 day' THEN date_bin(every, t.departed, midnight)
                    ELSE date_bin(every, t.departed AT TIME ZONE zone, midnight AT TIME ZONE zone) AT TIME ZONE zone END AS start,
               t.vehicle, date_part('epoch', t.arrived - t.departed) AS seconds
        FROM trips_between(from_id, to_id, period_start, period_end, longest) AS t
    ), bucketed AS (
        -- Together by bucket, since a join of trips with their bucket's quartile is made as a nested loop.
        SELECT start, array_agg(vehicle) AS vehicles, array_agg(seconds) AS seconds, 3 * percentile_cont(0.25) WITHIN GROUP (ORDER BY seconds) AS most
        FROM trip GROUP BY start
    ), counted AS (
        SELECT b.start, c.*
        FROM bucketed b CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE t.drove) AS trips, count(DISTINCT t.vehicle) FILTER (WHERE t.drove) AS vehicles,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds) FILTER (WHERE t.drove) AS median,
                   percentile_cont(0.85) WITHIN GROUP (ORDER BY t.seconds) FILTER (WHERE t.drove) AS p85,
                   count(*) FILTER (WHERE NOT t.drove) AS stopped
            FROM (SELECT u.vehicle, u.seconds, u.seconds <= b.most AS drove FROM unnest(b.vehicles, b.seconds) AS u (vehicle, seconds)) AS t
        ) AS c
    )
    SELECT n.start, CASE WHEN n.vehicles >= k THEN n.trips END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.median END, CASE WHEN n.vehicles >= k THEN n.p85 END,
           CASE WHEN n.vehicles >= k THEN n.stopped END, n.vehicles < k
    FROM counted n
    ORDER BY n.start;
END $$;
COMMENT ON FUNCTION movement.travel_times(text, text, timestamptz, timestamptz, interval, text, interval) IS
    'Aggregate: seconds from first sight at one camera to first sight at another on one journey, by the bucket of departure: median and 85th percentile of the trips that drove through. Trips of more than 3 times the bucket''s 25th percentile stopped on the way and are left out, as in movement.speeds; stopped says how many. Of several departures before an arrival the last one counts; who stays unseen for settings.journey_gap on the way made two journeys.';

REVOKE ALL ON FUNCTION movement.capture_rates(text, timestamptz, timestamptz),
    movement.travel_times(text, text, timestamptz, timestamptz, interval, text, interval) FROM PUBLIC;

-- What counts has changed, and journeys know their second and last but one camera: all are made again, beside the old ones.
INSERT INTO leg_queue (token, seen_at) SELECT token, seen_at FROM sighting WHERE token IS NOT NULL ORDER BY seen_at;

INSERT INTO schema_version (version) VALUES (9);
COMMIT;
