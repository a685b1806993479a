-- name: lock_beamline(beamline)$
-- Let one that notices after the other decide what is told of a beamline; null while it has no collection.
SELECT beamline FROM beamloop.beamlines WHERE beamline = :beamline FOR UPDATE;

-- name: put_notification(event_key, channel, beamline, collection_id, airflow_connection, addresses, message)$
-- A message to send; nothing when the same event is told through this channel already.
INSERT INTO beamloop.notifications
    (event_key, channel, beamline, collection_id, airflow_connection, addresses, message)
VALUES (:event_key, :channel, :beamline, :collection_id, :airflow_connection, :addresses, :message)
ON CONFLICT (event_key, channel) DO NOTHING
RETURNING notification_id;

-- name: due_notifications(limit)
-- Messages whose time to be tried has come, the oldest first.
SELECT notification_id, airflow_connection FROM beamloop.notifications
WHERE state = 'waiting' AND next_try_at <= now() ORDER BY notification_id LIMIT :limit;

-- name: claim_notification(notification_id, first_wait_s, longest_wait_s)^
-- Count a try and put off the next one, so that a sender that is killed now is followed by another, later.
UPDATE beamloop.notifications SET
    tries = tries + 1,
    next_try_at = now() + make_interval(secs =>
        least(:longest_wait_s, :first_wait_s * power(2.0::double precision, least(tries, 20))))
WHERE notification_id = :notification_id AND state = 'waiting' AND next_try_at <= now()
RETURNING notification_id, event_key, channel, beamline, collection_id, airflow_connection, addresses, message,
          created_at, tries;

-- name: end_sent_notification(notification_id)!
-- The receiver has taken it.
UPDATE beamloop.notifications SET state = 'sent', sent_at = now(), last_trouble = ''
WHERE notification_id = :notification_id;

-- name: note_notification_trouble(notification_id, trouble, give_up_after_s)$
-- A try failed; a message that has been tried for long enough is given up. The new state comes back.
UPDATE beamloop.notifications SET
    last_trouble = :trouble,
    state = CASE WHEN created_at < now() - make_interval(secs => :give_up_after_s)
            THEN 'given_up' ELSE state END
WHERE notification_id = :notification_id
RETURNING state;

-- name: finished_collections(beamline, quiet_s, arriving_s)
-- Collections with requests whose end is not told, where nothing is at work, asked for or arriving.
SELECT c.collection_id, c.name, c.directory, array_agg(q.request_id ORDER BY q.request_id) AS request_ids,
       (array_agg(q.dag_run_id ORDER BY q.request_id DESC))[1] AS dag_run_id
FROM beamloop.requests q JOIN beamloop.collections c USING (collection_id)
WHERE c.beamline = :beamline AND q.ended_at IS NOT NULL AND q.finish_noticed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM beamloop.requests o
                  WHERE o.collection_id = c.collection_id AND o.ended_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM beamloop.watched_folders w
                  WHERE w.beamline = c.beamline AND w.directory = c.directory
                  AND w.changed_seen_s > extract(epoch FROM now()) - :arriving_s
                  AND jsonb_path_exists(w.sweeps, '$[*] ? (@.asked == false)'))
GROUP BY c.collection_id
HAVING max(q.ended_at) <= now() - make_interval(secs => :quiet_s)
ORDER BY c.collection_id;

-- name: note_finish_noticed(request_ids)!
-- The end of these requests needs no further thought.
UPDATE beamloop.requests SET finish_noticed_at = now() WHERE request_id = ANY(:request_ids);

-- name: let_finish_pass(beamlines)!
-- Nobody wants to hear of the end of other beamlines' requests, also not when somebody wants to later on.
UPDATE beamloop.requests SET finish_noticed_at = now()
FROM beamloop.collections c
WHERE c.collection_id = requests.collection_id AND requests.ended_at IS NOT NULL
  AND requests.finish_noticed_at IS NULL AND NOT c.beamline = ANY(:beamlines);

-- name: outcome_count(beamline, since)$
-- How many runs of a beamline have ended by themselves since then.
SELECT count(*) FROM beamloop.outcomes o
JOIN beamloop.runs r USING (run_id) JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c USING (collection_id)
WHERE o.recorded_at >= :since AND o.code <> 'cancelled' AND c.beamline = :beamline;

-- name: continue_burst(beamline, code, cause, since, last_failure_at)$
-- A burst of this cause that has not ended yet goes on; null where there is none.
UPDATE beamloop.failure_bursts SET last_failure_at = greatest(last_failure_at, :last_failure_at)
WHERE beamline = :beamline AND code = :code AND cause = :cause AND last_failure_at >= :since
RETURNING burst_id;

-- name: add_burst(beamline, code, cause, last_failure_at)$
-- A burst begins.
INSERT INTO beamloop.failure_bursts (beamline, code, cause, last_failure_at)
VALUES (:beamline, :code, :cause, :last_failure_at)
RETURNING burst_id;

-- name: standing_runs(beamline, still_s)
-- Runs that have begun and not moved for a while, the oldest standstill first.
SELECT r.run_id, r.request_id, q.dag_run_id, c.collection_id, c.name AS collection, c.directory,
       s.name AS sweep, r.last_trouble, count(st.step)::integer AS steps_done,
       greatest(r.started_at, r.reopened_at, max(st.ended_at)) AS moved_at
FROM beamloop.runs r
JOIN beamloop.requests q USING (request_id)
JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c ON c.collection_id = s.collection_id
LEFT JOIN beamloop.steps st ON st.run_id = r.run_id
WHERE c.beamline = :beamline AND r.ended_at IS NULL AND r.started_at IS NOT NULL
GROUP BY r.run_id, q.dag_run_id, c.collection_id, s.name
HAVING greatest(r.started_at, r.reopened_at, max(st.ended_at)) < now() - make_interval(secs => :still_s)
ORDER BY moved_at, r.run_id;

-- name: standing_requests(beamline, still_s)
-- Requests that have waited for long though nothing of any beamline moves: with work going on they queue.
WITH moved AS (
    SELECT greatest(
        (SELECT max(started_at) FROM beamloop.requests),
        (SELECT max(greatest(started_at, reopened_at)) FROM beamloop.runs),
        (SELECT max(ended_at) FROM beamloop.steps),
        (SELECT max(recorded_at) FROM beamloop.outcomes)
    ) AS moved_at
)
SELECT q.request_id, q.dag_run_id, c.collection_id, c.name AS collection, c.directory, q.requested_at,
       q.started_at IS NOT NULL AS has_begun
FROM beamloop.requests q
JOIN beamloop.collections c USING (collection_id)
CROSS JOIN moved
WHERE c.beamline = :beamline AND q.ended_at IS NULL
  AND q.requested_at < now() - make_interval(secs => :still_s)
  AND coalesce(moved.moved_at, q.requested_at) < now() - make_interval(secs => :still_s)
ORDER BY q.request_id;

-- name: dag_run_of(run_id)$
-- Airflow's run that a run belongs to.
SELECT q.dag_run_id FROM beamloop.runs r JOIN beamloop.requests q USING (request_id)
WHERE r.run_id = :run_id;

-- name: open_requests()
-- Requests that have not ended, or of which a run goes on.
SELECT q.request_id, q.dag_run_id, q.collection_id, q.started_at IS NOT NULL AS has_begun
FROM beamloop.requests q
WHERE q.ended_at IS NULL
   OR q.request_id IN (SELECT r.request_id FROM beamloop.runs r WHERE r.ended_at IS NULL)
ORDER BY q.request_id;

-- name: waits_for_tending()$
-- Whether anything is open, to be told, or of an end that is not thought over: what tend_requests is for.
SELECT EXISTS (SELECT 1 FROM beamloop.requests WHERE ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM beamloop.runs WHERE ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM beamloop.requests WHERE ended_at IS NOT NULL AND finish_noticed_at IS NULL)
    OR EXISTS (SELECT 1 FROM beamloop.geometry_versions WHERE drift_noticed_at IS NULL)
    OR EXISTS (SELECT 1 FROM beamloop.geometry_questions q JOIN beamloop.geometry_versions g USING (geometry_id)
               WHERE g.state = 'candidate' AND q.until > now() AND q.notice_at <= now())
    OR EXISTS (SELECT 1 FROM beamloop.metrologies m LEFT JOIN beamloop.geometry_versions g USING (geometry_id)
               WHERE m.end_noticed_at IS NULL AND m.state <> 'waiting'
                 AND g.state IS DISTINCT FROM 'candidate')
    OR EXISTS (SELECT 1 FROM beamloop.notifications WHERE state = 'waiting' AND next_try_at <= now());
