-- What the pages Collection and Group tell of a joint refinement and of a merge, with Airflow's newest task of it.

CREATE VIEW beamloop.joints_told AS
SELECT j.joint_id, j.group_id, g.name AS group_name, g.collection_id, j.state, j.sentence, j.requested_by,
       j.asked_at, j.ended_at,
       before.lcv_percent AS lcv_before_percent, after.lcv_percent AS lcv_after_percent,
       before.spread_percent AS spread_before_percent, after.spread_percent AS spread_after_percent,
       before.rmsd_x_mm AS rmsd_x_before_mm, after.rmsd_x_mm AS rmsd_x_after_mm,
       before.rmsd_y_mm AS rmsd_y_before_mm, after.rmsd_y_mm AS rmsd_y_after_mm,
       (SELECT count(*) FROM beamloop.joint_members m WHERE m.joint_id = j.joint_id) AS crystals,
       (SELECT artifact_id FROM beamloop.joint_artifacts a
        WHERE a.joint_id = j.joint_id AND a.step = 'report' AND a.name = 'report.html') AS report_file,
       task.dag_run_id, task.map_index
FROM beamloop.joint_refinements j
JOIN beamloop.isomorphous_groups g USING (group_id)
LEFT JOIN beamloop.joint_figures before ON before.joint_id = j.joint_id AND before.moment = 'before'
LEFT JOIN beamloop.joint_figures after ON after.joint_id = j.joint_id AND after.moment = 'after'
LEFT JOIN LATERAL (
    SELECT dag_run_id, map_index FROM beamloop.joint_tasks t WHERE t.joint_id = j.joint_id
    ORDER BY noted_at DESC LIMIT 1
) task ON true;

CREATE VIEW beamloop.merges_told AS
SELECT m.merge_id, m.group_id, g.name AS group_name, g.collection_id, m.state, m.sentence, m.requested_by,
       m.asked_at, m.ended_at, m.space_group, m.cell, m.dataset_count, task.dag_run_id, task.map_index
FROM beamloop.merges m
JOIN beamloop.isomorphous_groups g USING (group_id)
LEFT JOIN LATERAL (
    SELECT dag_run_id, map_index FROM beamloop.merge_tasks t WHERE t.merge_id = m.merge_id
    ORDER BY noted_at DESC LIMIT 1
) task ON true;
