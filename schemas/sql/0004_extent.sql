-- 0004_extent: what a question without a period is about, and below what counts are withheld.
-- Why: `gantry query flows --camera NAME --every 1h` names no day, and analysts have no rights on the tables.
BEGIN;

CREATE FUNCTION movement.extent() RETURNS TABLE (period_start timestamptz, period_end timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT min(d.day)::timestamp AT TIME ZONE 'UTC', (max(d.day) + 1)::timestamp AT TIME ZONE 'UTC'
    FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'sighting'::regclass) AS d
$$;
COMMENT ON FUNCTION movement.extent() IS 'Aggregate: from the first to the end of the last UTC day that sightings are kept of; null when there is none.';

CREATE FUNCTION movement.minimum_vehicles() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT min_vehicles FROM settings
$$;
COMMENT ON FUNCTION movement.minimum_vehicles() IS 'Aggregate: k; counts over fewer distinct vehicles are withheld.';

REVOKE ALL ON FUNCTION movement.extent(), movement.minimum_vehicles() FROM PUBLIC;

INSERT INTO schema_version (version) VALUES (4);
COMMIT;
