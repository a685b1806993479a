-- name: page_beamlines(since, need_a_person, latencies)
-- Each beamline with what ended since then, what is open, and how long the newest results of watched sweeps took.
WITH ended AS (
    SELECT c.beamline, sum(n.processed)::bigint AS processed,
           sum(n.without_result)::bigint AS without_result, sum(n.need_a_person)::bigint AS need_a_person,
           max(n.last_ended_at) AS last_ended_at
    FROM (
        SELECT t.collection_id,
               count(*) FILTER (WHERE t.state = 'processed') AS processed,
               count(*) FILTER (WHERE t.state NOT IN ('processed', 'cancelled')) AS without_result,
               count(*) FILTER (WHERE t.state = ANY(:need_a_person)) AS need_a_person,
               max(t.ended_at) AS last_ended_at
        FROM beamloop.sweep_standings t
        WHERE t.ended_at >= :since
        GROUP BY t.collection_id
    ) n
    JOIN beamloop.collections c USING (collection_id)
    GROUP BY c.beamline
), latency AS (
    SELECT c.beamline, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY w.waited_s) AS latency_s
    FROM (
        SELECT s.collection_id, extract(epoch FROM o.recorded_at - s.collected_at) AS waited_s
        FROM beamloop.requests q
        JOIN beamloop.runs r USING (request_id)
        JOIN beamloop.outcomes o USING (run_id)
        JOIN beamloop.sweeps s USING (sweep_id)
        WHERE q.requested_at >= :since AND q.requested_by = 'watch' AND r.repetition = 0 AND r.second_chance_of IS NULL
        ORDER BY q.requested_at DESC LIMIT :latencies
    ) w
    JOIN beamloop.collections c USING (collection_id)
    GROUP BY c.beamline
), open AS (
    SELECT c.beamline,
           count(*) FILTER (WHERE r.started_at IS NOT NULL) AS at_work,
           count(*) FILTER (WHERE r.started_at IS NULL) AS waiting
    FROM beamloop.runs r
    JOIN beamloop.sweeps s USING (sweep_id)
    JOIN beamloop.collections c USING (collection_id)
    WHERE r.ended_at IS NULL
    GROUP BY c.beamline
), arriving AS (
    -- something came into a folder within the last hour, and not all of it is asked for
    SELECT w.beamline, count(*) AS arriving_folders
    FROM beamloop.watched_folders w
    WHERE w.changed_seen_s > extract(epoch FROM now()) - 3600
      AND jsonb_path_exists(w.sweeps, '$[*] ? (@.asked == false)')
    GROUP BY w.beamline
)
SELECT b.beamline, coalesce(e.processed, 0) AS processed, coalesce(e.without_result, 0) AS without_result,
       coalesce(e.need_a_person, 0) AS need_a_person, coalesce(o.at_work, 0) AS at_work,
       coalesce(o.waiting, 0) AS waiting, coalesce(a.arriving_folders, 0) AS arriving_folders,
       l.latency_s, e.last_ended_at
FROM beamloop.beamlines b
LEFT JOIN ended e USING (beamline)
LEFT JOIN latency l USING (beamline)
LEFT JOIN open o USING (beamline)
LEFT JOIN arriving a USING (beamline)
ORDER BY b.beamline;

-- name: page_active_collections(since, beamline, need_a_person, limit, offset)
-- Collections with work since then or now, those at work first, then the newest; how their sweeps stand.
WITH moved AS (
    SELECT collection_id, max(ended_at) AS active_at, false AS is_open
    FROM beamloop.sweep_standings WHERE ended_at >= :since GROUP BY collection_id
    UNION ALL
    SELECT collection_id, max(greatest(requested_at, started_at)), true
    FROM beamloop.requests WHERE ended_at IS NULL GROUP BY collection_id
), active AS (
    SELECT collection_id, max(active_at) AS active_at, bool_or(is_open) AS is_open FROM moved GROUP BY collection_id
), page AS (
    SELECT c.collection_id, c.beamline, c.name, c.directory, a.active_at, a.is_open, count(*) OVER () AS total
    FROM active a JOIN beamloop.collections c USING (collection_id)
    WHERE :beamline::text IS NULL OR c.beamline = :beamline::text
    ORDER BY a.is_open DESC, a.active_at DESC, c.collection_id DESC
    LIMIT :limit OFFSET :offset
)
SELECT p.*, n.*, i.verdict, i.sentence AS verdict_sentence
FROM page p
CROSS JOIN LATERAL (
    SELECT count(*) AS sweeps,
           count(*) FILTER (WHERE t.state = 'processed') AS processed,
           count(*) FILTER (WHERE t.ended_at IS NOT NULL AND t.state <> 'processed') AS without_result,
           count(*) FILTER (WHERE t.state = ANY(:need_a_person)) AS need_a_person,
           count(*) FILTER (WHERE t.state = 'at_work') AS at_work,
           count(*) FILTER (WHERE t.state = 'waiting') AS waiting
    FROM beamloop.sweep_standings t
    WHERE t.collection_id = p.collection_id
) n
LEFT JOIN LATERAL (
    SELECT verdict, sentence FROM beamloop.isomorphism_reports
    WHERE isomorphism_reports.collection_id = p.collection_id AND published_at IS NOT NULL
    ORDER BY report_id DESC LIMIT 1
) i ON true
ORDER BY p.is_open DESC, p.active_at DESC, p.collection_id DESC;

-- name: page_runs_at_work(limit)
-- Runs that have begun and not ended, the one that began last first.
SELECT r.run_id, s.sweep_id, s.name AS sweep, c.collection_id, c.name AS collection, c.beamline, r.started_at,
       r.last_trouble, count(*) OVER () AS total,
       (SELECT count(*) FROM beamloop.steps st WHERE st.run_id = r.run_id) AS steps_done
FROM beamloop.runs r
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c USING (collection_id)
WHERE r.ended_at IS NULL AND r.started_at IS NOT NULL
ORDER BY r.started_at DESC, r.run_id DESC LIMIT :limit;

-- name: page_unsent_messages(since)^
-- Messages that wait after a try that failed, and those given up since then.
SELECT count(*) FILTER (WHERE state = 'waiting' AND tries > 0) AS in_trouble,
       count(*) FILTER (WHERE state = 'given_up' AND created_at >= :since) AS given_up
FROM beamloop.notifications WHERE state <> 'sent';

-- name: page_beamline_names()
-- Every beamline.
SELECT beamline FROM beamloop.beamlines ORDER BY beamline;

-- name: page_unmoved_requests(beamline, still_s, limit)
-- Requests of a beamline that have been open for long while no run of any beamline is at work.
SELECT q.request_id, q.dag_run_id, c.collection_id, c.name AS collection, c.directory, q.requested_at,
       q.started_at IS NOT NULL AS has_begun
FROM beamloop.requests q JOIN beamloop.collections c USING (collection_id)
WHERE c.beamline = :beamline AND q.ended_at IS NULL
  AND q.requested_at < now() - make_interval(secs => :still_s)
  AND NOT EXISTS (SELECT FROM beamloop.runs r WHERE r.ended_at IS NULL AND r.started_at IS NOT NULL)
ORDER BY q.request_id LIMIT :limit;
