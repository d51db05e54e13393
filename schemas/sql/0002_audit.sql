-- 0002_audit: the record of every look at one vehicle.
-- Why: a look must be on record even when its transaction is rolled back, so entries are committed on a connection of
-- their own (dblink) before any row is returned. Each entry holds the digest of the one before: one that is changed or
-- taken out breaks the chain, and `gantry audit verify` computes it again outside this database.
BEGIN;

CREATE EXTENSION IF NOT EXISTS dblink;

CREATE TABLE audit (
    id          bigint CONSTRAINT audit_pkey PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    client      text NOT NULL,
    action      text NOT NULL,
    outcome     text NOT NULL CONSTRAINT audit_outcome CHECK (outcome IN ('granted', 'refused', 'done')),
    reason      text,
    purpose     text,
    case_number text,
    parameters  jsonb NOT NULL,
    previous    bytea NOT NULL CONSTRAINT audit_previous_size CHECK (octet_length(previous) = 32),
    digest      bytea NOT NULL CONSTRAINT audit_digest_size CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE audit IS 'Append-only, without gaps. Changing the schema''s owner''s own entries is what the chain makes visible.';
COMMENT ON COLUMN audit.id IS '1, 2, 3 and so on without a gap.';
COMMENT ON COLUMN audit.actor IS 'The role that logged in (session_user): SET ROLE does not change it.';
COMMENT ON COLUMN audit.client IS 'Address and application name, as the client gave them: a hint, not proof.';
COMMENT ON COLUMN audit.outcome IS 'granted or refused for a look; done for a change of settings.';
COMMENT ON COLUMN audit.parameters IS 'What was asked. A vehicle is named by its tokens, never by its plate.';
COMMENT ON COLUMN audit.previous IS 'The digest of the entry before; 32 zero bytes for the first.';
COMMENT ON COLUMN audit.digest IS 'SHA-256 over previous and the fields, see audit_digest.';

CREATE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NULL THEN '-;' ELSE octet_length(convert_to(value, 'UTF8')) || ':' || value || ';' END
$$;
COMMENT ON FUNCTION audit_field(text) IS 'Length in bytes, colon, text, semicolon; - for null. So no two lists of fields read the same.';

CREATE FUNCTION audit_moment(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
COMMENT ON FUNCTION audit_moment(timestamptz) IS 'RFC 3339 in UTC with microseconds, as it enters the digest.';

CREATE FUNCTION audit_digest(entry audit) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(entry.previous || convert_to(
        audit_field(entry.id::text) || audit_field(audit_moment(entry.at)) || audit_field(entry.actor) || audit_field(entry.client)
        || audit_field(entry.action) || audit_field(entry.outcome) || audit_field(entry.reason) || audit_field(entry.purpose)
        || audit_field(entry.case_number) || audit_field(entry.parameters::text), 'UTF8'))
$$;
COMMENT ON FUNCTION audit_digest(audit) IS 'What audit.digest must be: SHA-256 over the previous digest and the fields in the table''s order.';

CREATE FUNCTION audit_append(actor text, client text, action text, outcome text, reason text, purpose text, case_number text, parameters jsonb)
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
    entry.previous := coalesce(last.digest, decode(repeat('00', 32), 'hex'));
    entry.digest := audit_digest(entry);
    INSERT INTO audit SELECT entry.*;
    RETURN entry.id;
END $$;
REVOKE ALL ON FUNCTION audit_append(text, text, text, text, text, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION audit_append(text, text, text, text, text, text, text, jsonb) IS
    'Adds an entry within the caller''s transaction, one at a time; its id. For changes of settings, which stand or fall with their entry.';

CREATE FUNCTION audit_commit(action text, outcome text, reason text, purpose text, case_number text, parameters jsonb)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    address text := coalesce((SELECT audit_conninfo FROM settings), format(
        'host=%L port=%L user=%L dbname=%L application_name=gantry-audit connect_timeout=10 options=''-c lock_timeout=10s''',
        split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_user, current_database()));
    client  text := concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), ''));
    entry   bigint;
BEGIN
    SELECT id INTO STRICT entry FROM dblink(address, format(
        'SELECT audit_append(%L, %L, %L, %L, %L, %L, %L, %L::jsonb)',
        session_user, client, action, outcome, reason, purpose, case_number, parameters)) AS appended(id bigint);
    RETURN entry;
END $$;
REVOKE ALL ON FUNCTION audit_commit(text, text, text, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION audit_commit(text, text, text, text, text, jsonb) IS
    'Adds an entry on a connection of its own and commits it, so that no ROLLBACK, savepoint or exception takes it back. Fails when it can''t, and so must its caller.';

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit is append-only: % is refused', TG_OP USING ERRCODE = 'GN405';
END $$;
COMMENT ON FUNCTION audit_refuse_change() IS 'Refuses every change of an entry.';
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE FUNCTION set_min_vehicles(k integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before integer := (SELECT min_vehicles FROM settings FOR UPDATE);
BEGIN
    IF before = k THEN RETURN; END IF;
    UPDATE settings SET min_vehicles = k;
    PERFORM audit_append(session_user, concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
                         'set-min-vehicles', 'done', NULL, NULL, NULL, jsonb_build_object('before', before, 'after', k));
END $$;
REVOKE ALL ON FUNCTION set_min_vehicles(integer) FROM PUBLIC;
COMMENT ON FUNCTION set_min_vehicles(integer) IS 'Sets k, on the record. A k below 10 is for synthetic cities and tests.';

INSERT INTO schema_version (version) VALUES (2);
COMMIT;
