-- name: select_sweeps(collection_id, sweep_ids, beamline, code, since)
-- Sweeps with their newest run, by what is asked; null asks nothing.
SELECT s.sweep_id, s.name AS sweep, s.content_sha256, c.collection_id, c.key_name, c.beamline,
       c.name AS collection, c.directory, r.run_id, r.created_at, r.parameters,
       h.space_group, h.unit_cell, h.said_at
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN LATERAL (
    SELECT * FROM beamloop.runs WHERE runs.sweep_id = s.sweep_id AND runs.stands
    ORDER BY run_id DESC LIMIT 1
) r ON true
LEFT JOIN beamloop.outcomes o ON o.run_id = r.run_id
LEFT JOIN beamloop.samples_by_hand h ON h.directory = c.directory
WHERE (:collection_id::bigint IS NULL OR c.collection_id = :collection_id::bigint)
  AND (:sweep_ids::bigint[] IS NULL OR s.sweep_id = ANY(:sweep_ids::bigint[]))
  AND (:beamline::text IS NULL OR c.beamline = :beamline::text)
  AND (:code::text IS NULL OR o.code = :code::text)
  AND (:since::timestamptz IS NULL OR coalesce(o.recorded_at, r.created_at) >= :since::timestamptz)
ORDER BY c.collection_id, s.name;

-- name: failures(since, beamline, limit)
-- Sweeps whose newest run ended without a result, the newest end first; a null limit is none.
SELECT c.beamline, c.name AS collection, c.directory, t.sweep_id, s.name AS sweep, t.run_id, o.code, o.step, o.sentence,
       o.recorded_at
FROM beamloop.sweep_standings t
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c ON c.collection_id = t.collection_id
JOIN beamloop.outcomes o ON o.run_id = t.run_id
WHERE t.ended_at >= :since AND t.state NOT IN ('processed', 'cancelled')
  AND (:beamline::text IS NULL OR c.beamline = :beamline::text)
ORDER BY t.ended_at DESC, t.run_id DESC
LIMIT :limit;
