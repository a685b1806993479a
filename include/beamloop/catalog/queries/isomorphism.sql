-- name: isomorphism_candidates(collection_id)
-- Every crystal of each sweep's newest processed run; a later run without a result does not take it away.
SELECT s.sweep_id, s.name AS sweep_name, s.image_first, s.image_last, r.run_id, x.crystal_number,
       x.space_group, x.cell, x.distance_mm, i.d_min_angstrom,
       -- where it is not known, there were no more than these
       coalesce(x.used_count, x.indexed_count) AS used_count, r.with_siblings_cell,
       c.beamline || '/' || c.key_name || '/' || s.key_name || '/run-' || r.run_id AS place,
       ARRAY(SELECT a.key FROM beamloop.artifacts a
             WHERE a.run_id = r.run_id AND a.step = 'export' AND right(a.name, 4) = '.mtz' ORDER BY a.name) AS mtz_keys
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN LATERAL (
    SELECT runs.run_id, runs.second_chance_of IS NOT NULL AS with_siblings_cell
    FROM beamloop.runs JOIN beamloop.outcomes USING (run_id)
    WHERE runs.sweep_id = s.sweep_id AND outcomes.code = 'processed'
    ORDER BY runs.run_id DESC LIMIT 1
) r ON true
JOIN LATERAL (
    -- scan-static cells; what was made elsewhere may have those of another step only
    SELECT step FROM beamloop.crystals WHERE crystals.run_id = r.run_id
    ORDER BY array_position(ARRAY['refine', 'integrate', 'index'], step) LIMIT 1
) best ON true
JOIN beamloop.crystals x ON x.run_id = r.run_id AND x.step = best.step
LEFT JOIN beamloop.integrations i ON i.run_id = r.run_id
WHERE s.collection_id = :collection_id;

-- name: collection_place(collection_id)^
-- Where a collection's artifacts are.
SELECT beamline, key_name, name, directory FROM beamloop.collections WHERE collection_id = :collection_id;

-- name: standing_words(collection_id)
-- What people said last of each sweep, and of each crystal of a run.
SELECT DISTINCT ON (d.sweep_id, d.run_id, d.crystal_number)
       d.decision_id, d.sweep_id, s.name AS sweep_name, d.run_id, d.crystal_number, d.kind, d.group_id,
       g.name AS group_name, d.said_by, d.said_at, d.why
FROM beamloop.member_decisions d
JOIN beamloop.sweeps s USING (sweep_id)
LEFT JOIN beamloop.isomorphous_groups g USING (group_id)
WHERE s.collection_id = :collection_id
ORDER BY d.sweep_id, d.run_id, d.crystal_number, d.decision_id DESC;

-- name: standing_limit(collection_id)^
-- The last word on a collection's limit.
SELECT decision_id, limit_percent, said_by, said_at, why FROM beamloop.limit_decisions
WHERE collection_id = :collection_id ORDER BY decision_id DESC LIMIT 1;

-- name: add_member_decision(sweep_id, run_id, crystal_number, kind, group_id, said_by, why)$
-- A person's word; nothing is ever changed in it.
INSERT INTO beamloop.member_decisions (sweep_id, run_id, crystal_number, kind, group_id, said_by, why)
VALUES (:sweep_id, :run_id, :crystal_number, :kind, :group_id, :said_by, :why)
RETURNING decision_id;

-- name: add_limit_decision(collection_id, limit_percent, said_by, why)$
-- A person's word; nothing is ever changed in it.
INSERT INTO beamloop.limit_decisions (collection_id, limit_percent, said_by, why)
VALUES (:collection_id, :limit_percent, :said_by, :why)
RETURNING decision_id;

-- name: isomorphism_news_of(collection_id)^
-- How often a collection has changed.
SELECT changes, taken_up FROM beamloop.isomorphism_news WHERE collection_id = :collection_id;

-- name: take_up_isomorphism_news(collection_id)$
-- A check begins: what changes from now on asks for another one.
UPDATE beamloop.isomorphism_news SET taken_up = changes, person_waits = false
WHERE collection_id = :collection_id RETURNING changes;

-- name: collections_with_isomorphism_news(patience_s, limit)
-- Collections to check: nothing of them is being processed, or a person waits, or it has taken too long.
SELECT n.collection_id, n.changes, c.key_name
FROM beamloop.isomorphism_news n JOIN beamloop.collections c USING (collection_id)
WHERE n.taken_up < n.changes
  AND (n.person_waits
       OR n.waiting_since < now() - make_interval(secs => :patience_s)
       OR NOT EXISTS (SELECT FROM beamloop.requests q
                      WHERE q.collection_id = n.collection_id AND q.ended_at IS NULL))
ORDER BY n.waiting_since LIMIT :limit;

-- name: reserve_isomorphism_report(collection_id, membership_sha256, limit_percent)^
-- The number of a snapshot's report: the same one however often it is begun.
INSERT INTO beamloop.isomorphism_reports (collection_id, membership_sha256, limit_percent)
VALUES (:collection_id, :membership_sha256, :limit_percent)
ON CONFLICT (collection_id, membership_sha256) DO UPDATE SET limit_percent = excluded.limit_percent
RETURNING report_id, begun_at, published_at;

-- name: newest_isomorphism_report(collection_id)^
-- The report that counts.
SELECT report_id, collection_id, published_at, membership_sha256, limit_percent, verdict, sentence, setting,
       lcv_percent, alcv_angstrom, all_lcv_percent, all_alcv_angstrom, wall_s, cpu_s
FROM beamloop.isomorphism_reports
WHERE collection_id = :collection_id AND published_at IS NOT NULL
ORDER BY report_id DESC LIMIT 1;

-- name: publish_isomorphism_report(report_id, verdict, sentence, setting, lcv_percent, alcv_angstrom, all_lcv_percent, all_alcv_angstrom, wall_s, cpu_s)!
-- From here on the report counts.
UPDATE beamloop.isomorphism_reports SET
    published_at = now(), verdict = :verdict, sentence = :sentence, setting = :setting,
    lcv_percent = :lcv_percent, alcv_angstrom = :alcv_angstrom, all_lcv_percent = :all_lcv_percent,
    all_alcv_angstrom = :all_alcv_angstrom, wall_s = :wall_s, cpu_s = :cpu_s
WHERE report_id = :report_id;

-- name: add_report_member(report_id, run_id, crystal_number, serial, standing, space_group, cell, common_cell, operator, robust_z, reason, sentence, decision_id)*!
-- The crystals of a report.
INSERT INTO beamloop.report_members
    (report_id, run_id, crystal_number, serial, standing, space_group, cell, common_cell, operator, robust_z,
     reason, sentence, decision_id)
VALUES (:report_id, :run_id, :crystal_number, :serial, :standing, :space_group, :cell, :common_cell,
        :operator, :robust_z, :reason, :sentence, :decision_id);

-- name: add_isomorphous_group(collection_id, name)$
-- A new group; nothing comes back when the name is taken.
INSERT INTO beamloop.isomorphous_groups (collection_id, name) VALUES (:collection_id, :name)
ON CONFLICT (collection_id, name) DO NOTHING
RETURNING group_id;

-- name: add_report_group(report_id, group_id, lcv_percent, alcv_angstrom)!
-- A group as a report has it.
INSERT INTO beamloop.report_groups (report_id, group_id, lcv_percent, alcv_angstrom)
VALUES (:report_id, :group_id, :lcv_percent, :alcv_angstrom);

-- name: add_group_member(report_id, group_id, run_id, crystal_number)*!
-- Who belongs to a group.
INSERT INTO beamloop.group_members (report_id, group_id, run_id, crystal_number)
VALUES (:report_id, :group_id, :run_id, :crystal_number);

-- name: add_report_finding(report_id, finding_number, expectation, severity, passed, sentence, statistics, sweeps)!
-- What one expectation found.
INSERT INTO beamloop.report_findings
    (report_id, finding_number, expectation, severity, passed, sentence, statistics, sweeps)
VALUES (:report_id, :finding_number, :expectation, :severity, :passed, :sentence, :statistics, :sweeps);

-- name: add_report_artifact(report_id, name, key, sha256, size_bytes)!
-- A published file of a report.
INSERT INTO beamloop.report_artifacts (report_id, name, key, sha256, size_bytes)
VALUES (:report_id, :name, :key, :sha256, :size_bytes);

-- name: members_of_report(report_id)
-- Every crystal of a report, those that a person excluded last.
SELECT m.run_id, m.crystal_number, s.sweep_id, s.name AS sweep_name,
       c.beamline || '/' || c.key_name || '/' || s.key_name || '/run-' || m.run_id AS place,
       m.space_group, m.cell, m.serial, m.standing, m.common_cell, m.operator, m.robust_z, m.reason,
       m.sentence, m.decision_id, gm.group_id
FROM beamloop.report_members m
JOIN beamloop.runs r USING (run_id)
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c USING (collection_id)
LEFT JOIN beamloop.group_members gm USING (report_id, run_id, crystal_number)
WHERE m.report_id = :report_id
ORDER BY m.serial NULLS LAST, s.name, m.crystal_number;

-- name: groups_of_report(report_id)
-- The groups of a report by age.
SELECT g.group_id, g.name, rg.lcv_percent, rg.alcv_angstrom
FROM beamloop.report_groups rg JOIN beamloop.isomorphous_groups g USING (group_id)
WHERE rg.report_id = :report_id ORDER BY g.group_id;

-- name: findings_of_report(report_id)
-- What validation found.
SELECT expectation, severity, passed, sentence, statistics, sweeps FROM beamloop.report_findings
WHERE report_id = :report_id ORDER BY finding_number;

-- name: artifacts_of_report(report_id)
-- Every published file of a report.
SELECT name, key, sha256, size_bytes FROM beamloop.report_artifacts WHERE report_id = :report_id ORDER BY name;

-- name: words_of_report(report_id)
-- The words that decided of crystals in a report.
SELECT d.decision_id, d.sweep_id, s.name AS sweep_name, d.run_id, d.crystal_number, d.kind, d.group_id,
       g.name AS group_name, d.said_by, d.said_at, d.why
FROM beamloop.member_decisions d
JOIN beamloop.sweeps s USING (sweep_id)
LEFT JOIN beamloop.isomorphous_groups g USING (group_id)
WHERE d.decision_id IN (SELECT decision_id FROM beamloop.report_members WHERE report_id = :report_id)
ORDER BY d.decision_id;

-- name: groups_with_last_members(collection_id)
-- Every group that ever was, with the crystals that belonged to it when it was last seen.
SELECT g.group_id, g.name, last.report_id AS last_report_id, r.sweep_id, m.crystal_number
FROM beamloop.isomorphous_groups g
LEFT JOIN LATERAL (
    SELECT report_id FROM beamloop.report_groups rg WHERE rg.group_id = g.group_id
    ORDER BY report_id DESC LIMIT 1
) last ON true
LEFT JOIN beamloop.group_members m ON m.report_id = last.report_id AND m.group_id = g.group_id
LEFT JOIN beamloop.runs r ON r.run_id = m.run_id
WHERE g.collection_id = :collection_id
ORDER BY g.group_id, r.sweep_id, m.crystal_number;
