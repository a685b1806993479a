-- name: run_by_id(run_id)^
-- A run with its sweep, its place and what is done of it.
SELECT r.run_id, r.request_id, r.parameters, r.dials_version, r.geometry_id, r.last_trouble,
       s.name, s.key_name, s.prefix, s.digits, s.suffix, s.image_first, s.image_last, s.missing_images,
       s.kind, s.data_files, s.content_sha256, c.directory, c.beamline, c.key_name AS collection_key_name,
       o.code, o.sentence, o.step,
       ARRAY(SELECT st.step FROM beamloop.steps st WHERE st.run_id = r.run_id) AS steps_done
FROM beamloop.runs r
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c USING (collection_id)
LEFT JOIN beamloop.outcomes o USING (run_id)
WHERE r.run_id = :run_id;

-- name: start_run(run_id)!
-- Work on a run has begun, or goes on after its end.
UPDATE beamloop.runs SET
    started_at = coalesce(started_at, now()),
    reopened_at = CASE WHEN ended_at IS NULL THEN reopened_at ELSE now() END,
    ended_at = NULL
WHERE run_id = :run_id;

-- name: note_trouble(trouble, run_id)!
-- Keep the words of a transient error.
UPDATE beamloop.runs SET last_trouble = :trouble, started_at = coalesce(started_at, now())
WHERE run_id = :run_id;

-- name: put_step(run_id, step, started_at, ended_at, finding)$
-- A step is recorded once; nothing comes back when it was there.
INSERT INTO beamloop.steps (run_id, step, started_at, ended_at, finding)
VALUES (:run_id, :step, :started_at, :ended_at, :finding)
ON CONFLICT (run_id, step) DO NOTHING
RETURNING step;

-- name: add_program(run_id, step, start_number, argv, folder, program_end, exit_code, missing_outputs, started_at, wall_s, cpu_s, peak_memory_bytes)!
-- One start of one program.
INSERT INTO beamloop.program_starts
    (run_id, step, start_number, argv, folder, program_end, exit_code, missing_outputs, started_at, wall_s,
     cpu_s, peak_memory_bytes)
VALUES (:run_id, :step, :start_number, :argv, :folder, :program_end, :exit_code, :missing_outputs, :started_at,
        :wall_s, :cpu_s, :peak_memory_bytes);

-- name: add_rung(run_id, rung, method, reason, accepted, indexed_count, finding, cpu_s)!
-- One attempt of the indexing ladder.
INSERT INTO beamloop.rungs (run_id, rung, method, reason, accepted, indexed_count, finding, cpu_s)
VALUES (:run_id, :rung, :method, :reason, :accepted, :indexed_count, :finding, :cpu_s);

-- name: add_spot_counts(run_id, spot_count, spots_per_image)!
-- Strong spots of a run.
INSERT INTO beamloop.spot_counts (run_id, spot_count, spots_per_image)
VALUES (:run_id, :spot_count, :spots_per_image);

-- name: add_crystal(run_id, step, crystal_number, space_group, cell, cell_su, indexed_count, rmsd_x_mm, rmsd_y_mm, rmsd_x_px, rmsd_y_px, rmsd_phi_deg, distance_mm, beam_x_mm, beam_y_mm, used_count)!
-- A crystal as a step left it.
INSERT INTO beamloop.crystals
    (run_id, step, crystal_number, space_group, cell, cell_su, indexed_count, rmsd_x_mm, rmsd_y_mm,
     rmsd_x_px, rmsd_y_px, rmsd_phi_deg, distance_mm, beam_x_mm, beam_y_mm, used_count)
VALUES (:run_id, :step, :crystal_number, :space_group, :cell, :cell_su, :indexed_count, :rmsd_x_mm,
        :rmsd_y_mm, :rmsd_x_px, :rmsd_y_px, :rmsd_phi_deg, :distance_mm, :beam_x_mm, :beam_y_mm,
        :used_count);

-- name: add_integration(run_id, summed_count, profile_fitted_count, mean_i_over_sigma, d_min_angstrom, for_merging)!
-- What integration gave.
INSERT INTO beamloop.integrations
    (run_id, summed_count, profile_fitted_count, mean_i_over_sigma, d_min_angstrom, for_merging)
VALUES (:run_id, :summed_count, :profile_fitted_count, :mean_i_over_sigma, :d_min_angstrom, :for_merging);

-- name: add_artifact(run_id, step, name, key, sha256, size_bytes)!
-- A published file; the key is its place in the store.
INSERT INTO beamloop.artifacts (run_id, step, name, key, sha256, size_bytes)
VALUES (:run_id, :step, :name, :key, :sha256, :size_bytes);

-- name: artifacts_of_step(run_id, step)
-- The published files of one step.
SELECT name, key, sha256, size_bytes FROM beamloop.artifacts
WHERE run_id = :run_id AND step = :step ORDER BY name;

-- name: put_outcome(run_id, code, step, sentence)!
-- How a run ended: said once, except that an interrupted run may go on and end otherwise.
INSERT INTO beamloop.outcomes (run_id, code, step, sentence)
VALUES (:run_id, :code, :step, :sentence)
ON CONFLICT (run_id) DO UPDATE SET
    code = excluded.code, step = excluded.step, sentence = excluded.sentence, recorded_at = now()
WHERE outcomes.code IN ('interrupted', 'cancelled');

-- name: end_run(run_id)!
-- Every step that will be done is done; a second chance that is processed stands for its sweep from now on.
UPDATE beamloop.runs SET
    started_at = coalesce(started_at, now()), ended_at = now(),
    stands = stands OR EXISTS (SELECT FROM beamloop.outcomes o WHERE o.run_id = runs.run_id AND o.code = 'processed')
WHERE run_id = :run_id;

-- name: reopen_run(run_id)!
-- An interrupted run goes on.
DELETE FROM beamloop.outcomes WHERE run_id = :run_id AND code IN ('interrupted', 'cancelled');
