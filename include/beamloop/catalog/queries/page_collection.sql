-- name: page_collections(text, beamline, limit, offset)
-- Collections, the newest first, with how their sweeps' newest runs stand.
WITH page AS (
    SELECT collection_id, beamline, name, directory, registered_at, count(*) OVER () AS total
    FROM beamloop.collections
    WHERE (:beamline::text IS NULL OR beamline = :beamline::text)
      AND (:text::text IS NULL OR strpos(lower(name), lower(:text::text)) > 0
           OR strpos(lower(directory), lower(:text::text)) > 0)
    ORDER BY collection_id DESC LIMIT :limit OFFSET :offset
)
SELECT p.*, n.*, i.verdict, i.sentence AS verdict_sentence
FROM page p
CROSS JOIN LATERAL (
    SELECT count(*) AS sweeps,
           count(*) FILTER (WHERE t.state = 'processed') AS processed,
           count(*) FILTER (WHERE t.state NOT IN ('processed', 'at_work', 'waiting')) AS without_result,
           count(*) FILTER (WHERE t.state IN ('at_work', 'waiting')) AS unfinished
    FROM beamloop.sweep_standings t
    WHERE t.collection_id = p.collection_id
) n
LEFT JOIN LATERAL (
    SELECT verdict, sentence FROM beamloop.isomorphism_reports
    WHERE isomorphism_reports.collection_id = p.collection_id AND published_at IS NOT NULL
    ORDER BY report_id DESC LIMIT 1
) i ON true
ORDER BY p.collection_id DESC;

-- name: page_collection_sweeps(collection_id, report_id, text, state, need_a_person, group_id, standing, sort, down, limit, offset)
-- A part of a collection's sweeps, each as its newest run left it, and how many fit the filters.
-- Crystals and the report are asked of all sweeps only where the order or a filter is by them, else of the part.
WITH wanted AS (
    SELECT s.sweep_id, count(*) OVER () AS total,
           CASE :sort
               -- each number as ten digits, so that xtal2 stands before xtal10
               WHEN 'sweep' THEN regexp_replace(regexp_replace(lower(s.name), '(\d+)', '0000000000\1', 'g'),
                                                '0*(\d{10})(?!\d)', '\1', 'g')
               WHEN 'outcome' THEN CASE WHEN t.ended_at IS NOT NULL THEN t.state END
               WHEN 'space_group' THEN x.space_group
               WHEN 'groups' THEN array_to_string(p.groups, ' ')
           END COLLATE "C" AS sort_text,
           CASE :sort
               WHEN 'a' THEN x.cell[1] WHEN 'b' THEN x.cell[2] WHEN 'c' THEN x.cell[3]
               WHEN 'alpha' THEN x.cell[4] WHEN 'beta' THEN x.cell[5] WHEN 'gamma' THEN x.cell[6]
               WHEN 'indexed' THEN x.indexed_count
               WHEN 'rmsd_x' THEN x.rmsd_x_px WHEN 'rmsd_y' THEN x.rmsd_y_px WHEN 'rmsd_phi' THEN x.rmsd_phi_deg
               WHEN 'ended' THEN extract(epoch FROM t.ended_at)
           END AS sort_number
    FROM beamloop.sweep_standings t
    JOIN beamloop.sweeps s USING (sweep_id, collection_id)
    -- LIMIT 1: the view is asked for one sweep after the other, not made for all of the catalogue
    LEFT JOIN LATERAL (
        SELECT * FROM beamloop.first_crystals f
        WHERE f.run_id = t.run_id AND :sort NOT IN ('sweep', 'outcome', 'groups', 'ended')
        LIMIT 1
    ) x ON true
    LEFT JOIN LATERAL (
        SELECT * FROM beamloop.report_places r
        WHERE r.report_id = :report_id AND r.sweep_id = t.sweep_id
          AND (:sort = 'groups' OR :group_id::bigint IS NOT NULL OR :standing::text IS NOT NULL)
        LIMIT 1
    ) p ON true
    WHERE t.collection_id = :collection_id
      AND (:text::text IS NULL OR strpos(lower(s.name), lower(:text::text)) > 0)
      AND CASE coalesce(:state, 'all')
              WHEN 'all' THEN true
              WHEN 'without_result' THEN t.ended_at IS NOT NULL AND t.state <> 'processed'
              WHEN 'need_a_person' THEN t.state = ANY(:need_a_person)
              ELSE t.state = :state
          END
      AND (:group_id::bigint IS NULL OR :group_id::bigint = ANY(p.group_ids))
      AND (:standing::text IS NULL OR :standing::text = ANY(p.standings))
), page AS (
    SELECT *, row_number() OVER (
        ORDER BY CASE WHEN NOT :down THEN sort_text END NULLS LAST, CASE WHEN :down THEN sort_text END DESC NULLS LAST,
                 CASE WHEN NOT :down THEN sort_number END NULLS LAST, CASE WHEN :down THEN sort_number END DESC NULLS LAST,
                 sweep_id
    ) AS place
    FROM wanted ORDER BY place LIMIT :limit OFFSET :offset
)
SELECT p.total, s.sweep_id, s.name AS sweep, s.image_last - s.image_first + 1 AS images,
       coalesce(array_length(s.missing_images, 1), 0) AS missing_images, r.run_id, r.started_at, t.ended_at,
       r.last_trouble, o.code, o.step AS outcome_step, o.sentence, x.step AS crystal_step, x.space_group,
       x.cell, x.indexed_count, x.rmsd_x_px, x.rmsd_y_px, x.rmsd_phi_deg, g.groups, g.standings,
       ARRAY(SELECT st.step FROM beamloop.steps st WHERE st.run_id = t.run_id) AS steps_done,
       (SELECT count(*) FROM beamloop.rungs WHERE rungs.run_id = t.run_id) AS rungs,
       word.kind AS word, word.said_by AS word_by, word.said_at AS word_at, word.why AS word_why
FROM page p
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.sweep_standings t USING (sweep_id)
LEFT JOIN beamloop.runs r ON r.run_id = t.run_id
LEFT JOIN beamloop.outcomes o ON o.run_id = t.run_id
LEFT JOIN LATERAL (SELECT * FROM beamloop.first_crystals f WHERE f.run_id = t.run_id LIMIT 1) x ON true
LEFT JOIN LATERAL (
    SELECT * FROM beamloop.report_places r WHERE r.report_id = :report_id AND r.sweep_id = t.sweep_id LIMIT 1
) g ON true
LEFT JOIN LATERAL (
    SELECT kind, said_by, said_at, why FROM beamloop.member_decisions
    WHERE member_decisions.sweep_id = p.sweep_id AND run_id IS NULL ORDER BY decision_id DESC LIMIT 1
) word ON word.kind <> 'withdraw'
ORDER BY p.place;

-- name: page_collection_counts(collection_id)
-- How many sweeps of a collection ended with each reason code, and how many have not ended.
SELECT state, count(*) AS count FROM beamloop.sweep_standings
WHERE collection_id = :collection_id
GROUP BY state ORDER BY count DESC, state;

-- name: page_requests_of_collection(collection_id, limit)
-- What was asked for a collection, the newest first.
SELECT dag_run_id, requested_by, requested_at, started_at, ended_at FROM beamloop.requests
WHERE collection_id = :collection_id ORDER BY request_id DESC LIMIT :limit;

-- name: page_report_is_due(collection_id, report_id)$
-- Whether results or words have come since a report, or the next one is being made.
SELECT EXISTS (SELECT FROM beamloop.isomorphism_news
               WHERE collection_id = :collection_id AND taken_up < changes)
    OR EXISTS (SELECT FROM beamloop.isomorphism_reports
               WHERE collection_id = :collection_id AND published_at IS NULL AND report_id > :report_id);
