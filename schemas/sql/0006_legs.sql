-- 0006_legs: journeys and their legs, kept as the sink writes.
-- Why: questions about pairs of cameras over raw sightings join a table with itself (16 s for a day's origins and
-- destinations). A leg is two successive passages of one token at two cameras; a journey is passages without a gap over
-- settings.journey_gap. Both follow from the sightings alone: check_legs compares them with a rebuild from scratch.
BEGIN;

ALTER TABLE settings ADD COLUMN journey_gap interval NOT NULL DEFAULT '30 minutes'
    CONSTRAINT settings_journey_gap CHECK (journey_gap BETWEEN interval '1 minute' AND interval '12 hours');
COMMENT ON COLUMN settings.journey_gap IS 'A vehicle unseen for longer has ended its journey. Changing it needs rebuild_legs.';
ALTER TABLE settings ADD COLUMN longest_journey interval NOT NULL DEFAULT '0';
COMMENT ON COLUMN settings.longest_journey IS 'No stored journey is longer: bounds the search for those that a passage touches.';

CREATE FUNCTION vehicle_key(token bytea) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('x' || encode(substr(token, 1, 8), 'hex'))::bit(64)::bigint
$$;
COMMENT ON FUNCTION vehicle_key(bytea) IS 'The first eight bytes of a token: as good a pseudonym, and quicker to join. Of a million vehicles two share one with a chance of 3 in 100 million.';

CREATE TABLE journey (
    vehicle     bigint NOT NULL,
    started     timestamptz NOT NULL,
    ended       timestamptz NOT NULL,
    from_camera integer NOT NULL,
    to_camera   integer NOT NULL,
    passages    integer NOT NULL CONSTRAINT journey_passages CHECK (passages >= 1),
    CONSTRAINT journey_pkey PRIMARY KEY (vehicle, started),
    CONSTRAINT journey_times CHECK (ended >= started)
) PARTITION BY RANGE (started);
COMMENT ON TABLE journey IS 'Accepted passages of one token without a gap over settings.journey_gap; a single passage is a journey too. Partitions by UTC day of its start.';
COMMENT ON COLUMN journey.vehicle IS 'vehicle_key of the token. Tokens change with their epoch, and so does this.';
COMMENT ON COLUMN journey.started IS 'First sight at the first camera.';
COMMENT ON COLUMN journey.ended IS 'First sight at the last camera.';
CREATE INDEX journey_started ON journey USING brin (started);

CREATE TABLE leg (
    vehicle     bigint NOT NULL,
    journey_at  timestamptz NOT NULL,
    nth         integer NOT NULL CONSTRAINT leg_nth CHECK (nth >= 1),
    from_camera integer NOT NULL,
    to_camera   integer NOT NULL,
    departed    timestamptz NOT NULL,
    arrived     timestamptz NOT NULL,
    CONSTRAINT leg_pkey PRIMARY KEY (vehicle, departed, nth),
    CONSTRAINT leg_cameras CHECK (from_camera <> to_camera),
    CONSTRAINT leg_times CHECK (arrived >= departed)
) PARTITION BY RANGE (departed);
COMMENT ON TABLE leg IS 'Two successive passages of one journey at two cameras. Partitions by UTC day of departure.';
COMMENT ON COLUMN leg.journey_at IS 'The start of its journey: with vehicle, the journey''s key.';
COMMENT ON COLUMN leg.nth IS 'Its place among the journey''s passages: the passage it arrives with is the nth after the first.';
COMMENT ON COLUMN leg.departed IS 'First sight at from_camera.';
COMMENT ON COLUMN leg.arrived IS 'First sight at to_camera.';
CREATE INDEX leg_from ON leg (from_camera, departed) INCLUDE (vehicle, journey_at, nth);
CREATE INDEX leg_to ON leg (to_camera, departed) INCLUDE (vehicle, journey_at, nth, arrived);

CREATE TABLE leg_queue (
    id      bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT leg_queue_pkey PRIMARY KEY,
    token   bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    noted   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE leg_queue IS 'Accepted passages that were stored or taken away since legs and journeys were last brought up to date; written in the same transaction.';

CREATE OR REPLACE FUNCTION ensure_days(days date[]) RETURNS TABLE (refused date, reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted  date;
    parent  text;
    child   text;
    parents text[] := ARRAY['sighting', 'crop', 'journey', 'leg'];
    most    integer := (SELECT days_max FROM settings);
BEGIN
    FOR wanted IN SELECT DISTINCT d FROM unnest(days) AS d WHERE d IS NOT NULL ORDER BY d LOOP
        CONTINUE WHEN (SELECT bool_and(to_regclass(format('public.%s_%s', p, to_char(wanted, 'YYYYMMDD'))) IS NOT NULL) FROM unnest(parents) AS p);
        PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
        CONTINUE WHEN (SELECT bool_and(to_regclass(format('public.%s_%s', p, to_char(wanted, 'YYYYMMDD'))) IS NOT NULL) FROM unnest(parents) AS p);
        IF to_regclass(format('public.sighting_%s', to_char(wanted, 'YYYYMMDD'))) IS NULL
           AND (SELECT count(*) FROM pg_inherits WHERE inhparent = 'sighting'::regclass) >= most THEN
            refused := wanted;
            reason := format('%s days hold sightings already, and settings.days_max allows no more', most);
            RETURN NEXT;
            CONTINUE;
        END IF;
        FOREACH parent IN ARRAY parents LOOP
            child := format('%s_%s', parent, to_char(wanted, 'YYYYMMDD'));
            CONTINUE WHEN to_regclass('public.' || child) IS NOT NULL;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS)', child, parent);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, child,
                           wanted::timestamp AT TIME ZONE 'UTC', (wanted + 1)::timestamp AT TIME ZONE 'UTC');
        END LOOP;
    END LOOP;
END $$;

CREATE FUNCTION advance_legs(most integer DEFAULT 50000) RETURNS integer
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
        INSERT INTO touched SELECT token, vehicle_key(token), low, high FROM grouped RETURNING 1
    )
    SELECT coalesce(sum(entries), 0) INTO taken FROM grouped;
    IF taken = 0 THEN RETURN 0; END IF;
    ANALYZE touched;

    -- What a passage touches is the journeys that it falls into or that it joins.
    UPDATE touched t SET low = least(t.low, j.low), high = greatest(t.high, j.high)
    FROM (SELECT t.vehicle, min(j.started) AS low, max(j.ended) AS high
          FROM touched t JOIN journey j ON j.vehicle = t.vehicle
              AND j.started >= t.low - gap - longest AND j.started <= t.high + gap AND j.ended >= t.low - gap
          GROUP BY t.vehicle) AS j
    WHERE j.vehicle = t.vehicle;

    DELETE FROM journey j USING touched t WHERE j.vehicle = t.vehicle AND j.started >= t.low AND j.started <= t.high;
    DELETE FROM leg l USING touched t WHERE l.vehicle = t.vehicle AND l.departed >= t.low AND l.departed <= t.high;

    INSERT INTO chained
    WITH seen AS (
        SELECT t.vehicle, s.camera_id, s.seen_at, s.passage_id,
               lag(s.camera_id) OVER one AS camera_before, lag(s.seen_at) OVER one AS seen_before
        FROM touched t JOIN sighting s ON s.token = t.token AND s.seen_at >= t.low AND s.seen_at <= t.high
        WHERE s.accepted
        WINDOW one AS (PARTITION BY t.vehicle ORDER BY s.seen_at, s.passage_id)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE seen_before IS NULL OR seen_at - seen_before > gap)
                      OVER (PARTITION BY vehicle ORDER BY seen_at, passage_id) AS journey
        FROM seen
    )
    SELECT vehicle, camera_id, seen_at, camera_before, seen_before, min(seen_at) OVER one,
           row_number() OVER (PARTITION BY vehicle, journey ORDER BY seen_at, passage_id)::integer - 1
    FROM numbered WINDOW one AS (PARTITION BY vehicle, journey);

    INSERT INTO journey (vehicle, started, ended, from_camera, to_camera, passages)
    SELECT vehicle, journey_at, max(seen_at), (array_agg(camera_id ORDER BY nth))[1], (array_agg(camera_id ORDER BY nth DESC))[1], count(*)
    FROM chained GROUP BY vehicle, journey_at;
    INSERT INTO leg (vehicle, journey_at, nth, from_camera, to_camera, departed, arrived)
    SELECT vehicle, journey_at, nth, camera_before, camera_id, seen_before, seen_at
    FROM chained WHERE nth > 0 AND camera_id <> camera_before;

    UPDATE settings SET longest_journey = longer.span
    FROM (SELECT max(span) AS span FROM (SELECT max(seen_at) - journey_at AS span FROM chained GROUP BY vehicle, journey_at) AS spans) AS longer
    WHERE longer.span > longest_journey;
    RETURN taken;
END $$;
REVOKE ALL ON FUNCTION advance_legs(integer) FROM PUBLIC;
COMMENT ON FUNCTION advance_legs(integer) IS
    'Brings legs and journeys up to date with so many entries of leg_queue, oldest first; how many were done, 0 when none waits or another session is at it. What it writes follows from the sightings alone, whatever their order.';

CREATE FUNCTION chained_passages() RETURNS TABLE (vehicle bigint, camera_id integer, seen_at timestamptz, camera_before integer,
    seen_before timestamptz, journey_at timestamptz, nth integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH seen AS (
        SELECT vehicle_key(s.token) AS vehicle, s.camera_id, s.seen_at, s.passage_id,
               lag(s.camera_id) OVER one AS camera_before, lag(s.seen_at) OVER one AS seen_before
        FROM sighting s WHERE s.accepted
        WINDOW one AS (PARTITION BY s.token ORDER BY s.seen_at, s.passage_id)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE seen_before IS NULL OR seen_at - seen_before > (SELECT journey_gap FROM settings))
                      OVER (PARTITION BY vehicle ORDER BY seen_at, passage_id) AS journey
        FROM seen
    )
    SELECT vehicle, camera_id, seen_at, camera_before, seen_before, min(seen_at) OVER one,
           row_number() OVER (PARTITION BY vehicle, journey ORDER BY seen_at, passage_id)::integer - 1
    FROM numbered WINDOW one AS (PARTITION BY vehicle, journey)
$$;
REVOKE ALL ON FUNCTION chained_passages() FROM PUBLIC;
COMMENT ON FUNCTION chained_passages() IS 'Every accepted passage with the one before it and its place in its journey: what legs and journeys are made of, from scratch.';

CREATE FUNCTION check_legs() RETURNS TABLE (what text, missing bigint, surplus bigint)
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
    INSERT INTO afresh_journey (vehicle, started, ended, from_camera, to_camera, passages)
    SELECT c.vehicle, c.journey_at, max(c.seen_at), (array_agg(c.camera_id ORDER BY c.nth))[1], (array_agg(c.camera_id ORDER BY c.nth DESC))[1], count(*)
    FROM all_chained c GROUP BY c.vehicle, c.journey_at;
    RETURN QUERY
    SELECT 'leg', (SELECT count(*) FROM (SELECT * FROM afresh EXCEPT SELECT * FROM leg) AS d),
                  (SELECT count(*) FROM (SELECT * FROM leg EXCEPT SELECT * FROM afresh) AS d)
    UNION ALL
    SELECT 'journey', (SELECT count(*) FROM (SELECT * FROM afresh_journey EXCEPT SELECT * FROM journey) AS d),
                      (SELECT count(*) FROM (SELECT * FROM journey EXCEPT SELECT * FROM afresh_journey) AS d);
END $$;
REVOKE ALL ON FUNCTION check_legs() FROM PUBLIC;
COMMENT ON FUNCTION check_legs() IS
    'Compares legs and journeys with those made from the sightings from scratch: rows that are missing, and rows that should not be there. Both are 0 once leg_queue is empty.';

CREATE FUNCTION rebuild_legs() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('gantry.legs'));
    TRUNCATE leg, journey, leg_queue;
    UPDATE settings SET longest_journey = '0';
    INSERT INTO leg_queue (token, seen_at) SELECT token, seen_at FROM sighting WHERE accepted ORDER BY seen_at;
END $$;
REVOKE ALL ON FUNCTION rebuild_legs() FROM PUBLIC;
COMMENT ON FUNCTION rebuild_legs() IS 'Empties legs and journeys and queues every accepted passage again, as after a change of settings.journey_gap.';

CREATE FUNCTION movement.zones(geojson text) RETURNS TABLE (name text, area geometry)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    features jsonb;
BEGIN
    BEGIN
        features := CASE geojson::jsonb ->> 'type' WHEN 'FeatureCollection' THEN geojson::jsonb -> 'features' ELSE jsonb_build_array(geojson::jsonb) END;
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'the zones are not GeoJSON: %', SQLERRM USING ERRCODE = 'GN400';
    END;
    RETURN QUERY
    SELECT coalesce(f.feature -> 'properties' ->> 'name', f.feature ->> 'id', 'zone ' || f.nth), movement.area(f.feature::text)
    FROM jsonb_array_elements(features) WITH ORDINALITY AS f(feature, nth);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no zone: a GeoJSON feature collection of polygons is needed' USING ERRCODE = 'GN400';
    END IF;
END $$;
COMMENT ON FUNCTION movement.zones(text) IS 'Aggregate: the polygons of a GeoJSON feature collection with their property name (else the feature''s id, else their number).';

CREATE FUNCTION movement.od_matrix(zones text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (origin text, destination text, bucket timestamptz, journeys bigint, vehicles bigint, median_seconds double precision, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k integer := (SELECT min_vehicles FROM settings);
    midnight timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    RETURN QUERY
    WITH place AS MATERIALIZED (
        -- A camera on the border of two zones belongs to the first by name.
        SELECT DISTINCT ON (c.id) c.id, z.name FROM camera c JOIN movement.zones(zones) z ON ST_Covers(z.area, c.position) ORDER BY c.id, z.name
    ), cell AS (
        SELECT a.name AS origin, b.name AS destination,
               CASE WHEN every < interval '1 day' THEN date_bin(every, j.started, midnight)
                    ELSE date_bin(every, j.started AT TIME ZONE zone, midnight AT TIME ZONE zone) AT TIME ZONE zone END AS start,
               j.vehicle, extract(epoch FROM j.ended - j.started)::double precision AS seconds
        FROM journey j JOIN place a ON a.id = j.from_camera JOIN place b ON b.id = j.to_camera
        WHERE j.started >= period_start AND j.started < period_end AND j.passages > 1
    ), counted AS (
        SELECT origin, destination, start, count(*) AS journeys, count(DISTINCT vehicle) AS vehicles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
        FROM cell GROUP BY 1, 2, 3
    )
    SELECT n.origin, n.destination, n.start, CASE WHEN n.vehicles >= k THEN n.journeys END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.median END, n.vehicles < k
    FROM counted n ORDER BY n.start, n.origin, n.destination;
END $$;

COMMENT ON FUNCTION movement.od_matrix(text, timestamptz, timestamptz, interval, text) IS
    'Aggregate: journeys from zone to zone (a GeoJSON feature collection; the zones of a journey''s first and last camera) by the bucket of their start: how many, of how many vehicles, and the median of their seconds from first sight to first sight. Journeys of one passage are left out, and cells without a journey have no row.';

CREATE FUNCTION movement.both(first_camera text, second_camera text, period_start timestamptz, period_end timestamptz, within interval)
RETURNS TABLE (trips bigint, vehicles bigint, median_seconds double precision, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k integer := (SELECT min_vehicles FROM settings);
    a integer := movement.camera_id(first_camera);
    b integer := movement.camera_id(second_camera);
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    IF a = b THEN
        RAISE EXCEPTION 'two cameras are needed, not % twice', quote_literal(first_camera) USING ERRCODE = 'GN400';
    ELSIF within IS NULL OR within <= interval '0' THEN
        RAISE EXCEPTION 'the time between both must be positive' USING ERRCODE = 'GN400';
    END IF;
    RETURN QUERY
    WITH trip AS (
        SELECT f.vehicle, min(t.arrived) - f.departed AS took
        FROM leg f JOIN leg t ON t.vehicle = f.vehicle AND t.journey_at = f.journey_at AND t.nth >= f.nth
        WHERE f.from_camera = a AND f.departed >= period_start AND f.departed < period_end
          AND t.to_camera = b AND t.departed >= period_start AND t.departed < period_end + within
          AND t.arrived <= f.departed + within
        GROUP BY f.vehicle, f.departed
    ), counted AS (
        SELECT count(*) AS trips, count(DISTINCT vehicle) AS vehicles, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8) AS median FROM trip
    )
    SELECT CASE WHEN n.vehicles >= k THEN n.trips END, CASE WHEN n.vehicles >= k THEN n.vehicles END, CASE WHEN n.vehicles >= k THEN n.median END, n.vehicles < k FROM counted n;
END $$;
COMMENT ON FUNCTION movement.both(text, text, timestamptz, timestamptz, interval) IS
    'Aggregate: vehicles seen at one camera and then at another within a time, by first sight at each: trips, vehicles and the median of their seconds. Other cameras may lie between; a stop over settings.journey_gap ends a journey, and with it the trip.';

REVOKE ALL ON FUNCTION movement.zones(text), movement.od_matrix(text, timestamptz, timestamptz, interval, text),
    movement.both(text, text, timestamptz, timestamptz, interval) FROM PUBLIC;

-- Sightings that are there already.
SELECT count(*) FROM ensure_days((SELECT array_agg(to_date(right(c.relname, 8), 'YYYYMMDD'))
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'sighting'::regclass));
INSERT INTO leg_queue (token, seen_at) SELECT token, seen_at FROM sighting WHERE accepted ORDER BY seen_at;

INSERT INTO schema_version (version) VALUES (6);
COMMIT;
