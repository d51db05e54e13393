-- 0005_way: how a vehicle went through the view, and for how long it stood.
-- Why: dwell, speed and turning movements are asked of the past too, and only what is stored can be. Rows from before
-- this have none of it.
BEGIN;

CREATE TYPE edge AS ENUM ('left', 'right', 'top', 'bottom');

ALTER TABLE sighting
    ADD COLUMN course  real CONSTRAINT sighting_course CHECK (course >= 0 AND course < 360),
    ADD COLUMN entered edge,
    ADD COLUMN exited  edge,
    ADD COLUMN stopped real CONSTRAINT sighting_stopped CHECK (stopped >= 0),
    ADD COLUMN parked  real CONSTRAINT sighting_parked CHECK (parked >= 0),
    ADD COLUMN speed   real CONSTRAINT sighting_speed CHECK (speed >= 0);
COMMENT ON COLUMN sighting.course IS 'Compass degrees of travel, 0 north, 90 east; null when it stood or the camera''s heading is unknown.';
COMMENT ON COLUMN sighting.entered IS 'The side of the picture it came over; null when it appeared inside.';
COMMENT ON COLUMN sighting.exited IS 'The side of the picture it went over; null when it vanished inside.';
COMMENT ON COLUMN sighting.stopped IS 'Seconds in which it stood still, in all; null before this was stored.';
COMMENT ON COLUMN sighting.parked IS 'Seconds for which it had stood when it was taken for parked; its departure is a row of its own. Null for all others.';
COMMENT ON COLUMN sighting.speed IS 'Metres a second while it drove; null where the camera is not calibrated or too little was seen.';

INSERT INTO schema_version (version) VALUES (5);
COMMIT;
