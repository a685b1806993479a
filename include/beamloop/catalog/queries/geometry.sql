-- name: put_detector(beamline, identifier)$
-- Know a detector.
INSERT INTO beamloop.detectors (beamline, identifier) VALUES (:beamline, :identifier)
ON CONFLICT (beamline, identifier) DO UPDATE SET identifier = excluded.identifier
RETURNING detector_id;

-- name: add_geometry(detector_id, beamline, distance_mm, header_distance_mm, hierarchy_level, panel_count, multi_panel, takes_beam, takes_goniometer, models_key, models_sha256, models_size_bytes, evidence, origin, made_by)$
-- A candidate; nothing comes back where these models are a version already.
INSERT INTO beamloop.geometry_versions
    (detector_id, beamline, distance_mm, header_distance_mm, hierarchy_level, panel_count, multi_panel,
     takes_beam, takes_goniometer, models_key, models_sha256, models_size_bytes, evidence, origin, made_by)
VALUES (:detector_id, :beamline, :distance_mm, :header_distance_mm, :hierarchy_level, :panel_count, :multi_panel,
        :takes_beam, :takes_goniometer, :models_key, :models_sha256, :models_size_bytes, :evidence, :origin,
        :made_by)
ON CONFLICT (models_key) DO NOTHING
RETURNING geometry_id;

-- name: add_geometry_source(geometry_id, run_id, role)!
-- A run whose data made a version.
INSERT INTO beamloop.geometry_sources (geometry_id, run_id, role) VALUES (:geometry_id, :run_id, :role);

-- name: geometry_versions(beamline, geometry_id)
-- Versions with their detectors, the newest first; of one beamline, or one version, or all.
SELECT g.geometry_id, g.beamline, d.identifier, g.state, lower(g.validity) AS valid_from,
       upper(g.validity) AS valid_until, g.distance_mm, g.header_distance_mm, g.hierarchy_level, g.panel_count,
       g.multi_panel, g.takes_beam, g.takes_goniometer, g.models_key, g.models_sha256, g.models_size_bytes,
       g.evidence, g.origin, g.made_by, g.made_at
FROM beamloop.geometry_versions g JOIN beamloop.detectors d USING (detector_id)
WHERE g.beamline = coalesce(:beamline, g.beamline) AND g.geometry_id = coalesce(:geometry_id, g.geometry_id)
ORDER BY g.geometry_id DESC;

-- name: geometry_with_models(models_key)$
-- The version that these models are.
SELECT geometry_id FROM beamloop.geometry_versions WHERE models_key = :models_key;

-- name: geometry_in_force(beamline, at)$
-- The version that serves data of a time.
SELECT geometry_id FROM beamloop.geometry_versions
WHERE beamline = :beamline AND state IN ('in_force', 'superseded') AND validity @> :at::timestamptz;

-- name: geometry_of_sweep(sweep_id)$
-- The version that serves a sweep.
SELECT g.geometry_id
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN beamloop.geometry_versions g
  ON g.beamline = c.beamline AND g.state IN ('in_force', 'superseded') AND g.validity @> s.collected_at
WHERE s.sweep_id = :sweep_id;

-- name: newer_geometry_serving(geometry_id)$
-- A version of the same detector that was made later and serves without end.
SELECT max(newer.geometry_id) FROM beamloop.geometry_versions newer
JOIN beamloop.geometry_versions older USING (detector_id)
WHERE older.geometry_id = :geometry_id AND newer.geometry_id > older.geometry_id AND newer.state = 'in_force';

-- name: candidates_beside(geometry_id)
-- Other candidates of the same detector, the newest first.
SELECT other.geometry_id, other.distance_mm, other.made_at FROM beamloop.geometry_versions other
JOIN beamloop.geometry_versions own USING (detector_id)
WHERE own.geometry_id = :geometry_id AND other.geometry_id <> own.geometry_id AND other.state = 'candidate'
ORDER BY other.geometry_id DESC;

-- name: stale_sweeps(collection_id)
-- Sweeps whose newest run that stands was imported with another geometry than serves their data now; of one
-- collection, or all. Adopted results were not imported.
SELECT s.name AS sweep, c.name AS collection, c.directory, r.run_id, r.geometry_id AS imported_id,
       now_serving.geometry_id AS serving_id
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN LATERAL (
    SELECT run_id, geometry_id FROM beamloop.runs WHERE runs.sweep_id = s.sweep_id AND runs.stands
    ORDER BY run_id DESC LIMIT 1
) r ON true
LEFT JOIN beamloop.geometry_versions now_serving
  ON now_serving.beamline = c.beamline AND now_serving.state IN ('in_force', 'superseded')
 AND now_serving.validity @> s.collected_at
WHERE c.collection_id = coalesce(:collection_id, c.collection_id)
  AND r.geometry_id IS DISTINCT FROM now_serving.geometry_id
  AND NOT EXISTS (SELECT FROM beamloop.adoptions WHERE adoptions.run_id = r.run_id)
ORDER BY c.collection_id, s.sweep_id;

-- name: lock_geometries(beamline)$
-- Let one decision after the other be taken on a beamline's geometries.
SELECT beamline FROM beamloop.beamlines WHERE beamline = :beamline FOR UPDATE;

-- name: next_geometry_from(beamline, since)$
-- When the next version begins to serve, at this time or later.
SELECT min(lower(validity)) FROM beamloop.geometry_versions
WHERE beamline = :beamline AND state IN ('in_force', 'superseded') AND lower(validity) >= :since;

-- name: end_geometry_before(beamline, since)!
-- The version that serves at a time serves until then.
UPDATE beamloop.geometry_versions SET state = 'superseded', validity = tstzrange(lower(validity), :since)
WHERE beamline = :beamline AND state IN ('in_force', 'superseded') AND validity @> :since::timestamptz;

-- name: put_in_force(geometry_id, since, until)!
-- Let a version serve data of a period.
UPDATE beamloop.geometry_versions SET
    validity = tstzrange(:since, :until),
    state = CASE WHEN :until::timestamptz IS NULL THEN 'in_force' ELSE 'superseded' END
WHERE geometry_id = :geometry_id;

-- name: reject_geometry(geometry_id)!
-- A candidate that shall never serve.
UPDATE beamloop.geometry_versions SET state = 'rejected' WHERE geometry_id = :geometry_id;

-- name: withdraw_geometry(geometry_id)!
-- A version serves no more, at no time.
UPDATE beamloop.geometry_versions SET state = 'withdrawn' WHERE geometry_id = :geometry_id;

-- name: extend_geometry_before(geometry_id)$
-- The version whose period ended where that of a withdrawn one began serves in its place.
UPDATE beamloop.geometry_versions earlier SET
    validity = tstzrange(lower(earlier.validity), upper(gone.validity)),
    state = CASE WHEN upper_inf(gone.validity) THEN 'in_force' ELSE 'superseded' END
FROM beamloop.geometry_versions gone
WHERE gone.geometry_id = :geometry_id AND earlier.beamline = gone.beamline AND earlier.state = 'superseded'
  AND upper(earlier.validity) = lower(gone.validity)
RETURNING earlier.geometry_id;

-- name: add_geometry_decision(geometry_id, decision, decided_by, why, in_force_from, without_evidence)!
-- Who decided what, and why.
INSERT INTO beamloop.geometry_decisions
    (geometry_id, decision, decided_by, why, in_force_from, without_evidence)
VALUES (:geometry_id, :decision, :decided_by, :why, :in_force_from, :without_evidence);

-- name: geometry_decisions(geometry_id)
-- What was decided on a version, in order.
SELECT decision, decided_by, decided_at, why, in_force_from, without_evidence
FROM beamloop.geometry_decisions WHERE geometry_id = :geometry_id ORDER BY decision_id;

-- name: geometry_sources(geometry_id)
-- The runs whose data made a version.
SELECT x.run_id, x.role, s.name AS sweep, c.name AS collection
FROM beamloop.geometry_sources x
JOIN beamloop.runs USING (run_id) JOIN beamloop.sweeps s USING (sweep_id) JOIN beamloop.collections c USING (collection_id)
WHERE x.geometry_id = :geometry_id ORDER BY x.role, x.run_id;

-- name: sweeps_with_geometry(geometry_id)
-- The sweeps whose newest run that stands was imported with a version, and the version that serves them now.
SELECT s.sweep_id, s.name AS sweep, c.name AS collection, c.directory, r.run_id, s.collected_at,
       now_serving.geometry_id AS serving_id
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN LATERAL (
    SELECT run_id, geometry_id FROM beamloop.runs WHERE runs.sweep_id = s.sweep_id AND runs.stands
    ORDER BY run_id DESC LIMIT 1
) r ON true
LEFT JOIN beamloop.geometry_versions now_serving
  ON now_serving.beamline = c.beamline AND now_serving.state IN ('in_force', 'superseded')
 AND now_serving.validity @> s.collected_at
WHERE r.geometry_id = :geometry_id
ORDER BY c.collection_id, s.sweep_id;
