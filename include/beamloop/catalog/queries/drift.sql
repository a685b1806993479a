-- name: detector_points(beamline, least_held_out_count)
-- Where metrologies found the detectors, by the time of the newest data that each was refined against. Whatever
-- came of a version: one that is no better than what serves is a measurement as good as another.
SELECT g.geometry_id, g.beamline, d.identifier AS detector, g.state, g.header_distance_mm,
       coalesce(data.newest_at, g.made_at) AS measured_at,
       g.evidence #> '{details,whole,header}' AS header, g.evidence #> '{details,whole,after}' AS found,
       (SELECT jsonb_agg(jsonb_build_array(panel ->> 'panel', panel #> '{shift_from_header_um,0}',
                                           panel #> '{shift_from_header_um,1}') ORDER BY place)
        FROM jsonb_array_elements(g.evidence #> '{details,panels}') WITH ORDINALITY AS of_panel (panel, place)
        WHERE NOT (panel ->> 'fixed')::boolean) AS panels
FROM beamloop.geometry_versions g
JOIN beamloop.detectors d USING (detector_id)
LEFT JOIN LATERAL (
    SELECT max(s.collected_at) AS newest_at
    FROM beamloop.geometry_sources x JOIN beamloop.runs USING (run_id) JOIN beamloop.sweeps s USING (sweep_id)
    WHERE x.geometry_id = g.geometry_id AND x.role = 'refined'
) data ON true
WHERE g.beamline = coalesce(:beamline, g.beamline) AND g.header_distance_mm IS NOT NULL
  AND g.evidence #> '{details,whole}' IS NOT NULL
  AND (g.evidence ->> 'held_out_count')::integer >= :least_held_out_count
ORDER BY g.beamline, d.identifier, measured_at, g.geometry_id;

-- name: drift_not_noticed(beamline)
-- Versions of a beamline whose drift is not thought over.
SELECT geometry_id FROM beamloop.geometry_versions
WHERE beamline = :beamline AND drift_noticed_at IS NULL ORDER BY geometry_id;

-- name: note_drift_noticed(geometry_ids)!
-- Their drift is told, or need not be.
UPDATE beamloop.geometry_versions SET drift_noticed_at = now() WHERE geometry_id = ANY (:geometry_ids);

-- name: let_drift_pass(beamlines)!
-- Tell nobody, except on some beamlines.
UPDATE beamloop.geometry_versions SET drift_noticed_at = now()
WHERE drift_noticed_at IS NULL AND beamline <> ALL (:beamlines);

-- name: detectors_named(beamline, part)
-- Detectors of a beamline, or of all, whose name contains a text.
SELECT detector_id, beamline, identifier FROM beamloop.detectors
WHERE beamline = coalesce(:beamline, beamline) AND position(:part in identifier) > 0
ORDER BY beamline, identifier;

-- name: add_detector_word(detector_id, serviced_at, word, said_by, why)!
-- A detector was serviced, or was not after all.
INSERT INTO beamloop.detector_words (detector_id, serviced_at, word, said_by, why)
VALUES (:detector_id, :serviced_at, :word, :said_by, :why);

-- name: detector_services(beamline)
-- When detectors were serviced, by time.
SELECT d.beamline, d.identifier AS detector, w.serviced_at, w.said_by, w.why
FROM (SELECT DISTINCT ON (detector_id, serviced_at) * FROM beamloop.detector_words
      ORDER BY detector_id, serviced_at, word_id DESC) w
JOIN beamloop.detectors d USING (detector_id)
WHERE w.word = 'serviced' AND d.beamline = coalesce(:beamline, d.beamline)
ORDER BY d.beamline, d.identifier, w.serviced_at;
