-- 0014_keys: what the database knows of keys: which were destroyed, and which days need one.
-- Why: a key can be destroyed while the database is away. The key folder notes it down, and whoever connects next carries
-- it into the audit log, once.
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

INSERT INTO schema_version (version) VALUES (14);
COMMIT;
