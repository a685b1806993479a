-- name: page_geometry_versions(beamline, limit, offset)
-- Versions, the newest first, with the figures that a table shows and the last decision on each.
SELECT g.geometry_id, g.beamline, d.identifier AS detector, g.state, lower(g.validity) AS valid_from,
       upper(g.validity) AS valid_until, g.distance_mm, g.header_distance_mm, g.hierarchy_level, g.panel_count,
       g.origin, g.made_by, g.made_at, (g.evidence ->> 'held_out_count')::integer AS held_out_count,
       g.evidence -> 'held_out_rmsd_before_mm' AS rmsd_before_mm, g.evidence -> 'held_out_rmsd_after_mm' AS rmsd_after_mm,
       (g.evidence ->> 'half_split_um')::double precision AS half_split_um,
       last.decision, last.decided_by, last.decided_at, last.why, count(*) OVER () AS total
FROM beamloop.geometry_versions g
JOIN beamloop.detectors d USING (detector_id)
LEFT JOIN LATERAL (
    SELECT decision, decided_by, decided_at, why FROM beamloop.geometry_decisions
    WHERE geometry_decisions.geometry_id = g.geometry_id ORDER BY decision_id DESC LIMIT 1
) last ON true
WHERE :beamline::text IS NULL OR g.beamline = :beamline::text
ORDER BY g.geometry_id DESC LIMIT :limit OFFSET :offset;

-- name: page_geometry_periods(beamline, limit)
-- When versions serve, or served before they were withdrawn; the latest first.
SELECT geometry_id, beamline, state, lower(validity) AS valid_from, upper(validity) AS valid_until
FROM beamloop.geometry_versions
WHERE NOT isempty(validity) AND (:beamline::text IS NULL OR beamline = :beamline::text)
ORDER BY lower(validity) DESC LIMIT :limit;

-- name: page_sweeps_imported_with(geometry_id, limit)
-- The sweeps whose newest run that stands was imported with a version, stale ones first; and how many in all.
WITH imported AS (
    SELECT r.run_id, s.sweep_id, s.name AS sweep, s.collected_at, c.collection_id, c.name AS collection,
           now_serving.geometry_id AS serving_id
    FROM beamloop.runs r
    JOIN beamloop.sweeps s USING (sweep_id)
    JOIN beamloop.collections c USING (collection_id)
    LEFT JOIN beamloop.geometry_versions now_serving
      ON now_serving.beamline = c.beamline AND now_serving.state IN ('in_force', 'superseded')
     AND now_serving.validity @> s.collected_at
    WHERE r.geometry_id = :geometry_id AND r.stands
      AND NOT EXISTS (SELECT FROM beamloop.runs newer
                      WHERE newer.sweep_id = r.sweep_id AND newer.stands AND newer.run_id > r.run_id)
)
SELECT *, serving_id IS DISTINCT FROM :geometry_id AS is_stale, count(*) OVER () AS total,
       count(*) FILTER (WHERE serving_id IS DISTINCT FROM :geometry_id) OVER () AS stale_total
FROM imported ORDER BY is_stale DESC, run_id LIMIT :limit;

-- name: page_metrology_of_geometry(geometry_id)^
-- The metrology that a version came of, and its report.
SELECT m.metrology_id, m.sentence, m.requested_by, m.asked_at, m.ended_at,
       (SELECT artifact_id FROM beamloop.metrology_artifacts a
        WHERE a.metrology_id = m.metrology_id AND a.step = 'report' AND a.name = 'report.html') AS report_file
FROM beamloop.metrologies m WHERE m.geometry_id = :geometry_id ORDER BY m.metrology_id DESC LIMIT 1;

-- name: page_open_metrologies(beamline, limit)
-- Metrologies that have not ended, and those that lately ended without a candidate; the newest first.
SELECT metrology_id, beamline, detector, distance_mm, state, sentence, last_trouble, requested_by, asked_at, ended_at
FROM beamloop.metrologies
WHERE state <> 'candidate' AND (:beamline::text IS NULL OR beamline = :beamline::text)
ORDER BY metrology_id DESC LIMIT :limit;

-- name: page_file_of_metrology(artifact_id)^
-- One file of a metrology.
SELECT name, key, sha256, size_bytes FROM beamloop.metrology_artifacts WHERE artifact_id = :artifact_id;
