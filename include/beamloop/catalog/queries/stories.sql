-- name: sweeps_of_collection(collection_id)
-- Every sweep of a collection by its names.
SELECT sweep_id, name, key_name, prefix, digits, suffix FROM beamloop.sweeps
WHERE collection_id = :collection_id ORDER BY sweep_id;

-- name: runs_of_sweep(sweep_id)
-- All runs of a sweep, the newest first.
SELECT r.run_id, r.parameters, r.dials_version, r.geometry_id, r.created_at, r.started_at, r.ended_at, r.last_trouble,
       q.requested_by, q.dag_run_id, o.code, o.step, o.sentence
FROM beamloop.runs r
JOIN beamloop.requests q USING (request_id)
LEFT JOIN beamloop.outcomes o USING (run_id)
WHERE r.sweep_id = :sweep_id ORDER BY r.run_id DESC;

-- name: steps_of_run(run_id)
-- The recorded steps of a run.
SELECT step, started_at, ended_at, finding FROM beamloop.steps WHERE run_id = :run_id ORDER BY ended_at;

-- name: programs_of_run(run_id)
-- Every start of a program.
SELECT step, start_number, argv, folder, program_end, exit_code, missing_outputs, wall_s, cpu_s,
       peak_memory_bytes
FROM beamloop.program_starts WHERE run_id = :run_id ORDER BY step, start_number;

-- name: rungs_of_run(run_id)
-- The attempts of the indexing ladder.
SELECT rung, method, reason, accepted, indexed_count, finding, cpu_s
FROM beamloop.rungs WHERE run_id = :run_id ORDER BY rung;

-- name: crystals_of_run(run_id)
-- Crystal, detector and beam as each step left them.
SELECT step, crystal_number, space_group, cell, cell_su, indexed_count, rmsd_x_mm, rmsd_y_mm, rmsd_x_px,
       rmsd_y_px, rmsd_phi_deg, distance_mm, beam_x_mm, beam_y_mm, used_count
FROM beamloop.crystals WHERE run_id = :run_id
ORDER BY array_position(ARRAY['index', 'refine', 'integrate'], step), crystal_number;

-- name: spots_of_run(run_id)^
-- Strong spots of a run.
SELECT spot_count, spots_per_image FROM beamloop.spot_counts WHERE run_id = :run_id;

-- name: integration_of_run(run_id)^
-- What integration gave.
SELECT summed_count, profile_fitted_count, mean_i_over_sigma, d_min_angstrom, for_merging
FROM beamloop.integrations WHERE run_id = :run_id;

-- name: artifacts_of_run(run_id)
-- Every published file of a run.
SELECT step, name, key, sha256, size_bytes FROM beamloop.artifacts
WHERE run_id = :run_id ORDER BY step, name;
