-- name: newest_run_of_sweep(sweep_id)^
-- The newest run of a sweep and what it was the work of.
SELECT run_id, run_key FROM beamloop.runs WHERE sweep_id = :sweep_id ORDER BY run_id DESC LIMIT 1;

-- name: add_adoption(run_id, adopted_by, directory, template)!
-- A run comes from elsewhere.
INSERT INTO beamloop.adoptions (run_id, adopted_by, directory, template)
VALUES (:run_id, :adopted_by, :directory, :template);

-- name: add_adopted_file(run_id, path, sha256, size_bytes)!
-- One of the files that a run was adopted from.
INSERT INTO beamloop.adopted_files (run_id, path, sha256, size_bytes)
VALUES (:run_id, :path, :sha256, :size_bytes)
ON CONFLICT (run_id, path) DO NOTHING;

-- name: adoption_of_run(run_id)^
-- Where a run comes from; nothing for a run of our own.
SELECT adopted_by, adopted_at, directory, template FROM beamloop.adoptions WHERE run_id = :run_id;

-- name: adopted_files_of_run(run_id)
-- The files that a run was adopted from.
SELECT path, sha256, size_bytes FROM beamloop.adopted_files WHERE run_id = :run_id ORDER BY path;
