-- name: sibling_sweeps(collection_id)
-- The sweeps of a collection by the runs that stand for them, with the refined crystal where there is one.
SELECT s.sweep_id, s.name AS sweep, s.content_sha256, r.run_id, r.parameters, r.dials_version, o.code,
       o.recorded_at > now() - interval '1 day' AS ended_lately,
       r.second_chance_of IS NOT NULL
       OR EXISTS (SELECT FROM beamloop.runs second WHERE second.second_chance_of = r.run_id) AS had_second_chance,
       x.space_group, x.cell, x.distance_mm, x.beam_x_mm, x.beam_y_mm
FROM beamloop.sweeps s
JOIN LATERAL (
    SELECT * FROM beamloop.runs WHERE runs.sweep_id = s.sweep_id AND runs.stands ORDER BY run_id DESC LIMIT 1
) r ON true
JOIN beamloop.outcomes o ON o.run_id = r.run_id
LEFT JOIN beamloop.crystals x ON x.run_id = r.run_id AND x.step = 'refine' AND x.crystal_number = 1
WHERE s.collection_id = :collection_id
ORDER BY s.sweep_id;

-- name: add_second_chance(sweep_id, request_id, run_key, parameters, dials_version, geometry_id, second_chance_of, stands)$
-- A second chance; nothing where the run has had one, or where the same work is known.
INSERT INTO beamloop.runs
    (sweep_id, request_id, run_key, parameters, dials_version, geometry_id, second_chance_of, stands)
VALUES (:sweep_id, :request_id, :run_key, :parameters, :dials_version, :geometry_id, :second_chance_of, :stands)
ON CONFLICT DO NOTHING
RETURNING run_id;

-- name: second_chances_of_request(request_id)
-- The second chances that a request gave.
SELECT r.run_id, s.name FROM beamloop.runs r JOIN beamloop.sweeps s USING (sweep_id)
WHERE r.request_id = :request_id AND r.second_chance_of IS NOT NULL;
