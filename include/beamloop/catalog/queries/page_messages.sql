-- name: page_messages(since, limit)
-- Messages that wait after a try that failed, whatever their age, and those given up since then; the newest first.
SELECT n.notification_id, n.channel, n.airflow_connection, n.addresses, n.message ->> 'kind' AS kind,
       n.message ->> 'title' AS title, n.beamline, n.collection_id, c.name AS collection, n.state, n.tries,
       n.created_at, CASE WHEN n.state = 'waiting' THEN n.next_try_at END AS next_try_at, n.last_trouble,
       count(*) OVER () AS total
FROM beamloop.notifications n
LEFT JOIN beamloop.collections c USING (collection_id)
WHERE n.state <> 'sent' AND (n.state = 'waiting' AND n.tries > 0 OR n.state = 'given_up' AND n.created_at >= :since)
ORDER BY n.created_at DESC, n.notification_id DESC LIMIT :limit;
