-- 0016_keys: what the database knows of keys: which were destroyed, which days need one, and journeys over an epoch's end.
-- Why: a key can be destroyed while the database is away. The key folder notes it down, and whoever connects next carries
-- it into the audit log, once. And tokens that change at midnight must neither cut the trips of that hour nor be chained to
-- each other from day to day.
BEGIN;

CREATE FUNCTION record_destruction(destruction uuid, at timestamptz, os_user text, key text, reason text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Several may carry the same one over.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.keys'));
    IF EXISTS (SELECT FROM audit a WHERE a.action = 'destroy-key' AND a.parameters ->> 'destruction' = destruction::text) THEN
        RETURN NULL;
    END IF;
    RETURN audit_append(
        session_user, concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
        'destroy-key', 'done', reason, NULL, NULL,
        jsonb_build_object('destruction', destruction, 'at', audit_moment(at), 'os_user', os_user, 'key', key));
END $$;
REVOKE ALL ON FUNCTION record_destruction(uuid, timestamptz, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION record_destruction(uuid, timestamptz, text, text, text) IS
    'Puts the destruction of a key (day-2026-03-02, epoch-2930) by an operating system''s user into the audit log: its entry; null when it is there already.';

CREATE FUNCTION destroyed_keys() RETURNS TABLE (key text, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a.parameters ->> 'key', (a.parameters ->> 'at')::timestamptz FROM audit a
    WHERE a.action = 'destroy-key' AND a.outcome = 'done' ORDER BY a.id
$$;
REVOKE ALL ON FUNCTION destroyed_keys() FROM PUBLIC;
COMMENT ON FUNCTION destroyed_keys() IS 'The keys that were destroyed, as the audit log has them: one that is there all the same came from a backup.';

CREATE FUNCTION days_with_text() RETURNS SETOF date
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT relid FROM pg_partition_tree('public.sighting') WHERE isleaf AND parentrelid IS NOT NULL ORDER BY relid::text LOOP
        RETURN QUERY EXECUTE format('SELECT (seen_at AT TIME ZONE ''UTC'')::date FROM %s WHERE sealed_text IS NOT NULL LIMIT 1', part);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION days_with_text() FROM PUBLIC;
COMMENT ON FUNCTION days_with_text() IS 'The UTC days that hold sealed texts, one for each partition that does: they need a key.';

-- Passages of the first hours of a token epoch, which may belong to a journey that began in the epoch before.
CREATE TABLE epoch_bridge (
    camera_id           integer NOT NULL,
    seen_at             timestamptz NOT NULL,
    passage_id          bytea NOT NULL,
    token               bytea NOT NULL CONSTRAINT epoch_bridge_token_size CHECK (octet_length(token) = 16),
    look_alike          bytea NOT NULL,
    token_epoch         integer NOT NULL,
    previous_token      bytea NOT NULL CONSTRAINT epoch_bridge_previous_size CHECK (octet_length(previous_token) = 16),
    previous_look_alike bytea NOT NULL,
    carried             boolean NOT NULL DEFAULT false,
    stored_at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT epoch_bridge_pkey PRIMARY KEY (camera_id, seen_at, passage_id)
);
COMMENT ON TABLE epoch_bridge IS 'Sightings of the overlap of two token epochs with the tokens of both, until settle_epochs takes them away: nothing else says that two tokens are one vehicle. Leave it out of dumps that are kept (pg_dump --exclude-table-data=epoch_bridge).';
COMMENT ON COLUMN epoch_bridge.token IS 'Of the epoch in which it was seen; with look_alike and token_epoch.';
COMMENT ON COLUMN epoch_bridge.carried IS 'Whether it goes on with a journey of the epoch before. sighting then has the tokens of that epoch.';
CREATE INDEX epoch_bridge_token ON epoch_bridge (token);
CREATE INDEX epoch_bridge_previous ON epoch_bridge (previous_token);

CREATE FUNCTION carried_passages(previous bytea[] DEFAULT NULL) RETURNS TABLE (camera_id integer, seen_at timestamptz, passage_id bytea)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH later AS (
        SELECT b.previous_token AS token, s.camera_id, s.seen_at, s.passage_id, s.accepted, true AS later
        FROM epoch_bridge b JOIN sighting s ON (s.camera_id, s.seen_at, s.passage_id) = (b.camera_id, b.seen_at, b.passage_id)
            AND s.token IN (b.token, b.previous_token)
        WHERE previous IS NULL OR b.previous_token IN (SELECT unnest(previous))
    ), span AS (
        SELECT l.token, min(l.seen_at) - 2 * g.journey_gap AS low, max(l.seen_at) + g.journey_gap AS high
        FROM later l, settings g GROUP BY l.token, g.journey_gap
    ), together AS (
        SELECT * FROM later
        UNION ALL
        SELECT p.token, s.camera_id, s.seen_at, s.passage_id, s.accepted, false
        FROM span p JOIN sighting s ON s.token = p.token AND s.seen_at >= p.low AND s.seen_at <= p.high
        WHERE NOT EXISTS (SELECT FROM epoch_bridge b WHERE (b.camera_id, b.seen_at, b.passage_id) = (s.camera_id, s.seen_at, s.passage_id)
                          AND b.previous_token = p.token)
    ), read AS (
        SELECT t.*, max(t.seen_at) FILTER (WHERE t.accepted) OVER (PARTITION BY t.token ORDER BY t.seen_at) AS sure_before,
               min(t.seen_at) FILTER (WHERE t.accepted) OVER (PARTITION BY t.token ORDER BY t.seen_at DESC) AS sure_after
        FROM together t
    ), counting AS (
        -- As in chained_passages.
        SELECT r.*, g.journey_gap AS gap, lag(r.seen_at) OVER (PARTITION BY r.token ORDER BY r.seen_at, r.passage_id) AS seen_before
        FROM read r, settings g WHERE r.accepted OR r.seen_at - r.sure_before <= g.journey_gap OR r.sure_after - r.seen_at <= g.journey_gap
    ), numbered AS (
        SELECT c.*, count(*) FILTER (WHERE c.seen_before IS NULL OR c.seen_at - c.seen_before > c.gap)
                        OVER (PARTITION BY c.token ORDER BY c.seen_at, c.passage_id) AS journey
        FROM counting c
    ), judged AS (
        SELECT n.*, bool_or(NOT n.later) OVER (PARTITION BY n.token, n.journey) AS begun FROM numbered n
    )
    SELECT j.camera_id, j.seen_at, j.passage_id FROM judged j WHERE j.later AND j.begun
$$;
REVOKE ALL ON FUNCTION carried_passages(bytea[]) FROM PUBLIC;
COMMENT ON FUNCTION carried_passages(bytea[]) IS
    'Of the passages in epoch_bridge those that go on with a journey of the epoch before, by that epoch''s tokens (null: all), from scratch: whoever is in one journey with a passage that has that epoch''s token alone.';

-- As in 0009, but that who goes on with a journey of the epoch before takes its token first.
CREATE OR REPLACE FUNCTION advance_legs(most integer DEFAULT 50000) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gap     interval := (SELECT journey_gap FROM settings);
    longest interval := (SELECT longest_journey FROM settings);
    taken   integer;
    astride bytea[];
BEGIN
    -- One at a time: two would delete and write the same vehicle's legs.
    IF NOT pg_try_advisory_xact_lock(hashtext('gantry.legs')) THEN RETURN 0; END IF;
    CREATE TEMPORARY TABLE IF NOT EXISTS noted (token bytea, seen_at timestamptz) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS touched (token bytea, vehicle bigint, low timestamptz, high timestamptz) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS chained (vehicle bigint, camera_id integer, seen_at timestamptz, camera_before integer,
        seen_before timestamptz, journey_at timestamptz, nth integer) ON COMMIT DELETE ROWS;
    TRUNCATE noted, touched, chained;
    WITH chosen AS (
        DELETE FROM leg_queue WHERE id <= (SELECT max(q.id) FROM (SELECT id FROM leg_queue ORDER BY id LIMIT most) AS q) RETURNING token, seen_at
    )
    INSERT INTO noted SELECT token, seen_at FROM chosen;
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken = 0 THEN RETURN 0; END IF;

    -- Passages that may go on with a journey of the epoch before: who now does, or no longer, changes its token.
    astride := ARRAY(SELECT DISTINCT b.previous_token FROM epoch_bridge b
                     WHERE b.previous_token IN (SELECT n.token FROM noted n) OR b.token IN (SELECT n.token FROM noted n));
    IF cardinality(astride) > 0 THEN
        WITH carried AS MATERIALIZED (
            SELECT * FROM carried_passages(astride)
        ), changed AS (
            UPDATE epoch_bridge b SET carried = NOT b.carried
            WHERE b.previous_token IN (SELECT unnest(astride)) AND b.carried <> EXISTS (
                SELECT FROM carried c WHERE (c.camera_id, c.seen_at, c.passage_id) = (b.camera_id, b.seen_at, b.passage_id))
            RETURNING *
        ), moved AS (
            UPDATE sighting s SET token = CASE WHEN c.carried THEN c.previous_token ELSE c.token END,
                look_alike = CASE WHEN c.carried THEN c.previous_look_alike ELSE c.look_alike END,
                token_epoch = c.token_epoch - c.carried::integer
            FROM changed c WHERE (s.camera_id, s.seen_at, s.passage_id) = (c.camera_id, c.seen_at, c.passage_id)
                AND s.token IN (c.token, c.previous_token)
        )
        INSERT INTO noted SELECT c.token, c.seen_at FROM changed c UNION ALL SELECT c.previous_token, c.seen_at FROM changed c;
    END IF;

    -- A passage can make others count, or no longer, within the gap on both sides.
    INSERT INTO touched SELECT token, vehicle_key(token), min(seen_at) - gap, max(seen_at) + gap FROM noted GROUP BY token;
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

-- As in 0009, and whether sightings have the tokens that their journeys ask for.
CREATE OR REPLACE FUNCTION check_legs() RETURNS TABLE (what text, missing bigint, surplus bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS afresh (LIKE leg) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS afresh_journey (LIKE journey) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS all_chained (vehicle bigint, camera_id integer, seen_at timestamptz, camera_before integer,
        seen_before timestamptz, journey_at timestamptz, nth integer) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS all_carried (camera_id integer, seen_at timestamptz, passage_id bytea) ON COMMIT DELETE ROWS;
    TRUNCATE all_carried, afresh, afresh_journey, all_chained;
    INSERT INTO all_carried SELECT * FROM carried_passages();
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
                      (SELECT count(*) FROM (SELECT * FROM journey EXCEPT SELECT * FROM afresh_journey) AS d)
    UNION ALL
    SELECT 'token', count(*) FILTER (WHERE a.carried AND NOT b.carried), count(*) FILTER (WHERE b.carried AND NOT a.carried)
    FROM epoch_bridge b CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT FROM all_carried c WHERE (c.camera_id, c.seen_at, c.passage_id) = (b.camera_id, b.seen_at, b.passage_id)) AS carried) AS a;
END $$;

-- As in 0009, with what ties the tokens of two epochs together.
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
    DELETE FROM epoch_bridge b WHERE b.camera_id = place AND b.seen_at >= period_start AND b.seen_at < period_end;
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

CREATE FUNCTION settle_epochs(least_age interval DEFAULT '6 hours') RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    settled integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('gantry.legs')) THEN RETURN 0; END IF;
    -- By when it was stored, too: who stores old passages does it camera by camera. What waits in leg_queue is not judged yet.
    DELETE FROM epoch_bridge WHERE greatest(seen_at, stored_at) <= now() - least_age
        AND stored_at < coalesce((SELECT min(noted) FROM leg_queue), 'infinity');
    GET DIAGNOSTICS settled = ROW_COUNT;
    RETURN settled;
END $$;
REVOKE ALL ON FUNCTION settle_epochs(interval) FROM PUBLIC;
COMMENT ON FUNCTION settle_epochs(interval) IS
    'Forgets which tokens of two epochs are one vehicle, where passages were seen and stored so long ago: how many passages. Their journeys stay as they are; what comes later for the time before an epoch''s end joins no journey after it any more.';

INSERT INTO schema_version (version) VALUES (16);
COMMIT;
