-- 0010_roads: the roads under the cameras, and the ways between cameras along them.
-- Why: over the straight line speeds are lower bounds, and what flows between two cameras lies on no street. Ways are found
-- once for each pair of cameras that a leg joins: pairs are thousands, legs are millions. What asks for them, and
-- snap_cameras, rests on where cameras stood when, and is in 0012.
BEGIN;

CREATE EXTENSION IF NOT EXISTS pgrouting;

-- No foreign keys between these: they are replaced as a whole, in one transaction, from edges that have both ends.
CREATE TABLE road_node (
    id       bigint CONSTRAINT road_node_pkey PRIMARY KEY CONSTRAINT road_node_id CHECK (id > 0),
    position geometry(Point, 4326) NOT NULL
);
COMMENT ON TABLE road_node IS 'Where roads meet or end. Replaced as a whole by each import.';
COMMENT ON COLUMN road_node.position IS 'WGS 84, longitude then latitude, degrees.';

CREATE TABLE road_edge (
    id              bigint CONSTRAINT road_edge_pkey PRIMARY KEY CONSTRAINT road_edge_id CHECK (id > 0),
    origin          bigint,
    source          bigint NOT NULL,
    target          bigint NOT NULL,
    path            geometry(LineString, 4326) NOT NULL,
    metres          double precision NOT NULL CONSTRAINT road_edge_metres CHECK (metres > 0),
    kmh             double precision NOT NULL CONSTRAINT road_edge_kmh CHECK (kmh > 0),
    seconds_forward double precision CONSTRAINT road_edge_forward CHECK (seconds_forward >= 0),
    seconds_back    double precision CONSTRAINT road_edge_back CHECK (seconds_back >= 0),
    CONSTRAINT road_edge_drivable CHECK (num_nonnulls(seconds_forward, seconds_back) > 0)
);
CREATE INDEX road_edge_path ON road_edge USING gist (path);
COMMENT ON TABLE road_edge IS 'A stretch of road between two nodes. A road with two carriageways has an edge for each.';
COMMENT ON COLUMN road_edge.origin IS 'Its number in the imported file: the OpenStreetMap way, or the id of the GeoJSON feature.';
COMMENT ON COLUMN road_edge.path IS 'From source to target; WGS 84, longitude then latitude, degrees.';
COMMENT ON COLUMN road_edge.metres IS 'Along the carriageway.';
COMMENT ON COLUMN road_edge.kmh IS 'Speed that is allowed, the higher one where both directions differ.';
COMMENT ON COLUMN road_edge.seconds_forward IS 'From source to target at the allowed speed; null: not allowed.';
COMMENT ON COLUMN road_edge.seconds_back IS 'From target to source at the allowed speed; null: not allowed.';

CREATE TABLE camera_snap (
    camera_id integer CONSTRAINT camera_snap_pkey PRIMARY KEY CONSTRAINT camera_snap_camera REFERENCES camera,
    position  geometry(Point, 4326) NOT NULL,
    heading   real,
    looked    integer NOT NULL
);
COMMENT ON TABLE camera_snap IS 'What each camera''s edges in camera_road were chosen by: who differs from it is due again.';
COMMENT ON COLUMN camera_snap.looked IS 'Sightings whose course was known, 100 at most.';

CREATE TABLE camera_road (
    camera_id integer NOT NULL CONSTRAINT camera_road_camera REFERENCES camera,
    edge      bigint NOT NULL,
    against   boolean NOT NULL,
    fraction  double precision NOT NULL CONSTRAINT camera_road_fraction CHECK (fraction BETWEEN 0 AND 1),
    metres    double precision NOT NULL CONSTRAINT camera_road_metres CHECK (metres BETWEEN 0 AND 100),
    CONSTRAINT camera_road_pkey PRIMARY KEY (camera_id, edge, against)
);
COMMENT ON TABLE camera_road IS 'The edges that a camera watches, a row for each direction of travel. A camera without a row is over 100 m away from any road.';
COMMENT ON COLUMN camera_road.edge IS 'road_edge.id.';
COMMENT ON COLUMN camera_road.against IS 'Whether the traffic drives from the edge''s target to its source.';
COMMENT ON COLUMN camera_road.fraction IS 'Where on the edge, by metres: 0 at its source, 1 at its target.';
COMMENT ON COLUMN camera_road.metres IS 'From the camera''s position to the edge.';

CREATE TYPE no_path AS ENUM ('far-from-road', 'no-way', 'same-place');

CREATE TABLE camera_path (
    from_camera integer NOT NULL CONSTRAINT camera_path_from REFERENCES camera,
    to_camera   integer NOT NULL CONSTRAINT camera_path_to REFERENCES camera,
    routed_at   timestamptz,
    metres      double precision,
    seconds     double precision,
    edges       bigint[],
    path        geometry(LineString, 4326),
    no_path     no_path,
    CONSTRAINT camera_path_pkey PRIMARY KEY (from_camera, to_camera),
    CONSTRAINT camera_path_whole CHECK (num_nulls(metres, seconds, edges, path) IN (0, 4)),
    CONSTRAINT camera_path_said CHECK ((routed_at IS NULL AND metres IS NULL AND no_path IS NULL)
        OR (routed_at IS NOT NULL AND (metres IS NULL) = (no_path IS NOT NULL)))
);
CREATE INDEX camera_path_waiting ON camera_path (from_camera) WHERE routed_at IS NULL;
COMMENT ON TABLE camera_path IS 'The quickest way, at the allowed speeds, between two cameras that a leg joins or joined.';
COMMENT ON COLUMN camera_path.routed_at IS 'Null: not looked for yet.';
COMMENT ON COLUMN camera_path.metres IS 'Along the road.';
COMMENT ON COLUMN camera_path.seconds IS 'At the allowed speeds, without lights and other traffic.';
COMMENT ON COLUMN camera_path.edges IS 'road_edge.id in the order of travel, both cameras'' own included; negative where driven from target to source.';
COMMENT ON COLUMN camera_path.path IS 'In the direction of travel; WGS 84, longitude then latitude, degrees.';
COMMENT ON COLUMN camera_path.no_path IS 'Why there is none: far-from-road, a camera has no row in camera_road; no-way, the network has no way; same-place, they are less than 30 m apart on one edge, where their order is not sure.';

-- Beside advance_legs and not in it, so that whatever writes legs is noticed.
CREATE FUNCTION note_camera_pairs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO camera_path (from_camera, to_camera) SELECT DISTINCT from_camera, to_camera FROM made ORDER BY 1, 2 ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_camera_pairs() IS 'Notes the pairs of cameras of new legs in camera_path.';
REVOKE ALL ON FUNCTION note_camera_pairs() FROM PUBLIC;
CREATE TRIGGER leg_pairs AFTER INSERT ON leg REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION note_camera_pairs();
INSERT INTO camera_path (from_camera, to_camera) SELECT DISTINCT from_camera, to_camera FROM leg;

CREATE FUNCTION road_flat(line geometry, latitude double precision) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ST_Scale(line, cos(radians(latitude)), 1)
$$;
COMMENT ON FUNCTION road_flat(geometry, double precision) IS 'Degrees of longitude made as long as those of latitude are there, so that shares of lengths are those of metres.';

CREATE FUNCTION road_part(line geometry, low double precision, high double precision) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ST_Scale(ST_LineSubstring(road_flat(line, ST_Y(ST_StartPoint(line))), low, high), 1 / cos(radians(ST_Y(ST_StartPoint(line)))), 1)
$$;
COMMENT ON FUNCTION road_part(geometry, double precision, double precision) IS 'The part of an edge between two fractions of its metres; a point where these are the same.';

CREATE FUNCTION read_roads(geojson text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    features jsonb;
    wrong    record;
BEGIN
    BEGIN
        features := geojson::jsonb -> 'features';
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'it is not JSON: %', SQLERRM USING ERRCODE = 'GN400';
    END;
    IF features IS NULL OR jsonb_typeof(features) <> 'array' OR jsonb_array_length(features) = 0 THEN
        RAISE EXCEPTION 'it is not a GeoJSON feature collection with edges' USING ERRCODE = 'GN400';
    END IF;
    CREATE TEMPORARY TABLE incoming_road (id bigint, origin bigint, source bigint, target bigint, path geometry(LineString, 4326),
        metres double precision, kmh double precision, seconds_forward double precision, seconds_back double precision) ON COMMIT DROP;
    -- Types first: casts in the same query may come before its conditions.
    SELECT f.nth, f.feature ->> 'id' AS name INTO wrong
    FROM jsonb_array_elements(features) WITH ORDINALITY AS f(feature, nth), LATERAL (SELECT f.feature -> 'properties' AS p) AS p
    WHERE (f.feature -> 'geometry' ->> 'type' = 'LineString' AND jsonb_typeof(p -> 'source') = 'number' AND jsonb_typeof(p -> 'target') = 'number'
           AND jsonb_typeof(p -> 'speed_mps') = 'number' AND coalesce(jsonb_typeof(p -> 'length_m'), 'number') = 'number') IS NOT TRUE
    ORDER BY f.nth LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature % (id %) is no edge: it must be a LineString with the numbers source, target (junctions) and speed_mps, and length_m where the line is simplified',
            wrong.nth, coalesce(wrong.name, 'none') USING ERRCODE = 'GN400';
    END IF;
    BEGIN
        INSERT INTO incoming_road
        SELECT f.nth, CASE WHEN jsonb_typeof(f.feature -> 'id') = 'number' THEN (f.feature ->> 'id')::bigint END,
               (p ->> 'source')::bigint, (p ->> 'target')::bigint, g.line, coalesce((p ->> 'length_m')::double precision, ST_Length(g.line::geography)),
               (p ->> 'speed_mps')::double precision * 3.6, NULL, NULL
        FROM jsonb_array_elements(features) WITH ORDINALITY AS f(feature, nth), LATERAL (SELECT f.feature -> 'properties' AS p) AS p,
             LATERAL (SELECT ST_SetSRID(ST_GeomFromGeoJSON(f.feature -> 'geometry'), 4326) AS line) AS g;
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'an edge can''t be read: %', SQLERRM USING ERRCODE = 'GN400';
    END;
    SELECT id, metres, kmh INTO wrong FROM incoming_road WHERE (metres > 0 AND kmh > 0) IS NOT TRUE ORDER BY id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature % has % m and % km/h: both must be positive', wrong.id, wrong.metres, wrong.kmh USING ERRCODE = 'GN400';
    END IF;
    UPDATE incoming_road SET seconds_forward = metres * 3.6 / kmh;
    RETURN (SELECT count(*) FROM incoming_road);
END $$;
COMMENT ON FUNCTION read_roads(text) IS
    'Reads one-way edges from GeoJSON into the temporary table incoming_road, for replace_roads in the same transaction; how many. GN400 says what is wrong with the text.';

CREATE FUNCTION read_osm_roads() RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    CREATE TEMPORARY TABLE incoming_road (id bigint, origin bigint, source bigint, target bigint, path geometry(LineString, 4326),
        metres double precision, kmh double precision, seconds_forward double precision, seconds_back double precision) ON COMMIT DROP;
    -- osm2pgrouting gives a direction that is not allowed negative seconds.
    INSERT INTO incoming_road
    SELECT gid, osm_id, source, target, the_geom, length_m, greatest(CASE WHEN cost_s >= 0 THEN maxspeed_forward END, CASE WHEN reverse_cost_s >= 0 THEN maxspeed_backward END),
           CASE WHEN cost_s >= 0 THEN cost_s END, CASE WHEN reverse_cost_s >= 0 THEN reverse_cost_s END
    FROM gantry_roads_import.ways WHERE length_m > 0 AND greatest(cost_s, reverse_cost_s) >= 0;
    RETURN (SELECT count(*) FROM incoming_road);
END $$;
COMMENT ON FUNCTION read_osm_roads() IS
    'Reads the ways that osm2pgrouting left in schema gantry_roads_import into the temporary table incoming_road, for replace_roads in the same transaction; how many.';

CREATE FUNCTION replace_roads() RETURNS TABLE (nodes bigint, edges bigint, km double precision, components bigint, largest_share double precision)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- Waits for advance_paths, which would write ways of the old network. Who asks meanwhile sees the old one.
    PERFORM pg_advisory_xact_lock(hashtext('gantry.roads'));
    DELETE FROM camera_road;
    DELETE FROM camera_snap;
    DELETE FROM road_edge;
    DELETE FROM road_node;
    INSERT INTO road_edge (id, origin, source, target, path, metres, kmh, seconds_forward, seconds_back)
    SELECT i.id, i.origin, i.source, i.target, i.path, i.metres, i.kmh, i.seconds_forward, i.seconds_back FROM incoming_road i;
    -- Numbered anew, from 1: negative numbers are the cameras'.
    CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
    SELECT e.node, row_number() OVER (ORDER BY e.node) AS id, min(e.at) AS position
    FROM (SELECT source AS node, ST_StartPoint(path) AS at FROM road_edge UNION ALL SELECT target, ST_EndPoint(path) FROM road_edge) AS e
    GROUP BY e.node;
    INSERT INTO road_node (id, position) SELECT n.id, n.position FROM numbered n;
    UPDATE road_edge e SET source = a.id, target = b.id FROM numbered a, numbered b WHERE a.node = e.source AND b.node = e.target;
    UPDATE camera_path SET routed_at = NULL, metres = NULL, seconds = NULL, edges = NULL, path = NULL, no_path = NULL WHERE routed_at IS NOT NULL;
    ANALYZE road_edge;
    PERFORM snap_cameras();
    RETURN QUERY
    WITH part AS (
        SELECT component, count(*) AS nodes
        FROM pgr_strongComponents('SELECT id, source, target, coalesce(seconds_forward, -1) AS cost, coalesce(seconds_back, -1) AS reverse_cost FROM road_edge')
        GROUP BY component
    )
    SELECT (SELECT count(*) FROM road_node), (SELECT count(*) FROM road_edge), (SELECT sum(metres) / 1000 FROM road_edge),
           count(*), max(p.nodes)::double precision / sum(p.nodes) FROM part p;
END $$;
COMMENT ON FUNCTION replace_roads() IS
    'Puts the edges of the temporary table incoming_road in the place of the whole network and sets cameras on it; ways between cameras wait to be found again. Returns nodes, edges, kilometres of all edges, the strongly connected parts and the share 0 to 1 of the nodes that the largest has: there one can drive from everywhere to everywhere.';

CREATE FUNCTION advance_paths(budget interval DEFAULT '1 second') RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ends    timestamptz := clock_timestamp() + budget;
    begun   timestamptz;
    size    integer := 1;
    done    integer := 0;
    found   integer;
    sources integer[];
BEGIN
    IF NOT EXISTS (SELECT FROM camera_path WHERE routed_at IS NULL) OR NOT EXISTS (SELECT FROM road_edge) THEN RETURN 0; END IF;
    -- One at a time: two would find the same ways.
    IF NOT pg_try_advisory_xact_lock(hashtext('gantry.roads')) THEN RETURN 0; END IF;
    PERFORM snap_cameras();
    CREATE TEMPORARY TABLE IF NOT EXISTS road_stub (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 2), source bigint, target bigint, cost double precision,
        edge bigint, against boolean, low double precision, high double precision) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS road_step (from_camera integer, to_camera integer, seq integer, edge bigint, against boolean,
        low double precision, high double precision, cost double precision) ON COMMIT DELETE ROWS;
    LOOP
        begun := clock_timestamp();
        sources := ARRAY(SELECT DISTINCT from_camera FROM camera_path WHERE routed_at IS NULL ORDER BY 1 LIMIT size);
        EXIT WHEN sources = '{}';
        TRUNCATE road_stub, road_step;
        -- A camera splits its edge: from node -2 * id trips depart, at -2 * id - 1 they arrive, and no way leads through either.
        INSERT INTO road_stub (source, target, cost, edge, against, low, high)
        WITH watched AS (
            SELECT r.camera_id, r.edge, r.against, r.fraction, CASE WHEN r.against THEN e.seconds_back ELSE e.seconds_forward END AS seconds,
                   CASE WHEN r.against THEN e.target ELSE e.source END AS before, CASE WHEN r.against THEN e.source ELSE e.target END AS after,
                   CASE WHEN r.against THEN 1 - r.fraction ELSE r.fraction END AS driven
            FROM camera_road r JOIN road_edge e ON e.id = r.edge
        ), pair AS (
            SELECT p.from_camera, p.to_camera FROM camera_path p WHERE p.routed_at IS NULL AND p.from_camera = ANY (sources)
        )
        SELECT -2 * w.camera_id::bigint, w.after, w.seconds * (1 - w.driven), w.edge, w.against,
               CASE WHEN w.against THEN 0 ELSE w.fraction END, CASE WHEN w.against THEN w.fraction ELSE 1 END
        FROM watched w WHERE w.camera_id = ANY (sources)
        UNION ALL
        SELECT w.before, -2 * w.camera_id::bigint - 1, w.seconds * w.driven, w.edge, w.against,
               CASE WHEN w.against THEN w.fraction ELSE 0 END, CASE WHEN w.against THEN 1 ELSE w.fraction END
        FROM watched w WHERE w.camera_id IN (SELECT to_camera FROM pair)
        UNION ALL
        SELECT -2 * a.camera_id::bigint, -2 * b.camera_id::bigint - 1, a.seconds * (b.driven - a.driven), a.edge, a.against,
               least(a.fraction, b.fraction), greatest(a.fraction, b.fraction)
        FROM pair p JOIN watched a ON a.camera_id = p.from_camera JOIN watched b ON b.camera_id = p.to_camera
        WHERE a.edge = b.edge AND a.against = b.against AND b.driven > a.driven;
        INSERT INTO road_step
        SELECT (d.start_vid / -2)::integer, ((d.end_vid + 1) / -2)::integer, d.path_seq, coalesce(s.edge, d.edge), coalesce(s.against, d.node <> e.source),
               coalesce(s.low, 0), coalesce(s.high, 1), d.cost
        FROM pgr_dijkstra(
            'SELECT id, source, target, coalesce(seconds_forward, -1) AS cost, coalesce(seconds_back, -1) AS reverse_cost FROM road_edge
             UNION ALL SELECT -id, source, target, cost, -1 FROM road_stub',
            format('SELECT -2 * from_camera::bigint AS source, -2 * to_camera::bigint - 1 AS target FROM camera_path WHERE routed_at IS NULL AND from_camera = ANY (%L)', sources),
            true) AS d
        LEFT JOIN road_stub s ON s.id = -d.edge LEFT JOIN road_edge e ON e.id = d.edge
        WHERE d.edge <> -1;  -- the end of a way
        WITH together AS (
            -- The way from the later camera on one gantry to the earlier would be one round the block.
            SELECT DISTINCT p.from_camera, p.to_camera
            FROM camera_path p JOIN camera_road a ON a.camera_id = p.from_camera
            JOIN camera_road b ON b.camera_id = p.to_camera AND b.edge = a.edge AND b.against = a.against
            JOIN road_edge e ON e.id = a.edge
            WHERE p.routed_at IS NULL AND p.from_camera = ANY (sources) AND abs(a.fraction - b.fraction) * e.metres < 30
        ), way AS (
            SELECT t.from_camera, t.to_camera, sum(e.metres * (t.high - t.low)) AS metres, sum(t.cost) AS seconds,
                   array_agg(CASE WHEN t.against THEN -t.edge ELSE t.edge END ORDER BY t.seq) AS edges,
                   ST_RemoveRepeatedPoints(ST_MakeLine(CASE WHEN t.against THEN ST_Reverse(l.line) ELSE l.line END ORDER BY t.seq)) AS path
            FROM road_step t JOIN road_edge e ON e.id = t.edge,
                 LATERAL (SELECT CASE WHEN t.low = 0 AND t.high = 1 THEN e.path ELSE road_part(e.path, t.low, t.high) END AS line) AS l
            WHERE NOT EXISTS (SELECT FROM together g WHERE g.from_camera = t.from_camera AND g.to_camera = t.to_camera)
            GROUP BY t.from_camera, t.to_camera
        )
        UPDATE camera_path p SET routed_at = now(), metres = w.metres, seconds = w.seconds, edges = w.edges, path = w.path,
            no_path = CASE WHEN w.metres IS NOT NULL THEN NULL
                WHEN NOT EXISTS (SELECT FROM camera_road r WHERE r.camera_id = p.from_camera)
                  OR NOT EXISTS (SELECT FROM camera_road r WHERE r.camera_id = p.to_camera) THEN 'far-from-road'::no_path
                WHEN EXISTS (SELECT FROM together g WHERE g.from_camera = p.from_camera AND g.to_camera = p.to_camera) THEN 'same-place'
                ELSE 'no-way' END
        FROM camera_path q LEFT JOIN way w ON w.from_camera = q.from_camera AND w.to_camera = q.to_camera
        WHERE q.from_camera = p.from_camera AND q.to_camera = p.to_camera AND p.routed_at IS NULL AND p.from_camera = ANY (sources);
        GET DIAGNOSTICS found = ROW_COUNT;
        done := done + found;
        -- The next batch is twice as large, and goes on only where it will be done in time.
        EXIT WHEN clock_timestamp() + 2 * (clock_timestamp() - begun) > ends;
        size := least(2 * size, 256);
    END LOOP;
    RETURN done;
END $$;
COMMENT ON FUNCTION advance_paths(interval) IS
    'Finds ways for pairs of cameras that wait in camera_path, the first camera''s all at once, for about so long; how many pairs were done, 0 when none waits, there is no network, or another session is at it. Quickest by the allowed speeds (Dijkstra, pgRouting); no ban on turns, no lights.';

REVOKE ALL ON FUNCTION road_flat(geometry, double precision), road_part(geometry, double precision, double precision), read_roads(text),
    read_osm_roads(), replace_roads(), advance_paths(interval) FROM PUBLIC;

INSERT INTO schema_version (version) VALUES (10);
COMMIT;
