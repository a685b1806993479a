-- name: put_merge(group_id, report_id, work_sha256, options, dials_version, requested_by)$
-- Ask for a merge once; nothing comes back when it waits or is there already.
INSERT INTO beamloop.merges (group_id, report_id, work_sha256, options, dials_version, requested_by)
VALUES (:group_id, :report_id, :work_sha256, :options, :dials_version, :requested_by)
ON CONFLICT (group_id, work_sha256) WHERE state <> 'failed' DO NOTHING
RETURNING merge_id;

-- name: known_merge(group_id, work_sha256)$
-- The merge of this work that waits or is there.
SELECT merge_id FROM beamloop.merges
WHERE group_id = :group_id AND work_sha256 = :work_sha256 AND state <> 'failed';

-- name: add_merge_member(merge_id, run_id, crystal_number, left_why)!
-- A crystal of the group; left_why where it is not taken.
INSERT INTO beamloop.merge_members (merge_id, run_id, crystal_number, left_why)
VALUES (:merge_id, :run_id, :crystal_number, :left_why);

-- name: waiting_merges(merge_ids)
-- Those of these merges that have not ended, the oldest first.
SELECT merge_id FROM beamloop.merges
WHERE state = 'waiting' AND merge_id = ANY (:merge_ids::bigint[]) ORDER BY merge_id;

-- name: merge_by_id(merge_id)^
-- A merge with its place.
SELECT m.merge_id, m.group_id, g.name AS group_name, g.collection_id, c.name AS collection_name, m.options,
       m.dials_version, m.requested_by, m.asked_at, m.state, m.code, m.sentence, m.last_trouble,
       m.space_group, m.cell, m.dataset_count, m.cpu_s, m.peak_memory_bytes,
       c.beamline || '/' || c.key_name || '/merging/merge-' || m.merge_id AS place
FROM beamloop.merges m
JOIN beamloop.isomorphous_groups g USING (group_id)
JOIN beamloop.collections c USING (collection_id)
WHERE m.merge_id = :merge_id;

-- name: members_of_merge(merge_id)
-- The crystals of the group with their sweeps.
SELECT mm.run_id, mm.crystal_number, mm.left_why, s.name AS sweep_name
FROM beamloop.merge_members mm
JOIN beamloop.runs r ON r.run_id = mm.run_id
JOIN beamloop.sweeps s ON s.sweep_id = r.sweep_id
WHERE mm.merge_id = :merge_id;

-- name: note_merge_trouble(trouble, merge_id)!
-- Keep the words of a transient error.
UPDATE beamloop.merges SET last_trouble = :trouble WHERE merge_id = :merge_id;

-- name: end_merge(merge_id, state, code, sentence, space_group, cell, dataset_count, cpu_s, peak_memory_bytes)$
-- How a merge ended; nothing comes back when it had ended before.
UPDATE beamloop.merges
SET state = :state, code = :code, sentence = :sentence, space_group = :space_group, cell = :cell,
    dataset_count = :dataset_count, cpu_s = :cpu_s, peak_memory_bytes = :peak_memory_bytes, ended_at = now()
WHERE merge_id = :merge_id AND state = 'waiting'
RETURNING merge_id;

-- name: add_merge_shell(merge_id, shell, d_max_angstrom, d_min_angstrom, observation_count, unique_count, completeness_percent, multiplicity, r_merge, r_meas, r_pim, cc_half, i_over_sigma)!
-- One row of the table of statistics.
INSERT INTO beamloop.merge_shells
    (merge_id, shell, d_max_angstrom, d_min_angstrom, observation_count, unique_count, completeness_percent,
     multiplicity, r_merge, r_meas, r_pim, cc_half, i_over_sigma)
VALUES (:merge_id, :shell, :d_max_angstrom, :d_min_angstrom, :observation_count, :unique_count,
        :completeness_percent, :multiplicity, :r_merge, :r_meas, :r_pim, :cc_half, :i_over_sigma);

-- name: merge_shells(merge_id)
-- The table of statistics, all reflections first.
SELECT d_max_angstrom, d_min_angstrom, observation_count, unique_count, completeness_percent, multiplicity,
       r_merge, r_meas, r_pim, cc_half, i_over_sigma
FROM beamloop.merge_shells WHERE merge_id = :merge_id ORDER BY shell;

-- name: add_merge_artifact(merge_id, name, key, sha256, size_bytes)!
-- A published file; the key is its place in the store.
INSERT INTO beamloop.merge_artifacts (merge_id, name, key, sha256, size_bytes)
VALUES (:merge_id, :name, :key, :sha256, :size_bytes);

-- name: merge_artifacts(merge_id)
-- The published files.
SELECT name, key, sha256, size_bytes FROM beamloop.merge_artifacts WHERE merge_id = :merge_id ORDER BY name;
