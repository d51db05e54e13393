-- 0012_cameras: where cameras stood when, zones that are kept, what clocks show, and days that are closed.
-- Why: a camera that moves must not take its old sightings with it, and a day that retention took away must not come back
-- when a topic is read again.
BEGIN;

CREATE TABLE camera_place (
    camera_id  integer NOT NULL CONSTRAINT camera_place_camera REFERENCES camera ON DELETE CASCADE,
    valid_from timestamptz NOT NULL,
    position   geometry(Point, 4326) NOT NULL,
    heading    real CONSTRAINT camera_place_heading CHECK (heading >= 0 AND heading < 360),
    CONSTRAINT camera_place_pkey PRIMARY KEY (camera_id, valid_from)
);
COMMENT ON TABLE camera_place IS 'Where a camera stands and looks from a moment on, until its next row; so two places can never be valid at once. The first is valid from -infinity. camera has a copy of the last.';
COMMENT ON COLUMN camera_place.valid_from IS 'By the time of a sighting, sighting.seen_at.';
COMMENT ON COLUMN camera_place.position IS 'WGS 84, longitude then latitude, degrees.';
COMMENT ON COLUMN camera_place.heading IS 'Compass degrees the camera looks towards, 0 north, 90 east; null when unknown.';
CREATE INDEX camera_place_position ON camera_place USING gist (position);
INSERT INTO camera_place (camera_id, valid_from, position, heading) SELECT id, '-infinity', position, heading FROM camera;

-- No window function: conditions on camera and position must reach the table's indexes.
CREATE VIEW camera_stay AS
SELECT p.camera_id, p.valid_from, coalesce((
           SELECT min(n.valid_from) FROM camera_place n WHERE n.camera_id = p.camera_id AND n.valid_from > p.valid_from), 'infinity') AS valid_until,
       p.position, p.heading
FROM camera_place p;
COMMENT ON VIEW camera_stay IS 'camera_place with the end of each place, which is not part of it. Join it behind OFFSET 0 where many rows are joined: the end is looked up.';

CREATE FUNCTION first_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO camera_place (camera_id, valid_from, position, heading) VALUES (new.id, '-infinity', new.position, new.heading);
    RETURN NULL;
END $$;
CREATE TRIGGER camera_first_place AFTER INSERT ON camera FOR EACH ROW EXECUTE FUNCTION first_place();

CREATE FUNCTION last_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE camera c SET position = p.position, heading = p.heading
    FROM (SELECT position, heading FROM camera_place WHERE camera_id = coalesce(new.camera_id, old.camera_id) ORDER BY valid_from DESC LIMIT 1) AS p
    WHERE c.id = coalesce(new.camera_id, old.camera_id) AND (c.position, c.heading) IS DISTINCT FROM (p.position, p.heading);
    RETURN NULL;
END $$;
CREATE TRIGGER camera_place_last AFTER INSERT OR UPDATE OR DELETE ON camera_place FOR EACH ROW EXECUTE FUNCTION last_place();

CREATE FUNCTION refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a camera is moved in camera_place, with the moment from which it stands there' USING ERRCODE = 'GN400',
        HINT = 'gantry cameras import FILE --from DATE-TIME';
END $$;
CREATE TRIGGER camera_refuse_move BEFORE UPDATE OF position, heading ON camera
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_move();
REVOKE ALL ON FUNCTION first_place(), last_place(), refuse_move() FROM PUBLIC;
COMMENT ON FUNCTION first_place() IS 'A new camera stands where it is said to from the beginning.';
COMMENT ON FUNCTION last_place() IS 'Copies a camera''s last place to camera.';
COMMENT ON FUNCTION refuse_move() IS 'A camera moved without a time would take its old sightings with it.';
COMMENT ON COLUMN camera.position IS 'A copy of its last place, for whoever asks without a time. WGS 84, longitude then latitude, degrees.';
COMMENT ON COLUMN camera.heading IS 'As position. Compass degrees the camera looks towards, 0 north, 90 east; null when unknown.';

CREATE OR REPLACE FUNCTION movement.cameras() RETURNS TABLE (camera text, longitude double precision, latitude double precision, heading real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.name, ST_X(p.position), ST_Y(p.position), p.heading
    FROM camera c JOIN camera_stay p ON p.camera_id = c.id AND p.valid_from <= now() AND p.valid_until > now() ORDER BY c.name
$$;
COMMENT ON FUNCTION movement.cameras() IS 'Aggregate: the cameras by name, where they stand now; WGS 84 degrees, compass degrees. movement.camera_places has the other times.';

CREATE FUNCTION movement.camera_places()
RETURNS TABLE (camera text, valid_from timestamptz, valid_until timestamptz, longitude double precision, latitude double precision, heading real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.name, nullif(p.valid_from, '-infinity'), nullif(p.valid_until, 'infinity'), ST_X(p.position), ST_Y(p.position), p.heading
    FROM camera c JOIN camera_stay p ON p.camera_id = c.id ORDER BY c.name, p.valid_from
$$;
COMMENT ON FUNCTION movement.camera_places() IS
    'Aggregate: where each camera stood from when until when; null for the beginning and for no end. Questions take the place that was valid when a vehicle was first seen.';

-- As before, but by the place that was valid when a vehicle was first seen.
CREATE OR REPLACE FUNCTION movement.passing(area geometry, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, longitude double precision, latitude double precision, passages bigint, vehicles bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k integer := (SELECT min_vehicles FROM settings);
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    WITH place AS MATERIALIZED (
        SELECT c.id, c.name, ST_X(p.position) AS x, ST_Y(p.position) AS y, p.valid_from, p.valid_until
        FROM camera_stay p JOIN camera c ON c.id = p.camera_id
        WHERE ST_Covers(area, p.position) AND p.valid_from < period_end AND p.valid_until > period_start
    ), seen AS (
        SELECT p.name, p.x, p.y, CASE WHEN s.accepted THEN s.token ELSE s.passage_id END AS who
        FROM place p JOIN sighting s ON s.camera_id = p.id AND s.seen_at >= p.valid_from AND s.seen_at < p.valid_until
        WHERE s.seen_at >= period_start AND s.seen_at < period_end
    ), counted AS (
        SELECT name, x, y, count(*) AS passages, count(DISTINCT who) AS vehicles FROM seen GROUP BY 1, 2, 3
    ), ranked AS (
        SELECT n.*, min(n.vehicles) OVER () AS least, row_number() OVER smallest AS rank,
               coalesce(sum(n.vehicles) OVER (smallest ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM counted n WINDOW smallest AS (ORDER BY n.vehicles, n.name, n.x, n.y)
    ), hidden AS (
        -- The total would give away a single hidden camera by difference, so the next smallest are hidden with it until
        -- those hidden hold k vehicles together.
        SELECT r.*, r.vehicles < k OR (r.least < k AND (r.rank = 2 OR r.before < k)) AS hide FROM ranked r
    ), answer AS (
        SELECT h.name, h.x, h.y, h.passages, h.vehicles, h.hide FROM hidden h
        UNION ALL
        SELECT NULL, NULL, NULL, count(*), count(DISTINCT who), count(DISTINCT who) < k FROM seen HAVING count(*) > 0
    )
    SELECT a.name, a.x, a.y, CASE WHEN NOT a.hide THEN a.passages END, CASE WHEN NOT a.hide THEN a.vehicles END, a.hide
    FROM answer a ORDER BY a.name NULLS LAST, a.x, a.y;
END $$;
COMMENT ON FUNCTION movement.passing(geometry, timestamptz, timestamptz) IS
    'Aggregate: passages and distinct vehicles per camera inside an area (WGS 84), and a last row without a camera for all of them. A camera that moved in the period has a row for each place inside, of what it saw from there.';

-- With the way from the row before. A function's columns can't be changed, so grants on it are needed again.
DROP FUNCTION movement.trace(bytea[], bytea[], text, text, timestamptz, timestamptz);
CREATE FUNCTION movement.trace(tokens bytea[], look_alikes bytea[], purpose text, case_number text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (audit_id bigint, seen_at timestamptz, last_seen timestamptz, camera text, longitude double precision, latitude double precision,
               vehicle vehicle_class, direction direction, confidence real, accepted boolean, exact boolean, passage_id bytea, sealed_text bytea,
               way_metres double precision, way geometry)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    entry   bigint;
    missing text := nullif(concat_ws(' and ', CASE WHEN coalesce(trim(purpose), '') = '' THEN 'a purpose' END,
                                              CASE WHEN coalesce(trim(case_number), '') = '' THEN 'a case number' END), '');
    asked   jsonb := jsonb_build_object(
        'tokens', (SELECT coalesce(jsonb_agg(encode(t, 'hex')), '[]') FROM unnest(tokens) AS t),
        'look_alikes', (SELECT coalesce(jsonb_agg(encode(t, 'hex')), '[]') FROM unnest(look_alikes) AS t),
        'from', audit_moment(period_start), 'to', audit_moment(period_end));
BEGIN
    IF missing IS NOT NULL THEN
        entry := audit_commit('trace', 'refused', 'without ' || missing, purpose, case_number, asked);
        RAISE EXCEPTION 'a look at one vehicle needs %', missing USING ERRCODE = 'GN403',
            DETAIL = format('The attempt is entry %s of the audit log.', entry),
            HINT = 'Give the purpose and the case it is for.';
    END IF;
    entry := audit_commit('trace', 'granted', NULL, purpose, case_number, asked);
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    WITH seen AS (
        SELECT s.*, c.name, p.position, p.last, lag(s.camera_id) OVER one AS camera_before, lag(s.seen_at) OVER one AS seen_before,
               lag(p.last) OVER one AS last_before
        FROM sighting s JOIN camera c ON c.id = s.camera_id, LATERAL (
            SELECT p.position, NOT EXISTS (SELECT FROM camera_place n WHERE n.camera_id = p.camera_id AND n.valid_from > p.valid_from) AS last
            FROM camera_place p WHERE p.camera_id = s.camera_id AND p.valid_from <= s.seen_at
            ORDER BY p.valid_from DESC LIMIT 1
        ) AS p
        WHERE (s.token = ANY (tokens) OR s.look_alike = ANY (look_alikes)) AND s.seen_at >= period_start AND s.seen_at < period_end
        WINDOW one AS (ORDER BY s.seen_at, c.name)
        ORDER BY s.seen_at, c.name
        LIMIT 10000
    )
    SELECT entry, s.seen_at, s.last_seen, s.name, ST_X(s.position), ST_Y(s.position), s.vehicle, s.direction,
           s.confidence, s.accepted, coalesce(s.token = ANY (tokens), false), s.passage_id, s.sealed_text, p.metres, p.path
    -- Who was unseen for longer than a journey allows may have been anywhere; ways are known between cameras' last places.
    FROM seen s LEFT JOIN camera_path p ON p.from_camera = s.camera_before AND p.to_camera = s.camera_id AND s.last AND s.last_before
        AND s.seen_at - s.seen_before <= (SELECT journey_gap FROM settings)
    ORDER BY s.seen_at, s.name;
END $$;

COMMENT ON FUNCTION movement.trace(bytea[], bytea[], text, text, timestamptz, timestamptz) IS
    'Per-vehicle: where and when one vehicle was seen, by its exact tokens (one per token epoch) and by those of look-alike texts; either list may be empty. At most 10,000 rows, oldest first. way is the quickest along roads from the row before, null where that is longer ago than settings.journey_gap, or no way is known, as where a camera has moved since. Refused without purpose and case; the entry audit_id is committed first.';

CREATE OR REPLACE FUNCTION impossible_legs(period_start timestamptz, period_end timestamptz, fastest_kmh double precision)
RETURNS TABLE (vehicle bigint, from_camera integer, to_camera integer, departed timestamptz, arrived timestamptz,
               metres double precision, seconds double precision, kmh double precision)
LANGUAGE sql STABLE AS $$
    WITH quickest AS (
        -- A distance costs more than a leg, so it is measured once for each pair of cameras.
        SELECT l.from_camera, l.to_camera, extract(epoch FROM min(l.arrived - l.departed))::double precision AS seconds
        FROM leg l WHERE l.departed >= period_start AND l.departed < period_end
        GROUP BY l.from_camera, l.to_camera
    ), pair AS MATERIALIZED (
        -- One row for most pairs, more where a camera moved. OFFSET 0 looks each end up once a camera and, unlike
        -- MATERIALIZED, lets the planner see how few they are.
        SELECT q.from_camera, q.to_camera, q.seconds, ST_Distance(a.position::geography, b.position::geography) AS metres,
               a.valid_from AS left_from, a.valid_until AS left_until, b.valid_from AS reached_from, b.valid_until AS reached_until,
               a.valid_from <= period_start AND a.valid_until >= period_end AND b.valid_from <= period_start AND b.valid_until = 'infinity' AS stayed
        FROM quickest q JOIN (SELECT * FROM camera_stay OFFSET 0) a ON a.camera_id = q.from_camera
            JOIN (SELECT * FROM camera_stay OFFSET 0) b ON b.camera_id = q.to_camera
    ), timed AS (
        SELECT l.vehicle, l.from_camera, l.to_camera, l.departed, l.arrived, p.metres,
               extract(epoch FROM l.arrived - l.departed)::double precision AS seconds
        FROM pair p JOIN leg l ON l.from_camera = p.from_camera AND l.to_camera = p.to_camera
            AND (p.stayed OR (l.departed >= p.left_from AND l.departed < p.left_until
                              AND l.arrived >= p.reached_from AND l.arrived < p.reached_until))
        WHERE p.metres * 3.6 > fastest_kmh * greatest(p.seconds, 1) AND l.departed >= period_start AND l.departed < period_end
    )
    SELECT t.vehicle, t.from_camera, t.to_camera, t.departed, t.arrived, t.metres, t.seconds, t.metres * 3.6 / greatest(t.seconds, 1)
    FROM timed t WHERE t.metres * 3.6 > fastest_kmh * greatest(t.seconds, 1)
$$;

CREATE OR REPLACE FUNCTION movement.speeds(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz, every interval,
                                zone text DEFAULT 'UTC', road_metres double precision DEFAULT NULL, longest interval DEFAULT '2 hours')
RETURNS TABLE (bucket timestamptz, trips bigint, vehicles bigint, metres double precision, straight boolean, mean_kmh double precision,
               p15_kmh double precision, p85_kmh double precision, stopped bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k       integer := (SELECT min_vehicles FROM settings);
    from_id integer := movement.camera_id(from_camera);
    to_id   integer := movement.camera_id(to_camera);
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    PERFORM movement.check_pair(from_camera, to_camera, longest);
    IF road_metres <= 0 OR road_metres >= 'infinity' THEN
        RAISE EXCEPTION 'the way must be a positive number of metres' USING ERRCODE = 'GN400';
    END IF;
    RETURN QUERY
    WITH way AS MATERIALIZED (
        -- One row, unless one of both moved.
        SELECT coalesce(road_metres, p.metres, ST_Distance(a.position::geography, b.position::geography)) AS metres,
               coalesce(road_metres, p.metres) IS NULL AS straight,
               a.valid_from AS left_from, a.valid_until AS left_until, b.valid_from AS reached_from, b.valid_until AS reached_until
        -- Ways along roads are known between cameras' last places.
        FROM camera_stay a CROSS JOIN camera_stay b LEFT JOIN camera_path p
            ON p.from_camera = a.camera_id AND p.to_camera = b.camera_id AND a.valid_until = 'infinity' AND b.valid_until = 'infinity'
        WHERE a.camera_id = from_id AND b.camera_id = to_id
    ), trip AS (
        SELECT movement.bucket(t.departed, every, zone, period_start) AS start, t.vehicle, w.metres, w.straight,
               extract(epoch FROM t.arrived - t.departed)::double precision AS seconds
        FROM trips_between(from_id, to_id, period_start, period_end, longest) AS t
            JOIN way w ON t.departed >= w.left_from AND t.departed < w.left_until AND t.arrived >= w.reached_from AND t.arrived < w.reached_until
    ), bucketed AS (
        -- As in movement.travel_times: a join of trips with their bucket's quartile is made as a nested loop.
        SELECT start, array_agg(vehicle) AS vehicles, array_agg(metres) AS metres, array_agg(straight) AS straights, array_agg(seconds) AS seconds,
               3 * percentile_cont(0.25) WITHIN GROUP (ORDER BY seconds) AS most
        FROM trip GROUP BY start
    ), judged AS (
        SELECT b.start, u.vehicle, u.metres, u.straight, u.seconds, u.metres * 3.6 / nullif(u.seconds, 0) AS kmh, u.seconds <= b.most AS drove
        FROM bucketed b CROSS JOIN LATERAL unnest(b.vehicles, b.metres, b.straights, b.seconds) AS u (vehicle, metres, straight, seconds)
    ), counted AS (
        SELECT start, count(*) FILTER (WHERE drove) AS trips, count(DISTINCT vehicle) FILTER (WHERE drove) AS vehicles,
               min(metres) AS least, max(metres) AS most, bool_or(straight) AS straight, avg(metres) FILTER (WHERE drove) AS metres,
               3.6 * sum(metres) FILTER (WHERE drove) / nullif(sum(seconds) FILTER (WHERE drove), 0) AS mean,
               percentile_cont(0.15) WITHIN GROUP (ORDER BY kmh) FILTER (WHERE drove) AS p15,
               percentile_cont(0.85) WITHIN GROUP (ORDER BY kmh) FILTER (WHERE drove) AS p85,
               count(*) FILTER (WHERE NOT drove) AS stopped
        FROM judged GROUP BY start
    )
    SELECT n.start, CASE WHEN n.vehicles >= k THEN n.trips END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.least = n.most OR n.vehicles < k THEN n.most ELSE n.metres END, n.straight,
           CASE WHEN n.vehicles >= k THEN n.mean END, CASE WHEN n.vehicles >= k THEN n.p15 END, CASE WHEN n.vehicles >= k THEN n.p85 END,
           CASE WHEN n.vehicles >= k THEN n.stopped END, n.vehicles < k
    FROM counted n
    ORDER BY n.start;
END $$;

COMMENT ON FUNCTION movement.speeds(text, text, timestamptz, timestamptz, interval, text, double precision, interval) IS
    'Aggregate: km/h between two cameras by the bucket of departure: the space-mean speed (metres * trips / sum of seconds) and the 15th and 85th percentile of single trips, over the metres along the road that are given, else over those of the quickest way that the road network has, else over the straight line (straight = true: a lower bound). Trips of more than 3 times the bucket''s 25th percentile of seconds stopped on the way and are left out; stopped says how many. After the validity window of Dion and Rakha, Transportation Research B 40 (2006) 745-766, which like TransGuide compares each trip with those around it; a bucket''s own quartile needs no history and follows congestion, while fewer than three quarters of its trips stop. Trips as in movement.both, but of several departures before an arrival the last one counts.';

CREATE OR REPLACE FUNCTION movement.anomalies(period_start timestamptz, period_end timestamptz, fastest_kmh double precision DEFAULT 200,
                                   most integer DEFAULT 1000)
RETURNS TABLE (from_camera text, to_camera text, metres double precision, legs bigint, vehicles bigint, highest_kmh double precision,
               suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k integer := (SELECT min_vehicles FROM settings);
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    PERFORM movement.check_fastest(fastest_kmh);
    PERFORM movement.check_most(most);
    RETURN QUERY
    WITH counted AS (
        SELECT i.from_camera, i.to_camera, max(i.metres) AS metres, count(*) AS legs, count(DISTINCT i.vehicle) AS vehicles, max(i.kmh) AS highest
        FROM impossible_legs(period_start, period_end, fastest_kmh) AS i
        GROUP BY i.from_camera, i.to_camera
    )
    SELECT a.name, b.name, n.metres, CASE WHEN n.vehicles >= k THEN n.legs END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.highest END, n.vehicles < k
    FROM counted n JOIN camera a ON a.id = n.from_camera JOIN camera b ON b.id = n.to_camera
    -- The order must not tell what is withheld.
    ORDER BY CASE WHEN n.vehicles >= k THEN n.legs END DESC NULLS LAST, a.name, b.name
    LIMIT most;
END $$;

DROP FUNCTION movement.od_matrix(text, timestamptz, timestamptz, interval, text);
CREATE FUNCTION movement.od_matrix(zones text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC',
                                   corrected boolean DEFAULT false)
RETURNS TABLE (origin text, destination text, bucket timestamptz, journeys bigint, vehicles bigint, median_seconds double precision,
               estimated bigint, suppressed boolean)
-- A day's journeys are sorted twice; in the usual 4 MB they would be sorted on disk. Compiling takes longer than it saves.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    k         integer := (SELECT min_vehicles FROM settings);
    last      timestamptz := period_end + (SELECT longest_journey FROM settings);
    midnight  timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
    local     boolean := every >= interval '1 day';
    step      double precision;
    since     double precision;
    first_day date := (period_start AT TIME ZONE 'UTC')::date;
    last_day  date := ((period_end - interval '1 microsecond') AT TIME ZONE 'UTC')::date;
    names     text[];
    -- By camera: the number of its zone from 0, -1 outside of all, -2 for one that moved in the period; and what it captured.
    -- Looked up in arrays, since the planner knows nothing of zones that it is given, and would join the wrong way round.
    zone_of   bigint[];
    share_of  double precision[];
    n         bigint;
    city      double precision;
    moved_id    integer[];
    moved_from  timestamptz[];
    moved_until timestamptz[];
    moved_zone  bigint[];
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    step := date_part('epoch', every);
    since := CASE WHEN local THEN date_part('epoch', midnight AT TIME ZONE zone) ELSE date_part('epoch', midnight) END;
    WITH zoned AS MATERIALIZED (
        SELECT z.name, z.area, dense_rank() OVER (ORDER BY z.name) - 1 AS nth FROM movement.zones(zones) z
    ), place AS MATERIALIZED (
        -- A camera on the border of two zones belongs to the first by name.
        SELECT p.camera_id AS id, p.valid_from, p.valid_until, p.valid_from <= period_start AND p.valid_until > last AS stayed, (
            SELECT min(z.nth) FROM zoned z WHERE ST_Covers(z.area, p.position)) AS nth
        FROM (SELECT * FROM camera_stay OFFSET 0) p WHERE p.valid_from <= last AND p.valid_until > period_start
    ), moved AS (
        SELECT array_agg(id) AS id, array_agg(valid_from) AS since, array_agg(valid_until) AS until, array_agg(coalesce(nth, -1)) AS nth FROM place WHERE NOT stayed
    )
    SELECT (SELECT array_agg(DISTINCT name ORDER BY name) FROM zoned), (SELECT max(nth) + 1 FROM zoned), (
               SELECT array_agg(coalesce(CASE WHEN p.stayed THEN p.nth ELSE -2 END, -1) ORDER BY i)
               FROM generate_series(1, (SELECT max(id) FROM camera)) AS i LEFT JOIN (SELECT DISTINCT ON (id) * FROM place) p ON p.id = i),
           m.id, m.since, m.until, m.nth
    INTO names, n, zone_of, moved_id, moved_from, moved_until, moved_zone FROM moved m;
    IF corrected THEN
        SELECT avg(captured) INTO city FROM capture WHERE day BETWEEN first_day AND last_day;
        SELECT array_agg(coalesce(r.captured, city) ORDER BY i) INTO share_of
        FROM generate_series(1, cardinality(zone_of)) AS i
            LEFT JOIN (SELECT camera_id, avg(captured) AS captured FROM capture WHERE day BETWEEN first_day AND last_day GROUP BY camera_id) AS r ON r.camera_id = i;
    END IF;
    RETURN QUERY
    WITH driven AS (
        SELECT j.vehicle, j.from_camera, j.to_camera, j.legs, j.second_camera, j.before_last, date_part('epoch', j.ended - j.started) AS seconds,
               floor((CASE WHEN local THEN date_part('epoch', j.started AT TIME ZONE zone) ELSE date_part('epoch', j.started) END - since) / step)::bigint AS nr,
               CASE WHEN zone_of[j.from_camera] > -2 THEN zone_of[j.from_camera] ELSE (
                   SELECT m.zone FROM unnest(moved_id, moved_from, moved_until, moved_zone) AS m(id, since, until, zone)
                   WHERE m.id = j.from_camera AND j.started >= m.since AND j.started < m.until) END AS origin,
               CASE WHEN zone_of[j.to_camera] > -2 THEN zone_of[j.to_camera] ELSE (
                   SELECT m.zone FROM unnest(moved_id, moved_from, moved_until, moved_zone) AS m(id, since, until, zone)
                   WHERE m.id = j.to_camera AND j.ended >= m.since AND j.ended < m.until) END AS destination
        FROM journey j WHERE j.started >= period_start AND j.started < period_end AND j.passages > 1
    ), counted AS (
        -- Bucket, origin and destination in one number: half a million names or times take longer to sort than everything else.
        SELECT (d.nr * n + d.origin) * n + d.destination AS key, count(*) AS journeys, count(DISTINCT d.vehicle) AS vehicles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY d.seconds) AS median
        FROM driven d WHERE d.origin >= 0 AND d.destination >= 0 GROUP BY 1
    ), told AS (
        -- A journey seen from a on stands for 1 / p of those that began at a. Some of those that a missed were first seen
        -- at the next camera b and are counted there: as many as (1 - p) / p of those seen at both. With a third camera
        -- and more behind b the same holds for those that b missed as well, which comes to that share again. A camera that
        -- moved in the period is taken as outside of all zones where it is the second or the last but one.
        SELECT (d.nr * n + w.origin) * n + w.destination AS key, sum(w.weight) AS journeys
        FROM driven d CROSS JOIN LATERAL (SELECT share_of[d.from_camera] AS p, share_of[d.to_camera] AS q) AS s CROSS JOIN LATERAL (VALUES
            (d.origin, d.destination, 1 / (s.p * s.q)),
            (zone_of[d.second_camera], d.destination, -(1 - s.p) / s.p / s.q / CASE WHEN d.legs = 2 THEN share_of[d.second_camera] ELSE 1 END),
            (d.origin, zone_of[d.before_last], -(1 - s.q) / s.q / s.p / CASE WHEN d.legs = 2 THEN share_of[d.before_last] ELSE 1 END),
            (zone_of[d.second_camera], zone_of[d.before_last], CASE WHEN d.legs > 2 THEN (1 - s.p) / s.p * (1 - s.q) / s.q END)
        ) AS w (origin, destination, weight)
        WHERE city IS NOT NULL AND coalesce(d.legs, 1) > 0 AND w.origin >= 0 AND w.destination >= 0 AND w.weight IS NOT NULL
        GROUP BY 1
    )
    SELECT names[c.key / n % n + 1], names[c.key % n + 1],
           CASE WHEN local THEN ((midnight AT TIME ZONE zone) + every * (c.key / (n * n))) AT TIME ZONE zone ELSE midnight + every * (c.key / (n * n)) END,
           CASE WHEN c.vehicles >= k THEN c.journeys END, CASE WHEN c.vehicles >= k THEN c.vehicles END,
           CASE WHEN c.vehicles >= k THEN c.median END,
           -- Whole journeys: a fraction would let weights, and with them the routes of a few, be worked out.
           CASE WHEN c.vehicles >= k AND city IS NOT NULL THEN greatest(round(coalesce(t.journeys, 0)), 0)::bigint END, c.vehicles < k
    FROM counted c LEFT JOIN told t ON t.key = c.key
    ORDER BY c.key;
END $$;

-- Ways along roads are those between cameras' last places.
CREATE FUNCTION snap_cameras() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    changed integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('gantry.roads'));
    CREATE TEMPORARY TABLE IF NOT EXISTS due_camera (camera_id integer, position geometry, heading real, courses double precision[]) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS due_road (LIKE camera_road) ON COMMIT DELETE ROWS;
    TRUNCATE due_camera, due_road;
    INSERT INTO due_camera
    SELECT c.id, c.position, c.heading, coalesce(s.courses, '{}')
    FROM camera c LEFT JOIN camera_snap n ON n.camera_id = c.id, LATERAL (
        -- Which way traffic goes is told by what the camera saw; its heading alone may be towards it or away from it.
        SELECT array_agg(seen.course) AS courses FROM (
            SELECT coalesce(s.course, c.heading + CASE s.direction WHEN 'approaching' THEN 180 WHEN 'receding' THEN 0
                                                                   WHEN 'leftward' THEN -90 WHEN 'rightward' THEN 90 END) AS course
            FROM sighting s WHERE s.camera_id = c.id AND s.direction <> 'stationary'
                AND s.seen_at >= (SELECT max(p.valid_from) FROM camera_place p WHERE p.camera_id = c.id) LIMIT 100
        ) AS seen WHERE seen.course IS NOT NULL
    ) AS s
    WHERE n.camera_id IS NULL OR NOT n.position = c.position OR n.heading IS DISTINCT FROM c.heading
       OR n.looked < 100 AND cardinality(coalesce(s.courses, '{}')) <> n.looked;
    INSERT INTO due_road
    WITH near AS (
        SELECT d.camera_id, d.courses, e.id AS edge, e.seconds_forward, e.seconds_back, f.fraction, f.metres,
               degrees(ST_Azimuth(road_flat(ST_LineInterpolatePoint(e.path, greatest(f.fraction - 0.01, 0)), ST_Y(d.position)),
                                  road_flat(ST_LineInterpolatePoint(e.path, least(f.fraction + 0.01, 1)), ST_Y(d.position)))) AS course
        FROM due_camera d
        JOIN road_edge e ON e.path && ST_Expand(d.position, 0.0009 / cos(radians(ST_Y(d.position))), 0.0009),  -- 100 m
        LATERAL (SELECT ST_LineLocatePoint(road_flat(e.path, ST_Y(d.position)), road_flat(d.position, ST_Y(d.position))) AS fraction,
                        ST_Distance(e.path::geography, d.position::geography) AS metres) AS f
        WHERE f.metres <= 100
    ), driven AS (
        SELECT camera_id, courses, edge, false AS against, fraction, metres, course FROM near WHERE seconds_forward IS NOT NULL
        UNION ALL
        SELECT camera_id, courses, edge, true, fraction, metres, course + 180 FROM near WHERE seconds_back IS NOT NULL
    ), judged AS (
        -- One course in ten within 60 degrees: less is what turns, and what was measured wrongly.
        SELECT d.*, d.courses = '{}' OR (SELECT count(*) FROM unnest(d.courses) AS c WHERE cos(radians(c - d.course)) >= 0.5) >= 0.1 * cardinality(d.courses) AS fits
        FROM driven d
    ), best AS (
        -- A road without such traffic counts as 30 m farther: a camera at a corner watches one of two streets.
        SELECT DISTINCT ON (camera_id) * FROM judged ORDER BY camera_id, metres + CASE WHEN fits THEN 0 ELSE 30 END, edge, against
    )
    -- And the opposite direction, which may be a carriageway of its own, 15 m farther at most.
    SELECT DISTINCT ON (j.camera_id, o.opposite) j.camera_id, j.edge, j.against, j.fraction, j.metres
    FROM best b JOIN judged j ON j.camera_id = b.camera_id AND j.fits = b.fits AND j.metres <= b.metres + 15,
         LATERAL (SELECT cos(radians(j.course - b.course)) <= -0.5 AS opposite) AS o
    WHERE o.opposite OR (j.edge = b.edge AND j.against = b.against)
    ORDER BY j.camera_id, o.opposite, j.metres, j.edge;
    WITH differs AS (
        SELECT camera_id FROM (SELECT r.* FROM camera_road r JOIN due_camera USING (camera_id) EXCEPT SELECT * FROM due_road) AS gone
        UNION
        SELECT camera_id FROM (SELECT * FROM due_road EXCEPT SELECT * FROM camera_road) AS come
    ), reset AS (
        UPDATE camera_path p SET routed_at = NULL, metres = NULL, seconds = NULL, edges = NULL, path = NULL, no_path = NULL
        FROM differs d WHERE p.routed_at IS NOT NULL AND d.camera_id IN (p.from_camera, p.to_camera)
    )
    SELECT count(*) INTO changed FROM differs;
    DELETE FROM camera_road r USING due_camera d WHERE r.camera_id = d.camera_id;
    INSERT INTO camera_road SELECT * FROM due_road;
    INSERT INTO camera_snap (camera_id, position, heading, looked) SELECT camera_id, position, heading, cardinality(courses) FROM due_camera
    ON CONFLICT (camera_id) DO UPDATE SET position = excluded.position, heading = excluded.heading, looked = excluded.looked;
    RETURN changed;
END $$;

COMMENT ON FUNCTION snap_cameras() IS
    'Finds the edges that cameras watch, of those that are new, were moved or turned, or have seen too little so far (100 sightings with a course); how many changed. Their ways wait to be found again.';
REVOKE ALL ON FUNCTION snap_cameras() FROM PUBLIC;

CREATE FUNCTION movement.road_flows(period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (edge bigint, road bigint, bucket timestamptz, legs bigint, vehicles_at_least bigint, path geometry)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k        integer := (SELECT min_vehicles FROM settings);
    midnight timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    RETURN QUERY
    WITH driven AS (
        -- movement.bucket, written out: called for each of millions of legs it would take most of the time.
        SELECT l.from_camera, l.to_camera, l.vehicle,
               CASE WHEN every < interval '1 day' THEN date_bin(every, l.departed, midnight)
                    ELSE date_bin(every, l.departed AT TIME ZONE zone, midnight AT TIME ZONE zone) AT TIME ZONE zone END AS start
        FROM leg l WHERE l.departed >= period_start AND l.departed < period_end
    ), pair AS (
        -- What is summed can be had by subtracting one edge from the next, so only what may be shown by itself is summed.
        SELECT d.from_camera, d.to_camera, d.start, count(*) AS legs, count(DISTINCT d.vehicle) AS vehicles
        FROM driven d GROUP BY d.from_camera, d.to_camera, d.start HAVING count(DISTINCT d.vehicle) >= k
    ), counted AS (
        -- Without the first edge, on which whoever came from another camera was counted on arrival.
        SELECT u.edge, p.start, sum(p.legs)::bigint AS legs, max(p.vehicles) AS vehicles
        FROM pair p JOIN camera_path w ON w.from_camera = p.from_camera AND w.to_camera = p.to_camera, unnest(w.edges[2:]) AS u(edge)
        WHERE NOT EXISTS (SELECT FROM camera_place m WHERE m.camera_id IN (p.from_camera, p.to_camera) AND m.valid_from > period_start)
        GROUP BY u.edge, p.start
    )
    SELECT n.edge, e.origin, n.start, n.legs, n.vehicles, CASE WHEN n.edge < 0 THEN ST_Reverse(e.path) ELSE e.path END
    FROM counted n JOIN road_edge e ON e.id = abs(n.edge)
    ORDER BY n.start, n.legs DESC, n.edge;
END $$;
COMMENT ON FUNCTION movement.road_flows(timestamptz, timestamptz, interval, text) IS
    'Aggregate: legs per edge of the road network and bucket of departure, each on the quickest way between its cameras. Only pairs of cameras with k vehicles in the bucket are counted, so figures are too low where flows are thin: ask for wide buckets. vehicles_at_least is the largest such pair''s. edge is negative where driven from target to source; road is its number in the imported file; path (WGS 84) is in the direction of travel. A leg''s first edge, where its first camera stands, is left out. Pairs with a camera that was moved since the period began are left out: ways are known between cameras'' last places. Edges without such a leg have no row.';

CREATE FUNCTION movement.leg_paths(period_start timestamptz, period_end timestamptz, least_vehicles integer DEFAULT 50)
RETURNS TABLE (from_camera text, to_camera text, legs bigint, vehicles bigint, metres double precision, free_seconds double precision, path geometry)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    enough integer := greatest(least_vehicles, (SELECT min_vehicles FROM settings));
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    WITH counted AS (
        SELECT l.from_camera, l.to_camera, count(*) AS legs, count(DISTINCT l.vehicle) AS vehicles
        FROM leg l WHERE l.departed >= period_start AND l.departed < period_end
        GROUP BY l.from_camera, l.to_camera
    )
    SELECT a.name, b.name, n.legs, n.vehicles, p.metres, p.seconds, p.path
    FROM counted n JOIN camera a ON a.id = n.from_camera JOIN camera b ON b.id = n.to_camera
        LEFT JOIN camera_path p ON p.from_camera = n.from_camera AND p.to_camera = n.to_camera
            AND NOT EXISTS (SELECT FROM camera_place m WHERE m.camera_id IN (n.from_camera, n.to_camera) AND m.valid_from > period_start)
    WHERE n.vehicles >= enough
    ORDER BY a.name, b.name;
END $$;
COMMENT ON FUNCTION movement.leg_paths(timestamptz, timestamptz, integer) IS
    'Aggregate: the legs of each pair of cameras that depart in a period, and the quickest way along roads: metres, seconds at the allowed speeds, path (WGS 84); null where no way is known, as for a camera that was moved since the period began. Pairs with fewer than the least number of vehicles, or than k, have no row.';

CREATE TABLE zone (
    name text CONSTRAINT zone_pkey PRIMARY KEY CONSTRAINT zone_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    area geometry(Geometry, 4326) NOT NULL CONSTRAINT zone_area CHECK (ST_Dimension(area) = 2 AND ST_IsValid(area))
);
COMMENT ON TABLE zone IS 'The zones that movement.od_matrix takes when it is given none.';
COMMENT ON COLUMN zone.area IS 'Polygons; WGS 84, longitude then latitude, degrees.';

CREATE OR REPLACE FUNCTION movement.zones(geojson text DEFAULT NULL) RETURNS TABLE (name text, area geometry)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    features jsonb;
BEGIN
    IF geojson IS NULL THEN
        RETURN QUERY SELECT z.name, z.area FROM zone z ORDER BY z.name;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no zones are stored' USING ERRCODE = 'GN400', HINT = 'Store some with gantry zones import FILE, or give a GeoJSON feature collection of polygons.';
        END IF;
        RETURN;
    END IF;
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
COMMENT ON FUNCTION movement.zones(text) IS
    'Aggregate: the polygons of a GeoJSON feature collection with their property name (else the feature''s id, else their number); of null the zones that are stored.';
COMMENT ON FUNCTION movement.od_matrix(text, timestamptz, timestamptz, interval, text, boolean) IS
    'Aggregate: journeys from zone to zone (a GeoJSON feature collection, or null for the stored zones; the zones in which a journey''s first and last camera stood then) by the bucket of their start: how many, of how many vehicles, and the median of their seconds from first sight to first sight. Journeys of one passage are left out, and cells without a journey have no row. Corrected: estimated is how many there truly were, since a journey that its first or last camera missed begins or ends elsewhere, or is not seen at all; each counts by the inverse of what its outer cameras captured (Horvitz and Thompson, JASA 47, 1952), taken back where the next camera counts the missed ones. Null where movement.capture_rates has nothing for the period.';

CREATE FUNCTION movement.clock_offsets(period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, offset_seconds double precision, standard_error_seconds double precision, neighbours bigint, legs bigint, part bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- A tenth needs some legs, whatever k is.
    enough  integer := greatest(10, (SELECT min_vehicles FROM settings));
    cameras integer[];  -- by place in the arrays below
    one     integer[];  -- by pair: the places of its two cameras,
    two     integer[];
    ahead   double precision[];  -- by how much the second's clock is ahead of the first's, and its weight
    weight  double precision[];
    counted bigint[];
    n       integer;
    diagonal double precision[];
    x       double precision[];  -- by camera: the offset,
    r       double precision[];  -- what is left of the right side,
    p       double precision[];  -- and the direction to go.
    q       double precision[];
    label   integer[];
    first   double precision;
    rest    double precision;
    last    double precision;
    curve   double precision;
    t       double precision;
    moved   boolean;
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    WITH way AS (
        SELECT l.from_camera AS a, l.to_camera AS b, count(*) AS legs, count(DISTINCT l.vehicle) AS vehicles,
               percentile_cont(ARRAY[0.0, 0.1, 0.2]) WITHIN GROUP (ORDER BY extract(epoch FROM l.arrived - l.departed)::double precision) AS s
        FROM leg l WHERE l.departed >= period_start AND l.departed < period_end
        GROUP BY 1, 2
    ), pair AS (
        -- The quickest tenth: as NTP does by taking the sample of least delay, it leaves stops and queues out, whose time is
        -- not the same both ways. A quantile's variance is p (1 - p) / (n density squared), here with the density between
        -- the shortest leg and the 20th percentile; a hundredth of a square second stands for the time between frames.
        SELECT f.a, f.b, (f.s[2] - g.s[2]) / 2 AS ahead, f.legs + g.legs AS legs,
               4 / (0.1 * 0.9 / 0.2 ^ 2 * ((f.s[3] - f.s[1]) ^ 2 / f.legs + (g.s[3] - g.s[1]) ^ 2 / g.legs) + 0.01) AS weight
        FROM way f JOIN way g ON g.a = f.b AND g.b = f.a
        WHERE f.a < f.b AND f.vehicles >= enough AND g.vehicles >= enough
    ), linked AS (
        SELECT id, row_number() OVER (ORDER BY id)::integer AS nth FROM (SELECT a AS id FROM pair UNION SELECT b FROM pair) AS u
    )
    SELECT (SELECT array_agg(id ORDER BY nth) FROM linked), array_agg(i.nth), array_agg(j.nth), array_agg(p.ahead), array_agg(p.weight), array_agg(p.legs)
    INTO cameras, one, two, ahead, weight, counted
    FROM pair p JOIN linked i ON i.id = p.a JOIN linked j ON j.id = p.b;
    n := coalesce(cardinality(cameras), 0);
    -- Least squares over all pairs by conjugate gradients with the diagonal as preconditioner: exact after n steps but for
    -- rounding, and near enough after far fewer.
    diagonal := array_fill(0.0::double precision, ARRAY[n]);
    x := diagonal; r := diagonal; p := diagonal; q := diagonal;
    label := ARRAY(SELECT generate_series(1, n));
    FOR e IN 1 .. coalesce(cardinality(one), 0) LOOP
        diagonal[one[e]] := diagonal[one[e]] + weight[e];
        diagonal[two[e]] := diagonal[two[e]] + weight[e];
        r[one[e]] := r[one[e]] - weight[e] * ahead[e];
        r[two[e]] := r[two[e]] + weight[e] * ahead[e];
    END LOOP;
    rest := 0;
    FOR i IN 1 .. n LOOP
        p[i] := r[i] / diagonal[i];
        rest := rest + r[i] * p[i];
    END LOOP;
    first := rest;
    FOR step IN 1 .. 2 * n LOOP
        EXIT WHEN rest <= first * 1e-20;
        FOR i IN 1 .. n LOOP q[i] := diagonal[i] * p[i]; END LOOP;
        FOR e IN 1 .. cardinality(one) LOOP
            q[one[e]] := q[one[e]] - weight[e] * p[two[e]];
            q[two[e]] := q[two[e]] - weight[e] * p[one[e]];
        END LOOP;
        curve := 0;
        FOR i IN 1 .. n LOOP curve := curve + p[i] * q[i]; END LOOP;
        EXIT WHEN curve <= 0;
        t := rest / curve;
        last := rest;
        rest := 0;
        FOR i IN 1 .. n LOOP
            x[i] := x[i] + t * p[i];
            r[i] := r[i] - t * q[i];
            rest := rest + r[i] * r[i] / diagonal[i];
        END LOOP;
        FOR i IN 1 .. n LOOP p[i] := r[i] / diagonal[i] + rest / last * p[i]; END LOOP;
    END LOOP;
    -- Parts of the city that no two-way pair joins know nothing of each other's clocks.
    LOOP
        moved := false;
        FOR e IN 1 .. coalesce(cardinality(one), 0) LOOP
            IF label[one[e]] <> label[two[e]] THEN
                moved := true;
                label[one[e]] := least(label[one[e]], label[two[e]]);
                label[two[e]] := label[one[e]];
            END IF;
        END LOOP;
        EXIT WHEN NOT moved;
    END LOOP;
    RETURN QUERY
    WITH solved AS (
        SELECT u.id, u.x, u.diagonal, u.label FROM unnest(cameras, x, diagonal, label) AS u(id, x, diagonal, label)
    ), middle AS (
        SELECT label, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS x, row_number() OVER (ORDER BY count(*) DESC, label) AS part
        FROM solved GROUP BY label
    ), ends AS (
        SELECT id, count(*) AS neighbours, sum(legs)::bigint AS legs FROM (
            SELECT cameras[u.a] AS id, u.legs FROM unnest(one, counted) AS u(a, legs)
            UNION ALL SELECT cameras[u.b], u.legs FROM unnest(two, counted) AS u(b, legs)) AS v
        GROUP BY id
    )
    SELECT c.name, s.x - m.x, 1 / sqrt(s.diagonal), coalesce(e.neighbours, 0), coalesce(e.legs, 0), m.part
    FROM camera c LEFT JOIN solved s ON s.id = c.id LEFT JOIN middle m ON m.label = s.label LEFT JOIN ends e ON e.id = c.id
    ORDER BY c.name;
END $$;
COMMENT ON FUNCTION movement.clock_offsets(timestamptz, timestamptz) IS
    'Aggregate: an estimate, which no question applies, of the seconds that each camera''s clock shows beyond the median of the cameras that it is linked with (part, 1 the largest). The seconds of legs there and back between two cameras differ by twice the difference of their clocks if the way takes as long in both directions, the assumption of NTP (RFC 5905: theta = ((T2 - T1) + (T3 - T4)) / 2). Half the difference of the 10th percentiles of both is weighed by its variance and solved over all pairs by least squares. Where ways there and back differ, as in peak hours, on one-way streets, or with a visit between, half of that difference is in the result. standard_error_seconds is the least it can be: from the spread of the legs, as if the neighbours'' clocks were known. Null for cameras without a pair that k vehicles, and at least 10, passed each way.';

CREATE TABLE closed_day (
    day       date CONSTRAINT closed_day_pkey PRIMARY KEY,
    closed_at timestamptz NOT NULL DEFAULT now(),
    actor     text NOT NULL DEFAULT session_user,
    reason    text NOT NULL CONSTRAINT closed_day_reason CHECK (trim(reason) <> '')
);
COMMENT ON TABLE closed_day IS 'UTC days that were dropped and take no passages any more; deleting a row opens its day again.';
COMMENT ON COLUMN closed_day.actor IS 'The role that logged in (session_user): SET ROLE does not change it.';

-- As in 0006, but for coverage and for days that are closed.
CREATE OR REPLACE FUNCTION ensure_days(days date[]) RETURNS TABLE (refused date, reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted  date;
    parent  text;
    child   text;
    parents text[] := ARRAY['sighting', 'crop', 'journey', 'leg', 'coverage'];
    most    integer := (SELECT days_max FROM settings);
BEGIN
    FOR wanted IN SELECT DISTINCT d FROM unnest(days) AS d WHERE d IS NOT NULL ORDER BY d LOOP
        CONTINUE WHEN (SELECT bool_and(to_regclass(format('public.%s_%s', p, to_char(wanted, 'YYYYMMDD'))) IS NOT NULL) FROM unnest(parents) AS p);
        PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
        CONTINUE WHEN (SELECT bool_and(to_regclass(format('public.%s_%s', p, to_char(wanted, 'YYYYMMDD'))) IS NOT NULL) FROM unnest(parents) AS p);
        SELECT c.day, format('the day was closed on %s (%s)', to_char(c.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), c.reason)
            INTO refused, reason FROM closed_day c WHERE c.day = wanted;
        IF FOUND THEN
            RETURN NEXT;
            CONTINUE;
        END IF;
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

-- DROP TABLE needs the whole table for a moment, and whoever asks next waits behind it: so it gives up soon.
CREATE FUNCTION drop_day(day date, reason text DEFAULT 'retention') RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    midnight      timestamptz := day::timestamp AT TIME ZONE 'UTC';
    next_midnight timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
    longest       interval;
    parent        text;
    dropped       bigint := 0;
BEGIN
    IF day IS NULL OR next_midnight > now() THEN
        RAISE EXCEPTION 'only a UTC day that is over can be dropped, not %', coalesce(day::text, 'null') USING ERRCODE = 'GN400';
    END IF;
    BEGIN
        -- No legs are being made, no batch is under way and no partition is being made until this transaction ends.
        PERFORM pg_advisory_xact_lock(hashtext('gantry.legs'));
        PERFORM pg_advisory_xact_lock(hashtext('gantry.revision'));
        PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
        INSERT INTO closed_day (day, reason) VALUES (drop_day.day, drop_day.reason) ON CONFLICT DO NOTHING;
        longest := (SELECT longest_journey FROM settings);
        -- Journeys over midnight lose what they had on this day. What is left of them is made anew from what is left to see.
        INSERT INTO leg_queue (token, seen_at)
        SELECT s.token, s.seen_at
        FROM journey j JOIN sighting s ON vehicle_key(s.token) = j.vehicle AND s.seen_at >= j.started AND s.seen_at <= j.ended
        WHERE j.started >= midnight - longest AND j.started < next_midnight AND j.ended >= midnight
          AND (j.started < midnight OR j.ended >= next_midnight)
          AND s.seen_at >= midnight - longest AND s.seen_at < next_midnight + longest
          AND (s.seen_at < midnight OR s.seen_at >= next_midnight);
        IF to_regclass('public.sighting_' || to_char(day, 'YYYYMMDD')) IS NOT NULL THEN
            EXECUTE format('SELECT count(*) FROM public.%I', 'sighting_' || to_char(day, 'YYYYMMDD')) INTO dropped;
        END IF;
        DELETE FROM capture c WHERE c.day = drop_day.day;
        DELETE FROM capture_day c WHERE c.day = drop_day.day;
        FOREACH parent IN ARRAY ARRAY['sighting', 'crop', 'journey', 'leg', 'coverage'] LOOP
            EXECUTE format('DROP TABLE IF EXISTS public.%I', format('%s_%s', parent, to_char(day, 'YYYYMMDD')));
        END LOOP;
    EXCEPTION WHEN lock_not_available THEN
        RAISE EXCEPTION 'the day was not dropped: a question or a sink held the tables for ten seconds' USING ERRCODE = '55P03',
            HINT = 'Try again; pg_stat_activity says who is at work.';
    END;
    RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION drop_day(date, text) FROM PUBLIC;
COMMENT ON FUNCTION drop_day(date, text) IS
    'Takes a UTC day away for good, with its sightings, crops, coverage, journeys and legs, and closes it: how many sightings it had, 0 when it was dropped before. Its passages are refused from now on. Journeys over its midnights are cut there, when legs are next brought up to date. Fails after ten seconds (55P03) while a question holds the tables.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA movement FROM PUBLIC;

INSERT INTO schema_version (version) VALUES (12);
COMMIT;
