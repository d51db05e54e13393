-- 0018_publication: what leaves the aggregate questions, and what can be worked out from several of their answers.
-- Why: each cell had k vehicles or more, yet two answers can differ by a single vehicle: a period a second longer, an area one
-- camera larger, a threshold one lower. So the questions of schema movement only publish what those of schema exact count:
-- for periods and limits on a grid, and in rounded numbers. A k below 10 (synthetic cities, tests) switches this off with it.
-- Source: docs/decisions/0018-publication.md.
BEGIN;

ALTER TABLE settings
    ADD COLUMN min_bucket interval NOT NULL DEFAULT '5 minutes' CONSTRAINT settings_min_bucket CHECK (
        min_bucket IN ('1 minute', '5 minutes', '15 minutes', '30 minutes', '1 hour', '1 day')),
    ADD COLUMN round_to integer NOT NULL DEFAULT 5 CONSTRAINT settings_round_to CHECK (round_to BETWEEN 1 AND 1000),
    ADD COLUMN noise_epsilon double precision CONSTRAINT settings_noise_epsilon CHECK (noise_epsilon > 0 AND noise_epsilon <= 10),
    ADD COLUMN noise_budget double precision NOT NULL DEFAULT 10 CONSTRAINT settings_noise_budget CHECK (noise_budget > 0),
    ADD CONSTRAINT settings_noise_reports CHECK (noise_budget >= 8 * noise_epsilon),
    ADD COLUMN own_zones_max integer NOT NULL DEFAULT 20 CONSTRAINT settings_own_zones_max CHECK (own_zones_max >= 0),
    -- Two random UUIDs hold 244 random bits.
    ADD COLUMN rounding_key bigint NOT NULL DEFAULT ('x' || encode(substr(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint;
COMMENT ON COLUMN settings.min_bucket IS 'The shortest bucket that is published; periods, buckets and limits of time are multiples of it.';
COMMENT ON COLUMN settings.round_to IS 'Counts are published as multiples of this, up or down at random, the same way each time; 1 does not round.';
COMMENT ON COLUMN settings.noise_epsilon IS 'Null: no noise. Else each published count gets two-sided geometric noise of this epsilon (Ghosh, Roughgarden, Sundararajan 2009) before it is rounded.';
COMMENT ON COLUMN settings.noise_budget IS 'With noise: the epsilon that one user may spend on one UTC day of data. The same question again spends nothing.';
COMMENT ON COLUMN settings.own_zones_max IS 'Different sets of zones of their own that one user may ask about in 24 hours.';
COMMENT ON COLUMN settings.rounding_key IS 'Decides which way a count is rounded, and its noise. Whoever knows it can take both back.';

-- OFFSET 0 in the functions of schema movement: what a row's counts have in common is computed once, and exact.count is cheap
-- enough to be inlined (a day of OD cells: 0.1 s for 1.1).
CREATE SCHEMA exact;
COMMENT ON SCHEMA exact IS 'The counts behind the questions of schema movement: k holds, rounding and grid don''t. For no role but the owner.';
REVOKE ALL ON SCHEMA exact FROM PUBLIC;

CREATE TYPE exact.publication AS (base integer, key bigint, epsilon double precision, k integer, epoch_days integer);
COMMENT ON TYPE exact.publication IS 'How one answer is published: counts as multiples of base; the key of its draws; the epsilon of its noise, null: none; k, and the days of a token epoch, for exact.hidden.';

-- Buckets lie inside one another, and so what two answers differ by is a bucket again, which is withheld under k, or known by
-- rounded numbers alone. Periods that may begin at any second would have every second as a difference.
CREATE FUNCTION exact.words(lengths interval[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(CASE WHEN l = '1 day' THEN 'a day' WHEN l = '1 hour' THEN 'an hour' WHEN l = '1 minute' THEN 'a minute'
                           WHEN l < '1 hour' AND extract(epoch FROM l) % 60 = 0 THEN extract(epoch FROM l)::integer / 60 || ' minutes'
                           ELSE l::text END, ', ' ORDER BY l DESC) FROM unnest(lengths) AS l
$$;
COMMENT ON FUNCTION exact.words(interval[]) IS 'Lengths of time as people say them, longest first.';

CREATE FUNCTION exact.check_grid(period_start timestamptz, period_end timestamptz, every interval, zone text, limits interval[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    k       integer;
    grid    interval;
    lengths interval[];
    unit    interval := every;
    beside  interval;
BEGIN
    SELECT min_vehicles, min_bucket INTO k, grid FROM settings;
    -- An endless or empty period is the question's own to refuse.
    IF k < 10 OR period_start IS NULL OR period_end IS NULL OR period_end <= period_start OR every <= interval '0' THEN RETURN; END IF;
    lengths := ARRAY(SELECT l FROM unnest(ARRAY['1 minute', '5 minutes', '15 minutes', '30 minutes', '1 hour', '1 day']::interval[]) AS l WHERE l >= grid);
    FOREACH beside IN ARRAY limits LOOP
        IF extract(epoch FROM beside) % extract(epoch FROM grid) <> 0 THEN
            RAISE EXCEPTION 'a limit of % would tell single vehicles apart', exact.words(ARRAY[beside]) USING ERRCODE = 'GN400',
                HINT = format('Take a multiple of %s.', exact.words(ARRAY[grid]));
        END IF;
    END LOOP;
    IF every IS NULL THEN
        unit := period_end - period_start;  -- one bucket, or days
        IF NOT unit = ANY (lengths) AND unit > interval '1 hour' THEN unit := '1 day'; END IF;
    ELSIF extract(epoch FROM every) % 86400 = 0 THEN
        unit := '1 day';
    END IF;
    IF NOT unit = ANY (lengths) THEN
        RAISE EXCEPTION 'stretches of % would tell single vehicles apart', exact.words(ARRAY[unit]) USING ERRCODE = 'GN400',
            HINT = format('Ask for %s.', exact.words(lengths));
    ELSIF EXISTS (SELECT FROM unnest(ARRAY[period_start, period_end]) AS t
                  WHERE extract(epoch FROM t - date_trunc('day', t AT TIME ZONE zone) AT TIME ZONE zone) % extract(epoch FROM unit) <> 0)
        -- Whatever is kept may be asked for as a whole.
        AND NOT EXISTS (SELECT FROM movement.extent() AS e WHERE e.period_start = check_grid.period_start AND e.period_end = check_grid.period_end) THEN
        RAISE EXCEPTION 'the period from % to % cuts %, which would tell single vehicles apart', period_start AT TIME ZONE zone, period_end AT TIME ZONE zone, exact.words(ARRAY[unit])
            USING ERRCODE = 'GN400', HINT = format('Ask for whole stretches, counted from midnight (%s): %s.', zone, exact.words(lengths));
    END IF;
END $$;
COMMENT ON FUNCTION exact.check_grid(timestamptz, timestamptz, interval, text, interval[]) IS
    'GN400 unless a period is made of whole buckets (every; null: it is one bucket, or whole days, or all that is kept), and limits of time lie on the grid. Nothing is checked with a k below 10.';

CREATE FUNCTION exact.publication(question text, period_start timestamptz, period_end timestamptz, counts integer, asked jsonb) RETURNS exact.publication
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    s     settings;
    what  jsonb;
    days  jsonb;
    cost  double precision;
    spent double precision;
    entry bigint;
    epoch_days integer;
BEGIN
    SELECT * INTO s FROM settings;
    IF s.min_vehicles < 10 OR period_end <= period_start THEN RETURN (1, 0, NULL, NULL, NULL)::exact.publication; END IF;
    -- Epochs are numbered from Monday, 1970-01-05. One that goes on with a journey of the epoch before may have its number.
    SELECT greatest(round((extract(epoch FROM t.seen_at) / 86400 - 4) / (t.token_epoch + 0.5)), 1)::integer INTO epoch_days
    FROM sighting t WHERE t.seen_at >= period_start AND t.seen_at < period_end AND t.token_epoch IS NOT NULL LIMIT 1;
    epoch_days := coalesce(epoch_days, 1);
    IF s.noise_epsilon IS NULL THEN RETURN (s.round_to, s.rounding_key, NULL, s.min_vehicles, epoch_days)::exact.publication; END IF;
    -- The buckets of one answer have no passage in common, so it costs epsilon once for each count in a row (parallel
    -- composition), and several answers about a day cost the sum (sequential composition).
    cost := s.noise_epsilon * counts;
    SELECT coalesce(jsonb_agg(to_char(d, 'YYYY-MM-DD') ORDER BY d), '[]') INTO days
    FROM generate_series(date_trunc('day', period_start AT TIME ZONE 'UTC'), (period_end - interval '1 microsecond') AT TIME ZONE 'UTC', '1 day') AS d;
    what := jsonb_build_object('question', question, 'asked', asked, 'from', audit_moment(period_start), 'to', audit_moment(period_end), 'epsilon', cost);
    -- One at a time for each user, or two sessions would spend the same rest.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.noise'), hashtext(session_user));
    IF EXISTS (SELECT FROM audit a WHERE a.actor = session_user AND a.action = 'noise' AND a.outcome = 'granted' AND a.parameters @> what) THEN
        RETURN (s.round_to, s.rounding_key, s.noise_epsilon, s.min_vehicles, epoch_days)::exact.publication;
    END IF;
    SELECT max(t.total) INTO spent FROM (
        SELECT sum((a.parameters ->> 'epsilon')::double precision) AS total
        FROM jsonb_array_elements_text(days) AS d JOIN audit a
            ON a.actor = session_user AND a.action = 'noise' AND a.outcome = 'granted' AND a.parameters -> 'days' ? d
        GROUP BY d
    ) AS t;
    what := what || jsonb_build_object('days', days);
    IF coalesce(spent, 0) + cost > s.noise_budget THEN
        entry := audit_commit('noise', 'refused', 'the budget is spent', NULL, NULL, what);
        RAISE EXCEPTION 'these days were asked about too often: % of the noise budget of % is spent, and this question costs %', coalesce(spent, 0), s.noise_budget, cost
            USING ERRCODE = 'GN429', DETAIL = format('The refusal is entry %s of the audit log.', entry),
            HINT = 'Ask again what was asked before, which costs nothing, or about other days.';
    END IF;
    PERFORM audit_commit('noise', 'granted', NULL, NULL, NULL, what);
    RETURN (s.round_to, s.rounding_key, s.noise_epsilon, s.min_vehicles, epoch_days)::exact.publication;
END $$;
COMMENT ON FUNCTION exact.publication(text, timestamptz, timestamptz, integer, jsonb) IS
    'How the answer to a question is published. With noise the question is on the record before it is answered, and GN429 when its user has spent the budget of a day it is about.';

-- A vehicle has another token in each epoch, so k tokens may be fewer vehicles where a stretch touches several. Of k tokens for
-- each of them, one epoch has k, and these are vehicles. In an epoch's first hours some have the token of the one before.
CREATE FUNCTION exact.hidden(vehicles bigint, starts timestamptz, ends timestamptz, p exact.publication) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (p).epoch_days IS NOT NULL AND vehicles > 0 AND vehicles < (p).k * (
        floor((date_part('epoch', ends) - 0.000001 - 345600) / (86400.0 * (p).epoch_days))
        - floor((date_part('epoch', starts) - 14400 - 345600) / (86400.0 * (p).epoch_days)) + 1)
$$;
COMMENT ON FUNCTION exact.hidden(bigint, timestamptz, timestamptz, exact.publication) IS
    'Whether a count of distinct tokens may rest on fewer than k vehicles: below k times the token epochs that the stretch, or the four hours before it, lies in. No count is 0.';

CREATE FUNCTION exact.noise(key bigint, epsilon double precision) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(-ln(((hashint8extended(key, 1) & 4503599627370495) + 0.5) / 4503599627370496.0) / epsilon)::bigint
         - floor(-ln(((hashint8extended(key, 2) & 4503599627370495) + 0.5) / 4503599627370496.0) / epsilon)::bigint
$$;
COMMENT ON FUNCTION exact.noise(bigint, double precision) IS
    'Two-sided geometric noise: the probability of n falls as exp(-epsilon |n|). The difference of two geometric draws, each floor(-ln(u) / epsilon), u from the key.';

CREATE FUNCTION exact.rounded(value bigint, base integer, key bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT value - value % base + CASE WHEN abs(hashint8extended(value, key) % base) < value % base THEN base ELSE 0 END
$$;
COMMENT ON FUNCTION exact.rounded(bigint, integer, bigint) IS
    'A multiple of base: up with the probability rest / base, so right on the average, and always the same way for a value and key (fixed random rounding, as Stats NZ rounds to base 3).';

-- The key knows place and question but no time: the same count at the same place is published in the same way whatever
-- stretch of time it was counted in, or asking for many that hold the same vehicles would average the rounding out.
CREATE FUNCTION exact.count(value bigint, nth integer, place bigint, cell bigint, p exact.publication) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NULL OR ((p).base = 1 AND (p).epsilon IS NULL) THEN value
                WHEN (p).epsilon IS NULL THEN exact.rounded(value, (p).base, place # nth)
                ELSE exact.rounded(greatest(value + exact.noise(cell # nth, (p).epsilon), 0), (p).base, place # nth) END
$$;
COMMENT ON FUNCTION exact.count(bigint, integer, bigint, bigint, exact.publication) IS
    'A count as it is published. nth: which one of a row; place: key of question and place, for the rounding; cell: key of these and the stretch of time, for noise.';

CREATE FUNCTION exact.figure(value double precision, parts double precision, p exact.publication) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN (p).base = 1 THEN value ELSE round(value * parts) / parts END
$$;
COMMENT ON FUNCTION exact.figure(double precision, double precision, exact.publication) IS
    'A mean, median or share as it is published: to a part of one: 10 for tenths. With all its digits a median is one vehicle''s.';

ALTER FUNCTION movement.flows(text, timestamptz, timestamptz, interval, text) SET SCHEMA exact;
ALTER FUNCTION movement.travel_times(text, text, timestamptz, timestamptz, interval, text, interval) SET SCHEMA exact;
ALTER FUNCTION movement.od_matrix(text, timestamptz, timestamptz, interval, text, boolean) SET SCHEMA exact;
ALTER FUNCTION movement.passing(geometry, timestamptz, timestamptz) SET SCHEMA exact;
ALTER FUNCTION movement."both"(text, text, timestamptz, timestamptz, interval) SET SCHEMA exact;
ALTER FUNCTION movement.journeys(timestamptz, timestamptz, interval, text) SET SCHEMA exact;
ALTER FUNCTION movement.dwell(timestamptz, timestamptz, integer) SET SCHEMA exact;
ALTER FUNCTION movement.routes(text, text, timestamptz, timestamptz, interval) SET SCHEMA exact;
ALTER FUNCTION movement.speeds(text, text, timestamptz, timestamptz, interval, text, double precision, interval) SET SCHEMA exact;
ALTER FUNCTION movement.spot_speeds(text, timestamptz, timestamptz, interval, text) SET SCHEMA exact;
ALTER FUNCTION movement.courses(text, timestamptz, timestamptz) SET SCHEMA exact;
ALTER FUNCTION movement.all_travel_times(timestamptz, timestamptz, integer) SET SCHEMA exact;
ALTER FUNCTION movement.anomalies(timestamptz, timestamptz, double precision, integer) SET SCHEMA exact;
ALTER FUNCTION movement.leg_paths(timestamptz, timestamptz, integer) SET SCHEMA exact;
ALTER FUNCTION movement.road_flows(timestamptz, timestamptz, interval, text) SET SCHEMA exact;
ALTER FUNCTION movement.capture_rates(text, timestamptz, timestamptz) SET SCHEMA exact;
ALTER FUNCTION movement.clock_offsets(timestamptz, timestamptz) SET SCHEMA exact;

-- Twice over the journeys where both are asked for is quicker than once and keeping half a million of them.
CREATE OR REPLACE FUNCTION exact.od_matrix(zones text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC',
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
    WITH driven AS NOT MATERIALIZED (
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

-- The row of all cameras is made of those that are shown: with the hidden ones in it, areas of many cameras with and without
-- one of them would tell what that one saw.
CREATE OR REPLACE FUNCTION exact.passing(area geometry, period_start timestamptz, period_end timestamptz)
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
    ), total AS (
        SELECT count(DISTINCT s.who) AS vehicles FROM counted n JOIN seen s ON s.name = n.name AND s.x = n.x AND s.y = n.y WHERE n.vehicles >= k
    ), answer AS (
        SELECT n.name, n.x, n.y, n.passages, n.vehicles FROM counted n
        UNION ALL
        SELECT NULL, NULL, NULL, sum(n.passages) FILTER (WHERE n.vehicles >= k)::bigint, (SELECT t.vehicles FROM total t)
        FROM counted n HAVING count(*) > 0
    )
    SELECT a.name, a.x, a.y, CASE WHEN a.vehicles >= k THEN a.passages END, CASE WHEN a.vehicles >= k THEN a.vehicles END, a.vehicles < k
    FROM answer a ORDER BY a.name NULLS LAST, a.x, a.y;
END $$;

-- Medians of all cameras to a tenth of a second are had by counting; exact figures are only needed of those at the top.
CREATE OR REPLACE FUNCTION exact.dwell(period_start timestamptz, period_end timestamptz, most integer DEFAULT 100)
RETURNS TABLE (camera text, passages bigint, vehicles bigint, median_seconds double precision, p95_seconds double precision,
               mean_stopped_seconds double precision, parked bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    k       integer := (SELECT min_vehicles FROM settings);
    chosen  integer[] := '{}';
    medians double precision[] := '{}';
    next    record;
    found   record;
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    PERFORM movement.check_most(most);
    FOR next IN
        WITH tenth AS MATERIALIZED (
            SELECT s.camera_id, (date_part('epoch', s.last_seen - s.seen_at) * 10)::integer AS tenths, count(*) AS n
            FROM sighting s WHERE s.seen_at >= period_start AND s.seen_at < period_end GROUP BY 1, 2
        ), running AS (
            SELECT t.camera_id, t.tenths, sum(t.n) OVER (PARTITION BY t.camera_id ORDER BY t.tenths) AS upto, sum(t.n) OVER (PARTITION BY t.camera_id) AS total
            FROM tenth t
        )
        -- Half a tenth was rounded away; the median lies between two passages at most.
        SELECT r.camera_id, (min(r.tenths) FILTER (WHERE r.upto * 2 > r.total) + 0.5) / 10 AS highest
        FROM running r WHERE r.total >= k GROUP BY r.camera_id ORDER BY highest DESC, r.camera_id
    LOOP
        EXIT WHEN cardinality(chosen) >= most AND next.highest < (SELECT m FROM unnest(medians) AS m ORDER BY m DESC OFFSET most - 1 LIMIT 1);
        SELECT count(DISTINCT CASE WHEN s.accepted THEN s.token ELSE s.passage_id END) AS vehicles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.last_seen - s.seen_at)::double precision) AS median
        INTO found FROM sighting s WHERE s.camera_id = next.camera_id AND s.seen_at >= period_start AND s.seen_at < period_end;
        IF found.vehicles >= k THEN
            chosen := chosen || next.camera_id;
            medians := medians || found.median;
        END IF;
    END LOOP;
    RETURN QUERY
    SELECT c.name, n.passages, n.vehicles, t.median, n.p95, CASE WHEN n.timed_vehicles >= k THEN n.stopped_seconds END, n.parked,
           n.timed_vehicles BETWEEN 1 AND k - 1
    FROM unnest(chosen, medians) AS t(id, median) JOIN camera c ON c.id = t.id CROSS JOIN LATERAL (
        SELECT count(*) AS passages, count(DISTINCT s.who) AS vehicles,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY s.seconds) AS p95,
               count(DISTINCT s.who) FILTER (WHERE s.stopped IS NOT NULL) AS timed_vehicles, avg(s.stopped) AS stopped_seconds,
               count(s.parked) AS parked
        FROM (SELECT CASE WHEN s.accepted THEN s.token ELSE s.passage_id END AS who, s.stopped, s.parked,
                     extract(epoch FROM s.last_seen - s.seen_at)::double precision AS seconds
              FROM sighting s WHERE s.camera_id = t.id AND s.seen_at >= period_start AND s.seen_at < period_end OFFSET 0) AS s
    ) AS n
    ORDER BY t.median DESC, c.name
    LIMIT most;
END $$;

CREATE FUNCTION exact.check_step(value double precision, step double precision) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (SELECT min_vehicles FROM settings) >= 10 AND value <> round(value / step) * step THEN
        RAISE EXCEPTION 'a limit of % would tell single vehicles apart', value USING ERRCODE = 'GN400',
            HINT = format('Take a multiple of %s.', step);
    END IF;
END $$;
COMMENT ON FUNCTION exact.check_step(double precision, double precision) IS 'GN400 unless a limit is a multiple of a step. Nothing is checked with a k below 10.';

-- Zones of one's own can be drawn around any camera, and again without it.
CREATE FUNCTION exact.note_zones(zones text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    s     settings;
    what  jsonb := jsonb_build_object('zones', encode(sha256(convert_to(zones, 'UTF8')), 'hex'));
    asked text[];
    entry bigint;
BEGIN
    SELECT * INTO s FROM settings;
    IF zones IS NULL OR s.min_vehicles < 10 THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('gantry.zones'), hashtext(session_user));
    SELECT coalesce(array_agg(DISTINCT a.parameters ->> 'zones'), '{}') INTO asked FROM audit a
    WHERE a.actor = session_user AND a.action = 'own-zones' AND a.outcome = 'granted' AND a.at > now() - interval '24 hours';
    IF what ->> 'zones' = ANY (asked) THEN RETURN; END IF;
    IF cardinality(asked) >= s.own_zones_max THEN
        entry := audit_commit('own-zones', 'refused', 'too many different zones', NULL, NULL, what);
        RAISE EXCEPTION 'you asked about % different sets of zones in 24 hours, and no more are allowed', cardinality(asked) USING ERRCODE = 'GN429',
            DETAIL = format('The refusal is entry %s of the audit log.', entry),
            HINT = 'Ask about the stored zones, or about a set that you asked about before.';
    END IF;
    PERFORM audit_commit('own-zones', 'granted', NULL, NULL, NULL, what);
END $$;
COMMENT ON FUNCTION exact.note_zones(text) IS
    'Puts a set of zones that is not the stored one on the record, once in 24 hours for each user; GN429 after settings.own_zones_max different ones.';

CREATE FUNCTION movement.flows(at_camera text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (camera text, bucket timestamptz, passages bigint, vehicles bigint, read bigint, covered double precision, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, every, zone);
    p := exact.publication('flows', period_start, period_end, 3, jsonb_build_array(at_camera, every, zone));
    RETURN QUERY
    SELECT f.camera, f.bucket, exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)),
           least(exact.count(CASE WHEN NOT h.hidden THEN f.read END, 3, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)), f.covered, f.suppressed OR h.hidden
    FROM exact.flows(at_camera, period_start, period_end, every, zone) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, f.bucket, least(f.bucket + every, period_end), p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('flows ' || f.camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.bucket || ' ' || every, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.travel_times(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz,
                                      every interval, zone text DEFAULT 'UTC', longest interval DEFAULT '2 hours')
RETURNS TABLE (bucket timestamptz, trips bigint, vehicles bigint, median_seconds double precision, p85_seconds double precision,
               stopped bigint, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, every, zone, ARRAY[longest]);
    p := exact.publication('travel_times', period_start, period_end, 3, jsonb_build_array(from_camera, to_camera, every, zone, longest));
    RETURN QUERY
    SELECT f.bucket, exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p)),
           exact.figure(CASE WHEN NOT h.hidden THEN f.median_seconds END, 1, p), exact.figure(CASE WHEN NOT h.hidden THEN f.p85_seconds END, 1, p), exact.count(CASE WHEN NOT h.hidden THEN f.stopped END, 3, a.place, b.cell, p), f.suppressed OR h.hidden
    FROM exact.travel_times(from_camera, to_camera, period_start, period_end, every, zone, longest) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, f.bucket, least(f.bucket + every, period_end), p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('travel_times ' || from_camera || ' ' || to_camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.bucket || ' ' || every || ' ' || longest, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.od_matrix(zones text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC',
                                   corrected boolean DEFAULT false)
RETURNS TABLE (origin text, destination text, bucket timestamptz, journeys bigint, vehicles bigint, median_seconds double precision,
               estimated bigint, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, every, zone);
    PERFORM exact.note_zones(zones);
    p := exact.publication('od_matrix', period_start, period_end, 3, jsonb_build_array(md5(zones), every, zone, corrected));
    RETURN QUERY
    SELECT f.origin, f.destination, f.bucket, exact.count(CASE WHEN NOT h.hidden THEN f.journeys END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.journeys END, 1, a.place, b.cell, p)),
           exact.figure(CASE WHEN NOT h.hidden THEN f.median_seconds END, 1, p), exact.count(CASE WHEN NOT h.hidden THEN f.estimated END, 3, a.place, b.cell, p), f.suppressed OR h.hidden
    FROM exact.od_matrix(zones, period_start, period_end, every, zone, corrected) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, f.bucket, least(f.bucket + every, period_end), p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended(f.origin || ' ' || f.destination, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.bucket || ' ' || every, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.passing(area geometry, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, longitude double precision, latitude double precision, passages bigint, vehicles bigint, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'));
    p := exact.publication('passing', period_start, period_end, 2, jsonb_build_array(md5(ST_AsBinary(area))));
    RETURN QUERY
    SELECT f.camera, f.longitude, f.latitude, exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p),
           least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)), f.suppressed OR h.hidden
    FROM exact.passing(area, period_start, period_end) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('passing ' || coalesce(f.camera, ''), p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement."both"(first_camera text, second_camera text, period_start timestamptz, period_end timestamptz, within interval)
RETURNS TABLE (trips bigint, vehicles bigint, median_seconds double precision, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'), ARRAY[within]);
    p := exact.publication('"both"', period_start, period_end, 2, jsonb_build_array(first_camera, second_camera, within));
    RETURN QUERY
    SELECT exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p)), exact.figure(CASE WHEN NOT h.hidden THEN f.median_seconds END, 1, p), f.suppressed OR h.hidden
    FROM exact."both"(first_camera, second_camera, period_start, period_end, within) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('both ' || first_camera || ' ' || second_camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end || ' ' || within, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.journeys(period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (bucket timestamptz, journeys bigint, vehicles bigint, single bigint, median_seconds double precision,
               median_passages double precision, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, every, zone);
    p := exact.publication('journeys', period_start, period_end, 3, jsonb_build_array(every, zone));
    RETURN QUERY
    SELECT f.bucket, exact.count(CASE WHEN NOT h.hidden THEN f.journeys END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.journeys END, 1, a.place, b.cell, p)), least(exact.count(CASE WHEN NOT h.hidden THEN f.single END, 3, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.journeys END, 1, a.place, b.cell, p)),
           exact.figure(CASE WHEN NOT h.hidden THEN f.median_seconds END, 1, p), CASE WHEN NOT h.hidden THEN f.median_passages END, f.suppressed OR h.hidden
    FROM exact.journeys(period_start, period_end, every, zone) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, f.bucket, least(f.bucket + every, period_end), p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('journeys', p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.bucket || ' ' || every, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.dwell(period_start timestamptz, period_end timestamptz, most integer DEFAULT 100)
RETURNS TABLE (camera text, passages bigint, vehicles bigint, median_seconds double precision, p95_seconds double precision,
               mean_stopped_seconds double precision, parked bigint, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'));
    p := exact.publication('dwell', period_start, period_end, 3, jsonb_build_array());
    RETURN QUERY
    SELECT f.camera, exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)), exact.figure(CASE WHEN NOT h.hidden THEN f.median_seconds END, 10, p),
           exact.figure(CASE WHEN NOT h.hidden THEN f.p95_seconds END, 10, p), exact.figure(CASE WHEN NOT h.hidden THEN f.mean_stopped_seconds END, 10, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.parked END, 3, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)), f.suppressed OR h.hidden
    FROM exact.dwell(period_start, period_end, most) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('dwell ' || f.camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end, a.place) END AS cell OFFSET 0) AS b
    WHERE NOT h.hidden;
END $$;

CREATE FUNCTION movement.routes(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz,
                                longest interval DEFAULT '2 hours')
RETURNS TABLE (route text[], trips bigint, vehicles bigint, share double precision, median_seconds double precision, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'), ARRAY[longest]);
    p := exact.publication('routes', period_start, period_end, 2, jsonb_build_array(from_camera, to_camera, longest));
    RETURN QUERY
    SELECT f.route, exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p)),
           CASE WHEN p.base = 1 THEN f.share ELSE exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p) / nullif(sum(exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p)) OVER (), 0)::double precision END,
           exact.figure(CASE WHEN NOT h.hidden THEN f.median_seconds END, 1, p), f.suppressed OR h.hidden
    FROM exact.routes(from_camera, to_camera, period_start, period_end, longest) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('routes ' || coalesce(array_to_string(f.route, ' '), ''), p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end || ' ' || longest, a.place) END AS cell OFFSET 0) AS b
    ORDER BY 2 DESC NULLS LAST, f.route NULLS LAST;
END $$;

CREATE FUNCTION movement.speeds(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz, every interval,
                                zone text DEFAULT 'UTC', road_metres double precision DEFAULT NULL, longest interval DEFAULT '2 hours')
RETURNS TABLE (bucket timestamptz, trips bigint, vehicles bigint, metres double precision, straight boolean, mean_kmh double precision,
               p15_kmh double precision, p85_kmh double precision, stopped bigint, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, every, zone, ARRAY[longest]);
    p := exact.publication('speeds', period_start, period_end, 3, jsonb_build_array(from_camera, to_camera, every, zone, longest));
    RETURN QUERY
    SELECT f.bucket, exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p)), f.metres, f.straight,
           exact.figure(CASE WHEN NOT h.hidden THEN f.mean_kmh END, 1, p), exact.figure(CASE WHEN NOT h.hidden THEN f.p15_kmh END, 1, p), exact.figure(CASE WHEN NOT h.hidden THEN f.p85_kmh END, 1, p), exact.count(CASE WHEN NOT h.hidden THEN f.stopped END, 3, a.place, b.cell, p), f.suppressed OR h.hidden
    FROM exact.speeds(from_camera, to_camera, period_start, period_end, every, zone, road_metres, longest) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, f.bucket, least(f.bucket + every, period_end), p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('travel_times ' || from_camera || ' ' || to_camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.bucket || ' ' || every || ' ' || longest, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.spot_speeds(at_camera text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (camera text, bucket timestamptz, passages bigint, vehicles bigint, measured bigint, unmeasured bigint, mean_kmh double precision,
               median_kmh double precision, p85_kmh double precision, stopped_share double precision, mean_stopped_seconds double precision,
               suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, every, zone);
    p := exact.publication('spot_speeds', period_start, period_end, 4, jsonb_build_array(at_camera, every, zone));
    RETURN QUERY
    SELECT f.camera, f.bucket, exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)),
           least(exact.count(CASE WHEN NOT h.hidden THEN f.measured END, 3, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)), least(exact.count(CASE WHEN NOT h.hidden THEN f.unmeasured END, 4, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)),
           exact.figure(CASE WHEN NOT h.hidden THEN f.mean_kmh END, 1, p), exact.figure(CASE WHEN NOT h.hidden THEN f.median_kmh END, 1, p), exact.figure(CASE WHEN NOT h.hidden THEN f.p85_kmh END, 1, p),
           exact.figure(CASE WHEN NOT h.hidden THEN f.stopped_share END, 20, p), exact.figure(CASE WHEN NOT h.hidden THEN f.mean_stopped_seconds END, 10, p), f.suppressed OR h.hidden
    FROM exact.spot_speeds(at_camera, period_start, period_end, every, zone) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, f.bucket, least(f.bucket + every, period_end), p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('flows ' || f.camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.bucket || ' ' || every, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.courses(at_camera text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, sector text, passages bigint, vehicles bigint, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'));
    p := exact.publication('courses', period_start, period_end, 2, jsonb_build_array(at_camera));
    RETURN QUERY
    SELECT f.camera, f.sector, exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.passages END, 1, a.place, b.cell, p)), f.suppressed OR h.hidden
    FROM exact.courses(at_camera, period_start, period_end) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('courses ' || f.camera || ' ' || f.sector, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.all_travel_times(period_start timestamptz, period_end timestamptz, least_vehicles integer DEFAULT 50)
RETURNS TABLE (from_camera text, to_camera text, trips bigint, vehicles bigint, median_seconds double precision, p85_seconds double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'));
    p := exact.publication('all_travel_times', period_start, period_end, 2, jsonb_build_array(least_vehicles));
    RETURN QUERY
    SELECT f.from_camera, f.to_camera, exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.trips END, 1, a.place, b.cell, p)),
           exact.figure(CASE WHEN NOT h.hidden THEN f.median_seconds END, 1, p), exact.figure(CASE WHEN NOT h.hidden THEN f.p85_seconds END, 1, p)
    FROM exact.all_travel_times(period_start, period_end, CASE WHEN p.base > 1 THEN greatest(least_vehicles - p.base + 1, 1) ELSE least_vehicles END) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('travel_times ' || f.from_camera || ' ' || f.to_camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end, a.place) END AS cell OFFSET 0) AS b
    -- By the published number: by the true one the limit would tell it.
    WHERE NOT h.hidden AND (p.base = 1 OR least(exact.count(f.vehicles, 2, a.place, b.cell, p), exact.count(f.trips, 1, a.place, b.cell, p)) >= least_vehicles);
END $$;

CREATE FUNCTION movement.anomalies(period_start timestamptz, period_end timestamptz, fastest_kmh double precision DEFAULT 200,
                                   most integer DEFAULT 1000)
RETURNS TABLE (from_camera text, to_camera text, metres double precision, legs bigint, vehicles bigint, highest_kmh double precision,
               suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'));
    PERFORM exact.check_step(fastest_kmh, 50);
    p := exact.publication('anomalies', period_start, period_end, 2, jsonb_build_array(fastest_kmh));
    RETURN QUERY
    SELECT f.from_camera, f.to_camera, f.metres, exact.count(CASE WHEN NOT h.hidden THEN f.legs END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.legs END, 1, a.place, b.cell, p)),
           exact.figure(CASE WHEN NOT h.hidden THEN f.highest_kmh END, 0.02, p), f.suppressed OR h.hidden
    FROM exact.anomalies(period_start, period_end, fastest_kmh, most) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('anomalies ' || f.from_camera || ' ' || f.to_camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end || ' ' || fastest_kmh, a.place) END AS cell OFFSET 0) AS b
    -- The order must not tell what is withheld.
    ORDER BY 4 DESC NULLS LAST, 1, 2;
END $$;

CREATE FUNCTION movement.leg_paths(period_start timestamptz, period_end timestamptz, least_vehicles integer DEFAULT 50)
RETURNS TABLE (from_camera text, to_camera text, legs bigint, vehicles bigint, metres double precision, free_seconds double precision, path geometry)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'));
    p := exact.publication('leg_paths', period_start, period_end, 2, jsonb_build_array(least_vehicles));
    RETURN QUERY
    SELECT f.from_camera, f.to_camera, exact.count(CASE WHEN NOT h.hidden THEN f.legs END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.legs END, 1, a.place, b.cell, p)), f.metres, f.free_seconds, f.path
    FROM exact.leg_paths(period_start, period_end, CASE WHEN p.base > 1 THEN greatest(least_vehicles - p.base + 1, 1) ELSE least_vehicles END) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles, period_start, period_end, p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('legs ' || f.from_camera || ' ' || f.to_camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end, a.place) END AS cell OFFSET 0) AS b
    WHERE NOT h.hidden AND (p.base = 1 OR least(exact.count(f.vehicles, 2, a.place, b.cell, p), exact.count(f.legs, 1, a.place, b.cell, p)) >= least_vehicles);
END $$;

CREATE FUNCTION movement.road_flows(period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (edge bigint, road bigint, bucket timestamptz, legs bigint, vehicles_at_least bigint, path geometry)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, every, zone);
    p := exact.publication('road_flows', period_start, period_end, 2, jsonb_build_array(every, zone));
    RETURN QUERY
    SELECT f.edge, f.road, f.bucket, exact.count(CASE WHEN NOT h.hidden THEN f.legs END, 1, a.place, b.cell, p), least(exact.count(CASE WHEN NOT h.hidden THEN f.vehicles_at_least END, 2, a.place, b.cell, p), exact.count(CASE WHEN NOT h.hidden THEN f.legs END, 1, a.place, b.cell, p)), f.path
    FROM exact.road_flows(period_start, period_end, every, zone) AS f
        CROSS JOIN LATERAL (SELECT coalesce(exact.hidden(f.vehicles_at_least, f.bucket, least(f.bucket + every, period_end), p), false) AS hidden OFFSET 0) AS h
        CROSS JOIN LATERAL (SELECT hashtextextended('roads ' || f.edge, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.bucket || ' ' || every, a.place) END AS cell OFFSET 0) AS b
    WHERE NOT h.hidden;
END $$;

CREATE FUNCTION movement.capture_rates(at_camera text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, day date, passages integer, read_share double precision, captured double precision,
               standard_error double precision, witnesses integer, suppressed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    p := exact.publication('capture_rates', period_start, period_end, 2, jsonb_build_array(at_camera));
    RETURN QUERY
    SELECT f.camera, f.day, exact.count(f.passages, 1, a.place, b.cell, p)::integer, exact.figure(f.read_share, 100, p), exact.figure(f.captured, 100, p),
           f.standard_error, exact.count(f.witnesses, 2, a.place, b.cell, p)::integer, f.suppressed
    FROM exact.capture_rates(at_camera, period_start, period_end) AS f CROSS JOIN LATERAL (SELECT hashtextextended('capture ' || f.camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(f.day::text, a.place) END AS cell OFFSET 0) AS b;
END $$;

CREATE FUNCTION movement.clock_offsets(period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, offset_seconds double precision, standard_error_seconds double precision, neighbours bigint, legs bigint, part bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p exact.publication;
BEGIN
    PERFORM exact.check_grid(period_start, period_end, NULL, current_setting('TimeZone'));
    p := exact.publication('clock_offsets', period_start, period_end, 1, jsonb_build_array());
    RETURN QUERY
    SELECT f.camera, f.offset_seconds, f.standard_error_seconds, f.neighbours, exact.count(f.legs, 1, a.place, b.cell, p), f.part
    FROM exact.clock_offsets(period_start, period_end) AS f CROSS JOIN LATERAL (SELECT hashtextextended('clocks ' || f.camera, p.key) AS place OFFSET 0) AS a CROSS JOIN LATERAL (SELECT CASE WHEN p.epsilon IS NOT NULL THEN hashtextextended(period_start || '/' || period_end, a.place) END AS cell OFFSET 0) AS b;
END $$;

-- A city of thousands of cameras filled the screen with their names.
CREATE OR REPLACE FUNCTION movement.camera_id(name text) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found integer := (SELECT c.id FROM camera c WHERE c.name = camera_id.name);
    names text[];
BEGIN
    IF found IS NULL THEN
        names := ARRAY(SELECT c.name FROM camera c ORDER BY c.name LIMIT 21);
        RAISE EXCEPTION 'there is no camera %', coalesce(quote_literal(name), 'without a name') USING ERRCODE = 'GN404',
            HINT = CASE WHEN cardinality(names) > 20 THEN format('There are %s cameras; movement.cameras() names them.', (SELECT count(*) FROM camera))
                        ELSE 'The cameras are: ' || coalesce(nullif(array_to_string(names, ', '), ''), 'none yet') || '.' END;
    END IF;
    RETURN found;
END $$;

DO $$
DECLARE
    twin record;
BEGIN
    FOR twin IN SELECT p.proname, p.oid::regprocedure::text AS counted, obj_description(p.oid) AS comment, m.oid::regprocedure::text AS published
                FROM pg_proc p JOIN pg_proc m ON m.proname = p.proname AND m.pronamespace = 'movement'::regnamespace
                WHERE p.pronamespace = 'exact'::regnamespace AND obj_description(p.oid) LIKE 'Aggregate%' LOOP
        EXECUTE format('COMMENT ON FUNCTION %s IS %L', twin.published, twin.comment || ' With a k of 10 or more: periods and limits on the grid, rounded counts.');
        EXECUTE format('COMMENT ON FUNCTION %s IS %L', twin.counted, 'Counts for movement.' || twin.proname || ', which publishes them.');
    END LOOP;
END $$;

CREATE FUNCTION movement.publication() RETURNS TABLE (min_vehicles integer, min_bucket interval, round_to integer, noise_epsilon double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT s.min_vehicles, s.min_bucket, CASE WHEN s.min_vehicles < 10 THEN 1 ELSE s.round_to END, CASE WHEN s.min_vehicles >= 10 THEN s.noise_epsilon END
    FROM settings s
$$;
COMMENT ON FUNCTION movement.publication() IS
    'Aggregate: k, the shortest bucket, what counts are multiples of, and the epsilon of their noise (null: none).';

DROP FUNCTION movement.minimum_vehicles();

CREATE FUNCTION set_publication(min_bucket interval, round_to integer, noise_epsilon double precision, noise_budget double precision) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    before jsonb := (SELECT jsonb_build_object('min_bucket', s.min_bucket, 'round_to', s.round_to, 'noise_epsilon', s.noise_epsilon, 'noise_budget', s.noise_budget)
                     FROM settings s FOR UPDATE);
    after  jsonb := jsonb_build_object('min_bucket', min_bucket, 'round_to', round_to, 'noise_epsilon', noise_epsilon, 'noise_budget', noise_budget);
BEGIN
    IF before = after THEN RETURN; END IF;
    UPDATE settings s SET min_bucket = set_publication.min_bucket, round_to = set_publication.round_to,
        noise_epsilon = set_publication.noise_epsilon, noise_budget = set_publication.noise_budget;
    PERFORM audit_append(session_user, concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
                         'set-publication', 'done', NULL, NULL, NULL, jsonb_build_object('before', before, 'after', after));
END $$;
COMMENT ON FUNCTION set_publication(interval, integer, double precision, double precision) IS
    'Sets grid, rounding and noise, on the record. The budget is at least eight epsilon, which the reports of schema city take.';

DROP TRIGGER settings_reports ON settings;
CREATE TRIGGER settings_reports AFTER UPDATE OF min_vehicles, min_bucket, round_to, noise_epsilon, rounding_key ON settings FOR EACH ROW
    WHEN ((OLD.min_vehicles, OLD.min_bucket, OLD.round_to, OLD.noise_epsilon, OLD.rounding_key) IS DISTINCT FROM
          (NEW.min_vehicles, NEW.min_bucket, NEW.round_to, NEW.noise_epsilon, NEW.rounding_key)) EXECUTE FUNCTION forget_reports();

CREATE OR REPLACE VIEW city.capture_rates AS
SELECT (p.day - date '1970-01-01')::bigint * 2147483648 + p.camera_id AS id, q.starts AS bucket, c.name AS camera,
       -- exact.count, written out: a view's functions are called with the reader's rights, which are none. Not with noise.
       CASE WHEN p.passages >= s.k AND s.whole THEN p.passages - p.passages % s.base
            + CASE WHEN abs(hashint8extended(p.passages, q.place # 1) % s.base) < p.passages % s.base THEN s.base ELSE 0 END END AS passages,
       CASE WHEN p.passages >= s.k THEN CASE WHEN s.base = 1 THEN p.read_share::double precision ELSE round(p.read_share::double precision * 100) / 100 END END AS read_share,
       CASE WHEN p.passages >= s.k THEN CASE WHEN s.base = 1 THEN p.captured::double precision ELSE round(p.captured::double precision * 100) / 100 END END AS captured,
       CASE WHEN p.passages >= s.k THEN p.standard_error::double precision END AS standard_error,
       CASE WHEN p.witnesses >= s.k AND s.whole THEN p.witnesses - p.witnesses % s.base
            + CASE WHEN abs(hashint8extended(p.witnesses, q.place # 2) % s.base) < p.witnesses % s.base THEN s.base ELSE 0 END END AS witnesses,
       p.passages < s.k AS suppressed,
       (SELECT m.position FROM camera_place m WHERE m.camera_id = c.id AND m.valid_from <= q.starts ORDER BY m.valid_from DESC LIMIT 1)::geometry(Point, 4326) AS geom
FROM capture p JOIN camera c ON c.id = p.camera_id
    CROSS JOIN (SELECT min_vehicles AS k, CASE WHEN min_vehicles < 10 THEN 1 ELSE round_to END AS base, rounding_key AS key,
                       min_vehicles < 10 OR noise_epsilon IS NULL AS whole FROM settings) AS s
    CROSS JOIN LATERAL (SELECT p.day::timestamp AT TIME ZONE 'UTC' AS starts, hashtextextended('capture ' || c.name, s.key) AS place) AS q;


CREATE INDEX audit_published ON audit (actor, at) WHERE action IN ('noise', 'own-zones');
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA movement, exact FROM PUBLIC;
REVOKE ALL ON FUNCTION set_publication(interval, integer, double precision, double precision) FROM PUBLIC;

INSERT INTO schema_version (version) VALUES (18);
COMMIT;
