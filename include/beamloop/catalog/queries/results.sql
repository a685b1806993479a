-- name: results_of_collection(request_id, collection_id)
-- The newest run of each sweep of a collection with its figures, for tables.
SELECT s.sweep_id, s.name AS sweep, s.image_first, s.image_last, s.missing_images,
       r.run_id, r.request_id, r.started_at, r.ended_at, r.parameters, r.dials_version, r.last_trouble,
       o.code, o.step AS outcome_step, o.sentence, before.code AS code_before,
       sp.spot_count,
       x.step AS crystal_step, x.space_group, x.cell, x.cell_su, n.indexed_count, x.rmsd_x_mm, x.rmsd_y_mm,
       x.rmsd_x_px, x.rmsd_y_px, x.rmsd_phi_deg, x.distance_mm, x.beam_x_mm, x.beam_y_mm,
       i.summed_count, i.profile_fitted_count, i.mean_i_over_sigma, i.d_min_angstrom, i.for_merging,
       p.cpu_s, p.wall_s, p.peak_memory_bytes,
       ARRAY(SELECT st.step FROM beamloop.steps st WHERE st.run_id = r.run_id) AS steps_done
FROM beamloop.sweeps s
LEFT JOIN LATERAL (
    SELECT * FROM beamloop.runs WHERE runs.sweep_id = s.sweep_id AND runs.stands
    AND (:request_id::bigint IS NULL OR runs.request_id = :request_id::bigint)
    ORDER BY run_id DESC LIMIT 1
) r ON true
LEFT JOIN beamloop.outcomes o ON o.run_id = r.run_id
LEFT JOIN beamloop.outcomes before ON before.run_id = r.second_chance_of
LEFT JOIN beamloop.spot_counts sp ON sp.run_id = r.run_id
LEFT JOIN beamloop.integrations i ON i.run_id = r.run_id
LEFT JOIN LATERAL (
    SELECT * FROM beamloop.crystals WHERE crystals.run_id = r.run_id AND crystal_number = 1
    ORDER BY array_position(ARRAY['integrate', 'refine', 'index'], crystals.step) LIMIT 1
) x ON true
LEFT JOIN LATERAL (
    -- all blocks of the sweep
    SELECT sum(crystals.indexed_count) AS indexed_count FROM beamloop.crystals
    WHERE crystals.run_id = r.run_id AND crystals.step = x.step
) n ON true
LEFT JOIN LATERAL (
    SELECT sum(cpu_s) AS cpu_s, sum(wall_s) AS wall_s, max(peak_memory_bytes) AS peak_memory_bytes
    FROM beamloop.program_starts WHERE program_starts.run_id = r.run_id
) p ON true
WHERE s.collection_id = :collection_id AND (:request_id::bigint IS NULL OR r.run_id IS NOT NULL)
ORDER BY s.name;

-- name: add_event(actor, kind, collection_id, run_id, sentence)!
-- Something happened that a person may want to know.
INSERT INTO beamloop.events (actor, kind, collection_id, run_id, sentence)
VALUES (:actor, :kind, :collection_id, :run_id, :sentence);
