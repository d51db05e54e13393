-- 0014_log: audit entries say how many rows a look returned, and are committed over a connection that a session keeps.
-- Why: a log without the number of rows can't tell a look that found a vehicle from one that found none; and a
-- connection per entry costs seven times what an entry over a kept one does. At the end, a person's own request.
BEGIN;

ALTER TABLE audit ADD COLUMN format smallint NOT NULL DEFAULT 1 CONSTRAINT audit_format CHECK (format IN (1, 2));
ALTER TABLE audit ALTER COLUMN format DROP DEFAULT;
ALTER TABLE audit ADD COLUMN returned bigint CONSTRAINT audit_returned CHECK (returned IS NULL OR returned >= 0 AND format >= 2);
COMMENT ON COLUMN audit.format IS 'What the digest covers: 1 the fields from id to parameters, 2 also format and returned. It never falls from one entry to the next.';
COMMENT ON COLUMN audit.returned IS 'Rows that the look returned; null where that does not apply or was not counted.';

CREATE OR REPLACE FUNCTION audit_digest(entry audit) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(entry.previous || convert_to(
        audit_field(entry.id::text) || audit_field(audit_moment(entry.at)) || audit_field(entry.actor) || audit_field(entry.client)
        || audit_field(entry.action) || audit_field(entry.outcome) || audit_field(entry.reason) || audit_field(entry.purpose)
        || audit_field(entry.case_number) || audit_field(entry.parameters::text)
        || CASE WHEN entry.format = 1 THEN '' ELSE audit_field(entry.format::text) || audit_field(entry.returned::text) END, 'UTF8'))
$$;
COMMENT ON FUNCTION audit_digest(audit) IS 'What audit.digest must be: SHA-256 over the previous digest and the fields in the order id to parameters, then, from format 2 on, format and returned.';

DROP FUNCTION audit_append(text, text, text, text, text, text, text, jsonb);
CREATE FUNCTION audit_append(actor text, client text, action text, outcome text, reason text, purpose text, case_number text, parameters jsonb,
                             returned bigint DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    last  audit;
    entry audit;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('gantry.audit'));
    SELECT * INTO last FROM audit ORDER BY id DESC LIMIT 1;
    entry.id := coalesce(last.id, 0) + 1;
    entry.at := clock_timestamp();
    entry.actor := actor;
    entry.client := client;
    entry.action := action;
    entry.outcome := outcome;
    entry.reason := reason;
    entry.purpose := purpose;
    entry.case_number := case_number;
    entry.parameters := parameters;
    entry.format := 2;
    entry.returned := returned;
    entry.previous := coalesce(last.digest, decode(repeat('00', 32), 'hex'));
    entry.digest := audit_digest(entry);
    INSERT INTO audit SELECT entry.*;
    RETURN entry.id;
END $$;
REVOKE ALL ON FUNCTION audit_append(text, text, text, text, text, text, text, jsonb, bigint) FROM PUBLIC;
COMMENT ON FUNCTION audit_append(text, text, text, text, text, text, text, jsonb, bigint) IS
    'Adds an entry within the caller''s transaction, one at a time; its id. For changes of settings, which stand or fall with their entry.';

-- Whoever may call these could speak over the connection that audit_commit holds, as the log's owner, or open one of that
-- name to a server of his own, to which entries would then go.
DO $$
DECLARE
    one  regprocedure;
    open text := 'SELECT EXISTS (SELECT FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault(''f'', p.proowner))) a WHERE p.oid = $1 AND a.grantee = 0)';
    may  boolean;
BEGIN
    FOR one IN SELECT d.objid::regprocedure FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
               WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND e.extname = 'dblink' LOOP
        EXECUTE open INTO may USING one;
        CONTINUE WHEN NOT may;
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one);
        EXECUTE open INTO may USING one;
        IF may THEN
            RAISE EXCEPTION 'anyone may call %, and could write over the audit log''s own connection', one USING ERRCODE = 'GN407',
                HINT = 'Have the owner of the extension dblink take its functions from PUBLIC and grant them to the role that migrates: docs/operations.md has the statement.';
        END IF;
    END LOOP;
END $$;

DROP FUNCTION audit_commit(text, text, text, text, text, jsonb);
CREATE FUNCTION audit_commit(action text, outcome text, reason text, purpose text, case_number text, parameters jsonb, returned bigint DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    address text := coalesce((SELECT audit_conninfo FROM settings), format(
        'host=%L port=%L user=%L dbname=%L application_name=gantry-audit connect_timeout=10 options=''-c lock_timeout=10s''',
        split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_user, current_database()));
    -- Another address is another connection: a change of settings.audit_conninfo holds from the next entry on.
    held    text := 'gantry.audit.' || md5(address);
    client  text := concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), ''));
    append  text := format('SELECT audit_append(%L, %L, %L, %L, %L, %L, %L, %L::jsonb, %L::bigint)',
        session_user, client, action, outcome, reason, purpose, case_number, parameters, returned);
    entry   bigint;
BEGIN
    IF held = ANY (dblink_get_connections()) THEN
        BEGIN
            SELECT id INTO STRICT entry FROM dblink(held, append) AS appended(id bigint);
            RETURN entry;
        EXCEPTION WHEN connection_exception OR admin_shutdown OR crash_shutdown OR idle_session_timeout THEN
            -- It broke since the last entry. Whether this one was written is not known: it is written again, since two
            -- entries of one look do less harm than none.
            PERFORM dblink_disconnect(held);
        END;
    END IF;
    PERFORM dblink_connect(held, address);
    SELECT id INTO STRICT entry FROM dblink(held, append) AS appended(id bigint);
    RETURN entry;
END $$;
REVOKE ALL ON FUNCTION audit_commit(text, text, text, text, text, jsonb, bigint) FROM PUBLIC;
COMMENT ON FUNCTION audit_commit(text, text, text, text, text, jsonb, bigint) IS
    'Adds an entry and commits it over a connection that the session keeps for this, so that no ROLLBACK, savepoint or exception takes it back; its id. Fails when it can''t, and so must its caller.';

-- A person's own request: what is stored of one plate, and its end. Exact tokens alone: a look-alike is somebody else.
CREATE FUNCTION movement.subject_export(tokens bytea[], purpose text, case_number text) RETURNS TABLE (audit_id bigint, passages jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    missing text := nullif(concat_ws(' and ', CASE WHEN coalesce(trim(purpose), '') = '' THEN 'a purpose' END,
                                              CASE WHEN coalesce(trim(case_number), '') = '' THEN 'a case number' END), '');
    asked   jsonb := jsonb_build_object('tokens', (SELECT coalesce(jsonb_agg(encode(t, 'hex')), '[]') FROM unnest(tokens) AS t));
BEGIN
    IF missing IS NOT NULL THEN
        audit_id := audit_commit('subject-export', 'refused', 'without ' || missing, purpose, case_number, asked);
        RAISE EXCEPTION 'a request about one vehicle needs %', missing USING ERRCODE = 'GN403',
            DETAIL = format('The attempt is entry %s of the audit log.', audit_id),
            HINT = 'Give the purpose and the case it is for.';
    END IF;
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'first_seen', audit_moment(s.seen_at), 'last_seen', audit_moment(s.last_seen), 'camera', c.name,
        'longitude', ST_X(p.position), 'latitude', ST_Y(p.position), 'vehicle', s.vehicle, 'direction', s.direction, 'frames', s.frames,
        'token_epoch', s.token_epoch, 'confidence', s.confidence, 'accepted', s.accepted, 'not_accepted', s.not_read, 'votes', s.votes,
        'reads', s.reads, 'passage', encode(s.passage_id, 'hex'), 'sealed_text', encode(s.sealed_text, 'hex'),
        'picture', EXISTS (SELECT FROM crop k WHERE k.camera_id = s.camera_id AND k.seen_at = s.seen_at AND k.passage_id = s.passage_id))
        ORDER BY s.seen_at, c.name, s.passage_id), '[]')
    INTO passages
    FROM sighting s JOIN camera c ON c.id = s.camera_id LEFT JOIN LATERAL (
        SELECT p.position FROM camera_place p WHERE p.camera_id = s.camera_id AND p.valid_from <= s.seen_at ORDER BY p.valid_from DESC LIMIT 1
    ) AS p ON true
    WHERE s.token = ANY (tokens);
    -- With their number, before they leave: without the entry there are no rows.
    audit_id := audit_commit('subject-export', 'granted', NULL, purpose, case_number, asked, jsonb_array_length(passages));
    RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION movement.subject_export(bytea[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION movement.subject_export(bytea[], text, text) IS
    'Subject-request, granted to nobody by itself: all that is stored of the passages with these tokens, one per token epoch, oldest first, as one JSON array; the texts stay sealed. Refused without purpose and case; the entry audit_id is committed first.';

CREATE FUNCTION movement.subject_erase(tokens bytea[], purpose text, case_number text) RETURNS TABLE (audit_id bigint, sightings bigint, pictures bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    missing text := nullif(concat_ws(' and ', CASE WHEN coalesce(trim(purpose), '') = '' THEN 'a purpose' END,
                                              CASE WHEN coalesce(trim(case_number), '') = '' THEN 'a case number' END), '');
    asked   jsonb := jsonb_build_object('tokens', (SELECT coalesce(jsonb_agg(encode(t, 'hex')), '[]') FROM unnest(tokens) AS t));
BEGIN
    IF missing IS NOT NULL THEN
        audit_id := audit_commit('subject-erase', 'refused', 'without ' || missing, purpose, case_number, asked);
        RAISE EXCEPTION 'a request about one vehicle needs %', missing USING ERRCODE = 'GN403',
            DETAIL = format('The attempt is entry %s of the audit log.', audit_id),
            HINT = 'Give the purpose and the case it is for.';
    END IF;
    -- As for a revision: no batch is under way now, and none begins before this transaction ends.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.revision'));
    DELETE FROM crop k USING sighting s
    WHERE s.token = ANY (tokens) AND k.camera_id = s.camera_id AND k.seen_at = s.seen_at AND k.passage_id = s.passage_id;
    GET DIAGNOSTICS pictures = ROW_COUNT;
    -- Made by migration 16.
    DELETE FROM epoch_bridge b WHERE b.token = ANY (tokens) OR b.previous_token = ANY (tokens);
    INSERT INTO leg_queue (token, seen_at) SELECT s.token, s.seen_at FROM sighting s WHERE s.token = ANY (tokens);
    -- The row stays, as of a vehicle that was seen and not read: its key keeps a topic that is read again from bringing the
    -- plate back, and counts of passages stay true.
    UPDATE sighting s SET token = NULL, look_alike = NULL, token_epoch = NULL, sealed_text = NULL, confidence = NULL, votes = NULL,
        reads = NULL, accepted = false, not_read = 'erased'
    WHERE s.token = ANY (tokens);
    GET DIAGNOSTICS sightings = ROW_COUNT;
    audit_id := audit_append(session_user, concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
                             'subject-erase', 'done', NULL, purpose, case_number, asked || jsonb_build_object('sightings', sightings, 'pictures', pictures));
    RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION movement.subject_erase(bytea[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION movement.subject_erase(bytea[], text, text) IS
    'Subject-request, granted to nobody by itself: takes tokens, sealed text and picture away from the passages with these tokens, on the record, in one transaction; how many passages and pictures. The passages stay as of an unread vehicle; journeys and legs follow by leg_queue. Refused without purpose and case.';
COMMENT ON COLUMN sighting.not_read IS 'Reason code when there is no plate or it is not accepted; erased: it was taken away at a person''s request.';

INSERT INTO schema_version (version) VALUES (14);
COMMIT;
