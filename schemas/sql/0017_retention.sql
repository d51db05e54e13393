-- 0017_retention: slots, which may be shorter than a day, and how they end.
-- Why: a retention of minutes needs partitions and keys of minutes. A slot is a stretch of UTC that one data key and one set
-- of partitions cover; this table alone says where slots begin and end, and a sink seals nothing before it has asked. What is
-- closed takes no passage again, whatever is read anew.
BEGIN;

ALTER TABLE settings ADD COLUMN slot_minutes integer NOT NULL DEFAULT 1440
    CONSTRAINT settings_slot_minutes CHECK (slot_minutes IN (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440));
COMMENT ON COLUMN settings.slot_minutes IS 'Minutes of a slot that is made from now on: they divide an hour, or are whole hours and divide a day. Changed by set_slot alone.';
COMMENT ON COLUMN settings.days_max IS 'Slots (days, unless slot_minutes is less) that may hold sightings at once, so that a camera with a wild clock can''t make partitions without end.';

-- Samples of what is sealed would lie in the planner's statistics, and in their file after the partition is gone.
ALTER TABLE sighting ALTER COLUMN sealed_text SET STATISTICS 0;
ALTER TABLE crop ALTER COLUMN sealed SET STATISTICS 0;

CREATE TABLE slot (
    starts     timestamptz CONSTRAINT slot_pkey PRIMARY KEY,
    ends       timestamptz NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now(),
    counts     jsonb,
    dropped_at timestamptz,
    entry      bigint,
    CONSTRAINT slot_length CHECK (ends > starts AND ends <= starts + interval '24 hours')
);
COMMENT ON TABLE slot IS 'Stretches of UTC with partitions and a data key of their own; no two overlap. One that was dropped stays here until its key is destroyed and its certificate written.';
COMMENT ON COLUMN slot.ends IS 'Not part of it.';
COMMENT ON COLUMN slot.counts IS 'Rows by table that it held when it was closed; null before.';
COMMENT ON COLUMN slot.dropped_at IS 'When its partitions were dropped; null while they are there.';
COMMENT ON COLUMN slot.entry IS 'The audit entry that says so.';

INSERT INTO slot (starts, ends)
SELECT d.day AT TIME ZONE 'UTC', d.day AT TIME ZONE 'UTC' + interval '24 hours'
FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp AS day
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'sighting'::regclass) AS d;

CREATE TABLE closed_until (
    one        boolean CONSTRAINT closed_until_pkey PRIMARY KEY DEFAULT true CONSTRAINT closed_until_one_row CHECK (one),
    sightings  timestamptz NOT NULL DEFAULT '-infinity',
    crops      timestamptz NOT NULL DEFAULT '-infinity',
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO closed_until DEFAULT VALUES;
COMMENT ON TABLE closed_until IS 'Up to where retention has closed the past; it only moves forward.';
COMMENT ON COLUMN closed_until.sightings IS 'No slot is made that begins before, and one that ends by then takes no more.';
COMMENT ON COLUMN closed_until.crops IS 'Slots that end by then keep passages without their pictures.';

CREATE FUNCTION note_retention(action text, reason text, parameters jsonb) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT audit_append(session_user::text, concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
                        action, 'done', reason, NULL, NULL, parameters)
$$;
REVOKE ALL ON FUNCTION note_retention(text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION note_retention(text, text, jsonb) IS 'Puts what retention did on record, in the transaction that did it.';

CREATE FUNCTION set_slot(minutes integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before integer := (SELECT slot_minutes FROM settings FOR UPDATE);
BEGIN
    IF before = minutes THEN RETURN; END IF;
    UPDATE settings SET slot_minutes = minutes;
    PERFORM note_retention('set-slot', NULL, jsonb_build_object('before', before, 'after', minutes));
END $$;
REVOKE ALL ON FUNCTION set_slot(integer) FROM PUBLIC;
COMMENT ON FUNCTION set_slot(integer) IS 'Sets the minutes of slots that are made from now on, on the record; those that are there stay as they are.';

-- The date comes last, as in the names of days: whoever takes a partition's day from its last eight characters goes on doing so.
CREATE FUNCTION slot_suffix(starts timestamptz, ends timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT to_char(starts AT TIME ZONE 'UTC', CASE WHEN ends - starts = interval '24 hours' THEN 'YYYYMMDD' ELSE 'HH24MI_YYYYMMDD' END)
$$;
REVOKE ALL ON FUNCTION slot_suffix(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION slot_suffix(timestamptz, timestamptz) IS 'What the names of a slot''s partitions end in: 20260302 for a day, 0730_20260302 for a shorter one.';

CREATE FUNCTION slot_partitions(starts timestamptz, ends timestamptz)
RETURNS TABLE (parent text, child text, low timestamptz, high timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p, p || '_' || slot_suffix(starts, ends), starts, ends FROM unnest(ARRAY['sighting', 'crop', 'journey', 'leg']) AS p
    UNION ALL
    -- A row of coverage is an hour, so its partitions are no shorter.
    SELECT 'coverage', 'coverage_' || slot_suffix(h.low, h.high), h.low, h.high
    FROM (SELECT CASE WHEN ends - starts < interval '1 hour' THEN date_trunc('hour', starts, 'UTC') ELSE starts END,
                 CASE WHEN ends - starts < interval '1 hour' THEN date_trunc('hour', starts, 'UTC') + interval '1 hour' ELSE ends END) AS h(low, high)
$$;
REVOKE ALL ON FUNCTION slot_partitions(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION slot_partitions(timestamptz, timestamptz) IS 'The partitions that a slot needs, with their bounds; slots of less than an hour share one of coverage.';

-- Not CREATE TABLE ... PARTITION OF: that would lock out readers and writers of all other slots.
CREATE FUNCTION ensure_slots(moments timestamptz[])
RETURNS TABLE (moment timestamptz, starts timestamptz, ends timestamptz, crops boolean, code text, reason text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    closed  closed_until;
    part    record;
    asked   timestamptz;
    minutes integer;
    locked  boolean;
BEGIN
    FOR asked IN SELECT DISTINCT m FROM unnest(moments) AS m WHERE m IS NOT NULL ORDER BY m LOOP
        CONTINUE WHEN code IS NULL AND asked < ends;
        moment := asked;
        locked := false;
        LOOP
            starts := NULL; ends := NULL; code := NULL; reason := NULL;
            SELECT * INTO closed FROM closed_until;
            SELECT s.starts, s.ends INTO starts, ends FROM slot s
            WHERE s.starts <= asked AND s.ends > asked AND s.dropped_at IS NULL AND s.ends > closed.sightings;
            crops := ends > closed.crops;
            EXIT WHEN ends IS NOT NULL AND (SELECT bool_and(to_regclass('public.' || p.child) IS NOT NULL)
                FROM slot_partitions(starts, ends) p WHERE crops OR p.parent <> 'crop');
            EXIT WHEN locked;
            PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
            locked := true;
        END LOOP;
        IF ends IS NULL THEN
            SELECT format('%s: the day was closed on %s (%s)', c.day, to_char(c.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), c.reason)
                INTO reason FROM closed_day c WHERE c.day = (asked AT TIME ZONE 'UTC')::date;
            IF reason IS NULL AND asked < closed.sightings THEN
                reason := format('%s: what was seen before %s was closed by retention',
                    to_char(asked AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'), to_char(closed.sightings AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'));
            END IF;
            IF reason IS NOT NULL THEN
                code := 'SNK308';
                RETURN NEXT;
                CONTINUE;
            END IF;
            IF (SELECT count(*) FROM slot s WHERE s.dropped_at IS NULL) >= (SELECT days_max FROM settings) THEN
                code := 'SNK304';
                reason := format('%s: %s slots hold sightings already, and settings.days_max allows no more',
                    to_char(asked AT TIME ZONE 'UTC', 'YYYY-MM-DD'), (SELECT days_max FROM settings));
                RETURN NEXT;
                CONTINUE;
            END IF;
            -- The longest that is allowed and meets neither another slot nor what is closed; a minute always does.
            FOREACH minutes IN ARRAY ARRAY[1440, 720, 480, 360, 240, 180, 120, 60, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1] LOOP
                starts := date_bin(make_interval(mins => minutes), asked, timestamptz '2000-01-01 00:00:00+00');
                ends := starts + make_interval(mins => minutes);
                EXIT WHEN minutes <= (SELECT slot_minutes FROM settings) AND starts >= closed.sightings
                    AND NOT EXISTS (SELECT FROM slot s WHERE s.starts < ends AND s.ends > starts AND s.dropped_at IS NULL);
            END LOOP;
            crops := ends > closed.crops;
            INSERT INTO slot AS s (starts, ends) VALUES (starts, ends)
            ON CONFLICT ON CONSTRAINT slot_pkey DO UPDATE SET ends = excluded.ends, made_at = now(), counts = NULL, dropped_at = NULL, entry = NULL;
        END IF;
        FOR part IN SELECT p.* FROM slot_partitions(starts, ends) p WHERE (crops OR p.parent <> 'crop') AND to_regclass('public.' || p.child) IS NULL LOOP
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS)', part.child, part.parent);
            IF part.parent = 'sighting' THEN
                EXECUTE format('ALTER TABLE public.%I ALTER COLUMN sealed_text SET STATISTICS 0', part.child);
            ELSIF part.parent = 'crop' THEN
                EXECUTE format('ALTER TABLE public.%I ALTER COLUMN sealed SET STATISTICS 0', part.child);
            END IF;
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', part.parent, part.child, part.low, part.high);
        END LOOP;
        RETURN NEXT;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION ensure_slots(timestamptz[]) FROM PUBLIC;
COMMENT ON FUNCTION ensure_slots(timestamptz[]) IS
    'Makes the slots of these moments, with their partitions, where they are missing, with the rights of its owner, so that a sink needs none for DDL. One row a slot, with the first moment in it and whether it keeps pictures; one row for each moment that gets none, with code (SNK304, SNK308) and reason.';

-- As in 0012, for those who think in days.
CREATE OR REPLACE FUNCTION ensure_days(days date[]) RETURNS TABLE (refused date, reason text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT ON (1) (e.moment AT TIME ZONE 'UTC')::date, e.reason
    FROM ensure_slots(ARRAY(
        SELECT d::timestamp AT TIME ZONE 'UTC' + make_interval(mins => n * s.slot_minutes)
        FROM unnest(days) AS d CROSS JOIN settings s CROSS JOIN LATERAL generate_series(0, 1440 / s.slot_minutes - 1) AS n)) e
    WHERE e.code IS NOT NULL ORDER BY 1, e.moment
$$;

CREATE FUNCTION hold_slots(slot_starts timestamptz[], slot_ends timestamptz[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('gantry.revision'));
    -- A statement of its own: one that waited for the lock would still see what was before.
    SELECT u.starts INTO gone FROM unnest(slot_starts, slot_ends) AS u(starts, ends)
        LEFT JOIN slot s ON s.starts = u.starts AND s.ends = u.ends AND s.dropped_at IS NULL AND s.ends > (SELECT c.sightings FROM closed_until c)
    WHERE s.starts IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the slot of % is not what this sink sealed for: it was closed, dropped or made anew', gone USING ERRCODE = 'GN308';
    END IF;
END $$;
REVOKE ALL ON FUNCTION hold_slots(timestamptz[], timestamptz[]) FROM PUBLIC;
COMMENT ON FUNCTION hold_slots(timestamptz[], timestamptz[]) IS
    'Keeps these slots as they are until the transaction ends, and fails (GN308) when one of them is not: so no row is stored whose key covers another stretch than its partition.';

CREATE FUNCTION take_slots(since timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    longest interval;
    gone    record;
BEGIN
    -- No legs are being made, no batch is under way and no partition is being made until this transaction ends.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.legs'));
    PERFORM pg_advisory_xact_lock(hashtext('gantry.revision'));
    PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
    longest := (SELECT longest_journey FROM settings);
    -- Journeys over its edges lose what they had in it. What is left of them is made anew from what is left to see.
    DELETE FROM leg_queue q WHERE q.seen_at >= since AND q.seen_at < until;
    DELETE FROM epoch_bridge b WHERE b.seen_at >= since AND b.seen_at < until;
    INSERT INTO leg_queue (token, seen_at)
    SELECT s.token, s.seen_at
    FROM journey j JOIN sighting s ON vehicle_key(s.token) = j.vehicle AND s.seen_at >= j.started AND s.seen_at <= j.ended
    WHERE j.started >= since - longest AND j.started < until AND j.ended >= since
      AND (j.started < since OR j.ended >= until)
      AND s.seen_at >= since - longest AND s.seen_at < until + longest
      AND (s.seen_at < since OR s.seen_at >= until);
    FOR gone IN SELECT p.child FROM slot s CROSS JOIN LATERAL slot_partitions(s.starts, s.ends) p
                WHERE s.starts >= since AND s.ends <= until AND s.dropped_at IS NULL AND p.low >= since AND p.high <= until LOOP
        EXECUTE format('DROP TABLE IF EXISTS public.%I', gone.child);
    END LOOP;
    UPDATE slot s SET dropped_at = clock_timestamp() WHERE s.starts >= since AND s.ends <= until AND s.dropped_at IS NULL;
    -- Reports of a day that lost a part of it would count what is left. They stay as they were, but for hours that were not over.
    FOR gone IN SELECT (s.starts AT TIME ZONE 'UTC')::date AS day FROM slot s
                WHERE s.starts >= since AND s.ends <= until AND s.ends - s.starts < interval '24 hours' GROUP BY 1 LOOP
        DELETE FROM report_flow f USING report_day r WHERE r.day = gone.day AND f.bucket + interval '1 hour' > r.made_at
            AND f.bucket >= gone.day::timestamp AT TIME ZONE 'UTC' AND f.bucket < (gone.day + 1)::timestamp AT TIME ZONE 'UTC';
        DELETE FROM report_journey j USING report_day r WHERE r.day = gone.day AND j.bucket + interval '1 hour' > r.made_at
            AND j.bucket >= gone.day::timestamp AT TIME ZONE 'UTC' AND j.bucket < (gone.day + 1)::timestamp AT TIME ZONE 'UTC';
        DELETE FROM report_pair p USING report_day r WHERE r.day = gone.day AND r.made_at < (gone.day + 1)::timestamp AT TIME ZONE 'UTC'
            AND p.bucket = gone.day::timestamp AT TIME ZONE 'UTC';
        INSERT INTO report_day AS r (day, made_at) VALUES (gone.day, 'infinity') ON CONFLICT (day) DO UPDATE SET made_at = excluded.made_at;
    END LOOP;
    -- Shares of a day are estimated from all of it.
    DELETE FROM capture c WHERE c.day < (until AT TIME ZONE 'UTC')::date AND c.day >= (since AT TIME ZONE 'UTC')::date;
    DELETE FROM capture_day c WHERE c.day < (until AT TIME ZONE 'UTC')::date AND c.day >= (since AT TIME ZONE 'UTC')::date;
END $$;
REVOKE ALL ON FUNCTION take_slots(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION take_slots(timestamptz, timestamptz) IS 'Drops the partitions of all slots in a stretch, and queues what is left of journeys over its edges. For those below.';

-- As in 0012, for whatever slots the day has.
CREATE OR REPLACE FUNCTION drop_day(day date, reason text DEFAULT 'retention') RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    midnight      timestamptz := day::timestamp AT TIME ZONE 'UTC';
    next_midnight timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
    dropped       bigint;
BEGIN
    IF day IS NULL OR next_midnight > now() THEN
        RAISE EXCEPTION 'only a UTC day that is over can be dropped, not %', coalesce(day::text, 'null') USING ERRCODE = 'GN400';
    END IF;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('gantry.legs'));
        PERFORM pg_advisory_xact_lock(hashtext('gantry.revision'));
        PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
        INSERT INTO closed_day (day, reason) VALUES (drop_day.day, drop_day.reason) ON CONFLICT DO NOTHING;
        SELECT count(*) INTO dropped FROM sighting s WHERE s.seen_at >= midnight AND s.seen_at < next_midnight;
        PERFORM take_slots(midnight, next_midnight);
    EXCEPTION WHEN lock_not_available THEN
        RAISE EXCEPTION 'the day was not dropped: a question or a sink held the tables for ten seconds' USING ERRCODE = '55P03',
            HINT = 'Try again; pg_stat_activity says who is at work.';
    END;
    RETURN dropped;
END $$;

CREATE FUNCTION close_slots(at timestamptz, keep_sightings interval, keep_crops interval) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    length interval := make_interval(mins => (SELECT slot_minutes FROM settings));
BEGIN
    -- So that none is made meanwhile in what is being closed.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
    UPDATE closed_until c SET sightings = n.sightings, crops = n.crops, changed_at = now()
    FROM (SELECT
        -- A slot is due when its first moment is: nothing is kept for longer than it may.
        CASE WHEN keep_sightings IS NULL THEN o.sightings ELSE greatest(o.sightings,
            date_bin(length, at - keep_sightings, timestamptz '2000-01-01 00:00:00+00') + length,
            (SELECT max(s.ends) FROM slot s WHERE s.starts <= at - keep_sightings AND s.ends <= at)) END AS sightings,
        CASE WHEN keep_crops IS NULL THEN o.crops ELSE greatest(o.crops,
            date_bin(length, at - keep_crops, timestamptz '2000-01-01 00:00:00+00') + length,
            (SELECT max(s.ends) FROM slot s WHERE s.starts <= at - keep_crops AND s.ends <= at)) END AS crops
        FROM closed_until o) AS n
    WHERE (n.sightings, n.crops) IS DISTINCT FROM (c.sightings, c.crops);
END $$;
REVOKE ALL ON FUNCTION close_slots(timestamptz, interval, interval) FROM PUBLIC;
COMMENT ON FUNCTION close_slots(timestamptz, interval, interval) IS
    'Closes every slot that is over and began so long before a moment; null leaves that class open. Not smaller than a slot.';

CREATE FUNCTION count_slot(slot_starts timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    part  record;
    held  bigint;
    found jsonb := '{}';
BEGIN
    FOR part IN SELECT p.parent, p.child FROM slot s CROSS JOIN LATERAL slot_partitions(s.starts, s.ends) p
                WHERE s.starts = slot_starts AND p.parent <> 'coverage' LOOP
        held := 0;
        IF to_regclass('public.' || part.child) IS NOT NULL THEN
            EXECUTE format('SELECT count(*) FROM public.%I', part.child) INTO held;
        END IF;
        found := found || jsonb_build_object(part.parent, held);
    END LOOP;
    UPDATE slot s SET counts = found WHERE s.starts = slot_starts;
    RETURN found;
END $$;
REVOKE ALL ON FUNCTION count_slot(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION count_slot(timestamptz) IS
    'Notes how many rows a closed slot holds, without holding anybody up: its sightings and pictures stay as they are once the batches have ended that were let in before.';

-- A drop needs the parents alone for a moment, and whoever asks next waits behind it: so it gives up at once and is tried again.
CREATE FUNCTION drop_slot(slot_starts timestamptz, reason text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
    wanted slot;
    noted  bigint;
BEGIN
    SELECT * INTO wanted FROM slot s WHERE s.starts = slot_starts;
    IF wanted.dropped_at IS NOT NULL THEN RETURN wanted.entry; END IF;
    IF wanted.starts IS NULL OR wanted.ends > (SELECT c.sightings FROM closed_until c) THEN
        RAISE EXCEPTION 'only a slot that was closed can be dropped, not the one of %', coalesce(slot_starts::text, 'null') USING ERRCODE = 'GN400';
    END IF;
    PERFORM take_slots(wanted.starts, wanted.ends);
    noted := note_retention('drop-slot', reason, jsonb_build_object(
        'starts', audit_moment(wanted.starts), 'ends', audit_moment(wanted.ends), 'rows', wanted.counts));
    UPDATE slot s SET entry = noted WHERE s.starts = slot_starts;
    RETURN noted;
END $$;
REVOKE ALL ON FUNCTION drop_slot(timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION drop_slot(timestamptz, text) IS
    'Takes a closed slot away with its sightings, crops, journeys and legs, on the record: the entry. Fails after a fifth of a second (55P03) while a question holds the tables. Safe to repeat.';

CREATE FUNCTION drop_crops(slot_starts timestamptz, reason text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
    wanted slot;
    child  text;
    held   bigint;
BEGIN
    SELECT * INTO wanted FROM slot s WHERE s.starts = slot_starts;
    child := 'crop_' || slot_suffix(wanted.starts, wanted.ends);
    IF wanted.starts IS NULL OR wanted.ends > (SELECT c.crops FROM closed_until c) THEN
        RAISE EXCEPTION 'only pictures of a slot that was closed can be dropped, not those of %', coalesce(slot_starts::text, 'null') USING ERRCODE = 'GN400';
    END IF;
    IF to_regclass('public.' || child) IS NULL THEN RETURN NULL; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('gantry.revision'));
    EXECUTE format('SELECT count(*) FROM public.%I', child) INTO held;
    EXECUTE format('DROP TABLE public.%I', child);
    RETURN note_retention('drop-crops', reason, jsonb_build_object(
        'starts', audit_moment(wanted.starts), 'ends', audit_moment(wanted.ends), 'rows', jsonb_build_object('crop', held)));
END $$;
REVOKE ALL ON FUNCTION drop_crops(timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION drop_crops(timestamptz, text) IS 'Takes the pictures of a slot away and leaves its passages, on the record: the entry, null when there are none any more. Otherwise as drop_slot.';

CREATE FUNCTION drop_rest(at timestamptz, keep_reports interval) RETURNS TABLE (what text, rows bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
    part   record;
    first  constant date := ((at - keep_reports) AT TIME ZONE 'UTC')::date + 1;
    closed constant timestamptz := (SELECT c.sightings FROM closed_until c);
BEGIN
    -- Hours of coverage that slots of minutes shared.
    FOR part IN SELECT c.relname, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz AS high
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'coverage'::regclass LOOP
        CONTINUE WHEN part.high > closed
            OR EXISTS (SELECT FROM slot s WHERE s.dropped_at IS NULL AND s.starts < part.high AND s.ends > part.high - interval '1 hour');
        EXECUTE format('SELECT count(*) FROM public.%I', part.relname) INTO rows;
        EXECUTE format('DROP TABLE public.%I', part.relname);
        what := 'coverage';
        RETURN NEXT;
    END LOOP;
    IF keep_reports IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('gantry.report'));
        DELETE FROM report_flow f WHERE f.bucket < first::timestamp AT TIME ZONE 'UTC';
        GET DIAGNOSTICS rows = ROW_COUNT;
        DELETE FROM report_journey j WHERE j.bucket < first::timestamp AT TIME ZONE 'UTC';
        DELETE FROM report_pair p WHERE p.bucket < first::timestamp AT TIME ZONE 'UTC';
        DELETE FROM capture c WHERE c.day < first;
        -- Where there are sightings still, they must not be counted again.
        DELETE FROM report_day r WHERE r.day < first AND NOT EXISTS (
            SELECT FROM slot s WHERE s.dropped_at IS NULL AND (s.starts AT TIME ZONE 'UTC')::date = r.day);
        UPDATE report_day r SET made_at = 'infinity' WHERE r.day < first AND r.made_at <> 'infinity';
        what := 'reports';
        IF rows > 0 THEN RETURN NEXT; END IF;
    END IF;
END $$;
REVOKE ALL ON FUNCTION drop_rest(timestamptz, interval) FROM PUBLIC;
COMMENT ON FUNCTION drop_rest(timestamptz, interval) IS
    'Takes away what hangs on slots that are gone: hours of coverage, and reports of days that are so old (null: they stay).';

CREATE OR REPLACE FUNCTION forget_reports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Waits for a report that is being made with the k of before.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.report'));
    DELETE FROM report_flow;
    DELETE FROM report_journey;
    DELETE FROM report_pair;
    -- Days that lost a part of their sightings stay as they are: counted again they would be wrong.
    DELETE FROM report_day r WHERE r.made_at <> 'infinity';
    RETURN NULL;
END $$;

INSERT INTO schema_version (version) VALUES (17);
COMMIT;
