-- name: put_request(collection_id, dag_run_id, requested_by)$
-- Ask for work once: the same DAG run id is the same request.
INSERT INTO beamloop.requests (collection_id, dag_run_id, requested_by)
VALUES (:collection_id, :dag_run_id, :requested_by)
ON CONFLICT (dag_run_id) DO UPDATE SET dag_run_id = excluded.dag_run_id
RETURNING request_id;

-- name: add_run(sweep_id, request_id, run_key, repetition, parameters, dials_version, geometry_id)$
-- A run of a sweep; nothing when the same work is known already.
INSERT INTO beamloop.runs (sweep_id, request_id, run_key, repetition, parameters, dials_version, geometry_id)
VALUES (:sweep_id, :request_id, :run_key, :repetition, :parameters, :dials_version, :geometry_id)
ON CONFLICT (run_key, repetition) DO NOTHING
RETURNING run_id;

-- name: next_repetition(run_key)$
-- How often this work has been asked for.
SELECT coalesce(max(repetition) + 1, 0) FROM beamloop.runs WHERE run_key = :run_key;

-- name: known_work(run_keys)
-- Which of this work is done, asked for or at work; a run that was stopped before its end is none of them.
SELECT DISTINCT r.run_key FROM beamloop.runs r LEFT JOIN beamloop.outcomes o USING (run_id)
WHERE r.run_key = ANY (:run_keys) AND (o.code IS NULL OR o.code NOT IN ('cancelled', 'interrupted'));

-- name: geometries_of_sweeps(sweep_ids)
-- The versions that serve sweeps; those that none serves do not come back.
SELECT s.sweep_id, g.geometry_id
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN beamloop.geometry_versions g
  ON g.beamline = c.beamline AND g.state IN ('in_force', 'superseded') AND g.validity @> s.collected_at
WHERE s.sweep_id = ANY (:sweep_ids);

-- name: waiting_requests(limit)
-- Requests that no DAG run has taken up: what has just been collected, then the others, the oldest first.
SELECT request_id, dag_run_id FROM beamloop.requests
WHERE started_at IS NULL ORDER BY requested_by <> 'watch', requested_at, request_id LIMIT :limit;

-- name: start_request(request_id)!
-- A DAG run has taken the request up; a second time changes nothing.
UPDATE beamloop.requests SET started_at = coalesce(started_at, now()) WHERE request_id = :request_id;

-- name: end_request(request_id)!
-- Every run of the request has its outcome.
UPDATE beamloop.requests SET ended_at = coalesce(ended_at, now()) WHERE request_id = :request_id;

-- name: has_open_request(collection_id, request_id)$
-- Whether a request of a collection, or this one of it, has not ended: it may still give second chances.
SELECT EXISTS (
    SELECT 1 FROM beamloop.requests
    WHERE collection_id = :collection_id AND ended_at IS NULL
    AND (:request_id::bigint IS NULL OR request_id = :request_id::bigint)
);

-- name: request_by_id(request_id)^
-- One request.
SELECT request_id, collection_id, dag_run_id, requested_by, requested_at, started_at, ended_at
FROM beamloop.requests WHERE request_id = :request_id;

-- name: runs_of_request(request_id)
-- The runs of a request with their sweeps' names, in order of the name.
SELECT r.run_id, s.name, s.key_name, o.code
FROM beamloop.runs r JOIN beamloop.sweeps s USING (sweep_id) LEFT JOIN beamloop.outcomes o USING (run_id)
WHERE r.request_id = :request_id ORDER BY s.name, r.run_id;

-- name: lock_collection(collection_id)$
-- Let one asker after the other ask for runs of a collection. Not FOR UPDATE: rows that refer to it are not held up.
SELECT collection_id FROM beamloop.collections WHERE collection_id = :collection_id FOR NO KEY UPDATE;
