-- 0013_views: schema city, whose views Grafana, QGIS, Metabase and the like read as they read tables, and a role for them.
-- Why: such tools ask for columns `WHERE bucket BETWEEN ...` and draw a dashboard anew every half minute. No condition gets
-- into a function, and a day of three million passages takes seconds to count, so days are counted when they have changed
-- and the views show what was counted. Reports hold what the functions of schema movement answer, k included: a count that
-- they withhold is nowhere in them.
BEGIN;

CREATE TABLE report_day (
    day     date CONSTRAINT report_day_pkey PRIMARY KEY,
    made_at timestamptz NOT NULL,
    legs_at timestamptz
);
COMMENT ON TABLE report_day IS 'UTC days that reports were made of. Reports stay when a day''s sightings are dropped: they hold counts of k vehicles and more alone.';
COMMENT ON COLUMN report_day.legs_at IS 'capture_day.changed_at as it was then: another one makes the day due again; null when it had no legs.';

CREATE TABLE report_flow (
    camera_id  integer NOT NULL CONSTRAINT report_flow_camera REFERENCES camera,
    bucket     timestamptz NOT NULL,
    passages   bigint,
    vehicles   bigint,
    read       bigint,
    covered    double precision,
    suppressed boolean NOT NULL,
    CONSTRAINT report_flow_pkey PRIMARY KEY (camera_id, bucket)
);
CREATE INDEX report_flow_bucket ON report_flow (bucket);
COMMENT ON TABLE report_flow IS 'movement.flows of all cameras by the hour.';

CREATE TABLE report_journey (
    bucket          timestamptz CONSTRAINT report_journey_pkey PRIMARY KEY,
    journeys        bigint,
    vehicles        bigint,
    single          bigint,
    median_seconds  double precision,
    median_passages double precision,
    suppressed      boolean NOT NULL
);
COMMENT ON TABLE report_journey IS 'movement.journeys by the hour.';

CREATE TABLE report_pair (
    id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT report_pair_id UNIQUE,
    bucket         timestamptz NOT NULL,
    from_camera    integer NOT NULL CONSTRAINT report_pair_from REFERENCES camera,
    to_camera      integer NOT NULL CONSTRAINT report_pair_to REFERENCES camera,
    trips          bigint NOT NULL,
    vehicles       bigint NOT NULL,
    median_seconds double precision NOT NULL,
    p85_seconds    double precision NOT NULL,
    CONSTRAINT report_pair_pkey PRIMARY KEY (bucket, from_camera, to_camera)
);
COMMENT ON TABLE report_pair IS 'movement.all_travel_times by the UTC day, of all pairs with k vehicles.';

CREATE FUNCTION make_report(least_age interval DEFAULT '10 minutes') RETURNS date
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    chosen  date;
    changed timestamptz;
    starts  timestamptz;
    ends    timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('gantry.report')) THEN RETURN NULL; END IF;
    SELECT d.day, n.changed_at INTO chosen, changed
    FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'sighting'::regclass) AS d
        LEFT JOIN report_day r ON r.day = d.day LEFT JOIN capture_day n ON n.day = d.day
    -- The day that goes on once an hour in any case: who was not read makes no leg, and an hour may pass without a vehicle.
    WHERE r.day IS NULL OR (r.legs_at IS DISTINCT FROM n.changed_at AND r.made_at <= now() - least_age)
        OR (r.made_at < ((d.day + 1)::timestamp AT TIME ZONE 'UTC') + interval '1 hour' AND r.made_at <= now() - interval '1 hour')
    ORDER BY r.made_at NULLS FIRST, d.day DESC LIMIT 1;
    IF chosen IS NULL THEN RETURN NULL; END IF;
    starts := chosen::timestamp AT TIME ZONE 'UTC';
    ends := (chosen + 1)::timestamp AT TIME ZONE 'UTC';

    DELETE FROM report_flow WHERE bucket >= starts AND bucket < ends;
    DELETE FROM report_journey WHERE bucket >= starts AND bucket < ends;
    DELETE FROM report_pair WHERE bucket = starts;
    INSERT INTO report_flow (camera_id, bucket, passages, vehicles, read, covered, suppressed)
    SELECT c.id, f.bucket, f.passages, f.vehicles, f.read, f.covered, f.suppressed
    FROM movement.flows(NULL, starts, ends, '1 hour') AS f JOIN camera c ON c.name = f.camera;
    INSERT INTO report_journey (bucket, journeys, vehicles, single, median_seconds, median_passages, suppressed)
    SELECT j.bucket, j.journeys, j.vehicles, j.single, j.median_seconds, j.median_passages, j.suppressed
    FROM movement.journeys(starts, ends, '1 hour') AS j;
    INSERT INTO report_pair (bucket, from_camera, to_camera, trips, vehicles, median_seconds, p85_seconds)
    SELECT starts, a.id, b.id, t.trips, t.vehicles, t.median_seconds, t.p85_seconds
    FROM movement.all_travel_times(starts, ends, 1) AS t JOIN camera a ON a.name = t.from_camera JOIN camera b ON b.name = t.to_camera;
    INSERT INTO report_day (day, made_at, legs_at) VALUES (chosen, now(), changed)
    ON CONFLICT (day) DO UPDATE SET made_at = excluded.made_at, legs_at = excluded.legs_at;
    RETURN chosen;
END $$;
REVOKE ALL ON FUNCTION make_report(interval) FROM PUBLIC;
COMMENT ON FUNCTION make_report(interval) IS
    'Makes the reports of one UTC day anew: of those never made, or made so long ago and with other legs since, or made an hour ago and not after its end, the one that waits longest; null when none does.';

CREATE FUNCTION forget_reports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Waits for a report that is being made with the k of before.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.report'));
    DELETE FROM report_flow;
    DELETE FROM report_journey;
    DELETE FROM report_pair;
    DELETE FROM report_day;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION forget_reports() FROM PUBLIC;
COMMENT ON FUNCTION forget_reports() IS 'Empties the reports when k changes: what they show may have to be withheld, and the other way round.';
CREATE TRIGGER settings_reports AFTER UPDATE OF min_vehicles ON settings FOR EACH ROW
    WHEN (OLD.min_vehicles <> NEW.min_vehicles) EXECUTE FUNCTION forget_reports();

-- Only what comes from tables: a view's functions are called with the reader's rights. Places are looked up in the list of
-- columns, so that who leaves geom out pays nothing for them.
CREATE SCHEMA city;
COMMENT ON SCHEMA city IS 'Views for BI and map tools: aggregates alone, null where suppressed = true. Hours and days are UTC; geometries WGS 84, longitude then latitude; id is unique in each view.';

CREATE VIEW city.cameras AS
SELECT c.id, c.name AS camera, p.heading, p.position AS geom
FROM camera c JOIN camera_stay p ON p.camera_id = c.id AND p.valid_from <= now() AND p.valid_until > now();
COMMENT ON VIEW city.cameras IS 'The cameras where they stand now.';
COMMENT ON COLUMN city.cameras.id IS 'Number, unique.';
COMMENT ON COLUMN city.cameras.camera IS 'Name: the camera''s id in the pipeline file.';
COMMENT ON COLUMN city.cameras.heading IS 'Compass degrees the camera looks towards, 0 north, 90 east; null when unknown.';
COMMENT ON COLUMN city.cameras.geom IS 'Where it stands; WGS 84 degrees.';

CREATE VIEW city.roads AS
SELECT e.id, e.origin AS road, e.metres, e.kmh, e.seconds_forward, e.seconds_back, e.path AS geom FROM road_edge e;
COMMENT ON VIEW city.roads IS 'The road network, a row for each stretch between two junctions; empty before gantry roads import.';
COMMENT ON COLUMN city.roads.id IS 'Number of the stretch, unique until the next import.';
COMMENT ON COLUMN city.roads.road IS 'Its number in the imported file: the OpenStreetMap way, or the id of the GeoJSON feature.';
COMMENT ON COLUMN city.roads.metres IS 'Metres along the carriageway.';
COMMENT ON COLUMN city.roads.kmh IS 'Allowed speed, km/h.';
COMMENT ON COLUMN city.roads.seconds_forward IS 'Seconds at the allowed speed in the line''s direction; null: not allowed.';
COMMENT ON COLUMN city.roads.seconds_back IS 'Seconds at the allowed speed against the line''s direction; null: not allowed.';
COMMENT ON COLUMN city.roads.geom IS 'The stretch; WGS 84 degrees.';

CREATE VIEW city.flows AS
SELECT (extract(epoch FROM f.bucket) / 3600)::bigint * 2147483648 + f.camera_id AS id, f.bucket, c.name AS camera,
       f.passages, f.vehicles, f.read, f.covered, f.suppressed,
       (SELECT p.position FROM camera_place p WHERE p.camera_id = f.camera_id AND p.valid_from <= f.bucket ORDER BY p.valid_from DESC LIMIT 1)::geometry(Point, 4326) AS geom
FROM report_flow f JOIN camera c ON c.id = f.camera_id;
COMMENT ON VIEW city.flows IS 'Passages by camera and hour, as movement.flows counts them. An hour in which nobody passed has zeros, one in which nobody watched has no row.';
COMMENT ON COLUMN city.flows.id IS 'Hour and camera in one number, unique.';
COMMENT ON COLUMN city.flows.bucket IS 'Start of the hour.';
COMMENT ON COLUMN city.flows.camera IS 'Name, as in city.cameras.';
COMMENT ON COLUMN city.flows.passages IS 'Vehicles'' stays in view, read or not.';
COMMENT ON COLUMN city.flows.vehicles IS 'Distinct vehicles; one that was not read counts as one of its own.';
COMMENT ON COLUMN city.flows.read IS 'Passages with an accepted read.';
COMMENT ON COLUMN city.flows.covered IS 'Share of the hour that was watched, 0 to 1; null where coverage was not kept.';
COMMENT ON COLUMN city.flows.suppressed IS 'True: fewer than k vehicles, counts are null.';
COMMENT ON COLUMN city.flows.geom IS 'Where the camera stood when the hour began; WGS 84 degrees.';

CREATE VIEW city.travel_times AS
SELECT r.id, r.bucket, a.name AS from_camera, b.name AS to_camera, r.trips, r.vehicles, r.median_seconds, r.p85_seconds,
       p.metres, p.seconds AS free_seconds, p.path IS NULL AS straight,
       coalesce(p.path, ST_MakeLine(
           (SELECT m.position FROM camera_place m WHERE m.camera_id = r.from_camera AND m.valid_from <= r.bucket ORDER BY m.valid_from DESC LIMIT 1),
           (SELECT m.position FROM camera_place m WHERE m.camera_id = r.to_camera AND m.valid_from <= r.bucket ORDER BY m.valid_from DESC LIMIT 1)))::geometry(LineString, 4326) AS geom
FROM report_pair r JOIN camera a ON a.id = r.from_camera JOIN camera b ON b.id = r.to_camera
    JOIN (SELECT camera_id, max(valid_from) AS since FROM camera_place GROUP BY camera_id) AS m ON m.camera_id = r.from_camera
    JOIN (SELECT camera_id, max(valid_from) AS since FROM camera_place GROUP BY camera_id) AS n ON n.camera_id = r.to_camera
    LEFT JOIN camera_path p ON p.from_camera = r.from_camera AND p.to_camera = r.to_camera AND greatest(m.since, n.since) <= r.bucket;
COMMENT ON VIEW city.travel_times IS 'Times between cameras that vehicles pass one after the other, by the day, as movement.all_travel_times tells them, stops on the way included. Pairs with fewer than k vehicles have no row.';
COMMENT ON COLUMN city.travel_times.id IS 'Number, unique; another one when the day was counted again.';
COMMENT ON COLUMN city.travel_times.bucket IS 'Start of the day of departure.';
COMMENT ON COLUMN city.travel_times.from_camera IS 'Name, as in city.cameras.';
COMMENT ON COLUMN city.travel_times.to_camera IS 'Name, as in city.cameras.';
COMMENT ON COLUMN city.travel_times.trips IS 'Legs from the one to the other.';
COMMENT ON COLUMN city.travel_times.vehicles IS 'Distinct vehicles, k at least.';
COMMENT ON COLUMN city.travel_times.median_seconds IS 'Median of the seconds from first sight to first sight.';
COMMENT ON COLUMN city.travel_times.p85_seconds IS '85th percentile of these seconds.';
COMMENT ON COLUMN city.travel_times.metres IS 'Metres of the quickest way along roads; null where none is known, as where a camera was moved since.';
COMMENT ON COLUMN city.travel_times.free_seconds IS 'Seconds of that way at the allowed speeds; null where none is known.';
COMMENT ON COLUMN city.travel_times.straight IS 'True: no way is known, and geom is the straight line.';
COMMENT ON COLUMN city.travel_times.geom IS 'The quickest way along roads, in the direction of travel; WGS 84 degrees.';

CREATE VIEW city.journeys AS
SELECT (extract(epoch FROM j.bucket) / 3600)::bigint AS id, j.bucket, j.journeys, j.vehicles, j.single, j.median_seconds, j.median_passages, j.suppressed
FROM report_journey j;
COMMENT ON VIEW city.journeys IS 'Journeys of the whole city by the hour of their start, as movement.journeys counts them.';
COMMENT ON COLUMN city.journeys.id IS 'Hours since 1970, unique.';
COMMENT ON COLUMN city.journeys.bucket IS 'Start of the hour.';
COMMENT ON COLUMN city.journeys.journeys IS 'Journeys that began in it.';
COMMENT ON COLUMN city.journeys.vehicles IS 'Distinct vehicles.';
COMMENT ON COLUMN city.journeys.single IS 'Journeys of one passage alone.';
COMMENT ON COLUMN city.journeys.median_seconds IS 'Of the others, the median of the seconds from first sight to first sight.';
COMMENT ON COLUMN city.journeys.median_passages IS 'Of the others, the median of their passages.';
COMMENT ON COLUMN city.journeys.suppressed IS 'True: a figure rests on fewer than k vehicles and is null.';

CREATE VIEW city.capture_rates AS
SELECT (p.day - date '1970-01-01')::bigint * 2147483648 + p.camera_id AS id, q.starts AS bucket, c.name AS camera,
       CASE WHEN p.passages >= k THEN p.passages END AS passages, CASE WHEN p.passages >= k THEN p.read_share::double precision END AS read_share,
       CASE WHEN p.passages >= k THEN p.captured::double precision END AS captured,
       CASE WHEN p.passages >= k THEN p.standard_error::double precision END AS standard_error,
       CASE WHEN p.witnesses >= k THEN p.witnesses END AS witnesses, p.passages < k AS suppressed,
       (SELECT m.position FROM camera_place m WHERE m.camera_id = c.id AND m.valid_from <= q.starts ORDER BY m.valid_from DESC LIMIT 1)::geometry(Point, 4326) AS geom
FROM capture p JOIN camera c ON c.id = p.camera_id CROSS JOIN (SELECT min_vehicles AS k FROM settings) AS s
    CROSS JOIN LATERAL (SELECT p.day::timestamp AT TIME ZONE 'UTC' AS starts) AS q;
COMMENT ON VIEW city.capture_rates IS 'How well each camera saw and read, by the day, as movement.capture_rates tells it.';
COMMENT ON COLUMN city.capture_rates.id IS 'Day and camera in one number, unique.';
COMMENT ON COLUMN city.capture_rates.bucket IS 'Start of the day.';
COMMENT ON COLUMN city.capture_rates.camera IS 'Name, as in city.cameras.';
COMMENT ON COLUMN city.capture_rates.passages IS 'Passages that were seen.';
COMMENT ON COLUMN city.capture_rates.read_share IS 'Share of them with an accepted read, 0 to 1.';
COMMENT ON COLUMN city.capture_rates.captured IS 'Share of the passing vehicles that enter journeys, 0 to 1, estimated.';
COMMENT ON COLUMN city.capture_rates.standard_error IS 'Of captured.';
COMMENT ON COLUMN city.capture_rates.witnesses IS 'Vehicles seen before and after, on which the estimate rests; null below k.';
COMMENT ON COLUMN city.capture_rates.suppressed IS 'True: fewer than k passages, figures are null.';
COMMENT ON COLUMN city.capture_rates.geom IS 'Where the camera stood when the day began; WGS 84 degrees.';

CREATE VIEW city.road_flows AS
SELECT ((n.bucket AT TIME ZONE 'UTC')::date - date '1970-01-01')::bigint * 8589934592 + 2 * abs(n.edge) + (n.edge < 0)::integer AS id, n.bucket,
       n.edge, e.origin AS road, n.legs, n.vehicles AS vehicles_at_least,
       CASE WHEN n.edge < 0 THEN ST_Reverse(e.path) ELSE e.path END::geometry(LineString, 4326) AS geom
FROM (SELECT r.bucket, u.edge, sum(r.trips)::bigint AS legs, max(r.vehicles) AS vehicles
      FROM report_pair r JOIN camera_path w ON w.from_camera = r.from_camera AND w.to_camera = r.to_camera
          JOIN (SELECT camera_id, max(valid_from) AS since FROM camera_place GROUP BY camera_id) AS m ON m.camera_id = r.from_camera
          JOIN (SELECT camera_id, max(valid_from) AS since FROM camera_place GROUP BY camera_id) AS n ON n.camera_id = r.to_camera
          CROSS JOIN unnest(w.edges[2:]) AS u(edge)
      WHERE greatest(m.since, n.since) <= r.bucket
      GROUP BY r.bucket, u.edge) AS n
    JOIN road_edge e ON e.id = abs(n.edge);
COMMENT ON VIEW city.road_flows IS 'Legs by street, direction and day, each on the quickest way between its cameras, as movement.road_flows counts them; without pairs of cameras below k vehicles, or with a camera that was moved since.';
COMMENT ON COLUMN city.road_flows.id IS 'Day, stretch and direction in one number, unique.';
COMMENT ON COLUMN city.road_flows.bucket IS 'Start of the day of departure.';
COMMENT ON COLUMN city.road_flows.edge IS 'city.roads.id; negative where driven against the line''s direction.';
COMMENT ON COLUMN city.road_flows.road IS 'Its number in the imported file.';
COMMENT ON COLUMN city.road_flows.legs IS 'Legs that lead over it.';
COMMENT ON COLUMN city.road_flows.vehicles_at_least IS 'Distinct vehicles of the busiest pair of cameras among them.';
COMMENT ON COLUMN city.road_flows.geom IS 'The stretch in the direction of travel; WGS 84 degrees.';

REVOKE ALL ON ALL TABLES IN SCHEMA city FROM PUBLIC;

-- Roles belong to the cluster: another database's migration may have made it, or be making it now.
DO $$
BEGIN
    IF to_regrole('gantry_reader') IS NULL THEN
        BEGIN
            CREATE ROLE gantry_reader NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE WARNING 'there is no role gantry_reader, and % may not create it', current_user
                    USING HINT = 'CREATE ROLE gantry_reader NOLOGIN; GRANT USAGE ON SCHEMA city TO gantry_reader; GRANT SELECT ON ALL TABLES IN SCHEMA city TO gantry_reader';
                RETURN;
        END;
    END IF;
    GRANT USAGE ON SCHEMA city TO gantry_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA city TO gantry_reader;
END $$;

INSERT INTO schema_version (version) VALUES (13);
COMMIT;
