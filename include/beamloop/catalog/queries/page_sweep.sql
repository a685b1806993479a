-- name: page_sweeps_by_id(sweep_ids)
-- Sweeps with their collections; those that are not there do not come back.
SELECT s.sweep_id, s.name AS sweep, s.collected_at, c.collection_id, c.beamline, c.name AS collection, c.directory
FROM beamloop.sweeps s JOIN beamloop.collections c USING (collection_id)
WHERE s.sweep_id = ANY(:sweep_ids) ORDER BY c.collection_id, s.name, s.sweep_id;

-- name: page_collection_by_id(collection_id)^
-- Where a collection is.
SELECT collection_id, beamline, name, directory FROM beamloop.collections WHERE collection_id = :collection_id;

-- name: page_files_of_run(run_id)
-- The published files of a run by their numbers.
SELECT artifact_id, step, name, size_bytes FROM beamloop.artifacts WHERE run_id = :run_id ORDER BY step, name;

-- name: page_file_of_run(artifact_id)^
-- One published file.
SELECT run_id, name, key, sha256, size_bytes FROM beamloop.artifacts WHERE artifact_id = :artifact_id;

-- name: page_standing_word(sweep_id)^
-- What a person said last of a whole sweep.
SELECT kind, said_by, said_at, why FROM beamloop.member_decisions
WHERE sweep_id = :sweep_id AND run_id IS NULL ORDER BY decision_id DESC LIMIT 1;

-- name: page_runs_of_dag_run(dag_run_id)
-- The runs of a request, those of second chances apart: Airflow maps each kind in natural order of the name.
SELECT r.run_id, r.sweep_id, s.name, r.second_chance_of IS NOT NULL AS is_second_chance, q.collection_id
FROM beamloop.requests q
LEFT JOIN beamloop.runs r USING (request_id)
LEFT JOIN beamloop.sweeps s USING (sweep_id)
WHERE q.dag_run_id = :dag_run_id ORDER BY s.name, r.run_id;

-- name: page_collection_of_check(key_name, number)
-- The collection that a check's DAG run is named after, by its place in the store and its number.
SELECT collection_id FROM beamloop.collections WHERE key_name = :key_name AND collection_id::text = :number;

-- name: page_sweep_of_run(run_id)$
-- The sweep that a run is of.
SELECT sweep_id FROM beamloop.runs WHERE run_id = :run_id;
