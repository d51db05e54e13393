-- 0015_access: who may look at what, for which purpose, how far back and how often.
-- Why: until now a purpose was any word. A look at one vehicle now needs a configured purpose, a case and a login of one's
-- own; old data needs a second person; sweeping runs into a budget. All of it is asked in one function, authorise, and
-- all grants are made in another, grant_all, which `gantry migrate` calls after the last migration.
BEGIN;

CREATE TABLE purpose (
    name        text CONSTRAINT purpose_pkey PRIMARY KEY CONSTRAINT purpose_name CHECK (name = trim(name) AND char_length(name) BETWEEN 1 AND 100),
    legal_basis text NOT NULL CONSTRAINT purpose_legal_basis CHECK (trim(legal_basis) <> ''),
    audience    text NOT NULL DEFAULT 'gantry_investigator',
    alone       interval NOT NULL CONSTRAINT purpose_alone CHECK (alone >= interval '0'),
    approved    interval NOT NULL,
    user_looks  integer NOT NULL DEFAULT 50 CONSTRAINT purpose_user_looks CHECK (user_looks >= 0),
    case_looks  integer NOT NULL DEFAULT 200 CONSTRAINT purpose_case_looks CHECK (case_looks >= 0),
    user_tokens integer NOT NULL DEFAULT 100 CONSTRAINT purpose_user_tokens CHECK (user_tokens >= 0),
    case_tokens integer NOT NULL DEFAULT 200 CONSTRAINT purpose_case_tokens CHECK (case_tokens >= 0),
    CONSTRAINT purpose_ages CHECK (approved >= alone)
);
COMMENT ON TABLE purpose IS 'What single vehicles may be looked at for. Changed by import_purposes alone, which puts each change on record.';
COMMENT ON COLUMN purpose.legal_basis IS 'The law and article that it rests on.';
COMMENT ON COLUMN purpose.audience IS 'The role whose members may look for it.';
COMMENT ON COLUMN purpose.alone IS 'Tier 1: how old the oldest data may be that a user looks at on their own.';
COMMENT ON COLUMN purpose.approved IS 'Tier 2: how old it may be with the approval of a second person. Nobody looks at what is older.';
COMMENT ON COLUMN purpose.user_looks IS 'Granted looks of one user for it in 24 hours.';
COMMENT ON COLUMN purpose.case_looks IS 'Granted looks of one case in 24 hours, whoever looks.';
COMMENT ON COLUMN purpose.user_tokens IS 'Different tokens that one user may look at for it in 24 hours. A vehicle has one in each token epoch of the period, and another with look-alikes.';
COMMENT ON COLUMN purpose.case_tokens IS 'As user_tokens, of one case, whoever looks.';

ALTER TABLE settings ADD COLUMN refusals_max integer NOT NULL DEFAULT 20 CONSTRAINT settings_refusals_max CHECK (refusals_max >= 1);
ALTER TABLE settings ADD COLUMN approval_lasts interval NOT NULL DEFAULT '7 days'
    CONSTRAINT settings_approval_lasts CHECK (approval_lasts BETWEEN interval '1 minute' AND interval '90 days');
COMMENT ON COLUMN settings.refusals_max IS 'Refused looks in 24 hours, after which a user gets none until some of them are older.';
COMMENT ON COLUMN settings.approval_lasts IS 'How long an approval can be used.';

CREATE TABLE approval (
    request     bigint CONSTRAINT approval_pkey PRIMARY KEY,
    asked_by    text NOT NULL,
    action      text NOT NULL,
    purpose     text NOT NULL,
    case_number text NOT NULL,
    tokens      bytea[] NOT NULL,
    period      tstzrange NOT NULL,
    approved_by text NOT NULL CONSTRAINT approval_second_person CHECK (approved_by <> asked_by),
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason      text NOT NULL CONSTRAINT approval_reason CHECK (trim(reason) <> ''),
    expires_at  timestamptz NOT NULL
);
COMMENT ON TABLE approval IS 'Looks that a second person allowed: for one user, purpose, case, vehicle and period. Written by approve_look alone.';
COMMENT ON COLUMN approval.request IS 'The audit entry of the refusal that asked for it.';
COMMENT ON COLUMN approval.tokens IS 'Of the vehicle, look-alikes too where they were asked for; empty for movement.anomalous.';
COMMENT ON COLUMN approval.period IS 'By sighting.seen_at; the end is not part of it.';
CREATE INDEX approval_asked ON approval (asked_by, expires_at);

CREATE INDEX audit_actor ON audit (actor, at);
CREATE INDEX audit_case ON audit (case_number, at);

CREATE FUNCTION is_no_person(login text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT pg_has_role(login, (SELECT relowner FROM pg_class WHERE oid = 'public.sighting'::regclass), 'MEMBER')
$$;
COMMENT ON FUNCTION is_no_person(text) IS 'Whether a login is a superuser or owns the tables: it could read them without a record, so its looks and approvals would prove nothing.';

CREATE FUNCTION authorise(action text, purpose text, case_number text, tokens bytea[], period_start timestamptz, period_end timestamptz, asked jsonb)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    me       text := session_user;
    since    timestamptz := clock_timestamp() - interval '24 hours';
    rule     purpose%ROWTYPE;
    used     record;
    approval bigint;
    entry    bigint;
    missing  text := nullif(concat_ws(' and ', CASE WHEN coalesce(trim(purpose), '') = '' THEN 'a purpose' END,
                                               CASE WHEN coalesce(trim(case_number), '') = '' THEN 'a case number' END), '');
    -- The reason on record, what is said, what to do, and its SQLSTATE.
    why      text;
    what     text;
    hint     text;
    state    text := 'GN403';
BEGIN
    -- Looks of one user take turns, or two at once would each find the budget unspent.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.look'), hashtext(me));
    SELECT p.* INTO rule FROM purpose p WHERE p.name = trim(authorise.purpose);
    SELECT count(*) FILTER (WHERE a.outcome = 'granted' AND a.actor = me AND a.purpose = rule.name) AS user_looks,
           count(*) FILTER (WHERE a.outcome = 'granted' AND a.case_number = authorise.case_number) AS case_looks,
           count(*) FILTER (WHERE a.outcome = 'refused' AND a.actor = me AND a.reason <> 'too many refused looks') AS refusals
    INTO used FROM audit a WHERE (a.actor = me OR a.case_number = authorise.case_number) AND a.at > since;

    IF missing IS NOT NULL THEN
        why := 'without ' || missing;
        what := 'a look at single vehicles needs ' || missing;
        hint := 'Give the purpose and the case it is for.';
    ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
        -- Its snapshot would hide the looks since it began from the count.
        why := 'transaction isolation';
        what := format('a look can''t be had in a transaction that is %s', current_setting('transaction_isolation'));
        hint := 'Begin the transaction with ISOLATION LEVEL READ COMMITTED.';
    ELSIF is_no_person(me) THEN
        why := 'no person''s login';
        what := format('%s owns the tables or is a superuser, so it is no person''s login', me);
        hint := 'Log in as a member of gantry_investigator: CREATE ROLE name LOGIN IN ROLE gantry_investigator.';
    ELSIF used.refusals >= (SELECT s.refusals_max FROM settings s) THEN
        why := 'too many refused looks';
        what := format('%s had %s refused looks in 24 hours', me, used.refusals);
        hint := 'Wait until some of them are older than a day, and ask a supervisor what is wrong.';
    ELSIF rule.name IS NULL THEN
        why := 'unknown purpose';
        what := 'there is no such purpose';
        hint := 'gantry purposes list shows those there are.';
    ELSIF to_regrole(quote_ident(rule.audience)) IS NULL OR NOT pg_has_role(me, rule.audience, 'MEMBER') THEN
        why := 'not their purpose';
        what := format('the purpose is for members of %s, and %s is none', rule.audience, me);
        hint := 'gantry purposes list shows who may look for what.';
    ELSIF period_start IS NULL OR period_end IS NULL OR NOT isfinite(period_start) OR NOT isfinite(period_end) OR period_end <= period_start THEN
        why := 'no period';
        what := 'the period must end after it starts';
        state := 'GN400';
    ELSIF action = 'anomalous' AND period_end - period_start > interval '1 day' THEN
        why := 'period too long';
        what := 'single vehicles in two places are shown for a day at most';
        hint := 'Ask for a shorter period; movement.anomalies counts them over any.';
    ELSIF cardinality(tokens) > 2 * (extract(epoch FROM period_end - period_start) / 86400 + 3) THEN
        -- A token epoch is whole days, each with a token and one of look-alikes.
        why := 'too many tokens';
        what := format('%s tokens are more than one vehicle has in this period', cardinality(tokens));
        hint := 'Ask for one vehicle at a time.';
    ELSIF period_start < clock_timestamp() - rule.approved THEN
        why := 'too old';
        what := format('for this purpose nobody looks at what is older than %s', rule.approved);
        hint := 'Ask for a later period.';
    ELSIF used.user_looks >= rule.user_looks OR used.case_looks >= rule.case_looks THEN
        why := 'budget of looks';
        what := CASE WHEN used.user_looks >= rule.user_looks THEN format('%s had %s looks for this purpose in 24 hours, which is all', me, used.user_looks)
                     ELSE format('this case had %s looks in 24 hours, which is all', used.case_looks) END;
        hint := 'Wait, or have the purpose''s budget raised.';
    ELSE
        SELECT count(DISTINCT t.token) FILTER (WHERE t.mine) AS user_tokens, count(DISTINCT t.token) FILTER (WHERE t.of_case) AS case_tokens
        INTO used
        FROM (SELECT e.token, a.actor = me AND a.purpose = rule.name AS mine, a.case_number = authorise.case_number AS of_case
              FROM audit a, LATERAL (SELECT jsonb_array_elements_text(a.parameters -> 'tokens')
                                     UNION ALL SELECT jsonb_array_elements_text(a.parameters -> 'look_alikes')) AS e(token)
              WHERE (a.actor = me OR a.case_number = authorise.case_number) AND a.at > since AND a.outcome = 'granted'
              UNION ALL SELECT encode(u.token, 'hex'), true, true FROM unnest(authorise.tokens) AS u(token)) AS t;
        IF used.user_tokens > rule.user_tokens OR used.case_tokens > rule.case_tokens THEN
            why := 'budget of vehicles';
            what := CASE WHEN used.user_tokens > rule.user_tokens THEN format('%s may look at %s tokens for this purpose in 24 hours', me, rule.user_tokens)
                         ELSE format('a case may look at %s tokens in 24 hours', rule.case_tokens) END;
            hint := 'Wait, or have the purpose''s budget raised. A vehicle has a token in each token epoch of the period.';
        ELSIF action = 'anomalous' OR period_start < clock_timestamp() - rule.alone THEN
            SELECT p.request INTO approval FROM approval p
            WHERE p.asked_by = me AND p.purpose = rule.name AND p.case_number = authorise.case_number
                AND p.expires_at > clock_timestamp() AND p.period @> tstzrange(period_start, period_end)
                -- What was traced with an approval may be revealed with it.
                AND CASE WHEN authorise.action = 'reveal' THEN p.action IN ('trace', 'reveal') AND p.tokens && authorise.tokens
                         ELSE p.action = authorise.action AND authorise.tokens <@ p.tokens END
            ORDER BY p.expires_at DESC LIMIT 1;
            IF approval IS NULL THEN
                why := 'needs approval';
                what := CASE WHEN action = 'anomalous' THEN 'a look at many vehicles at once needs the approval of a second person'
                             ELSE format('for this purpose what is older than %s needs the approval of a second person', rule.alone) END;
            END IF;
        END IF;
    END IF;

    IF why IS NULL THEN RETURN approval; END IF;
    entry := audit_commit(action, 'refused', why, purpose, case_number, asked);
    RAISE EXCEPTION '%', what USING ERRCODE = state, DETAIL = format('The attempt is entry %s of the audit log.', entry),
        HINT = coalesce(hint, CASE WHEN why = 'needs approval' THEN
            format('A supervisor runs gantry approve %s --reason TEXT; then ask again, for the same period.', entry) END, 'Give a period that ends after it starts.');
END $$;
COMMENT ON FUNCTION authorise(text, text, text, bytea[], timestamptz, timestamptz, jsonb) IS
    'Whether the login may look: the request of the approval that it rests on, null where it needs none. A refusal is committed to the audit log and raised: GN403, GN400 for a period that is none. What it says follows from the question and the record alone, never from the sightings.';

CREATE TYPE trace_step AS (
    seen_at timestamptz, last_seen timestamptz, camera text, longitude double precision, latitude double precision, vehicle vehicle_class,
    direction direction, confidence real, accepted boolean, exact boolean, passage_id bytea, way_metres double precision, way geometry
);
COMMENT ON TYPE trace_step IS 'A row of movement.trace, held until its audit entry is committed.';

DROP FUNCTION movement.trace(bytea[], bytea[], text, text, timestamptz, timestamptz);
CREATE FUNCTION movement.trace(tokens bytea[], look_alikes bytea[], purpose text, case_number text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (audit_id bigint, seen_at timestamptz, last_seen timestamptz, camera text, longitude double precision, latitude double precision,
               vehicle vehicle_class, direction direction, confidence real, accepted boolean, exact boolean, passage_id bytea,
               way_metres double precision, way geometry)
-- One plan a session: planned anew over all days' partitions, the select took ten times as long as to run.
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    entry    bigint;
    approval bigint;
    found    trace_step[];
    asked    jsonb := jsonb_build_object(
        'tokens', (SELECT coalesce(jsonb_agg(encode(t, 'hex')), '[]') FROM unnest(tokens) AS t),
        'look_alikes', (SELECT coalesce(jsonb_agg(encode(t, 'hex')), '[]') FROM unnest(look_alikes) AS t),
        'from', audit_moment(period_start), 'to', audit_moment(period_end));
BEGIN
    approval := authorise('trace', purpose, case_number, tokens || look_alikes, period_start, period_end, asked);
    BEGIN
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
        SELECT coalesce(array_agg(ROW(s.seen_at, s.last_seen, s.name, ST_X(s.position), ST_Y(s.position), s.vehicle, s.direction,
               s.confidence, s.accepted, coalesce(s.token = ANY (tokens), false), s.passage_id, p.metres, p.path)::trace_step
               ORDER BY s.seen_at, s.name), '{}') INTO found
        -- Who was unseen for longer than a journey allows may have been anywhere; ways are known between cameras' last places.
        FROM seen s LEFT JOIN camera_path p ON p.from_camera = s.camera_before AND p.to_camera = s.camera_id AND s.last AND s.last_before
            AND s.seen_at - s.seen_before <= (SELECT journey_gap FROM settings);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        -- Or a time limit would be a look that leaves no entry: whether it is reached tells whether there is anything.
        PERFORM audit_commit('trace', 'refused', 'broken off: ' || SQLSTATE, purpose, case_number, asked);
        RAISE;
    END;
    entry := audit_commit('trace', 'granted', NULL, purpose, case_number, asked || jsonb_strip_nulls(jsonb_build_object('approval', approval)),
                          cardinality(found));
    RETURN QUERY SELECT entry, f.* FROM unnest(found) AS f;
END $$;
COMMENT ON FUNCTION movement.trace(bytea[], bytea[], text, text, timestamptz, timestamptz) IS
    'Per-vehicle: where and when one vehicle was seen, by its exact tokens (one per token epoch) and by those of look-alike texts; either list may be empty. At most 10,000 rows, oldest first. way is the quickest along roads from the row before, null where that is longer ago than settings.journey_gap, or no way is known, as where a camera has moved since. Refused unless authorise allows it; the entry audit_id, with the number of rows, is committed before the first of them.';

CREATE TYPE anomaly AS (
    from_camera text, from_seen_at timestamptz, from_passage_id bytea, to_camera text, to_seen_at timestamptz, to_passage_id bytea,
    metres double precision, seconds double precision, kmh double precision
);
COMMENT ON TYPE anomaly IS 'A row of movement.anomalous, held until its audit entry is committed.';

DROP FUNCTION movement.anomalous(text, text, timestamptz, timestamptz, double precision, integer);
CREATE FUNCTION movement.anomalous(purpose text, case_number text, period_start timestamptz, period_end timestamptz,
                                   fastest_kmh double precision DEFAULT 200, most integer DEFAULT 100)
RETURNS TABLE (audit_id bigint, from_camera text, from_seen_at timestamptz, from_passage_id bytea,
               to_camera text, to_seen_at timestamptz, to_passage_id bytea,
               metres double precision, seconds double precision, kmh double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    entry    bigint;
    approval bigint;
    found    anomaly[];
    asked    jsonb := jsonb_build_object('fastest_kmh', fastest_kmh::text, 'most', most,
                                         'from', audit_moment(period_start), 'to', audit_moment(period_end));
BEGIN
    approval := authorise('anomalous', purpose, case_number, '{}', period_start, period_end, asked);
    BEGIN
        PERFORM movement.check_fastest(fastest_kmh);
        PERFORM movement.check_most(most);
        WITH worst AS (
            SELECT i.* FROM impossible_legs(period_start, period_end, fastest_kmh) AS i
            ORDER BY i.kmh DESC, i.departed, i.vehicle LIMIT least(most, 100)
        )
        SELECT coalesce(array_agg(ROW(a.name, w.departed, f.passage_id, b.name, w.arrived, t.passage_id, w.metres, w.seconds, w.kmh)::anomaly
               ORDER BY w.kmh DESC, w.departed, w.vehicle), '{}') INTO found
        FROM worst w JOIN camera a ON a.id = w.from_camera JOIN camera b ON b.id = w.to_camera, LATERAL (
            -- Legs are counted by the first eight bytes of a token. Should one vehicle have two passages at one camera and
            -- moment, the leg is between the later and the earlier of them by passage_id.
            SELECT s.passage_id FROM sighting s
            WHERE s.camera_id = w.from_camera AND s.seen_at = w.departed AND s.accepted AND vehicle_key(s.token) = w.vehicle
              AND s.seen_at >= period_start AND s.seen_at < period_end
            ORDER BY s.passage_id DESC LIMIT 1
        ) AS f, LATERAL (
            SELECT s.passage_id FROM sighting s
            WHERE s.camera_id = w.to_camera AND s.seen_at = w.arrived AND s.accepted AND vehicle_key(s.token) = w.vehicle
            ORDER BY s.passage_id LIMIT 1
        ) AS t;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        PERFORM audit_commit('anomalous', 'refused', 'broken off: ' || SQLSTATE, purpose, case_number, asked);
        RAISE;
    END;
    entry := audit_commit('anomalous', 'granted', NULL, purpose, case_number, asked || jsonb_strip_nulls(jsonb_build_object('approval', approval)),
                          cardinality(found));
    RETURN QUERY SELECT entry, f.* FROM unnest(found) AS f;
END $$;
COMMENT ON FUNCTION movement.anomalous(text, text, timestamptz, timestamptz, double precision, integer) IS
    'Per-vehicle: the legs that movement.anomalies counts, fastest first, with both passages, which movement.reveal opens one by one. A day at most, 100 rows at most. Many vehicles at once, so always with the approval of a second person. Refused unless authorise allows it; the entry audit_id is committed before the first row.';

CREATE FUNCTION movement.reveal(passage_id bytea, seen_at timestamptz, purpose text, case_number text, with_crop boolean DEFAULT false)
RETURNS TABLE (audit_id bigint, camera text, sealed_text bytea, sealed_crop bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    entry    bigint;
    approval bigint;
    kept     record;
    asked    jsonb;
BEGIN
    -- Before the question whether it is allowed, which depends on the vehicle; what is not there has no tokens.
    SELECT c.name, s.sealed_text, s.token, s.look_alike, p.sealed INTO kept
    FROM sighting s JOIN camera c ON c.id = s.camera_id
        LEFT JOIN crop p ON with_crop AND p.camera_id = s.camera_id AND p.seen_at = s.seen_at AND p.passage_id = s.passage_id
    WHERE s.seen_at = reveal.seen_at AND s.passage_id = reveal.passage_id LIMIT 1;
    asked := jsonb_build_object(
        'passage', encode(passage_id, 'hex'), 'crop', with_crop, 'tokens', to_jsonb(array_remove(ARRAY[encode(kept.token, 'hex')], NULL)),
        'look_alikes', to_jsonb(array_remove(ARRAY[encode(kept.look_alike, 'hex')], NULL)),
        'from', audit_moment(seen_at), 'to', audit_moment(seen_at + interval '1 microsecond'));
    -- What is not there, or was not read, counts as a vehicle of its own, or the budget would tell.
    approval := authorise('reveal', purpose, case_number, ARRAY[coalesce(kept.token, passage_id), coalesce(kept.look_alike, passage_id || '\x00')],
                          seen_at, seen_at + interval '1 microsecond', asked);
    entry := audit_commit('reveal', 'granted', NULL, purpose, case_number, asked || jsonb_strip_nulls(jsonb_build_object('approval', approval)),
                          (kept.name IS NOT NULL)::integer);
    RETURN QUERY SELECT entry, kept.name, kept.sealed_text, kept.sealed WHERE kept.name IS NOT NULL;
END $$;
COMMENT ON FUNCTION movement.reveal(bytea, timestamptz, text, text, boolean) IS
    'Per-vehicle: the sealed text of one passage, and its sealed crop when asked for, which the keys outside this database open. seen_at is the passage''s own. Refused unless authorise allows it; the entry audit_id is committed before the row. No row: there is no such passage, or it was not read and has no crop.';

CREATE FUNCTION looks_to_approve()
RETURNS TABLE (request bigint, at timestamptz, asked_by text, action text, purpose text, legal_basis text, case_number text,
               period_start timestamptz, period_end timestamptz, tokens integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a.id, a.at, a.actor, a.action, a.purpose, p.legal_basis, a.case_number, (a.parameters ->> 'from')::timestamptz, (a.parameters ->> 'to')::timestamptz,
           coalesce(jsonb_array_length(a.parameters -> 'tokens'), 0)
    FROM audit a LEFT JOIN purpose p ON p.name = trim(a.purpose)
    WHERE a.outcome = 'refused' AND a.reason = 'needs approval' AND a.at > clock_timestamp() - interval '30 days'
        AND NOT EXISTS (SELECT FROM approval v WHERE v.request = a.id)
    ORDER BY a.id
$$;
COMMENT ON FUNCTION looks_to_approve() IS 'Refused looks of the last 30 days that wait for a second person, oldest first. tokens says how many, not which.';

CREATE FUNCTION approve_look(request bigint, reason text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    me      text := session_user;
    look    audit%ROWTYPE;
    expires timestamptz;
    entry   bigint;
    why     text;
    about   jsonb := jsonb_build_object('request', request);
BEGIN
    SELECT a.* INTO look FROM audit a WHERE a.id = approve_look.request AND a.outcome = 'refused' AND a.reason = 'needs approval';
    IF look.id IS NULL THEN
        RAISE EXCEPTION 'entry % is no look that waits for approval', coalesce(request::text, 'null') USING ERRCODE = 'GN400', HINT = 'gantry requests lists those that do';
    ELSIF coalesce(trim(reason), '') = '' THEN
        RAISE EXCEPTION 'an approval needs a reason' USING ERRCODE = 'GN400', HINT = 'give --reason';
    ELSIF EXISTS (SELECT FROM approval v WHERE v.request = approve_look.request) THEN
        RAISE EXCEPTION 'request % was approved before', request USING ERRCODE = 'GN400', HINT = 'an approval that has expired is asked for again by another look';
    END IF;
    why := CASE WHEN is_no_person(me) THEN 'no person''s login' WHEN me = look.actor THEN 'own request' END;
    IF why IS NOT NULL THEN
        entry := audit_commit('approve', 'refused', why, look.purpose, look.case_number, about);
        RAISE EXCEPTION '% can''t approve this look', me USING ERRCODE = 'GN403', DETAIL = format('The attempt is entry %s of the audit log.', entry),
            HINT = 'Another person has to, with a login of their own that is a member of gantry_supervisor.';
    END IF;
    expires := clock_timestamp() + (SELECT s.approval_lasts FROM settings s);
    INSERT INTO approval (request, asked_by, action, purpose, case_number, tokens, period, approved_by, reason, expires_at)
    SELECT look.id, look.actor, look.action, trim(look.purpose), look.case_number,
           (SELECT coalesce(array_agg(decode(t, 'hex')), '{}') FROM (
               SELECT jsonb_array_elements_text(look.parameters -> 'tokens') UNION ALL SELECT jsonb_array_elements_text(look.parameters -> 'look_alikes')) AS e(t)),
           tstzrange((look.parameters ->> 'from')::timestamptz, (look.parameters ->> 'to')::timestamptz), me, reason, expires;
    PERFORM audit_append(me, concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
                         'approve', 'done', reason, look.purpose, look.case_number, about || jsonb_build_object('asked_by', look.actor, 'expires', audit_moment(expires)));
    RETURN expires;
END $$;
COMMENT ON FUNCTION approve_look(bigint, text) IS
    'Allows the look that was refused with this audit entry, as a second person, on the record: until when it can be used. For the same user, purpose, case, vehicle and period alone. GN403 for one''s own request; GN400 for what waits for none.';

CREATE FUNCTION import_purposes(wanted jsonb) RETURNS TABLE (name text, change text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    strange text;
    change  record;
BEGIN
    IF jsonb_typeof(wanted) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'purposes are a list' USING ERRCODE = 'GN400';
    END IF;
    SELECT string_agg(DISTINCT k, ', ') INTO strange FROM jsonb_array_elements(wanted) AS e, jsonb_object_keys(e) AS k
    WHERE k NOT IN ('name', 'legal_basis', 'audience', 'alone', 'approved', 'user_looks', 'case_looks', 'user_tokens', 'case_tokens');
    IF strange IS NOT NULL THEN RAISE EXCEPTION 'a purpose has no %', strange USING ERRCODE = 'GN400'; END IF;
    SELECT string_agg(DISTINCT k, ', ') INTO strange FROM jsonb_array_elements(wanted) AS e, unnest(ARRAY['name', 'legal_basis', 'alone', 'approved']) AS k
    WHERE e ->> k IS NULL;
    IF strange IS NOT NULL THEN RAISE EXCEPTION 'a purpose lacks %', strange USING ERRCODE = 'GN400'; END IF;
    IF (SELECT count(*) <> count(DISTINCT e ->> 'name') FROM jsonb_array_elements(wanted) AS e) THEN
        RAISE EXCEPTION 'two purposes have one name' USING ERRCODE = 'GN400';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('gantry.purposes'));
    FOR change IN
        WITH given AS (
            SELECT e ->> 'name' AS name, e ->> 'legal_basis' AS legal_basis, coalesce(e ->> 'audience', 'gantry_investigator') AS audience,
                   (e ->> 'alone')::interval AS alone, (e ->> 'approved')::interval AS approved,
                   coalesce((e ->> 'user_looks')::integer, 50) AS user_looks, coalesce((e ->> 'case_looks')::integer, 200) AS case_looks,
                   coalesce((e ->> 'user_tokens')::integer, 100) AS user_tokens, coalesce((e ->> 'case_tokens')::integer, 200) AS case_tokens
            FROM jsonb_array_elements(wanted) AS e
        )
        SELECT coalesce(g.name, p.name) AS name, to_jsonb(p) AS before, to_jsonb(g) AS after
        FROM given g FULL JOIN purpose p ON p.name = g.name WHERE to_jsonb(p) IS DISTINCT FROM to_jsonb(g) ORDER BY 1
    LOOP
        DELETE FROM purpose p WHERE p.name = change.name;
        INSERT INTO purpose SELECT (jsonb_populate_record(NULL::purpose, change.after)).* WHERE change.after IS NOT NULL;
        PERFORM audit_append(session_user, concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
                             'purpose', 'done', NULL, change.name, NULL, jsonb_build_object('before', change.before, 'after', change.after));
        import_purposes.name := change.name;
        import_purposes.change := CASE WHEN change.before IS NULL THEN 'new' WHEN change.after IS NULL THEN 'removed' ELSE 'changed' END;
        RETURN NEXT;
    END LOOP;
EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION 'a purpose is not possible: %', SQLERRM USING ERRCODE = 'GN400', HINT = 'names are 1 to 100 characters, ages and budgets are not negative, and approved is as long as alone at least';
END $$;
COMMENT ON FUNCTION import_purposes(jsonb) IS
    'Makes the purposes those of this list of objects with the columns'' names, each change on the record: what changed, by name. GN400 for a list that is none. The owner''s alone.';

-- As the sink's own, it could be made a trap for functions that run with the owner's rights; so nobody else makes temporary tables.
CREATE FUNCTION open_stage() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    CREATE TEMPORARY TABLE sink_stage (LIKE sighting, sealed_crop bytea, previous_token bytea, previous_look_alike bytea) ON COMMIT DELETE ROWS;
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON pg_temp.sink_stage TO %I', session_user);
END $$;
COMMENT ON FUNCTION open_stage() IS 'Makes the temporary table sink_stage, over which repeats enter sighting, for this session.';

CREATE FUNCTION grant_all() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    roles text[] := ARRAY['gantry_ingest', 'gantry_analyst', 'gantry_investigator', 'gantry_supervisor', 'gantry_auditor', 'gantry_keeper'];
    named text;
    place record;
    held  text;
BEGIN
    -- Roles belong to the cluster: another database's migration may have made one, or be making it now.
    FOREACH named IN ARRAY roles LOOP
        BEGIN
            IF to_regrole(named) IS NULL THEN EXECUTE format('CREATE ROLE %I NOLOGIN', named); END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RETURN NEXT format('CREATE ROLE %I NOLOGIN;', named);
        END;
    END LOOP;
    SELECT array_agg(r) INTO roles FROM unnest(roles) AS r WHERE to_regrole(r) IS NOT NULL;
    -- A trace is shown with what analysts ask too: the days there are, where cameras stood, when they were watched.
    IF roles @> ARRAY['gantry_analyst', 'gantry_investigator'] AND NOT pg_has_role('gantry_investigator', 'gantry_analyst', 'MEMBER') THEN
        BEGIN
            GRANT gantry_analyst TO gantry_investigator;
        EXCEPTION
            WHEN unique_violation OR internal_error THEN NULL;
            WHEN insufficient_privilege THEN RETURN NEXT 'GRANT gantry_analyst TO gantry_investigator;';
        END;
    END IF;
    held := (SELECT concat_ws(', ', 'PUBLIC', string_agg(quote_ident(r), ', ')) FROM unnest(roles) AS r);

    FOR place IN
        SELECT p.oid::regprocedure AS signature, n.nspname AS space, p.proname AS name, substring(obj_description(p.oid, 'pg_proc') FROM '^[A-Za-z-]+') AS kind
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname IN ('public', 'movement', 'exact') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', place.signature, held);
        FOR named IN
            SELECT g.role FROM (
                SELECT CASE place.kind WHEN 'Aggregate' THEN 'gantry_analyst' WHEN 'Per-vehicle' THEN 'gantry_investigator' END AS role WHERE place.space = 'movement'
                UNION ALL
                SELECT role FROM (VALUES
                    ('gantry_ingest', ARRAY['ensure_slots', 'hold_slots', 'open_stage', 'store_coverage', 'clear_coverage', 'begin_revision', 'advance_legs',
                                            'estimate_capture', 'make_report', 'snap_cameras', 'advance_paths', 'settle_epochs', 'record_destruction']),
                    ('gantry_analyst', ARRAY['audit_moment']),
                    ('gantry_supervisor', ARRAY['audit_moment', 'looks_to_approve', 'approve_look']),
                    ('gantry_auditor', ARRAY['audit_moment', 'audit_field', 'audit_digest']),
                    ('gantry_keeper', ARRAY['ensure_days', 'drop_day', 'advance_legs', 'rebuild_legs', 'check_legs',
                                            'estimate_capture', 'make_report', 'set_slot', 'close_slots', 'count_slot', 'drop_slot', 'drop_crops',
                                            'drop_rest', 'note_retention', 'slot_suffix', 'settle_epochs', 'audit_moment',
                                            'record_destruction', 'destroyed_keys', 'days_with_text'])) AS l(role, names)
                WHERE place.space = 'public' AND place.name = ANY (l.names)) AS g
            WHERE g.role = ANY (roles)
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', place.signature, named);
        END LOOP;
    END LOOP;

    FOR place IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace IN ('public'::regnamespace, 'movement'::regnamespace, 'city'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
            AND (c.relacl IS NOT NULL OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL))
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', place.name, held);
    END LOOP;
    FOR place IN
        SELECT g.role, g.privileges, t.name AS tables FROM (VALUES
            ('gantry_ingest', 'SELECT', 'schema_version, camera_stay, sink_offset, closed_day, revision, road_edge'),
            ('gantry_ingest', 'SELECT (id, name), INSERT (name, position, heading)', 'camera'),
            -- Keys alone: which were stored. No token, so that a sink's login is of no use to who wants to follow a vehicle.
            ('gantry_ingest', 'INSERT, SELECT (camera_id, seen_at, passage_id)', 'sighting'),
            ('gantry_ingest', 'INSERT', 'crop, leg_queue'),
            ('gantry_ingest', 'INSERT', 'epoch_bridge'),
            ('gantry_ingest', 'INSERT, UPDATE', 'sink_offset'),
            ('gantry_ingest', 'UPDATE (stored)', 'revision'),
            ('gantry_analyst', 'SELECT', 'schema_version'),
            ('gantry_investigator', 'SELECT', 'purpose'),
            ('gantry_supervisor', 'SELECT', 'schema_version, purpose'),
            ('gantry_auditor', 'SELECT', 'schema_version, audit, purpose, approval'),
            -- Not audit_conninfo, which may hold a password.
            ('gantry_auditor', 'SELECT (min_vehicles, days_max, journey_gap, refusals_max, approval_lasts)', 'settings'),
            ('gantry_keeper', 'SELECT', 'schema_version, closed_until'),
            ('gantry_keeper', 'SELECT, DELETE', 'slot')) AS g(role, privileges, tables), regexp_split_to_table(g.tables, ', ') AS t(name)
        -- Later migrations make some of them, and have the grants made anew.
        WHERE g.role = ANY (roles) AND to_regclass('public.' || t.name) IS NOT NULL
    LOOP
        EXECUTE format('GRANT %s ON %s TO %I', place.privileges, place.tables, place.role);
    END LOOP;
    IF 'gantry_analyst' = ANY (roles) THEN
        GRANT USAGE ON SCHEMA movement, city TO gantry_analyst;
        GRANT SELECT ON ALL TABLES IN SCHEMA city TO gantry_analyst;
    END IF;

    -- A session's own objects must not stand in for ours where a function runs with the owner's rights.
    IF EXISTS (SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
               WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY') THEN
        named := format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC; GRANT TEMPORARY ON DATABASE %I TO %I;', current_database(), current_database(), current_user);
        IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN EXECUTE named; ELSE RETURN NEXT named; END IF;
    END IF;
    IF EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) AS a WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE') THEN
        named := 'REVOKE CREATE ON SCHEMA public FROM PUBLIC;';
        IF pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN EXECUTE named; ELSE RETURN NEXT named; END IF;
    END IF;
    -- How many rows a question read would tell the counts that it withholds.
    FOR place IN
        SELECT p.oid::regprocedure AS signature, pg_has_role(p.proowner, 'USAGE') AS ours
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND a.grantee = 0
            AND p.proname ~ '^pg_stat_get_(xact_)?(numscans|tuples_|live_tuples|dead_tuples|mod_since|ins_since|blocks_)'
    LOOP
        named := format('REVOKE ALL ON FUNCTION %s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %s TO pg_monitor;', place.signature, place.signature);
        IF place.ours THEN EXECUTE named; ELSE RETURN NEXT named; END IF;
    END LOOP;
    -- A session holds a connection of the owner's for its audit entries. Through dblink it would be everybody's.
    FOR place IN
        SELECT p.oid::regprocedure AS signature, pg_has_role(p.proowner, 'USAGE') AS ours
        FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
            JOIN pg_extension e ON e.oid = d.refobjid
        WHERE e.extname = 'dblink' AND (has_function_privilege('public', p.oid, 'EXECUTE') OR p.proname <> 'dblink_connect_u' AND NOT has_function_privilege(p.oid, 'EXECUTE'))
    LOOP
        named := format('REVOKE ALL ON FUNCTION %s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %s TO %I;', place.signature, place.signature, current_user);
        IF place.ours THEN EXECUTE named; ELSE RETURN NEXT named; END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION grant_all() IS
    'Makes the roles where it may, and gives each what it needs and no more: functions of schema movement by the first word of their comment. To be called after each migration; repeating it changes nothing. Returns the statements that take more rights than its caller has.';
DO $$ BEGIN PERFORM grant_all(); END $$;

-- Should somebody grant more than they meant to, whole tables of movements show no row all the same. Not sighting, crop and
-- leg_queue: COPY refuses to enter where policies hold.
ALTER TABLE journey ENABLE ROW LEVEL SECURITY;
ALTER TABLE leg ENABLE ROW LEVEL SECURITY;

INSERT INTO schema_version (version) VALUES (15);
COMMIT;
