-- name: put_joint(group_id, report_id, work_sha256, repetition, options, dials_version, requested_by)$
-- Ask for a joint refinement once; nothing comes back when it is known.
INSERT INTO beamloop.joint_refinements
    (group_id, report_id, work_sha256, repetition, options, dials_version, requested_by)
VALUES (:group_id, :report_id, :work_sha256, :repetition, :options, :dials_version, :requested_by)
ON CONFLICT (group_id, work_sha256, repetition) DO NOTHING
RETURNING joint_id;

-- name: joint_repetitions(group_id, work_sha256)^
-- How often this work was asked for, and whether some of it waits.
SELECT coalesce(max(repetition) + 1, 0) AS repetition, coalesce(bool_or(state = 'waiting'), false) AS waits
FROM beamloop.joint_refinements WHERE group_id = :group_id AND work_sha256 = :work_sha256;

-- name: add_joint_member(joint_id, run_id, crystal_number, space_group)!
-- A crystal that is asked to take part.
INSERT INTO beamloop.joint_members (joint_id, run_id, crystal_number, space_group)
VALUES (:joint_id, :run_id, :crystal_number, :space_group);

-- name: waiting_joints(joint_ids)
-- Joint refinements that have not ended, the oldest first; all of them, or these.
SELECT joint_id FROM beamloop.joint_refinements
WHERE state = 'waiting' AND (:joint_ids::bigint[] IS NULL OR joint_id = ANY (:joint_ids::bigint[]))
ORDER BY joint_id;

-- name: joint_by_id(joint_id)^
-- A joint refinement with its place and what is done of it.
SELECT j.joint_id, j.group_id, g.name AS group_name, j.report_id, g.collection_id, c.name AS collection_name,
       j.options, j.dials_version, j.requested_by, j.asked_at, j.state, j.code, j.step, j.sentence,
       c.beamline || '/' || c.key_name || '/joint/joint-' || j.joint_id AS place,
       ARRAY(SELECT s.step FROM beamloop.joint_steps s WHERE s.joint_id = j.joint_id) AS steps_done
FROM beamloop.joint_refinements j
JOIN beamloop.isomorphous_groups g USING (group_id)
JOIN beamloop.collections c USING (collection_id)
WHERE j.joint_id = :joint_id;

-- name: members_of_joint(joint_id)
-- The crystals of a joint refinement with their sweeps.
SELECT m.run_id, m.crystal_number, s.sweep_id, s.name AS sweep_name, m.space_group, m.left_why,
       c.beamline || '/' || c.key_name || '/' || s.key_name || '/run-' || m.run_id AS place,
       rm.cell
FROM beamloop.joint_members m
JOIN beamloop.joint_refinements j USING (joint_id)
JOIN beamloop.report_members rm ON rm.report_id = j.report_id AND rm.run_id = m.run_id
    AND rm.crystal_number = m.crystal_number
JOIN beamloop.runs r ON r.run_id = m.run_id
JOIN beamloop.sweeps s ON s.sweep_id = r.sweep_id
JOIN beamloop.collections c ON c.collection_id = s.collection_id
WHERE m.joint_id = :joint_id;

-- name: start_joint(joint_id)!
-- Work has begun.
UPDATE beamloop.joint_refinements SET started_at = coalesce(started_at, now()) WHERE joint_id = :joint_id;

-- name: note_joint_trouble(trouble, joint_id)!
-- Keep the words of a transient error.
UPDATE beamloop.joint_refinements SET last_trouble = :trouble WHERE joint_id = :joint_id;

-- name: put_joint_step(joint_id, step, started_at, ended_at, finding, cpu_s, peak_memory_bytes)$
-- A step is recorded once; nothing comes back when it was there.
INSERT INTO beamloop.joint_steps (joint_id, step, started_at, ended_at, finding, cpu_s, peak_memory_bytes)
VALUES (:joint_id, :step, :started_at, :ended_at, :finding, :cpu_s, :peak_memory_bytes)
ON CONFLICT (joint_id, step) DO NOTHING
RETURNING step;

-- name: add_joint_artifact(joint_id, step, name, key, sha256, size_bytes)!
-- A published file; the key is its place in the store.
INSERT INTO beamloop.joint_artifacts (joint_id, step, name, key, sha256, size_bytes)
VALUES (:joint_id, :step, :name, :key, :sha256, :size_bytes);

-- name: artifacts_of_joint_step(joint_id, step)
-- The published files of one step.
SELECT name, key, sha256, size_bytes FROM beamloop.joint_artifacts
WHERE joint_id = :joint_id AND step = :step ORDER BY name;

-- name: let_joint_member_go(joint_id, run_id, crystal_number, left_why)!
-- A crystal left by name.
UPDATE beamloop.joint_members SET left_why = :left_why
WHERE joint_id = :joint_id AND run_id = :run_id AND crystal_number = :crystal_number;

-- name: add_joint_crystal(joint_id, run_id, crystal_number, moment, cell, cell_su, used_count, rmsd_x_mm, rmsd_y_mm, rmsd_phi_deg, distance_mm)!
-- A crystal before or after.
INSERT INTO beamloop.joint_crystals
    (joint_id, run_id, crystal_number, moment, cell, cell_su, used_count, rmsd_x_mm, rmsd_y_mm, rmsd_phi_deg,
     distance_mm)
VALUES (:joint_id, :run_id, :crystal_number, :moment, :cell, :cell_su, :used_count, :rmsd_x_mm, :rmsd_y_mm,
        :rmsd_phi_deg, :distance_mm);

-- name: add_joint_figures(joint_id, moment, lcv_percent, alcv_angstrom, spread_percent, used_count, rmsd_x_mm, rmsd_y_mm, rmsd_phi_deg, distance_least_mm, distance_greatest_mm)!
-- The group before or after.
INSERT INTO beamloop.joint_figures
    (joint_id, moment, lcv_percent, alcv_angstrom, spread_percent, used_count, rmsd_x_mm, rmsd_y_mm,
     rmsd_phi_deg, distance_least_mm, distance_greatest_mm)
VALUES (:joint_id, :moment, :lcv_percent, :alcv_angstrom, :spread_percent, :used_count, :rmsd_x_mm,
        :rmsd_y_mm, :rmsd_phi_deg, :distance_least_mm, :distance_greatest_mm);

-- name: add_joint_words(joint_id, setting, worse, notes, parts)!
-- What a comparison says in words.
INSERT INTO beamloop.joint_words (joint_id, setting, worse, notes, parts)
VALUES (:joint_id, :setting, :worse, :notes, :parts);

-- name: end_joint(joint_id, state, code, step, sentence)!
-- How a joint refinement ended; the first word stands.
UPDATE beamloop.joint_refinements
SET state = :state, code = :code, step = :step, sentence = :sentence,
    started_at = coalesce(started_at, now()), ended_at = now()
WHERE joint_id = :joint_id AND state = 'waiting';

-- name: joints_of_collection(collection_id)
-- The newest joint refinement of each group, and the newest published one.
SELECT DISTINCT ON (j.group_id, j.state = 'published') j.joint_id, j.group_id, g.name AS group_name, j.state
FROM beamloop.joint_refinements j JOIN beamloop.isomorphous_groups g USING (group_id)
WHERE g.collection_id = :collection_id
ORDER BY j.group_id, j.state = 'published', j.joint_id DESC;

-- name: joint_crystals(joint_id)
-- The crystals of a joint refinement, before and after.
SELECT run_id, crystal_number, moment, cell, cell_su, used_count, rmsd_x_mm, rmsd_y_mm, rmsd_phi_deg,
       distance_mm
FROM beamloop.joint_crystals WHERE joint_id = :joint_id;

-- name: joint_figures(joint_id)
-- The group before and after.
SELECT moment, lcv_percent, alcv_angstrom, spread_percent, used_count, rmsd_x_mm, rmsd_y_mm, rmsd_phi_deg,
       distance_least_mm, distance_greatest_mm
FROM beamloop.joint_figures WHERE joint_id = :joint_id;

-- name: joint_words(joint_id)^
-- What a comparison says in words.
SELECT setting, worse, notes, parts FROM beamloop.joint_words WHERE joint_id = :joint_id;

-- name: joint_steps(joint_id)
-- What the steps took.
SELECT step, started_at, ended_at, finding, cpu_s, peak_memory_bytes
FROM beamloop.joint_steps WHERE joint_id = :joint_id ORDER BY started_at;

-- name: collections_with_groups()
-- Collections that a report has sorted into groups.
SELECT DISTINCT collection_id FROM beamloop.isomorphous_groups ORDER BY collection_id;
