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
           count(*) FILTER (WHERE o.code = 'processed') AS processed,
           count(*) FILTER (WHERE o.code <> 'processed') AS without_result,
           count(*) FILTER (WHERE o.code IS NULL) AS unfinished
    FROM beamloop.sweeps s
    LEFT JOIN LATERAL (
        SELECT run_id FROM beamloop.runs
        WHERE runs.sweep_id = s.sweep_id AND runs.stands ORDER BY run_id DESC LIMIT 1
    ) r ON true
    LEFT JOIN beamloop.outcomes o ON o.run_id = r.run_id
    WHERE s.collection_id = p.collection_id
) n
LEFT JOIN LATERAL (
    SELECT verdict, sentence FROM beamloop.isomorphism_reports
    WHERE isomorphism_reports.collection_id = p.collection_id AND published_at IS NOT NULL
    ORDER BY report_id DESC LIMIT 1
) i ON true
ORDER BY p.collection_id DESC;

-- name: page_collection_sweeps(collection_id, report_id, text, state, need_a_person, group_id, standing, sort, down, limit, offset)
-- A part of a collection's sweeps in some order, each as its newest run left it, and how many fit the filters.
WITH placed AS (
    SELECT r.sweep_id, array_agg(DISTINCT g.name) FILTER (WHERE g.name IS NOT NULL) AS groups,
           array_agg(DISTINCT gm.group_id) AS group_ids, array_agg(DISTINCT m.standing) AS standings
    FROM beamloop.report_members m
    JOIN beamloop.runs r USING (run_id)
    LEFT JOIN beamloop.group_members gm USING (report_id, run_id, crystal_number)
    LEFT JOIN beamloop.isomorphous_groups g USING (group_id)
    WHERE m.report_id = :report_id
    GROUP BY r.sweep_id
), newest AS (
    SELECT s.sweep_id, s.name AS sweep, s.image_last - s.image_first + 1 AS images,
           coalesce(array_length(s.missing_images, 1), 0) AS missing_images, r.run_id, r.started_at, r.ended_at,
           r.last_trouble, o.code, o.step AS outcome_step, o.sentence, x.step AS crystal_step, x.space_group,
           x.cell, x.indexed_count, x.rmsd_x_px, x.rmsd_y_px, x.rmsd_phi_deg, p.groups, p.standings,
           p.group_ids
    FROM beamloop.sweeps s
    LEFT JOIN LATERAL (
        SELECT run_id, started_at, ended_at, last_trouble FROM beamloop.runs
        WHERE runs.sweep_id = s.sweep_id AND runs.stands ORDER BY run_id DESC LIMIT 1
    ) r ON true
    LEFT JOIN beamloop.outcomes o ON o.run_id = r.run_id
    LEFT JOIN LATERAL (
        SELECT * FROM beamloop.crystals WHERE crystals.run_id = r.run_id AND crystal_number = 1
        ORDER BY array_position(ARRAY['integrate', 'refine', 'index'], crystals.step) LIMIT 1
    ) x ON true
    LEFT JOIN placed p ON p.sweep_id = s.sweep_id
    WHERE s.collection_id = :collection_id
), wanted AS (
    SELECT *, count(*) OVER () AS total,
           CASE :sort
               -- each number as ten digits, so that xtal2 stands before xtal10
               WHEN 'sweep' THEN regexp_replace(regexp_replace(lower(sweep), '(\d+)', '0000000000\1', 'g'),
                                                '0*(\d{10})(?!\d)', '\1', 'g')
               WHEN 'outcome' THEN code
               WHEN 'space_group' THEN space_group
               WHEN 'groups' THEN array_to_string(groups, ' ')
           END COLLATE "C" AS sort_text,
           CASE :sort
               WHEN 'a' THEN cell[1] WHEN 'b' THEN cell[2] WHEN 'c' THEN cell[3]
               WHEN 'alpha' THEN cell[4] WHEN 'beta' THEN cell[5] WHEN 'gamma' THEN cell[6]
               WHEN 'indexed' THEN indexed_count
               WHEN 'rmsd_x' THEN rmsd_x_px WHEN 'rmsd_y' THEN rmsd_y_px WHEN 'rmsd_phi' THEN rmsd_phi_deg
               WHEN 'ended' THEN extract(epoch FROM ended_at)
           END AS sort_number
    FROM newest
    WHERE (:text::text IS NULL OR strpos(lower(sweep), lower(:text::text)) > 0)
      AND CASE coalesce(:state, 'all')
              WHEN 'all' THEN true
              WHEN 'processed' THEN code = 'processed'
              WHEN 'without_result' THEN code <> 'processed'
              WHEN 'need_a_person' THEN code = ANY(:need_a_person)
              WHEN 'at_work' THEN code IS NULL AND started_at IS NOT NULL
              WHEN 'waiting' THEN code IS NULL AND started_at IS NULL
              ELSE code = :state
          END
      AND (:group_id::bigint IS NULL OR :group_id::bigint = ANY(group_ids))
      AND (:standing::text IS NULL OR :standing::text = ANY(standings))
), page AS (
    SELECT * FROM wanted
    ORDER BY CASE WHEN NOT :down THEN sort_text END NULLS LAST, CASE WHEN :down THEN sort_text END DESC NULLS LAST,
             CASE WHEN NOT :down THEN sort_number END NULLS LAST, CASE WHEN :down THEN sort_number END DESC NULLS LAST,
             sweep_id
    LIMIT :limit OFFSET :offset
)
SELECT p.*, ARRAY(SELECT st.step FROM beamloop.steps st WHERE st.run_id = p.run_id) AS steps_done,
       (SELECT count(*) FROM beamloop.rungs WHERE rungs.run_id = p.run_id) AS rungs,
       word.kind AS word, word.said_by AS word_by, word.said_at AS word_at, word.why AS word_why
FROM page p
LEFT JOIN LATERAL (
    SELECT kind, said_by, said_at, why FROM beamloop.member_decisions
    WHERE member_decisions.sweep_id = p.sweep_id AND run_id IS NULL ORDER BY decision_id DESC LIMIT 1
) word ON word.kind <> 'withdraw'
-- the page's own order once more: a join may lose it
ORDER BY CASE WHEN NOT :down THEN sort_text END NULLS LAST, CASE WHEN :down THEN sort_text END DESC NULLS LAST,
         CASE WHEN NOT :down THEN sort_number END NULLS LAST, CASE WHEN :down THEN sort_number END DESC NULLS LAST,
         sweep_id;

-- name: page_collection_counts(collection_id)
-- How many sweeps of a collection ended with each reason code, and how many have not ended.
SELECT coalesce(o.code, CASE WHEN r.started_at IS NULL THEN 'waiting' ELSE 'at_work' END) AS state, count(*) AS count
FROM beamloop.sweeps s
LEFT JOIN LATERAL (
    SELECT run_id, started_at FROM beamloop.runs
    WHERE runs.sweep_id = s.sweep_id AND runs.stands ORDER BY run_id DESC LIMIT 1
) r ON true
LEFT JOIN beamloop.outcomes o ON o.run_id = r.run_id
WHERE s.collection_id = :collection_id
GROUP BY 1 ORDER BY 2 DESC, 1;

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
