-- name: ended_run(run_id)^
-- A run that has its outcome, and its place.
SELECT r.run_id, r.ended_at, s.name AS sweep, c.beamline,
       c.beamline || '/' || c.key_name || '/' || s.key_name || '/run-' || r.run_id AS place
FROM beamloop.runs r
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c USING (collection_id)
JOIN beamloop.outcomes o USING (run_id)
WHERE r.run_id = :run_id AND r.ended_at IS NOT NULL;

-- name: hold_ended_run(run_id, ended_at)$
-- Keep a run from going on until the transaction ends; null when it has gone on since it was looked at.
SELECT r.run_id FROM beamloop.runs r
WHERE r.run_id = :run_id AND r.ended_at = :ended_at
  AND EXISTS (SELECT 1 FROM beamloop.outcomes o WHERE o.run_id = r.run_id)
FOR UPDATE OF r;
