-- 0008_questions: speeds, courses, dwell, journeys, routes, all travel times, and plates that are in two places.
-- Why: the figures that a traffic plan rests on, and a look at what can't be true. Rights and suppression as in 0003, with
-- this beside: a part of a count that is shown (measured, single, stopped, parked) is shown too, while a figure such as a
-- median is null, with suppressed = true, unless it rests on k vehicles of its own.
BEGIN;

-- No SET and no SECURITY DEFINER on these two: the planner puts them into the query that calls them, and prunes days there.
CREATE FUNCTION trips_between(from_id integer, to_id integer, period_start timestamptz, period_end timestamptz, longest interval)
RETURNS TABLE (vehicle bigint, journey_at timestamptz, first_nth integer, last_nth integer, departed timestamptz, arrived timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH departure AS (
        -- Beyond the period's end too, so that a later departure isn't given to an earlier trip.
        SELECT l.vehicle, l.journey_at, l.nth, l.departed, lead(l.nth) OVER (PARTITION BY l.vehicle, l.journey_at ORDER BY l.nth) AS again
        FROM leg l WHERE l.from_camera = from_id AND l.departed >= period_start AND l.departed < period_end + longest
    )
    SELECT d.vehicle, d.journey_at, d.nth, min(a.nth), d.departed, min(a.arrived)
    FROM departure d JOIN leg a ON a.vehicle = d.vehicle AND a.journey_at = d.journey_at AND a.nth >= d.nth AND a.nth < coalesce(d.again, 2147483647)
    WHERE d.departed < period_end AND a.to_camera = to_id AND a.departed >= period_start AND a.departed < period_end + longest
      AND a.arrived <= d.departed + longest
    GROUP BY d.vehicle, d.journey_at, d.nth, d.departed
$$;
COMMENT ON FUNCTION trips_between(integer, integer, timestamptz, timestamptz, interval) IS
    'Trips from one camera to another within one journey, other cameras in between or not, that depart in a period: their first and last leg and both first sights. Of several departures before an arrival the last one counts.';

CREATE FUNCTION impossible_legs(period_start timestamptz, period_end timestamptz, fastest_kmh double precision)
RETURNS TABLE (vehicle bigint, from_camera integer, to_camera integer, departed timestamptz, arrived timestamptz,
               metres double precision, seconds double precision, kmh double precision)
LANGUAGE sql STABLE AS $$
    WITH quickest AS (
        -- A distance costs more than a leg, so it is measured once for each pair of cameras.
        SELECT l.from_camera, l.to_camera, extract(epoch FROM min(l.arrived - l.departed))::double precision AS seconds
        FROM leg l WHERE l.departed >= period_start AND l.departed < period_end
        GROUP BY l.from_camera, l.to_camera
    ), pair AS MATERIALIZED (
        SELECT q.from_camera, q.to_camera, q.seconds, ST_Distance(a.position::geography, b.position::geography) AS metres
        FROM quickest q JOIN camera a ON a.id = q.from_camera JOIN camera b ON b.id = q.to_camera
    ), timed AS (
        SELECT l.vehicle, l.from_camera, l.to_camera, l.departed, l.arrived, p.metres,
               extract(epoch FROM l.arrived - l.departed)::double precision AS seconds
        FROM pair p JOIN leg l ON l.from_camera = p.from_camera AND l.to_camera = p.to_camera
        WHERE p.metres * 3.6 > fastest_kmh * greatest(p.seconds, 1) AND l.departed >= period_start AND l.departed < period_end
    )
    SELECT t.vehicle, t.from_camera, t.to_camera, t.departed, t.arrived, t.metres, t.seconds, t.metres * 3.6 / greatest(t.seconds, 1)
    FROM timed t WHERE t.metres * 3.6 > fastest_kmh * greatest(t.seconds, 1)
$$;
COMMENT ON FUNCTION impossible_legs(timestamptz, timestamptz, double precision) IS
    'Legs that depart in a period and are faster, over the straight line between the cameras, than a vehicle can be. Less than a second counts as one: cameras'' clocks agree no better.';
REVOKE ALL ON FUNCTION trips_between(integer, integer, timestamptz, timestamptz, interval),
    impossible_legs(timestamptz, timestamptz, double precision) FROM PUBLIC;

CREATE FUNCTION movement.check_pair(from_camera text, to_camera text, longest interval) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF from_camera = to_camera THEN
        RAISE EXCEPTION 'two cameras are needed, not % twice', quote_literal(from_camera) USING ERRCODE = 'GN400';
    ELSIF longest IS NULL OR longest <= interval '0' THEN
        RAISE EXCEPTION 'the longest trip must be positive' USING ERRCODE = 'GN400';
    END IF;
END $$;
COMMENT ON FUNCTION movement.check_pair(text, text, interval) IS 'Aggregate: GN400 unless these are two cameras, and the longest trip between them makes sense.';

CREATE FUNCTION movement.check_most(most integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF most IS NULL OR most < 1 OR most > 10000 THEN
        RAISE EXCEPTION 'between 1 and 10,000 rows may be asked for, not %', coalesce(most::text, 'null') USING ERRCODE = 'GN400';
    END IF;
END $$;
COMMENT ON FUNCTION movement.check_most(integer) IS 'Aggregate: GN400 unless so many rows may be asked for.';

CREATE FUNCTION movement.check_fastest(fastest_kmh double precision) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF fastest_kmh IS NULL OR fastest_kmh <= 0 OR fastest_kmh >= 'infinity' THEN  -- NaN is above infinity
        RAISE EXCEPTION 'the fastest possible speed must be a positive number of km/h' USING ERRCODE = 'GN400';
    END IF;
END $$;
COMMENT ON FUNCTION movement.check_fastest(double precision) IS 'Aggregate: GN400 unless it is a speed above which a leg can be impossible.';

CREATE FUNCTION movement.speeds(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz, every interval,
                                zone text DEFAULT 'UTC', road_metres double precision DEFAULT NULL, longest interval DEFAULT '2 hours')
RETURNS TABLE (bucket timestamptz, trips bigint, vehicles bigint, metres double precision, straight boolean, mean_kmh double precision,
               p15_kmh double precision, p85_kmh double precision, stopped bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k       integer := (SELECT min_vehicles FROM settings);
    from_id integer := movement.camera_id(from_camera);
    to_id   integer := movement.camera_id(to_camera);
    way     double precision := coalesce(road_metres, (
        SELECT ST_Distance(a.position::geography, b.position::geography) FROM camera a, camera b WHERE a.id = from_id AND b.id = to_id));
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    PERFORM movement.check_pair(from_camera, to_camera, longest);
    IF road_metres <= 0 OR road_metres >= 'infinity' THEN
        RAISE EXCEPTION 'the way must be a positive number of metres' USING ERRCODE = 'GN400';
    END IF;
    RETURN QUERY
    WITH trip AS (
        SELECT movement.bucket(t.departed, every, zone, period_start) AS start, t.vehicle,
               extract(epoch FROM t.arrived - t.departed)::double precision AS seconds
        FROM trips_between(from_id, to_id, period_start, period_end, longest) AS t
    ), usual AS (
        SELECT start, percentile_cont(0.25) WITHIN GROUP (ORDER BY seconds) AS quartile FROM trip GROUP BY start
    ), judged AS (
        SELECT t.start, t.vehicle, t.seconds, way * 3.6 / nullif(t.seconds, 0) AS kmh, t.seconds <= 3 * u.quartile AS drove
        FROM trip t JOIN usual u ON u.start = t.start
    ), counted AS (
        SELECT start, count(*) FILTER (WHERE drove) AS trips, count(DISTINCT vehicle) FILTER (WHERE drove) AS vehicles,
               way * 3.6 * count(*) FILTER (WHERE drove) / nullif(sum(seconds) FILTER (WHERE drove), 0) AS mean,
               percentile_cont(0.15) WITHIN GROUP (ORDER BY kmh) FILTER (WHERE drove) AS p15,
               percentile_cont(0.85) WITHIN GROUP (ORDER BY kmh) FILTER (WHERE drove) AS p85,
               count(*) FILTER (WHERE NOT drove) AS stopped
        FROM judged GROUP BY start
    )
    SELECT n.start, CASE WHEN n.vehicles >= k THEN n.trips END, CASE WHEN n.vehicles >= k THEN n.vehicles END, way, road_metres IS NULL,
           CASE WHEN n.vehicles >= k THEN n.mean END, CASE WHEN n.vehicles >= k THEN n.p15 END, CASE WHEN n.vehicles >= k THEN n.p85 END,
           CASE WHEN n.vehicles >= k THEN n.stopped END, n.vehicles < k
    FROM counted n
    ORDER BY n.start;
END $$;
COMMENT ON FUNCTION movement.speeds(text, text, timestamptz, timestamptz, interval, text, double precision, interval) IS
    'Aggregate: km/h between two cameras by the bucket of departure: the space-mean speed (metres * trips / sum of seconds) and the 15th and 85th percentile of single trips, over the metres along the road or, without them, the straight line (straight = true: a lower bound). Trips of more than 3 times the bucket''s 25th percentile of seconds stopped on the way and are left out; stopped says how many. After the validity window of Dion and Rakha, Transportation Research B 40 (2006) 745-766, which like TransGuide compares each trip with those around it; a bucket''s own quartile needs no history and follows congestion, while fewer than three quarters of its trips stop. Trips as in movement.both, but of several departures before an arrival the last one counts.';

CREATE FUNCTION movement.spot_speeds(at_camera text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (camera text, bucket timestamptz, passages bigint, vehicles bigint, measured bigint, unmeasured bigint, mean_kmh double precision,
               median_kmh double precision, p85_kmh double precision, stopped_share double precision, mean_stopped_seconds double precision,
               suppressed boolean)
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
               CASE WHEN s.accepted THEN s.token ELSE s.passage_id END AS who, 3.6 * nullif(s.speed, 0) AS kmh, s.stopped
        FROM sighting s
        WHERE s.seen_at >= period_start AND s.seen_at < period_end AND (wanted_id IS NULL OR s.camera_id = wanted_id)
    ), counted AS (
        SELECT camera_id, start, count(*) AS passages, count(DISTINCT who) AS vehicles, count(kmh) AS measured,
               count(DISTINCT who) FILTER (WHERE kmh IS NOT NULL) AS measured_vehicles,
               count(kmh) / sum(1 / kmh) AS mean,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY kmh) AS median, percentile_cont(0.85) WITHIN GROUP (ORDER BY kmh) AS p85,
               count(DISTINCT who) FILTER (WHERE stopped IS NOT NULL) AS timed_vehicles,
               avg((stopped > 0)::integer)::double precision AS share, avg(stopped) AS stopped_seconds
        FROM passage GROUP BY 1, 2
    )
    SELECT c.name, n.start, CASE WHEN n.vehicles >= k THEN n.passages END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.measured END, CASE WHEN n.vehicles >= k THEN n.passages - n.measured END,
           CASE WHEN n.measured_vehicles >= k THEN n.mean END, CASE WHEN n.measured_vehicles >= k THEN n.median END,
           CASE WHEN n.measured_vehicles >= k THEN n.p85 END,
           CASE WHEN n.timed_vehicles >= k THEN n.share END, CASE WHEN n.timed_vehicles >= k THEN n.stopped_seconds END,
           n.vehicles < k OR n.measured_vehicles BETWEEN 1 AND k - 1 OR n.timed_vehicles BETWEEN 1 AND k - 1
    FROM counted n JOIN camera c ON c.id = n.camera_id
    ORDER BY c.name, n.start;
END $$;
COMMENT ON FUNCTION movement.spot_speeds(text, timestamptz, timestamptz, interval, text) IS
    'Aggregate: km/h at a camera (null: all) by bucket, where it is calibrated: the space-mean speed (harmonic mean), median and 85th percentile of the passages that were measured, how many those are and how many not; the share 0 to 1 of the passages that stood still, and their seconds of standing, as a mean over all passages, those that never stood included.';

CREATE FUNCTION movement.courses(at_camera text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, sector text, passages bigint, vehicles bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k         integer := (SELECT min_vehicles FROM settings);
    wanted_id integer := CASE WHEN at_camera IS NOT NULL THEN movement.camera_id(at_camera) END;
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    WITH seen AS MATERIALIZED (
        -- 0 is north, 1 north-east and so on; 8 unknown.
        SELECT s.camera_id, coalesce(floor((s.course + 22.5) / 45)::integer % 8, 8) AS eighth,
               CASE WHEN s.accepted THEN s.token ELSE s.passage_id END AS who, count(*) AS passages
        FROM sighting s
        WHERE s.seen_at >= period_start AND s.seen_at < period_end AND (wanted_id IS NULL OR s.camera_id = wanted_id)
        GROUP BY 1, 2, 3
    ), counted AS (
        SELECT camera_id, eighth, sum(passages)::bigint AS passages, count(*) AS vehicles FROM seen GROUP BY 1, 2
    ), ranked AS (
        SELECT n.*, min(n.vehicles) OVER (PARTITION BY n.camera_id) AS fewest,
               row_number() OVER (PARTITION BY n.camera_id ORDER BY n.vehicles, n.eighth) AS rank
        FROM counted n
    ), fresh AS (
        -- How many vehicles a sector adds to those of the smaller ones; who drove there and back counts once.
        SELECT camera_id, rank, count(*) AS vehicles
        FROM (SELECT s.camera_id, s.who, min(r.rank) AS rank
              FROM seen s JOIN ranked r ON r.camera_id = s.camera_id AND r.eighth = s.eighth
              WHERE r.fewest < k GROUP BY 1, 2) AS first
        GROUP BY 1, 2
    ), hidden AS (
        -- movement.flows has the camera's total, which would give away a single hidden sector, so the next smallest are
        -- hidden with it until those hidden hold k vehicles together.
        SELECT r.*, r.vehicles < k OR (r.fewest < k AND coalesce(sum(f.vehicles) OVER (
                   PARTITION BY r.camera_id ORDER BY r.rank ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) < k) AS hide
        FROM ranked r LEFT JOIN fresh f ON f.camera_id = r.camera_id AND f.rank = r.rank
    )
    SELECT c.name, (ARRAY['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW', 'unknown'])[h.eighth + 1],
           CASE WHEN NOT h.hide THEN h.passages END, CASE WHEN NOT h.hide THEN h.vehicles END, h.hide
    FROM hidden h JOIN camera c ON c.id = h.camera_id
    ORDER BY c.name, h.eighth;
END $$;
COMMENT ON FUNCTION movement.courses(text, timestamptz, timestamptz) IS
    'Aggregate: passages and distinct vehicles of a camera (null: all) by the eighth of the compass they drove towards: N is 337.5 to 22.5 degrees, NE from there to 67.5 and so on; unknown where they stood or the camera''s heading is not known. Sectors without a passage have no row.';

CREATE FUNCTION movement.dwell(period_start timestamptz, period_end timestamptz, most integer DEFAULT 100)
RETURNS TABLE (camera text, passages bigint, vehicles bigint, median_seconds double precision, p95_seconds double precision,
               mean_stopped_seconds double precision, parked bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k integer := (SELECT min_vehicles FROM settings);
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    PERFORM movement.check_most(most);
    RETURN QUERY
    WITH passage AS MATERIALIZED (
        -- By itself, or the planner fetches row by row in the order of cameras, which takes three times as long.
        SELECT s.camera_id, CASE WHEN s.accepted THEN s.token ELSE s.passage_id END AS who,
               extract(epoch FROM s.last_seen - s.seen_at)::double precision AS seconds, s.stopped, s.parked
        FROM sighting s WHERE s.seen_at >= period_start AND s.seen_at < period_end
    ), counted AS (
        SELECT camera_id, count(*) AS passages, count(DISTINCT who) AS vehicles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95,
               count(DISTINCT who) FILTER (WHERE stopped IS NOT NULL) AS timed_vehicles, avg(stopped) AS stopped_seconds,
               count(parked) AS parked
        FROM passage GROUP BY camera_id
    )
    SELECT c.name, n.passages, n.vehicles, n.median, n.p95, CASE WHEN n.timed_vehicles >= k THEN n.stopped_seconds END, n.parked,
           n.timed_vehicles BETWEEN 1 AND k - 1
    FROM counted n JOIN camera c ON c.id = n.camera_id
    WHERE n.vehicles >= k
    ORDER BY n.median DESC, c.name
    LIMIT most;
END $$;
COMMENT ON FUNCTION movement.dwell(timestamptz, timestamptz, integer) IS
    'Aggregate: seconds in view, first to last sight, at the cameras where their median is longest: median, 95th percentile, the mean of the seconds for which a passage stood still (0 for most), and how many passages ended as parked. Cameras with fewer than k vehicles have no row.';

CREATE FUNCTION movement.journeys(period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (bucket timestamptz, journeys bigint, vehicles bigint, single bigint, median_seconds double precision,
               median_passages double precision, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k        integer := (SELECT min_vehicles FROM settings);
    midnight timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    RETURN QUERY
    WITH begun AS (
        -- movement.bucket, written out: called a million times it would take most of the time.
        SELECT CASE WHEN every < interval '1 day' THEN date_bin(every, j.started, midnight)
                    ELSE date_bin(every, j.started AT TIME ZONE zone, midnight AT TIME ZONE zone) AT TIME ZONE zone END AS start,
               j.vehicle, j.passages, extract(epoch FROM j.ended - j.started)::double precision AS seconds
        FROM journey j WHERE j.started >= period_start AND j.started < period_end
    ), counted AS (
        SELECT start, count(*) AS journeys, count(DISTINCT vehicle) AS vehicles, count(*) FILTER (WHERE passages = 1) AS single,
               count(DISTINCT vehicle) FILTER (WHERE passages > 1) AS longer_vehicles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE passages > 1) AS median,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY passages) FILTER (WHERE passages > 1) AS median_passages
        FROM begun GROUP BY start
    )
    SELECT n.start, CASE WHEN n.vehicles >= k THEN n.journeys END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.single END, CASE WHEN n.longer_vehicles >= k THEN n.median END,
           CASE WHEN n.longer_vehicles >= k THEN n.median_passages END, n.vehicles < k OR n.longer_vehicles BETWEEN 1 AND k - 1
    FROM counted n
    ORDER BY n.start;
END $$;
COMMENT ON FUNCTION movement.journeys(timestamptz, timestamptz, interval, text) IS
    'Aggregate: journeys by the bucket of their start: how many, of how many vehicles, how many of a single passage, and of the others the median of their seconds from first sight to first sight and of their passages.';

CREATE FUNCTION movement.routes(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz,
                                longest interval DEFAULT '2 hours')
RETURNS TABLE (route text[], trips bigint, vehicles bigint, share double precision, median_seconds double precision, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k       integer := (SELECT min_vehicles FROM settings);
    from_id integer := movement.camera_id(from_camera);
    to_id   integer := movement.camera_id(to_camera);
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    PERFORM movement.check_pair(from_camera, to_camera, longest);
    RETURN QUERY
    WITH trip AS (
        SELECT t.vehicle, extract(epoch FROM t.arrived - t.departed)::double precision AS seconds, coalesce(v.via, '{}') AS via
        FROM trips_between(from_id, to_id, period_start, period_end, longest) AS t, LATERAL (
            SELECT array_agg(l.to_camera ORDER BY l.nth) AS via
            FROM leg l
            WHERE l.vehicle = t.vehicle AND l.departed >= t.departed AND l.departed <= t.arrived AND l.journey_at = t.journey_at
              AND l.nth >= t.first_nth AND l.nth < t.last_nth AND l.departed >= period_start AND l.departed < period_end + longest
        ) AS v
    ), counted AS (
        SELECT via, count(*) AS trips, count(DISTINCT vehicle) AS vehicles FROM trip GROUP BY via
    ), ranked AS (
        SELECT n.*, row_number() OVER (ORDER BY n.vehicles, n.trips, n.via) AS rank FROM counted n
    ), joined AS (
        -- How many vehicles the smaller routes have together; one that takes several of them counts once.
        SELECT r.rank, sum(count(f.vehicle)) OVER (ORDER BY r.rank ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM ranked r LEFT JOIN (
            SELECT t.vehicle, min(r.rank) AS rank FROM trip t JOIN ranked r ON r.via = t.via GROUP BY t.vehicle
        ) AS f ON f.rank = r.rank
        GROUP BY r.rank
    ), folded AS (
        -- Shares and movement.both give the total away, so what is folded must hold k vehicles: the next smallest routes
        -- go with those under k until it does.
        SELECT r.via, r.vehicles < k OR (min(r.vehicles) OVER () < k AND coalesce(j.before, 0) < k) AS fold
        FROM ranked r JOIN joined j ON j.rank = r.rank
    ), answer AS (
        SELECT CASE WHEN NOT f.fold THEN t.via END AS via, count(*) AS trips, count(DISTINCT t.vehicle) AS vehicles,
               count(*)::double precision / sum(count(*)) OVER () AS share, percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds) AS median
        FROM trip t JOIN folded f ON f.via = t.via
        GROUP BY 1
    )
    SELECT CASE WHEN a.via IS NOT NULL THEN ARRAY(
               SELECT c.name FROM unnest(a.via) WITH ORDINALITY AS u(id, nth) JOIN camera c ON c.id = u.id ORDER BY u.nth) END,
           CASE WHEN a.vehicles >= k THEN a.trips END, CASE WHEN a.vehicles >= k THEN a.vehicles END,
           CASE WHEN a.vehicles >= k THEN a.share END, CASE WHEN a.vehicles >= k THEN a.median END, a.vehicles < k
    FROM answer a
    ORDER BY a.trips DESC, a.via NULLS LAST;
END $$;
COMMENT ON FUNCTION movement.routes(text, text, timestamptz, timestamptz, interval) IS
    'Aggregate: the ways from one camera to another, as the cameras passed in between (none: an empty list): trips, vehicles, share 0 to 1 of all trips, median of seconds. Routes with fewer than k vehicles, and the next smallest ones until these hold k together, make one row without a route. A camera that misses a vehicle makes a route of its own. Trips as in movement.speeds.';

CREATE FUNCTION movement.all_travel_times(period_start timestamptz, period_end timestamptz, least_vehicles integer DEFAULT 50)
RETURNS TABLE (from_camera text, to_camera text, trips bigint, vehicles bigint, median_seconds double precision, p85_seconds double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    enough integer := greatest(least_vehicles, (SELECT min_vehicles FROM settings));
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    WITH counted AS (
        SELECT l.from_camera, l.to_camera, count(*) AS trips, count(DISTINCT l.vehicle) AS vehicles,
               percentile_cont(ARRAY[0.5, 0.85]) WITHIN GROUP (ORDER BY extract(epoch FROM l.arrived - l.departed)::double precision) AS seconds
        FROM leg l
        WHERE l.departed >= period_start AND l.departed < period_end
        GROUP BY l.from_camera, l.to_camera
    )
    SELECT a.name, b.name, n.trips, n.vehicles, n.seconds[1], n.seconds[2]
    FROM counted n JOIN camera a ON a.id = n.from_camera JOIN camera b ON b.id = n.to_camera
    WHERE n.vehicles >= enough
    ORDER BY a.name, b.name;
END $$;
COMMENT ON FUNCTION movement.all_travel_times(timestamptz, timestamptz, integer) IS
    'Aggregate: seconds from first sight to first sight for all pairs of cameras that vehicles pass one after the other: legs, vehicles, median and 85th percentile. Pairs with fewer than the least number of vehicles, or than k, have no row.';

CREATE FUNCTION movement.anomalies(period_start timestamptz, period_end timestamptz, fastest_kmh double precision DEFAULT 200,
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
        SELECT i.from_camera, i.to_camera, min(i.metres) AS metres, count(*) AS legs, count(DISTINCT i.vehicle) AS vehicles, max(i.kmh) AS highest
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
COMMENT ON FUNCTION movement.anomalies(timestamptz, timestamptz, double precision, integer) IS
    'Aggregate: per pair of cameras, the legs that are faster than possible over the straight line between them, of how many vehicles, and the highest km/h: one plate in two places, so misread or cloned, or a camera whose clock is wrong. Pairs without such a leg have no row. Less than a second counts as one.';

CREATE FUNCTION movement.anomalous(purpose text, case_number text, period_start timestamptz, period_end timestamptz,
                                   fastest_kmh double precision DEFAULT 200, most integer DEFAULT 1000)
RETURNS TABLE (audit_id bigint, from_camera text, from_seen_at timestamptz, from_passage_id bytea, from_sealed_text bytea,
               to_camera text, to_seen_at timestamptz, to_passage_id bytea, to_sealed_text bytea,
               metres double precision, seconds double precision, kmh double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    entry   bigint;
    missing text := nullif(concat_ws(' and ', CASE WHEN coalesce(trim(purpose), '') = '' THEN 'a purpose' END,
                                              CASE WHEN coalesce(trim(case_number), '') = '' THEN 'a case number' END), '');
    asked   jsonb := jsonb_build_object('fastest_kmh', fastest_kmh::text, 'most', most,
                                        'from', audit_moment(period_start), 'to', audit_moment(period_end));
BEGIN
    IF missing IS NOT NULL THEN
        entry := audit_commit('anomalous', 'refused', 'without ' || missing, purpose, case_number, asked);
        RAISE EXCEPTION 'a look at single vehicles needs %', missing USING ERRCODE = 'GN403',
            DETAIL = format('The attempt is entry %s of the audit log.', entry),
            HINT = 'Give the purpose and the case it is for.';
    END IF;
    entry := audit_commit('anomalous', 'granted', NULL, purpose, case_number, asked);
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    PERFORM movement.check_fastest(fastest_kmh);
    PERFORM movement.check_most(most);
    RETURN QUERY
    WITH worst AS (
        SELECT i.* FROM impossible_legs(period_start, period_end, fastest_kmh) AS i
        ORDER BY i.kmh DESC, i.departed, i.vehicle LIMIT most
    )
    SELECT entry, a.name, w.departed, f.passage_id, f.sealed_text, b.name, w.arrived, t.passage_id, t.sealed_text, w.metres, w.seconds, w.kmh
    FROM worst w JOIN camera a ON a.id = w.from_camera JOIN camera b ON b.id = w.to_camera, LATERAL (
        -- Legs are counted by the first eight bytes of a token. Should one vehicle have two passages at one camera and
        -- moment, the leg is between the later and the earlier of them by passage_id.
        SELECT s.passage_id, s.sealed_text FROM sighting s
        WHERE s.camera_id = w.from_camera AND s.seen_at = w.departed AND s.accepted AND vehicle_key(s.token) = w.vehicle
          AND s.seen_at >= period_start AND s.seen_at < period_end
        ORDER BY s.passage_id DESC LIMIT 1
    ) AS f, LATERAL (
        SELECT s.passage_id, s.sealed_text FROM sighting s
        WHERE s.camera_id = w.to_camera AND s.seen_at = w.arrived AND s.accepted AND vehicle_key(s.token) = w.vehicle
        ORDER BY s.passage_id LIMIT 1
    ) AS t
    ORDER BY w.kmh DESC, w.departed, w.vehicle;
END $$;
COMMENT ON FUNCTION movement.anomalous(text, text, timestamptz, timestamptz, double precision, integer) IS
    'Per-vehicle: the legs that movement.anomalies counts, fastest first, with both sightings and their sealed texts, which the keys outside this database open. At most 10,000 rows. Refused without purpose and case; the entry audit_id is committed first.';

-- As in 0003, but for the bucket.
CREATE OR REPLACE FUNCTION movement.flows(at_camera text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (camera text, bucket timestamptz, passages bigint, vehicles bigint, read bigint, suppressed boolean)
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
    ), counted AS (
        SELECT camera_id, start, count(*) AS passages, count(DISTINCT who) AS vehicles, count(*) FILTER (WHERE accepted) AS read
        FROM passage GROUP BY 1, 2
    )
    SELECT c.name, n.start,
           CASE WHEN n.vehicles >= k THEN n.passages END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.read END, n.vehicles < k
    FROM counted n JOIN camera c ON c.id = n.camera_id
    ORDER BY c.name, n.start;
END $$;

-- From legs: a week of two busy cameras took five seconds over the sightings, whose tokens lie row by row.
CREATE OR REPLACE FUNCTION movement.travel_times(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz,
                                      every interval, zone text DEFAULT 'UTC', longest interval DEFAULT '2 hours')
RETURNS TABLE (bucket timestamptz, trips bigint, vehicles bigint, median_seconds double precision, p85_seconds double precision, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k       integer := (SELECT min_vehicles FROM settings);
    from_id integer := movement.camera_id(from_camera);
    to_id   integer := movement.camera_id(to_camera);
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    IF from_id = to_id THEN
        RAISE EXCEPTION 'travel times need two cameras, not % twice', quote_literal(from_camera) USING ERRCODE = 'GN400';
    END IF;
    RETURN QUERY
    WITH arrival AS (
        -- Of several departures before an arrival the last one; beyond the period's end too, so that a later departure is
        -- not given to an earlier trip.
        SELECT f.vehicle, t.arrived, max(f.departed) AS departed
        FROM leg f JOIN leg t ON t.vehicle = f.vehicle AND t.journey_at = f.journey_at AND t.nth >= f.nth
        WHERE f.from_camera = from_id AND f.departed >= period_start AND f.departed < period_end + longest
          AND t.to_camera = to_id AND t.departed >= period_start AND t.departed < period_end + longest
          AND t.arrived <= f.departed + longest
        GROUP BY 1, 2
    ), trip AS (
        SELECT a.vehicle, a.departed, min(a.arrived) AS arrived FROM arrival a WHERE a.departed < period_end GROUP BY 1, 2
    ), counted AS (
        SELECT movement.bucket(t.departed, every, zone, period_start) AS start, count(*) AS trips, count(DISTINCT t.vehicle) AS vehicles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.arrived - t.departed)) AS median,
               percentile_cont(0.85) WITHIN GROUP (ORDER BY extract(epoch FROM t.arrived - t.departed)) AS p85
        FROM trip t
        GROUP BY 1
    )
    SELECT n.start, CASE WHEN n.vehicles >= k THEN n.trips END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.median END, CASE WHEN n.vehicles >= k THEN n.p85 END, n.vehicles < k
    FROM counted n
    ORDER BY n.start;
END $$;
COMMENT ON FUNCTION movement.travel_times(text, text, timestamptz, timestamptz, interval, text, interval) IS
    'Aggregate: seconds from first sight at one camera to first sight at another on one journey, by the bucket of departure: median and 85th percentile over vehicles seen at both within the longest trip. Of several departures before an arrival the last one counts; who stays unseen for settings.journey_gap on the way made two journeys.';

CREATE OR REPLACE FUNCTION movement.od_matrix(zones text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (origin text, destination text, bucket timestamptz, journeys bigint, vehicles bigint, median_seconds double precision, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k integer := (SELECT min_vehicles FROM settings);
    midnight timestamptz := date_trunc('day', period_start AT TIME ZONE zone) AT TIME ZONE zone;
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    RETURN QUERY
    -- Zones go by number until the end: half a million names take longer to sort than everything else.
    WITH zoned AS MATERIALIZED (
        SELECT z.name, z.area, dense_rank() OVER (ORDER BY z.name) AS nth FROM movement.zones(zones) z
    ), place AS MATERIALIZED (
        -- A camera on the border of two zones belongs to the first by name.
        SELECT DISTINCT ON (c.id) c.id, z.nth FROM camera c JOIN zoned z ON ST_Covers(z.area, c.position) ORDER BY c.id, z.nth
    ), cell AS (
        SELECT a.nth AS origin, b.nth AS destination,
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
    SELECT a.name, b.name, n.start, CASE WHEN n.vehicles >= k THEN n.journeys END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.median END, n.vehicles < k
    FROM counted n JOIN (SELECT DISTINCT nth, name FROM zoned) a ON a.nth = n.origin
        JOIN (SELECT DISTINCT nth, name FROM zoned) b ON b.nth = n.destination
    ORDER BY n.start, n.origin, n.destination;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA movement FROM PUBLIC;

INSERT INTO schema_version (version) VALUES (8);
COMMIT;
