-- 0007_revisions: a camera's stretch of time can be replaced as a whole.
-- Why: a better tracker cuts the same video into other passages with other ids, so its passages can't be inserted beside
-- the old ones: they must take their place, at once for whoever asks, and the old ones must not come back when a topic is
-- read again.
BEGIN;

CREATE TABLE revision (
    id        integer GENERATED ALWAYS AS IDENTITY CONSTRAINT revision_pkey PRIMARY KEY,
    camera_id integer NOT NULL CONSTRAINT revision_camera REFERENCES camera,
    period    tstzrange NOT NULL CONSTRAINT revision_period CHECK (NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)),
    source    text NOT NULL,
    actor     text NOT NULL DEFAULT session_user,
    at        timestamptz NOT NULL DEFAULT now(),
    removed   bigint NOT NULL CONSTRAINT revision_removed CHECK (removed >= 0),
    stored    bigint CONSTRAINT revision_stored CHECK (stored >= 0)
);
COMMENT ON TABLE revision IS 'Each time a camera''s passages of a period were replaced. Passages of the live path that begin in a replaced period are refused: the replacement is what counts there.';
COMMENT ON COLUMN revision.period IS 'By sighting.seen_at; the end is not part of it.';
COMMENT ON COLUMN revision.source IS 'What the passages came from, such as the name of a recording.';
COMMENT ON COLUMN revision.removed IS 'Sightings that were there before.';
COMMENT ON COLUMN revision.stored IS 'Sightings that took their place.';
CREATE INDEX revision_place ON revision (camera_id);

ALTER TABLE sighting ADD COLUMN revision integer;
COMMENT ON COLUMN sighting.revision IS 'The revision that stored it; null for what came in the ordinary way.';

CREATE FUNCTION begin_revision(camera text, period_start timestamptz, period_end timestamptz, source text)
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
    WITH gone AS (
        DELETE FROM sighting s WHERE s.camera_id = place AND s.seen_at >= period_start AND s.seen_at < period_end
        RETURNING s.token, s.seen_at, s.accepted
    ), queued AS (
        INSERT INTO leg_queue (token, seen_at) SELECT g.token, g.seen_at FROM gone g WHERE g.accepted
    )
    SELECT count(*) INTO removed FROM gone;
    INSERT INTO revision AS r (camera_id, period, source, removed)
    VALUES (place, tstzrange(period_start, period_end), source, removed) RETURNING r.id INTO revision;
    RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION begin_revision(text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION begin_revision(text, timestamptz, timestamptz, text) IS
    'Takes a camera''s sightings and crops of a period away and notes a revision; the caller inserts what takes their place in the same transaction, with the revision''s number.';

INSERT INTO schema_version (version) VALUES (7);
COMMIT;
