-- 0001_store: cameras, sightings by day, sealed crops, and where the sink got to.
-- Why: the sink replays after a crash, so the key makes a second insert a no-op, and its offsets are rows that commit
-- with the sightings. Plates are never here in clear: a keyed token, a second one over look-alikes, and sealed text.
BEGIN;

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE schema_version (
    version    integer CONSTRAINT schema_version_pkey PRIMARY KEY,
    -- The migrator names the file and its SHA-256 in these settings of its session, so that both commit with the change.
    file       text NOT NULL DEFAULT coalesce(nullif(current_setting('gantry.migration_file', true), ''), 'by hand'),
    checksum   text DEFAULT nullif(current_setting('gantry.migration_checksum', true), ''),
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE schema_version IS 'One row per applied migration; the highest version is the schema''s.';
COMMENT ON COLUMN schema_version.checksum IS 'SHA-256 of the file, hexadecimal; null when it was applied by hand.';

CREATE TABLE settings (
    one            boolean CONSTRAINT settings_pkey PRIMARY KEY DEFAULT true CONSTRAINT settings_one_row CHECK (one),
    min_vehicles   integer NOT NULL DEFAULT 10 CONSTRAINT settings_min_vehicles CHECK (min_vehicles >= 1),
    days_max       integer NOT NULL DEFAULT 1100 CONSTRAINT settings_days_max CHECK (days_max >= 1),
    audit_conninfo text
);
INSERT INTO settings DEFAULT VALUES;
COMMENT ON COLUMN settings.min_vehicles IS 'k: aggregates over fewer distinct vehicles are suppressed.';
COMMENT ON COLUMN settings.days_max IS 'Days that may hold sightings at once, so that a camera with a wild clock can''t make partitions without end.';
COMMENT ON COLUMN settings.audit_conninfo IS 'libpq address by which the server reaches this database to commit audit entries; null: its own unix socket.';

CREATE TABLE camera (
    id       integer GENERATED ALWAYS AS IDENTITY CONSTRAINT camera_pkey PRIMARY KEY,
    name     text NOT NULL CONSTRAINT camera_name_key UNIQUE CONSTRAINT camera_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    position geometry(Point, 4326) NOT NULL,
    heading  real CONSTRAINT camera_heading CHECK (heading >= 0 AND heading < 360)
);
COMMENT ON COLUMN camera.name IS 'The camera''s id in the pipeline file.';
COMMENT ON COLUMN camera.position IS 'WGS 84, longitude then latitude, degrees. Here and not on each sighting: a GiST entry per row halves ingest.';
COMMENT ON COLUMN camera.heading IS 'Compass degrees the camera looks towards, 0 north, 90 east; null when unknown.';
CREATE INDEX camera_position ON camera USING gist (position);

CREATE TYPE vehicle_class AS ENUM ('car', 'truck', 'bus', 'motorcycle', 'bicycle');
CREATE TYPE direction AS ENUM ('approaching', 'receding', 'leftward', 'rightward', 'stationary');

CREATE TABLE sighting (
    camera_id   integer NOT NULL CONSTRAINT sighting_camera REFERENCES camera,
    seen_at     timestamptz NOT NULL,
    passage_id  bytea NOT NULL CONSTRAINT sighting_passage_size CHECK (octet_length(passage_id) = 16),
    last_seen   timestamptz NOT NULL,
    vehicle     vehicle_class,
    direction   direction NOT NULL,
    epoch       bigint NOT NULL,
    first_frame bigint NOT NULL,
    last_frame  bigint NOT NULL,
    best_frame  bigint NOT NULL,
    frames      integer NOT NULL CONSTRAINT sighting_frames CHECK (frames >= 1),
    token       bytea CONSTRAINT sighting_token_size CHECK (octet_length(token) = 16),
    look_alike  bytea CONSTRAINT sighting_look_alike_size CHECK (octet_length(look_alike) = 16),
    token_epoch integer,
    sealed_text bytea,
    confidence  real CONSTRAINT sighting_confidence CHECK (confidence BETWEEN 0 AND 1),
    accepted    boolean NOT NULL,
    votes       integer,
    reads       integer,
    not_read    text,
    CONSTRAINT sighting_pkey PRIMARY KEY (camera_id, seen_at, passage_id),
    CONSTRAINT sighting_times CHECK (last_seen >= seen_at),
    CONSTRAINT sighting_plate_whole CHECK (num_nulls(token, look_alike, token_epoch, sealed_text, confidence, votes, reads) IN (0, 7)),
    CONSTRAINT sighting_accepted_read CHECK (NOT accepted OR token IS NOT NULL)
) PARTITION BY RANGE (seen_at);
COMMENT ON TABLE sighting IS 'One row per passage: a vehicle''s whole stay in one camera''s view, read or not. Partitions by UTC day.';
COMMENT ON COLUMN sighting.seen_at IS 'First frame of the passage, by the camera''s clock; nanoseconds are cut to microseconds.';
COMMENT ON COLUMN sighting.passage_id IS 'Digest of camera, epoch, first frame and ordinal: a repeated passage has the same one.';
COMMENT ON COLUMN sighting.last_seen IS 'Last frame in which the vehicle was seen; no closing gap is added.';
COMMENT ON COLUMN sighting.vehicle IS 'Null when only the plate was seen.';
COMMENT ON COLUMN sighting.epoch IS 'The source''s run, as in the messages: 64 bits, here with a sign.';
COMMENT ON COLUMN sighting.first_frame IS 'Decoded frames since the epoch began, from 0.';
COMMENT ON COLUMN sighting.frames IS 'Analysed frames in which the vehicle was seen.';
COMMENT ON COLUMN sighting.token IS 'HMAC-SHA-256 of the text, 16 bytes, under a key outside this database; null: seen, not read.';
COMMENT ON COLUMN sighting.look_alike IS 'As token, under another key, of the text with 0ODQ, 1IL, 8B, 5S and 2Z made equal.';
COMMENT ON COLUMN sighting.token_epoch IS 'The period of the tokens'' keys. Tokens of different periods can''t be compared.';
COMMENT ON COLUMN sighting.sealed_text IS 'The text under AES-256-GCM with the day''s key, bound to passage, camera and day.';
COMMENT ON COLUMN sighting.confidence IS 'That the whole text is right, 0 to 1.';
COMMENT ON COLUMN sighting.accepted IS 'Whether the read is good enough to count; false when there is none.';
COMMENT ON COLUMN sighting.votes IS 'Reads of the passage whose best candidate is the text.';
COMMENT ON COLUMN sighting.reads IS 'Reads of the passage in all.';
COMMENT ON COLUMN sighting.not_read IS 'Reason code when there is no plate or it is not accepted.';
CREATE INDEX sighting_token ON sighting (token, seen_at) INCLUDE (camera_id) WHERE token IS NOT NULL;
CREATE INDEX sighting_look_alike ON sighting (look_alike, seen_at) WHERE look_alike IS NOT NULL;
CREATE INDEX sighting_seen_at ON sighting USING brin (seen_at);

CREATE TABLE crop (
    camera_id  integer NOT NULL,
    seen_at    timestamptz NOT NULL,
    passage_id bytea NOT NULL,
    sealed     bytea NOT NULL,
    CONSTRAINT crop_pkey PRIMARY KEY (camera_id, seen_at, passage_id)
) PARTITION BY RANGE (seen_at);
ALTER TABLE crop ALTER COLUMN sealed SET STORAGE EXTERNAL;  -- sealed bytes don't compress
COMMENT ON TABLE crop IS 'The best picture of a passage, faces blurred, under the day''s key. Keys as in sighting.';

CREATE TABLE sink_offset (
    topic       text NOT NULL,
    partition   integer NOT NULL CONSTRAINT sink_offset_partition CHECK (partition >= 0),
    next_offset bigint NOT NULL CONSTRAINT sink_offset_next CHECK (next_offset >= 0),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sink_offset_pkey PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE sink_offset IS 'The first record of each partition that is not yet in sighting; written with the sightings before it.';

-- Not CREATE TABLE ... PARTITION OF: that would lock out readers and writers of all other days.
CREATE FUNCTION ensure_days(days date[]) RETURNS TABLE (refused date, reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted date;
    parent text;
    child  text;
    most   integer := (SELECT days_max FROM settings);
BEGIN
    FOR wanted IN SELECT DISTINCT d FROM unnest(days) AS d WHERE d IS NOT NULL ORDER BY d LOOP
        CONTINUE WHEN to_regclass(format('public.sighting_%s', to_char(wanted, 'YYYYMMDD'))) IS NOT NULL
                  AND to_regclass(format('public.crop_%s', to_char(wanted, 'YYYYMMDD'))) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtext('gantry.ensure_days'));
        CONTINUE WHEN to_regclass(format('public.sighting_%s', to_char(wanted, 'YYYYMMDD'))) IS NOT NULL
                  AND to_regclass(format('public.crop_%s', to_char(wanted, 'YYYYMMDD'))) IS NOT NULL;
        IF (SELECT count(*) FROM pg_inherits WHERE inhparent = 'sighting'::regclass) >= most THEN
            refused := wanted;
            reason := format('%s days hold sightings already, and settings.days_max allows no more', most);
            RETURN NEXT;
            CONTINUE;
        END IF;
        FOREACH parent IN ARRAY ARRAY['sighting', 'crop'] LOOP
            child := format('%s_%s', parent, to_char(wanted, 'YYYYMMDD'));
            CONTINUE WHEN to_regclass('public.' || child) IS NOT NULL;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS)', child, parent);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, child,
                           wanted::timestamp AT TIME ZONE 'UTC', (wanted + 1)::timestamp AT TIME ZONE 'UTC');
        END LOOP;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION ensure_days(date[]) FROM PUBLIC;
COMMENT ON FUNCTION ensure_days(date[]) IS
    'Makes the partitions of these UTC days where they are missing, with the rights of its owner, so that a sink needs none for DDL. Returns the days it would not make.';

INSERT INTO schema_version (version) VALUES (1);
COMMIT;
