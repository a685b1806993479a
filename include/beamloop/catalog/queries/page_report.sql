-- name: page_published_report(report_id)^
-- A published report.
SELECT collection_id, limit_percent, setting FROM beamloop.isomorphism_reports
WHERE report_id = :report_id AND published_at IS NOT NULL;

-- name: page_groups_of_report(report_id)
-- The groups of a report, the largest first.
SELECT g.group_id, g.name, rg.lcv_percent, rg.alcv_angstrom, count(*) AS crystals,
       count(DISTINCT r.sweep_id) AS sweeps
FROM beamloop.report_groups rg
JOIN beamloop.isomorphous_groups g USING (group_id)
JOIN beamloop.group_members gm USING (report_id, group_id)
JOIN beamloop.runs r USING (run_id)
WHERE rg.report_id = :report_id
GROUP BY g.group_id, g.name, rg.lcv_percent, rg.alcv_angstrom
ORDER BY crystals DESC, g.group_id;

-- name: page_crystals_of_report(report_id)
-- Every crystal of a report by serial number; those in no tree last.
SELECT m.serial, m.run_id, m.crystal_number, s.sweep_id, s.name AS sweep, m.standing, m.space_group, m.cell,
       m.common_cell, m.robust_z, m.sentence, gm.group_id
FROM beamloop.report_members m
JOIN beamloop.runs r USING (run_id)
JOIN beamloop.sweeps s USING (sweep_id)
LEFT JOIN beamloop.group_members gm USING (report_id, run_id, crystal_number)
WHERE m.report_id = :report_id
ORDER BY m.serial NULLS LAST, s.name, m.crystal_number;

-- name: page_crystals_of_sweeps(sweep_ids)
-- The newest processed run of each of these sweeps, and how many crystals a report takes from it.
SELECT DISTINCT ON (r.sweep_id) r.sweep_id, r.run_id,
       (SELECT count(*) FROM beamloop.crystals x WHERE x.run_id = r.run_id
        GROUP BY x.step ORDER BY array_position(ARRAY['refine', 'integrate', 'index'], x.step) LIMIT 1) AS crystals
FROM beamloop.runs r JOIN beamloop.outcomes o USING (run_id)
WHERE r.sweep_id = ANY(:sweep_ids) AND o.code = 'processed'
ORDER BY r.sweep_id, r.run_id DESC;

-- name: page_files_of_report(report_id)
-- The files of a report by their numbers.
SELECT artifact_id, name, size_bytes FROM beamloop.report_artifacts WHERE report_id = :report_id ORDER BY name;

-- name: page_file_of_report(artifact_id)^
-- One file of a report.
SELECT name, key, sha256, size_bytes FROM beamloop.report_artifacts WHERE artifact_id = :artifact_id;

-- name: page_tree_of_report(report_id)^
-- The file that holds a report's trees.
SELECT name, key, sha256, size_bytes FROM beamloop.report_artifacts WHERE report_id = :report_id AND name = 'tree.json';
