-- name: page_group_by_id(group_id)^
-- A group and its collection, with the newest report that names it and whether that is the collection's newest.
SELECT g.group_id, g.name, g.made_at, c.collection_id, c.name AS collection, c.beamline, c.directory,
       named.report_id, named.published_at, named.limit_percent, named.setting, named.lcv_percent, named.alcv_angstrom,
       named.report_id IS NOT DISTINCT FROM newest.report_id AS is_newest,
       (SELECT artifact_id FROM beamloop.report_artifacts a
        WHERE a.report_id = named.report_id AND a.name = 'report.html') AS report_file
FROM beamloop.isomorphous_groups g
JOIN beamloop.collections c USING (collection_id)
LEFT JOIN LATERAL (
    SELECT rg.report_id, i.published_at, i.limit_percent, i.setting, rg.lcv_percent, rg.alcv_angstrom
    FROM beamloop.report_groups rg JOIN beamloop.isomorphism_reports i USING (report_id)
    WHERE rg.group_id = g.group_id AND i.published_at IS NOT NULL ORDER BY rg.report_id DESC LIMIT 1
) named ON true
LEFT JOIN LATERAL (
    SELECT report_id FROM beamloop.isomorphism_reports i
    WHERE i.collection_id = g.collection_id AND i.published_at IS NOT NULL ORDER BY report_id DESC LIMIT 1
) newest ON true
WHERE g.group_id = :group_id;

-- name: page_members_of_group(report_id, group_id)
-- The crystals of a group in a report, by their sweeps' names, each with its own collection.
SELECT m.run_id, m.crystal_number, s.sweep_id, s.name AS sweep, c.collection_id, c.name AS collection, m.space_group,
       m.common_cell, m.robust_z
FROM beamloop.group_members gm
JOIN beamloop.report_members m USING (report_id, run_id, crystal_number)
JOIN beamloop.runs r USING (run_id)
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c ON c.collection_id = s.collection_id
WHERE gm.report_id = :report_id AND gm.group_id = :group_id
ORDER BY c.name, s.name, m.crystal_number;

-- name: page_joints_of_group(group_id, limit)
-- The joint refinements of a group, the newest first, with figures before and after.
SELECT * FROM beamloop.joints_told WHERE group_id = :group_id ORDER BY joint_id DESC LIMIT :limit;

-- name: page_merges_of_group(group_id, limit)
-- The merges of a group, the newest first.
SELECT * FROM beamloop.merges_told WHERE group_id = :group_id ORDER BY merge_id DESC LIMIT :limit;

-- name: page_groups(beamline, group_ids, limit, offset)
-- Groups that were refined or merged, the one asked for last first, with the newest of each kind; or these groups.
WITH asked AS (
    SELECT group_id, max(asked_at) AS asked_at FROM (
        SELECT group_id, asked_at FROM beamloop.joint_refinements
        UNION ALL SELECT group_id, asked_at FROM beamloop.merges
    ) work GROUP BY group_id
), page AS (
    SELECT g.group_id, g.name AS group_name, c.collection_id, c.name AS collection, c.beamline, a.asked_at,
           count(*) OVER () AS total
    FROM asked a
    JOIN beamloop.isomorphous_groups g USING (group_id)
    JOIN beamloop.collections c USING (collection_id)
    WHERE (:beamline::text IS NULL OR c.beamline = :beamline::text)
      AND (:group_ids::bigint[] IS NULL OR g.group_id = ANY (:group_ids::bigint[]))
    ORDER BY a.asked_at DESC, g.group_id DESC LIMIT :limit OFFSET :offset
)
SELECT p.*, j.joint_id, j.state AS joint_state, j.sentence AS joint_sentence, j.ended_at AS joint_ended_at,
       (SELECT count(*) FROM beamloop.joint_members m WHERE m.joint_id = j.joint_id) AS crystals,
       before.lcv_percent AS lcv_before_percent, after.lcv_percent AS lcv_after_percent,
       before.spread_percent AS spread_before_percent, after.spread_percent AS spread_after_percent,
       m.merge_id, m.state AS merge_state, m.sentence AS merge_sentence, m.ended_at AS merge_ended_at, m.dataset_count,
       shell.d_min_angstrom, shell.completeness_percent, shell.cc_half
FROM page p
LEFT JOIN LATERAL (
    SELECT * FROM beamloop.joint_refinements WHERE joint_refinements.group_id = p.group_id
    ORDER BY joint_id DESC LIMIT 1
) j ON true
LEFT JOIN beamloop.joint_figures before ON before.joint_id = j.joint_id AND before.moment = 'before'
LEFT JOIN beamloop.joint_figures after ON after.joint_id = j.joint_id AND after.moment = 'after'
LEFT JOIN LATERAL (
    SELECT * FROM beamloop.merges WHERE merges.group_id = p.group_id ORDER BY merge_id DESC LIMIT 1
) m ON true
LEFT JOIN beamloop.merge_shells shell ON shell.merge_id = m.merge_id AND shell.shell = 0
ORDER BY p.asked_at DESC, p.group_id DESC;
