-- 0003_movement: the questions, as functions.
-- Why: analysts get rights on these and on no table, so suppression and the audit can't be walked around. A comment begins
-- with "Aggregate" or "Per-vehicle": the first kind suppresses counts under k distinct vehicles (settings.min_vehicles) as
-- null with suppressed = true; the second demands purpose and case and is on the record before it returns a row.
-- A passage without a plate counts as a vehicle of its own. Errors: GN400 bad question, GN403 refused, GN404 no such camera.
BEGIN;

CREATE SCHEMA movement;
COMMENT ON SCHEMA movement IS 'What may be asked about movement. Times are timestamptz, positions WGS 84 degrees, durations seconds.';

CREATE FUNCTION movement.camera_id(name text) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found integer := (SELECT c.id FROM camera c WHERE c.name = camera_id.name);
BEGIN
    IF found IS NULL THEN
        RAISE EXCEPTION 'there is no camera %', coalesce(quote_literal(name), 'without a name') USING ERRCODE = 'GN404',
            HINT = 'The cameras are: ' || coalesce((SELECT string_agg(c.name, ', ' ORDER BY c.name) FROM camera c), 'none yet') || '.';
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION movement.camera_id(text) IS 'Aggregate: the number of a camera by its name; GN404 with the names there are.';

CREATE FUNCTION movement.check_period(period_start timestamptz, period_end timestamptz, every interval) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF period_start IS NULL OR period_end IS NULL OR period_end <= period_start THEN
        RAISE EXCEPTION 'the period must end after it starts' USING ERRCODE = 'GN400';
    ELSIF every IS NULL OR every <= interval '0'
          OR extract(month FROM every) <> 0 OR extract(year FROM every) <> 0 THEN
        RAISE EXCEPTION 'a bucket must be a positive number of seconds, minutes, hours or days' USING ERRCODE = 'GN400';
    ELSIF extract(epoch FROM period_end - period_start) / extract(epoch FROM every) > 10000 THEN
        RAISE EXCEPTION 'the period holds more than 10,000 buckets; ask for fewer or wider ones' USING ERRCODE = 'GN400';
    END IF;
END $$;
COMMENT ON FUNCTION movement.check_period(timestamptz, timestamptz, interval) IS 'Aggregate: GN400 unless the period and its buckets make sense.';

CREATE FUNCTION movement.bucket(at timestamptz, every interval, zone text, origin timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN every < interval '1 day'
        THEN date_bin(every, at, date_trunc('day', origin AT TIME ZONE zone) AT TIME ZONE zone)
        ELSE date_bin(every, at AT TIME ZONE zone, date_trunc('day', origin AT TIME ZONE zone)) AT TIME ZONE zone
    END
$$;
COMMENT ON FUNCTION movement.bucket(timestamptz, interval, text, timestamptz) IS
    'Aggregate: the start of the bucket that holds a moment. Buckets are counted from local midnight of the origin''s day; those of a day or more keep to local midnights when the clocks change.';

CREATE FUNCTION movement.cameras() RETURNS TABLE (camera text, longitude double precision, latitude double precision, heading real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.name, ST_X(c.position), ST_Y(c.position), c.heading FROM camera c ORDER BY c.name
$$;
COMMENT ON FUNCTION movement.cameras() IS 'Aggregate: the cameras by name; WGS 84 degrees, compass degrees.';

CREATE FUNCTION movement.flows(at_camera text, period_start timestamptz, period_end timestamptz, every interval, zone text DEFAULT 'UTC')
RETURNS TABLE (camera text, bucket timestamptz, passages bigint, vehicles bigint, read bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k         integer := (SELECT min_vehicles FROM settings);
    wanted_id integer := CASE WHEN at_camera IS NOT NULL THEN movement.camera_id(at_camera) END;
BEGIN
    PERFORM movement.check_period(period_start, period_end, every);
    RETURN QUERY
    WITH counted AS (
        SELECT s.camera_id, movement.bucket(s.seen_at, every, zone, period_start) AS start,
               count(*) AS passages,
               count(DISTINCT CASE WHEN s.accepted THEN s.token ELSE s.passage_id END) AS vehicles,
               count(*) FILTER (WHERE s.accepted) AS read
        FROM sighting s
        WHERE s.seen_at >= period_start AND s.seen_at < period_end AND (wanted_id IS NULL OR s.camera_id = wanted_id)
        GROUP BY 1, 2
    )
    SELECT c.name, n.start,
           CASE WHEN n.vehicles >= k THEN n.passages END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.read END, n.vehicles < k
    FROM counted n JOIN camera c ON c.id = n.camera_id
    ORDER BY c.name, n.start;
END $$;
COMMENT ON FUNCTION movement.flows(text, timestamptz, timestamptz, interval, text) IS
    'Aggregate: passages, distinct vehicles and passages with an accepted read, per camera (null: all) and bucket. Buckets without a passage have no row. The period''s end is not part of it.';

CREATE FUNCTION movement.travel_times(from_camera text, to_camera text, period_start timestamptz, period_end timestamptz,
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
    WITH departure AS (
        -- Beyond the period's end too, so that a later departure isn't given to an earlier trip.
        SELECT s.token, s.seen_at AS departed, lead(s.seen_at) OVER (PARTITION BY s.token ORDER BY s.seen_at) AS departed_again
        FROM sighting s
        WHERE s.camera_id = from_id AND s.accepted AND s.seen_at >= period_start AND s.seen_at < period_end + longest
    ), trip AS (
        SELECT d.token, d.departed, (
            SELECT min(a.seen_at) FROM sighting a
            WHERE a.token = d.token AND a.camera_id = to_id AND a.accepted AND a.seen_at > d.departed
              AND a.seen_at <= least(d.departed + longest, coalesce(d.departed_again, 'infinity'))
        ) AS arrived
        FROM departure d WHERE d.departed < period_end
    ), counted AS (
        SELECT movement.bucket(t.departed, every, zone, period_start) AS start, count(*) AS trips, count(DISTINCT t.token) AS vehicles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.arrived - t.departed)) AS median,
               percentile_cont(0.85) WITHIN GROUP (ORDER BY extract(epoch FROM t.arrived - t.departed)) AS p85
        FROM trip t WHERE t.arrived IS NOT NULL
        GROUP BY 1
    )
    SELECT n.start, CASE WHEN n.vehicles >= k THEN n.trips END, CASE WHEN n.vehicles >= k THEN n.vehicles END,
           CASE WHEN n.vehicles >= k THEN n.median END, CASE WHEN n.vehicles >= k THEN n.p85 END, n.vehicles < k
    FROM counted n
    ORDER BY n.start;
END $$;
COMMENT ON FUNCTION movement.travel_times(text, text, timestamptz, timestamptz, interval, text, interval) IS
    'Aggregate: seconds from first sight at one camera to first sight at another, by the bucket of departure: median and 85th percentile over vehicles seen at both within the longest trip. Of several departures before an arrival the last one counts.';

CREATE FUNCTION movement.area(geojson text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    document jsonb;
    area     geometry;
BEGIN
    BEGIN
        document := geojson::jsonb;
        area := ST_SetSRID(CASE document ->> 'type'
            WHEN 'FeatureCollection' THEN (SELECT ST_Union(ST_GeomFromGeoJSON(f -> 'geometry')) FROM jsonb_array_elements(document -> 'features') AS f)
            WHEN 'Feature' THEN ST_GeomFromGeoJSON(document -> 'geometry')
            ELSE ST_GeomFromGeoJSON(document)
        END, 4326);
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'the area is not GeoJSON: %', SQLERRM USING ERRCODE = 'GN400';
    END;
    IF area IS NULL OR ST_Dimension(area) <> 2 THEN
        RAISE EXCEPTION 'the area must hold a polygon' USING ERRCODE = 'GN400';
    END IF;
    RETURN area;
END $$;
COMMENT ON FUNCTION movement.area(text) IS 'Aggregate: the polygons of a GeoJSON geometry, feature or feature collection; WGS 84, longitude then latitude.';

CREATE FUNCTION movement.passing(area geometry, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (camera text, longitude double precision, latitude double precision, passages bigint, vehicles bigint, suppressed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    k integer := (SELECT min_vehicles FROM settings);
BEGIN
    PERFORM movement.check_period(period_start, period_end, period_end - period_start);
    RETURN QUERY
    WITH seen AS (
        SELECT c.name, ST_X(c.position) AS x, ST_Y(c.position) AS y, s.camera_id,
               CASE WHEN s.accepted THEN s.token ELSE s.passage_id END AS who
        FROM camera c JOIN sighting s ON s.camera_id = c.id
        WHERE ST_Covers(area, c.position) AND s.seen_at >= period_start AND s.seen_at < period_end
    ), counted AS (
        SELECT name, x, y, count(*) AS passages, count(DISTINCT who) AS vehicles FROM seen GROUP BY 1, 2, 3
    ), ranked AS (
        SELECT n.*, min(n.vehicles) OVER () AS least, row_number() OVER smallest AS rank,
               coalesce(sum(n.vehicles) OVER (smallest ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM counted n WINDOW smallest AS (ORDER BY n.vehicles, n.name)
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
    FROM answer a ORDER BY a.name NULLS LAST;
END $$;
COMMENT ON FUNCTION movement.passing(geometry, timestamptz, timestamptz) IS
    'Aggregate: passages and distinct vehicles per camera inside an area (WGS 84), and a last row without a camera for all of them.';

CREATE FUNCTION movement.trace(tokens bytea[], look_alikes bytea[], purpose text, case_number text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (audit_id bigint, seen_at timestamptz, last_seen timestamptz, camera text, longitude double precision, latitude double precision,
               vehicle vehicle_class, direction direction, confidence real, accepted boolean, exact boolean, passage_id bytea, sealed_text bytea)
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
    SELECT entry, s.seen_at, s.last_seen, c.name, ST_X(c.position), ST_Y(c.position), s.vehicle, s.direction,
           s.confidence, s.accepted, coalesce(s.token = ANY (tokens), false), s.passage_id, s.sealed_text
    FROM sighting s JOIN camera c ON c.id = s.camera_id
    WHERE (s.token = ANY (tokens) OR s.look_alike = ANY (look_alikes)) AND s.seen_at >= period_start AND s.seen_at < period_end
    ORDER BY s.seen_at, c.name
    LIMIT 10000;
END $$;
COMMENT ON FUNCTION movement.trace(bytea[], bytea[], text, text, timestamptz, timestamptz) IS
    'Per-vehicle: where and when one vehicle was seen, by its exact tokens (one per token epoch) and by those of look-alike texts; either list may be empty. At most 10,000 rows, oldest first. Refused without purpose and case; the entry audit_id is committed first.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA movement FROM PUBLIC;

INSERT INTO schema_version (version) VALUES (3);
COMMIT;
