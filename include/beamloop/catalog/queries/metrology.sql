-- name: metrology_sweeps_of_beamline(beamline, collection_id, days)
-- Each sweep's newest processed run with its first crystal, and the geometry that serves its data now; of the
-- days before the newest sweep, or of one collection at any time.
SELECT s.sweep_id, s.name AS sweep_name, s.content_sha256, c.beamline, c.name AS collection, r.run_id,
       x.indexed_count, x.distance_mm, serving.geometry_id
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN LATERAL (
    SELECT runs.run_id FROM beamloop.runs JOIN beamloop.outcomes USING (run_id)
    WHERE runs.sweep_id = s.sweep_id AND outcomes.code = 'processed'
    ORDER BY runs.run_id DESC LIMIT 1
) r ON true
JOIN LATERAL (
    SELECT indexed_count, distance_mm FROM beamloop.crystals
    WHERE crystals.run_id = r.run_id AND crystal_number = 1
    ORDER BY array_position(ARRAY['refine', 'integrate', 'index'], step) LIMIT 1
) x ON true
LEFT JOIN beamloop.geometry_versions serving
  ON serving.beamline = c.beamline AND serving.state IN ('in_force', 'superseded')
 AND serving.validity @> s.collected_at
WHERE c.beamline = coalesce(:beamline, c.beamline)
  AND (c.collection_id = :collection_id
       OR :collection_id::bigint IS NULL AND s.collected_at > (
           SELECT max(newest.collected_at) FROM beamloop.sweeps newest
           JOIN beamloop.collections own USING (collection_id) WHERE own.beamline = c.beamline
       ) - make_interval(days => :days))
ORDER BY c.beamline, s.sweep_id;

-- name: metrology_knows(sweep_id, content_sha256, options, dials_version)$
-- Whether these images were offered to a metrology with these options that did not fail.
SELECT EXISTS (
    SELECT FROM beamloop.metrology_sweeps m
    JOIN beamloop.metrologies USING (metrology_id) JOIN beamloop.runs USING (run_id)
    WHERE runs.sweep_id = :sweep_id AND m.content_sha256 = :content_sha256
      AND metrologies.options - 'gate'::text = :options::jsonb - 'gate'::text
      AND metrologies.dials_version = :dials_version AND metrologies.state <> 'failed');

-- name: put_metrology(beamline, distance_mm, start_geometry_id, work_sha256, repetition, options, dials_version, requested_by)$
-- Ask for a metrology once; nothing comes back when it is known.
INSERT INTO beamloop.metrologies
    (beamline, distance_mm, start_geometry_id, work_sha256, repetition, options, dials_version, requested_by)
VALUES (:beamline, :distance_mm, :start_geometry_id, :work_sha256, :repetition, :options, :dials_version,
        :requested_by)
ON CONFLICT (beamline, work_sha256, repetition) DO NOTHING
RETURNING metrology_id;

-- name: metrology_repetitions(beamline, work_sha256)^
-- How often this work was asked for, and whether some of it waits.
SELECT coalesce(max(repetition) + 1, 0) AS repetition, coalesce(bool_or(state = 'waiting'), false) AS waits
FROM beamloop.metrologies WHERE beamline = :beamline AND work_sha256 = :work_sha256;

-- name: add_metrology_sweep(metrology_id, run_id, content_sha256, indexed_count, distance_mm)!
-- A sweep that is offered.
INSERT INTO beamloop.metrology_sweeps (metrology_id, run_id, content_sha256, indexed_count, distance_mm)
VALUES (:metrology_id, :run_id, :content_sha256, :indexed_count, :distance_mm);

-- name: waiting_metrologies(metrology_ids)
-- Metrologies that have not ended, the oldest first; or those of these on whose candidate nobody has decided too.
SELECT m.metrology_id FROM beamloop.metrologies m LEFT JOIN beamloop.geometry_versions g USING (geometry_id)
WHERE CASE WHEN :metrology_ids::bigint[] IS NULL THEN m.state = 'waiting'
      ELSE m.metrology_id = ANY (:metrology_ids::bigint[])
           AND (m.state = 'waiting' OR m.state = 'candidate' AND g.state = 'candidate') END
ORDER BY m.metrology_id;

-- name: metrologies_newest(beamline, limit)
-- The newest metrologies of a beamline, or of all.
SELECT metrology_id FROM beamloop.metrologies
WHERE beamline = coalesce(:beamline, beamline) ORDER BY metrology_id DESC LIMIT :limit;

-- name: metrology_by_id(metrology_id)^
-- A metrology with its place and what is done of it.
SELECT m.metrology_id, m.beamline, m.detector, m.distance_mm, m.start_geometry_id, m.options, m.dials_version,
       m.requested_by, m.asked_at, m.state, m.geometry_id, m.code, m.step, m.sentence,
       m.beamline || '/metrology/metrology-' || m.metrology_id AS place,
       ARRAY(SELECT s.step FROM beamloop.metrology_steps s WHERE s.metrology_id = m.metrology_id) AS steps_done
FROM beamloop.metrologies m WHERE m.metrology_id = :metrology_id;

-- name: sweeps_of_metrology(metrology_id)
-- The sweeps that were offered.
SELECT m.run_id, s.sweep_id, s.name, c.name AS collection, m.content_sha256, m.indexed_count, m.distance_mm,
       m.role, m.why
FROM beamloop.metrology_sweeps m
JOIN beamloop.runs USING (run_id) JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c USING (collection_id)
WHERE m.metrology_id = :metrology_id ORDER BY m.run_id;

-- name: start_metrology(metrology_id)!
-- Work has begun.
UPDATE beamloop.metrologies SET started_at = coalesce(started_at, now()) WHERE metrology_id = :metrology_id;

-- name: note_metrology_trouble(trouble, metrology_id)!
-- Keep the words of a transient error.
UPDATE beamloop.metrologies SET last_trouble = :trouble WHERE metrology_id = :metrology_id;

-- name: put_metrology_step(metrology_id, step, started_at, ended_at, finding, cpu_s, peak_memory_bytes)$
-- A step is recorded once; nothing comes back when it was there.
INSERT INTO beamloop.metrology_steps
    (metrology_id, step, started_at, ended_at, finding, cpu_s, peak_memory_bytes)
VALUES (:metrology_id, :step, :started_at, :ended_at, :finding, :cpu_s, :peak_memory_bytes)
ON CONFLICT (metrology_id, step) DO NOTHING
RETURNING step;

-- name: add_metrology_artifact(metrology_id, step, name, key, sha256, size_bytes)!
-- A published file; the key is its place in the store.
INSERT INTO beamloop.metrology_artifacts (metrology_id, step, name, key, sha256, size_bytes)
VALUES (:metrology_id, :step, :name, :key, :sha256, :size_bytes);

-- name: artifacts_of_metrology_step(metrology_id, step)
-- The published files of one step.
SELECT name, key, sha256, size_bytes FROM beamloop.metrology_artifacts
WHERE metrology_id = :metrology_id AND step = :step ORDER BY name;

-- name: choose_metrology_sweep(metrology_id, run_id, role, why)!
-- What a sweep was chosen for.
UPDATE beamloop.metrology_sweeps SET role = :role, why = :why
WHERE metrology_id = :metrology_id AND run_id = :run_id;

-- name: name_metrology_detector(metrology_id, detector)!
-- What the images say of their detector.
UPDATE beamloop.metrologies SET detector = :detector WHERE metrology_id = :metrology_id;

-- name: give_metrology_candidate(metrology_id, geometry_id)!
-- The geometry that came of it.
UPDATE beamloop.metrologies SET geometry_id = :geometry_id WHERE metrology_id = :metrology_id;

-- name: end_metrology(metrology_id, state, code, step, sentence)!
-- How a metrology ended; the first word stands.
UPDATE beamloop.metrologies
SET state = :state, code = :code, step = :step, sentence = :sentence,
    started_at = coalesce(started_at, now()), ended_at = now()
WHERE metrology_id = :metrology_id AND state = 'waiting';

-- name: metrology_steps(metrology_id)
-- What the steps took.
SELECT step, started_at, ended_at, finding, cpu_s, peak_memory_bytes
FROM beamloop.metrology_steps WHERE metrology_id = :metrology_id ORDER BY started_at;
